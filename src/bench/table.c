/* bench/table.c
 * The summary of the article that began it: one row per runtime, measured
 * cells from the results, facts from bench/facts.def with their source. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

struct fact {
	const char *participant, *development, *maturity, *fits, *source;
};

static const struct fact facts[] = {
#define FACT(...) {__VA_ARGS__},
#include "bench/facts.def"
#undef FACT
};

/* "docker+crun" has the facts of crun. */
static const struct fact *find_fact(const char *name)
{
	const char *plus = strrchr(name, '+');

	if (plus)
		name = plus + 1;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (str_eq(facts[i].participant, name))
			return &facts[i];
	return NULL;
}

static bool runs_wasm(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_participants; i++)
		if (str_eq(v->r->participants[i].name, name) &&
		    v->r->participants[i].kind == BENCH_PROCESS)
			return true;
	return strstr(name, "wasm") != NULL;
}

/* The smallest image of a hello that it can run. */
static char *image_size(const struct view *v, const char *name)
{
	const char *form = runs_wasm(v, name) ? "wasm" : "native";
	const struct bench_size *best = NULL;

	for (size_t i = 0; i < v->r->n_size; i++) {
		const struct bench_size *s = &v->r->size[i];

		/* The image of a dynamic program needs a libc besides, code
		 * compiled ahead of time runs under one runtime only. */
		if (!s->measured || !s->layer_gzip || !strstr(s->form, form) ||
		    strstr(s->form, "AOT") || strstr(s->form, "dynamic"))
			continue;
		if (!best || s->layer_gzip < best->layer_gzip)
			best = s;
	}
	if (!best)
		return NULL;
	return arena_printf(v->arena, "%s\n%s, %s",
			    say_bytes(v->arena, (double)best->layer_gzip),
			    best->language, best->form);
}

static char *boot(const struct view *v, const char *name)
{
	const struct bench_boot *own = view_last_boot(v, name), *a, *b;
	const char *median;

	if (!own)
		return NULL;
	median = say_ms(v->arena, own->total.median);
	if (!v->baseline || str_eq(name, v->baseline) ||
	    !view_both_boot(v, name, v->baseline, &a, &b))
		return arena_strdup(v->arena, median);
	return arena_printf(
		v->arena, "%s\n%s of %s’s", median,
		say_part(v->arena, a->total.median / b->total.median),
		v->baseline);
}

static char *memory(const struct view *v, const char *name)
{
	const struct bench_memory *m = view_last_memory(v, name);

	if (!m)
		return NULL;
	return arena_printf(v->arena, "%s\neach of %s",
			    say_bytes(v->arena, (double)bench_taken(m) / m->ok),
			    say_count(v->arena, m->ok));
}

static char *throughput(const struct view *v, const char *name)
{
	_cleanup_buf_ struct buf text = {0};
	size_t n;
	double ratio = view_cpu_ratio(v, name, &n);

	if (n)
		buf_printf(&text, "CPU %s of native",
			   say_ratio(v->arena, ratio));
	ratio = view_io_ratio(v, name, &n);
	if (n)
		buf_printf(&text, "%sI/O %s of the host", text.len ? "\n" : "",
			   say_ratio(v->arena, ratio));
	return text.len ? arena_strdup(v->arena, text.data) : NULL;
}

static char *surface(const struct view *v, const char *name)
{
	for (size_t i = 0; i < v->r->n_surface; i++) {
		const struct bench_surface *s = &v->r->surface[i];

		if (s->ok && str_eq(s->participant, name))
			return arena_printf(
				v->arena,
				"%u system calls\n%zu capabilit%s"
				"%s",
				s->syscalls_reachable,
				strv_len(s->capabilities),
				strv_len(s->capabilities) == 1 ? "y" : "ies",
				s->second_kernel ? ", second kernel" : "");
	}
	return NULL;
}

/* "runs 9 of 11", the measured half of how hard development is. */
static const char *runs(const struct view *v, const char *name)
{
	size_t yes = 0, all = 0;

	for (size_t i = 0; i < v->r->n_compat; i++) {
		const struct bench_compat *c = &v->r->compat[i];

		if (!str_eq(c->participant, name) || c->verdict == BENCH_NA)
			continue;
		all++;
		yes += c->verdict == BENCH_YES;
	}
	if (!all)
		return NULL;
	return arena_printf(v->arena, "ran %zu of %zu workloads", yes, all);
}

static void add_facts(const struct view *v, struct bench_row *row)
{
	const struct fact *f = find_fact(row->participant);
	const char *ran = runs(v, row->participant);
	char **sources;

	if (!f) {
		row->development = ran ? arena_strdup(v->arena, ran) : NULL;
		return;
	}
	row->development = arena_printf(v->arena, "%s%s%s", f->development,
					ran ? "; " : "", ran ? ran : "");
	row->maturity = arena_strdup(v->arena, f->maturity);
	row->fits = arena_strdup(v->arena, f->fits);
	sources = arena_alloc(v->arena, 2, sizeof(*sources));
	sources[0] = arena_strdup(v->arena, f->source);
	row->sources = sources;
}

void bench_table(struct bench_results *r)
{
	struct view v;

	r->table = NULL;
	r->n_table = 0;
	view_init(&v, r, r->arena);
	for (size_t i = 0; i < v.n; i++) {
		struct bench_row *row;

		if (view_is_floor(&v, v.names[i]))
			continue;
		row = bench_add(r, table);
		row->participant = arena_strdup(r->arena, v.names[i]);
		row->image_size = image_size(&v, row->participant);
		row->boot = boot(&v, row->participant);
		row->memory = memory(&v, row->participant);
		row->throughput = throughput(&v, row->participant);
		row->surface = surface(&v, row->participant);
		add_facts(&v, row);
	}
}

/* -------------------------------------------------------------- as a grid -- */

static void measured_cell(struct grid *g, const char *text)
{
	struct cell *c = grid_cell(g, text ? text : "–");

	if (!text)
		c->tone = TONE_MUTED;
}

static void fact_cell(const struct view *v, struct grid *g, const char *text,
		      const struct bench_row *row)
{
	struct cell *c = grid_cell(g, text ? text : "–");

	if (!text)
		c->tone = TONE_MUTED;
	else if (row->sources)
		c->note = arena_printf(v->arena, "Source: %s",
				       say_list(v->arena, row->sources, ""));
}

size_t grids_table(const struct view *v, struct grid **ret)
{
	struct grid *g, *h;

	if (!v->r->n_table)
		return 0;
	g = grid_new(v->arena, "Measured here");
	grid_column(g, "Runtime", COLUMN_TEXT);
	grid_column(g, "Image of a hello", COLUMN_TEXT);
	grid_column(g, "Boot, median", COLUMN_TEXT);
	grid_column(g, "Memory", COLUMN_TEXT);
	grid_column(g, "Throughput", COLUMN_TEXT);
	grid_column(g, "Attack surface", COLUMN_TEXT);
	h = grid_new(v->arena, "Good to know");
	grid_column(h, "Runtime", COLUMN_TEXT);
	grid_column(h, "Development", COLUMN_TEXT);
	grid_column(h, "Maturity", COLUMN_TEXT);
	grid_column(h, "Where it fits", COLUMN_TEXT);
	for (size_t i = 0; i < v->r->n_table; i++) {
		const struct bench_row *row = &v->r->table[i];

		grid_row(g, row->participant, row->participant);
		measured_cell(g, row->image_size);
		measured_cell(g, row->boot);
		measured_cell(g, row->memory);
		measured_cell(g, row->throughput);
		measured_cell(g, row->surface);
		grid_row(h, row->participant, row->participant);
		measured_cell(h, row->development);
		fact_cell(v, h, row->maturity, row);
		measured_cell(h, row->fits);
	}
	ret[0] = g;
	ret[1] = h;
	return 2;
}
