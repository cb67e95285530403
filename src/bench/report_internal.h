/* bench/report_internal.h
 * How the report is made: a view looks things up in the results, a grid is a
 * table without a format yet, a plot is a gnuplot script, and a section of
 * the report is some of each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "bench/report.h"

/* ------------------------------------------------------------------ view -- */

struct view {
	const struct bench_results *r;
	struct arena *arena;
	/* All who have results: hull's first, then OCI runtimes, Wasm
	 * runtimes, engines, floors. */
	const char **names;
	size_t n;
	const char *baseline; /* what hull is compared with, or NULL */
};

void view_init(struct view *v, const struct bench_results *r,
	       struct arena *arena);
bool view_is_hull(const char *name);
bool view_is_floor(const struct view *v, const char *name);
/* Of bench/report_colour.c: the same participant has the same everywhere. */
unsigned int view_colour(const struct view *v, const char *name);

/* Ascending, without repetition; *ret is the arena's. */
size_t view_boot_counts(const struct view *v, uint32_t parallel,
			uint32_t **ret);
size_t view_parallels(const struct view *v, uint32_t **ret);
size_t view_memory_counts(const struct view *v, uint32_t **ret);

/* NULL where nothing succeeded. */
const struct bench_boot *view_boot(const struct view *v, const char *name,
				   uint32_t count, uint32_t parallel);
const struct bench_memory *view_memory(const struct view *v, const char *name,
				       uint32_t count);
const struct bench_fit *view_fit(const struct view *v, const char *name);
/* Of the greatest count. */
const struct bench_boot *view_last_boot(const struct view *v, const char *name);
const struct bench_memory *view_last_memory(const struct view *v,
					    const char *name);
/* The greatest count at which both have a result; false if there is none. */
bool view_both_boot(const struct view *v, const char *a, const char *b,
		    const struct bench_boot **ra, const struct bench_boot **rb);
bool view_both_memory(const struct view *v, const char *a, const char *b,
		      const struct bench_memory **ra,
		      const struct bench_memory **rb);
/* Geometric mean of the ratios of what ran; 0 if nothing did.  *n is how
 * many. */
double view_cpu_ratio(const struct view *v, const char *name, size_t *n);
double view_io_ratio(const struct view *v, const char *name, size_t *n);

/* Numbers for people, from the arena: "0.91 ms", "4.2 MiB", "1,500",
 * "0.08 x". */
const char *say_ms(struct arena *a, double ms);
const char *say_ns(struct arena *a, double ns);
const char *say_bytes(struct arena *a, double bytes);
const char *say_count(struct arena *a, uint64_t n);
const char *say_ratio(struct arena *a, double ratio);
/* "8%", "0.7%", "2.4 times" */
const char *say_part(struct arena *a, double ratio);
/* Words with ", " between them; NULL or empty: `none`. */
const char *say_list(struct arena *a, char *const *v, const char *none);

/* ---------------------------------------------------------------- colour -- */

enum { COLOURS = 24, PARTS = 6 };

struct colour {
	const char *light, *dark;
};

extern const struct colour colour_series[COLOURS];
extern const struct colour colour_part[PARTS];
/* -1: no colour of its own. */
int colour_of_name(const char *name);
/* The first that no name owns. */
unsigned int colour_first_free(void);

/* ------------------------------------------------------------------ grid -- */

enum tone {
	TONE_NONE,
	TONE_GOOD,
	TONE_FAIR,
	TONE_POOR,
	TONE_BAD,
	TONE_MUTED, /* not measured, not applicable */
};

struct cell {
	const char *text; /* NULL: nothing; its second line is smaller */
	const char *note; /* a footnote */
	enum tone tone;
	unsigned int footnote;
};

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER, /* right-aligned */
	COLUMN_FLAG,   /* a word */
};

struct column {
	const char *title;
	enum column_kind kind;
};

struct grid {
	struct arena *arena;
	const char *caption;
	struct column *columns;
	size_t n_columns;
	struct cell *cells; /* row after row */
	size_t n_cells;
	const char **owners; /* of each row: a participant, or NULL */
	size_t n_rows;
	bool total; /* the last row sums up the others */
};

struct grid *grid_new(struct arena *a, const char *caption);
void grid_column(struct grid *g, const char *title, enum column_kind kind);
/* Begins a row; `owner` also is its first cell when it is a participant. */
void grid_row(struct grid *g, const char *first, const char *owner);
struct cell *grid_cell(struct grid *g, const char *text);
void grid_html(struct grid *g, const struct view *v, struct buf *out);
void grid_md(struct grid *g, struct buf *out);

/* Escaped for HTML text and for attributes in double quotes. */
void html_text(struct buf *out, const char *s);
/* Escaped for Markdown: one line, no markup, no HTML. */
void md_text(struct buf *out, const char *s);

/* ----------------------------------------------------------------- plots -- */

enum canvas {
	CANVAS_WIDE,
	CANVAS_NARROW, /* a phone's */
	CANVAS_PNG,    /* a slide's */
};

/* A plot's script.  False: there is nothing to plot. */
typedef bool plot_script(const struct view *v, enum canvas canvas,
			 struct buf *out);

struct plot {
	const char *name; /* plot-NAME.png */
	const char *title;
	const char *says; /* how to read it */
	plot_script *script;
	bool parts;         /* its colours are colour_part */
	unsigned int table; /* below it: 1 is the section's first; 0: none */
};

bool plot_have_gnuplot(void);
/* Run gnuplot and append the SVG, fit for a page with others, or the bytes of
 * the PNG. */
int plot_draw(const struct plot *p, const struct view *v, enum canvas canvas,
	      struct buf *out, struct err *err);
extern const char *const part_names[PARTS];

/* -------------------------------------------------------------- sections -- */

enum { SECTION_PLOTS = 4, SECTION_GRIDS = 8 };

struct section {
	const char *id, *title, *lead;
	/* Appends at most SECTION_GRIDS; none: not measured. */
	size_t (*grids)(const struct view *v, struct grid **ret);
	struct plot plots[SECTION_PLOTS]; /* ends with a NULL name */
};

extern const struct section sections[];
extern const size_t n_sections;

size_t grids_boot(const struct view *v, struct grid **ret);
size_t grids_memory(const struct view *v, struct grid **ret);
size_t grids_size(const struct view *v, struct grid **ret);
size_t grids_cpu(const struct view *v, struct grid **ret);
size_t grids_io(const struct view *v, struct grid **ret);
size_t grids_surface(const struct view *v, struct grid **ret);
size_t grids_compat(const struct view *v, struct grid **ret);
size_t grids_table(const struct view *v, struct grid **ret);

plot_script plot_boot_lines, plot_boot_boxes, plot_boot_ratio;
plot_script plot_memory_lines, plot_memory_all, plot_memory_parts,
	plot_memory_ratio;
plot_script plot_size_bars, plot_cpu_ratio, plot_io_ratio;

struct grid *grid_machine(const struct view *v);
struct grid *grid_participants(const struct view *v);
/* What makes the numbers doubtful, as sentences; NULL-terminated. */
char **report_doubts(const struct view *v);

void report_html(const struct view *v, struct buf *out);
void report_md(const struct view *v, struct buf *out);
extern const char report_css[];

struct tile {
	const char *big, *label, *detail;
	const char *owner; /* NULL: not measured */
};
/* At most 4; returns how many. */
size_t headline_tiles(const struct view *v, struct tile *ret);
