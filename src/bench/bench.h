/* bench/bench.h
 * What the experiments share: the options, the participants that were found,
 * a scratch folder, and one call that runs a workload under a participant.
 *
 * An experiment is one function (bench_boot() ...) that appends to b->r.  It
 * looks at bench_interrupted() between its steps and then returns 0 at once:
 * what it has so far is a result, too.  An error that ends the whole run is
 * returned; one participant that fails is a row that says so, or a
 * bench_problem(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/report.h"
#include "bench/drift.h"
#include "bench/results.h"

struct err;

/* ---------------------------------------------------------- participants -- */

enum bench_code {
	BENCH_NATIVE, /* argv is a program in the rootfs */
	BENCH_WASM,   /* argv[0] is a .wasm file in the rootfs */
};

enum bench_via {
	BENCH_VIA_OCI,
	BENCH_VIA_CTR,
	BENCH_VIA_DOCKER,
	BENCH_VIA_PODMAN
};

/* A row of bench/participants.def, and what was found of it here.  Commands
 * are words with {placeholders}; participants.def lists them. */
struct participant {
	const char *name;
	enum bench_kind kind;
	enum bench_code code;
	const char *program; /* looked up in PATH and the sbin folders */
	const char *version; /* words that make it say its version */
	const char *needs;   /* must stand in what it says then */
	const char *why;     /* what it means when it does not */
	const char *global;  /* words before all others */
	const char *prepare; /* once for a rootfs, which comes as a tar */
	const char *create;  /* NULL: starting is all there is */
	const char *start;
	const char *start_detached; /* NULL: as start */
	const char *run;            /* all of it, attached; NULL: as start */
	const char *remove;         /* by force; NULL: nothing stays */
	const char *unprepare;
	const char *pid;  /* an engine: prints the pid of a container's init */
	const char *list; /* an engine: prints the runtimes it knows */
	enum bench_via via;
	/* Found. */
	char *path;     /* of the program */
	char *runtime;  /* an engine's: "crun", or a path */
	char *said;     /* first line of its version */
	char *reason;   /* why it can't take part; NULL: it does */
	char *root;     /* its state, in the scratch folder */
	char **command; /* one start, as it was typed */
};

static inline bool participant_ok(const struct participant *p)
{
	return !p->reason;
}

/* ------------------------------------------------------------------- run -- */

enum { BENCH_MAX_COUNTS = 16 };

struct bench_options {
	uint32_t counts[BENCH_MAX_COUNTS];
	size_t n_counts;
	uint32_t parallel;       /* 0: 1, 2 and one for each CPU */
	uint32_t runs;           /* how often each measurement is made */
	unsigned int timeout_ms; /* of one start, and of one workload */
	unsigned int budget_ms;  /* of one participant in one experiment */
	enum bench_via via;
	bool quick, json;
	const char *out;     /* NULL: a folder named after the time */
	const char *compare; /* an older results.json */
};

struct bench {
	struct bench_results r;
	struct bench_options o;
	char *scratch; /* a folder of this run; gone at its end */
	int scratch_fd;
	char *exe_dir;                    /* where hull-bench is, and hull */
	struct participant *participants; /* floors first */
	size_t n_participants;
	char *marker; /* every container id begins with it */
	uint64_t next_id;
	unsigned int cpus;
	unsigned int lane; /* of a worker; 0: the main process */
	char *hello;       /* a rootfs */
	char *script;      /* for node */
	struct drift drift;
};

#define BENCH_FOREACH(p, b)                             \
	for (struct participant *p = (b)->participants; \
	     p < (b)->participants + (b)->n_participants; p++)

/* Ctrl-C, or SIGTERM: finish, and tell that it is not complete. */
bool bench_interrupted(void);
/* A sentence for results.json and the terminal; the run goes on. */
void bench_problem(struct bench *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The line on the terminal: "boot  runc  120/1500  2 min left".  Cheap; call
 * it often.  `done` of `total` steps of this experiment. */
void bench_progress(struct bench *b, const char *experiment, const char *text,
		    double done, double total);

/* One workload, from nothing to nothing. */
struct bench_run {
	int status; /* exit status, or 128 + signal */
	bool timed_out;
	int64_t wall_ns;
	int64_t cpu_ns;  /* of all processes that came back to us */
	char *out, *err; /* followed by a NUL; at most 1 MB each */
	size_t out_len, err_len;
};

/* Run argv (NULL-terminated, argv[0] a path in the rootfs: "/bin/hello")
 * under the participant over the host's folder `rootfs`.  For BENCH_PROCESS
 * argv[0] is the module, which the runtime opens from the host, with the
 * rootfs mapped to "/".  Whatever the participant left is removed.  0 when it
 * ran and ended or was timed out (status tells how); a negative errno and a
 * sentence when it could not be started.  Call bench_run_free() when 0. */
int bench_run_workload(struct bench *b, const struct participant *p,
		       const char *rootfs, char *const argv[],
		       unsigned int timeout_ms, struct bench_run *ret,
		       struct err *err);
void bench_run_free(struct bench_run *run);

/* A folder below the scratch folder with the directories that a rootfs needs
 * (bin, dev, proc, sys, tmp, etc) and the shipped guests: /bin/hello,
 * /bin/sleep, /hello.wasm, /sleep.wasm.  Its path, in b->r.arena. */
int bench_make_rootfs(struct bench *b, const char *name, char **ret,
		      struct err *err);

/* ----------------------------------------------------------- experiments -- */

int bench_size(struct bench *b, struct err *err);
int bench_boot(struct bench *b, struct err *err);
int bench_memory(struct bench *b, struct err *err);
int bench_cpu(struct bench *b, struct err *err);
int bench_io(struct bench *b, struct err *err);
int bench_surface(struct bench *b, struct err *err);
int bench_compat(struct bench *b, struct err *err);
