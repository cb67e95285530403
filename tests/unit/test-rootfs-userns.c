/* runtime/rootfs inside a user namespace, and what the parent opens for it. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/mount.h"
#include "rootfs_rig.h"
#include "seal.h"

static struct rig g;

static bool is_ro(const char *path)
{
	struct statvfs st;

	CHECK(statvfs(path, &st) == 0);
	return st.f_flag & ST_RDONLY;
}

static bool is_device(const char *path, unsigned int major, unsigned int minor)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(major, minor);
}

static long fs_type(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) < 0 ? -errno : fs.f_type;
}

static void setup(void)
{
	seal_in_userns();
	rig_setup(&g);
	g.plan.in_userns = true;
}

TEST(devices_are_bound_from_the_host)
{
	_cleanup_close_ int null = -1;

	setup();
	rig_add_defaults(&g);
	rig_enter(&g);
	CHECK(is_device("/dev/null", 1, 3) && is_device("/dev/tty", 5, 0));
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK(null >= 0 && write(null, "x", 1) == 1);
	CHECK(is_device("/proc/version", 1, 3) == false);
	CHECK(is_ro("/proc/sys") && fs_type("/proc") == PROC_SUPER_MAGIC);
}

/* No network namespace of its own: the kernel refuses a new sysfs. */
TEST(sysfs_falls_back_to_the_hosts_read_only)
{
	setup();
	rig_add_defaults(&g);
	rig_enter(&g);
	CHECK(fs_type("/sys") == SYSFS_MAGIC && is_ro("/sys"));
}

/* CVE-2023-25809. */
TEST(cgroups_are_read_only_without_a_namespace)
{
	static const struct rootfs_cgroup v2 = {"", NULL, "/sys/fs/cgroup"};

	setup();
	SKIP_UNLESS("cgroup", access("/sys/fs/cgroup", F_OK) == 0,
		    "no cgroups");
	unseal("/sys/fs/cgroup");
	rig_add_defaults(&g);
	rig_mount(&g, "cgroup", "cgroup", "/sys/fs/cgroup", OPTIONS("rw"));
	g.plan.cgroups = &v2;
	g.plan.n_cgroups = 1;
	rig_enter(&g);
	CHECK(is_ro("/sys/fs/cgroup"));
}

TEST(v1_cgroups_are_read_only_without_a_namespace)
{
	char *path = xasprintf("%s/cpu", test_tmpdir());
	const struct rootfs_cgroup v1 = {"cpu", "cpu", path};

	setup();
	CHECK(mkdir("cpu", 0755) == 0);
	rig_add_defaults(&g);
	rig_mount(&g, "cgroup", "cgroup", "/sys/fs/cgroup", OPTIONS("rw"));
	g.plan.cgroups = &v1;
	g.plan.n_cgroups = 1;
	rig_enter(&g);
	CHECK(is_ro("/sys/fs/cgroup") && is_ro("/sys/fs/cgroup/cpu"));
}

TEST(without_pivot_too)
{
	setup();
	rig_add_defaults(&g);
	g.plan.no_pivot = true;
	rig_enter(&g);
	CHECK(is_device("/dev/null", 1, 3));
	CHECK(access("/usr", F_OK) < 0);
}

/* ----------------------------------------- a parent, and init in a userns */

static int link_fd[2];

static void send_fd(int fd, int index)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {&index, sizeof(index)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	CHECK(sendmsg(link_fd[0], &msg, 0) == sizeof(index));
}

static int recv_fd(void)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	int index, fd = -1;
	struct iovec iov = {&index, sizeof(index)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	CHECK(recvmsg(link_fd[1], &msg, MSG_CMSG_CLOEXEC) == sizeof(index));
	c = CMSG_FIRSTHDR(&msg);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static void write_map(pid_t pid, const char *file)
{
	char *path = xasprintf("/proc/%d/%s", (int)pid, file);

	rig_write(path, "0 100000 1000");
	free(path);
}

/* Run `inside` as root of a user namespace, with the rig's plan, and what the
 * parent opened in plan.sources. */
static void with_parent(void (*inside)(void))
{
	struct rootfs_sources sources = {0};
	_cleanup_close_ int pidfd = -1;
	int status;
	pid_t pid;
	char c = 0;

	g.plan.in_userns = true;
	CHECK(rootfs_sources_needed(&g.plan));
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link_fd) ==
	      0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		sources.n = g.spec.n_mounts + 1;
		sources.fd = xcalloc(sources.n, sizeof(int));
		CHECK(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0);
		CHECK(write(link_fd[1], &c, 1) == 1);
		for (size_t i = 0; i < sources.n; i++)
			sources.fd[i] = recv_fd();
		g.plan.sources = &sources;
		CHECK(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
		inside();
		exit(0);
	}
	CHECK(read(link_fd[0], &c, 1) == 1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	CHECK(pidfd >= 0);
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	RIG_OK(&g, rootfs_sources_open(&g.plan, pid, pidfd, &sources, &g.err));
	for (size_t i = 0; i < sources.n; i++)
		send_fd(sources.fd[i], (int)i);
	rootfs_sources_free(&sources);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 0);
}

static void need_root(void)
{
	SKIP_UNLESS("root", geteuid() == 0, "needs more than one user");
	seal();
	rig_setup(&g);
}

/* As an engine does before it starts a container with mappings. */
static void give_image(void)
{
	static const char *const dirs[] = {"rootfs", "rootfs/dev"};

	for (size_t i = 0; i < 2; i++)
		CHECK(chown(dirs[i], 100000, 100000) == 0);
}

static void reads_what_it_could_not_open(void)
{
	CHECK(open("private/file", O_RDONLY) < 0 && errno == EACCES);
	rig_enter(&g);
	CHECK_STR(rig_read("/data/file"), "text");
	CHECK_STR(rig_read("/file"), "text");
	CHECK(access("/usr", F_OK) < 0);
}

TEST(the_parent_opens_what_only_the_host_can_reach)
{
	need_root();
	CHECK(mkdir("private", 0700) == 0);
	CHECK(mkdir("private/data", 0755) == 0);
	rig_write("private/file", "text");
	rig_write("private/data/file", "text");
	rig_bind(&g, "private/data", "/data");
	rig_bind(&g, "private/file", "/file");
	/* The image, too, is where init may not go. */
	give_image();
	CHECK(rename("rootfs", "private/rootfs") == 0);
	g.plan.rootfs = xasprintf("%s/private/rootfs", test_tmpdir());
	with_parent(reads_what_it_could_not_open);
}

static void cannot_lift_nodev(void)
{
	_cleanup_close_ int data = -1;

	CHECK_INT(rootfs_open(&g.plan, &g.r, &g.err), 0);
	CHECK_INT(rootfs_mount(g.r, &g.err), -EPERM);
	CHECK(strstr(g.err.msg, "mounts[1] /b:"));
	data = openat(rootfs_fd(g.r), "a", O_PATH | O_CLOEXEC);
	CHECK(data >= 0);
	CHECK_INT(mount_set(data, 0, MOUNT_ATTR_NODEV, false), -EPERM);
	CHECK_INT(mount_set(data, 0, MOUNT_ATTR_RDONLY, false), -EPERM);
}

/* A copy made in the parent's namespace would let root of the container lift
 * what the host had set. */
TEST(what_the_host_restricts_stays_locked)
{
	need_root();
	give_image();
	CHECK(mkdir("vol", 0755) == 0);
	CHECK(mount("tmpfs", "vol", "tmpfs", MS_NODEV | MS_NOSUID | MS_RDONLY,
		    NULL) == 0);
	rig_mount(&g, "bind", "vol", "/a", OPTIONS("rbind"));
	rig_mount(&g, "bind", "vol", "/b", OPTIONS("rbind", "dev"));
	with_parent(cannot_lift_nodev);
}

static void owns_its_volume(void)
{
	struct stat st;

	rig_enter(&g);
	CHECK(stat("/idmapped/file", &st) == 0);
	CHECK(st.st_uid == 0 && st.st_gid == 7);
	CHECK(stat("/plain/file", &st) == 0);
	CHECK(st.st_uid == 65534);
}

TEST(an_idmapped_volume_belongs_to_the_container)
{
	need_root();
	give_image();
	CHECK(mkdir("vol", 0755) == 0);
	rig_write("vol/file", "");
	CHECK(chown("vol/file", 0, 7) == 0);
	rig_mount(&g, "bind", "vol", "/idmapped", OPTIONS("rbind", "idmap"));
	rig_mount(&g, "bind", "vol", "/plain", OPTIONS("rbind"));
	with_parent(owns_its_volume);
}

/* ------------------------------------------- idmapped without a userns */

TEST(a_mount_can_have_mappings_of_its_own)
{
	static struct idmap map = {
		.container_id = 0, .host_id = 5000, .size = 100};
	struct rootfs_sources sources;
	struct stat st;

	need_root();
	CHECK(mkdir("vol", 0755) == 0 && mkdir("vol/sub", 0755) == 0);
	rig_write("vol/file", "");
	CHECK(chown("vol/file", 3, 4) == 0);
	CHECK(mount("tmpfs", "vol/sub", "tmpfs", 0, NULL) == 0);
	rig_mount(&g, "bind", "vol", "/idmap", OPTIONS("rbind", "idmap"));
	rig_mount(&g, "bind", "vol", "/ridmap", OPTIONS("rbind", "ridmap"));
	for (int i = 0; i < 2; i++) {
		g.mounts[i].uid_mappings = g.mounts[i].gid_mappings = &map;
		g.mounts[i].n_uid_mappings = g.mounts[i].n_gid_mappings = 1;
	}
	CHECK(rootfs_sources_needed(&g.plan));
	RIG_OK(&g, rootfs_sources_open(&g.plan, 0, -1, &sources, &g.err));
	g.plan.sources = &sources;
	rig_enter(&g);
	rootfs_sources_free(&sources);
	CHECK(stat("/idmap/file", &st) == 0);
	CHECK(st.st_uid == 5003 && st.st_gid == 5004);
	CHECK(stat("/idmap/sub", &st) == 0);
	CHECK_INT(st.st_uid, 0);
	CHECK(stat("/ridmap/sub", &st) == 0);
	CHECK_INT(st.st_uid, 5000);
}

TEST(idmap_needs_mappings_from_somewhere)
{
	struct rootfs_sources sources;

	need_root();
	rig_mount(&g, "bind", "vol", "/vol", OPTIONS("bind", "idmap"));
	CHECK_INT(rootfs_sources_open(&g.plan, 0, -1, &sources, &g.err),
		  -EINVAL);
	CHECK(strstr(g.err.msg, "mounts[0] /vol:"));
}

/* Mappings are never left out because nobody could apply them. */
TEST(idmap_needs_the_parent)
{
	static struct idmap map = {.size = 1};

	setup();
	CHECK(mkdir("vol", 0755) == 0);
	rig_bind(&g, "vol", "/vol");
	g.mounts[0].uid_mappings = g.mounts[0].gid_mappings = &map;
	g.mounts[0].n_uid_mappings = g.mounts[0].n_gid_mappings = 1;
	CHECK_INT(rig_build(&g), -EPERM);
	CHECK(strstr(g.err.msg, "idmapped"));
}

TEST(an_ordinary_container_needs_no_parent)
{
	need_root();
	rig_add_defaults(&g);
	rig_bind(&g, "/etc", "/mnt");
	CHECK(!rootfs_sources_needed(&g.plan));
}
