#include "check.h"

/* Ways out of the directory, all of which must fail; argv[1] says what is
 * special about the directory this time. */

static const char *const outside[] = {
	"..",
	"../",
	"../outside/secret",
	"./../outside/secret",
	"dir/../../outside/secret",
	"dir/../dir/../../outside/secret",
	"..//outside//secret",
	"evil/secret",
	"evil/./secret",
	"dir/../evil/secret",
	"evil/empty/../secret",
	"/",
	"//",
	"/etc/passwd",
	"//etc/passwd",
	"/proc/self/root/etc/passwd",
	"/proc/self/fd/3/../outside/secret",
	"/dev/null",
};

/* Names that are ours, of symlinks that lead out. */
static const char *const leads_out[] = {"abs", "./abs", "evil", "dir/../evil"};

static void cannot_be_followed(const char *path)
{
	__wasi_filestat_t st;
	__wasi_fd_t fd;

	fprintf(stderr, "%s\n", path); /* for whoever reads a failure */
	TRUE(try_open(path, 0, R_READ, &fd) != 0);
	TRUE(try_open(path, 0, R_WRITE, &fd) != 0);
	TRUE(try_open(path, __WASI_OFLAGS_CREAT, R_WRITE, &fd) != 0);
	TRUE(try_open(path, __WASI_OFLAGS_DIRECTORY, R_DIR, &fd) != 0);
	TRUE(__wasi_path_filestat_get(ROOT, FOLLOW, path, &st) != 0);
	TRUE(__wasi_path_filestat_set_times(ROOT, FOLLOW, path, 1, 1, 5) != 0);
	TRUE(__wasi_path_link(ROOT, FOLLOW, path, ROOT, "got") != 0);
}

static void refused(const char *path)
{
	cannot_be_followed(path);
	TRUE(__wasi_path_create_directory(ROOT, path) != 0);
	TRUE(__wasi_path_remove_directory(ROOT, path) != 0);
	TRUE(__wasi_path_unlink_file(ROOT, path) != 0);
	TRUE(__wasi_path_rename(ROOT, "file", ROOT, path) != 0);
	TRUE(__wasi_path_rename(ROOT, path, ROOT, "got") != 0);
	TRUE(__wasi_path_link(ROOT, 0, "file", ROOT, path) != 0);
	TRUE(__wasi_path_symlink("file", ROOT, path) != 0);
}

static void all_refused(void)
{
	char deep[3200] = "";
	__wasi_fd_t fd;

	for (unsigned int i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		refused(outside[i]);
	for (unsigned int i = 0; i < sizeof(leads_out) / sizeof(*leads_out);
	     i++)
		cannot_be_followed(leads_out[i]);
	for (int i = 0; i < 1000; i++)
		strcat(deep, "../");
	strcat(deep, "etc/passwd");
	refused(deep);
	/* A directory below holds no more than the one above. */
	fd = open_dir("dir");
	FAILS(__wasi_path_open(fd, FOLLOW, "../link", 0, R_READ, 0, 0, &fd),
	      NOTCAPABLE);
}

/* test_wasi.py moves things about.  What is read is ours or nothing. */
static void race(void)
{
	static char deep[3200] = "sub/";
	int opened = 0;

	while (strlen(deep) < 3000)
		strcat(deep, "deep/../");
	strcat(deep, "../secret");
	for (int i = 0; i < 3000; i++) {
		const char *path = i & 1 ? deep : "swap/secret";
		__wasi_fd_t fd;

		if (try_open(path, 0, R_READ, &fd) != 0)
			continue;
		IS(strcmp(read_some(fd), "mine"), 0);
		OK(__wasi_fd_close(fd));
		opened++;
	}
	TRUE(opened > 0);
}

static void proc(void)
{
	__wasi_fd_t fd;
	__wasi_dirent_t d;
	__wasi_size_t n;

	TRUE(exists("self/status"));
	TRUE(try_open("self/root/etc/passwd", 0, R_READ, &fd) != 0);
	TRUE(try_open("self/cwd/x", __WASI_OFLAGS_CREAT, R_WRITE, &fd) != 0);
	TRUE(try_open("self/exe", 0, R_READ, &fd) != 0);
	TRUE(try_open("1/root/etc/passwd", 0, R_READ, &fd) != 0);
	for (int i = 0; i < 10; i++) {
		char path[32];

		snprintf(path, sizeof(path), "self/fd/%d", i);
		TRUE(try_open(path, 0, R_READ, &fd) != 0);
		snprintf(path, sizeof(path), "self/fd/%d/etc/passwd", i);
		TRUE(try_open(path, 0, R_READ, &fd) != 0);
	}
	OK(try_open("self/fd", __WASI_OFLAGS_DIRECTORY, R_DIR, &fd));
	OK(__wasi_fd_readdir(fd, (uint8_t *)&d, sizeof(d), 0, &n));
}

static void readonly(void)
{
	__wasi_fd_t fd;

	text_is("file", "hello, world");
	FAILS(try_open("file", 0, R_WRITE, &fd), ROFS);
	FAILS(try_open("file", __WASI_OFLAGS_TRUNC, R_READ, &fd), ROFS);
	FAILS(try_open("new", __WASI_OFLAGS_CREAT, R_READ, &fd), ROFS);
	FAILS(__wasi_path_create_directory(ROOT, "new"), ROFS);
	FAILS(__wasi_path_remove_directory(ROOT, "dir"), ROFS);
	FAILS(__wasi_path_unlink_file(ROOT, "file"), ROFS);
	FAILS(__wasi_path_rename(ROOT, "file", ROOT, "new"), ROFS);
	FAILS(__wasi_path_symlink("x", ROOT, "new"), ROFS);
	FAILS(__wasi_path_link(ROOT, 0, "file", ROOT, "new"), ROFS);
	FAILS(__wasi_path_filestat_set_times(ROOT, 0, "file", 1, 1, 5), ROFS);
	/* And in a directory below it. */
	OK(try_open("dir", __WASI_OFLAGS_DIRECTORY, R_DIR, &fd));
	FAILS(__wasi_path_unlink_file(fd, "a"), ROFS);
	FAILS(__wasi_fd_filestat_set_times(open_as("file", 0, R_READ), 1, 1, 5),
	      ROFS);
}

static void nothing(void)
{
	__wasi_prestat_t st;
	__wasi_fd_t fd;

	for (__wasi_fd_t i = 0; i < 100; i++) {
		FAILS(__wasi_fd_prestat_get(i, &st), BADF);
		TRUE(__wasi_path_open(i, 0, "/etc/passwd", 0, 2, 0, 0, &fd) !=
		     0);
	}
	TRUE(fopen("/etc/passwd", "r") == NULL);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "race"))
		race();
	else if (!strcmp(what, "proc"))
		proc();
	else if (!strcmp(what, "readonly"))
		readonly();
	else if (!strcmp(what, "nothing"))
		nothing();
	else
		all_refused();
	return done();
}
