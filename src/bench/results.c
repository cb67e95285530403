/* bench/results.c
 * results.json: one table of fields per struct of bench/results.h, in the
 * order of the file.  A measured number is written even when it is zero,
 * since zero failures is a result; a text that is not there is left out. */
#include "bench/results.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

/* A results file of 16 participants at all counts has 1 MB. */
enum { RESULTS_MAX_SIZE = 32 << 20 };

#define WORD(tag, member, key, words) \
	JSON_FIELD_NAME(tag, member, key, words, .always = true)
#define TEXT(tag, member, key)   JSON_FIELD(tag, member, key)
#define NAME(tag, member, key)   JSON_FIELD(tag, member, key, .required = true)
#define NUMBER(tag, member, key) JSON_FIELD(tag, member, key, .always = true)
#define FLAG(tag, member, key)   JSON_FIELD(tag, member, key, .always = true)
#define TEXTS(tag, member, key)  JSON_FIELD(tag, member, key)

static const struct json_words kind_words = {
	.what = "kind of participant",
	.list = (const struct json_word[]){{"floor", BENCH_FLOOR},
					   {"oci", BENCH_OCI},
					   {"process", BENCH_PROCESS},
					   {"engine", BENCH_ENGINE},
					   {0}},
};

static const struct json_words verdict_words = {
	.what = "verdict",
	.list = (const struct json_word[]){{"no", BENCH_NO},
					   {"yes", BENCH_YES},
					   {"n/a", BENCH_NA},
					   {0}},
};

/* --------------------------------------------------------------- samples -- */

static const struct json_type doubles = JSON_LIST_OF(&json_type_double);

static int decode_samples(const char *text, size_t len, void *out,
			  struct arena *arena, struct err *err)
{
	return json_decode(&doubles, out, arena, text, len, err);
}

/* On one line and in whole microseconds: 500 times 1,500 starts of ten
 * runtimes are most of the file. */
static void encode_samples(struct json_writer *w, const char *key,
			   const void *value)
{
	const struct {
		const double *v;
		size_t n;
	} *list = value;
	_cleanup_buf_ struct buf text = {0};

	if (!list->n)
		return;
	for (size_t i = 0; i < list->n; i++) {
		double ms = isfinite(list->v[i]) ? list->v[i] : 0;

		buf_printf(&text, "%s%.7g", i ? "," : "[",
			   round(ms * 1000) / 1000);
	}
	buf_addc(&text, ']');
	json_raw(w, key, text.data);
}

static const struct json_type samples_json = {
	.kind = JSON_CUSTOM,
	.size = sizeof(void *) + sizeof(size_t),
	.decode = decode_samples,
	.encode = encode_samples,
};

/* ---------------------------------------------------------------- tables -- */

static const struct json_field machine_fields[] = {
	TEXT(bench_machine, cpu, "cpu"),
	TEXT(bench_machine, kernel, "kernel"),
	TEXT(bench_machine, arch, "arch"),
	TEXT(bench_machine, distribution, "distribution"),
	TEXT(bench_machine, cgroup, "cgroup"),
	TEXT(bench_machine, virtualisation, "virtualisation"),
	TEXT(bench_machine, storage, "storage"),
	NUMBER(bench_machine, cpus, "cpus"),
	NUMBER(bench_machine, memory, "memory"),
	NUMBER(bench_machine, load_before, "load_before"),
	NUMBER(bench_machine, load_after, "load_after"),
};
static const struct json_type bench_machine_json =
	JSON_STRUCT(bench_machine, machine_fields);

static const struct json_field participant_fields[] = {
	NAME(bench_participant, name, "name"),
	WORD(bench_participant, kind, "kind", &kind_words),
	TEXT(bench_participant, version, "version"),
	TEXT(bench_participant, path, "path"),
	FLAG(bench_participant, takes_part, "takes_part"),
	TEXT(bench_participant, reason, "reason"),
	TEXTS(bench_participant, commands, "commands"),
};
static const struct json_type bench_participant_json =
	JSON_STRUCT(bench_participant, participant_fields);

static const struct json_field drift_fields[] = {
	NUMBER(bench_drift, best_ms, "best_ms"),
	NUMBER(bench_drift, median_ms, "median_ms"),
	NUMBER(bench_drift, worst_ms, "worst_ms"),
	NUMBER(bench_drift, rounds, "rounds"),
	NUMBER(bench_drift, bad_rounds, "bad_rounds"),
};
static const struct json_type bench_drift_json =
	JSON_STRUCT(bench_drift, drift_fields);

static const struct json_field stat_fields[] = {
	NUMBER(bench_stat, n, "n"),           NUMBER(bench_stat, min, "min"),
	NUMBER(bench_stat, mean, "mean"),     NUMBER(bench_stat, p95, "p95"),
	NUMBER(bench_stat, median, "median"), NUMBER(bench_stat, p99, "p99"),
	NUMBER(bench_stat, max, "max"),
};
static const struct json_type bench_stat_json =
	JSON_STRUCT(bench_stat, stat_fields);

#define STAT(member, key) JSON_FIELD_STRUCT(bench_boot, member, key, bench_stat)

static const struct json_field boot_fields[] = {
	NAME(bench_boot, participant, "participant"),
	NUMBER(bench_boot, count, "count"),
	NUMBER(bench_boot, parallel, "parallel"),
	NUMBER(bench_boot, ok, "ok"),
	NUMBER(bench_boot, failed, "failed"),
	NUMBER(bench_boot, untrusted, "untrusted"),
	NUMBER(bench_boot, wall_ms, "wall_ms"),
	NUMBER(bench_boot, starts_per_s, "starts_per_s"),
	STAT(create, "create"),
	STAT(start, "start"),
	STAT(first_byte, "first_byte"),
	STAT(exit, "exit"),
	STAT(remove, "delete"),
	STAT(total, "total"),
	JSON_FIELD_AS(bench_boot, samples, "samples",
		      JSON_COUNTED_(bench_boot, samples) + &samples_json),
	TEXT(bench_boot, error, "error"),
	TEXT(bench_boot, note, "note"),
};
static const struct json_type bench_boot_json =
	JSON_STRUCT(bench_boot, boot_fields);

static const struct json_field memory_fields[] = {
	NAME(bench_memory, participant, "participant"),
	NUMBER(bench_memory, count, "count"),
	NUMBER(bench_memory, ok, "ok"),
	NUMBER(bench_memory, failed, "failed"),
	NUMBER(bench_memory, processes, "processes"),
	NUMBER(bench_memory, available, "available"),
	NUMBER(bench_memory, kernel_stack, "kernel_stack"),
	NUMBER(bench_memory, page_tables, "page_tables"),
	NUMBER(bench_memory, slab, "slab"),
	NUMBER(bench_memory, percpu, "percpu"),
	NUMBER(bench_memory, pss, "pss"),
	NUMBER(bench_memory, private_, "private"),
	NUMBER(bench_memory, shims, "shims"),
	TEXT(bench_memory, error, "error"),
	TEXT(bench_memory, note, "note"),
};
static const struct json_type bench_memory_json =
	JSON_STRUCT(bench_memory, memory_fields);

static const struct json_field fit_fields[] = {
	NAME(bench_fit, participant, "participant"),
	NUMBER(bench_fit, per_container, "per_container"),
	NUMBER(bench_fit, fixed, "fixed"),
	NUMBER(bench_fit, r2, "r2"),
	NUMBER(bench_fit, pss_per_container, "pss_per_container"),
};
static const struct json_type bench_fit_json =
	JSON_STRUCT(bench_fit, fit_fields);

static const struct json_field size_fields[] = {
	NAME(bench_size, language, "language"),
	NAME(bench_size, form, "form"),
	NUMBER(bench_size, file, "file"),
	NUMBER(bench_size, layer, "layer"),
	NUMBER(bench_size, layer_gzip, "layer_gzip"),
	FLAG(bench_size, measured, "measured"),
	TEXT(bench_size, source, "source"),
};
static const struct json_type bench_size_json =
	JSON_STRUCT(bench_size, size_fields);

static const struct json_field cpu_fields[] = {
	NAME(bench_cpu, kernel, "kernel"),
	NAME(bench_cpu, participant, "participant"),
	NUMBER(bench_cpu, ms, "ms"),
	NUMBER(bench_cpu, ratio, "ratio"),
	FLAG(bench_cpu, ok, "ok"),
	TEXT(bench_cpu, reason, "reason"),
};
static const struct json_type bench_cpu_json =
	JSON_STRUCT(bench_cpu, cpu_fields);

static const struct json_field io_fields[] = {
	NAME(bench_io, operation, "operation"),
	NAME(bench_io, participant, "participant"),
	NUMBER(bench_io, ns, "ns"),
	NUMBER(bench_io, ratio, "ratio"),
	FLAG(bench_io, ok, "ok"),
	TEXT(bench_io, reason, "reason"),
};
static const struct json_type bench_io_json = JSON_STRUCT(bench_io, io_fields);

static const struct json_field surface_fields[] = {
	NAME(bench_surface, participant, "participant"),
	FLAG(bench_surface, ok, "ok"),
	TEXT(bench_surface, reason, "reason"),
	NUMBER(bench_surface, syscalls_reachable, "syscalls_reachable"),
	TEXTS(bench_surface, reachable, "reachable"),
	NUMBER(bench_surface, syscalls_hello, "syscalls_hello"),
	TEXTS(bench_surface, hello, "hello"),
	TEXTS(bench_surface, capabilities, "capabilities"),
	TEXTS(bench_surface, devices, "devices"),
	TEXTS(bench_surface, writable_proc, "writable_proc"),
	TEXTS(bench_surface, writable_sys, "writable_sys"),
	NUMBER(bench_surface, devices_found, "devices_found"),
	NUMBER(bench_surface, writable_proc_found, "writable_proc_found"),
	NUMBER(bench_surface, writable_sys_found, "writable_sys_found"),
	FLAG(bench_surface, user_ns, "user_ns"),
	FLAG(bench_surface, pid_ns, "pid_ns"),
	FLAG(bench_surface, net_ns, "net_ns"),
	FLAG(bench_surface, no_new_privs, "no_new_privs"),
	FLAG(bench_surface, seccomp, "seccomp"),
	FLAG(bench_surface, second_kernel, "second_kernel"),
	TEXT(bench_surface, lsm, "lsm"),
};
static const struct json_type bench_surface_json =
	JSON_STRUCT(bench_surface, surface_fields);

static const struct json_field compat_fields[] = {
	NAME(bench_compat, workload, "workload"),
	NAME(bench_compat, participant, "participant"),
	WORD(bench_compat, verdict, "verdict", &verdict_words),
	TEXT(bench_compat, reason, "reason"),
};
static const struct json_type bench_compat_json =
	JSON_STRUCT(bench_compat, compat_fields);

static const struct json_field row_fields[] = {
	NAME(bench_row, participant, "participant"),
	TEXT(bench_row, image_size, "image_size"),
	TEXT(bench_row, boot, "boot"),
	TEXT(bench_row, memory, "memory"),
	TEXT(bench_row, throughput, "throughput"),
	TEXT(bench_row, surface, "surface"),
	TEXT(bench_row, development, "development"),
	TEXT(bench_row, maturity, "maturity"),
	TEXT(bench_row, fits, "fits"),
	TEXTS(bench_row, sources, "sources"),
};
static const struct json_type bench_row_json =
	JSON_STRUCT(bench_row, row_fields);

#define LIST(member, sub) JSON_FIELD_LIST(bench_results, member, #member, sub)

static const struct json_field results_fields[] = {
	JSON_FIELD(bench_results, schema, "schema", .required = true,
		   .always = true),
	TEXT(bench_results, hull_version, "hull_version"),
	TEXT(bench_results, started, "started"),
	TEXT(bench_results, finished, "finished"),
	TEXTS(bench_results, command, "command"),
	FLAG(bench_results, complete, "complete"),
	TEXTS(bench_results, problems, "problems"),
	JSON_FIELD_STRUCT(bench_results, machine, "machine", bench_machine),
	JSON_FIELD_STRUCT(bench_results, drift, "drift", bench_drift),
	LIST(participants, bench_participant),
	LIST(size, bench_size),
	LIST(boot, bench_boot),
	LIST(memory, bench_memory),
	LIST(fit, bench_fit),
	LIST(cpu, bench_cpu),
	LIST(io, bench_io),
	LIST(surface, bench_surface),
	LIST(compat, bench_compat),
	LIST(table, bench_row),
};
static const struct json_type results_json =
	JSON_STRUCT(bench_results, results_fields);

/* ----------------------------------------------------------------- lists -- */

/* Room for 8, 16, 32, ...: a list needs no member for its capacity. */
static size_t capacity(size_t n)
{
	size_t room = 8;

	while (room < n)
		room *= 2;
	return room;
}

void *bench_add_(struct arena *arena, void **v, size_t *n, size_t size)
{
	char *list = *v;

	if (!list || (*n && *n == capacity(*n))) {
		list = arena_alloc(arena, capacity(*n + 1), size);
		if (*n)
			memcpy(list, *v, *n * size);
		*v = list;
	}
	memset(list + *n * size, 0, size);
	return list + (*n)++ * size;
}

/* A decoded list has no room to spare, and bench_add_() counts on it. */
static void make_room(struct arena *arena, void **v, size_t n, size_t size)
{
	void *list = arena_alloc(arena, capacity(n), size);

	if (n)
		memcpy(list, *v, n * size);
	*v = list;
}

#define MAKE_ROOM(r, list)                                        \
	make_room((r)->arena, (void **)&(r)->list, (r)->n_##list, \
		  sizeof((r)->list[0]))

/* ------------------------------------------------------------------ file -- */

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			data += n, len -= (size_t)n;
	}
	/* A full disk may say so only here. */
	return fsync(fd) < 0 ? -errno : 0;
}

int bench_write_file(int dirfd, const char *name, const char *data, size_t len,
		     struct err *err)
{
	_cleanup_close_ int fd = -1;
	char tmp[64];
	int rc = 0;

	snprintf(tmp, sizeof(tmp), ".%s.%d", name, (int)getpid());
	fd = openat(dirfd, tmp,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0644);
	if (fd < 0)
		return err_set(err, -errno, "create %s", tmp);
	rc = write_all(fd, data, len);
	if (rc == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		rc = -errno;
	if (rc == 0)
		return 0;
	unlinkat(dirfd, tmp, 0);
	return err_set(err, rc, "write %s", name);
}

void bench_results_text(const struct bench_results *r, struct buf *out)
{
	struct bench_results now = *r;

	now.schema = BENCH_SCHEMA;
	json_encode(&results_json, &now, "\t", out);
	buf_addc(out, '\n');
}

int bench_results_write(const struct bench_results *r, int dirfd,
			const char *name, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	bench_results_text(r, &text);
	return bench_write_file(dirfd, name, text.data, text.len, err);
}

/* Only the number, since a later schema may give other types to the rest. */
static int check_schema(const struct buf *text, struct arena *arena,
			struct err *err)
{
	static const struct json_type schema_only = {
		.kind = JSON_OBJECT,
		.size = sizeof(struct bench_results),
		.fields = results_fields,
		.n_fields = 1,
	};
	struct bench_results r = {0};
	int rc;

	rc = json_decode(&schema_only, &r, arena, text->data, text->len, err);
	if (rc < 0)
		return rc;
	if (r.schema != BENCH_SCHEMA)
		return err_say(err, -EPROTO,
			       "has schema %u, this hull reads schema %d",
			       r.schema, BENCH_SCHEMA);
	return 0;
}

int bench_results_read(struct bench_results *r, struct arena *arena, int dirfd,
		       const char *name, struct err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf text = {0};
	int rc;

	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s", name);
	rc = buf_read_fd(&text, fd, RESULTS_MAX_SIZE);
	if (rc < 0)
		return err_set(err, rc, "read %s", name);
	rc = check_schema(&text, arena, err);
	if (rc == 0)
		rc = json_decode(&results_json, r, arena, text.data, text.len,
				 err);
	if (rc < 0)
		return err_wrap(err, "%s", name);
	r->arena = arena;
	MAKE_ROOM(r, participants);
	MAKE_ROOM(r, size);
	MAKE_ROOM(r, boot);
	MAKE_ROOM(r, memory);
	MAKE_ROOM(r, fit);
	MAKE_ROOM(r, cpu);
	MAKE_ROOM(r, io);
	MAKE_ROOM(r, surface);
	MAKE_ROOM(r, compat);
	MAKE_ROOM(r, table);
	return 0;
}
