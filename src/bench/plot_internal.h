/* bench/plot_internal.h
 * Pieces of gnuplot scripts.  A script places everything itself (margins,
 * tics, labels), so that labels can be kept from covering each other.
 *
 * Text goes into a script only through plot_text(): gnuplot runs what stands
 * between backquotes. */
#pragma once

#include "bench/report_internal.h"

/* Colours that are no participant's. */
enum chrome { INK = 1, SOFT, AXIS, GRID, PAPER };

struct size {
	int width, height; /* pixels of SVG, halves of pixels of PNG */
	int left, right, top, bottom; /* margins */
	int font, line;               /* font size, height of a line of text */
};

struct size plot_size(enum canvas canvas);
void plot_begin(const struct plot *p, enum canvas canvas, struct buf *out);
/* Terminal, size and margins; `heading` stands above the axes. */
void plot_frame(const struct size *s, enum canvas canvas, const char *heading,
		struct buf *out);
/* A quoted string. */
void plot_text(struct buf *out, const char *s);
/* `rgb "#..."` */
void plot_chrome(enum canvas canvas, enum chrome c, struct buf *out);
void plot_series(enum canvas canvas, unsigned int colour, struct buf *out);
void plot_part(enum canvas canvas, unsigned int part, struct buf *out);

struct tick {
	double at;
	const char *text;
};
/* Ticks at 1, 10, 100, ... or at 1, 2, 5 times that, between lo and hi;
 * `binary`: at 1, 4, 16, ... */
size_t plot_log_ticks(struct arena *a, double lo, double hi, bool binary,
		      const char *(*say)(struct arena *, double),
		      struct tick **ret);
/* At most `most`, and 0. */
size_t plot_linear_ticks(struct arena *a, double hi, bool binary,
			 unsigned int most,
			 const char *(*say)(struct arena *, double),
			 struct tick **ret);
/* Where `x` is between lo (0) and hi (1).  The quotient of two doubles may be
 * none. */
double plot_log_part(double x, double lo, double hi);
/* Of the x axis from lo to hi, as many as have room. */
void plot_x_ticks(const struct size *s, double lo, double hi, bool powers,
		  struct tick *t, size_t n, struct buf *out);
void plot_ticks(const char *axis, const struct tick *t, size_t n,
		struct buf *out);

/* A line per participant, with its name at its end. */
struct line {
	const char *name;
	const double *x, *y;
	size_t n;
};
struct lines {
	const struct line *v;
	size_t n;
	const char *heading, *x_label;
	bool log_y, binary; /* binary: KiB, MiB */
	const char *(*say)(struct arena *, double);
};
bool plot_lines(const struct view *v, enum canvas canvas,
		const struct lines *lines, struct buf *out);

/* A bar per participant, from 1 to its ratio, the axis logarithmic. */
struct bar {
	const char *name, *text;
	double value;
};
bool plot_ratio_bars(const struct view *v, enum canvas canvas,
		     const char *heading, struct bar *bars, size_t n,
		     struct buf *out);

/* A row's name at the left, its text at the right. */
void plot_row_labels(const struct view *v, enum canvas canvas,
		     const struct size *s, const char *name, const char *text,
		     size_t row, struct buf *out);
/* Axes of a plot of rows, the first at the top. */
void plot_rows(size_t n, struct buf *out);
/* Made as high as `n` rows need. */
struct size plot_rows_size(const struct view *v, enum canvas canvas, size_t n);
/* About how wide a text is. */
int plot_text_width(const struct size *s, const char *text);
