/* bench/compare.c
 * An older run beside this one, and this one alone, for a terminal of 80
 * columns.  Only what both measured is compared; what one lacks is counted. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* Less is what two runs of the same program differ by on a quiet machine. */
#define SAME_WITHIN 0.05

struct comparison {
	struct view old, now;
	FILE *out;
	unsigned int better, worse, same, alone;
};

/* ------------------------------------------------------------------ words -- */

/* Columns, not bytes: "µ" and "×" have two of these. */
static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void left(FILE *out, const char *s, int width)
{
	int n = 0;

	for (; *s && (n < width || ((unsigned char)*s & 0xc0) == 0x80); s++) {
		n += ((unsigned char)*s & 0xc0) != 0x80;
		/* A terminal obeys control characters. */
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, out);
	}
	fprintf(out, "%*s", width - n, "");
}

static void right(FILE *out, const char *s, int width)
{
	fprintf(out, "%*s%s", width > columns(s) ? width - columns(s) : 0, "",
		s);
}

/* ------------------------------------------------------------- comparison -- */

static void title(struct comparison *c, const char *text)
{
	fprintf(c->out, "\n%-46s %10s %10s %10s\n", text, "before", "now",
		"change");
}

/* Smaller is better in all that is measured. */
static void row(struct comparison *c, const char *name, const char *what,
		double old, double now,
		const char *(*say)(struct arena *, double))
{
	struct arena *a = c->now.arena;
	double ratio = now / old;
	const char *verdict = "";

	if (!(old > 0 && now > 0)) {
		c->alone++;
		return;
	}
	if (fabs(ratio - 1) <= SAME_WITHIN)
		c->same++;
	else if (ratio < 1)
		c->better++;
	else
		c->worse++, verdict = " !";
	fputs("  ", c->out);
	left(c->out, name, 19);
	fputc(' ', c->out);
	left(c->out, what, 23);
	right(c->out, say(a, old), 11);
	right(c->out, say(a, now), 11);
	right(c->out, say_ratio(a, ratio), 11);
	fprintf(c->out, "%s\n", verdict);
}

static void compare_boot(struct comparison *c)
{
	const struct bench_results *r = c->now.r;

	title(c, "Boot, median of one start");
	for (size_t i = 0; i < r->n_boot; i++) {
		const struct bench_boot *now = &r->boot[i];
		const struct bench_boot *old = view_boot(
			&c->old, now->participant, now->count, now->parallel);

		row(c, now->participant,
		    arena_printf(c->now.arena, "N = %s, %u at a time",
				 say_count(c->now.arena, now->count),
				 now->parallel),
		    old ? old->total.median : 0, now->total.median, say_ms);
	}
}

static void compare_memory(struct comparison *c)
{
	const struct bench_results *r = c->now.r;

	title(c, "Memory, all of N sleepers");
	for (size_t i = 0; i < r->n_memory; i++) {
		const struct bench_memory *now = &r->memory[i];
		const struct bench_memory *old =
			view_memory(&c->old, now->participant, now->count);

		row(c, now->participant,
		    arena_printf(c->now.arena, "N = %s",
				 say_count(c->now.arena, now->count)),
		    old ? (double)bench_taken(old) : 0,
		    (double)bench_taken(now), say_bytes);
	}
}

static void compare_cpu(struct comparison *c)
{
	const struct bench_results *r = c->now.r, *o = c->old.r;

	title(c, "CPU time");
	for (size_t i = 0; i < r->n_cpu; i++) {
		const struct bench_cpu *now = &r->cpu[i];
		double old = 0;

		for (size_t k = 0; k < o->n_cpu; k++)
			if (o->cpu[k].ok &&
			    str_eq(o->cpu[k].kernel, now->kernel) &&
			    str_eq(o->cpu[k].participant, now->participant))
				old = o->cpu[k].ms;
		row(c, now->participant, now->kernel, old,
		    now->ok ? now->ms : 0, say_ms);
	}
}

static void compare_io(struct comparison *c)
{
	const struct bench_results *r = c->now.r, *o = c->old.r;

	title(c, "Operations");
	for (size_t i = 0; i < r->n_io; i++) {
		const struct bench_io *now = &r->io[i];
		double old = 0;

		for (size_t k = 0; k < o->n_io; k++)
			if (o->io[k].ok &&
			    str_eq(o->io[k].operation, now->operation) &&
			    str_eq(o->io[k].participant, now->participant))
				old = o->io[k].ns;
		row(c, now->participant, now->operation, old,
		    now->ok ? now->ns : 0, say_ns);
	}
}

static void compare_size(struct comparison *c)
{
	const struct bench_results *r = c->now.r, *o = c->old.r;

	title(c, "Size of the compressed layer");
	for (size_t i = 0; i < r->n_size; i++) {
		const struct bench_size *now = &r->size[i];
		double old = 0;

		if (!now->measured)
			continue;
		for (size_t k = 0; k < o->n_size; k++)
			if (o->size[k].measured &&
			    str_eq(o->size[k].language, now->language) &&
			    str_eq(o->size[k].form, now->form))
				old = (double)o->size[k].layer_gzip;
		row(c, now->language, now->form, old, (double)now->layer_gzip,
		    say_bytes);
	}
}

static bool differ(FILE *out, const char *what, const char *old,
		   const char *now)
{
	if (str_empty(old) && str_empty(now))
		return false;
	if (old && now && str_eq(old, now))
		return false;
	fprintf(out, "  %-12s ", what);
	left(out, old ? old : "(unknown)", 31);
	fputs(" -> ", out);
	left(out, now ? now : "(unknown)", 30);
	fputc('\n', out);
	return true;
}

/* True when they are not the same machine, as far as one can tell. */
static bool machines_differ(const struct bench_results *old,
			    const struct bench_results *now, FILE *out)
{
	const struct bench_machine *a = &old->machine, *b = &now->machine;
	bool any = false;

	any |= differ(out, "processor", a->cpu, b->cpu);
	if (a->cpus != b->cpus)
		any = true,
		fprintf(out, "  %-12s %-31u -> %u\n", "CPUs", a->cpus, b->cpus);
	/* The kernel keeps some for itself, and not always the same. */
	if (fabs((double)a->memory - (double)b->memory) >
	    0.01 * (double)a->memory)
		any = true, fprintf(out, "  %-12s %-31.0f -> %.0f\n",
				    "memory (MiB)", (double)a->memory / 1048576,
				    (double)b->memory / 1048576);
	any |= differ(out, "kernel", a->kernel, b->kernel);
	any |= differ(out, "arch", a->arch, b->arch);
	any |= differ(out, "cgroup", a->cgroup, b->cgroup);
	any |= differ(out, "virtual", a->virtualisation, b->virtualisation);
	any |= differ(out, "filesystem", a->storage, b->storage);
	return any;
}

static void versions(struct comparison *c)
{
	const struct bench_results *o = c->old.r, *r = c->now.r;

	differ(c->out, "hull", o->hull_version, r->hull_version);
	for (size_t i = 0; i < r->n_participants; i++)
		for (size_t k = 0; k < o->n_participants; k++)
			if (str_eq(r->participants[i].name,
				   o->participants[k].name) &&
			    r->participants[i].takes_part &&
			    o->participants[k].takes_part)
				differ(c->out,
				       arena_printf(c->now.arena, "%.12s",
						    r->participants[i].name),
				       o->participants[k].version,
				       r->participants[i].version);
}

int bench_compare(const struct bench_results *old,
		  const struct bench_results *now, FILE *out)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	struct comparison c = {.out = out};

	view_init(&c.old, old, arena);
	view_init(&c.now, now, arena);
	fprintf(out, "Compared with the run of %s\n",
		old->started ? old->started : "(unknown)");
	if (machines_differ(old, now, out))
		fputs("The machines differ as shown, so the numbers say little "
		      "about the programs.\n",
		      out);
	versions(&c);
	if (now->n_size && old->n_size)
		compare_size(&c);
	if (now->n_boot && old->n_boot)
		compare_boot(&c);
	if (now->n_memory && old->n_memory)
		compare_memory(&c);
	if (now->n_cpu && old->n_cpu)
		compare_cpu(&c);
	if (now->n_io && old->n_io)
		compare_io(&c);
	fprintf(out,
		"\n%u better, %u worse (!), %u within %.0f%%, %u in one run "
		"only\n",
		c.better, c.worse, c.same, SAME_WITHIN * 100, c.alone);
	return ferror(out) ? -EIO : 0;
}

/* ---------------------------------------------------------------- summary -- */

static void summary_sentences(const struct bench_results *r, FILE *out)
{
	_cleanup_buf_ struct buf text = {0}, wrapped = {0};
	char *rest, *line;

	bench_headline(r, &text);
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line) {
			buf_wrap(&wrapped, line, 0, 80);
			buf_addc(&wrapped, '\n');
		}
	fputs(wrapped.data ? wrapped.data : "", out);
}

static void summary_row(const struct view *v, const char *name, FILE *out)
{
	const struct bench_boot *b = view_last_boot(v, name);
	const struct bench_memory *m = view_last_memory(v, name);
	struct arena *a = v->arena;
	size_t n;
	double ratio;

	left(out, name, 20);
	right(out, b ? say_ms(a, b->total.median) : "-", 10);
	right(out, b ? say_ms(a, b->total.p99) : "-", 10);
	right(out, b ? arena_printf(a, "%.0f", b->starts_per_s) : "-", 9);
	right(out, m ? say_bytes(a, (double)bench_taken(m) / m->ok) : "-", 11);
	ratio = view_cpu_ratio(v, name, &n);
	right(out, n ? say_ratio(a, ratio) : "-", 9);
	ratio = view_io_ratio(v, name, &n);
	right(out, n ? say_ratio(a, ratio) : "-", 9);
	fputc('\n', out);
}

void bench_summary(const struct bench_results *r, FILE *out)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	struct view v;

	view_init(&v, r, arena);
	summary_sentences(r, out);
	fprintf(out, "\n%-20s%10s%10s%9s%11s%9s%9s\n", "", "boot", "99%",
		"starts/s", "memory", "CPU", "I/O");
	for (size_t i = 0; i < v.n; i++)
		summary_row(&v, v.names[i], out);
	STRV_FOREACH (d, report_doubts(&v)) {
		_cleanup_buf_ struct buf text = {0};

		buf_adds(&text, "! ");
		buf_wrap(&text, *d, 2, 80);
		fprintf(out, "%s\n", text.data);
	}
}
