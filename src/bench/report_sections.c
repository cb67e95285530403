/* bench/report_sections.c: what the report consists of, in its order. */
#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

const struct section sections[] = {
	{
		.id = "summary",
		.title = "At a glance",
		.lead = "Numbers were measured here; facts that were not name "
			"their source.",
		.grids = grids_table,
	},
	{
		.id = "boot",
		.title = "Boot",
		.lead = "A container that says hello and exits: create, start, "
			"first byte of output, exit, delete. All runtimes take "
			"turns in small rounds.",
		.grids = grids_boot,
		.plots = {{"boot", "Boot time",
			   "Both axes are logarithmic: a step up is ten times "
			   "the time.",
			   plot_boot_lines, .table = 1},
			  {"distribution", "How even the starts are",
			   "The box holds the middle half of all starts, the "
			   "bar in it is the median.",
			   plot_boot_boxes},
			  {"boot-ratio", "Boot time compared",
			   "Left of 1× is faster.", plot_boot_ratio,
			   .table = 2}},
	},
	{
		.id = "memory",
		.title = "Memory",
		.lead = "Containers that sleep side by side. What counts is "
			"what the machine lost, kernel memory included.",
		.grids = grids_memory,
		.plots = {{"memory", "Memory of N sleepers",
			   "What the machine has less than before.",
			   plot_memory_lines},
			  {"memory-all",
			   "Memory, engines and plain processes too",
			   "The same for all that was measured.",
			   plot_memory_all},
			  {"memory-ratio", "Memory compared",
			   "Left of 1× is less.", plot_memory_ratio,
			   .table = 1},
			  {"memory-parts", "Where the memory sits",
			   "Everything else is what no counter of the kernel "
			   "names: cgroups, namespaces, files. Shared pages "
			   "that were there before can make a bar longer than "
			   "its number.",
			   plot_memory_parts, .parts = true}},
	},
	{
		.id = "size",
		.title = "Size",
		.lead = "The same hello, built in each of its forms, and as an "
			"OCI image of one layer.",
		.grids = grids_size,
		.plots = {{"size", "Image size",
			   "What has to be pulled. The axis is logarithmic.",
			   plot_size_bars}},
	},
	{
		.id = "cpu",
		.title = "CPU",
		.lead = "Kernels that calculate and do nothing else.",
		.grids = grids_cpu,
		.plots = {{"cpu", "CPU time compared",
			   "The axis is logarithmic; shorter is faster.",
			   plot_cpu_ratio}},
	},
	{
		.id = "io",
		.title = "System calls and I/O",
		.lead = "What a sandbox adds to each operation of the host.",
		.grids = grids_io,
		.plots = {{"io", "Operations compared",
			   "The axis is logarithmic; shorter is faster.",
			   plot_io_ratio}},
	},
	{
		.id = "surface",
		.title = "Attack surface",
		.lead = "What an attacker in the sandbox can touch, as a "
			"program inside found it.",
		.grids = grids_surface,
	},
	{
		.id = "compat",
		.title = "Compatibility",
		.lead = "Real programs, and what came of them.",
		.grids = grids_compat,
	},
};
const size_t n_sections = ARRAY_SIZE(sections);

/* --------------------------------------------------------------- machine -- */

static void fact(struct grid *g, const char *what, const char *value)
{
	if (str_empty(value))
		return;
	grid_row(g, what, NULL);
	grid_cell(g, value);
}

struct grid *grid_machine(const struct view *v)
{
	const struct bench_machine *m = &v->r->machine;
	const struct bench_drift *d = &v->r->drift;
	struct grid *g = grid_new(v->arena, "Machine and run");

	grid_column(g, "What", COLUMN_TEXT);
	grid_column(g, "Value", COLUMN_TEXT);
	fact(g, "Processor", m->cpu);
	if (m->cpus)
		fact(g, "CPUs", arena_printf(v->arena, "%u", m->cpus));
	fact(g, "Architecture", m->arch);
	if (m->memory)
		fact(g, "Memory", say_bytes(v->arena, (double)m->memory));
	fact(g, "Kernel", m->kernel);
	fact(g, "Distribution", m->distribution);
	fact(g, "Control groups", m->cgroup);
	fact(g, "Virtualisation", m->virtualisation);
	fact(g, "Filesystem", m->storage);
	fact(g, "Load before and after",
	     arena_printf(v->arena, "%.2f, %.2f", m->load_before,
			  m->load_after));
	if (d->rounds)
		fact(g, "Drift monitor",
		     arena_printf(v->arena,
				  "best %s, median %s, worst %s; %u of %u "
				  "rounds were noisy",
				  say_ms(v->arena, d->best_ms),
				  say_ms(v->arena, d->median_ms),
				  say_ms(v->arena, d->worst_ms), d->bad_rounds,
				  d->rounds));
	fact(g, "hull", v->r->hull_version);
	fact(g, "Started", v->r->started);
	fact(g, "Finished", v->r->finished);
	return g;
}

struct grid *grid_participants(const struct view *v)
{
	static const char *const kinds[] = {
		[BENCH_FLOOR] = "floor",
		[BENCH_OCI] = "OCI runtime",
		[BENCH_PROCESS] = "Wasm runtime, a process",
		[BENCH_ENGINE] = "engine",
	};
	struct grid *g = grid_new(v->arena, "Who took part");

	grid_column(g, "Name", COLUMN_TEXT);
	grid_column(g, "Kind", COLUMN_TEXT);
	grid_column(g, "Version", COLUMN_TEXT);
	grid_column(g, "Path", COLUMN_TEXT);
	grid_column(g, "Took part", COLUMN_TEXT);
	for (size_t i = 0; i < v->r->n_participants; i++) {
		const struct bench_participant *p = &v->r->participants[i];
		struct cell *c;

		grid_row(g, p->name, p->name);
		grid_cell(g, kinds[p->kind]);
		grid_cell(g, p->version);
		grid_cell(g, p->path);
		if (p->takes_part) {
			grid_cell(g, "yes");
			continue;
		}
		c = grid_cell(g, arena_printf(v->arena, "no: %s",
					      p->reason ? p->reason
							: "no reason given"));
		c->tone = TONE_MUTED;
	}
	return g;
}

/* ---------------------------------------------------------------- doubts -- */

static void doubt(const struct view *v, char **list, size_t *n,
		  const char *text)
{
	list[(*n)++] = arena_strdup(v->arena, text);
}

static void untrusted(const struct view *v, char **list, size_t *n)
{
	const struct bench_drift *d = &v->r->drift;
	uint64_t starts = 0, bad = 0, failed = 0;

	for (size_t i = 0; i < v->r->n_boot; i++) {
		const struct bench_boot *b = &v->r->boot[i];

		starts += b->ok + (uint64_t)b->failed;
		bad += b->untrusted;
		failed += b->failed;
	}
	if (d->bad_rounds || bad)
		doubt(v, list, n,
		      arena_printf(v->arena,
				   "The machine was not quiet: %u of %u rounds "
				   "were slowed down by something else, %s of "
				   "%s starts fell into them.",
				   d->bad_rounds, d->rounds,
				   say_count(v->arena, bad),
				   say_count(v->arena, starts)));
	if (failed)
		doubt(v, list, n,
		      arena_printf(v->arena,
				   "%s of %s starts failed; the tables say "
				   "whose.",
				   say_count(v->arena, failed),
				   say_count(v->arena, starts)));
}

char **report_doubts(const struct view *v)
{
	const struct bench_results *r = v->r;
	char **list =
		arena_alloc(v->arena, strv_len(r->problems) + 8, sizeof(*list));
	size_t n = 0;

	if (!r->complete)
		doubt(v, list, &n,
		      "The run did not finish; what follows is a part of it.");
	untrusted(v, list, &n);
	if (r->machine.cpus && r->machine.load_before > r->machine.cpus * 0.5)
		doubt(v, list, &n,
		      arena_printf(v->arena,
				   "The load was %.2f before the run began, on "
				   "%u CPUs.",
				   r->machine.load_before, r->machine.cpus));
	STRV_FOREACH (p, r->problems)
		doubt(v, list, &n, *p);
	return list;
}
