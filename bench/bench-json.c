/* How long config.json takes: bench-json FILE...
 * For each file the first decode of a fresh process (with its page faults and
 * cold caches, which is what a command pays), then minimum and median of
 * many, and the same with validation. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

enum { ROUNDS = 2001 };

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

/* In a child of its own, so that nothing is warm. */
static void cold(const struct buf *text)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		printf("%8.1f", once(text, true));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void warm(const struct buf *text, bool validate)
{
	static double t[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		t[i] = once(text, validate);
	qsort(t, ROUNDS, sizeof(t[0]), by_value);
	printf("%8.1f %8.1f", t[0], t[ROUNDS / 2]);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench-json FILE...\n");
		return 1;
	}
	printf("%-40s %8s %8s %8s %8s %8s %8s\n", "microseconds", "bytes",
	       "cold", "decode", "median", "parse", "median");
	for (int i = 1; i < argc; i++) {
		struct buf text = {0};
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0 || buf_read_fd(&text, fd, JSON_MAX_SIZE) < 0) {
			perror(argv[i]);
			return 1;
		}
		close(fd);
		printf("%-40s %8zu ", argv[i], text.len);
		cold(&text);
		printf(" ");
		warm(&text, false);
		printf(" ");
		warm(&text, true);
		printf("\n");
		buf_free(&text);
	}
	return 0;
}
