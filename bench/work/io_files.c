/* The operations on files, for the host and for WASI. */
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS = 16, FILES = 16, BLOCK = 4096 };

static const char *tree, *writable;
static char block[BLOCK];

void io_files_in(const char *tree_folder, const char *writable_folder)
{
	tree = tree_folder;
	writable = writable_folder;
}

/* "tree/d3/f7", "tree/d3", "tree/f0": -1 leaves a part out. */
static const char *name_of(int folder, int file)
{
	static char path[1024];
	int n = snprintf(path, sizeof(path), "%s", tree);

	if (folder >= 0)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "/d%d",
			      folder);
	if (file >= 0)
		snprintf(path + n, sizeof(path) - (size_t)n, "/f%d", file);
	return path;
}

static int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, block, BLOCK) == BLOCK ? 0 : -1;
	close(fd);
	return rc;
}

int io_files_make(void)
{
	if (mkdir(tree, 0755) < 0 || make_file(name_of(-1, 0)) < 0)
		return -1;
	for (int i = 0; i < FOLDERS; i++) {
		if (mkdir(name_of(i, -1), 0755) < 0)
			return -1;
		for (int k = 0; k < FILES; k++)
			if (make_file(name_of(i, k)) < 0)
				return -1;
	}
	return 0;
}

int io_open_close(unsigned long n)
{
	const char *path = name_of(-1, 0);

	while (n--) {
		int fd = open(path, O_RDONLY);

		if (fd < 0 || close(fd) < 0)
			return -1;
	}
	return 0;
}

int io_stat(unsigned long n)
{
	const char *path = name_of(-1, 0);
	struct stat st;

	while (n--)
		if (stat(path, &st) < 0)
			return -1;
	return 0;
}

int io_read(unsigned long n)
{
	int fd = open(name_of(-1, 0), O_RDONLY);
	ssize_t got = BLOCK;

	if (fd < 0)
		return -1;
	while (n-- && got == BLOCK)
		got = pread(fd, block, BLOCK, 0);
	close(fd);
	return got == BLOCK ? 0 : -1;
}

int io_write(unsigned long n)
{
	ssize_t put = BLOCK;
	char path[1024];
	int fd;

	snprintf(path, sizeof(path), "%s/hull-bench-io", writable);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return -1;
	while (n-- && put == BLOCK)
		put = pwrite(fd, block, BLOCK, 0);
	close(fd);
	unlink(path);
	return put == BLOCK ? 0 : -1;
}

/* The entries of one folder, at most `*left`. */
static int walk_folder(const char *path, int depth, unsigned long *left)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return -1;
	while (rc == 0 && *left && (e = readdir(dir))) {
		char entry[1280];
		struct stat st;

		if (e->d_name[0] == '.')
			continue;
		snprintf(entry, sizeof(entry), "%s/%s", path, e->d_name);
		(*left)--;
		rc = lstat(entry, &st);
		if (rc == 0 && S_ISDIR(st.st_mode) && depth > 0)
			rc = walk_folder(entry, depth - 1, left);
	}
	closedir(dir);
	return rc;
}

int io_walk(unsigned long n)
{
	while (n) {
		unsigned long before = n;

		if (walk_folder(tree, 1, &n) < 0)
			return -1;
		/* An empty folder would be walked for ever. */
		if (n == before) {
			errno = ENOENT;
			return -1;
		}
	}
	return 0;
}
