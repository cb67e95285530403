/* Probes that try, each in a child that has what it needs for itself: what
 * it unshares and mounts ends with it.  See host/probe.h. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/pidfd.h"
#include "host/probe_internal.h"
#include "host/userns.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

enum { TRY_TIMEOUT = 5000 }; /* milliseconds */
enum { NOBODY = 65534 };

/* 0, or why `fn` did not work, as a negative errno. */
static int try_in_child(int (*fn)(int arg), int arg)
{
	_cleanup_close_ int pidfd = -1;
	pid_t pid = fork();
	int rc, status = 0;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(-fn(arg) & 0xff);
	}
	if (pid < 0)
		return -errno;
	pidfd = pidfd_of(pid);
	rc = pidfd < 0 ? pidfd : pidfd_reap(pidfd, TRY_TIMEOUT, &status);
	if (rc < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return rc;
	}
	return -status;
}

static void tried(struct probe_row *row, int rc)
{
	if (rc < 0)
		probe_found(row, PROBE_MISSING, "tried: %s", strerror(-rc));
	else
		probe_found(row, PROBE_OK, "works");
}

static int write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = (ssize_t)strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)n) == n ? 0 : -errno;
}

/* Become root of a user namespace, with the one id that we have. */
static int enter_userns(void)
{
	char map[32];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int rc;

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	rc = write_text("/proc/self/uid_map", map);
	if (rc == 0)
		rc = write_text("/proc/self/setgroups", "deny");
	if (rc == 0) {
		snprintf(map, sizeof(map), "0 %u 1", gid);
		rc = write_text("/proc/self/gid_map", map);
	}
	return rc;
}

/* Root tries as the least of users. */
static int become_ordinary(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
	    prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	return 0;
}

/* ---------------------------------------------------------- namespaces -- */

static int try_unshare(int flag)
{
	int rc = geteuid() == 0 || flag == CLONE_NEWUSER ? 0 : enter_userns();

	if (rc < 0)
		return rc;
	return unshare(flag) < 0 ? -errno : 0;
}

#define NAMESPACE(name, flag)                                \
	void probe_ns_##name(struct probe_row *row)          \
	{                                                    \
		tried(row, try_in_child(try_unshare, flag)); \
	}

NAMESPACE(mount, CLONE_NEWNS)
NAMESPACE(pid, CLONE_NEWPID)
NAMESPACE(network, CLONE_NEWNET)
NAMESPACE(ipc, CLONE_NEWIPC)
NAMESPACE(uts, CLONE_NEWUTS)
NAMESPACE(cgroup, CLONE_NEWCGROUP)
NAMESPACE(time, CLONE_NEWTIME)
NAMESPACE(user, CLONE_NEWUSER)

/* A mount namespace with a tmpfs of ours at /tmp; the host sees neither. */
static int private_tmp(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, "mode=0700,size=64k") < 0)
		return -errno;
	return 0;
}

/* AppArmor can allow the namespace and take all rights in it, so only a
 * mount shows that it is of use. */
static int try_unprivileged(int arg)
{
	int rc = become_ordinary();

	if (rc == 0)
		rc = enter_userns();
	return rc < 0 ? rc : private_tmp();
}

static bool sysctl_is(const char *path, char value)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4] = "";

	return fd >= 0 && read(fd, text, sizeof(text)) > 1 &&
	       text[0] == value && text[1] == '\n';
}

void probe_userns_unprivileged(struct probe_row *row)
{
	int rc = try_in_child(try_unprivileged, 0);
	const char *why = "";

	if (rc == 0) {
		tried(row, 0);
		return;
	}
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", '0'))
		why = ", kernel.unprivileged_userns_clone=0";
	else if (sysctl_is("/proc/sys/kernel/"
			   "apparmor_restrict_unprivileged_userns",
			   '1'))
		why = ", AppArmor restricts them";
	else if (sysctl_is("/proc/sys/user/max_user_namespaces", '0'))
		why = ", user.max_user_namespaces=0";
	probe_found(row, PROBE_MISSING, "tried: %s%s", strerror(-rc), why);
}

static int try_overlay(int arg)
{
	int rc = try_unprivileged(0);

	if (rc < 0)
		return rc;
	if (mkdir("/tmp/l", 0755) < 0 || mkdir("/tmp/u", 0755) < 0 ||
	    mkdir("/tmp/w", 0755) < 0 || mkdir("/tmp/m", 0755) < 0 ||
	    mount("overlay", "/tmp/m", "overlay", 0,
		  "lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w,userxattr") <
		    0)
		return -errno;
	return 0;
}

void probe_userns_overlay(struct probe_row *row)
{
	tried(row, try_in_child(try_overlay, 0));
}

/* -------------------------------------------------------------- mounts -- */

/* A tmpfs that is attached nowhere. */
static int detached_tmpfs(void)
{
	struct mount_fs fs = {.type = "tmpfs", .source = "tmpfs"};
	int rc = geteuid() == 0 ? 0 : enter_userns();

	if (rc < 0)
		return rc;
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	return mount_fs_new(&fs, NULL);
}

static int try_mount_api(int arg)
{
	_cleanup_close_ int mnt = detached_tmpfs();

	return mnt < 0 ? mnt : mount_set(mnt, MOUNT_ATTR_NOEXEC, 0, true);
}

void probe_mount_api(struct probe_row *row)
{
	tried(row, try_in_child(try_mount_api, 0));
}

static int try_idmapped(int arg)
{
	static const struct idmap root_only = {0, 0, 1};
	static const struct idmap many = {0, 100000, 1000};
	const struct idmap *map = geteuid() == 0 ? &many : &root_only;
	struct idmaps maps = {map, 1, map, 1};
	_cleanup_close_ int mnt = detached_tmpfs(), ns = -1;

	if (mnt < 0)
		return mnt;
	ns = userns_open(&maps, NULL);
	return ns < 0 ? ns : mount_set_idmap(mnt, ns, false);
}

void probe_idmapped_mounts(struct probe_row *row)
{
	tried(row, try_in_child(try_idmapped, 0));
}
