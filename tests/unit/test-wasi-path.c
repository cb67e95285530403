/* tests/unit/test-wasi-path.c
 * A guest holds tmp/in; tmp/out is what it must never reach. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "wasm/wasi_path.h"

static struct wasi_dir dir = {.fd = -1};

static void put_file(int at, const char *path, const char *text)
{
	int fd = openat(at, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* in/{file,sub/{file,up -> ../file}, evil -> ../out, abs -> /sub/file,
 *     dangling -> sub/new}, out/secret */
static void make_tree(void)
{
	const char *tmp = test_tmpdir();
	int at = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(at >= 0);
	CHECK(mkdirat(at, "in", 0755) == 0 && mkdirat(at, "out", 0755) == 0);
	put_file(at, "out/secret", "secret");
	dir.fd = openat(at, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir.is_root = false;
	CHECK(dir.fd >= 0);
	put_file(dir.fd, "file", "top");
	CHECK(mkdirat(dir.fd, "sub", 0755) == 0);
	put_file(dir.fd, "sub/file", "deep");
	CHECK(symlinkat("../file", dir.fd, "sub/up") == 0);
	CHECK(symlinkat("../out", dir.fd, "evil") == 0);
	CHECK(symlinkat("/sub/file", dir.fd, "abs") == 0);
	CHECK(symlinkat("sub/new", dir.fd, "dangling") == 0);
	close(at);
}

/* The error, or 0 and the file is `text`. */
static int reads(const char *path, int flags, const char *text)
{
	char buf[16] = "";
	int fd = wasi_open_beneath(&dir, path, O_RDONLY | flags, 0);

	if (fd < 0)
		return fd;
	CHECK(read(fd, buf, sizeof(buf) - 1) >= 0);
	CHECK_STR(buf, text);
	close(fd);
	return 0;
}

TEST(paths_inside_work)
{
	make_tree();
	CHECK_INT(reads("file", 0, "top"), 0);
	CHECK_INT(reads("./sub/../sub//file", 0, "deep"), 0);
	CHECK_INT(reads("sub/up", 0, "top"), 0);
	CHECK_INT(reads("sub/up", O_NOFOLLOW, ""), -ELOOP);
	CHECK_INT(reads("", 0, ""), -ENOENT);
	CHECK_INT(reads("file/", 0, ""), -ENOTDIR);
}

TEST(paths_that_lead_out_are_refused)
{
	make_tree();
	CHECK_INT(reads("../out/secret", 0, ""), -EXDEV);
	CHECK_INT(reads("sub/../../out/secret", 0, ""), -EXDEV);
	CHECK_INT(reads("evil/secret", 0, ""), -EXDEV);
	CHECK_INT(reads("/etc/passwd", 0, ""), -EXDEV);
	CHECK_INT(reads("/", 0, ""), -EXDEV);
	CHECK_INT(reads("..", 0, ""), -EXDEV);
	/* An absolute symlink leads out even if the same path exists inside. */
	CHECK_INT(reads("abs", 0, ""), -EXDEV);
}

TEST(a_root_keeps_them_inside)
{
	make_tree();
	dir.is_root = true;
	CHECK_INT(reads("abs", 0, "deep"), 0);
	CHECK_INT(reads("/../../sub/file", 0, "deep"), 0);
	CHECK_INT(reads("evil/secret", 0, ""), -ENOENT);
}

TEST(magic_links_are_not_followed)
{
	char link[64];
	int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	SKIP_UNLESS("proc", proc >= 0, "no /proc");
	make_tree();
	dir.fd = proc;
	snprintf(link, sizeof(link), "fd/%d", proc);
	CHECK(reads(link, 0, "") < 0);
	CHECK(reads("root/etc/passwd", 0, "") < 0);
	CHECK(reads("cwd/x", 0, "") < 0);
}

TEST(creating_through_a_symlink_stays_inside)
{
	int fd;

	make_tree();
	fd = wasi_open_beneath(&dir, "dangling", O_WRONLY | O_CREAT, 0644);
	CHECK(fd >= 0);
	CHECK(faccessat(dir.fd, "sub/new", F_OK, 0) == 0);
	CHECK(symlinkat("../out/new", dir.fd, "bad") == 0);
	CHECK_INT(wasi_open_beneath(&dir, "bad", O_WRONLY | O_CREAT, 0644),
		  -EXDEV);
	CHECK(faccessat(dir.fd, "../out/new", F_OK, 0) < 0);
}

/* The last component, and whether its parent is the directory itself. */
static void check_parent(const char *path, const char *name, bool owned)
{
	struct wasi_parent p;

	CHECK_INT(wasi_open_parent(&dir, path, &p), 0);
	CHECK_STR(p.name, name);
	CHECK(p.owned == owned);
	wasi_parent_close(&p);
}

TEST(parents)
{
	char longest[NAME_MAX + 3];
	struct wasi_parent p;

	make_tree();
	check_parent("new", "new", false);
	check_parent("new//", "new/", false);
	check_parent("sub/new", "new", true);
	check_parent("sub/./new/", "new/", true);
	check_parent("sub/..", "..", true);
	CHECK_INT(wasi_open_parent(&dir, "", &p), -ENOENT);
	CHECK_INT(wasi_open_parent(&dir, "/", &p), -EXDEV);
	CHECK_INT(wasi_open_parent(&dir, "/new", &p), -EXDEV);
	CHECK_INT(wasi_open_parent(&dir, "../new", &p), -EXDEV);
	CHECK_INT(wasi_open_parent(&dir, "evil/new", &p), -EXDEV);
	CHECK_INT(wasi_open_parent(&dir, "file/new", &p), -ENOTDIR);
	CHECK_INT(wasi_open_parent(&dir, "none/new", &p), -ENOENT);
	memset(longest, 'x', sizeof(longest));
	longest[NAME_MAX + 1] = '\0';
	CHECK_INT(wasi_open_parent(&dir, longest, &p), -ENAMETOOLONG);
	longest[NAME_MAX] = '/';
	check_parent(longest, longest, false);
}

/* A directory that moves out and back while paths with ".." go through it,
 * long ones, so that it moves between their components.  Nothing but the right
 * file or an error may come of it. */
TEST(renames_do_not_let_a_path_out)
{
	char path[PATH_MAX] = "sub/";
	pid_t mover;

	make_tree();
	put_file(dir.fd, "secret", "mine");
	CHECK(mkdirat(dir.fd, "sub/d", 0755) == 0);
	while (strlen(path) < 3000)
		strcat(path, "d/../");
	strcat(path, "../secret");
	mover = fork();
	CHECK(mover >= 0);
	if (mover == 0)
		for (;;) {
			renameat(dir.fd, "sub", dir.fd, "../out/sub");
			renameat(dir.fd, "../out/sub", dir.fd, "sub");
		}
	for (int i = 0; i < 2000; i++) {
		int rc = reads(path, 0, "mine");

		CHECK(rc == 0 || rc == -ENOENT || rc == -EXDEV ||
		      rc == -EAGAIN);
	}
	CHECK(kill(mover, SIGKILL) == 0);
	CHECK(waitpid(mover, NULL, 0) == mover);
}
