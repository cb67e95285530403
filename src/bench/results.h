/* bench/results.h
 * What a run measured: one struct per object of results.json (docs/bench.md
 * describes the schema; SCHEMA counts up when a reader of the old one would
 * misread the new one).  Experiments append to it, the report and `--compare`
 * read it, and nothing else is kept.
 *
 * All that hangs off it belongs to its arena.  Times are in milliseconds
 * where the name ends in _ms, sizes in bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct buf;
struct err;

enum { BENCH_SCHEMA = 1 };

/* How a participant is driven. */
enum bench_kind {
	BENCH_FLOOR,   /* fork+exec; clone+mounts+exec */
	BENCH_OCI,     /* create, start, delete over a bundle */
	BENCH_PROCESS, /* a Wasm runtime as a plain program */
	BENCH_ENGINE,  /* ctr, docker, podman with a runtime */
};

struct bench_machine {
	char *cpu, *kernel, *arch, *distribution, *cgroup, *virtualisation;
	char *storage; /* filesystem below the scratch folder */
	uint32_t cpus;
	uint64_t memory;
	double load_before, load_after; /* of one minute */
};

struct bench_participant {
	char *name; /* "hull-namespaces", "runc", "docker+crun" */
	uint32_t kind;
	char *version; /* first line of what it says itself */
	char *path;
	bool takes_part;
	char *reason;    /* why not */
	char **commands; /* one start, as it was typed */
};

/* A fixed piece of work, timed through the run. */
struct bench_drift {
	double best_ms, median_ms, worst_ms;
	uint32_t rounds, bad_rounds; /* bad: see docs/bench.md */
};

struct bench_stat {
	uint32_t n;
	double min, mean, median, p95, p99, max; /* ms */
};

/* `count` starts, `parallel` at a time. */
struct bench_boot {
	char *participant;
	uint32_t count, parallel;
	uint32_t ok, failed, untrusted; /* untrusted: in bad rounds */
	double wall_ms, starts_per_s;
	struct bench_stat create, start, first_byte, exit, remove, total;
	double *samples; /* totals, in order; at most 500, evenly taken */
	size_t n_samples;
	char *error; /* of the first that failed */
	char *note;  /* "stopped after 60 s" */
};

/* `count` of them asleep; all figures are totals above the empty machine. */
struct bench_memory {
	char *participant;
	uint32_t count, ok, failed, processes;
	int64_t available; /* what MemAvailable lost */
	int64_t kernel_stack, page_tables, slab, percpu;
	int64_t pss, private_; /* of the processes, shims included */
	int64_t shims;         /* the part of pss that is not the workload's */
	char *error, *note;
};

/* What they take: all that the kernel accounts, and the processes' share.
 * Not what MemAvailable lost, which depends on what others left behind for it
 * to count. */
static inline int64_t bench_taken(const struct bench_memory *m)
{
	return m->kernel_stack + m->page_tables + m->slab + m->percpu + m->pss;
}

/* Least squares over the counts of one participant. */
struct bench_fit {
	char *participant;
	double per_container, fixed, r2; /* bench_taken(), bytes */
	double pss_per_container;
};

struct bench_size {
	char *language, *form; /* "C", "native, static, stripped" */
	uint64_t file, layer, layer_gzip;
	bool measured; /* else shipped as reference: `source` says from where */
	char *source;
};

struct bench_cpu {
	char *kernel, *participant;
	double ms, ratio; /* CPU time; of native */
	bool ok;
	char *reason;
};

struct bench_io {
	char *operation, *participant;
	double ns, ratio; /* per operation; of the host */
	bool ok;
	char *reason;
};

struct bench_surface {
	char *participant;
	bool ok;
	char *reason;
	uint32_t syscalls_reachable; /* not ENOSYS, EPERM by filter or death */
	char **reachable;
	uint32_t syscalls_hello; /* distinct host calls made for a hello */
	char **hello;
	char **capabilities, **devices, **writable_proc, **writable_sys;
	/* How many there are; the lists stop at 1,000. */
	uint32_t devices_found, writable_proc_found, writable_sys_found;
	bool user_ns, pid_ns, net_ns, no_new_privs, seccomp, second_kernel;
	char *lsm;
};

enum bench_verdict { BENCH_NO, BENCH_YES, BENCH_NA };

struct bench_compat {
	char *workload, *participant;
	uint32_t verdict;
	char *reason;
};

/* One row of the article's table. */
struct bench_row {
	char *participant;
	char *image_size, *boot, *memory, *throughput, *surface;
	char *development, *maturity, *fits;
	char **sources; /* of the facts that were not measured here */
};

struct bench_results {
	struct arena *arena; /* not in the file */
	uint32_t schema;
	char *hull_version, *started, *finished; /* RFC 3339 */
	char **command;
	bool complete; /* false: interrupted, or an experiment gave up */
	char **problems;
	struct bench_machine machine;
	struct bench_drift drift;
	struct bench_participant *participants;
	size_t n_participants;
	struct bench_size *size;
	size_t n_size;
	struct bench_boot *boot;
	size_t n_boot;
	struct bench_memory *memory;
	size_t n_memory;
	struct bench_fit *fit;
	size_t n_fit;
	struct bench_cpu *cpu;
	size_t n_cpu;
	struct bench_io *io;
	size_t n_io;
	struct bench_surface *surface;
	size_t n_surface;
	struct bench_compat *compat;
	size_t n_compat;
	struct bench_row *table;
	size_t n_table;
};

/* Append a zeroed element: bench_add(r, boot)->count = 10;
 * The next one may move the list, so keep no pointers into it. */
#define bench_add(r, list)                                                  \
	((__typeof__((r)->list))bench_add_((r)->arena, (void **)&(r)->list, \
					   &(r)->n_##list,                  \
					   sizeof((r)->list[0])))
void *bench_add_(struct arena *arena, void **v, size_t *n, size_t size);

/* Atomically, so that what was there stays when the disk is full. */
int bench_results_write(const struct bench_results *r, int dirfd,
			const char *name, struct err *err);
/* A file of another schema is refused (-EPROTO). */
int bench_results_read(struct bench_results *r, struct arena *arena, int dirfd,
		       const char *name, struct err *err);
/* The text of the file. */
void bench_results_text(const struct bench_results *r, struct buf *out);
/* Any other file of the results, replaced as a whole or not at all. */
int bench_write_file(int dirfd, const char *name, const char *data, size_t len,
		     struct err *err);
