/* bench/memory.c: what N sleeping containers take.
 *
 * A participant starts sleepers up to the first count, is measured, goes on
 * to the next, and ends all of them before the next participant begins.  What
 * the machine had free just before the first one is its zero. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/life.h"
#include "bench/machine.h"
#include "bench/memory_read.h"
#include "bench/remove.h"
#include "bench/spawn.h"
#include "bench/stage.h"
#include "bench/stats.h"
#include "bench/terminal.h"

enum {
	HOPELESS = 5, /* failures one after the other */
	READY_S = 10, /* for the last one to say that it runs */
	SETTLE_MS = 500,
	RESERVE = 8, /* leave an eighth of the memory free */
};

struct herd {
	struct bench *b;
	const struct participant *p;
	struct stage stage;
	int out[2]; /* each sleeper writes a byte there */
	char **ids;
	pid_t *inits; /* those that somebody told */
	unsigned int n, n_inits, failed, ready;
	int64_t began;
	char *error, *note;
	struct memory_system zero;
	struct bench_memory *rows; /* of this run */
	unsigned int n_rows;
};

/* -------------------------------------------------------------- starting -- */

/* Is there no reason to start another one? */
static bool had_enough(struct herd *h, unsigned int in_a_row)
{
	int64_t available, total;

	if (bench_interrupted() || h->note)
		return true;
	if (in_a_row >= HOPELESS)
		h->note = xasprintf("gave up at %u: %u starts failed one "
				    "after the other",
				    h->n, in_a_row);
	else if (now_ns() - h->began > h->b->o.budget_ms * INT64_C(1000000))
		h->note = xasprintf("stopped at %u: its time was over "
				    "(--budget)",
				    h->n);
	if (h->n % 4 || h->note)
		return h->note;
	available = (int64_t)machine_meminfo("MemAvailable:");
	total = (int64_t)machine_meminfo("MemTotal:");
	if (available < total / RESERVE)
		h->note = xasprintf("stopped at %u: %lld MB of memory are "
				    "left",
				    h->n, (long long)available >> 20);
	return h->note;
}

/* An engine tells the init's pid when asked: the last number that it
 * prints. */
static int ask_pid(struct herd *h, const char *id)
{
	struct words w = {.id = id};
	_cleanup_strv_ char **argv = words_expand(h->p, h->p->pid, &w, NULL);
	struct bench_run run;
	int pid = 0;

	if (!argv || spawn_capture(argv, -1, h->b->o.timeout_ms, &run) < 0)
		return 0;
	for (char *word = strtok(run.out, " \t\n"); word;
	     word = strtok(NULL, " \t\n")) {
		uint64_t n;

		if (parse_u64(word, INT32_MAX, &n) == 0)
			pid = (int)n;
	}
	bench_run_free(&run);
	return pid;
}

static void start_one(struct herd *h, unsigned int *in_a_row)
{
	char id[64], error[200];
	int pid;

	if (life_start(&h->stage, h->out[1], id, &pid, error) < 0) {
		if (!bench_interrupted()) {
			h->failed++;
			++*in_a_row;
		}
		if (!h->error)
			h->error = xstrdup(error);
		return;
	}
	*in_a_row = 0;
	strv_add(&h->ids, id);
	h->n++;
	if (h->p->kind == BENCH_ENGINE)
		pid = ask_pid(h, id);
	if (pid) {
		h->inits =
			xrealloc(h->inits, h->n_inits + 1, sizeof(*h->inits));
		h->inits[h->n_inits++] = pid;
	}
}

/* The workload runs when it has said so; under an engine its output is the
 * engine's. */
static void wait_ready(struct herd *h)
{
	int64_t until = now_ns() + READY_S * INT64_C(1000000000);

	while (h->p->kind != BENCH_ENGINE && h->ready < h->n &&
	       now_ns() < until && !bench_interrupted()) {
		char text[256];
		ssize_t n = read(h->out[0], text, sizeof(text));

		if (n > 0)
			h->ready += (unsigned int)n;
		else
			usleep(10000);
	}
	usleep(SETTLE_MS * 1000);
}

/* How many of those whose init we know have ended. */
static unsigned int count_dead(const struct herd *h)
{
	unsigned int dead = 0;

	for (unsigned int i = 0; i < h->n_inits; i++) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)h->inits[i], &info,
			   WEXITED | WNOHANG | WNOWAIT) == 0)
			dead += info.si_pid != 0;
		else
			dead += kill(h->inits[i], 0) < 0;
	}
	return dead;
}

/* ------------------------------------------------------------- measuring -- */

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static void measure(struct herd *h, unsigned int count)
{
	struct bench_memory *row = &h->rows[h->n_rows];
	struct memory_processes procs;
	struct memory_system now;
	unsigned int dead;

	wait_ready(h);
	dead = count_dead(h);
	if (bench_interrupted() || h->n == 0)
		return;
	now = memory_system_read();
	qsort(h->inits, h->n_inits, sizeof(*h->inits), by_pid);
	procs = memory_processes_read(h->p, h->inits, h->n_inits);
	*row = (struct bench_memory){
		.count = count,
		.ok = h->n - dead,
		.failed = h->failed + dead,
		.processes = procs.n,
		.available = h->zero.available - now.available,
		.kernel_stack = now.kernel_stack - h->zero.kernel_stack,
		.page_tables = now.page_tables - h->zero.page_tables,
		.slab = now.slab - h->zero.slab,
		.percpu = now.percpu - h->zero.percpu,
		.pss = procs.pss,
		.private_ = procs.private_,
		.shims = procs.shims,
	};
	if (dead && !h->error)
		h->error = xasprintf("%u did not stay", dead);
	h->n_rows++;
}

/* Each participant counts as many steps, whatever they take. */
static void progress(struct herd *h, unsigned int most)
{
	unsigned int before = 0, all = 0;
	char text[80];

	BENCH_FOREACH(p, h->b)
	{
		all += participant_ok(p);
		before += participant_ok(p) && p < h->p;
	}
	snprintf(text, sizeof(text), "%s, %u of %u", h->p->name, h->n, most);
	bench_progress(h->b, "memory", text, before * most + h->n,
		       (double)all * most);
}

static void grow(struct herd *h)
{
	const struct bench_options *o = &h->b->o;
	unsigned int most = o->counts[o->n_counts - 1], in_a_row = 0;

	for (size_t i = 0; i < o->n_counts; i++) {
		while (h->n < o->counts[i] && !had_enough(h, in_a_row)) {
			progress(h, most);
			start_one(h, &in_a_row);
		}
		measure(h, o->counts[i]);
		if (h->n < o->counts[i] || bench_interrupted())
			return;
	}
}

/* --------------------------------------------------------------- stopping -- */

/* Killed first, they are removed faster; those of an engine are not ours to
 * kill. */
static void stop(struct herd *h)
{
	unsigned int left;

	terminal_clear();
	if (bench_interrupted() && h->n > 20)
		fprintf(stderr, "removing %u containers ...\n", h->n);
	for (unsigned int i = 0; i < h->n_inits && h->p->kind != BENCH_ENGINE;
	     i++)
		kill(h->inits[i], SIGKILL);
	for (unsigned int i = 0; i < h->n_inits && h->p->kind != BENCH_ENGINE;
	     i++)
		waitpid(h->inits[i], NULL, 0);
	left = remove_containers(h->b, h->p, h->p->root, h->ids);
	if (left)
		bench_problem(h->b,
			      "%s: %u of %u containers were not removed "
			      "by their runtime",
			      h->p->name, left, h->n);
	/* Shims that outlive what they are for. */
	remove_processes(h->b->scratch);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void free_herd(struct herd *h)
{
	stage_free(&h->stage);
	close_keep_errno(h->out[0]);
	close_keep_errno(h->out[1]);
	strv_free(h->ids);
	free(h->inits);
	free(h->error);
	free(h->note);
}

/* ---------------------------------------------------------------- a run -- */

/* Fills rows[0..n_counts); how many. */
static int run_once(struct bench *b, const struct participant *p,
		    struct bench_memory *rows, struct err *err)
{
	char *args[] = {
		(char *)(p->code == BENCH_WASM ? "/sleep.wasm" : "/bin/sleep"),
		NULL};
	struct herd h = {.b = b, .p = p, .rows = rows, .out = {-1, -1}};
	int rc = stage_make(&h.stage, b, p, b->hello, args, false, err);

	if (rc == 0 && pipe2(h.out, O_CLOEXEC) < 0)
		rc = err_set(err, -errno, "pipe");
	if (rc == 0) {
		fcntl(h.out[0], F_SETFL, O_NONBLOCK);
		memory_settle();
		h.zero = memory_system_read();
		h.began = now_ns();
		grow(&h);
		stop(&h);
		rc = (int)h.n_rows;
		for (int i = 0; i < rc; i++)
			rows[i].participant = (char *)p->name;
		/* Nothing at all is a row, too. */
		if (rc == 0 && !bench_interrupted()) {
			rows[0] = (struct bench_memory){.participant =
								(char *)p->name,
							.count = b->o.counts[0],
							.failed = h.failed};
			rc = 1;
		}
		if (rc && h.note)
			rows[rc - 1].note = arena_strdup(b->r.arena, h.note);
		if (rc && h.error)
			rows[rc - 1].error = arena_strdup(b->r.arena, h.error);
	}
	free_herd(&h);
	return rc;
}

/* ---------------------------------------------------------------- results -- */

#define MEDIAN(field)                                                    \
	do {                                                             \
		for (unsigned int r_ = 0; r_ < n; r_++)                  \
			v[r_] = (double)rows[r_ * stride].field;         \
		row->field = (__typeof__(row->field))stats_median(v, n); \
	} while (0)

/* One row out of the same row of `n` runs. */
static void add_row(struct bench *b, const struct bench_memory *rows,
		    unsigned int n, size_t stride)
{
	struct bench_memory *row = bench_add(&b->r, memory);
	_cleanup_free_ double *v = xcalloc(n, sizeof(*v));

	*row = rows[0];
	MEDIAN(ok);
	MEDIAN(failed);
	MEDIAN(processes);
	MEDIAN(available);
	MEDIAN(kernel_stack);
	MEDIAN(page_tables);
	MEDIAN(slab);
	MEDIAN(percpu);
	MEDIAN(pss);
	MEDIAN(private_);
	MEDIAN(shims);
}

/* Bytes for each more, over all counts. */
static void fit(struct bench *b, const struct participant *p)
{
	_cleanup_free_ double *x = xcalloc(BENCH_MAX_COUNTS, sizeof(*x));
	_cleanup_free_ double *y = xcalloc(BENCH_MAX_COUNTS, sizeof(*y));
	_cleanup_free_ double *pss = xcalloc(BENCH_MAX_COUNTS, sizeof(*pss));
	struct stats_line all, own;
	struct bench_fit *f;
	size_t n = 0;

	for (size_t i = 0; i < b->r.n_memory && n < BENCH_MAX_COUNTS; i++) {
		const struct bench_memory *m = &b->r.memory[i];

		if (!str_eq(m->participant, p->name) || m->ok == 0)
			continue;
		x[n] = m->ok;
		y[n] = (double)bench_taken(m);
		pss[n++] = (double)m->pss;
	}
	if (!stats_fit(x, y, n, &all) || !stats_fit(x, pss, n, &own))
		return;
	f = bench_add(&b->r, fit);
	f->participant = (char *)p->name;
	f->per_container = all.slope;
	f->fixed = all.fixed;
	f->r2 = all.r2;
	f->pss_per_container = own.slope;
}

static int measure_participant(struct bench *b, const struct participant *p,
			       struct err *err)
{
	size_t stride = b->o.n_counts + 1;
	_cleanup_free_ struct bench_memory *rows =
		xcalloc(b->o.runs * stride, sizeof(*rows));
	unsigned int runs = 0;
	int least = (int)b->o.n_counts;

	while (runs < b->o.runs && !bench_interrupted()) {
		int n = run_once(b, p, rows + runs * stride, err);

		if (n < 0)
			return n;
		/* A run that was interrupted is half of one. */
		if (runs && bench_interrupted())
			break;
		least = n < least ? n : least;
		runs++;
	}
	for (int i = 0; i < least; i++)
		add_row(b, rows + i, runs, stride);
	fit(b, p);
	return 0;
}

int bench_memory(struct bench *b, struct err *err)
{
	BENCH_FOREACH(p, b)
	{
		int rc;

		if (!participant_ok(p) || bench_interrupted())
			continue;
		rc = measure_participant(b, p, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
