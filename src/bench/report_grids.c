/* bench/report_grids.c: the tables of boot, memory and size. */
#include <math.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* What stands for a result that is not there, and why. */
static void empty_cell(struct grid *g, const char *note)
{
	struct cell *c = grid_cell(g, "–");

	c->tone = TONE_MUTED;
	c->note = note;
}

/* ------------------------------------------------------------------ boot -- */

/* The entry even if nothing in it succeeded. */
static const struct bench_boot *any_boot(const struct view *v, const char *name,
					 uint32_t count)
{
	for (size_t i = 0; i < v->r->n_boot; i++)
		if (v->r->boot[i].count == count &&
		    v->r->boot[i].parallel == 1 &&
		    str_eq(v->r->boot[i].participant, name))
			return &v->r->boot[i];
	return NULL;
}

static bool has_boot(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_boot; i++)
		if (str_eq(v->r->boot[i].participant, name))
			return true;
	return false;
}

/* Failures, rounds that were not quiet, and early ends, in one sentence. */
static const char *boot_note(const struct view *v, const struct bench_boot *b)
{
	_cleanup_buf_ struct buf text = {0};

	if (b->failed)
		buf_printf(&text, "%u of %u starts failed%s%s", b->failed,
			   b->ok + b->failed, b->error ? ": " : "",
			   b->error ? b->error : "");
	/* A few are for the monitor's line; many are this cell's. */
	if (b->untrusted > (b->ok + b->failed) / 20)
		buf_printf(&text, "%s%u of %u starts fell into noisy rounds",
			   text.len ? "; " : "", b->untrusted,
			   b->ok + b->failed);
	if (b->note)
		buf_printf(&text, "%s%s", text.len ? "; " : "", b->note);
	if (!text.len)
		return NULL;
	return arena_printf(v->arena, "%s, N = %s: %s", b->participant,
			    say_count(v->arena, b->count), text.data);
}

static struct grid *boot_totals(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "Time for N starts, one after "
					    "another");
	uint32_t *counts;
	size_t n = view_boot_counts(v, 1, &counts);

	grid_column(g, "Runtime", COLUMN_TEXT);
	for (size_t i = 0; i < n; i++)
		grid_column(g,
			    arena_printf(v->arena, "N = %s",
					 say_count(v->arena, counts[i])),
			    COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		if (!has_boot(v, v->names[p]))
			continue;
		grid_row(g, v->names[p], v->names[p]);
		for (size_t i = 0; i < n; i++) {
			const struct bench_boot *b =
				any_boot(v, v->names[p], counts[i]);
			struct cell *c;

			if (!b || !b->ok) {
				empty_cell(g, b ? boot_note(v, b) : NULL);
				continue;
			}
			c = grid_cell(g, say_ms(v->arena, b->wall_ms));
			c->note = boot_note(v, b);
		}
	}
	return g;
}

static void rate_cell(const struct view *v, struct grid *g,
		      const struct bench_boot *b)
{
	if (!(b->starts_per_s >= 9.95 && b->starts_per_s < 1e9))
		grid_cell(g, arena_printf(v->arena, "%.1f", b->starts_per_s));
	else
		grid_cell(g, say_count(v->arena,
				       (uint64_t)(b->starts_per_s + .5)));
}

static struct grid *boot_single(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "One start, of the greatest N");

	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "N", COLUMN_NUMBER);
	grid_column(g, "Minimum", COLUMN_NUMBER);
	grid_column(g, "Median", COLUMN_NUMBER);
	grid_column(g, "95%", COLUMN_NUMBER);
	grid_column(g, "99%", COLUMN_NUMBER);
	grid_column(g, "Starts per second", COLUMN_NUMBER);
	grid_column(g,
		    v->baseline ? arena_printf(v->arena, "Of %s’s median",
					       v->baseline)
				: "Ratio",
		    COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		const struct bench_boot *b = view_last_boot(v, v->names[p]);
		const struct bench_boot *base, *own;

		if (!b)
			continue;
		grid_row(g, b->participant, b->participant);
		grid_cell(g, say_count(v->arena, b->count));
		grid_cell(g, say_ms(v->arena, b->total.min));
		grid_cell(g, say_ms(v->arena, b->total.median));
		grid_cell(g, say_ms(v->arena, b->total.p95));
		grid_cell(g, say_ms(v->arena, b->total.p99));
		rate_cell(v, g, b);
		if (v->baseline &&
		    view_both_boot(v, b->participant, v->baseline, &own, &base))
			grid_cell(g, say_ratio(v->arena,
					       own->total.median /
						       base->total.median));
		else
			empty_cell(g, NULL);
	}
	return g;
}

static void phase_cell(const struct view *v, struct grid *g,
		       const struct bench_stat *s)
{
	if (s->n)
		grid_cell(g, say_ms(v->arena, s->median));
	else
		empty_cell(g, NULL);
}

static struct grid *boot_phases(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "Where the time goes (medians)");

	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "Create", COLUMN_NUMBER);
	grid_column(g, "Start", COLUMN_NUMBER);
	grid_column(g, "Delete", COLUMN_NUMBER);
	grid_column(g, "Until first byte", COLUMN_NUMBER);
	grid_column(g, "Until exit", COLUMN_NUMBER);
	grid_column(g, "Until all is gone", COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		const struct bench_boot *b = view_last_boot(v, v->names[p]);

		if (!b)
			continue;
		grid_row(g, b->participant, b->participant);
		phase_cell(v, g, &b->create);
		phase_cell(v, g, &b->start);
		phase_cell(v, g, &b->remove);
		phase_cell(v, g, &b->first_byte);
		phase_cell(v, g, &b->exit);
		phase_cell(v, g, &b->total);
	}
	return g;
}

static struct grid *boot_parallel(const struct view *v)
{
	struct grid *g =
		grid_new(v->arena, "Starts per second, several at a time");
	uint32_t *parallel, *counts;
	size_t n = view_parallels(v, &parallel);

	if (n < 2)
		return NULL;
	grid_column(g, "Runtime", COLUMN_TEXT);
	for (size_t i = 0; i < n; i++)
		grid_column(g,
			    arena_printf(v->arena, "%u at a time", parallel[i]),
			    COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		if (!has_boot(v, v->names[p]))
			continue;
		grid_row(g, v->names[p], v->names[p]);
		for (size_t i = 0; i < n; i++) {
			const struct bench_boot *b = NULL;
			size_t c = view_boot_counts(v, parallel[i], &counts);

			while (c-- && !b)
				b = view_boot(v, v->names[p], counts[c],
					      parallel[i]);
			if (b)
				rate_cell(v, g, b);
			else
				empty_cell(g, NULL);
		}
	}
	return g;
}

size_t grids_boot(const struct view *v, struct grid **ret)
{
	size_t n = 0;

	if (!v->r->n_boot)
		return 0;
	ret[n++] = boot_totals(v);
	ret[n++] = boot_single(v);
	ret[n++] = boot_phases(v);
	ret[n] = boot_parallel(v);
	return ret[n] ? n + 1 : n;
}

/* ---------------------------------------------------------------- memory -- */

static bool has_memory(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_memory; i++)
		if (str_eq(v->r->memory[i].participant, name))
			return true;
	return false;
}

static const char *memory_note(const struct view *v,
			       const struct bench_memory *m)
{
	_cleanup_buf_ struct buf text = {0};

	if (m->failed)
		buf_printf(&text, "%u of %u failed%s%s", m->failed,
			   m->ok + m->failed, m->error ? ": " : "",
			   m->error ? m->error : "");
	if (m->note)
		buf_printf(&text, "%s%s", text.len ? "; " : "", m->note);
	if (!text.len)
		return NULL;
	return arena_printf(v->arena, "%s, N = %s: %s", m->participant,
			    say_count(v->arena, m->count), text.data);
}

/* At the greatest N that both reached. */
static void memory_ratio_cell(const struct view *v, struct grid *g,
			      const char *name)
{
	const struct bench_memory *own, *base;

	if (!view_both_memory(v, name, v->baseline, &own, &base)) {
		empty_cell(g, NULL);
		return;
	}
	grid_cell(g, say_ratio(v->arena, (double)bench_taken(own) /
						 (double)bench_taken(base)));
}

static struct grid *memory_totals(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "Memory that N sleepers take");
	uint32_t *counts;
	size_t n = view_memory_counts(v, &counts);

	grid_column(g, "Runtime", COLUMN_TEXT);
	for (size_t i = 0; i < n; i++)
		grid_column(g,
			    arena_printf(v->arena, "N = %s",
					 say_count(v->arena, counts[i])),
			    COLUMN_NUMBER);
	if (v->baseline)
		grid_column(g, arena_printf(v->arena, "Of %s’s", v->baseline),
			    COLUMN_NUMBER);
	grid_column(g, "Each more takes", COLUMN_NUMBER);
	grid_column(g, "Fit (r²)", COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		const struct bench_fit *fit = view_fit(v, v->names[p]);

		if (!has_memory(v, v->names[p]))
			continue;
		grid_row(g, v->names[p], v->names[p]);
		for (size_t i = 0; i < n; i++) {
			const struct bench_memory *m =
				view_memory(v, v->names[p], counts[i]);
			struct cell *c;

			if (!m) {
				empty_cell(g, NULL);
				continue;
			}
			c = grid_cell(
				g, say_bytes(v->arena, (double)bench_taken(m)));
			c->note = memory_note(v, m);
		}
		if (v->baseline)
			memory_ratio_cell(v, g, v->names[p]);
		if (!fit) {
			empty_cell(g, NULL);
			empty_cell(g, NULL);
			continue;
		}
		grid_cell(g, say_bytes(v->arena, fit->per_container));
		/* Any two points lie on a line. */
		if (n > 2)
			grid_cell(g, arena_printf(v->arena, "%.3f", fit->r2));
		else
			empty_cell(g, NULL);
	}
	return g;
}

static void each_cell(const struct view *v, struct grid *g, int64_t total,
		      uint32_t n)
{
	if (total)
		grid_cell(g, say_bytes(v->arena, (double)total / n));
	else
		empty_cell(g, NULL);
}

static struct grid *memory_parts(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "Where it sits, per container, at "
					    "the greatest N");

	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "N", COLUMN_NUMBER);
	grid_column(g, "Processes", COLUMN_NUMBER);
	grid_column(g, "All", COLUMN_NUMBER);
	grid_column(g, "PSS", COLUMN_NUMBER);
	grid_column(g, "of it shims", COLUMN_NUMBER);
	grid_column(g, "Private", COLUMN_NUMBER);
	grid_column(g, "Page tables", COLUMN_NUMBER);
	grid_column(g, "Kernel stacks", COLUMN_NUMBER);
	grid_column(g, "Slab", COLUMN_NUMBER);
	grid_column(g, "Per CPU", COLUMN_NUMBER);
	for (size_t p = 0; p < v->n; p++) {
		const struct bench_memory *m = view_last_memory(v, v->names[p]);

		if (!m)
			continue;
		grid_row(g, m->participant, m->participant);
		grid_cell(g, say_count(v->arena, m->ok));
		grid_cell(g, arena_printf(v->arena, "%.1f",
					  (double)m->processes / m->ok));
		each_cell(v, g, m->available, m->ok);
		each_cell(v, g, m->pss, m->ok);
		each_cell(v, g, m->shims, m->ok);
		each_cell(v, g, m->private_, m->ok);
		each_cell(v, g, m->page_tables, m->ok);
		each_cell(v, g, m->kernel_stack, m->ok);
		each_cell(v, g, m->slab, m->ok);
		each_cell(v, g, m->percpu, m->ok);
	}
	return g;
}

size_t grids_memory(const struct view *v, struct grid **ret)
{
	if (!v->r->n_memory)
		return 0;
	ret[0] = memory_totals(v);
	ret[1] = memory_parts(v);
	return 2;
}

/* ------------------------------------------------------------------ size -- */

static void size_cell(const struct view *v, struct grid *g, uint64_t size)
{
	if (size)
		grid_cell(g, say_bytes(v->arena, (double)size));
	else
		empty_cell(g, NULL);
}

size_t grids_size(const struct view *v, struct grid **ret)
{
	struct grid *g = grid_new(v->arena, "A program that says hello");

	if (!v->r->n_size)
		return 0;
	grid_column(g, "Language", COLUMN_TEXT);
	grid_column(g, "Form", COLUMN_TEXT);
	grid_column(g, "File", COLUMN_NUMBER);
	grid_column(g, "OCI layer", COLUMN_NUMBER);
	grid_column(g, "compressed", COLUMN_NUMBER);
	grid_column(g, "Measured", COLUMN_TEXT);
	for (size_t i = 0; i < v->r->n_size; i++) {
		const struct bench_size *s = &v->r->size[i];
		struct cell *c;

		grid_row(g, s->language, NULL);
		grid_cell(g, s->form);
		size_cell(v, g, s->file);
		size_cell(v, g, s->layer);
		size_cell(v, g, s->layer_gzip);
		c = grid_cell(g, s->measured ? "here" : "reference");
		if (!s->measured) {
			c->tone = TONE_MUTED;
			c->note = s->source;
		}
	}
	ret[0] = g;
	return 1;
}
