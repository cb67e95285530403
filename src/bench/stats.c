#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double *sorted_copy(const double *values, size_t n)
{
	double *v = xcalloc(n ? n : 1, sizeof(*v));

	if (n)
		memcpy(v, values, n * sizeof(*v));
	qsort(v, n, sizeof(*v), compare);
	return v;
}

double stats_quantile(const double *sorted, size_t n, double q)
{
	double at, low;
	size_t i;

	if (n == 0)
		return 0;
	at = q * (double)(n - 1);
	low = floor(at);
	i = (size_t)low;
	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]);
}

struct bench_stat stats_of(const double *values, size_t n)
{
	_cleanup_free_ double *v = sorted_copy(values, n);
	struct bench_stat s = {.n = (uint32_t)n};
	double sum = 0;

	if (n == 0)
		return s;
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	s.min = v[0];
	s.mean = sum / (double)n;
	s.median = stats_quantile(v, n, 0.5);
	s.p95 = stats_quantile(v, n, 0.95);
	s.p99 = stats_quantile(v, n, 0.99);
	s.max = v[n - 1];
	return s;
}

double stats_median(const double *values, size_t n)
{
	_cleanup_free_ double *v = sorted_copy(values, n);

	return stats_quantile(v, n, 0.5);
}

bool stats_fit(const double *x, const double *y, size_t n,
	       struct stats_line *ret)
{
	double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;

	for (size_t i = 0; i < n; i++) {
		mx += x[i] / (double)n;
		my += y[i] / (double)n;
	}
	/* Around the means: sums of squares of bytes would lose the digits
	 * that the difference is made of. */
	for (size_t i = 0; i < n; i++) {
		double dx = x[i] - mx, dy = y[i] - my;

		xx += dx * dx;
		xy += dx * dy;
		yy += dy * dy;
	}
	if (n < 2 || xx <= 0)
		return false;
	ret->slope = xy / xx;
	ret->fixed = my - ret->slope * mx;
	/* A horizontal line explains everything about itself. */
	ret->r2 = yy > 0 ? xy * xy / (xx * yy) : 1;
	return true;
}

bool stats_drifted(double before, double after, double best)
{
	return before > best * STATS_DRIFT_LIMIT ||
	       after > best * STATS_DRIFT_LIMIT;
}
