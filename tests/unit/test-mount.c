/* host/mount: what an image contains never decides where a mount goes, and
 * what is attached is what was meant. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/path.h"
#include "seal.h"

#define OPTIONS(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

static struct err err;

static dev_t device_of(int dir, const char *path)
{
	struct stat st;

	CHECK(fstatat(dir, path, &st, 0) == 0);
	return st.st_dev;
}

static unsigned long flags_of(const char *path)
{
	struct statvfs st;

	CHECK(statvfs(path, &st) == 0);
	return st.f_flag;
}

static int new_tmpfs(uint64_t attrs)
{
	struct mount_fs fs = {.type = "tmpfs", .attrs = attrs};
	int fd = mount_fs_new(&fs, &err);

	if (fd < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return fd;
}

static int open_dir(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* ---------------------------------------------------------------- options */

TEST(every_option_is_known_by_its_name)
{
	const char *const *names = mount_option_names();

	for (size_t i = 0; names[i]; i++) {
		char *const *one = OPTIONS(names[i]);
		struct mount_opts o;

		if (i > 0)
			CHECK(strcmp(names[i - 1], names[i]) < 0);
		CHECK_INT(mount_opts_parse(one, &o, &err), 0);
		CHECK_INT(o.n_data, 0);
		mount_opts_free(&o);
	}
}

TEST(the_later_option_wins)
{
	char *const *v = OPTIONS("ro", "noatime", "rw", "dev", "nosuid",
				 "strictatime", "nodev");
	struct mount_opts o;

	CHECK_INT(mount_opts_parse(v, &o, &err), 0);
	CHECK_INT(o.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				 MOUNT_ATTR_STRICTATIME);
	CHECK_INT(o.clr & (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV),
		  MOUNT_ATTR_RDONLY);
	/* The kernel wants all of the atime field cleared, or none. */
	CHECK_INT((o.clr | o.set) & MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME);
	mount_opts_free(&o);
}

TEST(unknown_options_go_to_the_filesystem_in_order)
{
	char *const *v = OPTIONS("size=64k", "rbind", "gid=5", "nodev", "acl");
	struct mount_opts o;

	CHECK_INT(mount_opts_parse(v, &o, &err), 0);
	CHECK_INT(o.n_data, 3);
	CHECK_STR(o.data[0], "size=64k");
	CHECK_STR(o.data[1], "gid=5");
	CHECK_STR(o.data[2], "acl");
	CHECK_INT(o.how, MOUNT_BIND | MOUNT_BIND_REC);
	mount_opts_free(&o);
}

TEST(propagation_has_a_bound)
{
	char *const *v =
		OPTIONS("shared", "rslave", "private", "rshared", "slave");
	struct mount_opts o;

	CHECK_INT(mount_opts_parse(v, &o, &err), -E2BIG);
}

TEST(every_atime_is_taken_by_the_kernel)
{
	static const char *const modes[] = {
		"atime",       "noatime",       "relatime",  "norelatime",
		"strictatime", "nostrictatime", "nodiratime"};

	seal();
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char *const *one = OPTIONS(modes[i]);
		_cleanup_close_ int mnt = -1;
		struct mount_opts o;

		CHECK_INT(mount_opts_parse(one, &o, &err), 0);
		mnt = new_tmpfs(o.set);
		CHECK_INT(mount_set(mnt, o.set, o.clr, false), 0);
	}
}

/* ---------------------------------------------------------- where they go */

/* An image whose /evil points at the host's /mnt. */
TEST(a_symlink_cannot_move_a_mount_onto_the_host)
{
	_cleanup_close_ int root = -1, mnt = -1, target = -1;
	dev_t host;

	seal();
	CHECK(mkdir("rootfs", 0755) == 0);
	root = open_dir("rootfs");
	host = device_of(AT_FDCWD, "/mnt");
	CHECK(symlinkat("/mnt", root, "evil") == 0);
	mnt = new_tmpfs(0);

	CHECK(mount_attach_at(mnt, root, "evil") < 0);
	CHECK(device_of(AT_FDCWD, "/mnt") == host);
	target = path_mkdir_p_in_root(root, "/evil", 0755);
	CHECK(target >= 0);
	CHECK_INT(mount_attach(mnt, target), 0);
	CHECK(device_of(AT_FDCWD, "/mnt") == host);
	CHECK(device_of(root, "mnt") == device_of(mnt, "."));
}

TEST(a_file_covers_a_link_and_not_its_target)
{
	_cleanup_close_ int root = -1, null = -1;
	struct stat st;

	seal();
	CHECK(mkdir("rootfs", 0755) == 0);
	root = open_dir("rootfs");
	CHECK(symlinkat("/etc/hostname", root, "kcore") == 0);
	null = mount_clone_null(&err);
	CHECK(null >= 0);
	CHECK_INT(mount_attach_at(null, root, "kcore"), 0);
	CHECK(fstatat(root, "kcore", &st, 0) == 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	CHECK_INT(mounts_below("/etc"), 0);
}

TEST(attributes_are_there_before_anyone_can_look)
{
	_cleanup_close_ int mnt = -1, copy = -1;

	seal();
	CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0);
	mnt = new_tmpfs(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	CHECK_INT(mount_attach_at(mnt, AT_FDCWD, "a"), 0);
	CHECK(mkdir("a/sub", 0755) == 0);
	close(mnt);
	mnt = new_tmpfs(0);
	CHECK_INT(mount_attach_at(mnt, AT_FDCWD, "a/sub"), 0);

	copy = mount_clone(AT_FDCWD, "a", CLONE_TREE_RECURSIVE);
	CHECK(copy >= 0);
	CHECK_INT(mount_set(copy, MOUNT_ATTR_RDONLY, 0, true), 0);
	CHECK_INT(mount_set(copy, MOUNT_ATTR_NOEXEC, 0, false), 0);
	CHECK_INT(mount_attach_at(copy, AT_FDCWD, "b"), 0);
	CHECK_INT(flags_of("b") &
			  (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC),
		  ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
	CHECK_INT(flags_of("b/sub") & (ST_RDONLY | ST_NOEXEC), ST_RDONLY);
	CHECK_INT(flags_of("a") & ST_RDONLY, 0);
}

/* ------------------------------------------------------------ what they are */

TEST(a_refused_option_is_told_in_the_kernels_words)
{
	const char *data[] = {"size=1m", "sice=3"};
	struct mount_fs fs = {.type = "tmpfs", .data = data, .n_data = 2};

	seal();
	CHECK_INT(mount_fs_new(&fs, &err), -EINVAL);
	CHECK(strstr(err.msg, "sice=3"));
	CHECK(strstr(err.msg, "Unknown parameter"));
	fs.type = "nosuchfs";
	CHECK_INT(mount_fs_new(&fs, &err), -ENODEV);
	CHECK(strstr(err.msg, "nosuchfs"));
}

/* fsconfig() takes 255 bytes; an overlay of many layers has more. */
TEST(long_options_take_the_old_way)
{
	char dir[2][160], lower[400];
	const char *data[] = {lower};
	struct mount_fs fs = {.type = "overlay",
			      .source = "overlay",
			      .data = data,
			      .n_data = 1,
			      .attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	_cleanup_close_ int target = -1;

	seal();
	for (int i = 0; i < 2; i++) {
		memset(dir[i], 'a' + i, sizeof(dir[i]) - 1);
		dir[i][sizeof(dir[i]) - 1] = '\0';
		CHECK(mkdir(dir[i], 0755) == 0);
	}
	CHECK(mkdir("target", 0755) == 0);
	target = open_dir("target");
	snprintf(lower, sizeof(lower), "lowerdir=%s:%s", dir[0], dir[1]);
	CHECK(mount_fs_needs_classic(&fs));
	CHECK_INT(mount_fs_classic(&fs, target, &err), 0);
	CHECK(device_of(AT_FDCWD, "target") != device_of(AT_FDCWD, dir[0]));
	CHECK_INT(flags_of("target") & (ST_RDONLY | ST_NOSUID),
		  ST_RDONLY | ST_NOSUID);
	snprintf(lower, sizeof(lower), "lowerdir=short");
	CHECK(!mount_fs_needs_classic(&fs));
}

/* CVE-2025-31133: what masks a path must be the null device. */
TEST(a_swapped_dev_null_is_found_out)
{
	seal();
	CHECK(mount("/dev/zero", "/dev/null", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(mount_clone_null(&err), -ENODEV);
	CHECK(strstr(err.msg, "1:3"));
	CHECK(umount("/dev/null") == 0);
	CHECK(mount("tmpfs", "/dev", "tmpfs", 0, NULL) == 0);
	CHECK(symlink("/etc/passwd", "/dev/null") == 0);
	CHECK_INT(mount_clone_null(&err), -ENODEV);
}

/* A container that changed its masked /proc/kcore changed the host's own
 * /dev/null. */
TEST(nobody_changes_the_hosts_null_through_a_mask)
{
	_cleanup_close_ int null = -1, fd = -1;

	seal();
	/* Writable, as it is for a container. */
	CHECK(mount("tmpfs", "/dev", "tmpfs", 0, NULL) == 0);
	CHECK(mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) == 0);
	CHECK(mknod("mask", S_IFREG | 0644, 0) == 0);
	null = mount_clone_null(&err);
	CHECK(null >= 0);
	CHECK_INT(mount_attach_at(null, AT_FDCWD, "mask"), 0);
	CHECK(chmod("mask", 0600) < 0 && errno == EROFS);
	CHECK(chown("mask", 1, 1) < 0 && errno == EROFS);
	fd = open("mask", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
}

TEST(the_empty_directory_stays_empty)
{
	_cleanup_close_ int mnt = -1;

	seal();
	CHECK(mkdir("masked", 0755) == 0);
	mnt = mount_new_empty(NULL, NULL, &err);
	CHECK(mnt >= 0);
	CHECK_INT(mount_attach_at(mnt, AT_FDCWD, "masked"), 0);
	CHECK(mkdir("masked/x", 0755) < 0 && errno == EROFS);
}

/* --------------------------------------------------------------- the root */

/* A tmpfs at ./new with a marker, its root as a descriptor. */
static int make_new_root(void)
{
	int mnt = new_tmpfs(0);

	CHECK(mkdir("new", 0755) == 0);
	CHECK_INT(mount_attach_at(mnt, AT_FDCWD, "new"), 0);
	CHECK(mkdirat(mnt, "proc", 0755) == 0);
	CHECK(mknodat(mnt, "marker", S_IFREG | 0644, 0) == 0);
	return mnt;
}

TEST(pivot_root_leaves_nothing_of_the_host)
{
	struct mount_fs proc = {.type = "proc"};
	_cleanup_close_ int root = -1, procfs = -1;

	seal();
	root = make_new_root();
	procfs = mount_fs_new(&proc, &err);
	CHECK(procfs >= 0);
	CHECK_INT(mount_attach_at(procfs, root, "proc"), 0);
	if (mount_pivot_root(root, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK(access("/marker", F_OK) == 0);
	CHECK(access("/../../tmp", F_OK) < 0);
	CHECK_INT(mounts_below(""), 2);
	CHECK(faccessat(root, "marker", F_OK, 0) == 0);
}

TEST(without_pivot_no_procfs_of_the_host_stays)
{
	struct mount_fs proc = {.type = "proc"};
	_cleanup_close_ int root = -1, procfs = -1, old = -1;

	seal();
	root = make_new_root();
	procfs = mount_fs_new(&proc, &err);
	CHECK(procfs >= 0);
	CHECK_INT(mount_attach_at(procfs, root, "proc"), 0);
	/* The way out of a chroot, for who has a descriptor. */
	old = open_dir("/");
	if (mount_move_root(root, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK(access("/marker", F_OK) == 0);
	CHECK(access("/proc/self/status", F_OK) == 0);
	CHECK(faccessat(old, "etc", F_OK, 0) == 0);
	CHECK(faccessat(old, "proc/self", F_OK, 0) < 0);
	CHECK(faccessat(old, "sys/kernel", F_OK, 0) < 0);
}

TEST(a_shared_parent_does_not_see_what_is_attached)
{
	_cleanup_close_ int mnt = -1;

	seal();
	CHECK(mkdir("peer", 0755) == 0 && mkdir("a", 0755) == 0);
	CHECK(mkdir("a/b", 0755) == 0);
	CHECK(mount("a", "a", NULL, MS_BIND, NULL) == 0);
	CHECK(mount(NULL, "a", NULL, MS_SHARED, NULL) == 0);
	CHECK(mount("a", "peer", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(mount_make_parent_private("a/b", &err), 0);
	mnt = new_tmpfs(0);
	CHECK_INT(mount_attach_at(mnt, AT_FDCWD, "a/b"), 0);
	CHECK(device_of(AT_FDCWD, "peer/b") == device_of(AT_FDCWD, "peer"));
}
