/* What a module sees of its container; argv[1] says which part. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cat(const char *path)
{
	char buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		fwrite(buf, 1, n, stdout);
	fclose(f);
	return 0;
}

static int list(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d) {
		perror(path);
		return 1;
	}
	while ((e = readdir(d)))
		puts(e->d_name);
	closedir(d);
	return 0;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	return write(fd, text, strlen(text)) != (ssize_t)strlen(text);
}

/* Fill a file with a byte, in place: the module itself, and then call
 * functions of it that were not called before. */
static int rewrite(const char *path, int byte)
{
	char buf[4096];
	struct stat st;
	int fd = open(path, O_WRONLY);

	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(path);
		return 1;
	}
	memset(buf, byte, sizeof(buf));
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(buf))
		if (pwrite(fd, buf, sizeof(buf), at) != sizeof(buf))
			return 1;
	return list("/") + cat("/file");
}

static int allocate(void)
{
	void *volatile p;
	int mib = 0;

	while (mib < 4000 && (p = malloc(1 << 20))) {
		memset(p, 1, 1 << 20);
		mib++;
	}
	printf("%d\n", mib);
	return 0;
}

__attribute__((export_name("other"))) void other(void)
{
	puts("other");
	fflush(stdout);
}

/* Not a loop in disguise, and without a stack in linear memory, which would
 * be used up first. */
static __attribute__((noinline)) unsigned int recurse(unsigned int n)
{
	return n == 3000000000u ? n : (recurse(n + 1) * 3 + n) ^ n;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "args")) {
		for (int i = 0; i < argc; i++)
			puts(argv[i]);
	} else if (!strcmp(what, "env")) {
		extern char **environ;

		for (char **e = environ; *e; e++)
			puts(*e);
	} else if (!strcmp(what, "cat")) {
		return cat(argv[2]);
	} else if (!strcmp(what, "list")) {
		return list(argv[2]);
	} else if (!strcmp(what, "write")) {
		return write_file(argv[2], argv[3]);
	} else if (!strcmp(what, "rewrite")) {
		return rewrite(argv[2], atoi(argv[3]));
	} else if (!strcmp(what, "exit")) {
		return atoi(argv[2]);
	} else if (!strcmp(what, "trap")) {
		__builtin_trap();
	} else if (!strcmp(what, "recurse")) {
		return (int)recurse((unsigned int)argc);
	} else if (!strcmp(what, "allocate")) {
		return allocate();
	} else if (!strcmp(what, "tty")) {
		printf("%d\n", isatty(1));
	} else if (!strcmp(what, "spin")) {
		for (volatile unsigned int i = 0;; i++)
			;
	} else if (!strcmp(what, "sleep")) {
		puts("asleep");
		fflush(stdout);
		for (;;)
			sleep(1000);
	}
	return 0;
}
