/* host/path: an image's symlinks, and a process that swaps them while we
 * look, must not lead a path out of the image. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "host/path.h"

/* <tmp>/image is the rootfs; <tmp>/outside stands for the host. */
static int image, outside;

static void setup(void)
{
	CHECK(chdir(test_tmpdir()) == 0);
	CHECK(mkdir("image", 0755) == 0 && mkdir("outside", 0755) == 0);
	image = open("image", O_PATH | O_DIRECTORY | O_CLOEXEC);
	outside = open("outside", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(image >= 0 && outside >= 0);
}

static bool outside_has(const char *name)
{
	return faccessat(outside, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool image_has_dir(const char *name)
{
	struct stat st;

	return fstatat(image, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

static bool same_file(int fd, const char *in_image)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	       fstatat(image, in_image, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void file_at(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

TEST(clean_is_lexical_and_stops_at_the_root)
{
	static const char *const rows[][2] = {
		{"/", ""},
		{"", ""},
		{".", ""},
		{"//a///b/", "a/b"},
		{"/a/./b/..", "a"},
		{"../../x", "x"},
		{"/a/../../b", "b"},
		{"..a/b..", "..a/b.."},
		{"/a/b/c/../..", "a"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *clean = path_clean(rows[i][0]);

		CHECK_STR(clean, rows[i][1]);
	}
}

TEST(below_knows_where_a_component_ends)
{
	CHECK_STR(path_below("proc/sys", "proc"), "sys");
	CHECK_STR(path_below("proc", "proc"), "");
	CHECK(path_below("process", "proc") == NULL);
	CHECK(path_below("pro", "proc") == NULL);
	CHECK_STR(path_below("a/b", ""), "a/b");
}

TEST(open_keeps_links_and_dots_in_the_root)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_free_ char *abs = NULL;

	setup();
	file_at(outside, "secret", "host");
	file_at(image, "secret", "image");
	CHECK(mkdirat(image, "a", 0755) == 0);
	CHECK(asprintf(&abs, "%s/outside/secret", test_tmpdir()) > 0);
	CHECK(symlinkat(abs, image, "absolute") == 0);
	CHECK(symlinkat("../../outside/secret", image, "a/dots") == 0);
	CHECK(symlinkat("../../secret", image, "a/clamped") == 0);

	CHECK_INT(path_open_in_root(image, "absolute", O_RDONLY), -ENOENT);
	CHECK_INT(path_open_in_root(image, "a/dots", O_RDONLY), -ENOENT);
	CHECK_INT(path_open_in_root(image, "../outside", O_PATH), -ENOENT);
	CHECK_INT(path_read_in_root(image, "a/clamped", 100, &text), 0);
	CHECK_STR(text.data, "image");
	CHECK_INT(path_open_in_root_nolink(image, "a/clamped", O_PATH), -ELOOP);
	CHECK_INT(path_open_beneath(image, "../image", O_PATH), -EXDEV);
	CHECK_INT(path_open_beneath(image, "a/clamped", O_PATH), -ELOOP);
}

TEST(mkdir_p_makes_what_is_missing)
{
	_cleanup_close_ int fd = -1, root = -1, again = -1;

	setup();
	fd = path_mkdir_p_in_root(image, "/x//y/./z/", 0755);
	CHECK(fd >= 0 && same_file(fd, "x/y/z"));
	again = path_mkdir_p_in_root(image, "x/y/z", 0755);
	CHECK(again >= 0 && same_file(again, "x/y/z"));
	root = path_mkdir_p_in_root(image, "/n/../..", 0755);
	CHECK(root >= 0 && same_file(root, "."));
	file_at(image, "file", "");
	CHECK_INT(path_mkdir_p_in_root(image, "file/d", 0755), -ENOTDIR);
	CHECK_INT(path_mkdir_p_in_root(image, "file", 0755), -ENOTDIR);
}

TEST(mkdir_p_follows_links_in_the_root)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *abs = NULL;

	setup();
	CHECK(asprintf(&abs, "%s/outside", test_tmpdir()) > 0);
	CHECK(symlinkat(abs, image, "absolute") == 0);
	CHECK(symlinkat("../../../../outside", image, "dots") == 0);
	CHECK(symlinkat("/real/../run", image, "dangling") == 0);
	CHECK(symlinkat("loop", image, "loop") == 0);

	fd = path_mkdir_p_in_root(image, "absolute/x", 0755);
	CHECK(fd >= 0);
	close(fd);
	fd = path_mkdir_p_in_root(image, "dots/x", 0755);
	CHECK(fd >= 0 && same_file(fd, "outside/x"));
	close(fd);
	fd = path_mkdir_p_in_root(image, "dangling/sub", 0755);
	CHECK(fd >= 0 && same_file(fd, "run/sub"));
	CHECK(image_has_dir("real"));
	CHECK_INT(path_mkdir_p_in_root(image, "loop/x", 0755), -ELOOP);
	CHECK(!outside_has("x"));
}

TEST(make_file_never_touches_what_is_there)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = -1, made = -1, link = -1;

	setup();
	file_at(image, "kept", "kept");
	CHECK(symlinkat("../../outside/new", image, "evil") == 0);
	fd = path_make_file_in_root(image, "kept", 0644);
	CHECK(fd >= 0 && same_file(fd, "kept"));
	CHECK_INT(path_read_in_root(image, "kept", 100, &text), 0);
	CHECK_STR(text.data, "kept");
	made = path_make_file_in_root(image, "etc/deep/file", 0644);
	CHECK(made >= 0 && same_file(made, "etc/deep/file"));
	link = path_make_file_in_root(image, "evil", 0644);
	CHECK(link >= 0 && same_file(link, "outside/new"));
	CHECK(!outside_has("new"));
}

TEST(only_regular_files_are_read)
{
	_cleanup_buf_ struct buf text = {0};

	setup();
	CHECK(mkfifoat(image, "passwd", 0644) == 0);
	CHECK(mkdirat(image, "dir", 0755) == 0);
	/* A FIFO without a writer would make open() wait for ever. */
	alarm(5);
	CHECK_INT(path_open_file_in_root(image, "passwd"), -EINVAL);
	CHECK_INT(path_open_file_in_root(image, "dir"), -EISDIR);
	file_at(image, "big", "0123456789");
	CHECK_INT(path_read_in_root(image, "big", 9, &text), -EFBIG);
}

TEST(parent_needs_a_last_component)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_MAX + 1], longest[NAME_MAX + 2];

	setup();
	CHECK_INT(path_open_parent_in_root(image, "/", true, name), -EINVAL);
	CHECK_INT(path_open_parent_in_root(image, "a/..", true, name), -EINVAL);
	CHECK_INT(path_open_parent_in_root(image, "a/b", false, name), -ENOENT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	CHECK_INT(path_open_parent_in_root(image, longest, true, name),
		  -ENAMETOOLONG);
	fd = path_open_parent_in_root(image, "a/b//", true, name);
	CHECK(fd >= 0 && same_file(fd, "a"));
	CHECK_STR(name, "b");
}

/* A small generator, the same images on every run. */
static unsigned int next_random(unsigned int below)
{
	static unsigned int x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % below;
}

/* "/b/../../a", "c/d/.", … */
static void random_path(char *path)
{
	static const char *const parts[] = {"a", "b", "c", "d", "..", ".", ""};
	unsigned int n = 1 + next_random(5);

	strcpy(path, next_random(2) ? "/" : "");
	for (unsigned int i = 0; i < n; i++) {
		strcat(path, parts[next_random(ARRAY_SIZE(parts))]);
		if (i + 1 < n || next_random(4) == 0)
			strcat(path, "/");
	}
}

/* Directories and links at random in a fresh image. */
static void random_image(int n)
{
	char path[64], target[64];

	snprintf(path, sizeof(path), "image/%d", n);
	CHECK(mkdir(path, 0755) == 0);
	close(image);
	image = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 8; i++) {
		char name[NAME_MAX + 1];
		_cleanup_close_ int dir = -1;

		random_path(path);
		dir = path_open_parent_in_root(image, path, true, name);
		random_path(target);
		/* Only what is there already may stop it. */
		if (dir >= 0 && next_random(3))
			CHECK(symlinkat(*target ? target : "a", dir, name) ==
				      0 ||
			      errno == EEXIST);
		else if (dir >= 0)
			CHECK(mkdirat(dir, name, 0755) == 0 || errno == EEXIST);
	}
}

static void check_inside(int fd)
{
	char link[64], at[PATH_MAX], in[PATH_MAX];
	ssize_t n, m;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, at, sizeof(at) - 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", image);
	m = readlink(link, in, sizeof(in) - 1);
	CHECK(n >= m && m > 0 && memcmp(at, in, (size_t)m) == 0);
	CHECK(n == m || at[m] == '/');
}

/* What we make by hand is what the kernel then finds by itself. */
TEST(random_images_keep_their_paths)
{
	int made = 0;

	setup();
	for (int i = 0; i < 400; i++) {
		struct stat a, b;
		bool file = next_random(3) == 0;
		char path[64];
		int fd, again;

		random_image(i);
		random_path(path);
		/* "file/" is nothing that open(2) finds. */
		for (size_t n = strlen(path); file && n && path[n - 1] == '/';)
			path[--n] = '\0';
		fd = file ? path_make_file_in_root(image, path, 0644)
			  : path_mkdir_p_in_root(image, path, 0755);
		if (fd < 0)
			continue;
		check_inside(fd);
		again = path_open_in_root(image, path, O_PATH);
		CHECK(again >= 0);
		CHECK(fstat(fd, &a) == 0 && fstat(again, &b) == 0);
		CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
		close(fd);
		close(again);
		made++;
	}
	CHECK(made > 200);
}

/* Swap image/swap between a directory and a link to the outside, for ever. */
static pid_t start_swapper(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	for (;;)
		renameat2(image, "swap", image, "evil", RENAME_EXCHANGE);
}

/* CVE-2021-30465, CVE-2024-45310. */
TEST(a_racing_swapper_cannot_move_us_out)
{
	_cleanup_free_ char *abs = NULL;
	pid_t swapper;

	setup();
	CHECK(asprintf(&abs, "../../../../../../../..%s/outside",
		       test_tmpdir()) > 0);
	CHECK(mkdirat(image, "swap", 0755) == 0);
	CHECK(symlinkat(abs, image, "evil") == 0);
	swapper = start_swapper();
	for (int i = 0; i < 400; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "swap/d%d/e", i);
		fd = path_mkdir_p_in_root(image, path, 0755);
		if (fd >= 0)
			close(fd);
		snprintf(path, sizeof(path), "swap/f%d", i);
		fd = path_make_file_in_root(image, path, 0644);
		if (fd >= 0)
			close(fd);
		snprintf(path, sizeof(path), "d%d", i);
		if (outside_has(path))
			break;
		path[0] = 'f';
		if (outside_has(path))
			break;
	}
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	/* rmdir: fails unless empty. */
	CHECK(unlinkat(AT_FDCWD, "outside", AT_REMOVEDIR) == 0);
}
