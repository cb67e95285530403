#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "oci/spec.h"
#include "runtime/filter.h"
#include "runtime/handover.h"
#include "runtime/rdt.h"
#include "runtime/store.h"
#include "runtime/sync.h"

/* ----------------------------------------------------------- preparing -- */

/* Move a vector into the arena. */
static void keep_strings(struct arena *arena, char **v, char ***ret)
{
	size_t n = strv_len(v);

	*ret = arena_alloc(arena, n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = arena_strdup(arena, v[i]);
	strv_free(v);
}

static bool same_strings(char *const *a, char *const *b)
{
	for (; *a && *b; a++, b++)
		if (!str_eq(*a, *b))
			return false;
	return !*a && !*b;
}

static int make_cgroup(struct creation *cr, struct err *err)
{
	struct container *c = cr->c;
	const struct oci_linux *l = &c->spec->linux;
	struct cgroup_request req = {
		.manager = cr->rt->cgroup_manager,
		.path = l->cgroups_path,
		.id = c->state.id,
		.best_effort = cr->rt->rootless,
		.res = &l->resources,
	};
	char **planned = NULL, **made;
	int rc;

	rc = cgroup_plan(&planned, &req, err);
	if (rc < 0)
		return rc;
	c->state.cgroup_manager = req.manager;
	keep_strings(c->arena, planned, &c->state.cgroup);
	/* Before: should we be killed from here on, "delete" finds it. */
	rc = store_save(c, err);
	if (rc == 0)
		rc = cgroup_create(&cr->cgroup, &req, err);
	if (rc < 0)
		return rc;
	made = cgroup_save(cr->cgroup);
	if (same_strings(made, c->state.cgroup)) {
		strv_free(made);
	} else {
		keep_strings(c->arena, made, &c->state.cgroup);
		rc = store_save(c, err);
	}
	if (rc == 0)
		rc = cgroup_apply(cr->cgroup, &l->resources, err);
	if (rc == 0 && !cr->rt->rootless)
		rc = cgroup_apply_devices(cr->cgroup, l->resources.devices,
					  l->resources.n_devices, err);
	return rc;
}

/* The socket on which init waits for "start"; under the marker's name. */
static int listen_for_start(struct creation *cr, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, -errno, "create the start socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path),
		 "/proc/self/fd/%d/creating", cr->c->dir_fd);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, 1) < 0)
		return err_set(err, -errno, "create %s/%s/start", cr->rt->root,
			       cr->c->state.id);
	cr->start_socket = steal_fd(&fd);
	return 0;
}

static int mark_creating(struct creation *cr, bool start_socket,
			 struct err *err)
{
	if (start_socket)
		return listen_for_start(cr, err);
	if (mknodat(cr->c->dir_fd, "creating", S_IFREG | 0600, 0) < 0)
		return err_set(err, -errno, "create %s/%s/creating",
			       cr->rt->root, cr->c->state.id);
	return 0;
}

static void warn_of_capabilities(const struct creation *cr)
{
	const struct oci_process *p = cr->c->spec->process;
	struct caps want, missing = {0};
	char names[256];

	/* In a user namespace init has them all. */
	if (!p->capabilities || cr->c->state.user_namespace)
		return;
	want = *p->capabilities;
	if (caps_limit(&want, &missing, NULL) < 0 || !missing.permitted)
		return;
	log_warn("process.capabilities: hull does not have %s itself, so "
		 "neither has the container",
		 caps_text(missing.permitted, names, sizeof(names)));
}

static unsigned int listen_fds(const struct create_opts *opts)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t n = 0;

	if (text && parse_u64(text, 1024, &n) < 0)
		n = 0;
	return (unsigned int)n;
}

/* The hierarchies that a mount of type "cgroup" shows. */
static void plan_cgroup_mounts(struct creation *cr)
{
	struct arena *arena = cr->c->arena;
	char **saved = cr->c->state.cgroup;
	bool v2 = cgroup_mode() == CGROUP_V2;
	struct rootfs_cgroup *list;
	size_t n = 0;

	list = arena_alloc(arena, strv_len(saved) + 1, sizeof(*list));
	STRV_FOREACH (s, saved) {
		const char *dir = strstr(*s, "=/") + 1;
		const char *name = str_after(dir, "/sys/fs/cgroup/");
		char *key = arena_strndup(arena, *s, (size_t)(dir - *s) - 1);
		bool unified = str_eq(key, "unified");

		if (!name)
			continue;
		list[n].host_path = dir;
		list[n].name =
			v2 ? ""
			   : arena_strndup(arena, name, strcspn(name, "/"));
		if (!unified)
			list[n].options =
				str_after(key, "name=")
					? arena_printf(arena, "none,%s", key)
					: key;
		n++;
	}
	cr->init.rootfs.cgroups = list;
	cr->init.rootfs.n_cgroups = n;
}

static int plan_init(struct creation *cr, struct err *err)
{
	struct container *c = cr->c;
	const struct oci_spec *spec = c->spec;
	struct init_args *init = &cr->init;
	int rc;

	rc = ns_plan_open(spec, &cr->ns, err);
	if (rc < 0)
		return rc;
	/* The mounts would be the host's own. */
	if (!ns_plan_has(&cr->ns, CLONE_NEWNS))
		return err_say(err, -EINVAL,
			       "linux.namespaces: a mount namespace is "
			       "missing, without which the container's mounts "
			       "would be the host's");
	c->state.user_namespace = ns_plan_has(&cr->ns, CLONE_NEWUSER);
	c->state.own_pid_namespace = cr->ns.create & CLONE_NEWPID;
	init->container = c;
	init->start_socket = cr->start_socket;
	init->new_network = cr->ns.create & CLONE_NEWNET;
	init->joined_mounts = ns_plan_joins(&cr->ns, CLONE_NEWNS);
	init->wait_for_hooks = spec->hooks.n_prestart ||
			       spec->hooks.n_create_runtime ||
			       spec->linux.n_net_devices;
	init->rootfs = (struct rootfs_plan){
		.spec = spec,
		.bundle = c->state.bundle,
		.rootfs = c->state.rootfs,
		.in_userns = c->state.user_namespace,
		.no_pivot = cr->opts->no_pivot,
		.own_cgroupns = ns_plan_has(&cr->ns, CLONE_NEWCGROUP),
		.label_key = oci_annotation_get(spec->annotations,
						spec->n_annotations,
						"run.oci.mount_context_type"),
	};
	plan_cgroup_mounts(cr);
	init->setup = (struct process_setup){
		.spec = spec,
		.process = spec->process,
		.sandbox = cr->sandbox,
		.code = &cr->code,
		.container = c,
		.proc_fd = -1,
		.no_new_keyring = cr->opts->no_new_keyring,
		.in_userns = c->state.user_namespace,
		.listen_fds = listen_fds(cr->opts),
		.listener_socket = -1,
	};
	init->setup.preserve_fds =
		cr->opts->preserve_fds + init->setup.listen_fds;
	warn_of_capabilities(cr);
	return filter_prepare(spec, &cr->seccomp, &init->setup, err);
}

static int check_console(const struct creation *cr, struct err *err)
{
	bool terminal = cr->c->spec->process->terminal;
	bool detached = cr->start_socket >= 0 || cr->opts->detach;

	if (terminal && detached && !cr->opts->console_socket)
		return err_say(err, -EINVAL,
			       "process.terminal is true, so --console-socket "
			       "must say who gets the terminal");
	if (!terminal && cr->opts->console_socket)
		return err_say(err, -EINVAL,
			       "--console-socket needs process.terminal to be "
			       "true");
	return 0;
}

/* ------------------------------------------------------------ spawning -- */

static int write_maps(pid_t pid, void *data, struct err *err)
{
	const struct init_args *init = data;
	const struct oci_linux *l = &init->setup.spec->linux;
	struct idmaps maps = {
		.uid = l->uid_mappings,
		.n_uid = l->n_uid_mappings,
		.gid = l->gid_mappings,
		.n_gid = l->n_gid_mappings,
	};
	_cleanup_close_ int proc = -1;
	bool denied = false;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(err, -errno, "open %s", path);
	return userns_write_maps(pid, proc, &maps, &denied, err);
}

static int spawn(struct creation *cr, int *exit_status, struct err *err)
{
	struct rootfs_sources early = {0};
	bool needed = !cr->init.joined_mounts &&
		      rootfs_sources_needed(&cr->init.rootfs);
	struct ns_birth birth = {
		.plan = &cr->ns,
		.cgroup = cr->cgroup,
		.before = init_before,
		.run = init_run,
		.data = &cr->init,
	};
	int rc;

	cr->init.sources_by_message = needed && cr->init.rootfs.in_userns;
	rc = sync_pair(cr->sync, err);
	if (rc == 0 && needed && !cr->init.rootfs.in_userns) {
		rc = rootfs_sources_open(&cr->init.rootfs, 0, -1, &early, err);
		cr->init.rootfs.sources = &early;
	}
	if (rc == 0) {
		cr->init.setup.sync = cr->sync[1];
		birth.sync[0] = cr->sync[0];
		birth.sync[1] = cr->sync[1];
		rc = ns_spawn(&birth, write_maps, &cr->pid, &cr->pidfd,
			      exit_status, err);
	}
	/* So that init's end is the end of the file. */
	close_keep_errno(cr->sync[1]);
	cr->sync[1] = -1;
	rootfs_sources_free(&early);
	return rc;
}

/* ----------------------------------------------------------- finishing -- */

/* What must be on disk before the container counts as created; while init
 * is busy with its mounts. */
static int record(struct creation *cr, struct err *err)
{
	struct container *c = cr->c;
	struct pid_stat stat;
	int rc;

	rc = pid_stat_read(-1, cr->pid, &stat);
	if (rc < 0)
		return err_set(err, rc, "read /proc/%d/stat", (int)cr->pid);
	c->state.pid = cr->pid;
	c->state.pid_start = stat.start_time;
	if (cr->cgroup)
		cgroup_entered(cr->cgroup);
	if (c->spec->linux.intel_rdt)
		rc = container_apply_rdt(c, err);
	if (rc == 0)
		rc = store_save(c, err);
	if (rc == 0)
		rc = store_save_config(c, &cr->config, err);
	return rc;
}

static int finish(struct creation *cr, struct err *err)
{
	struct container *c = cr->c;
	const struct oci_process *p = c->spec->process;
	int rc = 0;

	if (c->state.user_namespace)
		rc = rlimits_apply(cr->pid, p->rlimits, p->n_rlimits, err);
	if (rc == 0)
		rc = container_write_pid_file(cr->opts->pid_file, cr->pid, err);
	if (rc == 0)
		rc = container_send_pidfd(cr->opts->pidfd_socket, cr->pidfd,
					  err);
	if (rc < 0)
		return rc;
	if (cr->start_socket >= 0 &&
	    renameat(c->dir_fd, "creating", c->dir_fd, "start") < 0)
		return err_set(err, -errno, "create %s/%s/start", cr->rt->root,
			       c->state.id);
	if (cr->start_socket < 0)
		unlinkat(c->dir_fd, "creating", 0);
	return 0;
}

void creation_free(struct creation *cr)
{
	ns_plan_close(&cr->ns);
	cgroup_free(cr->cgroup);
	seccomp_prog_free(&cr->seccomp);
	buf_free(&cr->config);
	close_keep_errno(cr->init.setup.listener_socket);
	close_keep_errno(cr->sync[0]);
	close_keep_errno(cr->sync[1]);
	close_keep_errno(cr->start_socket);
	aot_offer_close(&cr->code);
	close_keep_errno(cr->master);
	close_keep_errno(cr->pidfd);
	store_close(cr->c);
}

void creation_abort(struct creation *cr)
{
	struct container *c = cr->c;
	int status;

	if (cr->pid > 0) {
		pidfd_signal(cr->pidfd, SIGKILL);
		pidfd_reap(cr->pidfd, -1, &status);
	}
	if (cr->cgroup) {
		/* Without a pid namespace, init's children outlive it. */
		cgroup_kill(cr->cgroup, SIGKILL, NULL);
		cgroup_abort(cr->cgroup);
	}
	if (c && c->spec && cr->pid)
		container_poststop(c);
	if (c) {
		container_remove_rdt(c, NULL);
		store_remove(c, NULL);
	}
	creation_free(cr);
}

int creation_run(struct creation *cr, const struct runtime *rt,
		 const struct create_opts *opts, bool start_socket,
		 int *exit_status, struct err *err)
{
	int rc;

	*exit_status = 1;
	*cr = (struct creation){
		.rt = rt,
		.opts = opts,
		.sync = {-1, -1},
		.start_socket = -1,
		.master = -1,
		.pidfd = -1,
		.code.image = -1,
		.init.setup.listener_socket = -1,
	};
	rc = store_create(rt, opts->id, &cr->c, err);
	if (rc == 0)
		rc = creation_load(cr, err);
	if (rc == 0)
		rc = mark_creating(cr, start_socket, err);
	if (rc == 0)
		rc = check_console(cr, err);
	if (rc == 0)
		rc = make_cgroup(cr, err);
	if (rc == 0)
		rc = plan_init(cr, err);
	if (rc == 0)
		rc = spawn(cr, exit_status, err);
	if (rc == 0)
		rc = record(cr, err);
	if (rc == 0)
		rc = creation_serve(cr, exit_status, err);
	if (rc == 0)
		rc = finish(cr, err);
	if (rc < 0)
		creation_abort(cr);
	return rc;
}

int container_create(const struct runtime *rt, const struct create_opts *opts,
		     int *exit_status, struct err *err)
{
	struct creation cr;
	int rc;

	rc = creation_run(&cr, rt, opts, true, exit_status, err);
	if (rc == 0)
		creation_free(&cr);
	return rc;
}
