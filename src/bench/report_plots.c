/* bench/report_plots.c: what each plot of the report shows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/plot_internal.h"

/* ----------------------------------------------------------------- lines -- */

bool plot_boot_lines(const struct view *v, enum canvas canvas, struct buf *out)
{
	struct lines lines = {
		.heading = "Time for N starts, one after another",
		.x_label = "N",
		.log_y = true,
		.say = say_ms,
	};
	struct line *list = arena_alloc(v->arena, v->n + 1, sizeof(*list));
	uint32_t *counts;
	size_t n = view_boot_counts(v, 1, &counts);

	for (size_t p = 0; p < v->n; p++) {
		struct line *l = &list[lines.n];
		double *x = arena_alloc(v->arena, n + 1, sizeof(*x));
		double *y = arena_alloc(v->arena, n + 1, sizeof(*y));

		*l = (struct line){.name = v->names[p], .x = x, .y = y};
		for (size_t i = 0; i < n; i++) {
			const struct bench_boot *b =
				view_boot(v, l->name, counts[i], 1);

			if (!b || !b->count || b->wall_ms <= 0)
				continue;
			x[l->n] = counts[i];
			y[l->n++] = b->wall_ms;
		}
		lines.n += l->n > 0;
	}
	lines.v = list;
	return plot_lines(v, canvas, &lines, out);
}

/* What the plot of all would be too coarse for. */
static bool is_small(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_participants; i++) {
		const struct bench_participant *p = &v->r->participants[i];

		if (str_eq(p->name, name))
			return p->kind == BENCH_OCI || p->kind == BENCH_FLOOR;
	}
	return true;
}

static int64_t most_memory(const struct view *v, bool small)
{
	int64_t most = 0;

	for (size_t i = 0; i < v->r->n_memory; i++) {
		const struct bench_memory *m = &v->r->memory[i];

		if (is_small(v, m->participant) == small &&
		    bench_taken(m) > most)
			most = bench_taken(m);
	}
	return most;
}

/* Whole engines, and a JIT for each container, take so much that the OCI
 * runtimes would lie on the axis. */
static bool two_scales(const struct view *v)
{
	int64_t small = most_memory(v, true);

	return small > 0 && most_memory(v, false) > small * 3 / 2;
}

static bool memory_lines(const struct view *v, enum canvas canvas, bool all,
			 struct buf *out)
{
	struct lines lines = {
		.heading = "Processes and what the kernel keeps for them",
		.x_label = "Sleeping containers",
		.binary = true,
		.say = say_bytes,
	};
	struct line *list = arena_alloc(v->arena, v->n + 1, sizeof(*list));
	uint32_t *counts;
	size_t n = view_memory_counts(v, &counts);

	for (size_t p = 0; p < v->n; p++) {
		struct line *l = &list[lines.n];
		double *x = arena_alloc(v->arena, n + 1, sizeof(*x));
		double *y = arena_alloc(v->arena, n + 1, sizeof(*y));

		*l = (struct line){.name = v->names[p], .x = x, .y = y};
		for (size_t i = 0; i < n && (all || is_small(v, l->name));
		     i++) {
			const struct bench_memory *m =
				view_memory(v, l->name, counts[i]);

			if (!m)
				continue;
			x[l->n] = counts[i];
			y[l->n++] = (double)bench_taken(m);
		}
		lines.n += l->n > 0;
	}
	lines.v = list;
	return plot_lines(v, canvas, &lines, out);
}

bool plot_memory_lines(const struct view *v, enum canvas canvas,
		       struct buf *out)
{
	return memory_lines(v, canvas, !two_scales(v), out);
}

bool plot_memory_all(const struct view *v, enum canvas canvas, struct buf *out)
{
	return two_scales(v) && memory_lines(v, canvas, true, out);
}

/* ---------------------------------------------------------------- ratios -- */

static struct bar *bars_for(const struct view *v)
{
	return arena_alloc(v->arena, v->n + 1, sizeof(struct bar));
}

static void add_bar(const struct view *v, struct bar *bars, size_t *n,
		    const char *name, double ratio)
{
	bars[*n] = (struct bar){.name = name,
				.value = ratio,
				.text = say_ratio(v->arena, ratio)};
	++*n;
}

bool plot_boot_ratio(const struct view *v, enum canvas canvas, struct buf *out)
{
	const struct bench_boot *own, *base;
	struct bar *bars = bars_for(v);
	size_t n = 0;

	if (!v->baseline)
		return false;
	for (size_t p = 0; p < v->n; p++)
		if (view_both_boot(v, v->names[p], v->baseline, &own, &base))
			add_bar(v, bars, &n, v->names[p],
				own->total.median / base->total.median);
	return n > 1 &&
	       plot_ratio_bars(
		       v, canvas,
		       arena_printf(v->arena,
				    "Median start, as a multiple of %s’s",
				    v->baseline),
		       bars, n, out);
}

bool plot_memory_ratio(const struct view *v, enum canvas canvas,
		       struct buf *out)
{
	const struct bench_memory *own, *base;
	struct bar *bars = bars_for(v);
	size_t n = 0;

	if (!v->baseline)
		return false;
	for (size_t p = 0; p < v->n; p++)
		if (view_both_memory(v, v->names[p], v->baseline, &own, &base))
			add_bar(v, bars, &n, v->names[p],
				(double)bench_taken(own) /
					(double)bench_taken(base));
	return n > 1 &&
	       plot_ratio_bars(v, canvas,
			       arena_printf(v->arena,
					    "Memory at the greatest common N, "
					    "as a multiple of %s’s",
					    v->baseline),
			       bars, n, out);
}

bool plot_cpu_ratio(const struct view *v, enum canvas canvas, struct buf *out)
{
	struct bar *bars = bars_for(v);
	size_t n = 0, ran;

	for (size_t p = 0; p < v->n; p++) {
		double ratio = view_cpu_ratio(v, v->names[p], &ran);

		if (ran)
			add_bar(v, bars, &n, v->names[p], ratio);
	}
	return plot_ratio_bars(v, canvas,
			       "CPU time, geometric mean; 1× is native code",
			       bars, n, out);
}

bool plot_io_ratio(const struct view *v, enum canvas canvas, struct buf *out)
{
	struct bar *bars = bars_for(v);
	size_t n = 0, ran;

	for (size_t p = 0; p < v->n; p++) {
		double ratio = view_io_ratio(v, v->names[p], &ran);

		if (ran)
			add_bar(v, bars, &n, v->names[p], ratio);
	}
	return plot_ratio_bars(
		v, canvas, "Time per operation, geometric mean; 1× is the host",
		bars, n, out);
}

/* ----------------------------------------------------------------- boxes -- */

struct box {
	const char *name;
	double lo, q1, median, q3, hi, far; /* min, quartiles, p95, p99 */
};

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int by_median(const void *a, const void *b)
{
	const struct box *x = a, *y = b;

	return x->median < y->median ? -1 : x->median > y->median;
}

static struct box make_box(const struct view *v, const struct bench_boot *b)
{
	const struct bench_stat *t = &b->total;
	struct box box = {
		.name = b->participant,
		.lo = t->min,
		.q1 = t->median,
		.median = t->median,
		.q3 = t->median,
		.hi = fmax(t->p95, t->median),
		.far = fmax(t->p99, t->median),
	};
	double *sorted;

	if (b->n_samples >= 4) {
		sorted = arena_memdup(v->arena, b->samples,
				      b->n_samples * sizeof(*sorted));
		qsort(sorted, b->n_samples, sizeof(*sorted), by_number);
		/* The samples are of all rounds, the statistics may be of the
		 * quiet ones. */
		box.q1 = fmin(sorted[b->n_samples / 4], t->median);
		box.q3 = fmax(sorted[b->n_samples * 3 / 4], t->median);
	}
	/* A logarithm is taken of each. */
	box.lo = box.lo > 0 ? box.lo : box.median;
	box.q1 = box.q1 > 0 ? box.q1 : box.median;
	return box;
}

static void box_scripts(const struct view *v, enum canvas canvas,
			const struct box *boxes, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct box *b = &boxes[i];

		buf_printf(out,
			   "$d%zu << EOD\n%zu %.8g %.8g %.8g %.8g %.8g %.8g\n"
			   "EOD\n",
			   i, i, b->lo, b->q1, b->median, b->q3, b->hi, b->far);
	}
	for (size_t i = 0; i < n; i++) {
		buf_printf(out,
			   "%s$d%zu using 2:1:($6-$2):(0) with vectors nohead "
			   "lw 1.4 lc",
			   i ? ", \\\n  " : "plot ", i);
		plot_series(canvas, view_colour(v, boxes[i].name), out);
		buf_adds(out, " title ");
		plot_text(out, boxes[i].name);
		buf_printf(out,
			   ", $d%zu using 4:1:3:5:($1-0.28):($1+0.28) with "
			   "boxxyerror fs solid 1 noborder lc",
			   i);
		plot_series(canvas, view_colour(v, boxes[i].name), out);
		buf_adds(out, " title ''");
		buf_printf(out, ", $d%zu using 7:1 with points pt 7 ps 0.3 lc",
			   i);
		plot_series(canvas, view_colour(v, boxes[i].name), out);
		buf_adds(out, " title ''");
		/* Wide enough to be seen where the quartiles meet. */
		buf_printf(out,
			   ", $d%zu using 4:($1-0.36):(0):(0.72) with vectors "
			   "nohead lw 2 lc",
			   i);
		plot_chrome(canvas, INK, out);
		buf_adds(out, " title ''");
	}
	buf_addc(out, '\n');
}

bool plot_boot_boxes(const struct view *v, enum canvas canvas, struct buf *out)
{
	struct box *boxes = arena_alloc(v->arena, v->n + 1, sizeof(*boxes));
	double lo = HUGE_VAL, hi = 0;
	struct tick *t;
	struct size s;
	size_t n = 0, n_ticks;

	for (size_t p = 0; p < v->n; p++) {
		const struct bench_boot *b = view_last_boot(v, v->names[p]);

		if (!b)
			continue;
		boxes[n] = make_box(v, b);
		lo = fmin(lo, boxes[n].lo);
		hi = fmax(hi, fmax(boxes[n].far, boxes[n].hi));
		n++;
	}
	if (!n)
		return false;
	qsort(boxes, n, sizeof(*boxes), by_median);
	lo /= 1.2;
	hi *= 1.2;
	s = plot_rows_size(v, canvas, n);
	plot_frame(&s, canvas,
		   "One start: the line is the minimum to 95%, the "
		   "dot 99%",
		   out);
	plot_rows(n, out);
	n_ticks = plot_log_ticks(v->arena, lo, hi, false, say_ms, &t);
	buf_printf(out, "set logscale x\nset xrange [%.10g:%.10g]\n", lo, hi);
	plot_x_ticks(&s, lo, hi, true, t, n_ticks, out);
	for (size_t i = 0; i < n; i++)
		plot_row_labels(v, canvas, &s, boxes[i].name,
				say_ms(v->arena, boxes[i].median), i, out);
	box_scripts(v, canvas, boxes, n, out);
	return true;
}

/* ----------------------------------------------------------------- parts -- */

const char *const part_names[PARTS] = {
	"processes (PSS)", "shims (PSS)", "page tables",
	"kernel stacks",   "slab",        "everything else",
};

struct stack {
	const char *name;
	double part[PARTS], sum, all;
};

static int by_all(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	return x->all < y->all ? -1 : x->all > y->all;
}

static struct stack make_stack(const struct bench_memory *m)
{
	double n = m->ok, known = 0;
	struct stack s = {
		.name = m->participant,
		.part = {(double)(m->pss - m->shims) / n, (double)m->shims / n,
			 (double)m->page_tables / n,
			 (double)m->kernel_stack / n,
			 /* What has one copy per CPU is of the slab's kind. */
			 (double)(m->slab + m->percpu) / n},
	};

	for (size_t i = 0; i < PARTS - 1; i++) {
		s.part[i] = fmax(s.part[i], 0);
		known += s.part[i];
	}
	s.part[PARTS - 1] = fmax((double)bench_taken(m) / n - known, 0);
	s.sum = known + s.part[PARTS - 1];
	s.all = (double)bench_taken(m) / n;
	return s;
}

static void stack_scripts(enum canvas canvas, const struct stack *stacks,
			  size_t n, struct buf *out)
{
	for (size_t part = 0; part < PARTS; part++) {
		buf_printf(out, "$d%zu << EOD\n", part);
		for (size_t i = 0; i < n; i++) {
			double from = 0;

			for (size_t k = 0; k < part; k++)
				from += stacks[i].part[k];
			buf_printf(out, "%zu %.10g %.10g\n", i, from,
				   from + stacks[i].part[part]);
		}
		buf_adds(out, "EOD\n");
	}
	for (size_t part = 0; part < PARTS; part++) {
		buf_printf(out,
			   "%s$d%zu using 2:1:2:3:($1-0.32):($1+0.32) with "
			   "boxxyerror fs solid 1 noborder lc",
			   part ? ", \\\n  " : "plot ", part);
		plot_part(canvas, (unsigned int)part, out);
		buf_adds(out, " title ");
		plot_text(out, part_names[part]);
	}
	buf_addc(out, '\n');
}

bool plot_memory_parts(const struct view *v, enum canvas canvas,
		       struct buf *out)
{
	struct stack *stacks = arena_alloc(v->arena, v->n + 1, sizeof(*stacks));
	double hi = 0;
	struct tick *t;
	struct size s;
	size_t n = 0, n_ticks;

	for (size_t p = 0; p < v->n; p++) {
		const struct bench_memory *m = view_last_memory(v, v->names[p]);

		if (!m)
			continue;
		stacks[n] = make_stack(m);
		hi = fmax(hi, stacks[n].sum);
		n++;
	}
	if (!n || hi <= 0)
		return false;
	qsort(stacks, n, sizeof(*stacks), by_all);
	s = plot_rows_size(v, canvas, n);
	/* The page has a legend in words; a slide needs its own. */
	if (canvas == CANVAS_PNG)
		s.bottom += 28, s.height += 28;
	plot_frame(&s, canvas, "Per container, at the greatest N", out);
	plot_rows(n, out);
	n_ticks = plot_linear_ticks(v->arena, hi * 1.02, true,
				    canvas == CANVAS_NARROW ? 3 : 6, say_bytes,
				    &t);
	buf_printf(out, "set xrange [0:%.10g]\n", hi * 1.02);
	plot_x_ticks(&s, 0, hi * 1.02, false, t, n_ticks, out);
	if (canvas == CANVAS_PNG) {
		buf_adds(out, "set key at screen 0.5, screen 0.03 bottom "
			      "center horizontal Left reverse samplen 1 "
			      "width 1 font 'sans-serif,12' textcolor");
		plot_chrome(canvas, SOFT, out);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < n; i++)
		plot_row_labels(v, canvas, &s, stacks[i].name,
				say_bytes(v->arena, stacks[i].all), i, out);
	stack_scripts(canvas, stacks, n, out);
	return true;
}

/* ------------------------------------------------------------------ size -- */

static void size_margin(const struct view *v, struct size *s)
{
	for (size_t i = 0; i < v->r->n_size; i++) {
		const struct bench_size *e = &v->r->size[i];
		int width = plot_text_width(s, e->language) +
			    plot_text_width(s, e->form) + 26;

		s->left = width > s->left ? width : s->left;
	}
	if (s->left > s->width / 2)
		s->left = s->width / 2;
}

bool plot_size_bars(const struct view *v, enum canvas canvas, struct buf *out)
{
	const struct bench_results *r = v->r;
	double lo = HUGE_VAL, hi = 0;
	struct tick *t;
	struct size s;
	size_t n = 0, n_ticks;

	for (size_t i = 0; i < r->n_size; i++) {
		if (!r->size[i].layer_gzip)
			continue;
		lo = fmin(lo, (double)r->size[i].layer_gzip);
		hi = fmax(hi, (double)r->size[i].layer_gzip);
		n++;
	}
	if (!n)
		return false;
	lo /= 3, hi *= 1.3;
	s = plot_rows_size(v, canvas, n);
	size_margin(v, &s);
	plot_frame(&s, canvas, "OCI layer, compressed", out);
	plot_rows(n, out);
	n_ticks = plot_log_ticks(v->arena, lo, hi, true, say_bytes, &t);
	buf_printf(out, "set logscale x\nset xrange [%.10g:%.10g]\n", lo, hi);
	plot_x_ticks(&s, lo, hi, true, t, n_ticks, out);
	buf_adds(out, "$d << EOD\n");
	for (size_t i = 0, row = 0; i < r->n_size; i++)
		if (r->size[i].layer_gzip)
			buf_printf(out, "%zu %llu\n", row++,
				   (unsigned long long)r->size[i].layer_gzip);
	buf_adds(out, "EOD\n");
	for (size_t i = 0, row = 0; i < r->n_size; i++) {
		const struct bench_size *e = &r->size[i];

		if (!e->layer_gzip)
			continue;
		buf_adds(out, "set label ");
		plot_text(out, arena_printf(v->arena, "%s, %s", e->language,
					    e->form));
		buf_printf(out, " at screen %.4f, first %zu right textcolor",
			   (s.left - 8.0) / s.width, row);
		plot_chrome(canvas, INK, out);
		buf_adds(out, "\nset label ");
		plot_text(out, say_bytes(v->arena, (double)e->layer_gzip));
		buf_printf(out, " at screen %.4f, first %zu right textcolor",
			   1 - 4.0 / s.width, row++);
		plot_chrome(canvas, INK, out);
		buf_addc(out, '\n');
	}
	buf_printf(out,
		   "plot $d using 2:1:(%.10g):2:($1-0.3):($1+0.3) with "
		   "boxxyerror fs solid 1 noborder lc",
		   lo);
	plot_series(canvas, 5, out);
	buf_adds(out, " title 'compressed layer'\n");
	return true;
}
