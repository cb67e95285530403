/* bench/stats.h
 * The little statistics that the reports need. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/results.h"

/* The value below which `q` (0 to 1) of the sorted values lie, between two of
 * them by linear interpolation (Hyndman and Fan's type 7, as NumPy and R do
 * unless told otherwise).  0 of none. */
double stats_quantile(const double *sorted, size_t n, double q);
/* Of values in any order; all 0 of none. */
struct bench_stat stats_of(const double *values, size_t n);
double stats_median(const double *values, size_t n);

/* y = fixed + slope * x, by ordinary least squares.  r2 is 1 of a perfect
 * line.  False when there are fewer than two different x. */
struct stats_line {
	double fixed, slope, r2;
};
bool stats_fit(const double *x, const double *y, size_t n,
	       struct stats_line *ret);

/* A round is bad when the fixed piece of work took more than this times what
 * it took at best in the whole run, before or after the round: somebody else
 * had the CPU, or its clock went down, so the times of that round are not the
 * participants' own. */
#define STATS_DRIFT_LIMIT 1.3
bool stats_drifted(double before, double after, double best);
