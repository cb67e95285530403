/* bench/terminal.c: what a run says while it runs. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/spawn.h"
#include "bench/terminal.h"

/* Without a terminal, a log file gets a line now and then. */
enum { TTY_MS = 200, LOG_MS = 15000 };

static bool shown; /* a line stands there, without its end */
static int64_t last_ns;
static const char *last_experiment;
static int64_t began_ns;

void terminal_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

static void time_left(double seconds, char *ret, size_t size)
{
	if (seconds < 90)
		snprintf(ret, size, "%.0f s left", seconds);
	else
		snprintf(ret, size, "%.0f min left", seconds / 60);
}

void bench_progress(struct bench *b, const char *experiment, const char *text,
		    double done, double total)
{
	bool tty = isatty(STDERR_FILENO);
	int64_t now = now_ns();
	char left[32] = "";

	if (last_experiment != experiment) {
		last_experiment = experiment;
		began_ns = now;
		last_ns = 0;
	}
	if (last_ns && now - last_ns < (tty ? TTY_MS : LOG_MS) * 1000000LL)
		return;
	last_ns = now;
	/* The first seconds know nothing about the rest. */
	if (done > 0 && done <= total && now - began_ns > 2000000000LL)
		time_left((double)(now - began_ns) / 1e9 * (total - done) /
				  done,
			  left, sizeof(left));
	if (tty)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%-8s %-46.46s", experiment, text);
	if (total > 0)
		fprintf(stderr, " %3.0f%%  %s", 100 * done / total, left);
	if (!tty)
		fputc('\n', stderr);
	fflush(stderr);
	shown = tty;
}

void bench_problem(struct bench *b, const char *fmt, ...)
{
	char **grown = arena_alloc(b->r.arena, strv_len(b->r.problems) + 2,
				   sizeof(*grown));
	size_t n = strv_len(b->r.problems);
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strv_has(b->r.problems, text))
		return;
	for (size_t i = 0; i < n; i++)
		grown[i] = b->r.problems[i];
	grown[n] = arena_strdup(b->r.arena, text);
	b->r.problems = grown;
	terminal_clear();
	log_warn("bench: %s", text);
}
