/* bench/compat.c
 * Does it run: the same programs under each participant that runs their kind
 * of code.  Yes means that it printed what it should and ended with 0; a
 * program that the host doesn't have is n/a, as is one of the other kind. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/compat.h"
#include "bench/workload.h"

static void add_row(struct bench *b, const char *workload,
		    const struct participant *p, enum bench_verdict verdict,
		    const char *reason)
{
	struct bench_compat *row = bench_add(&b->r, compat);

	row->workload = arena_strdup(b->r.arena, workload);
	row->participant = arena_strdup(b->r.arena, p->name);
	row->verdict = verdict;
	row->reason = reason ? arena_strdup(b->r.arena, reason) : NULL;
}

/* One line of what was printed, for a sentence. */
static char *quote(struct bench *b, const char *text)
{
	size_t n = strcspn(text, "\n");

	return arena_strndup(b->r.arena, text, n < 60 ? n : 60);
}

static int run(struct bench *b, const struct participant *p,
	       const struct compat_workload *w, const char *rootfs,
	       struct err *err)
{
	struct bench_run result;
	char *why;
	int rc;

	if (w->run)
		return w->run(b, p, rootfs, err);
	rc = bench_run_workload(b, p, rootfs, (char *const *)w->argv,
				b->o.timeout_ms, &result, err);
	if (rc < 0)
		return rc;
	why = workload_failure(b, &result);
	if (why)
		rc = err_say(err, -EIO, "%s", why);
	else if (!str_after(result.out, w->expected))
		rc = err_say(err, -EIO, "it printed \"%s\", not \"%s\"",
			     quote(b, result.out), quote(b, w->expected));
	bench_run_free(&result);
	return rc;
}

/* Why it isn't asked at all; NULL: it is. */
static const char *not_for(const struct participant *p, enum bench_code code)
{
	if (p->code == code)
		return NULL;
	return code == BENCH_NATIVE ? "native code; it takes WebAssembly"
				    : "WebAssembly; it takes native code";
}

static void try_workload(struct bench *b, const struct compat_workload *w,
			 enum bench_code code, double done, double total)
{
	struct err missing = {0};
	char *rootfs = NULL;
	int rc = workload_rootfs(b, "compat", false, &rootfs, &missing);

	if (rc == 0)
		rc = w->prepare(b, rootfs, &missing);
	BENCH_FOREACH(p, b)
	{
		const char *reason = not_for(p, code);
		struct err err = {0};
		int ran;

		if (!workload_runs(p))
			continue;
		if (bench_interrupted())
			break;
		if (!reason && rc < 0)
			reason = missing.msg;
		bench_progress(b, "compat", w->name, done, total);
		if (reason) {
			add_row(b, w->name, p, BENCH_NA, reason);
			continue;
		}
		ran = run(b, p, w, rootfs, &err);
		if (bench_interrupted())
			break;
		add_row(b, w->name, p,
			ran == 0          ? BENCH_YES
			: ran == -ENOTSUP ? BENCH_NA
					  : BENCH_NO,
			ran < 0 ? err.msg : NULL);
	}
	workload_remove(rootfs);
}

int bench_compat(struct bench *b, struct err *err)
{
	size_t total = compat_n_native + compat_n_wasm, done = 0;

	for (size_t i = 0; i < compat_n_native && !bench_interrupted(); i++)
		try_workload(b, &compat_native[i], BENCH_NATIVE, (double)done++,
			     (double)total);
	for (size_t i = 0; i < compat_n_wasm && !bench_interrupted(); i++)
		try_workload(b, &compat_wasm[i], BENCH_WASM, (double)done++,
			     (double)total);
	return 0;
}
