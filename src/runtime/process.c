#include "runtime/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/fdpass.h"
#include "host/keyring.h"
#include "host/lsm.h"
#include "host/netlink.h"
#include "host/path.h"
#include "host/procfs.h"
#include "host/pty.h"
#include "host/seccomp.h"
#include "host/user.h"
#include "oci/spec.h"
#include "runtime/store.h"
#include "runtime/sync.h"
#include "sandbox/sandbox.h"

int process_set_oom_score(const struct oci_process *process, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char text[16];
	int n;

	if (!process->oom_score_adj.set)
		return 0;
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open /proc/self/oom_score_adj");
	n = snprintf(text, sizeof(text), "%d", (int)process->oom_score_adj.v);
	if (write(fd, text, (size_t)n) == n)
		return 0;
	return err_set(err, -errno, "process.oomScoreAdj: %s", text);
}

/* ------------------------------------------------------------- terminal -- */

int process_terminal(const struct process_setup *setup, int root_fd,
		     int *ret_slave, struct err *err)
{
	const struct oci_process *p = setup->process;
	_cleanup_close_ int pts = -1, master = -1, slave = -1;
	int rc;

	*ret_slave = -1;
	if (!p->terminal)
		return 0;
	pts = path_open_in_root(root_fd, "dev/pts", O_RDONLY | O_DIRECTORY);
	if (pts < 0)
		return err_set(err, pts,
			       "process.terminal: open the container's "
			       "/dev/pts");
	rc = pty_open(pts, &master, &slave, err);
	if (rc == 0 && (p->console_size.height || p->console_size.width))
		rc = pty_set_size(slave, p->console_size.height,
				  p->console_size.width, err);
	if (rc < 0)
		return rc;
	/* This one is ours alone, so its owner may be changed: programs open
	 * /dev/tty anew after they have become another user. */
	if (fchown(slave, p->user.uid, (gid_t)-1) < 0 && errno != EINVAL &&
	    errno != EPERM)
		return err_set(err, -errno, "give the terminal to uid %u",
			       p->user.uid);
	rc = sync_send(setup->sync, SYNC_CONSOLE, master);
	if (rc < 0)
		return err_set(err, rc, "hand over the terminal");
	rc = pty_attach(slave, err);
	if (rc < 0)
		return rc;
	*ret_slave = steal_fd(&slave);
	return 0;
}

/* Engines give us their own /dev/null where there is no input.  Through it a
 * container's root could change the mode of the host's device, so it is
 * replaced by that of the container, if there is one. */
static void own_null(int root_fd, int fd, const struct stat *host)
{
	_cleanup_close_ int null = -1;
	struct stat st;

	null = path_open_in_root(root_fd, "dev/null", O_RDWR | O_NOCTTY);
	if (null < 0 || fstat(null, &st) < 0)
		return;
	if (S_ISCHR(st.st_mode) && st.st_rdev == host->st_rdev &&
	    st.st_dev != host->st_dev)
		dup2(null, fd);
}

/* Pipes that the engine made for us belong to root: /dev/stdout could not be
 * opened anew by a program that runs as somebody else.  A device is never
 * touched: it may be the host's. */
static int own_stdio(const struct oci_process *p, int root_fd, struct err *err)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			continue;
		if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
			own_null(root_fd, fd, &st);
		if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
			continue;
		if (st.st_uid == p->user.uid)
			continue;
		if (fchown(fd, p->user.uid, (gid_t)-1) == 0)
			continue;
		/* No mapping for the owner, or a read-only filesystem. */
		if (errno == EINVAL || errno == EPERM || errno == EROFS)
			continue;
		return err_set(err, -errno, "give descriptor %d to uid %u", fd,
			       p->user.uid);
	}
	return 0;
}

/* --------------------------------------------------------------- limits -- */

static int apply_scheduling(const struct process_setup *setup, struct err *err)
{
	const struct oci_process *p = setup->process;
	const struct oci_linux *l = &setup->spec->linux;
	int rc = 0;

	/* In a user namespace init may not raise its limits; hull does it. */
	if (!setup->in_userns)
		rc = rlimits_apply(0, p->rlimits, p->n_rlimits, err);
	if (rc == 0 && p->scheduler)
		rc = scheduler_apply(0, p->scheduler, err);
	if (rc == 0 && p->io_priority)
		rc = io_priority_apply(p->io_priority, err);
	if (rc == 0 && p->exec_cpu_affinity)
		rc = affinity_apply(0, p->exec_cpu_affinity->initial,
				    "process.execCPUAffinity.initial", err);
	if (rc == 0 && l->memory_policy)
		rc = memory_policy_apply(l->memory_policy, err);
	if (rc == 0 && l->personality)
		rc = personality_apply(l->personality, err);
	return rc;
}

/* ----------------------------------------------------------- directory -- */

/* CVE-2024-21626: a working directory outside of the root would be a door to
 * the host.  The kernel then says "(unreachable)" in front of it. */
static int check_cwd(const char *cwd, struct err *err)
{
	char path[4096];

	if (getcwd(path, sizeof(path)) && path[0] == '/')
		return 0;
	return err_say(err, -EACCES,
		       "process.cwd: %s is not inside the container's root",
		       cwd);
}

static int change_dir(const char *cwd, bool last_try, struct err *err)
{
	if (chdir(cwd) == 0)
		return check_cwd(cwd, err);
	if (errno == EACCES && !last_try)
		return -EAGAIN;
	return err_set(err, -errno, "process.cwd: %s", cwd);
}

/* ---------------------------------------------------------------- user -- */

static int set_groups(const struct process_setup *setup, struct err *err)
{
	const struct oci_user *u = &setup->process->user;

	if (setgroups(u->n_additional_gids, u->additional_gids) == 0)
		return 0;
	/* setgroups(2) is denied in a namespace with a map that an ordinary
	 * user wrote: then the groups stay those of that user. */
	if (errno == EPERM && u->n_additional_gids == 0 &&
	    setup->container->state.rootless)
		return 0;
	return err_set(err, -errno, "process.user.additionalGids");
}

/* Without no_new_privs only who has CAP_SYS_ADMIN may install a filter: then
 * the process keeps that one until process_enter() has done it. */
static int apply_caps(struct process_setup *setup, const struct caps *caps,
		      struct err *err)
{
	const uint64_t sys_admin = UINT64_C(1) << 21;
	struct caps waiting = *caps;
	int rc;

	if (!setup->seccomp || setup->process->no_new_privileges)
		return caps_apply(caps, err);
	setup->has_late_caps = true;
	setup->late_caps = *caps;
	waiting.permitted |= sys_admin;
	waiting.effective |= sys_admin;
	waiting.ambient = 0;
	rc = caps_limit(&waiting, NULL, err);
	return rc < 0 ? rc : caps_apply(&waiting, err);
}

static int become_user(struct process_setup *setup, struct err *err)
{
	const struct oci_user *u = &setup->process->user;
	struct caps caps = {0};
	int rc;

	if (setup->process->capabilities)
		caps = *setup->process->capabilities;
	rc = caps_limit(&caps, NULL, err);
	if (rc == 0)
		rc = caps_drop_bounding(caps.bounding, err);
	if (rc == 0)
		rc = caps_keep(true, err);
	if (rc == 0)
		rc = set_groups(setup, err);
	if (rc < 0)
		return rc;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_set(err, -errno, "process.user.gid: %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set(err, -errno, "process.user.uid: %u", u->uid);
	rc = caps_keep(false, err);
	return rc < 0 ? rc : apply_caps(setup, &caps, err);
}

/* --------------------------------------------------------- environment -- */

static char **environment(const struct process_setup *setup, int root_fd)
{
	const struct oci_process *p = setup->process;
	char **env = strv_copy(p->env);
	char number[16];

	if (!env_get(env, "HOME")) {
		_cleanup_free_ char *home = user_home(root_fd, p->user.uid);

		env_set(&env, "HOME", home);
	}
	if (setup->listen_fds) {
		snprintf(number, sizeof(number), "%u", setup->listen_fds);
		env_set(&env, "LISTEN_FDS", number);
		/* A process of a container is PID 1 unless it was added. */
		snprintf(number, sizeof(number), "%d", (int)getpid());
		env_set(&env, "LISTEN_PID", number);
	}
	return env;
}

int process_prepare(struct process_setup *setup, struct sandbox_task *task,
		    int *exit_status, struct err *err)
{
	const struct oci_process *p = setup->process;
	_cleanup_close_ int root = -1;
	bool try_again;
	int rc;

	if (!setup->no_new_keyring) {
		rc = keyring_join(setup->container->state.id, err);
		if (rc < 0)
			return rc;
	}
	rc = apply_scheduling(setup, err);
	if (rc < 0)
		return rc;
	rc = change_dir(p->cwd, false, err);
	try_again = rc == -EAGAIN;
	if (rc < 0 && !try_again)
		return rc;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(err, -errno, "open the container's root");
	*task = (struct sandbox_task){
		.spec = setup->spec,
		.process = p,
		.env = environment(setup, root),
		.code = setup->code,
		.is_exec = setup->is_exec,
		.preserve_fds = setup->preserve_fds,
	};
	rc = own_stdio(p, root, err);
	/* Before a capability goes: from then on a process of the container
	 * that was there first could trace us, or open /proc/PID/exe, which
	 * is hull itself. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (rc == 0)
		rc = become_user(setup, err);
	umask(p->user.umask.set ? (mode_t)p->user.umask.v : 0022);
	if (rc == 0 && try_again)
		rc = change_dir(p->cwd, true, err);
	if (rc < 0)
		return rc;
	return setup->sandbox->load(task, exit_status, err);
}

/* --------------------------------------------------------------- enter -- */

static int open_attr(void *arg, const char *name)
{
	const struct process_setup *setup = arg;
	char path[64];

	snprintf(path, sizeof(path), "self/attr/%s", name);
	return procfs_open(setup->proc_fd, path, O_WRONLY);
}

static int set_labels(const struct process_setup *setup, struct err *err)
{
	const struct oci_process *p = setup->process;
	enum lsm_when when = setup->sandbox->in_process ? LSM_NOW : LSM_ON_EXEC;
	void *arg = (void *)setup;
	int rc;

	rc = lsm_set_profile(open_attr, arg, when, p->apparmor_profile, err);
	if (rc == 0)
		rc = lsm_set_label(open_attr, arg, when, p->selinux_label, err);
	return rc;
}

/* The listener's descriptor has to leave after the filter is in force, and
 * then any system call of ours may be one that waits for the listener's
 * owner.  So a thread that was started before, and so has no filter, sends
 * it, while we wait without a call.  A thread and not a child: it leaves no
 * zombie for the container's PID 1. */
struct listener_thread {
	const struct process_setup *setup;
	struct buf state; /* the message that goes with it */
	_Atomic int fd;   /* 0: not yet, -1: installing failed */
	_Atomic int rc;   /* 1: not done, else fd_send()'s */
	char stack[16384] __attribute__((aligned(16)));
};

static int send_listener(void *arg)
{
	struct listener_thread *t = arg;
	int fd;

	while ((fd = t->fd) == 0)
		sched_yield();
	t->rc = fd < 0 ? 0
		       : fd_send(t->setup->listener_socket, t->state.data,
				 t->state.len, &fd, 1);
	syscall(SYS_exit, 0);
	return 0;
}

static int install_with_listener(const struct process_setup *setup,
				 struct err *err)
{
	struct listener_thread *t = xcalloc(1, sizeof(*t));
	int fd;

	t->setup = setup;
	t->rc = 1;
	container_process_state_json(
		setup->container,
		setup->is_exec ? CONTAINER_RUNNING : CONTAINER_CREATED,
		setup->host_pid, setup->spec->linux.seccomp->listener_metadata,
		&t->state);
	if (clone(send_listener, t->stack + sizeof(t->stack),
		  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM,
		  t) < 0)
		return err_set(err, -errno,
			       "start a thread for the seccomp listener");
	fd = seccomp_install(setup->seccomp, err);
	t->fd = fd > 0 ? fd : -1;
	while (t->rc == 1)
		__asm__ volatile("" ::: "memory");
	if (fd < 0)
		return fd;
	if (t->rc < 0)
		return err_set(err, t->rc, "linux.seccomp.listenerPath: %s",
			       setup->spec->linux.seccomp->listener_path);
	return 0;
}

static int install_filter(const struct process_setup *setup, struct err *err)
{
	if (!setup->seccomp)
		return 0;
	if (setup->seccomp->notify)
		return install_with_listener(setup, err);
	return seccomp_install(setup->seccomp, err);
}

int process_enter(const struct process_setup *setup, struct sandbox_task *task,
		  int *exit_status, struct err *err)
{
	const struct oci_process *p = setup->process;
	sigset_t none;
	int rc;

	*exit_status = 1;
	rc = set_labels(setup, err);
	if (rc == 0 && p->exec_cpu_affinity)
		rc = affinity_apply(0, p->exec_cpu_affinity->final,
				    "process.execCPUAffinity.final", err);
	if (rc < 0)
		return rc;
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(err, -errno, "process.noNewPrivileges");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Ours are close-on-exec one by one; this is for what the engine
	 * leaked to us (CVE-2024-21626). */
	if (close_range(3 + setup->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return err_set(err, -errno, "close_range");
	rc = install_filter(setup, err);
	if (rc == 0 && setup->has_late_caps)
		rc = caps_apply(&setup->late_caps, err);
	if (rc < 0)
		return rc;
	return setup->sandbox->enter(task, exit_status, err);
}
