#include "runtime/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/cgroup.h"
#include "host/pidfd.h"
#include "oci/spec.h"
#include "runtime/sync.h"

/* In the order in which they are joined: a mount namespace last, since
 * afterwards the paths of the host are gone. */
static const struct {
	const char *name;
	uint64_t flag;
} kinds[NS_KINDS] = {
	{"ipc", CLONE_NEWIPC},       {"uts", CLONE_NEWUTS},
	{"network", CLONE_NEWNET},   {"pid", CLONE_NEWPID},
	{"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},     {"mount", CLONE_NEWNS},
};

const char *ns_name(uint64_t flag)
{
	for (size_t i = 0; i < NS_KINDS; i++)
		if (kinds[i].flag == flag)
			return kinds[i].name;
	return "?";
}

static int open_joined(const struct oci_namespace *ns, size_t index,
		       struct err *err)
{
	_cleanup_close_ int fd = open(ns->path, O_RDONLY | O_CLOEXEC);
	int kind;

	if (fd < 0)
		return err_set(err, -errno, "linux.namespaces[%zu].path: %s",
			       index, ns->path);
	kind = ioctl(fd, NS_GET_NSTYPE);
	if (kind < 0 || (uint32_t)kind != ns->type)
		return err_say(err, -EINVAL,
			       "linux.namespaces[%zu].path: %s is not a %s "
			       "namespace",
			       index, ns->path, ns_name(ns->type));
	return steal_fd(&fd);
}

int ns_plan_open(const struct oci_spec *spec, struct ns_plan *ret,
		 struct err *err)
{
	struct ns_plan plan = {.spec = spec, .pidfd = -1};

	for (size_t i = 0; i < spec->linux.n_namespaces; i++) {
		const struct oci_namespace *ns = &spec->linux.namespaces[i];
		int fd;

		if (str_empty(ns->path)) {
			plan.create |= ns->type;
			continue;
		}
		fd = open_joined(ns, i, err);
		if (fd < 0) {
			ns_plan_close(&plan);
			return fd;
		}
		plan.join[plan.n_join].flag = ns->type;
		plan.join[plan.n_join++].fd = fd;
	}
	plan.staged = plan.create & (CLONE_NEWUSER | CLONE_NEWTIME);
	for (unsigned int i = 0; i < plan.n_join; i++)
		if (plan.join[i].flag &
		    (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME))
			plan.staged = true;
	*ret = plan;
	return 0;
}

int ns_plan_of(int pidfd, uint64_t own, struct ns_plan *ret, struct err *err)
{
	struct ns_plan plan = {.pidfd = pidfd};

	if (pidfd < 0)
		return err_set(err, pidfd, "reach the container's init");
	plan.join_all = own;
	plan.staged = plan.join_all & CLONE_NEWUSER;
	*ret = plan;
	return 0;
}

void ns_plan_close(struct ns_plan *plan)
{
	if (plan->join_all)
		close_keep_errno(plan->pidfd);
	plan->join_all = 0;
	for (unsigned int i = 0; i < plan->n_join; i++)
		close_keep_errno(plan->join[i].fd);
	plan->n_join = 0;
}

bool ns_plan_joins(const struct ns_plan *plan, uint64_t flag)
{
	for (unsigned int i = 0; i < plan->n_join; i++)
		if (plan->join[i].flag == flag)
			return true;
	return plan->join_all & flag;
}

bool ns_plan_has(const struct ns_plan *plan, uint64_t flag)
{
	return (plan->create & flag) || ns_plan_joins(plan, flag);
}

/* In a pid namespace that others are in already, they see a child of ours from
 * its first moment on, when it could not have hidden itself yet. */
static void hide(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A child in `flags`; 0 in the child, its pid in the parent. */
static pid_t spawn(uint64_t flags, int cgroup_fd, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* With CLONE_PARENT the parent's own signal is taken. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int spawn_error(uint64_t flags, int rc, struct err *err)
{
	char names[96] = "";
	size_t n = 0;

	for (size_t i = 0; i < NS_KINDS; i++)
		if (flags & kinds[i].flag)
			n += (size_t)snprintf(names + n, sizeof(names) - n,
					      "%s%s", n ? ", " : "",
					      kinds[i].name);
	if (rc == -EPERM)
		return err_say(err, rc,
			       "create the namespaces %s: not permitted: run "
			       "as root, or let the configuration have a "
			       "user namespace",
			       names);
	if (rc == -ENOSPC)
		return err_say(err, rc,
			       "create the namespaces %s: a limit below "
			       "/proc/sys/user is reached",
			       names);
	return err_set(err, rc, "create the namespaces %s", names);
}

/* Join those of the plan whose flag is in `which`.  What the privileges do
 * not allow yet is left for the next round when `again` is given. */
static int join(const struct ns_plan *plan, uint64_t which, uint64_t *again,
		struct err *err)
{
	for (size_t k = 0; k < NS_KINDS; k++) {
		for (unsigned int i = 0; i < plan->n_join; i++) {
			uint64_t flag = plan->join[i].flag;

			if (flag != kinds[k].flag || !(flag & which))
				continue;
			if (setns(plan->join[i].fd, (int)flag) == 0)
				continue;
			if (errno == EPERM && again) {
				*again |= flag;
				continue;
			}
			return err_set(err, -errno, "join the %s namespace",
				       ns_name(flag));
		}
	}
	return 0;
}

static int join_all(const struct ns_plan *plan, uint64_t which, struct err *err)
{
	uint64_t flags = plan->join_all & which;

	if (flags && setns(plan->pidfd, (int)flags) < 0)
		return err_set(err, -errno,
			       "join the namespaces of the container");
	return 0;
}

static int write_time_offsets(const struct ns_plan *plan, struct err *err)
{
	const struct oci_spec *spec = plan->spec;
	_cleanup_close_ int fd = -1;

	if (spec->linux.n_time_offsets == 0)
		return 0;
	/* setresuid() made /proc/self belong to the host's root.  Nobody else
	 * is in a user namespace that we have just made. */
	if (plan->create & CLONE_NEWUSER)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open /proc/self/timens_offsets");
	for (size_t i = 0; i < spec->linux.n_time_offsets; i++) {
		const struct oci_time_offset *o = &spec->linux.time_offsets[i];
		char line[96];
		int n;

		n = snprintf(line, sizeof(line), "%s %lld %u\n", o->clock,
			     (long long)o->secs, o->nanosecs);
		if (write(fd, line, (size_t)n) != n)
			return err_set(err, -errno, "linux.timeOffsets.%s",
				       o->clock);
	}
	return 0;
}

static int own_user_namespace(int sync, struct err *err)
{
	int rc;

	if (unshare(CLONE_NEWUSER) < 0)
		return spawn_error(CLONE_NEWUSER, -errno, err);
	/* A rootless hull may write our maps only while we are dumpable. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	rc = sync_send(sync, SYNC_MAP_ME, -1);
	if (rc < 0)
		return err_set(err, rc, "ask for the id mappings");
	return sync_expect(sync, SYNC_MAPPED, NULL, NULL, err);
}

/* Become root of the user namespace, who may do the rest. */
static int become_root(struct err *err)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_set(err, -errno,
			       "become root of the user namespace (do "
			       "linux.uidMappings and gidMappings hold "
			       "container id 0?)");
	return 0;
}

static int stage(const struct ns_birth *birth, pid_t *pid, int *pidfd,
		 struct err *err)
{
	const struct ns_plan *plan = birth->plan;
	uint64_t left = 0, rest = plan->create;
	int rc;

	rc = join_all(plan, ~0ull, err);
	if (rc == 0)
		rc = join(plan, ~(uint64_t)CLONE_NEWUSER, &left, err);
	if (rc == 0)
		rc = join(plan, CLONE_NEWUSER, NULL, err);
	if (rc == 0 && (plan->create & CLONE_NEWUSER))
		rc = own_user_namespace(birth->sync[1], err);
	if (rc == 0 && ns_plan_has(plan, CLONE_NEWUSER))
		rc = become_root(err);
	if (rc == 0)
		rc = join(plan, left, NULL, err);
	if (rc < 0)
		return rc;
	if (plan->create & CLONE_NEWTIME) {
		if (unshare(CLONE_NEWTIME) < 0)
			return spawn_error(CLONE_NEWTIME, -errno, err);
		rc = write_time_offsets(plan, err);
		if (rc < 0)
			return rc;
	}
	rest &= ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWCGROUP);
	hide();
	*pid = spawn(rest | CLONE_PARENT, -1, pidfd);
	return *pid < 0 ? spawn_error(rest, -errno, err) : 0;
}

/* In init, before anything else: the cgroup namespace's root is the cgroup
 * that its maker is in, so it comes after the cgroup was entered. */
static void __attribute__((noreturn)) be_init(const struct ns_birth *birth)
{
	struct err err = {0};
	int rc = 0;

	if (!birth->plan->staged)
		rc = join(birth->plan, ~0ull, NULL, &err);
	if (rc == 0 && !birth->plan->staged)
		rc = join_all(birth->plan, ~(uint64_t)CLONE_NEWPID, &err);
	if (rc == 0 && (birth->plan->create & CLONE_NEWCGROUP) &&
	    unshare(CLONE_NEWCGROUP) < 0)
		rc = spawn_error(CLONE_NEWCGROUP, -errno, &err);
	if (rc < 0) {
		sync_fail(birth->sync[1], 1, &err);
		_exit(1);
	}
	birth->run(birth->data);
}

static void __attribute__((noreturn)) child(const struct ns_birth *birth,
					    bool in_cgroup)
{
	struct err err = {0};
	int pidfd = -1, rc = 0;
	pid_t pid = -1;

	/* Should hull be killed, nobody else would end us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(birth->sync[0]);
	if (birth->before)
		rc = birth->before(birth->data, &err);
	if (rc == 0 && birth->cgroup)
		rc = cgroup_enter(birth->cgroup, in_cgroup, &err);
	if (rc == 0 && !birth->plan->staged)
		be_init(birth);
	if (rc == 0)
		rc = stage(birth, &pid, &pidfd, &err);
	if (rc == 0 && pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		be_init(birth);
	}
	if (rc == 0)
		rc = sync_send(birth->sync[1], SYNC_INIT_PID, pidfd);
	if (rc < 0)
		sync_fail(birth->sync[1], 1, &err);
	_exit(rc < 0);
}

static pid_t pid_of_pidfd(int pidfd)
{
	char path[40], text[512], *line;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	line = strstr(text, "\nPid:");
	return line ? (pid_t)strtol(line + 5, NULL, 10) : -1;
}

/* Serve the stage until it has made init and is gone. */
static int serve_stage(const struct ns_birth *birth, pid_t stage_pid,
		       int (*maps)(pid_t pid, void *data, struct err *err),
		       pid_t *pid, int *pidfd, int *exit_status,
		       struct err *err)
{
	int sync = birth->sync[0], rc = 0;

	if (birth->plan->create & CLONE_NEWUSER) {
		rc = sync_expect(sync, SYNC_MAP_ME, NULL, exit_status, err);
		if (rc == 0)
			rc = maps(stage_pid, birth->data, err);
		if (rc == 0)
			rc = sync_send(sync, SYNC_MAPPED, -1);
	}
	if (rc == 0)
		rc = sync_expect(sync, SYNC_INIT_PID, pidfd, exit_status, err);
	if (rc == 0) {
		*pid = pid_of_pidfd(*pidfd);
		if (*pid <= 0)
			rc = err_set(err, -ESRCH, "find the pid of init");
	}
	if (rc < 0)
		kill(stage_pid, SIGKILL);
	while (waitpid(stage_pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int ns_spawn(const struct ns_birth *birth,
	     int (*maps)(pid_t pid, void *data, struct err *err), pid_t *pid,
	     int *pidfd, int *exit_status, struct err *err)
{
	const struct ns_plan *plan = birth->plan;
	uint64_t flags = 0;
	int cgroup_fd, fd = -1, rc = 0;
	pid_t p;

	if (!plan->staged) {
		flags = plan->create & ~(uint64_t)CLONE_NEWCGROUP;
		if (plan->join_all)
			hide();
		/* It counts for children alone. */
		rc = join_all(plan, CLONE_NEWPID, err);
		if (rc < 0)
			return rc;
	}
	cgroup_fd = birth->cgroup ? cgroup_clone_fd(birth->cgroup) : -1;
	p = spawn(flags, cgroup_fd, &fd);
	if (p == 0)
		child(birth, cgroup_fd >= 0);
	rc = -errno;
	if (p < 0 && cgroup_fd >= 0 && rc != -EPERM && rc != -ENOSPC)
		return cgroup_clone_failed(birth->cgroup, rc, err);
	if (p < 0)
		return spawn_error(flags, rc, err);
	rc = 0;
	if (plan->staged) {
		pid_t stage_pid = p;

		close(fd);
		rc = serve_stage(birth, stage_pid, maps, &p, &fd, exit_status,
				 err);
	}
	if (rc < 0)
		return rc;
	*pid = p;
	*pidfd = fd;
	return 0;
}
