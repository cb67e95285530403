/* io TREE WRITABLE [OPERATION...]
 *	a line "name ns" for each operation, or "name error: why"
 * io --make TREE
 *	the files that are read */
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5 };

/* Long enough that the clock doesn't matter, short enough that a slow
 * sandbox is through in seconds. */
static const double ROUND_NS = 10e6;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_of(const struct io_op *op, unsigned long n)
{
	double start = now_ns();

	return op->run(n) < 0 ? -1 : now_ns() - start;
}

/* The least of a few rounds, per operation: what the machine did else only
 * ever adds.  -1 with errno. */
static double measure(const struct io_op *op)
{
	unsigned long n = 1;
	double ns, best = -1;

	/* What it costs to set up (the pipe's child) is spread over so many
	 * that it is less than a hundredth. */
	for (ns = time_of(op, n); ns >= 0 && ns < ROUND_NS; n *= 4) {
		if (n > 1ul << 24)
			break;
		ns = time_of(op, n * 4);
	}
	for (int i = 0; i < ROUNDS && ns >= 0; i++) {
		ns = time_of(op, n);
		if (ns >= 0 && (best < 0 || ns < best))
			best = ns;
	}
	return ns < 0 ? -1 : best / (double)n;
}

static int is_wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	/* What fork-exec executes. */
	if (argc == 2 && strcmp(argv[1], "--nothing") == 0)
		return 0;
	if (argc < 3) {
		fputs("usage: io TREE WRITABLE [OPERATION...]\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "--make") == 0) {
		io_files_in(argv[2], NULL);
		if (io_files_make() == 0)
			return 0;
		perror(argv[2]);
		return 1;
	}
	io_files_in(argv[1], argv[2]);
	for (const struct io_op *op = io_ops; op->name; op++) {
		double ns;

		if (!is_wanted(op->name, argv + 3))
			continue;
		ns = measure(op);
		if (ns < 0)
			printf("%s error: %s\n", op->name, strerror(errno));
		else
			printf("%s %.1f\n", op->name, ns);
		/* What was measured stays, should the next one hang. */
		fflush(stdout);
	}
	return 0;
}
