/* bench/run.c: one workload under one participant. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/remove.h"
#include "bench/spawn.h"
#include "bench/stage.h"

void bench_run_free(struct bench_run *run)
{
	free(run->out);
	free(run->err);
	*run = (struct bench_run){0};
}

int bench_run_workload(struct bench *b, const struct participant *p,
		       const char *rootfs, char *const argv[],
		       unsigned int timeout_ms, struct bench_run *ret,
		       struct err *err)
{
	_cleanup_strv_ char **words = NULL;
	struct stage s = {0};
	char id[64];
	int rc;

	if (p->kind == BENCH_FLOOR)
		return err_say(err, -EINVAL, "%s runs no workloads", p->name);
	rc = stage_make(&s, b, p, rootfs, argv, true, err);
	if (rc < 0) {
		stage_free(&s);
		return rc;
	}
	stage_next_id(&s, id, sizeof(id));
	s.w.id = id;
	words = words_expand(p, p->run ? p->run : p->start, &s.w, NULL);
	rc = spawn_capture(words, -1, timeout_ms, ret);
	if (rc < 0)
		err_set(err, rc, "%s", words[0]);
	/* After a run that ended by itself there is nothing to remove. */
	if (p->remove && (rc < 0 || ret->timed_out || ret->status))
		remove_containers(b, p, p->root, (char *[]){id, NULL});
	stage_free(&s);
	return rc;
}
