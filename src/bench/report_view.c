/* bench/report_view.c: looking things up in the results, and saying them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* ----------------------------------------------------------------- names -- */

bool view_is_hull(const char *name)
{
	return strstr(name, "hull") != NULL;
}

static const struct bench_participant *find(const struct bench_results *r,
					    const char *name)
{
	for (size_t i = 0; i < r->n_participants; i++)
		if (str_eq(r->participants[i].name, name))
			return &r->participants[i];
	return NULL;
}

bool view_is_floor(const struct view *v, const char *name)
{
	const struct bench_participant *p = find(v->r, name);

	return p && p->kind == BENCH_FLOOR;
}

static int rank(const struct view *v, const char *name)
{
	const struct bench_participant *p = find(v->r, name);
	uint32_t kind = p ? p->kind : BENCH_OCI;

	if (kind == BENCH_FLOOR)
		return 9;
	if (kind == BENCH_ENGINE)
		return 4;
	if (view_is_hull(name))
		return 0;
	return kind == BENCH_PROCESS ? 3 : 2;
}

static void add_name(struct view *v, const char *name, size_t room)
{
	size_t at = v->n;

	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->names[i], name))
			return;
	if (v->n == room)
		return;
	while (at && rank(v, v->names[at - 1]) > rank(v, name)) {
		v->names[at] = v->names[at - 1];
		at--;
	}
	v->names[at] = name;
	v->n++;
}

/* The runtime that most machines have comes first. */
static const char *find_baseline(const struct view *v)
{
	static const char *const usual[] = {"runc", "crun", "youki", "runsc"};

	for (size_t u = 0; u < ARRAY_SIZE(usual); u++)
		for (size_t i = 0; i < v->n; i++)
			if (str_eq(v->names[i], usual[u]) &&
			    (view_last_boot(v, usual[u]) ||
			     view_last_memory(v, usual[u])))
				return usual[u];
	return NULL;
}

#define ADD_NAMES(list)                          \
	for (size_t i = 0; i < r->n_##list; i++) \
	add_name(v, r->list[i].participant, room)

void view_init(struct view *v, const struct bench_results *r,
	       struct arena *arena)
{
	size_t room = r->n_participants + r->n_boot + r->n_memory + r->n_cpu +
		      r->n_io + r->n_surface + r->n_compat;

	*v = (struct view){.r = r, .arena = arena};
	v->names = arena_alloc(arena, room + 1, sizeof(*v->names));
	for (size_t i = 0; i < r->n_participants; i++)
		if (r->participants[i].takes_part)
			add_name(v, r->participants[i].name, room);
	ADD_NAMES(boot);
	ADD_NAMES(memory);
	ADD_NAMES(cpu);
	ADD_NAMES(io);
	ADD_NAMES(surface);
	ADD_NAMES(compat);
	v->baseline = find_baseline(v);
}

unsigned int view_colour(const struct view *v, const char *name)
{
	unsigned int next = colour_first_free();
	int own = colour_of_name(name);

	if (own >= 0)
		return (unsigned int)own;
	if (view_is_floor(v, name))
		return COLOURS - 1;
	for (size_t i = 0; i < v->n && !str_eq(v->names[i], name); i++)
		if (colour_of_name(v->names[i]) < 0 &&
		    !view_is_floor(v, v->names[i]))
			next++;
	/* More strangers than colours share them. */
	return next < COLOURS - 1
		       ? next
		       : colour_first_free() +
				 next % (COLOURS - 1 - colour_first_free());
}

/* ---------------------------------------------------------------- counts -- */

static void add_count(uint32_t *list, size_t *n, uint32_t count)
{
	size_t at = *n;

	for (size_t i = 0; i < *n; i++)
		if (list[i] == count)
			return;
	for (; at && list[at - 1] > count; at--)
		list[at] = list[at - 1];
	list[at] = count;
	++*n;
}

size_t view_boot_counts(const struct view *v, uint32_t parallel, uint32_t **ret)
{
	const struct bench_results *r = v->r;
	size_t n = 0;

	*ret = arena_alloc(v->arena, r->n_boot + 1, sizeof(**ret));
	for (size_t i = 0; i < r->n_boot; i++)
		if (r->boot[i].parallel == parallel)
			add_count(*ret, &n, r->boot[i].count);
	return n;
}

size_t view_parallels(const struct view *v, uint32_t **ret)
{
	const struct bench_results *r = v->r;
	size_t n = 0;

	*ret = arena_alloc(v->arena, r->n_boot + 1, sizeof(**ret));
	for (size_t i = 0; i < r->n_boot; i++)
		add_count(*ret, &n, r->boot[i].parallel);
	return n;
}

size_t view_memory_counts(const struct view *v, uint32_t **ret)
{
	const struct bench_results *r = v->r;
	size_t n = 0;

	*ret = arena_alloc(v->arena, r->n_memory + 1, sizeof(**ret));
	for (size_t i = 0; i < r->n_memory; i++)
		add_count(*ret, &n, r->memory[i].count);
	return n;
}

/* --------------------------------------------------------------- results -- */

const struct bench_boot *view_boot(const struct view *v, const char *name,
				   uint32_t count, uint32_t parallel)
{
	for (size_t i = 0; i < v->r->n_boot; i++) {
		const struct bench_boot *b = &v->r->boot[i];

		if (b->count == count && b->parallel == parallel && b->ok &&
		    b->total.median > 0 && str_eq(b->participant, name))
			return b;
	}
	return NULL;
}

const struct bench_memory *view_memory(const struct view *v, const char *name,
				       uint32_t count)
{
	for (size_t i = 0; i < v->r->n_memory; i++) {
		const struct bench_memory *m = &v->r->memory[i];

		if (m->count == count && m->ok && str_eq(m->participant, name))
			return m;
	}
	return NULL;
}

const struct bench_fit *view_fit(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_fit; i++)
		if (str_eq(v->r->fit[i].participant, name))
			return &v->r->fit[i];
	return NULL;
}

const struct bench_boot *view_last_boot(const struct view *v, const char *name)
{
	const struct bench_boot *last = NULL;
	uint32_t *counts;
	size_t n = view_boot_counts(v, 1, &counts);

	while (n-- && !last)
		last = view_boot(v, name, counts[n], 1);
	return last;
}

const struct bench_memory *view_last_memory(const struct view *v,
					    const char *name)
{
	const struct bench_memory *last = NULL;
	uint32_t *counts;
	size_t n = view_memory_counts(v, &counts);

	while (n-- && !last)
		last = view_memory(v, name, counts[n]);
	return last;
}

bool view_both_boot(const struct view *v, const char *a, const char *b,
		    const struct bench_boot **ra, const struct bench_boot **rb)
{
	uint32_t *counts;
	size_t n = view_boot_counts(v, 1, &counts);

	while (n--) {
		*ra = view_boot(v, a, counts[n], 1);
		*rb = view_boot(v, b, counts[n], 1);
		if (*ra && *rb)
			return true;
	}
	return false;
}

enum { MEMORY_MEANS = 50 };

bool view_both_memory(const struct view *v, const char *a, const char *b,
		      const struct bench_memory **ra,
		      const struct bench_memory **rb)
{
	uint32_t *counts;
	size_t n = view_memory_counts(v, &counts);

	while (n--) {
		*ra = view_memory(v, a, counts[n]);
		*rb = view_memory(v, b, counts[n]);
		/* A few are less than what a machine takes and gives back for
		 * itself meanwhile. */
		if (*ra && *rb && counts[n] >= MEMORY_MEANS &&
		    bench_taken(*ra) > 0 && bench_taken(*rb) > 0)
			return true;
	}
	return false;
}

double view_cpu_ratio(const struct view *v, const char *name, size_t *n)
{
	double sum = 0;

	*n = 0;
	for (size_t i = 0; i < v->r->n_cpu; i++) {
		const struct bench_cpu *c = &v->r->cpu[i];

		if (c->ok && c->ratio > 0 && str_eq(c->participant, name))
			sum += log(c->ratio), ++*n;
	}
	return *n ? exp(sum / (double)*n) : 0;
}

double view_io_ratio(const struct view *v, const char *name, size_t *n)
{
	double sum = 0;

	*n = 0;
	for (size_t i = 0; i < v->r->n_io; i++) {
		const struct bench_io *c = &v->r->io[i];

		if (c->ok && c->ratio > 0 && str_eq(c->participant, name))
			sum += log(c->ratio), ++*n;
	}
	return *n ? exp(sum / (double)*n) : 0;
}

/* --------------------------------------------------------------- numbers -- */

/* Three digits, no exponent. */
static const char *three(struct arena *a, double x, const char *unit)
{
	double size = fabs(x);
	int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;

	return arena_printf(a, "%s%.*f%s%s", x < 0 ? "−" : "", digits, size,
			    *unit ? " " : "", unit);
}

const char *say_ms(struct arena *a, double ms)
{
	if (ms >= 999.5)
		return three(a, ms / 1000, "s");
	if (ms < 0.0995)
		return three(a, ms * 1000, "µs");
	return three(a, ms, "ms");
}

const char *say_ns(struct arena *a, double ns)
{
	return ns < 999.5 ? three(a, ns, "ns") : say_ms(a, ns / 1e6);
}

const char *say_bytes(struct arena *a, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t u = 0;

	for (; fabs(bytes) >= 999.5 && u + 1 < ARRAY_SIZE(units); u++)
		bytes /= 1024;
	if (u)
		return three(a, bytes, units[u]);
	return arena_printf(a, "%s%.0f B", bytes < 0 ? "−" : "", fabs(bytes));
}

const char *say_count(struct arena *a, uint64_t n)
{
	if (n < 1000)
		return arena_printf(a, "%llu", (unsigned long long)n);
	return arena_printf(a, "%s,%03llu", say_count(a, n / 1000),
			    (unsigned long long)(n % 1000));
}

const char *say_ratio(struct arena *a, double ratio)
{
	int digits = ratio >= 99.5 ? 0 : ratio >= 9.95 ? 1 : 2;

	if (ratio < 0.0995)
		digits = 3;
	return arena_printf(a, "%.*f×", digits, ratio);
}

const char *say_part(struct arena *a, double ratio)
{
	if (ratio >= 1.995)
		return arena_printf(a, "%.1f times", ratio);
	return arena_printf(a, ratio < 0.0995 ? "%.1f%%" : "%.0f%%",
			    ratio * 100);
}

const char *say_list(struct arena *a, char *const *list, const char *none)
{
	_cleanup_buf_ struct buf text = {0};

	STRV_FOREACH (s, list)
		buf_printf(&text, "%s%s", text.len ? ", " : "", *s);
	return arena_strdup(a, text.len ? text.data : none);
}
