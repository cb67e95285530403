/* bench/plot_kinds.c: lines with names at their ends, and bars of ratios. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/plot_internal.h"

/* ----------------------------------------------------------------- lines -- */

struct end_label {
	const char *name;
	double at; /* 0 at the bottom of the axes, 1 at the top */
};

static int by_height(const void *a, const void *b)
{
	const struct end_label *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Push labels apart until none covers another, each as little as can be:
 * those that touch become a block around the mean of where they belong. */
static void spread(struct end_label *l, size_t n, double gap, struct arena *a)
{
	double *want = arena_alloc(a, n + 1, sizeof(*want));
	size_t *block = arena_alloc(a, n + 1, sizeof(*block));

	qsort(l, n, sizeof(*l), by_height);
	for (size_t i = 0; i < n; i++)
		want[i] = l[i].at;
	/* block[i]: the first label of the block that i is in. */
	for (size_t i = 0; i < n; i++) {
		size_t first = i;

		for (;;) {
			double sum = 0, bottom;
			size_t size = i - first + 1;

			for (size_t k = first; k <= i; k++)
				sum += want[k];
			bottom = sum / (double)size -
				 gap * (double)(size - 1) / 2;
			if (bottom + gap * (double)(size - 1) > 1)
				bottom = 1 - gap * (double)(size - 1);
			if (bottom < 0)
				bottom = 0;
			for (size_t k = first; k <= i; k++) {
				l[k].at = bottom + gap * (double)(k - first);
				block[k] = first;
			}
			if (!first || l[first - 1].at + gap <= bottom + 1e-9)
				break;
			first = block[first - 1];
		}
	}
}

struct range {
	double x_lo, x_hi, y_lo, y_hi;
};

static bool find_range(const struct lines *lines, struct range *r)
{
	*r = (struct range){.x_lo = HUGE_VAL, .y_lo = HUGE_VAL};
	for (size_t i = 0; i < lines->n; i++)
		for (size_t k = 0; k < lines->v[i].n; k++) {
			r->x_lo = fmin(r->x_lo, lines->v[i].x[k]);
			r->x_hi = fmax(r->x_hi, lines->v[i].x[k]);
			r->y_lo = fmin(r->y_lo, lines->v[i].y[k]);
			r->y_hi = fmax(r->y_hi, lines->v[i].y[k]);
		}
	if (!(r->x_hi > 0 && r->y_hi > 0))
		return false;
	if (lines->log_y) {
		r->y_lo /= 1.4;
		r->y_hi *= 1.4;
	} else {
		r->y_lo = fmin(r->y_lo, 0);
		r->y_hi *= 1.04;
	}
	return true;
}

static double height(const struct lines *lines, const struct range *r, double y)
{
	if (lines->log_y)
		return plot_log_part(y, r->y_lo, r->y_hi);
	return (y - r->y_lo) / (r->y_hi - r->y_lo);
}

static const char *say_plain(struct arena *a, double x)
{
	return say_count(a, (uint64_t)fmin(fmax(x, 0), 1e15));
}

/* The counts that were measured, as long as they keep apart. */
static void count_ticks(const struct view *v, const struct size *s,
			const struct lines *lines, const struct range *r,
			struct buf *out)
{
	double pixels = s->width - s->left - s->right, last = -1e9;
	struct tick *t = arena_alloc(v->arena, 64, sizeof(*t));
	const struct line *most = &lines->v[0];
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		if (lines->v[i].n > most->n)
			most = &lines->v[i];
	for (size_t i = most->n; i-- && n < 64;) {
		double x = most->x[i];
		double at = lines->log_y ? plot_log_part(x, r->x_lo, r->x_hi)
					 : (x - r->x_lo) / (r->x_hi - r->x_lo);

		if (n && fabs(at * pixels - last) < s->font * 3)
			continue;
		last = at * pixels;
		t[n].at = x;
		t[n++].text = say_plain(v->arena, x);
	}
	plot_ticks("x", t, n, out);
}

static void line_axes(const struct view *v, const struct size *s,
		      enum canvas canvas, const struct lines *lines,
		      const struct range *r, struct buf *out)
{
	struct tick *t;
	size_t n;

	plot_frame(s, canvas, lines->heading, out);
	if (lines->log_y)
		buf_adds(out, "set logscale xy\n");
	buf_printf(out, "set xrange [%.10g:%.10g]\nset yrange [%.10g:%.10g]\n",
		   r->x_lo, r->x_hi, r->y_lo, r->y_hi);
	count_ticks(v, s, lines, r, out);
	if (lines->log_y)
		n = plot_log_ticks(v->arena, r->y_lo, r->y_hi, lines->binary,
				   lines->say, &t);
	else
		n = plot_linear_ticks(v->arena, r->y_hi, lines->binary, 6,
				      lines->say, &t);
	plot_ticks("y", t, n, out);
	buf_adds(out, "set label ");
	plot_text(out, lines->x_label);
	buf_printf(out, " at graph 0.5, screen %.4f center textcolor",
		   8.0 / s->height);
	plot_chrome(canvas, SOFT, out);
	buf_addc(out, '\n');
}

/* On linear axes a line that stops has its name where it stops, if there is
 * room; on logarithmic ones all run side by side, so the name at the right is
 * in its line, too. */
static bool ends_early(const struct size *s, const struct lines *lines,
		       const struct range *r, const struct line *line)
{
	double axis = s->width - s->left - s->right;
	double at = (line->x[line->n - 1] - r->x_lo) / (r->x_hi - r->x_lo);

	return !lines->log_y && at < 0.8 &&
	       at * axis + plot_text_width(s, line->name) + 10 < axis;
}

static void early_label(const struct view *v, enum canvas canvas,
			const struct line *line, struct buf *out)
{
	buf_adds(out, "set label ");
	plot_text(out, line->name);
	buf_printf(out,
		   " at first %.10g, first %.10g left offset 0.8,0.2 "
		   "front textcolor",
		   line->x[line->n - 1], line->y[line->n - 1]);
	plot_series(canvas, view_colour(v, line->name), out);
	buf_addc(out, '\n');
}

static void end_labels(const struct view *v, const struct size *s,
		       enum canvas canvas, const struct lines *lines,
		       const struct range *r, struct buf *out)
{
	struct end_label *l = arena_alloc(v->arena, lines->n + 1, sizeof(*l));
	double pixels = s->height - s->top - s->bottom;
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		const struct line *line = &lines->v[i];

		if (ends_early(s, lines, r, line)) {
			early_label(v, canvas, line, out);
			continue;
		}
		l[n].name = line->name;
		l[n++].at = height(lines, r, line->y[line->n - 1]);
	}
	spread(l, n, s->line / pixels, v->arena);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, "set label ");
		plot_text(out, l[i].name);
		buf_printf(out, " at screen %.4f, graph %.4f left textcolor",
			   1 - (s->right - 10.0) / s->width, l[i].at);
		plot_series(canvas, view_colour(v, l[i].name), out);
		buf_addc(out, '\n');
	}
}

/* Names have no other place than the margin. */
static struct size lines_size(enum canvas canvas, const struct lines *lines)
{
	struct size s = plot_size(canvas);

	s.right = 0;
	for (size_t i = 0; i < lines->n; i++) {
		int width = plot_text_width(&s, lines->v[i].name) + 14;

		s.right = width > s.right ? width : s.right;
	}
	if (s.right > s.width * 2 / 5)
		s.right = s.width * 2 / 5;
	return s;
}

/* Points do not make a line, and the table has them. */
static size_t longest(const struct lines *lines)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++)
		n = lines->v[i].n > n ? lines->v[i].n : n;
	return n;
}

bool plot_lines(const struct view *v, enum canvas canvas,
		const struct lines *lines, struct buf *out)
{
	struct size s = lines_size(canvas, lines);
	struct range r;
	int need = s.top + s.bottom + s.line * (int)(lines->n + 1);

	if (longest(lines) < 2 || !find_range(lines, &r))
		return false;
	if (s.height < need)
		s.height = need;
	line_axes(v, &s, canvas, lines, &r, out);
	end_labels(v, &s, canvas, lines, &r, out);
	/* hull's last, so that they lie on top. */
	for (size_t i = 0; i < lines->n; i++) {
		buf_printf(out, "$d%zu << EOD\n", i);
		for (size_t k = 0; k < lines->v[i].n; k++)
			buf_printf(out, "%.10g %.10g\n", lines->v[i].x[k],
				   lines->v[i].y[k]);
		buf_adds(out, "EOD\n");
	}
	for (size_t i = lines->n; i--;) {
		const char *name = lines->v[i].name;
		bool hull = view_is_hull(name);

		buf_printf(out, "%s$d%zu using 1:2 with linespoints pt 7 ",
			   i + 1 == lines->n ? "plot " : ", \\\n  ", i);
		buf_printf(out, "ps %s lw %s dt %s lc", hull ? "0.55" : "0.35",
			   hull ? "2.6" : "1.4",
			   view_is_floor(v, name) ? "(3,3)" : "solid");
		plot_series(canvas, view_colour(v, name), out);
		buf_adds(out, " title ");
		plot_text(out, name);
	}
	buf_addc(out, '\n');
	return true;
}

/* ---------------------------------------------------------------- ratios -- */

static int by_value(const void *a, const void *b)
{
	const struct bar *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static const char *say_times(struct arena *a, double x)
{
	return arena_printf(a, "%g×", x);
}

bool plot_ratio_bars(const struct view *v, enum canvas canvas,
		     const char *heading, struct bar *bars, size_t n,
		     struct buf *out)
{
	struct size s = plot_rows_size(v, canvas, n);
	double lo = 0.8, hi = 1.25;
	struct tick *t;
	size_t n_ticks;

	if (!n)
		return false;
	qsort(bars, n, sizeof(*bars), by_value);
	lo = fmin(lo, bars[0].value / 1.1);
	hi = fmax(hi, bars[n - 1].value * 1.1);
	plot_frame(&s, canvas, heading, out);
	plot_rows(n, out);
	n_ticks = plot_log_ticks(v->arena, lo, hi, false, say_times, &t);
	buf_printf(out, "set logscale x\nset xrange [%.10g:%.10g]\n", lo, hi);
	plot_x_ticks(&s, lo, hi, true, t, n_ticks, out);
	buf_adds(out, "set arrow from 1, graph 0 to 1, graph 1 nohead back "
		      "lw 1.4 lc");
	plot_chrome(canvas, AXIS, out);
	buf_addc(out, '\n');
	for (size_t i = 0; i < n; i++)
		plot_row_labels(v, canvas, &s, bars[i].name, bars[i].text, i,
				out);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "$d%zu << EOD\n1 %zu %.10g\nEOD\n", i, i,
			   bars[i].value);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out,
			   "%s$d%zu using 1:2:(1):3:($2-0.32):($2+0.32) with "
			   "boxxyerror fs solid 1 noborder lc",
			   i ? ", \\\n  " : "plot ", i);
		plot_series(canvas, view_colour(v, bars[i].name), out);
		buf_adds(out, " title ");
		plot_text(out, bars[i].name);
	}
	buf_addc(out, '\n');
	return true;
}
