/* sandbox/aot_jail_child.c: from a process in new namespaces to the compiler
 * in its jail. */
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/allow.h"
#include "host/caps.h"
#include "host/mount.h"
#include "host/path.h"
#include "sandbox/aot_jail_internal.h"

/* --- what it may call ---------------------------------------------------- */

/* What the dynamic linker, glibc's threads and LLVM were seen to call. */
static const uint16_t allowed[] = {
	/* files: those there are, for reading; openat() is below */
	__NR_read,
	__NR_pread64,
	__NR_write,
	__NR_pwrite64,
	__NR_writev,
	__NR_pwritev,
	__NR_lseek,
	__NR_close,
	__NR_fstat,
	__NR_newfstatat,
	__NR_statx,
	__NR_faccessat,
	__NR_faccessat2,
	__NR_readlinkat,
	__NR_getdents64,
	__NR_fcntl,
	__NR_ftruncate,
	__NR_fallocate,
	__NR_fadvise64,
	__NR_fsync,
	__NR_dup,
	__NR_dup3,
	__NR_getcwd,
	__NR_fstatfs,
	__NR_statfs,
	/* memory */
	__NR_brk,
	__NR_mmap,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_msync,
	__NR_futex,
	__NR_membarrier,
	/* threads, itself; clone() is below */
	__NR_set_tid_address,
	__NR_set_robust_list,
	__NR_rseq,
	__NR_getpid,
	__NR_gettid,
	__NR_getppid,
	__NR_getuid,
	__NR_geteuid,
	__NR_getgid,
	__NR_getegid,
	__NR_sched_getaffinity,
	__NR_sched_yield,
	__NR_sched_getparam,
	__NR_sched_getscheduler,
	__NR_getrusage,
	__NR_sysinfo,
	__NR_uname,
	__NR_getrandom,
	__NR_exit,
	__NR_exit_group,
	__NR_execveat,
	__NR_ppoll,
	__NR_times,
	/* its workers, who are as locked in as itself */
	__NR_wait4,
	__NR_waitid,
	__NR_kill,
	__NR_memfd_create,
	/* time, signals */
	__NR_clock_gettime,
	__NR_clock_getres,
	__NR_clock_nanosleep,
	__NR_nanosleep,
	__NR_gettimeofday,
	__NR_restart_syscall,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_sigaltstack,
	__NR_tgkill,
#ifdef __NR_arch_prctl
	__NR_arch_prctl,
	__NR_access,
	__NR_readlink,
	__NR_stat,
	__NR_lstat,
	__NR_poll,
	__NR_time,
#endif
};

static int install_filter(struct err *err)
{
	static const uint32_t ioctls[] = {TCGETS, TIOCGWINSZ};
	static const uint32_t names[] = {PR_SET_NAME};
	const uint32_t namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
				    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
				    CLONE_NEWCGROUP;
	struct allow p;

	allow_begin(&p);
	allow_calls(&p, allowed, ARRAY_SIZE(allowed));
	/* All that is there is read-only; this is the second lock. */
	allow_bits(&p, __NR_openat, 2, 0,
		   O_WRONLY | O_RDWR | O_CREAT | O_TRUNC);
#ifdef __NR_open
	allow_bits(&p, __NR_open, 1, 0, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC);
#endif
	/* The linker maps code; nobody makes some. */
	allow_bits(&p, __NR_mprotect, 2, 0, PROT_EXEC);
	allow_bits(&p, __NR_clone, 0, 0, namespaces);
	/* Its flags lie in memory, where a filter cannot look. */
	allow_errno(&p, __NR_clone3, ENOSYS);
	allow_values(&p, __NR_ioctl, 1, ioctls, ARRAY_SIZE(ioctls));
	allow_values(&p, __NR_prctl, 0, names, ARRAY_SIZE(names));
	/* Only asking: the address of a new limit is NULL. */
	allow_bits(&p, __NR_prlimit64, 2, 0, UINT32_MAX);
	return allow_install(&p, err);
}

/* --- what it sees -------------------------------------------------------- */

/* Where distributions keep what the dynamic linker looks for. */
static const char *const libraries[] = {
	"/lib",           "/lib64",           "/usr/lib",   "/usr/lib64",
	"/usr/local/lib", "/etc/ld.so.cache", "/nix/store", "/gnu/store",
};

struct view {
	int mnt[ARRAY_SIZE(libraries)];    /* a read-only copy, or -1 */
	char *link[ARRAY_SIZE(libraries)]; /* or a symlink: where to */
};

static void view_free(struct view *v)
{
	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		close_keep_errno(v->mnt[i]);
		free(v->link[i]);
	}
}

static int view_open(struct view *v, struct err *err)
{
	const uint64_t attrs =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++) {
		const char *path = libraries[i];
		int rc;

		if (path_readlink_at(AT_FDCWD, path, &v->link[i]) == 0)
			continue;
		v->mnt[i] = mount_clone(AT_FDCWD, path, CLONE_TREE_RECURSIVE);
		if (v->mnt[i] == -ENOENT)
			continue;
		rc = v->mnt[i] < 0 ? v->mnt[i]
				   : mount_set(v->mnt[i], attrs, 0, true);
		if (rc < 0)
			return err_set(err, rc, "copy the mount of %s", path);
	}
	return 0;
}

static int view_place(const struct view *v, size_t i, int root, struct err *err)
{
	_cleanup_close_ int dir = -1, at = -1;
	char name[NAME_MAX + 1];
	struct stat st;
	int rc = 0;

	dir = path_open_parent_in_root(root, libraries[i], true, name);
	if (dir < 0)
		return err_set(err, dir, "make %s", libraries[i]);
	if (v->link[i])
		rc = symlinkat(v->link[i], dir, name) < 0 ? -errno : 0;
	else if (fstat(v->mnt[i], &st) < 0)
		rc = -errno;
	else if (S_ISDIR(st.st_mode))
		rc = mkdirat(dir, name, 0755) < 0 ? -errno : 0;
	else
		rc = mknodat(dir, name, S_IFREG | 0444, 0) < 0 ? -errno : 0;
	if (rc == 0 && !v->link[i])
		rc = mount_attach_at(v->mnt[i], dir, name);
	return rc < 0 ? err_set(err, rc, "make %s", libraries[i]) : 0;
}

static int build_root(struct err *err)
{
	static const char *const data[] = {"mode=0755", "size=1m"};
	const struct mount_fs tmpfs = {
		.type = "tmpfs",
		.data = data,
		.n_data = ARRAY_SIZE(data),
		.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
	};
	_cleanup_(view_free) struct view v = {.mnt = {0}};
	_cleanup_close_ int root = -1;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(libraries); i++)
		v.mnt[i] = -1;
	rc = mount_propagate_all(MS_REC | MS_PRIVATE, err);
	if (rc == 0)
		rc = view_open(&v, err);
	if (rc < 0)
		return rc;
	root = mount_fs_new(&tmpfs, err);
	if (root < 0)
		return root;
	rc = mount_attach_host(root, "/usr");
	if (rc < 0)
		return err_set(err, rc, "attach an empty root");
	for (size_t i = 0; i < ARRAY_SIZE(libraries) && rc == 0; i++)
		if (v.mnt[i] >= 0 || v.link[i])
			rc = view_place(&v, i, root, err);
	if (rc < 0)
		return rc;
	rc = mount_set(root, MOUNT_ATTR_RDONLY, 0, false);
	if (rc < 0)
		return err_set(err, rc, "make the root read-only");
	return mount_pivot_root(root, err);
}

/* --- what it is ---------------------------------------------------------- */

static int become_nobody(struct err *err)
{
	/* An ordinary user may not, and then has none that open a file. */
	setgroups(0, NULL);
	if (setresgid(JAIL_NOBODY, JAIL_NOBODY, JAIL_NOBODY) < 0 ||
	    setresuid(JAIL_NOBODY, JAIL_NOBODY, JAIL_NOBODY) < 0)
		return err_set(err, -errno, "become nobody");
	return 0;
}

static int give_up_rights(bool own_userns, struct err *err)
{
	const struct caps none = {0};
	int rc = caps_drop_bounding(0, err);

	if (rc == 0 && !own_userns)
		rc = become_nobody(err);
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(err, -errno, "no_new_privs");
	return rc < 0 ? rc : caps_apply(&none, err);
}

static int set_limit(int what, uint64_t value, struct err *err)
{
	struct rlimit limit = {value, value}, now;

	/* What was set lower before us stays. */
	if (getrlimit((__rlimit_resource_t)what, &now) == 0 &&
	    now.rlim_max < value)
		limit.rlim_cur = limit.rlim_max = now.rlim_max;
	if (setrlimit((__rlimit_resource_t)what, &limit) < 0)
		return err_set(err, -errno, "set limit %d", what);
	return 0;
}

static int set_limits(const struct aot_jail *jail, struct err *err)
{
	const struct {
		int what;
		uint64_t value;
	} limits[] = {
		{RLIMIT_AS, jail->memory},
		{RLIMIT_FSIZE, jail->output},
		/* Should nobody watch any more: who watches is first. */
		{RLIMIT_CPU, (uint64_t)jail->seconds + 1},
		{RLIMIT_NOFILE, jail->workers + 12},
		{RLIMIT_NPROC, jail->workers + 1},
		{RLIMIT_CORE, 0},
		{RLIMIT_MEMLOCK, 0},
		{RLIMIT_MSGQUEUE, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int rc = set_limit(limits[i].what, limits[i].value, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Failing only means that others notice it. */
static void stand_back(void)
{
	const struct sched_param none = {0};

	setpriority(PRIO_PROCESS, 0, 19);
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

/* --- the child ----------------------------------------------------------- */

enum { FD_PROGRAM = 3, FD_REPORT = 4, FD_GO = 5, FD_FIRST_FREE = 6 };

/* Move all that stays to where it belongs, by way of numbers that are none of
 * those. */
static int arrange(struct jail_child *c, struct err *err)
{
	const int from[] = {c->jail->in,      c->jail->out, c->say,
			    c->jail->program, c->report,    c->go};
	int high[ARRAY_SIZE(from)];

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 16);
		if (high[i] < 0)
			return err_set(err, -errno, "duplicate a descriptor");
	}
	for (int i = 0; i < (int)ARRAY_SIZE(from); i++)
		if (dup3(high[i], i, i < FD_PROGRAM ? 0 : O_CLOEXEC) < 0)
			return err_set(err, -errno, "place a descriptor");
	close_range(FD_FIRST_FREE, ~0u, 0);
	c->report = FD_REPORT;
	c->go = FD_GO;
	return 0;
}

/* Has hull died before it could be told that we want to die with it? */
static bool orphaned(int go)
{
	struct pollfd p = {.fd = go, .events = 0};

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int enter_jail(struct jail_child *c, struct err *err)
{
	char byte;
	int rc;

	reset_signals();
	if (orphaned(c->go) || read(c->go, &byte, 1) != 1)
		return err_say(err, -ECANCELED, "hull is gone");
	setsid();
	umask(0);
	rc = arrange(c, err);
	/* A filesystem of the namespace takes only ids that it knows. */
	if (rc == 0 && c->own_userns)
		rc = become_nobody(err);
	if (rc == 0)
		rc = build_root(err);
	if (rc == 0)
		rc = set_limits(c->jail, err);
	if (rc < 0)
		return rc;
	if (c->jail->background)
		stand_back();
	rc = give_up_rights(c->own_userns, err);
	/* A new user forgets it. */
	if (rc == 0 && orphaned(c->go))
		return err_say(err, -ECANCELED, "hull is gone");
	return rc < 0 ? rc : install_filter(err);
}

void jail_enter(struct jail_child *c)
{
	static char lang[] = "LC_ALL=C";
	char *env[] = {lang, NULL};
	struct err err = {0};

	if (enter_jail(c, &err) == 0) {
		syscall(SYS_execveat, FD_PROGRAM, "", c->jail->args, env,
			AT_EMPTY_PATH);
		err_set(&err, -errno, "execute %s", c->jail->args[0]);
	}
	if (write(c->report, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}
