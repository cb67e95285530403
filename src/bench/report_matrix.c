/* bench/report_matrix.c: cpu, io, surface and compat, a participant a column
 * or a row. */
#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

static void empty_cell(struct grid *g)
{
	grid_cell(g, "–")->tone = TONE_MUTED;
}

/* ----------------------------------------------------------- cpu and io -- */

/* Within the noise of a good machine is as good as native. */
static enum tone ratio_tone(double ratio)
{
	if (ratio <= 1.15)
		return TONE_GOOD;
	if (ratio <= 2.5)
		return TONE_FAIR;
	return ratio <= 10 ? TONE_POOR : TONE_BAD;
}

static void ratio_cell(const struct view *v, struct grid *g, bool ok,
		       double ratio, const char *who, const char *reason)
{
	struct cell *c;

	if (ok && ratio > 0) {
		c = grid_cell(g, say_ratio(v->arena, ratio));
		c->tone = ratio_tone(ratio);
		return;
	}
	c = grid_cell(g, "–");
	c->tone = TONE_MUTED;
	if (reason)
		c->note = arena_printf(v->arena, "%s: %s", who, reason);
}

static size_t rows_of(const struct view *v, bool io, const char ***ret)
{
	size_t all = io ? v->r->n_io : v->r->n_cpu, n = 0;

	*ret = arena_alloc(v->arena, all + 1, sizeof(**ret));
	for (size_t i = 0; i < all; i++) {
		const char *row =
			io ? v->r->io[i].operation : v->r->cpu[i].kernel;
		size_t at = 0;

		while (at < n && !str_eq((*ret)[at], row))
			at++;
		if (at == n)
			(*ret)[n++] = row;
	}
	return n;
}

static bool has_column(const struct view *v, bool io, const char *name)
{
	for (size_t i = 0; i < (io ? v->r->n_io : v->r->n_cpu); i++)
		if (str_eq(io ? v->r->io[i].participant
			      : v->r->cpu[i].participant,
			   name))
			return true;
	return false;
}

static void cpu_cell(const struct view *v, struct grid *g, const char *kernel,
		     const char *name)
{
	for (size_t i = 0; i < v->r->n_cpu; i++) {
		const struct bench_cpu *c = &v->r->cpu[i];

		if (str_eq(c->kernel, kernel) && str_eq(c->participant, name)) {
			ratio_cell(v, g, c->ok, c->ratio, name, c->reason);
			return;
		}
	}
	empty_cell(g);
}

static void io_cell(const struct view *v, struct grid *g, const char *operation,
		    const char *name)
{
	for (size_t i = 0; i < v->r->n_io; i++) {
		const struct bench_io *c = &v->r->io[i];

		if (str_eq(c->operation, operation) &&
		    str_eq(c->participant, name)) {
			ratio_cell(v, g, c->ok, c->ratio, name, c->reason);
			return;
		}
	}
	empty_cell(g);
}

static void mean_row(const struct view *v, struct grid *g, bool io,
		     size_t n_rows)
{
	grid_row(g, "Geometric mean", NULL);
	g->total = true;
	for (size_t p = 0; p < v->n; p++) {
		const char *name = v->names[p];
		size_t n;
		double ratio = io ? view_io_ratio(v, name, &n)
				  : view_cpu_ratio(v, name, &n);
		struct cell *c;

		if (!has_column(v, io, name))
			continue;
		if (!n) {
			empty_cell(g);
			continue;
		}
		c = grid_cell(g, say_ratio(v->arena, ratio));
		if (n < n_rows)
			c->note = arena_printf(v->arena,
					       "%s: the mean of %zu of %zu",
					       name, n, n_rows);
	}
}

static struct grid *ratios(const struct view *v, bool io, const char *caption,
			   const char *first)
{
	struct grid *g = grid_new(v->arena, caption);
	const char **rows;
	size_t n = rows_of(v, io, &rows);

	grid_column(g, first, COLUMN_TEXT);
	for (size_t p = 0; p < v->n; p++)
		if (has_column(v, io, v->names[p]))
			grid_column(g, v->names[p], COLUMN_NUMBER);
	for (size_t i = 0; i < n; i++) {
		grid_row(g, rows[i], NULL);
		for (size_t p = 0; p < v->n; p++) {
			if (!has_column(v, io, v->names[p]))
				continue;
			if (io)
				io_cell(v, g, rows[i], v->names[p]);
			else
				cpu_cell(v, g, rows[i], v->names[p]);
		}
	}
	mean_row(v, g, io, n);
	return g;
}

size_t grids_cpu(const struct view *v, struct grid **ret)
{
	if (!v->r->n_cpu)
		return 0;
	ret[0] = ratios(v, false, "CPU time, as a multiple of native code’s",
			"Kernel");
	return 1;
}

size_t grids_io(const struct view *v, struct grid **ret)
{
	if (!v->r->n_io)
		return 0;
	ret[0] = ratios(v, true,
			"Time per operation, as a multiple of the "
			"host’s",
			"Operation");
	return 1;
}

/* --------------------------------------------------------------- surface -- */

static void yes_cell(struct grid *g, bool yes)
{
	grid_cell(g, yes ? "✓ yes" : "✗ no")->tone =
		yes ? TONE_GOOD : TONE_POOR;
}

/* A list that was cut short comes with how many there were. */
static void few_cell(const struct view *v, struct grid *g, char *const *list,
		     uint32_t found)
{
	size_t n = strv_len(list) > found ? strv_len(list) : found;

	grid_cell(g, say_count(v->arena, n))->tone = n ? TONE_NONE : TONE_GOOD;
}

static struct grid *surface_matrix(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "What stands in between");

	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "System calls within reach", COLUMN_NUMBER);
	grid_column(g, "used for a hello", COLUMN_NUMBER);
	grid_column(g, "Capabilities", COLUMN_NUMBER);
	grid_column(g, "Devices", COLUMN_NUMBER);
	grid_column(g, "Writable in /proc", COLUMN_NUMBER);
	grid_column(g, "in /sys", COLUMN_NUMBER);
	grid_column(g, "User ns", COLUMN_FLAG);
	grid_column(g, "PID ns", COLUMN_FLAG);
	grid_column(g, "Net ns", COLUMN_FLAG);
	grid_column(g, "No new privs", COLUMN_FLAG);
	grid_column(g, "seccomp", COLUMN_FLAG);
	grid_column(g, "LSM", COLUMN_FLAG);
	grid_column(g, "Second kernel", COLUMN_FLAG);
	for (size_t i = 0; i < v->r->n_surface; i++) {
		const struct bench_surface *s = &v->r->surface[i];

		grid_row(g, s->participant, s->participant);
		if (!s->ok) {
			struct cell *c = grid_cell(g, "–");

			c->tone = TONE_MUTED;
			c->note = arena_printf(
				v->arena, "%s: %s", s->participant,
				s->reason ? s->reason : "not measured");
			continue;
		}
		grid_cell(g, say_count(v->arena, s->syscalls_reachable));
		if (s->syscalls_hello)
			grid_cell(g, say_count(v->arena, s->syscalls_hello));
		else
			empty_cell(g);
		few_cell(v, g, s->capabilities, 0);
		few_cell(v, g, s->devices, s->devices_found);
		few_cell(v, g, s->writable_proc, s->writable_proc_found);
		few_cell(v, g, s->writable_sys, s->writable_sys_found);
		yes_cell(g, s->user_ns);
		yes_cell(g, s->pid_ns);
		yes_cell(g, s->net_ns);
		yes_cell(g, s->no_new_privs);
		yes_cell(g, s->seccomp);
		if (str_empty(s->lsm))
			yes_cell(g, false);
		else
			grid_cell(g, s->lsm)->tone = TONE_GOOD;
		yes_cell(g, s->second_kernel);
	}
	return g;
}

static struct grid *surface_lists(const struct view *v)
{
	struct grid *g = grid_new(v->arena, "The same by name");

	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "Capabilities", COLUMN_TEXT);
	grid_column(g, "Devices", COLUMN_TEXT);
	grid_column(g, "Writable in /proc and /sys", COLUMN_TEXT);
	for (size_t i = 0; i < v->r->n_surface; i++) {
		const struct bench_surface *s = &v->r->surface[i];
		const char *proc, *sys;

		/* The host's own thousand files are nobody's surface. */
		if (!s->ok || view_is_floor(v, s->participant))
			continue;
		proc = say_list(v->arena, s->writable_proc, "");
		sys = say_list(v->arena, s->writable_sys, "");
		grid_row(g, s->participant, s->participant);
		grid_cell(g, say_list(v->arena, s->capabilities, "none"));
		grid_cell(g, say_list(v->arena, s->devices, "none"));
		if (!*proc && !*sys)
			grid_cell(g, "none");
		else
			grid_cell(g,
				  arena_printf(v->arena, "%s%s%s", proc,
					       *proc && *sys ? ", " : "", sys));
	}
	return g;
}

size_t grids_surface(const struct view *v, struct grid **ret)
{
	if (!v->r->n_surface)
		return 0;
	ret[0] = surface_matrix(v);
	ret[1] = surface_lists(v);
	return 2;
}

/* ---------------------------------------------------------------- compat -- */

static void compat_cell(const struct view *v, struct grid *g,
			const char *workload, const char *name)
{
	for (size_t i = 0; i < v->r->n_compat; i++) {
		const struct bench_compat *c = &v->r->compat[i];
		struct cell *cell;

		if (!str_eq(c->workload, workload) ||
		    !str_eq(c->participant, name))
			continue;
		if (c->verdict == BENCH_YES) {
			cell = grid_cell(g, "✓ yes");
			cell->tone = TONE_GOOD;
		} else if (c->verdict == BENCH_NA) {
			cell = grid_cell(g, "n/a");
			cell->tone = TONE_MUTED;
		} else {
			cell = grid_cell(g, "✗ no");
			cell->tone = TONE_BAD;
		}
		if (c->reason)
			cell->note = c->reason;
		return;
	}
	empty_cell(g);
}

static bool has_compat(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_compat; i++)
		if (str_eq(v->r->compat[i].participant, name))
			return true;
	return false;
}

size_t grids_compat(const struct view *v, struct grid **ret)
{
	struct grid *g = grid_new(v->arena, "Does it run?");

	if (!v->r->n_compat)
		return 0;
	grid_column(g, "Workload", COLUMN_TEXT);
	for (size_t p = 0; p < v->n; p++)
		if (has_compat(v, v->names[p]))
			grid_column(g, v->names[p], COLUMN_FLAG);
	for (size_t i = 0; i < v->r->n_compat; i++) {
		const char *workload = v->r->compat[i].workload;
		size_t before = 0;

		while (!str_eq(v->r->compat[before].workload, workload))
			before++;
		if (before < i)
			continue;
		grid_row(g, workload, NULL);
		for (size_t p = 0; p < v->n; p++)
			if (has_compat(v, v->names[p]))
				compat_cell(v, g, workload, v->names[p]);
	}
	ret[0] = g;
	return 1;
}
