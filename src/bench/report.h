/* bench/report.h
 * What a person sees of struct bench_results: the page, the text for an
 * issue, the plots, the comparison with an older run. */
#pragma once

#include <stdio.h>

#include "bench/results.h"

struct buf;
struct err;

/* Write report.html, report.md and, where gnuplot is installed, plot-*.png
 * into `dirfd`.  Each is replaced as a whole. */
int bench_report(const struct bench_results *r, int dirfd, struct err *err);

/* Fill r->table: one row per participant that takes part, from what was
 * measured and from bench/facts.def.  Replaces what it held. */
void bench_table(struct bench_results *r);

/* What the run says about hull, computed: one sentence a line, 80 columns
 * not enforced.  Never empty: it says when there is nothing to say. */
void bench_headline(const struct bench_results *r, struct buf *out);

/* The results in 80 columns, for a terminal. */
void bench_summary(const struct bench_results *r, FILE *out);

/* `now` against `old`, row by row, in 80 columns. */
int bench_compare(const struct bench_results *old,
		  const struct bench_results *now, FILE *out);

/* `hull bench report DIR`: read DIR/results.json, write the report beside it
 * and print the summary; with `compare`, the path of an older results.json,
 * the comparison too. */
int bench_report_dir(const char *dir, const char *compare, FILE *out,
		     struct err *err);
