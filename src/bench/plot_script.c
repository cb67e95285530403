/* bench/plot_script.c: the parts that all plots share. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/plot_internal.h"

struct size plot_size(enum canvas canvas)
{
	if (canvas == CANVAS_NARROW)
		return (struct size){.width = 360,
				     .height = 340,
				     .left = 62,
				     .right = 104,
				     .top = 30,
				     .bottom = 42,
				     .font = 12,
				     .line = 14};
	return (struct size){.width = 760,
			     .height = 420,
			     .left = 64,
			     .right = 138,
			     .top = 34,
			     .bottom = 46,
			     .font = 13,
			     .line = 16};
}

int plot_text_width(const struct size *s, const char *text)
{
	return (int)strlen(text) * s->font * 31 / 50;
}

struct size plot_rows_size(const struct view *v, enum canvas canvas, size_t n)
{
	struct size s = plot_size(canvas);

	for (size_t i = 0; i < v->n; i++)
		if (plot_text_width(&s, v->names[i]) + 12 > s.left)
			s.left = plot_text_width(&s, v->names[i]) + 12;
	if (s.left > s.width * 2 / 5)
		s.left = s.width * 2 / 5;
	s.right = canvas == CANVAS_NARROW ? 66 : 84;
	s.height = s.top + s.bottom + (int)n * (s.line + 10);
	return s;
}

/* gnuplot has no escape for a quote but its double, and names come from a
 * file: keep to what a name can have. */
void plot_text(struct buf *out, const char *s)
{
	static const char plain[] = " .,:;+-_/()%=<>*#@!?&[]";

	buf_addc(out, '\'');
	for (; s && *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';

		if (letter || (c >= '0' && c <= '9') || c >= 0x80 ||
		    strchr(plain, c))
			buf_addc(out, *s);
		else
			buf_addc(out, '?');
	}
	buf_addc(out, '\'');
}

/* --------------------------------------------------------------- colours -- */

/* Of a PNG, which is always light. */
static const char *const chrome_light[] = {
	[INK] = "#1b1f24",  [SOFT] = "#5b6470",  [AXIS] = "#9aa3ad",
	[GRID] = "#e3e6ea", [PAPER] = "#ffffff",
};

void plot_chrome(enum canvas canvas, enum chrome c, struct buf *out)
{
	if (canvas == CANVAS_PNG)
		buf_printf(out, " rgb '%s'", chrome_light[c]);
	else
		buf_printf(out, " rgb '#0100%02x'", c);
}

void plot_series(enum canvas canvas, unsigned int colour, struct buf *out)
{
	if (canvas == CANVAS_PNG)
		buf_printf(out, " rgb '%s'", colour_series[colour].light);
	else
		buf_printf(out, " rgb '#0200%02x'", colour);
}

void plot_part(enum canvas canvas, unsigned int part, struct buf *out)
{
	if (canvas == CANVAS_PNG)
		buf_printf(out, " rgb '%s'", colour_part[part].light);
	else
		buf_printf(out, " rgb '#0300%02x'", part);
}

/* ----------------------------------------------------------------- frame -- */

void plot_begin(const struct plot *p, enum canvas canvas, struct buf *out)
{
	buf_adds(out, "set encoding utf8\nunset key\n");
	/* The page has a heading, a slide has only the picture. */
	if (canvas != CANVAS_PNG)
		return;
	buf_adds(out, "heading = ");
	plot_text(out, p->title);
	buf_addc(out, '\n');
}

void plot_frame(const struct size *s, enum canvas canvas, const char *heading,
		struct buf *out)
{
	int above = canvas == CANVAS_PNG ? 36 : 0;
	double w = s->width, h = s->height + above;

	if (canvas == CANVAS_PNG)
		buf_printf(out,
			   "set terminal pngcairo noenhanced size %d,%d "
			   "font 'sans-serif,%d' linewidth 1.3 pointscale 1.3 "
			   "background rgb '#ffffff'\n",
			   s->width * 3 / 2, (s->height + above) * 3 / 2,
			   s->font * 9 / 8);
	else
		buf_printf(out,
			   "set terminal svg noenhanced dynamic size %d,%d "
			   "font 'sans-serif,%d'\n",
			   s->width, s->height, s->font);
	buf_printf(out, "set lmargin at screen %.4f\n", s->left / w);
	buf_printf(out, "set rmargin at screen %.4f\n", 1 - s->right / w);
	buf_printf(out, "set tmargin at screen %.4f\n",
		   1 - (s->top + above) / h);
	buf_printf(out, "set bmargin at screen %.4f\n", s->bottom / h);
	buf_adds(out, "set border 1 lw 1 lc");
	plot_chrome(canvas, AXIS, out);
	buf_adds(out, "\nset tics nomirror out scale 0.6,0 textcolor");
	plot_chrome(canvas, SOFT, out);
	buf_adds(
		out,
		"\nset xtics offset 0,0.35\nset grid xtics ytics back lt 1 dt solid lw 1 lc");
	plot_chrome(canvas, GRID, out);
	buf_adds(out, "\nset label ");
	plot_text(out, heading);
	buf_printf(out, " at screen %.4f, screen %.4f left textcolor",
		   canvas == CANVAS_PNG ? 20 / w : 4 / w,
		   1 - (s->top / 2.0 - 3 + above) / h);
	plot_chrome(canvas, SOFT, out);
	buf_addc(out, '\n');
	if (canvas != CANVAS_PNG)
		return;
	buf_printf(out,
		   "set label heading at screen %.4f, screen %.4f left "
		   "font 'sans-serif:Bold,%d' textcolor",
		   20 / w, 1 - 22 / h, s->font * 3 / 2);
	plot_chrome(canvas, INK, out);
	buf_addc(out, '\n');
}

/* ----------------------------------------------------------------- ticks -- */

/* "10 ms", where a table says "10.0 ms". */
static const char *tick_text(struct arena *a, const char *text)
{
	const char *point = strchr(text, '.'), *end;

	if (!point)
		return text;
	end = point + 1 + strspn(point + 1, "0");
	if (*end >= '0' && *end <= '9')
		return text;
	return arena_printf(a, "%.*s%s", (int)(point - text), text, end);
}

static size_t binary_ticks(struct arena *a, double lo, double hi,
			   const char *(*say)(struct arena *, double),
			   struct tick *t)
{
	double factor = hi / lo > 4096 ? 16 : 4;
	double power = pow(factor, ceil(log(lo) / log(factor)));
	size_t n = 0;

	for (; power <= hi && n < 128; power *= factor) {
		t[n].at = power;
		t[n++].text = tick_text(a, say(a, power));
	}
	return n;
}

size_t plot_log_ticks(struct arena *a, double lo, double hi, bool binary,
		      const char *(*say)(struct arena *, double),
		      struct tick **ret)
{
	/* Few decades need more than their powers. */
	bool fine = hi / lo < 60;
	static const double steps[] = {1, 2, 5};
	double power = pow(10, floor(log10(lo)));
	size_t n = 0;

	*ret = arena_alloc(a, 128, sizeof(**ret));
	if (binary)
		return binary_ticks(a, lo, hi, say, *ret);
	for (; power <= hi && n + 3 < 128; power *= 10)
		for (size_t i = 0; i < (fine ? ARRAY_SIZE(steps) : 1); i++) {
			double at = power * steps[i];

			if (at < lo * 0.999 || at > hi * 1.001)
				continue;
			(*ret)[n].at = at;
			(*ret)[n++].text = tick_text(a, say(a, at));
		}
	return n;
}

size_t plot_linear_ticks(struct arena *a, double hi, bool binary,
			 unsigned int most,
			 const char *(*say)(struct arena *, double),
			 struct tick **ret)
{
	static const double steps[] = {.2, .5, 1, 2, 5, 10};
	double base = binary ? pow(1024, floor(log2(hi) / 10)) : 1;
	double power = base * pow(10, floor(log10(hi / base)));
	double step = power * steps[0];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && hi / step > most; i++)
		step = power * steps[i];
	*ret = arena_alloc(a, 32, sizeof(**ret));
	for (; n < 32 && (double)n * step <= hi * 1.001; n++) {
		(*ret)[n].at = (double)n * step;
		(*ret)[n].text =
			n ? tick_text(a, say(a, (double)n * step)) : "0";
	}
	return n;
}

void plot_ticks(const char *axis, const struct tick *t, size_t n,
		struct buf *out)
{
	buf_printf(out, "set %stics (", axis);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, i ? ", " : "");
		plot_text(out, t[i].text);
		buf_printf(out, " %.10g", t[i].at);
	}
	buf_adds(out, ")\n");
}

double plot_log_part(double x, double lo, double hi)
{
	return (log(x) - log(lo)) / (log(hi) - log(lo));
}

void plot_x_ticks(const struct size *s, double lo, double hi, bool powers,
		  struct tick *t, size_t n, struct buf *out)
{
	double axis = s->width - s->left - s->right, free_from = -1e9;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		double part = powers ? plot_log_part(t[i].at, lo, hi)
				     : (t[i].at - lo) / (hi - lo);
		double half = plot_text_width(s, t[i].text) / 2.0;

		if (part * axis - half < free_from)
			continue;
		free_from = part * axis + half + 6;
		t[kept++] = t[i];
	}
	plot_ticks("x", t, kept, out);
}

/* ------------------------------------------------------------------ rows -- */

void plot_row_labels(const struct view *v, enum canvas canvas,
		     const struct size *s, const char *name, const char *text,
		     size_t row, struct buf *out)
{
	buf_adds(out, "set label ");
	plot_text(out, name);
	buf_printf(out, " at screen %.4f, first %zu right textcolor",
		   (s->left - 8.0) / s->width, row);
	plot_series(canvas, view_colour(v, name), out);
	buf_adds(out, "\nset label ");
	plot_text(out, text);
	buf_printf(out, " at screen %.4f, first %zu right textcolor",
		   1 - 4.0 / s->width, row);
	plot_chrome(canvas, INK, out);
	buf_addc(out, '\n');
}

void plot_rows(size_t n, struct buf *out)
{
	buf_printf(out, "set yrange [%zu.5:-0.5]\n", n - 1);
	buf_adds(out, "unset ytics\nset border 0\n");
}
