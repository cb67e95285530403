/* How long config.json takes: bench-json FILE...
 * For each file: parsing it once in a fresh process, with the page faults of
 * one; then decoding it again and again, minimum and median; and the same
 * with validation. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

enum { ROUNDS = 2001, COLD_ROUNDS = 51 };

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

static double once(const struct buf *text, bool validate)
{
	double start = now_us();
	struct oci_spec *spec = NULL;
	struct err err = {0};
	int rc;

	if (validate) {
		rc = oci_spec_parse(&spec, text->data, text->len, &err);
		oci_spec_free(spec);
	} else {
		struct arena *arena = arena_new(text->len);
		struct oci_spec s;

		rc = json_decode(&oci_spec_json, &s, arena, text->data,
				 text->len, &err);
		arena_free(arena);
	}
	if (rc < 0) {
		fprintf(stderr, "bench-json: %s\n", err.msg);
		exit(1);
	}
	return now_us() - start;
}

/* What a command pays: in a fresh process, the median of many. */
static double one_cold(const char *file)
{
	double us = 0;
	int fds[2];
	pid_t pid;

	if (pipe(fds) < 0)
		return 0;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execl("/proc/self/exe", "bench-json", "--once", file, NULL);
		_exit(1);
	}
	close(fds[1]);
	if (read(fds[0], &us, sizeof(us)) != sizeof(us))
		us = 0;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	return us;
}

static void cold(const char *file)
{
	double t[COLD_ROUNDS];

	for (int i = 0; i < COLD_ROUNDS; i++)
		t[i] = one_cold(file);
	qsort(t, COLD_ROUNDS, sizeof(t[0]), by_value);
	printf("%8.1f", t[COLD_ROUNDS / 2]);
}

static void warm(const struct buf *text, bool validate)
{
	static double t[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		t[i] = once(text, validate);
	qsort(t, ROUNDS, sizeof(t[0]), by_value);
	printf("%8.1f %8.1f", t[0], t[ROUNDS / 2]);
}

static int read_file(const char *file, struct buf *text)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : buf_read_fd(text, fd, JSON_MAX_SIZE);

	if (rc < 0)
		perror(file);
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	struct buf text = {0};

	if (argc < 2) {
		fprintf(stderr, "usage: bench-json FILE...\n");
		return 1;
	}
	if (strcmp(argv[1], "--once") == 0) {
		double us;

		if (argc != 3 || read_file(argv[2], &text) < 0)
			return 1;
		us = once(&text, true);
		return write(STDOUT_FILENO, &us, sizeof(us)) != sizeof(us);
	}
	printf("%-32s %8s %8s %8s %8s %8s %8s\n", "microseconds", "bytes",
	       "cold", "decode", "median", "parse", "median");
	for (int i = 1; i < argc; i++) {
		text.len = 0;
		if (read_file(argv[i], &text) < 0)
			return 1;
		printf("%-32s %8zu ", argv[i], text.len);
		cold(argv[i]);
		printf(" ");
		warm(&text, false);
		printf(" ");
		warm(&text, true);
		printf("\n");
	}
	buf_free(&text);
	return 0;
}
