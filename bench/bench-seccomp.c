/* What linux.seccomp of a config.json costs: bench-seccomp FILE
 * Building the program with libseccomp; building it and writing it to the
 * cache; taking it from the cache, as a command does, in a fresh process;
 * and installing it, also in a fresh process. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "host/seccomp.h"
#include "oci/spec.h"

enum { ROUNDS = 201 };

enum what { MISS, STORE, HIT, INSTALL };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double once(const struct seccomp_profile *profile, enum what what,
		   int dir)
{
	double start = now_us();
	struct seccomp_prog prog;
	struct err err = {0};

	if (seccomp_build(profile, what == MISS ? -1 : dir, &prog, &err) < 0) {
		fprintf(stderr, "bench-seccomp: %s\n", err.msg);
		exit(1);
	}
	if (what == INSTALL) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		start = now_us();
		if (seccomp_install(&prog, &err) < 0) {
			fprintf(stderr, "bench-seccomp: %s\n", err.msg);
			exit(1);
		}
	}
	return now_us() - start;
}

/* The cache, emptied: one that a hit does not use any more. */
static int new_dir(char *path)
{
	strcpy(path, "/tmp/hull-bench-XXXXXX");
	return mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			     : -1;
}

static void drop_dir(int dir, const char *path)
{
	int cache = seccomp_cache_open(dir, "c", NULL);
	char cmd[64];

	close(cache);
	snprintf(cmd, sizeof(cmd), "rm -r %s", path);
	if (system(cmd) != 0)
		perror(cmd);
	close(dir);
}

static void measure(const struct seccomp_profile *profile, const char *name,
		    enum what what)
{
	double *t = mmap(NULL, ROUNDS * sizeof(*t), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[64];
	int dir = new_dir(path), cache = seccomp_cache_open(dir, "c", NULL);

	if (what != STORE)
		once(profile, STORE, cache);
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			t[i] = once(profile, what, cache);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		if (what == STORE) {
			close(cache);
			drop_dir(dir, path);
			dir = new_dir(path);
			cache = seccomp_cache_open(dir, "c", NULL);
		}
	}
	qsort(t, ROUNDS, sizeof(*t), by_value);
	printf("%-28s %8.1f %8.1f\n", name, t[0], t[ROUNDS / 2]);
	close(cache);
	drop_dir(dir, path);
}

int main(int argc, char **argv)
{
	struct seccomp_prog prog;
	struct oci_spec *spec;
	struct err err = {0};

	if (argc != 2) {
		fprintf(stderr, "usage: bench-seccomp CONFIG.JSON\n");
		return 1;
	}
	if (oci_spec_load(&spec, AT_FDCWD, argv[1], &err) < 0 ||
	    !spec->linux.seccomp ||
	    seccomp_build(spec->linux.seccomp, -1, &prog, &err) < 0) {
		fprintf(stderr, "bench-seccomp: %s\n", err.msg);
		return 1;
	}
	printf("%u instructions\n", prog.len);
	printf("%-28s %8s %8s\n", "microseconds", "minimum", "median");
	measure(spec->linux.seccomp, "build", MISS);
	measure(spec->linux.seccomp, "build and keep", STORE);
	measure(spec->linux.seccomp, "take from the cache", HIT);
	measure(spec->linux.seccomp, "install", INSTALL);
	oci_spec_free(spec);
	return 0;
}
