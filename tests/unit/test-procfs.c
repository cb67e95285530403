/* host/procfs: a label or a sysctl that is written must have reached the
 * kernel, whatever an image or a volume put where /proc should be. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/mount.h"
#include "host/procfs.h"
#include "seal.h"

static struct err err;

static int new_procfs(void)
{
	int fd = procfs_new(&err);

	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return fd;
}

TEST(self_is_this_process)
{
	_cleanup_close_ int proc = -1;
	_cleanup_free_ char *stat = NULL, *thread = NULL;

	seal();
	proc = new_procfs();
	CHECK_INT(procfs_check(proc), 0);
	CHECK_INT(procfs_read(proc, "self/stat", &stat), 0);
	CHECK_INT(atoi(stat), getpid());
	CHECK_INT(procfs_read(proc, "/thread-self/stat", &thread), 0);
	CHECK_INT(atoi(thread), gettid());
}

TEST(only_the_root_of_a_procfs_will_do)
{
	_cleanup_close_ int tmpfs = -1, sys = -1;

	seal();
	tmpfs = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(tmpfs >= 0 && sys >= 0);
	CHECK_INT(procfs_check(tmpfs), -EXDEV);
	CHECK_INT(procfs_check(sys), -EXDEV);
}

TEST(no_symlink_and_no_way_out)
{
	_cleanup_close_ int proc = -1;

	seal();
	proc = new_procfs();
	CHECK_INT(procfs_open(proc, "self/root/etc/passwd", O_RDONLY), -ELOOP);
	CHECK_INT(procfs_open(proc, "self/fd/0", O_RDONLY), -ELOOP);
	CHECK_INT(procfs_open(proc, "mounts", O_RDONLY), -ELOOP);
	CHECK_INT(procfs_open(proc, "../etc/passwd", O_RDONLY), -EXDEV);
	CHECK_INT(procfs_open(proc, "selfish", O_RDONLY), -ENOENT);
}

/* CVE-2025-52881: something is mounted over the file that gets the write. */
TEST(a_mount_over_a_file_is_not_crossed)
{
	_cleanup_close_ int proc = -1, copy = -1, fresh = -1;

	seal();
	CHECK(unshare(CLONE_NEWUTS) == 0);
	CHECK(mkdir("proc", 0755) == 0 &&
	      mknod("fake", S_IFREG | 0666, 0) == 0);
	proc = new_procfs();
	CHECK_INT(mount_attach_at(proc, AT_FDCWD, "proc"), 0);
	CHECK(mount("fake", "proc/sys/kernel/hostname", NULL, MS_BIND, NULL) ==
	      0);
	CHECK_INT(procfs_write_sysctl(proc, "kernel.hostname", "x", &err),
		  -EXDEV);
	CHECK(strstr(err.msg, "/proc/sys/kernel/hostname"));
	copy = mount_clone(AT_FDCWD, "proc", CLONE_TREE_RECURSIVE);
	CHECK(copy >= 0);
	CHECK_INT(procfs_write_sysctl(copy, "kernel.hostname", "x", &err),
		  -EXDEV);
	fresh = new_procfs();
	CHECK_INT(procfs_write_sysctl(fresh, "kernel.hostname", "hull", &err),
		  0);
}

TEST(sysctls_reach_the_namespace)
{
	_cleanup_close_ int proc = -1;
	char name[65];

	seal();
	CHECK(unshare(CLONE_NEWUTS | CLONE_NEWNET) == 0);
	proc = new_procfs();
	CHECK_INT(procfs_write_sysctl(proc, "kernel.hostname", "ship", &err),
		  0);
	CHECK(gethostname(name, sizeof(name)) == 0);
	CHECK_STR(name, "ship");
	CHECK_INT(procfs_write_sysctl(proc, "kernel/hostname", "hull", &err),
		  0);
	CHECK(gethostname(name, sizeof(name)) == 0);
	CHECK_STR(name, "hull");
	CHECK_INT(
		procfs_write_sysctl(proc, "net.ipv4.conf.lo/1.mtu", "1", &err),
		-ENOENT);
	CHECK(strstr(err.msg, "/proc/sys/net/ipv4/conf/lo.1/mtu"));
}

TEST(sysctls_cannot_leave_proc_sys)
{
	_cleanup_close_ int proc = -1;

	seal();
	proc = new_procfs();
	CHECK_INT(procfs_write_sysctl(proc, "kernel/../../1/oom_score_adj", "0",
				      &err),
		  -EINVAL);
	CHECK(strstr(err.msg, "kernel/../../1/oom_score_adj"));
	CHECK_INT(procfs_write_sysctl(proc, "//1/oom_score_adj", "0", &err),
		  -EINVAL);
	CHECK_INT(procfs_write_sysctl(proc, "../1/oom_score_adj", "0", &err),
		  -EINVAL);
}

TEST(a_user_namespace_gets_a_procfs_too)
{
	_cleanup_close_ int proc = -1;
	_cleanup_free_ char *stat = NULL;

	seal_in_userns();
	proc = new_procfs();
	CHECK_INT(procfs_read(proc, "self/stat", &stat), 0);
	CHECK_INT(atoi(stat), 1);
}

/* The kernel refuses a new procfs when /proc has parts that a more privileged
 * namespace covered. */
TEST(a_user_namespace_with_a_masked_proc_gets_a_copy)
{
	_cleanup_close_ int proc = -1;
	_cleanup_free_ char *text = NULL;

	seal();
	CHECK(mount("tmpfs", "/proc/sys", "tmpfs", 0, NULL) == 0);
	seal_in_userns();
	proc = new_procfs();
	CHECK_INT(procfs_check(proc), 0);
	CHECK_INT(procfs_read(proc, "sys/kernel/ostype", &text), -EXDEV);
}
