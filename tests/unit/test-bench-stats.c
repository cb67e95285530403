/* The statistics of hull bench against values worked out elsewhere. */
#include <math.h>

#include "bench/stats.h"
#include "test.h"

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(1, fabs(b));
}

/* numpy.quantile([15, 20, 35, 40, 50], …) */
TEST(quantiles_interpolate_as_numpy_does)
{
	static const double v[] = {15, 20, 35, 40, 50};

	CHECK(near(stats_quantile(v, 5, 0), 15));
	CHECK(near(stats_quantile(v, 5, 0.05), 16));
	CHECK(near(stats_quantile(v, 5, 0.3), 23));
	CHECK(near(stats_quantile(v, 5, 0.4), 29));
	CHECK(near(stats_quantile(v, 5, 0.5), 35));
	CHECK(near(stats_quantile(v, 5, 0.95), 48));
	CHECK(near(stats_quantile(v, 5, 0.99), 49.6));
	CHECK(near(stats_quantile(v, 5, 1), 50));
	CHECK(stats_quantile(v, 1, 0.99) == 15);
	CHECK(stats_quantile(v, 0, 0.5) == 0);
}

TEST(a_summary_takes_values_in_any_order_and_leaves_them)
{
	double v[] = {9, 1, 5, 3, 7, 2, 8, 4, 6, 10};
	struct bench_stat s = stats_of(v, 10);

	CHECK_INT(s.n, 10);
	CHECK(s.min == 1 && s.max == 10);
	CHECK(near(s.mean, 5.5) && near(s.median, 5.5));
	CHECK(near(s.p95, 9.55) && near(s.p99, 9.91));
	CHECK(v[0] == 9 && v[9] == 10);
	CHECK(near(stats_median(v, 3), 5));
}

TEST(a_summary_of_nothing_is_zero)
{
	struct bench_stat s = stats_of(NULL, 0);

	CHECK_INT(s.n, 0);
	CHECK(s.min == 0 && s.max == 0 && s.mean == 0 && s.p99 == 0);
}

/* Anscombe's first quartet: y = 3.0001 + 0.5001 x, r2 = 0.6665. */
TEST(least_squares_of_anscombe)
{
	static const double x[] = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
	static const double y[] = {8.04, 6.95, 7.58,  8.81, 8.33, 9.96,
				   7.24, 4.26, 10.84, 4.82, 5.68};
	struct stats_line l;

	CHECK(stats_fit(x, y, 11, &l));
	CHECK(fabs(l.slope - 0.500090909) < 1e-9);
	CHECK(fabs(l.fixed - 3.000090909) < 1e-9);
	CHECK(fabs(l.r2 - 0.666542460) < 1e-9);
}

/* Bytes of 1,500 containers: the squares have more digits than a double. */
TEST(least_squares_keeps_its_digits)
{
	static const double x[] = {1, 10, 100, 500, 1000, 1500};
	double y[6];
	struct stats_line l;

	for (int i = 0; i < 6; i++)
		y[i] = 2e10 + 712345 * x[i];
	CHECK(stats_fit(x, y, 6, &l));
	CHECK(fabs(l.slope - 712345) < 1e-3);
	CHECK(fabs(l.fixed - 2e10) < 1);
	CHECK(near(l.r2, 1));
}

TEST(least_squares_needs_two_places)
{
	static const double x[] = {5, 5, 5}, y[] = {1, 2, 3};
	struct stats_line l = {.slope = 7};

	CHECK(!stats_fit(x, y, 3, &l));
	CHECK(!stats_fit(x, y, 1, &l));
	CHECK(!stats_fit(x, y, 0, &l));
	CHECK(l.slope == 7);
}

TEST(a_flat_line_explains_itself)
{
	static const double x[] = {1, 2, 3}, y[] = {4, 4, 4};
	struct stats_line l;

	CHECK(stats_fit(x, y, 3, &l));
	CHECK(l.slope == 0 && l.fixed == 4 && l.r2 == 1);
}

TEST(a_round_is_bad_on_either_side)
{
	CHECK(!stats_drifted(3, 3, 3));
	CHECK(!stats_drifted(3.8, 3.8, 3));
	CHECK(stats_drifted(4, 3, 3));
	CHECK(stats_drifted(3, 4, 3));
}
