/* bench/io.c
 * What asking the kernel costs: each operation inside each sandbox, as a
 * multiple of the same on the host.
 *
 * All that is touched lies in memory (a rootfs below /dev/shm, and the
 * container's own /dev/shm), as the question is what the sandbox adds and not
 * how fast the disk is.  The program times itself, so that starting it does
 * not count; the participants take turns, and the least of the turns is
 * kept. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/tools.h"
#include "bench/workload.h"

static const struct {
	const char *name;
	const char *no_wasi; /* why a module has none; NULL: it has */
} operations[] = {
	{"getpid", "WASI has no process ids"},
	{"open-close", NULL},
	{"stat", NULL},
	{"read", NULL},
	{"write", NULL},
	{"mmap", "WASI has no mmap"},
	{"pipe", "WASI has no pipes"},
	{"fork-exec", "WASI has no processes"},
	{"tcp", "WASI preview 1 cannot connect"},
	{"walk", NULL},
};

enum { N_OPERATIONS = ARRAY_SIZE(operations) };

/* Of one participant. */
struct io_result {
	double ns[N_OPERATIONS];    /* 0: not measured */
	char *reason[N_OPERATIONS]; /* what the program said instead */
	char *failed;               /* it could not be run at all */
};

static int operation_of(const char *name)
{
	for (int i = 0; i < N_OPERATIONS; i++)
		if (str_eq(operations[i].name, name))
			return i;
	return -1;
}

/* "stat 1048.6", "tcp error: Network is unreachable" */
static void take_line(struct bench *b, char *line, struct io_result *res)
{
	char *space = strchr(line, ' '), *end;
	const char *why;
	double ns;
	int op;

	if (!space)
		return;
	*space++ = '\0';
	op = operation_of(line);
	if (op < 0)
		return;
	why = str_after(space, "error: ");
	if (why) {
		res->reason[op] = arena_strdup(b->r.arena, why);
		return;
	}
	ns = strtod(space, &end);
	if (end == space || ns <= 0)
		return;
	if (res->ns[op] == 0 || ns < res->ns[op])
		res->ns[op] = ns;
}

static void take(struct bench *b, struct bench_run *run,
		 unsigned int timeout_ms, struct io_result *res)
{
	char *save = NULL;

	for (char *line = strtok_r(run->out, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		take_line(b, line, res);
	if (run->timed_out)
		res->failed =
			arena_printf(b->r.arena, "still running after %u s",
				     timeout_ms / 1000);
	else if (run->status != 0)
		res->failed = workload_failure(b, run);
}

/* NULL for the host itself. */
static void run_once(struct bench *b, const struct participant *p,
		     const char *rootfs, struct io_result *res)
{
	struct err err = {0};
	struct bench_run run;
	int rc;

	if (!p) {
		char *program = arena_printf(b->r.arena, "%s/bin/io", rootfs);
		char *tree = arena_printf(b->r.arena, "%s/tree", rootfs);
		char *shm = arena_printf(b->r.arena, "%s/dev/shm", rootfs);

		rc = tool_run(WORDS(program, tree, shm), b->o.timeout_ms, &run,
			      &err);
	} else {
		rc = bench_run_workload(
			b, p, rootfs,
			WORDS((char *)(p->code == BENCH_WASM ? "/io.wasm"
							     : "/bin/io"),
			      (char *)"/tree", (char *)"/dev/shm"),
			b->o.timeout_ms, &run, &err);
	}
	if (rc < 0) {
		res->failed = arena_strdup(b->r.arena, err.msg);
		return;
	}
	take(b, &run, b->o.timeout_ms, res);
	bench_run_free(&run);
}

/* *no_module: why there is none of the module. */
static int make_rootfs(struct bench *b, char **ret, char **no_module,
		       struct err *err)
{
	char *program = tool_shipped(b, "work/bench-io", err), *module, *tree;
	struct err why = {0};
	int rc;

	if (!program)
		return -ENOENT;
	rc = workload_rootfs(b, "io", true, ret, err);
	if (rc < 0)
		return rc;
	rc = workload_add_program(b, *ret, program, "/bin/io", err);
	if (rc < 0)
		return rc;
	tree = arena_printf(b->r.arena, "%s/tree", *ret);
	rc = tool_must(WORDS(program, (char *)"--make", tree), 10000, err);
	if (rc < 0)
		return rc;
	module = tool_compile(b, COMPILE_C_WASM, "io.wasm",
			      WORDS((char *)"work/io.c",
				    (char *)"work/io_files.c",
				    (char *)"work/io_wasi.c"),
			      WORDS((char *)"-Wl,-s"), &why);
	if (!module) {
		*no_module = arena_strdup(b->r.arena, why.msg);
		return 0;
	}
	return workload_add(*ret, module, "/io.wasm", err);
}

static void add_row(struct bench *b, const struct participant *p, int op,
		    const struct io_result *res, const struct io_result *host)
{
	struct bench_io *row = bench_add(&b->r, io);

	row->operation = arena_strdup(b->r.arena, operations[op].name);
	row->participant =
		arena_strdup(b->r.arena, p ? p->name : workload_host);
	row->ok = res->ns[op] > 0;
	if (row->ok) {
		row->ns = res->ns[op];
		if (host->ns[op] > 0)
			row->ratio = res->ns[op] / host->ns[op];
		return;
	}
	if (p && p->code == BENCH_WASM && operations[op].no_wasi)
		row->reason = arena_printf(b->r.arena, "n/a: %s",
					   operations[op].no_wasi);
	else if (res->reason[op])
		row->reason = res->reason[op];
	else
		row->reason = arena_strdup(b->r.arena,
					   res->failed ? res->failed
					   : bench_interrupted()
						   ? "interrupted"
						   : "it was not reported");
}

int bench_io(struct bench *b, struct err *err)
{
	uint32_t rounds = b->o.quick ? 2 : b->o.runs + 4;
	double steps = (double)rounds * (double)(b->n_participants + 1),
	       step = 0;
	struct io_result *results, *host;
	char *rootfs = NULL, *no_module = NULL;
	size_t n = b->n_participants;
	int rc;

	results = arena_alloc(b->r.arena, n + 1, sizeof(*results));
	host = &results[n];
	rc = make_rootfs(b, &rootfs, &no_module, err);
	for (uint32_t round = 0; rc == 0 && round < rounds; round++) {
		run_once(b, NULL, rootfs, host);
		for (size_t i = 0; i < n && !bench_interrupted(); i++) {
			const struct participant *p = &b->participants[i];

			bench_progress(b, "io", p->name, ++step, steps);
			if (!workload_runs(p))
				continue;
			if (p->code == BENCH_WASM && no_module)
				results[i].failed = no_module;
			/* Once is enough to know that it hangs. */
			else if (!results[i].failed)
				run_once(b, p, rootfs, &results[i]);
		}
	}
	workload_remove(rootfs);
	if (rc < 0)
		return bench_interrupted() ? 0 : rc;
	for (int op = 0; op < N_OPERATIONS; op++) {
		add_row(b, NULL, op, host, host);
		for (size_t i = 0; i < n; i++)
			if (workload_runs(&b->participants[i]))
				add_row(b, &b->participants[i], op, &results[i],
					host);
	}
	return 0;
}
