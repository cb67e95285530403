#include "bench/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/participants.h"
#include "bench/scratch.h"
#include "bench/spawn.h"
#include "oci/spec.h"

#define UNPREPARE_NS INT64_C(30000000000)

/* Annotations by which a runtime knows a module. */
static const struct oci_annotation wasm_annotations[] = {
	{(char *)"run.oci.handler", (char *)"wasm"},
	{(char *)"module.wasm.image/variant", (char *)"compat"},
};

/* What "hull spec" writes, for this workload.  The version is one that every
 * runtime knows. */
static int write_config(const struct stage *s, bool writable, struct err *err)
{
	_cleanup_buf_ struct buf text = {0}, out = {0};
	_cleanup_oci_spec_ struct oci_spec *spec = NULL;
	_cleanup_strv_ char **env = NULL;
	_cleanup_free_ char *mark =
		xasprintf("%s=%s", SCRATCH_MARK, s->b->scratch);
	int rc;

	oci_spec_write_default(&text, geteuid() != 0, geteuid(), getegid());
	rc = oci_spec_parse(&spec, text.data, text.len, err);
	if (rc < 0)
		return rc;
	env = strv_copy(spec->process->env);
	strv_add(&env, mark);
	spec->oci_version = (char *)"1.0.2";
	spec->process->terminal = false;
	spec->process->args = s->args;
	spec->process->env = env;
	spec->root.path = s->rootfs;
	spec->root.readonly = !writable;
	if (s->p->code == BENCH_WASM) {
		spec->annotations = (struct oci_annotation *)wasm_annotations;
		spec->n_annotations = ARRAY_SIZE(wasm_annotations);
	}
	json_encode(&oci_spec_json, spec, "\t", &out);
	return scratch_write(s->b, s->bundle, "config.json", out.data, out.len,
			     0644, err);
}

/* The rootfs as a tar, into the engine's command. */
static int prepare_image(struct stage *s, struct err *err)
{
	_cleanup_strv_ char **argv =
		words_expand(s->p, s->p->prepare, &s->w, NULL);
	_cleanup_free_ char *program = participants_program("tar");
	char *tar[] = {program,      (char *)"-C", s->rootfs,
		       (char *)"-c", (char *)".",  NULL};
	_cleanup_close_ int in = -1, out = -1;
	struct bench_run run = {0};
	struct spawned t;
	int p[2], rc;

	if (!argv)
		return 0;
	if (!program)
		return err_say(err, -ENOENT, "tar is not installed");
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe");
	in = p[0], out = p[1];
	rc = spawn_start(tar, (int[]){-1, out, -1}, &t);
	if (rc < 0)
		return err_set(err, rc, "%s", tar[0]);
	close(steal_fd(&out));
	rc = spawn_capture(argv, in, s->b->o.timeout_ms, &run);
	spawn_kill(&t);
	if (rc < 0)
		return err_set(err, rc, "%s", argv[0]);
	if (run.timed_out)
		rc = err_say(err, -ETIMEDOUT, "%s: import takes too long",
			     s->p->name);
	else if (run.status)
		rc = err_say(err, -EIO, "%s: import: %.200s", s->p->name,
			     run.err);
	bench_run_free(&run);
	return rc;
}

int stage_make(struct stage *s, struct bench *b, const struct participant *p,
	       const char *rootfs, char *const args[], bool writable,
	       struct err *err)
{
	unsigned long long n = b->next_id++;

	*s = (struct stage){.b = b,
			    .p = p,
			    .rootfs = xstrdup(rootfs),
			    .args = strv_copy(args)};
	s->bundle = xasprintf("%s/bundle-%llu", b->scratch, n);
	s->image = xasprintf("%s:%llu", b->marker, n);
	s->w = (struct words){.root = p->root,
			      .bundle = s->bundle,
			      .rootfs = s->rootfs,
			      .image = s->image,
			      .script = b->script,
			      .args = s->args};
	if (p->kind == BENCH_OCI) {
		if (mkdir(s->bundle, 0700) < 0)
			return err_set(err, -errno, "mkdir %s", s->bundle);
		return write_config(s, writable, err);
	}
	return p->kind == BENCH_ENGINE ? prepare_image(s, err) : 0;
}

void stage_free(struct stage *s)
{
	if (s->p && s->p->unprepare) {
		_cleanup_strv_ char **argv =
			words_expand(s->p, s->p->unprepare, &s->w, NULL);
		struct spawned command;

		/* Not spawn_capture(), which ends when we are
		 * interrupted. */
		if (spawn_start(argv, (int[]){-1, -1, -1}, &command) == 0) {
			if (spawn_wait(&command, now_ns() + UNPREPARE_NS) < 0)
				spawn_kill(&command);
			else
				spawn_reap(&command, NULL);
		}
	}
	free(s->rootfs);
	free(s->bundle);
	free(s->image);
	strv_free(s->args);
	*s = (struct stage){0};
}

void stage_next_id(struct stage *s, char *ret, int size)
{
	snprintf(ret, (size_t)size, "%s-%u-%llu", s->b->marker, s->b->lane,
		 (unsigned long long)s->b->next_id++);
}
