/* bench/boot.c: how long a start takes, one after another and some at a time.
 *
 * For each number of lanes a participant makes one series of starts, as long
 * as the largest count, and count N is the first N of it: since every
 * container is gone before the next one comes, the N-th start does not know
 * whether it is the last one.  So 1,500 starts yield all counts.
 *
 * Series grow in rounds, a few starts of each participant in turn, so that
 * what disturbs the machine disturbs all of them, and a round ends at each
 * count.  The rounds take turns in who is first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "bench/lanes.h"
#include "bench/spawn.h"
#include "bench/stage.h"
#include "bench/stats.h"

enum {
	ROUND = 25,         /* starts of a participant in a round, at most */
	ROUND_PER_LANE = 8, /* but so many for each lane */
	HOPELESS = 5,       /* failures before anything worked */
	HANGS = 3,          /* starts that took too long */
	MAX_SAMPLES = 500,
};

enum { CREATE, START, FIRST, EXIT, REMOVE, TOTAL, N_TIMES };

struct sample {
	double ms[N_TIMES]; /* negative: there is none */
	unsigned int round;
	bool ok;
};

struct series {
	const struct participant *p;
	struct stage *stage;
	unsigned int parallel, max, runs;
	unsigned int ok, failed, hangs;
	struct sample *samples; /* run after run */
	unsigned int *done;     /* of each run */
	/* wall time of the first N, in ms: [run * n_counts + count] */
	double *wall;
	double spent_ms; /* of all runs */
	char *error, *note;
};

struct plan {
	struct bench *b;
	struct lanes *lanes;
	struct stage *stages;
	struct series *series; /* one for each stage */
	unsigned int n;
	double budget_ms; /* of a series */
};

/* -------------------------------------------------------------- samples -- */

static double ms_of(int64_t ns)
{
	return ns < 0 ? -1 : (double)ns / 1e6;
}

static void note(struct series *s, const char *fmt, unsigned int n)
{
	if (!s->note)
		/* Both formats are ours. */
		s->note = n ? xasprintf("gave up: %u starts %s", n, fmt)
			    : xstrdup(fmt);
}

static void take(struct series *s, unsigned int run, unsigned int round,
		 const struct life_result *r)
{
	struct sample *x = &s->samples[run * s->max + s->done[run]++];

	*x = (struct sample){
		.ms = {ms_of(r->create), ms_of(r->start), ms_of(r->first),
		       ms_of(r->exit), ms_of(r->remove), ms_of(r->total)},
		.round = round,
		.ok = r->ok,
	};
	s->ok += r->ok;
	s->failed += !r->ok;
	s->hangs += r->timed_out;
	if (!r->ok && !s->error)
		s->error = xstrdup(r->error);
	if (s->hangs >= HANGS)
		note(s, "took too long", s->hangs);
	if (!s->ok && s->failed >= HOPELESS)
		note(s, "failed, and none worked", s->failed);
}

/* `n` more of the series; 0 or -EPIPE. */
static int grow(struct plan *plan, unsigned int i, unsigned int run,
		unsigned int n, unsigned int round)
{
	struct series *s = &plan->series[i];
	const struct life_result *r;
	int64_t first = INT64_MAX, last = 0;
	int got =
		lanes_run(plan->lanes, i, n, s->parallel, HANGS - s->hangs, &r);

	if (got < 0)
		return got;
	for (int k = 0; k < got; k++) {
		if (bench_interrupted() && !r[k].ok)
			continue;
		if (r[k].begin < first)
			first = r[k].begin;
		if (r[k].begin + r[k].total > last)
			last = r[k].begin + r[k].total;
		take(s, run, round, &r[k]);
	}
	if (last > first)
		s->spent_ms += ms_of(last - first);
	if (s->spent_ms > plan->budget_ms)
		note(s, "stopped: its time was over (--budget)", 0);
	return 0;
}

/* --------------------------------------------------------------- rounds -- */

/* Where the round that begins at `from` ends: at a count, if not before. */
static unsigned int round_end(const struct bench_options *o, unsigned int from,
			      unsigned int parallel)
{
	unsigned int size = ROUND_PER_LANE * parallel;
	unsigned int end = from + (size > ROUND ? size : ROUND);

	if (end - from > LANES_MAX_BATCH)
		end = from + LANES_MAX_BATCH;
	for (size_t i = 0; i < o->n_counts; i++)
		if (o->counts[i] > from && o->counts[i] < end)
			end = o->counts[i];
	return end < o->counts[o->n_counts - 1] ? end
						: o->counts[o->n_counts - 1];
}

static void write_down_wall(struct plan *plan, struct series *s,
			    unsigned int run, double before, unsigned int end)
{
	const struct bench_options *o = &plan->b->o;

	for (size_t c = 0; c < o->n_counts; c++)
		if (o->counts[c] == end)
			s->wall[run * o->n_counts + c] = s->spent_ms - before;
}

/* What is left, by what each one's starts have taken so far. */
static void progress(struct plan *plan, const char *name, unsigned int run)
{
	double spent = 0, left = 0;
	char text[64];

	for (unsigned int i = 0; i < plan->n; i++) {
		const struct series *s = &plan->series[i];
		unsigned int done = s->ok + s->failed, all = s->max * s->runs;
		double rest = done ? s->spent_ms * (all - done) / done : 0;
		double budget = plan->budget_ms - s->spent_ms;

		spent += s->spent_ms;
		if (!s->note)
			left += rest < budget ? rest : budget;
	}
	snprintf(text, sizeof(text), "%s, %u at a time, %u of %u", name,
		 plan->series[0].parallel, plan->series[0].done[run],
		 plan->series[0].max);
	bench_progress(plan->b, "boot", text, spent, spent + left);
}

/* One run of all series. */
static int run_rounds(struct plan *plan, unsigned int run, const double *before)
{
	struct bench *b = plan->b;
	unsigned int max = plan->series[0].max, from = 0, turn = 0;

	while (from < max && !bench_interrupted()) {
		unsigned int end =
			round_end(&b->o, from, plan->series[0].parallel);
		unsigned int round = drift_begin(b);

		for (unsigned int k = 0; k < plan->n; k++) {
			unsigned int i = (turn + k) % plan->n;
			struct series *s = &plan->series[i];
			int rc;

			if (s->note || bench_interrupted())
				continue;
			progress(plan, s->p->name, run);
			rc = grow(plan, i, run, end - from, round);
			if (rc < 0)
				return rc;
			write_down_wall(plan, s, run, before[i], end);
		}
		drift_end(b);
		from = end;
		turn++;
	}
	return 0;
}

static int run_all(struct plan *plan)
{
	int rc = 0;

	for (unsigned int run = 0; run < plan->b->o.runs && rc == 0; run++) {
		_cleanup_free_ double *before =
			xcalloc(plan->n, sizeof(*before));

		for (unsigned int i = 0; i < plan->n; i++)
			before[i] = plan->series[i].spent_ms;
		rc = run_rounds(plan, run, before);
	}
	return rc;
}

/* --------------------------------------------------------------- results -- */

/* Of the first `n` of each run that worked.  Bad rounds count as all others:
 * leaving them out would flatter whoever makes the machine noisy. */
static struct bench_stat stat_of(const struct series *s, unsigned int n,
				 int what)
{
	_cleanup_free_ double *v =
		xcalloc((size_t)s->max * s->runs + 1, sizeof(*v));
	size_t k = 0;

	for (unsigned int run = 0; run < s->runs; run++)
		for (unsigned int i = 0; i < n && i < s->done[run]; i++) {
			const struct sample *x = &s->samples[run * s->max + i];

			if (x->ok && x->ms[what] >= 0)
				v[k++] = x->ms[what];
		}
	return stats_of(v, k);
}

/* At most MAX_SAMPLES of the totals, in order, evenly taken. */
static void samples_of(struct plan *plan, const struct series *s,
		       unsigned int n, struct bench_boot *row)
{
	_cleanup_free_ double *v =
		xcalloc((size_t)s->max * s->runs + 1, sizeof(*v));
	size_t k = 0, take_n;

	for (unsigned int run = 0; run < s->runs; run++)
		for (unsigned int i = 0; i < n && i < s->done[run]; i++)
			if (s->samples[run * s->max + i].ok)
				v[k++] = s->samples[run * s->max + i].ms[TOTAL];
	take_n = k < MAX_SAMPLES ? k : MAX_SAMPLES;
	row->samples =
		arena_alloc(plan->b->r.arena, take_n, sizeof(*row->samples));
	row->n_samples = take_n;
	for (size_t i = 0; i < take_n; i++)
		row->samples[i] = v[i * k / take_n];
}

static void count_up(struct plan *plan, const struct series *s, unsigned int n,
		     struct bench_boot *row)
{
	for (unsigned int run = 0; run < s->runs; run++)
		for (unsigned int i = 0; i < n && i < s->done[run]; i++) {
			const struct sample *x = &s->samples[run * s->max + i];

			row->ok += x->ok;
			row->failed += !x->ok;
			row->untrusted += drift_is_bad(plan->b, x->round);
		}
}

/* The wall time of one run: the median of those that got so far. */
static double wall_of(const struct plan *plan, const struct series *s,
		      size_t count)
{
	_cleanup_free_ double *v = xcalloc(s->runs, sizeof(*v));
	size_t k = 0;

	for (unsigned int run = 0; run < s->runs; run++) {
		double w = s->wall[run * plan->b->o.n_counts + count];

		if (w > 0)
			v[k++] = w;
	}
	return k ? stats_median(v, k) : s->spent_ms / s->runs;
}

static void tell_count(struct plan *plan, const struct series *s, size_t count)
{
	struct bench_boot *row = bench_add(&plan->b->r, boot);
	struct arena *a = plan->b->r.arena;
	unsigned int n = plan->b->o.counts[count];

	row->participant = (char *)s->p->name;
	row->count = n;
	row->parallel = s->parallel;
	count_up(plan, s, n, row);
	row->create = stat_of(s, n, CREATE);
	row->start = stat_of(s, n, START);
	row->first_byte = stat_of(s, n, FIRST);
	row->exit = stat_of(s, n, EXIT);
	row->remove = stat_of(s, n, REMOVE);
	row->total = stat_of(s, n, TOTAL);
	row->wall_ms = wall_of(plan, s, count);
	if (row->wall_ms > 0)
		row->starts_per_s = row->ok / s->runs * 1000. / row->wall_ms;
	samples_of(plan, s, n, row);
	if (s->error && row->failed)
		row->error = arena_strdup(a, s->error);
	if (s->note)
		row->note = arena_strdup(a, s->note);
}

/* Counts that were reached, and the first that was not. */
static void tell(struct plan *plan, const struct series *s)
{
	const struct bench_options *o = &plan->b->o;
	unsigned int most = 0;

	for (unsigned int run = 0; run < s->runs; run++)
		most = s->done[run] > most ? s->done[run] : most;
	for (size_t c = 0; c < o->n_counts && most; c++) {
		/* One start is not two at a time. */
		if (o->counts[c] < s->parallel)
			continue;
		tell_count(plan, s, c);
		if (o->counts[c] > most)
			break;
	}
}

/* ----------------------------------------------------------------- plan -- */

static void series_begin(struct plan *plan, struct series *s,
			 struct stage *stage, unsigned int parallel)
{
	const struct bench_options *o = &plan->b->o;

	*s = (struct series){.p = stage->p,
			     .stage = stage,
			     .parallel = parallel,
			     .runs = o->runs,
			     .max = o->counts[o->n_counts - 1]};
	s->samples = xcalloc((size_t)s->max * s->runs, sizeof(*s->samples));
	s->done = xcalloc(s->runs, sizeof(*s->done));
	s->wall = xcalloc(s->runs * o->n_counts, sizeof(*s->wall));
}

static void series_free(struct series *s)
{
	free(s->samples);
	free(s->done);
	free(s->wall);
	free(s->error);
	free(s->note);
}

static int run_parallel(struct plan *plan, unsigned int parallel)
{
	int rc;

	for (unsigned int i = 0; i < plan->n; i++)
		series_begin(plan, &plan->series[i], &plan->stages[i],
			     parallel);
	rc = run_all(plan);
	for (unsigned int i = 0; i < plan->n; i++) {
		tell(plan, &plan->series[i]);
		series_free(&plan->series[i]);
	}
	return rc;
}

/* 1, 2 and one for each CPU, or what was asked for. */
static unsigned int degrees(const struct bench *b, unsigned int ret[3])
{
	unsigned int n = 0;

	if (b->o.parallel) {
		ret[0] = b->o.parallel;
		return 1;
	}
	ret[n++] = 1;
	ret[n++] = 2;
	if (b->cpus > 2)
		ret[n++] = b->cpus;
	return n;
}

static int make_stages(struct plan *plan, struct err *err)
{
	struct bench *b = plan->b;

	plan->stages = xcalloc(b->n_participants, sizeof(*plan->stages));
	plan->series = xcalloc(b->n_participants, sizeof(*plan->series));
	BENCH_FOREACH(p, b)
	{
		char *args[] = {(char *)(p->code == BENCH_WASM ? "/hello.wasm"
							       : "/bin/hello"),
				NULL};
		int rc;

		if (!participant_ok(p))
			continue;
		rc = stage_make(&plan->stages[plan->n++], b, p, b->hello, args,
				false, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int bench_boot(struct bench *b, struct err *err)
{
	struct plan plan = {.b = b};
	unsigned int parallel[3], n = degrees(b, parallel);
	int rc = make_stages(&plan, err);

	plan.budget_ms = (double)b->o.budget_ms / n;
	if (rc == 0)
		rc = lanes_begin(&plan.lanes, b, plan.stages, parallel[n - 1],
				 err);
	for (unsigned int i = 0; i < n && rc == 0 && !bench_interrupted(); i++)
		if (run_parallel(&plan, parallel[i]) < 0)
			rc = err_say(err, -EPIPE, "a lane ended early");
	lanes_end(plan.lanes);
	drift_tell(b);
	for (unsigned int i = 0; i < plan.n; i++)
		stage_free(&plan.stages[i]);
	free(plan.stages);
	free(plan.series);
	return rc;
}
