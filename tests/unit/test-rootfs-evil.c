/* runtime/rootfs with images that attack it.  Whatever an image holds, nothing
 * of the host may be mounted over, made or changed, and nothing but a procfs
 * may pass for /proc. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/path.h"
#include "rootfs_rig.h"
#include "seal.h"

static struct rig g;

/* "outside" stands for the host's directories: beside the image, and named by
 * absolute links and by links that climb. */
static void setup(void)
{
	seal();
	rig_setup(&g);
	CHECK(mkdir("outside", 0755) == 0 && mkdir("outside/d", 0755) == 0);
	rig_write("outside/file", "host");
}

static void evil_link(const char *target, const char *in_image)
{
	unlinkat(g.image, in_image, AT_REMOVEDIR);
	CHECK(symlinkat(target, g.image, in_image) == 0);
}

static char *outside(const char *below)
{
	return xasprintf("%s/outside%s", test_tmpdir(), below);
}

/* No mount in it, nothing made in it, nothing changed in it. */
static void check_outside(void)
{
	CHECK_INT(mounts_below(outside("")), 0);
	CHECK_STR(rig_read("outside/file"), "host");
	CHECK(rmdir("outside/d") == 0 && unlink("outside/file") == 0);
	CHECK(rmdir("outside") == 0);
}

static bool in_image(const char *path)
{
	int fd = path_open_in_root(rootfs_fd(g.r), path, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* ------------------------------------------------- where mounts are to go */

TEST(an_absolute_link_stays_inside)
{
	setup();
	evil_link(outside("/d"), "a");
	evil_link(outside("/file"), "f");
	rig_mount(&g, "tmpfs", "tmpfs", "/a", NULL);
	rig_mount(&g, "tmpfs", "tmpfs", "/a/b/c", NULL);
	rig_bind(&g, "outside/file", "/f");
	RIG_OK(&g, rig_build(&g));
	CHECK(in_image(outside("/d/b/c")));
	check_outside();
}

TEST(a_climbing_link_stays_inside)
{
	setup();
	evil_link("../../../../outside", "a");
	evil_link("a/../../outside", "chain");
	rig_mount(&g, "tmpfs", "tmpfs", "/a/d", NULL);
	rig_mount(&g, "tmpfs", "tmpfs", "/chain/d/x", NULL);
	rig_mount(&g, "tmpfs", "tmpfs", "/../../outside/e", NULL);
	RIG_OK(&g, rig_build(&g));
	CHECK(in_image("outside/d/x"));
	check_outside();
}

/* CVE-2019-19921. */
TEST(proc_behind_a_link_is_refused)
{
	setup();
	evil_link(outside("/d"), "proc");
	rig_add_defaults(&g);
	CHECK_INT(rig_build(&g), -ELOOP);
	CHECK(strstr(g.err.msg, "mounts[0] /proc:"));
	CHECK(strstr(g.err.msg, "symlink"));
	check_outside();
}

TEST(sysfs_behind_a_link_is_refused)
{
	setup();
	evil_link("mnt", "sys");
	rig_add_defaults(&g);
	CHECK_INT(rig_build(&g), -ELOOP);
	CHECK(strstr(g.err.msg, "mounts[5] /sys:"));
}

/* CVE-2026-41579. */
TEST(a_linked_dev_gets_no_node_outside)
{
	setup();
	evil_link(outside(""), "dev");
	rig_add_defaults(&g);
	RIG_OK(&g, rig_build(&g));
	CHECK(in_image("dev/null") && in_image("dev/pts/ptmx"));
	check_outside();
}

TEST(a_linked_dev_without_a_tmpfs_neither)
{
	setup();
	evil_link(outside("/d"), "dev");
	RIG_OK(&g, rig_build(&g));
	CHECK(in_image("dev/null"));
	check_outside();
}

TEST(a_listed_device_stays_inside)
{
	setup();
	evil_link(outside(""), "links");
	evil_link(outside("/file"), "node");
	g.devices[0] = (struct oci_device){.path = (char *)"/links/sub/null",
					   .type = S_IFCHR,
					   .major = 1,
					   .minor = 3,
					   .uid = {1, true}};
	g.devices[1] = (struct oci_device){.path = (char *)"/node",
					   .type = S_IFCHR,
					   .major = 1,
					   .minor = 3,
					   .uid = {1, true}};
	g.spec.linux.n_devices = 2;
	CHECK_INT(rig_build(&g), -EEXIST);
	CHECK(strstr(g.err.msg, "linux.devices[1]: /node of the container"));
	CHECK(in_image(outside("/sub/null")));
	check_outside();
}

TEST(tmpcopyup_does_not_read_the_host)
{
	setup();
	evil_link(outside(""), "data");
	rig_mount(&g, "tmpfs", "tmpfs", "/data", OPTIONS("tmpcopyup"));
	RIG_OK(&g, rig_build(&g));
	CHECK(!in_image("data/file"));
	check_outside();
}

TEST(copy_symlink_makes_no_link_outside)
{
	setup();
	CHECK(symlink("x", "link") == 0);
	evil_link(outside(""), "dir");
	rig_mount(&g, "bind", "link", "/dir/new",
		  OPTIONS("bind", "copy-symlink"));
	RIG_OK(&g, rig_build(&g));
	check_outside();
}

TEST(the_root_cannot_be_covered)
{
	setup();
	rig_mount(&g, "tmpfs", "tmpfs", "/etc/..", NULL);
	CHECK_INT(rig_build(&g), -EINVAL);
}

/* ------------------------------------------------------------------- /proc */

static int refused(const char *destination, const char *source)
{
	rig_mount(&g, "proc", "proc", "/proc", NULL);
	rig_bind(&g, source, destination);
	return rig_build(&g);
}

/* CVE-2023-27561, CVE-2023-28642, CVE-2025-52881. */
TEST(nothing_is_mounted_below_proc)
{
	setup();
	CHECK_INT(refused("/proc/sys/kernel", "outside/d"), -EPERM);
	CHECK(strstr(g.err.msg, "mounts[1] /proc/sys/kernel"));
}

TEST(not_even_a_procfs)
{
	setup();
	CHECK_INT(refused("/proc/sys", "/proc"), -EPERM);
}

TEST(nor_over_it)
{
	setup();
	CHECK_INT(refused("/etc/../proc/", "outside/d"), -EPERM);
}

TEST(nor_through_a_link)
{
	setup();
	evil_link("/proc/sys/kernel", "k");
	CHECK_INT(refused("/k/hostname", "outside/file"), -EPERM);
	CHECK(strstr(g.err.msg, "procfs"));
}

TEST(nor_as_a_new_filesystem)
{
	setup();
	rig_mount(&g, "tmpfs", "tmpfs", "/proc", NULL);
	CHECK_INT(rig_build(&g), -EPERM);
}

TEST(lxcfs_may_replace_its_files)
{
	setup();
	CHECK_INT(refused("/proc/uptime", "outside/file"), 0);
	CHECK(in_image("proc/uptime"));
}

TEST(the_hosts_proc_is_a_proc)
{
	setup();
	rig_bind(&g, "/proc", "/proc");
	RIG_OK(&g, rig_build(&g));
	rig_bind(&g, "/proc/sys", "/proc");
	CHECK(rootfs_mount(g.r, &g.err) == -EPERM);
}

/* ------------------------------------------------------------------- masks */

static bool is_null_in_image(const char *path)
{
	int fd = path_open_in_root(rootfs_fd(g.r), path, O_PATH);
	struct stat st;

	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	close(fd);
	return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

TEST(a_masked_link_masks_the_image_not_the_host)
{
	setup();
	evil_link("/etc/passwd", "m");
	evil_link(outside(""), "d");
	CHECK(faccessat(AT_FDCWD, "/etc/passwd", F_OK, 0) == 0);
	rig_write("rootfs/etc/passwd", "image");
	rig_add_defaults(&g);
	g.spec.linux.masked_paths = OPTIONS("/m", "/d/file", "/d/d");
	g.spec.linux.readonly_paths = OPTIONS("/d");
	RIG_OK(&g, rig_build(&g));
	RIG_OK(&g, rootfs_seal(g.r, &g.err));
	CHECK(is_null_in_image("etc/passwd"));
	check_outside();
	CHECK_INT(mounts_below("/etc"), 0);
}

/* CVE-2025-31133: the null device of the image is a link. */
TEST(a_swapped_null_of_the_image_masks_nothing_else)
{
	setup();
	evil_link(outside("/file"), "dev/null");
	rig_write("rootfs/etc/secret", "secret");
	g.spec.linux.masked_paths = OPTIONS("/etc/secret");
	RIG_OK(&g, rig_build(&g));
	RIG_OK(&g, rootfs_seal(g.r, &g.err));
	CHECK(is_null_in_image("etc/secret"));
	check_outside();
}

TEST(a_swapped_null_of_the_host_stops_us)
{
	setup();
	rig_write("rootfs/etc/secret", "secret");
	g.spec.linux.masked_paths = OPTIONS("/etc/secret");
	RIG_OK(&g, rig_build(&g));
	CHECK(mount("outside/file", "/dev/null", NULL, MS_BIND, NULL) == 0);
	CHECK_INT(rootfs_seal(g.r, &g.err), -ENODEV);
	CHECK(strstr(g.err.msg, "/etc/secret"));
}

/* ------------------------------------------------------------------- races */

static void __attribute__((noreturn)) swap_for_ever(void)
{
	for (;;)
		renameat2(g.image, "swap", g.image, "evil", RENAME_EXCHANGE);
}

static int build_once(void)
{
	char *seen = outside("");

	CHECK(unshare(CLONE_NEWNS) == 0);
	/* It may fail, when a directory is swapped away under it. */
	if (rig_build(&g) == 0)
		rootfs_seal(g.r, &g.err);
	return mounts_below(seen) != 0;
}

/* CVE-2021-30465: a process of another container swaps a directory of the
 * image for a link, while the mounts are made. */
TEST(a_racing_swapper_gets_no_mount_outside)
{
	pid_t swapper;
	int bad = 0;

	setup();
	CHECK(mkdir("rootfs/swap", 0755) == 0);
	evil_link(outside(""), "evil");
	rig_mount(&g, "tmpfs", "tmpfs", "/swap/d", NULL);
	rig_bind(&g, "/etc/hostname", "/swap/file");
	rig_mount(&g, "tmpfs", "tmpfs", "/swap/new/dir", NULL);
	g.devices[0] = (struct oci_device){.path = (char *)"/swap/node",
					   .type = S_IFCHR,
					   .major = 1,
					   .minor = 3};
	g.spec.linux.n_devices = 1;
	g.spec.linux.masked_paths = OPTIONS("/swap/file", "/swap/d");
	g.spec.linux.readonly_paths = OPTIONS("/swap/file", "/swap/d");

	swapper = fork();
	CHECK(swapper >= 0);
	if (swapper == 0)
		swap_for_ever();
	for (int i = 0; i < 150 && !bad; i++)
		bad = in_child(build_once);
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	CHECK_INT(bad, 0);
	check_outside();
}
