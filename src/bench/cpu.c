/* bench/cpu.c
 * How fast code runs in each sandbox: the kernels of bench/wasm, compiled by
 * one compiler natively and to WebAssembly, each checked for its result.
 *
 * What is kept is the least CPU time of a few rounds, less that of a program
 * that does nothing under the same participant: a runtime's start is the
 * experiment "boot".  What a Wasm runtime needs to compile a kernel stays in
 * it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/tools.h"
#include "bench/workload.h"

enum { MAX_KERNELS = 32, RESULT_LEN = 16 };

struct kernel {
	char *name;
	char result[RESULT_LEN + 1];
	char *flags; /* further ones, to compile it to wasm; or NULL */
	char *no_native, *no_module; /* why it could not be compiled */
};

struct cpu_result {
	double ms[MAX_KERNELS]; /* 0: not measured */
	char *reason[MAX_KERNELS];
	double empty_ms, spent_ms;
	char *failed; /* the empty program did not run */
};

struct cpu {
	struct bench *b;
	char *rootfs;
	struct kernel kernels[MAX_KERNELS];
	int n_kernels;
	struct cpu_result *results; /* of each participant, then native */
};

/* --- the kernels ------------------------------------------------------- */

/* The first line is a comment, "000000007aed9d4e: what it is; flags: -mfoo".
 * False: that isn't a kernel. */
static bool read_head(struct bench *b, const char *path, struct kernel *k)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256], *flags, *end;

	if (!f || !fgets(line, sizeof(line), f) ||
	    strspn(line + 3, "0123456789abcdef") != RESULT_LEN ||
	    line[3 + RESULT_LEN] != ':')
		return false;
	memcpy(k->result, line + 3, RESULT_LEN);
	flags = strstr(line, "; flags: ");
	end = strstr(line, " */");
	if (flags && end) {
		flags += strlen("; flags: ");
		k->flags =
			arena_strndup(b->r.arena, flags, (size_t)(end - flags));
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct kernel *)a)->name,
		      ((const struct kernel *)b)->name);
}

static int find_kernels(struct cpu *c, struct err *err)
{
	char *folder = tool_shipped(c->b, "wasm", err);
	_cleanup_closedir_ DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *e;

	if (!folder)
		return -ENOENT;
	if (!dir)
		return err_set(err, -errno, "open %s", folder);
	while (c->n_kernels < MAX_KERNELS && (e = readdir(dir))) {
		struct kernel *k = &c->kernels[c->n_kernels];
		char *path;

		if (!str_ends_with(e->d_name, ".c"))
			continue;
		path = arena_printf(c->b->r.arena, "%s/%s", folder, e->d_name);
		k->name = arena_strndup(c->b->r.arena, e->d_name,
					strlen(e->d_name) - 2);
		if (read_head(c->b, path, k))
			c->n_kernels++;
	}
	qsort(c->kernels, (size_t)c->n_kernels, sizeof(*c->kernels), by_name);
	return 0;
}

/* Into the rootfs; NULL, or why not. */
static char *compile(struct cpu *c, enum compiler compiler, const char *name,
		     const char *source, char *const *flags)
{
	struct err err = {0};
	char *file = tool_compile(c->b, compiler,
				  arena_printf(c->b->r.arena, "cpu-%s", name),
				  WORDS((char *)source), flags, &err);
	char *as = arena_printf(c->b->r.arena, "/bin/%s", name);

	if (!file || workload_add(c->rootfs, file, as, &err) < 0)
		return arena_strdup(c->b->r.arena, err.msg);
	return NULL;
}

static void compile_kernel(struct cpu *c, struct kernel *k)
{
	char *source = arena_printf(c->b->r.arena, "wasm/%s.c", k->name);
	_cleanup_strv_ char **flags = NULL;
	char *copy, *save = NULL;

	k->no_native = compile(c, COMPILE_C_SAME, k->name, source,
			       WORDS((char *)"-static", (char *)"-lm"));
	strv_add(&flags, "-Wl,-s");
	copy = k->flags ? arena_strdup(c->b->r.arena, k->flags) : NULL;
	for (char *w = copy ? strtok_r(copy, " ", &save) : NULL; w;
	     w = strtok_r(NULL, " ", &save))
		strv_add(&flags, w);
	k->no_module = compile(c, COMPILE_C_WASM,
			       arena_printf(c->b->r.arena, "%s.wasm", k->name),
			       source, flags);
}

/* --- running ----------------------------------------------------------- */

/* CPU milliseconds of one run, or -1 and *why.  `p` NULL is the host. */
static double run_once(struct cpu *c, const struct participant *p,
		       const char *name, const char *expected, char **why)
{
	bool module = p && p->code == BENCH_WASM;
	char *in = arena_printf(c->b->r.arena, "/bin/%s%s", name,
				module ? ".wasm" : "");
	char *on_host = arena_printf(c->b->r.arena, "%s%s", c->rootfs, in);
	struct bench_run run;
	struct err err = {0};
	double ms;
	int rc = p ? bench_run_workload(c->b, p, c->rootfs, WORDS(in),
					c->b->o.timeout_ms, &run, &err)
		   : tool_run(WORDS(on_host), c->b->o.timeout_ms, &run, &err);

	if (rc < 0) {
		*why = arena_strdup(c->b->r.arena, err.msg);
		return -1;
	}
	ms = (double)run.cpu_ns / 1e6;
	*why = workload_failure(c->b, &run);
	if (!*why && expected && !str_after(run.out, expected))
		*why = arena_printf(c->b->r.arena,
				    "wrong result: %.16s, not %s", run.out,
				    expected);
	bench_run_free(&run);
	return *why ? -1 : ms;
}

static void run_kernel(struct cpu *c, const struct participant *p, int i,
		       struct cpu_result *res)
{
	struct kernel *k = &c->kernels[i];
	double ms;

	if (res->reason[i] || res->failed)
		return;
	res->reason[i] =
		p && p->code == BENCH_WASM ? k->no_module : k->no_native;
	if (res->reason[i])
		return;
	ms = run_once(c, p, k->name, k->result, &res->reason[i]);
	if (ms < 0)
		return;
	res->spent_ms += ms;
	ms -= res->empty_ms;
	/* Less than a clock tick says nothing, but not 0 either. */
	if (ms < 0.001)
		ms = 0.001;
	if (res->ms[i] == 0 || ms < res->ms[i])
		res->ms[i] = ms;
}

/* The least of a few, since it is taken from everything. */
static void run_empty(struct cpu *c, const struct participant *p,
		      struct cpu_result *res)
{
	for (int i = 0; i < 5 && !res->failed; i++) {
		double ms = run_once(c, p, "empty", NULL, &res->failed);

		if (i == 0 || ms < res->empty_ms)
			res->empty_ms = ms;
	}
}

/* Of an engine's container, neither time nor processes come back to us, and
 * what runs in it is the runtime below. */
static bool takes_part(const struct participant *p)
{
	return workload_runs(p) && p->kind != BENCH_ENGINE;
}

static void run_round(struct cpu *c, uint32_t round, uint32_t rounds)
{
	size_t n = c->b->n_participants;

	for (int i = 0; i < c->n_kernels; i++) {
		run_kernel(c, NULL, i, &c->results[n]);
		for (size_t k = 0; k < n && !bench_interrupted(); k++) {
			const struct participant *p = &c->b->participants[k];
			struct cpu_result *res = &c->results[k];

			if (!takes_part(p))
				continue;
			bench_progress(c->b, "cpu", p->name,
				       round * c->n_kernels + i,
				       rounds * (uint32_t)c->n_kernels);
			/* A further round is for precision only. */
			if (round > 0 && res->spent_ms * 2 > c->b->o.budget_ms)
				continue;
			run_kernel(c, p, i, res);
		}
	}
}

static void add_rows(struct cpu *c, const char *name,
		     const struct cpu_result *res)
{
	const struct cpu_result *native = &c->results[c->b->n_participants];

	for (int i = 0; i < c->n_kernels; i++) {
		struct bench_cpu *row = bench_add(&c->b->r, cpu);

		row->kernel = c->kernels[i].name;
		row->participant = arena_strdup(c->b->r.arena, name);
		/* Right once and wrong later is wrong. */
		row->ok = res->ms[i] > 0 && !res->reason[i];
		if (row->ok) {
			row->ms = res->ms[i];
			if (native->ms[i] > 0)
				row->ratio = row->ms / native->ms[i];
			continue;
		}
		row->reason = res->failed      ? res->failed
			      : res->reason[i] ? res->reason[i]
					       : arena_strdup(c->b->r.arena,
							      "interrupted");
	}
}

static int prepare(struct cpu *c, struct err *err)
{
	static const char *const source = "work/empty.c";
	struct bench *b = c->b;
	char *why;
	int rc = workload_rootfs(b, "cpu", false, &c->rootfs, err);

	if (rc == 0)
		rc = find_kernels(c, err);
	if (rc < 0)
		return rc;
	why = compile(c, COMPILE_C_SAME, "empty", source,
		      WORDS((char *)"-static"));
	if (why)
		return err_say(err, -ENOENT, "%s", why);
	compile(c, COMPILE_C_WASM, "empty.wasm", source,
		WORDS((char *)"-Wl,-s"));
	for (int i = 0; i < c->n_kernels && !bench_interrupted(); i++) {
		bench_progress(b, "cpu", "compiling", i, c->n_kernels);
		compile_kernel(c, &c->kernels[i]);
	}
	return 0;
}

int bench_cpu(struct bench *b, struct err *err)
{
	uint32_t rounds = b->o.quick ? 1 : b->o.runs + 2;
	struct cpu c = {.b = b};
	size_t n = b->n_participants;
	int rc = prepare(&c, err);

	if (bench_interrupted())
		return 0;
	/* Without a compiler there is nothing to be measured, here. */
	if (rc < 0) {
		bench_problem(b, "cpu: %s", err->msg);
		*err = (struct err){0};
		return 0;
	}
	c.results = arena_alloc(b->r.arena, n + 1, sizeof(*c.results));
	run_empty(&c, NULL, &c.results[n]);
	for (size_t k = 0; k < n && !bench_interrupted(); k++) {
		const struct participant *p = &b->participants[k];
		const char *no_module = p->code == BENCH_WASM && c.n_kernels > 0
						? c.kernels[0].no_module
						: NULL;

		if (!takes_part(p))
			continue;
		c.results[k].failed = (char *)no_module;
		run_empty(&c, p, &c.results[k]);
	}
	for (uint32_t round = 0; round < rounds && !bench_interrupted();
	     round++)
		run_round(&c, round, rounds);
	add_rows(&c, workload_host, &c.results[n]);
	for (size_t k = 0; k < n; k++)
		if (takes_part(&b->participants[k]))
			add_rows(&c, b->participants[k].name, &c.results[k]);
	workload_remove(c.rootfs);
	return 0;
}
