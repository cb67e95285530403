/* runtime/rootfs: what a container finds after the specification's mounts,
 * devices, masks and options. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/path.h"
#include "rootfs_rig.h"
#include "seal.h"

#define MQUEUE_MAGIC 0x19800202

static struct rig g;

static void setup(void)
{
	seal();
	rig_setup(&g);
}

static long fs_type(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) < 0 ? -errno : fs.f_type;
}

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

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *link_of(const char *path)
{
	static char target[256];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	return target;
}

/* --------------------------------------------------------- the usual one */

TEST(the_default_container_has_its_filesystems)
{
	setup();
	rig_add_defaults(&g);
	rig_enter(&g);
	CHECK(fs_type("/proc") == PROC_SUPER_MAGIC);
	CHECK(fs_type("/dev") == TMPFS_MAGIC);
	CHECK(fs_type("/dev/pts") == DEVPTS_SUPER_MAGIC);
	CHECK(fs_type("/dev/shm") == TMPFS_MAGIC);
	CHECK(fs_type("/dev/mqueue") == MQUEUE_MAGIC);
	CHECK(fs_type("/sys") == SYSFS_MAGIC);
	CHECK(is_ro("/sys") && !is_ro("/proc") && !is_ro("/"));
	CHECK(!exists("/usr"));
}

TEST(the_default_container_has_its_devices)
{
	struct stat st;

	setup();
	rig_add_defaults(&g);
	rig_enter(&g);
	CHECK(is_device("/dev/null", 1, 3) && is_device("/dev/zero", 1, 5));
	CHECK(is_device("/dev/full", 1, 7) && is_device("/dev/random", 1, 8));
	CHECK(is_device("/dev/urandom", 1, 9) && is_device("/dev/tty", 5, 0));
	CHECK(stat("/dev/null", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0666);
	CHECK_STR(link_of("/dev/fd"), "/proc/self/fd");
	CHECK_STR(link_of("/dev/stderr"), "/proc/self/fd/2");
	CHECK_STR(link_of("/dev/ptmx"), "pts/ptmx");
}

TEST(masked_paths_show_nothing)
{
	struct stat a, b;

	setup();
	rig_write("rootfs/etc/file", "secret");
	CHECK(mkdir("rootfs/etc/dir", 0755) == 0);
	CHECK(mkdir("rootfs/etc/dir2", 0755) == 0);
	rig_write("rootfs/etc/dir/file", "secret");
	rig_add_defaults(&g);
	g.spec.linux.masked_paths =
		OPTIONS("/proc/cmdline", "/sys/firmware", "/etc/file",
			"/etc/dir", "/etc/dir2", "/etc/absent",
			"/etc/file/absent", "/proc/absent", "/proc/version");
	rig_enter(&g);
	CHECK(is_device("/proc/cmdline", 1, 3) && is_device("/etc/file", 1, 3));
	CHECK(is_device("/proc/version", 1, 3));
	CHECK(!exists("/etc/dir/file") && !exists("/etc/absent"));
	CHECK(fs_type("/sys/firmware") == TMPFS_MAGIC);
	CHECK(mkdir("/etc/dir/x", 0755) < 0 && errno == EROFS);
	/* One empty directory for all. */
	CHECK(stat("/etc/dir", &a) == 0 && stat("/etc/dir2", &b) == 0);
	CHECK(a.st_dev == b.st_dev);
}

TEST(read_only_paths_are_read_only)
{
	setup();
	rig_add_defaults(&g);
	CHECK(mkdir("rootfs/etc/dir", 0755) == 0);
	g.spec.linux.readonly_paths = OPTIONS("/proc/sys", "/proc/version",
					      "/etc/dir", "/etc/absent");
	rig_enter(&g);
	CHECK(is_ro("/proc/sys") && is_ro("/etc/dir"));
	CHECK(!is_ro("/etc") && !is_ro("/proc"));
	CHECK(is_ro("/proc/version") && !is_ro("/proc/cmdline"));
}

TEST(a_read_only_root_is_sealed_last)
{
	setup();
	g.spec.root.readonly = true;
	rig_write("data", "data");
	rig_mount(&g, "tmpfs", "tmpfs", "/run", OPTIONS("ro"));
	rig_bind(&g, "data", "/run/data");
	rig_bind(&g, "data", "/etc/new/data");
	rig_enter(&g);
	CHECK(is_ro("/") && is_ro("/run"));
	CHECK_STR(rig_read("/run/data"), "data");
	CHECK_STR(rig_read("/etc/new/data"), "data");
	CHECK(mkdir("/run/x", 0755) < 0 && errno == EROFS);
	CHECK(mkdir("/x", 0755) < 0 && errno == EROFS);
}

TEST(without_pivot_it_is_the_same_container)
{
	setup();
	rig_add_defaults(&g);
	g.plan.no_pivot = true;
	rig_enter(&g);
	CHECK(fs_type("/proc") == PROC_SUPER_MAGIC);
	CHECK(is_device("/dev/null", 1, 3) && is_ro("/proc/sys"));
	CHECK(!exists("/usr") && exists("/etc"));
}

/* ----------------------------------------------------------------- mounts */

TEST(bind_options_reach_the_mount)
{
	setup();
	CHECK(mkdir("vol", 0755) == 0 && mkdir("vol/sub", 0755) == 0);
	CHECK(mount("tmpfs", "vol/sub", "tmpfs", 0, NULL) == 0);
	rig_mount(&g, "bind", "vol", "/ro", OPTIONS("rbind", "ro"));
	rig_mount(&g, NULL, "vol", "/rro", OPTIONS("rbind", "rro"));
	rig_mount(&g, "none", "vol", "/bind", OPTIONS("bind", "noexec"));
	rig_enter(&g);
	CHECK(is_ro("/ro") && !is_ro("/ro/sub"));
	CHECK(is_ro("/rro") && is_ro("/rro/sub"));
	CHECK(!is_ro("/bind"));
	/* bind without r: the directory below, not what is mounted on it. */
	CHECK(mkdir("/ro/sub/x", 0755) == 0 && !exists("/bind/sub/x"));
}

TEST(a_restriction_of_the_source_stays)
{
	struct statvfs st;

	setup();
	CHECK(mkdir("vol", 0755) == 0);
	CHECK(mount("tmpfs", "vol", "tmpfs", MS_NOSUID | MS_NODEV, NULL) == 0);
	rig_mount(&g, "bind", "vol", "/a", OPTIONS("bind", "ro"));
	rig_mount(&g, "bind", "vol", "/b", OPTIONS("bind", "dev"));
	rig_enter(&g);
	CHECK(statvfs("/a", &st) == 0);
	CHECK_INT(st.f_flag & (ST_NOSUID | ST_NODEV | ST_RDONLY),
		  ST_NOSUID | ST_NODEV | ST_RDONLY);
	CHECK(statvfs("/b", &st) == 0);
	CHECK_INT(st.f_flag & (ST_NOSUID | ST_NODEV), ST_NOSUID);
}

TEST(symlinks_can_be_bound_followed_or_copied)
{
	setup();
	rig_write("file", "file");
	CHECK(symlink("file", "link") == 0);
	CHECK(symlink("etc/target", "rootfs/dest") == 0);
	rig_mount(&g, "bind", "link", "/followed", OPTIONS("bind"));
	rig_mount(&g, "bind", "link", "/copied",
		  OPTIONS("bind", "copy-symlink"));
	rig_mount(&g, "bind", "link", "/bound",
		  OPTIONS("bind", "src-nofollow"));
	rig_mount(&g, "bind", "file", "/dest", OPTIONS("bind"));
	rig_enter(&g);
	CHECK_STR(rig_read("/followed"), "file");
	CHECK_STR(link_of("/copied"), "file");
	CHECK_STR(link_of("/bound"), "file");
	CHECK_STR(link_of("/dest"), "etc/target");
	CHECK_STR(rig_read("/etc/target"), "file");
}

TEST(dest_nofollow_covers_the_link)
{
	setup();
	rig_write("file", "file");
	CHECK(symlink("etc/target", "rootfs/dest") == 0);
	CHECK(symlink("target", "rootfs/etc/dest") == 0);
	rig_mount(&g, "bind", "file", "/dest",
		  OPTIONS("bind", "dest-nofollow"));
	rig_mount(&g, "bind", "file", "/etc/dest",
		  OPTIONS("bind", "dest-nofollow"));
	rig_mount(&g, "bind", "file", "/etc/new/dest",
		  OPTIONS("bind", "dest-nofollow"));
	rig_enter(&g);
	CHECK_STR(rig_read("/dest"), "file");
	CHECK_STR(rig_read("/etc/dest"), "file");
	CHECK_STR(rig_read("/etc/new/dest"), "file");
	CHECK(!exists("/etc/target"));
}

TEST(tmpcopyup_keeps_what_the_image_has)
{
	struct stat st;

	setup();
	CHECK(mkdir("rootfs/var", 0755) == 0);
	CHECK(mkdir("rootfs/var/d", 0711) == 0);
	rig_write("rootfs/var/d/file", "text");
	CHECK(chown("rootfs/var/d/file", 7, 8) == 0);
	CHECK(chmod("rootfs/var/d/file", 04750) == 0);
	CHECK(symlink("/absolute", "rootfs/var/link") == 0);
	CHECK(mkfifo("rootfs/var/fifo", 0600) == 0);
	CHECK(chmod("rootfs/var", 01770) == 0);
	rig_mount(&g, "tmpfs", "tmpfs", "/var", OPTIONS("tmpcopyup", "ro"));
	rig_mount(&g, "tmpfs", "tmpfs", "/absent", OPTIONS("tmpcopyup"));
	rig_enter(&g);
	CHECK(fs_type("/var") == TMPFS_MAGIC && is_ro("/var"));
	CHECK(stat("/var", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 01770);
	CHECK_STR(rig_read("/var/d/file"), "text");
	CHECK(stat("/var/d/file", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 04750);
	CHECK(st.st_uid == 7 && st.st_gid == 8);
	CHECK_STR(link_of("/var/link"), "/absolute");
	CHECK(stat("/var/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
}

TEST(a_tmpfs_takes_the_mode_of_what_it_covers)
{
	struct stat st;

	setup();
	CHECK(chmod("rootfs/tmp", 01777) == 0);
	CHECK(chmod("rootfs/mnt", 0711) == 0);
	rig_mount(&g, "tmpfs", "tmpfs", "/tmp", NULL);
	rig_mount(&g, "tmpfs", "tmpfs", "/mnt", NULL);
	rig_mount(&g, "tmpfs", "tmpfs", "/etc", OPTIONS("mode=700"));
	rig_enter(&g);
	CHECK(stat("/tmp", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 01777);
	CHECK(stat("/mnt", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0711);
	CHECK(stat("/etc", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0700);
}

TEST(remount_changes_what_is_there)
{
	setup();
	rig_mount(&g, "tmpfs", "tmpfs", "/tmp", OPTIONS("size=64k"));
	rig_mount(&g, "tmpfs", "tmpfs", "/tmp",
		  OPTIONS("remount", "ro", "size=128k"));
	rig_enter(&g);
	struct statvfs st;

	CHECK(statvfs("/tmp", &st) == 0);
	CHECK_INT(st.f_blocks * st.f_frsize, 128 * 1024);
	CHECK(st.f_flag & ST_RDONLY);
}

/* An overlay of many layers: more than the new system calls take. */
TEST(an_overlay_of_long_names_is_mounted)
{
	char dir[2][160];

	setup();
	for (int i = 0; i < 2; i++) {
		memset(dir[i], 'a' + i, sizeof(dir[i]) - 1);
		dir[i][sizeof(dir[i]) - 1] = '\0';
		CHECK(mkdir(dir[i], 0755) == 0);
	}
	rig_write(xasprintf("%s/lower", dir[1]), "lower");
	rig_mount(&g, "overlay", "overlay", "/new/o",
		  OPTIONS(xasprintf("lowerdir=%s:%s", dir[0], dir[1]), "rslave",
			  "nosuid"));
	rig_enter(&g);
	CHECK_STR(rig_read("/new/o/lower"), "lower");
}

TEST(errors_name_the_mount_and_whose_path_it_is)
{
	setup();
	rig_add_defaults(&g);
	rig_bind(&g, "/no/such/dir", "/data");
	CHECK_INT(rig_build(&g), -ENOENT);
	CHECK_STR(g.err.msg, "mounts[6] /data: open /no/such/dir of the "
			     "host: No such file or directory");
}

TEST(a_directory_and_a_file_do_not_fit)
{
	setup();
	rig_write("file", "");
	rig_bind(&g, "file", "/etc");
	CHECK_INT(rig_build(&g), -ENOTDIR);
	CHECK_STR(g.err.msg,
		  "mounts[0] /etc: not a directory: the source, but /etc of "
		  "the container is one");
}

/* The container of its own mount namespace mounts something in a volume. */
static int mount_in_volume(void)
{
	CHECK(unshare(CLONE_NEWNS) == 0);
	rig_enter(&g);
	return mount("tmpfs", "/vol/sub", "tmpfs", 0, NULL) < 0;
}

static unsigned int host_sees(uint32_t rootfs_propagation, char **options)
{
	char *sub = xasprintf("%s/vol/sub", test_tmpdir());

	setup();
	CHECK(mkdir("vol", 0755) == 0);
	CHECK(mount("tmpfs", "vol", "tmpfs", 0, NULL) == 0);
	CHECK(mount(NULL, "vol", NULL, MS_SHARED, NULL) == 0);
	CHECK(mkdir("vol/sub", 0755) == 0);
	g.spec.linux.rootfs_propagation = rootfs_propagation;
	rig_mount(&g, "bind", "vol", "/vol", options);
	CHECK_INT(in_child(mount_in_volume), 0);
	return mounts_below(sub);
}

TEST(what_a_container_mounts_stays_there)
{
	CHECK_INT(host_sees(0, OPTIONS("rbind")), 0);
}

TEST(a_shared_volume_shows_it_to_the_host)
{
	CHECK_INT(host_sees(MS_SHARED | MS_REC, OPTIONS("rbind", "rshared")),
		  1);
}

TEST(a_private_volume_in_a_shared_root_does_not)
{
	CHECK_INT(host_sees(MS_SHARED | MS_REC, OPTIONS("rbind", "rprivate")),
		  0);
}

/* ---------------------------------------------------------------- devices */

TEST(listed_devices_are_made_as_asked)
{
	struct stat st;

	setup();
	g.devices[0] = (struct oci_device){.path = (char *)"/dev/net/tun",
					   .type = S_IFCHR,
					   .major = 10,
					   .minor = 200,
					   .file_mode = {0640, true},
					   .uid = {3, true},
					   .gid = {4, true}};
	g.devices[1] = (struct oci_device){.path = (char *)"/dev/null",
					   .type = S_IFCHR,
					   .major = 1,
					   .minor = 3,
					   .file_mode = {0600, true}};
	g.devices[2] =
		(struct oci_device){.path = (char *)"/pipe", .type = S_IFIFO};
	g.spec.linux.n_devices = 3;
	rig_add_defaults(&g);
	rig_enter(&g);
	CHECK(stat("/dev/net/tun", &st) == 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(10, 200));
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK(st.st_uid == 3 && st.st_gid == 4);
	CHECK(stat("/dev/null", &st) == 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK(stat("/pipe", &st) == 0 && S_ISFIFO(st.st_mode));
}

/* The owner of the host's own /dev/null was changed by a runtime. */
TEST(nodes_of_the_image_are_taken_as_they_are)
{
	struct stat st;

	setup();
	CHECK(mknod("rootfs/dev/null", S_IFCHR | 0600, makedev(1, 3)) == 0);
	CHECK(chown("rootfs/dev/null", 5, 6) == 0);
	rig_write("rootfs/dev/zero", "a file");
	g.devices[0] = (struct oci_device){.path = (char *)"/dev/null",
					   .type = S_IFCHR,
					   .major = 1,
					   .minor = 3,
					   .file_mode = {0666, true},
					   .uid = {9, true}};
	g.spec.linux.n_devices = 1;
	RIG_OK(&g, rig_build(&g));
	/* The image as it is below the mounts. */
	CHECK(fstatat(g.image, "dev/null", &st, 0) == 0);
	CHECK(st.st_uid == 5 && st.st_gid == 6);
	RIG_OK(&g, rootfs_enter(g.r, &g.err));
	CHECK(is_device("/dev/zero", 1, 5) && is_device("/dev/full", 1, 7));
	CHECK(chmod("/dev/zero", 0600) < 0 && errno == EROFS);
}

TEST(a_bound_dev_is_left_alone)
{
	setup();
	CHECK(mkdir("hostdev", 0755) == 0);
	rig_bind(&g, "hostdev", "/dev");
	rig_enter(&g);
	CHECK(!exists("/dev/null") && !exists("/dev/fd"));
}

TEST(an_images_ptmx_is_replaced)
{
	setup();
	CHECK(mknod("rootfs/dev/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
	rig_enter(&g);
	CHECK_STR(link_of("/dev/ptmx"), "pts/ptmx");
}

TEST(the_console_is_the_terminal_itself)
{
	_cleanup_close_ int master = -1, slave = -1;
	struct stat a, b;
	int zero = 0;

	setup();
	rig_add_defaults(&g);
	CHECK(symlink("/etc/passwd", "rootfs/dev/console") == 0);
	RIG_OK(&g, rig_build(&g));
	master = path_open_in_root(rootfs_fd(g.r), "dev/pts/ptmx",
				   O_RDWR | O_NOCTTY);
	CHECK(master >= 0 && ioctl(master, TIOCSPTLCK, &zero) == 0);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(slave >= 0);
	RIG_OK(&g, rootfs_console(g.r, slave, &g.err));
	RIG_OK(&g, rootfs_seal(g.r, &g.err));
	RIG_OK(&g, rootfs_enter(g.r, &g.err));
	CHECK(stat("/dev/console", &a) == 0 && fstat(slave, &b) == 0);
	CHECK(a.st_rdev == b.st_rdev && a.st_ino == b.st_ino);
}

/* ---------------------------------------------------------------- cgroups */

static void add_cgroup_mount(char **options)
{
	rig_add_defaults(&g);
	rig_mount(&g, "cgroup", "cgroup", "/sys/fs/cgroup", options);
}

TEST(v1_shows_each_hierarchy_from_the_containers_cgroup)
{
	const struct rootfs_cgroup cg[] = {
		{"cpu,cpuacct", "cpu,cpuacct",
		 xasprintf("%s/cpu", test_tmpdir())},
		{"systemd", "none,name=systemd",
		 xasprintf("%s/sd", test_tmpdir())},
	};

	setup();
	CHECK(mkdir("cpu", 0755) == 0 && mkdir("sd", 0755) == 0);
	rig_write("cpu/cpu.shares", "512");
	add_cgroup_mount(OPTIONS("nosuid", "ro"));
	g.plan.cgroups = cg;
	g.plan.n_cgroups = 2;
	rig_enter(&g);
	CHECK_STR(rig_read("/sys/fs/cgroup/cpu,cpuacct/cpu.shares"), "512");
	CHECK_STR(rig_read("/sys/fs/cgroup/cpu/cpu.shares"), "512");
	CHECK_STR(link_of("/sys/fs/cgroup/cpuacct"), "cpu,cpuacct");
	CHECK(exists("/sys/fs/cgroup/systemd"));
	CHECK(is_ro("/sys/fs/cgroup") && is_ro("/sys/fs/cgroup/cpu"));
}

TEST(cgroups_are_writable_when_asked_for)
{
	const struct rootfs_cgroup cg = {"cpu", "cpu",
					 xasprintf("%s/cpu", test_tmpdir())};

	setup();
	CHECK(mkdir("cpu", 0755) == 0);
	add_cgroup_mount(OPTIONS("rw"));
	g.plan.cgroups = &cg;
	g.plan.n_cgroups = 1;
	rig_enter(&g);
	CHECK(!is_ro("/sys/fs/cgroup/cpu") && !is_ro("/sys/fs/cgroup"));
}

TEST(v2_with_a_namespace_is_a_new_mount)
{
	const struct rootfs_cgroup cg = {"", NULL, "/sys/fs/cgroup/x"};

	setup();
	CHECK(unshare(CLONE_NEWCGROUP) == 0);
	add_cgroup_mount(OPTIONS("ro"));
	g.plan.cgroups = &cg;
	g.plan.n_cgroups = 1;
	g.plan.own_cgroupns = true;
	rig_enter(&g);
	CHECK(fs_type("/sys/fs/cgroup") == CGROUP2_SUPER_MAGIC);
	CHECK(is_ro("/sys/fs/cgroup"));
}

TEST(without_a_cgroup_the_hosts_tree_is_read_only)
{
	setup();
	SKIP_UNLESS("cgroup", exists("/sys/fs/cgroup"), "no cgroups");
	unseal("/sys/fs/cgroup");
	add_cgroup_mount(OPTIONS("rw"));
	rig_enter(&g);
	CHECK(exists("/sys/fs/cgroup") && is_ro("/sys/fs/cgroup"));
}
