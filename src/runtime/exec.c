/* runtime/exec.c: a further process in a running container. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "host/caps.h"
#include "host/lsm.h"
#include "host/pidfd.h"
#include "host/procfs.h"
#include "host/sched.h"
#include "host/user.h"
#include "oci/spec.h"
#include "runtime/create.h"
#include "runtime/filter.h"
#include "runtime/foreground.h"
#include "runtime/handover.h"
#include "runtime/ns.h"
#include "runtime/process.h"
#include "runtime/store.h"
#include "runtime/sync.h"
#include "sandbox/sandbox.h"

struct execution {
	const struct exec_opts *opts;
	struct container *c;
	struct oci_process process;
	struct cgroup *cgroup;
	struct ns_plan ns;
	struct seccomp_prog seccomp;
	struct process_setup setup;
	struct aot_offer code; /* what the sandbox provides */
	int sync[2];
	int master;
	pid_t pid;
	int pidfd;
};

/* --------------------------------------------------------- the process -- */

static int add_caps(struct execution *ex, struct err *err)
{
	struct caps *caps;
	uint64_t add = 0;

	if (!ex->opts->caps)
		return 0;
	caps = arena_alloc(ex->c->arena, 1, sizeof(*caps));
	if (ex->process.capabilities)
		*caps = *ex->process.capabilities;
	STRV_FOREACH (name, ex->opts->caps) {
		int cap = cap_from_name(*name);

		if (cap < 0)
			return err_say(err, -EINVAL,
				       "--cap: unknown capability \"%s\"",
				       *name);
		add |= 1ull << cap;
	}
	caps->bounding |= add;
	caps->effective |= add;
	caps->permitted |= add;
	/* Without an ambient set a user other than root would lose them in
	 * execve(); it needs the inheritable set beside it. */
	if (ex->process.user.uid != 0) {
		caps->inheritable |= add;
		caps->ambient |= add;
	}
	ex->process.capabilities = caps;
	return 0;
}

static char **merged_env(struct arena *arena, char **base, char **over)
{
	size_t n = strv_len(base), m = strv_len(over), used = 0;
	char **env = arena_alloc(arena, n + m + 1, sizeof(char *));

	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(base[i], "=");
		bool replaced = false;

		STRV_FOREACH (o, over)
			if (strncmp(*o, base[i], len) == 0 && (*o)[len] == '=')
				replaced = true;
		if (!replaced)
			env[used++] = base[i];
	}
	for (size_t i = 0; i < m; i++)
		env[used++] = over[i];
	return env;
}

static int set_user(struct execution *ex, struct err *err)
{
	const struct exec_opts *o = ex->opts;
	struct oci_user *u = &ex->process.user;
	struct user_ids ids;
	gid_t *gids;
	int rc;

	if (o->user) {
		rc = user_parse(o->user, "--user", &ids, err);
		if (rc < 0)
			return rc;
		u->uid = ids.uid;
		if (ids.has_gid)
			u->gid = ids.gid;
	}
	if (o->additional_gids) {
		size_t n;

		rc = user_parse_gids(o->additional_gids, "--additional-gids",
				     &gids, &n, err);
		if (rc < 0)
			return rc;
		u->additional_gids =
			arena_memdup(ex->c->arena, gids, n * sizeof(*gids));
		u->n_additional_gids = n;
		free(gids);
	}
	return 0;
}

/* The container's process, changed by the options. */
static int process_from_options(struct execution *ex, struct err *err)
{
	const struct exec_opts *o = ex->opts;
	struct oci_process *p = &ex->process;
	int rc;

	*p = *ex->c->spec->process;
	if (!o->args || !o->args[0])
		return err_say(err, -EINVAL,
			       "exec: no program: give its name and arguments "
			       "after the container's id, or --process FILE");
	p->args = o->args;
	p->terminal = o->tty;
	p->console_size = (struct oci_console_size){0};
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->env)
		p->env = merged_env(ex->c->arena, p->env, o->env);
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->process_label)
		p->selinux_label = (char *)o->process_label;
	if (o->no_new_privs)
		p->no_new_privileges = true;
	rc = set_user(ex, err);
	if (rc == 0)
		rc = add_caps(ex, err);
	if (rc == 0)
		rc = oci_process_validate(p, "", err);
	return rc;
}

static int process_from_file(struct execution *ex, struct err *err)
{
	const char *path = ex->opts->process_file;
	struct oci_process *p = &ex->process;
	_cleanup_close_ int fd = -1;
	int rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "--process %s", path);
	rc = json_decode_fd(&oci_process_json, p, ex->c->arena, fd, err);
	if (rc == 0)
		rc = oci_process_validate(p, "", err);
	if (rc < 0)
		return err_wrap(err, "--process %s", path);
	if (!p->capabilities)
		p->capabilities = ex->c->spec->process->capabilities;
	if (ex->opts->tty)
		p->terminal = true;
	return 0;
}

static int check_console(const struct execution *ex, struct err *err)
{
	bool terminal = ex->process.terminal;
	const char *socket = ex->opts->console_socket;

	if (terminal && ex->opts->detach && !socket)
		return err_say(err, -EINVAL,
			       "a detached process with a terminal needs "
			       "--console-socket");
	if (!terminal && socket)
		return err_say(err, -EINVAL,
			       "--console-socket needs a process with a "
			       "terminal (--tty)");
	return 0;
}

/* ----------------------------------------------------------- the child -- */

static int before_joining(void *data, struct err *err)
{
	struct execution *ex = data;
	int rc = process_set_oom_score(&ex->process, err);

	ex->setup.host_pid = init_host_pid();
	/* From the moment that we are in the container's pid namespace its
	 * processes can look at us: at /proc/PID/exe, which is hull itself
	 * (CVE-2019-5736), and at our descriptors. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	close(ex->c->dir_fd);
	close(ex->c->root_fd);
	return rc;
}

static int enter(struct execution *ex, int *status, struct err *err)
{
	struct process_setup *setup = &ex->setup;
	const struct oci_process *p = &ex->process;
	_cleanup_close_ int root = -1, pty = -1;
	struct sandbox_task task;
	int rc = 0;

	umask(0);
	if (setsid() < 0)
		return err_set(err, -errno, "setsid");
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(err, -errno, "open the container's root");
	if (!str_empty(p->apparmor_profile) || !str_empty(p->selinux_label)) {
		setup->proc_fd = procfs_new(err);
		rc = setup->proc_fd < 0 ? setup->proc_fd : 0;
	}
	if (rc == 0)
		rc = process_terminal(setup, root, &pty, err);
	if (rc == 0)
		rc = process_prepare(setup, &task, status, err);
	if (rc == 0 && setup->in_userns) {
		rc = sync_send(setup->sync, SYNC_CREATED, -1);
		if (rc == 0)
			rc = sync_expect_value(setup->sync, SYNC_START,
					       &setup->host_pid, err);
	}
	if (rc == 0) {
		prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		rc = process_enter(setup, &task, status, err);
	}
	return rc;
}

static void __attribute__((noreturn)) run_child(void *data)
{
	struct execution *ex = data;
	struct err err = {0};
	int status = 1;

	enter(ex, &status, &err);
	sync_fail(ex->setup.sync, status, &err);
	_exit(status);
}

/* ---------------------------------------------------------- the parent -- */

static int open_container(struct execution *ex, const struct runtime *rt,
			  struct err *err)
{
	enum container_status status;
	int rc;

	rc = store_open(rt, ex->opts->id, STORE_READ, &ex->c, err);
	if (rc < 0)
		return rc;
	status = container_status(ex->c);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_say(err, -EINVAL,
			       "cannot exec in container %s: it is %s",
			       ex->opts->id, container_status_name(status));
	if (status == CONTAINER_PAUSED && !ex->opts->ignore_paused)
		return err_say(err, -EINVAL,
			       "cannot exec in container %s: it is paused "
			       "(--ignore-paused does it all the same)",
			       ex->opts->id);
	return store_load_spec(ex->c, err);
}

/* From the root that the container's init has by now. */
static int provide(struct execution *ex, struct err *err)
{
	_cleanup_close_ int root = -1;
	char path[40];

	if (!ex->setup.sandbox->provide)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/root", (int)ex->c->state.pid);
	/* Not every user may look at it there; then nothing is known of it. */
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ex->setup.code = &ex->code;
	return container_provide(ex->setup.sandbox, ex->c->spec, &ex->process,
				 root, &ex->code, err);
}

static int prepare(struct execution *ex, struct err *err)
{
	struct container *c = ex->c;
	uint64_t own = 0;
	int rc;

	rc = ex->opts->process_file ? process_from_file(ex, err)
				    : process_from_options(ex, err);
	if (rc == 0)
		rc = check_console(ex, err);
	if (rc == 0)
		rc = lsm_check(ex->process.apparmor_profile,
			       ex->process.selinux_label, err);
	if (rc < 0)
		return rc;
	ex->setup = (struct process_setup){
		.spec = c->spec,
		.process = &ex->process,
		.sandbox = sandbox_find(c->state.sandbox),
		.container = c,
		.proc_fd = -1,
		.in_userns = c->state.user_namespace,
		.is_exec = true,
		.no_new_keyring = true,
		.preserve_fds = ex->opts->preserve_fds,
		.listener_socket = -1,
	};
	if (!ex->setup.sandbox)
		return err_say(err, -ENOTSUP,
			       "container %s runs in the sandbox \"%s\", which "
			       "this hull does not have",
			       c->state.id, c->state.sandbox);
	rc = provide(ex, err);
	if (rc == 0)
		rc = filter_prepare(c->spec, &ex->seccomp, &ex->setup, err);
	if (rc == 0)
		rc = cgroup_open(&ex->cgroup, c->state.cgroup, err);
	if (rc == 0)
		rc = cgroup_prepare_enter(ex->cgroup, ex->opts->cgroup, err);
	if (rc < 0)
		return rc;
	/* A rootless container has one that its document did not ask for. */
	if (c->state.user_namespace)
		own |= CLONE_NEWUSER;
	for (size_t i = 0; i < c->spec->linux.n_namespaces; i++)
		own |= c->spec->linux.namespaces[i].type;
	return ns_plan_of(container_pidfd(c), own, &ex->ns, err);
}

static int spawn(struct execution *ex, int *exit_status, struct err *err)
{
	struct ns_birth birth = {
		.plan = &ex->ns,
		.cgroup = ex->cgroup,
		.before = before_joining,
		.run = run_child,
		.data = ex,
	};
	int rc;

	rc = sync_pair(ex->sync, err);
	if (rc < 0)
		return rc;
	ex->setup.sync = ex->sync[1];
	birth.sync[0] = ex->sync[0];
	birth.sync[1] = ex->sync[1];
	rc = ns_spawn(&birth, NULL, &ex->pid, &ex->pidfd, exit_status, err);
	/* A container that manages cgroups of its own has put its processes
	 * into leaves, and the kernel wants nobody above them. */
	if (rc == -EBUSY && !ex->opts->cgroup) {
		rc = cgroup_follow(ex->cgroup, ex->c->state.pid, err);
		if (rc == 0)
			rc = ns_spawn(&birth, NULL, &ex->pid, &ex->pidfd,
				      exit_status, err);
	}
	close_keep_errno(ex->sync[1]);
	ex->sync[1] = -1;
	return rc;
}

/* Until the program was executed, which closes the socket. */
static int serve(struct execution *ex, int *exit_status, struct err *err)
{
	const struct oci_process *p = &ex->process;
	int rc = 0;

	while (rc == 0) {
		int fd, value = 1, type;

		type = sync_recv(ex->sync[0], &fd, &value, err);
		if (type == 0)
			return 0;
		if (type < 0) {
			*exit_status = value;
			return type;
		}
		if (type == SYNC_CONSOLE) {
			rc = container_take_console(
				fd, ex->opts->console_socket, &ex->master, err);
		} else if (type == SYNC_CREATED) {
			rc = rlimits_apply(ex->pid, p->rlimits, p->n_rlimits,
					   err);
			if (rc == 0)
				rc = sync_send_value(ex->sync[0], SYNC_START,
						     -1, ex->pid);
		} else {
			close_keep_errno(fd);
			rc = err_say(err, -EPROTO,
				     "the process sent an unexpected message "
				     "(%d)",
				     type);
		}
	}
	return rc;
}

static void abandon(struct execution *ex)
{
	int status;

	if (ex->pid <= 0)
		return;
	pidfd_signal(ex->pidfd, SIGKILL);
	pidfd_reap(ex->pidfd, -1, &status);
}

static void execution_free(struct execution *ex)
{
	ns_plan_close(&ex->ns);
	cgroup_free(ex->cgroup);
	seccomp_prog_free(&ex->seccomp);
	close_keep_errno(ex->setup.listener_socket);
	close_keep_errno(ex->sync[0]);
	close_keep_errno(ex->sync[1]);
	close_keep_errno(ex->master);
	close_keep_errno(ex->pidfd);
	aot_offer_close(&ex->code);
	store_close(ex->c);
}

static int run(struct execution *ex, const struct runtime *rt,
	       struct foreground *fg, int *exit_status, struct err *err)
{
	int rc;

	rc = open_container(ex, rt, err);
	if (rc == 0)
		rc = prepare(ex, err);
	if (rc == 0)
		rc = spawn(ex, exit_status, err);
	if (rc == 0)
		rc = serve(ex, exit_status, err);
	if (rc == 0)
		rc = container_write_pid_file(ex->opts->pid_file, ex->pid, err);
	if (rc == 0)
		rc = container_send_pidfd(ex->opts->pidfd_socket, ex->pidfd,
					  err);
	if (rc < 0) {
		abandon(ex);
		return rc;
	}
	*exit_status = 0;
	if (ex->opts->detach)
		return 0;
	return foreground_wait(fg, ex->pid, ex->pidfd, ex->master, -1,
			       exit_status, err);
}

int container_exec(const struct runtime *rt, const struct exec_opts *opts,
		   int *exit_status, struct err *err)
{
	struct execution ex = {
		.opts = opts,
		.sync = {-1, -1},
		.master = -1,
		.pidfd = -1,
		.code.image = -1,
		.setup.listener_socket = -1,
	};
	struct foreground fg;
	int rc;

	*exit_status = 1;
	if (!opts->no_subreaper && !opts->detach)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	rc = foreground_begin(&fg, err);
	if (rc < 0)
		return rc;
	rc = run(&ex, rt, &fg, exit_status, err);
	execution_free(&ex);
	foreground_end(&fg);
	return rc;
}
