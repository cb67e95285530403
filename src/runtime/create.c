#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "host/caps.h"
#include "host/fdpass.h"
#include "host/lsm.h"
#include "host/netlink.h"
#include "host/path.h"
#include "host/pidfd.h"
#include "host/pty.h"
#include "host/rdt.h"
#include "host/sched.h"
#include "host/userns.h"
#include "oci/spec.h"
#include "runtime/filter.h"
#include "runtime/notify.h"
#include "runtime/rdt.h"
#include "runtime/rootless.h"
#include "runtime/store.h"
#include "runtime/sync.h"
#include "sandbox/sandbox.h"

/* ------------------------------------------------------------ reading it -- */

/* A directory, and its absolute path without symlinks: one question to the
 * kernel instead of one for each component. */
static int open_dir(const char *path, char **real)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char self[32];
	int rc;

	if (fd < 0)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	rc = path_readlink_at(AT_FDCWD, self, real);
	return rc < 0 ? rc : steal_fd(&fd);
}

static int read_config(struct creation *cr, int dir, const char *bundle,
		       struct err *err)
{
	const char *name = cr->opts->config ? cr->opts->config : "config.json";
	_cleanup_close_ int fd = -1;
	int rc;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s in bundle %s", name,
			       bundle);
	rc = buf_read_fd(&cr->config, fd, JSON_MAX_SIZE);
	if (rc < 0)
		return err_set(err, rc, "read %s in bundle %s", name, bundle);
	return 0;
}

static int parse_config(struct creation *cr, const char *bundle,
			struct err *err)
{
	struct container *c = cr->c;
	int rc;

	rc = oci_spec_parse(&c->spec, cr->config.data, cr->config.len, err);
	if (rc == 0 && cr->rt->rootless)
		rc = rootless_adapt(c->spec, err);
	if (rc < 0)
		return err_wrap(err, "%s/%s", bundle,
				cr->opts->config ? cr->opts->config
						 : "config.json");
	return 0;
}

/* The absolute path of root.path, which is relative to the bundle. */
static int find_rootfs(struct creation *cr, int *ret_fd, struct err *err)
{
	struct container *c = cr->c;
	_cleanup_free_ char *joined = NULL, *real = NULL;
	const char *path = c->spec->root.path;
	_cleanup_close_ int fd = -1;

	joined = *path == '/' ? xstrdup(path)
			      : xasprintf("%s/%s", c->state.bundle, path);
	fd = open_dir(joined, &real);
	if (fd < 0)
		return err_set(err, fd, "root.path: %s", joined);
	c->state.rootfs = arena_strdup(c->arena, real);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static void set_created(struct container *c)
{
	struct timespec now;
	char second[TIMESTAMP_SIZE];

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_utc(now.tv_sec, second);
	c->state.created = arena_printf(c->arena, "%s.%09ldZ", second,
					now.tv_nsec);
}

static int choose_sandbox(struct creation *cr, int rootfs, struct err *err)
{
	struct container *c = cr->c;
	struct sandbox_wish wish = {
		.option = cr->rt->sandbox,
		.spec = c->spec,
		.called_as = cr->rt->called_as,
		.rootfs_fd = rootfs,
	};
	int rc;

	rc = sandbox_choose(&wish, &cr->sandbox, err);
	if (rc < 0)
		return rc;
	c->state.sandbox = arena_strdup(c->arena, cr->sandbox->name);
	return cr->sandbox->prepare ? cr->sandbox->prepare(c->spec, err) : 0;
}

static int load(struct creation *cr, struct err *err)
{
	const char *wanted = cr->opts->bundle ? cr->opts->bundle : ".";
	struct container *c = cr->c;
	_cleanup_free_ char *bundle = NULL;
	_cleanup_close_ int dir = -1, rootfs = -1;
	int rc;

	dir = open_dir(wanted, &bundle);
	if (dir < 0)
		return err_set(err, dir, "bundle %s", wanted);
	c->state.bundle = arena_strdup(c->arena, bundle);
	rc = read_config(cr, dir, bundle, err);
	if (rc == 0)
		rc = parse_config(cr, bundle, err);
	if (rc < 0)
		return rc;
	if (!c->spec->process)
		return err_say(err, -EINVAL,
			       "%s/config.json: process is missing: there is "
			       "nothing to start",
			       bundle);
	rc = find_rootfs(cr, &rootfs, err);
	if (rc == 0)
		rc = choose_sandbox(cr, rootfs, err);
	if (rc == 0)
		rc = notify_prepare(c, err);
	if (rc == 0)
		rc = lsm_check(c->spec->process->apparmor_profile,
			       c->spec->process->selinux_label, err);
	if (rc < 0)
		return rc;
	set_created(c);
	c->state.owner = geteuid();
	c->state.rootless = cr->rt->rootless;
	return 0;
}

/* ------------------------------------------------------------- preparing -- */

/* Move a vector into the arena. */
static void keep_strings(struct arena *arena, char **v, char ***ret)
{
	size_t n = strv_len(v);

	*ret = arena_alloc(arena, n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = arena_strdup(arena, v[i]);
	strv_free(v);
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
	int rc;

	rc = cgroup_create(&cr->cgroup, &req, err);
	if (rc < 0)
		return rc;
	c->state.cgroup_manager = req.manager;
	keep_strings(c->arena, cgroup_save(cr->cgroup), &c->state.cgroup);
	/* Now: should we be killed from here on, "delete" finds it. */
	rc = store_save(c, err);
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
		return err_set(err, -errno, "create %s/%s/start",
			       cr->rt->root, cr->c->state.id);
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
	STRV_FOREACH(s, saved) {
		const char *dir = strstr(*s, "=/") + 1;
		const char *name = str_after(dir, "/sys/fs/cgroup/");
		char *key = arena_strndup(arena, *s, (size_t)(dir - *s) - 1);
		bool unified = str_eq(key, "unified");

		if (!name)
			continue;
		list[n].host_path = dir;
		list[n].name = v2 ? ""
				  : arena_strndup(arena, name,
						  strcspn(name, "/"));
		if (!unified)
			list[n].options = str_after(key, "name=")
						  ? arena_printf(arena,
								 "none,%s",
								 key)
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
		.label_key = oci_annotation_get(
			spec->annotations, spec->n_annotations,
			"run.oci.mount_context_type"),
	};
	plan_cgroup_mounts(cr);
	init->setup = (struct process_setup){
		.spec = spec,
		.process = spec->process,
		.sandbox = cr->sandbox,
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

/* -------------------------------------------------------------- spawning -- */

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

/* What init cannot open from inside its user namespace. */
static int send_sources(struct creation *cr, struct err *err)
{
	struct rootfs_sources sources = {0};
	int rc;

	rc = rootfs_sources_open(&cr->init.rootfs, cr->pid, cr->pidfd,
				 &sources, err);
	for (size_t i = 0; rc == 0 && i < sources.n; i++)
		if (sources.fd[i] >= 0)
			rc = sync_send_value(cr->sync[0], SYNC_SOURCE,
					     sources.fd[i], (int)i);
	rootfs_sources_free(&sources);
	if (rc == 0)
		rc = sync_send(cr->sync[0], SYNC_SOURCES_END, -1);
	if (rc < 0 && err->code == 0)
		return err_set(err, rc, "send the sources of mounts");
	return rc;
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

/* --------------------------------------------------------------- serving -- */

int container_run_hooks(struct container *c, const char *kind,
			const struct oci_hook *hooks, size_t n,
			enum container_status status, struct err *err)
{
	_cleanup_buf_ struct buf state = {0};
	struct hook_call call = {
		.kind = kind,
		.hooks = hooks,
		.n = n,
		.stdout_file = oci_annotation_get(c->spec->annotations,
						  c->spec->n_annotations,
						  "run.oci.hooks.stdout"),
		.stderr_file = oci_annotation_get(c->spec->annotations,
						  c->spec->n_annotations,
						  "run.oci.hooks.stderr"),
	};

	if (n == 0)
		return 0;
	container_state_json(c, status, &state);
	call.state_json = state.data;
	return hooks_run(&call, err);
}

void container_poststop(struct container *c)
{
	struct err why = {0};

	if (container_run_hooks(c, "poststop", c->spec->hooks.poststop,
				c->spec->hooks.n_poststop, CONTAINER_STOPPED,
				&why) < 0)
		log_warn("%s", why.msg);
}

static int move_devices(struct creation *cr, struct err *err)
{
	const struct oci_linux *l = &cr->c->spec->linux;
	_cleanup_close_ int netns = -1;
	char path[40];
	int rc = 0;

	if (l->n_net_devices == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)cr->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_set(err, -errno, "open %s", path);
	for (size_t i = 0; rc == 0 && i < l->n_net_devices; i++)
		rc = netlink_move_device(&l->net_devices[i], netns, err);
	return rc;
}

/* init has its namespaces and mounts, and waits. */
static int serve_namespaces(struct creation *cr, struct err *err)
{
	struct oci_hooks *h = &cr->c->spec->hooks;
	int rc;

	rc = move_devices(cr, err);
	if (rc == 0)
		rc = container_run_hooks(cr->c, "prestart", h->prestart,
					 h->n_prestart, CONTAINER_CREATING,
					 err);
	if (rc == 0)
		rc = container_run_hooks(cr->c, "createRuntime",
					 h->create_runtime,
					 h->n_create_runtime,
					 CONTAINER_CREATING, err);
	if (rc < 0)
		return rc;
	rc = sync_send(cr->sync[0], SYNC_HOOKS_DONE, -1);
	return rc < 0 ? err_set(err, rc, "answer init") : 0;
}

int container_take_console(int master, const char *console_socket, int *keep,
			   struct err *err)
{
	_cleanup_close_ int fd = master;

	if (fd < 0)
		return err_say(err, -EPROTO, "the process sent no terminal");
	if (console_socket)
		return pty_send_master(console_socket, fd, err);
	close_keep_errno(*keep);
	*keep = steal_fd(&fd);
	return 0;
}

/* Why init is gone without a word: nearly always out of memory. */
static int init_died(struct creation *cr, struct err *err)
{
	int status = 0;

	if (pidfd_reap(cr->pidfd, 2000, &status) < 0)
		return err_say(err, -EPIPE,
			       "the container's init left the sync protocol");
	cr->pid = 0;
	if (cr->cgroup && cgroup_was_oom(cr->cgroup, err))
		return -ENOMEM;
	return err_say(err, -EPIPE,
		       "the container's init ended with status %d before the "
		       "container was created",
		       status);
}

static int serve(struct creation *cr, int *exit_status, struct err *err)
{
	int rc = 0;

	while (rc == 0) {
		int fd, value = 1, type;

		type = sync_recv(cr->sync[0], &fd, &value, err);
		if (type < 0) {
			*exit_status = value;
			return type;
		}
		switch (type) {
		case SYNC_SOURCES:
			rc = send_sources(cr, err);
			break;
		case SYNC_NAMESPACES:
			rc = serve_namespaces(cr, err);
			break;
		case SYNC_CONSOLE:
			rc = container_take_console(
				fd, cr->opts->console_socket, &cr->master,
				err);
			fd = -1;
			break;
		case SYNC_CREATED:
			return 0;
		case 0:
			rc = init_died(cr, err);
			break;
		default:
			rc = err_say(err, -EPROTO,
				     "init sent an unexpected message (%d)",
				     type);
		}
		close_keep_errno(fd);
	}
	return rc;
}

/* ------------------------------------------------------------- finishing -- */

int container_write_pid_file(const char *path, pid_t pid, struct err *err)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = -1;
	char text[16];
	int n, rc = 0;

	if (!path)
		return 0;
	/* Whoever sees the file sees the whole number. */
	tmp = xasprintf("%s.%d", path, (int)getpid());
	n = snprintf(text, sizeof(text), "%d", (int)pid);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, -errno, "--pid-file %s", path);
	if (write(fd, text, (size_t)n) != n || rename(tmp, path) < 0)
		rc = errno ? -errno : -EIO;
	if (rc == 0)
		return 0;
	unlink(tmp);
	return err_set(err, rc, "--pid-file %s", path);
}

int container_send_pidfd(const char *path, int pidfd, struct err *err)
{
	_cleanup_close_ int sock = -1;
	int rc;

	if (!path)
		return 0;
	sock = unix_connect(path, SOCK_STREAM, "--pidfd-socket", err);
	if (sock < 0)
		return sock;
	rc = fd_send(sock, "pidfd", 5, &pidfd, 1);
	return rc < 0 ? err_set(err, rc, "--pidfd-socket %s", path) : 0;
}

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
		rc = container_write_pid_file(cr->opts->pid_file, cr->pid,
					      err);
	if (rc == 0)
		rc = container_send_pidfd(cr->opts->pidfd_socket, cr->pidfd,
					  err);
	if (rc < 0)
		return rc;
	if (cr->start_socket >= 0 &&
	    renameat(c->dir_fd, "creating", c->dir_fd, "start") < 0)
		return err_set(err, -errno, "create %s/%s/start",
			       cr->rt->root, c->state.id);
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
		.init.setup.listener_socket = -1,
	};
	rc = store_create(rt, opts->id, &cr->c, err);
	if (rc == 0)
		rc = load(cr, err);
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
		rc = serve(cr, exit_status, err);
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
