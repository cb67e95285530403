/* bench/scratch.h
 * The folder of a run, and what a run leaves when it is killed.
 *
 *	$TMPDIR/hull-bench-UID/          of this user alone
 *	  MARKER/                        one run; its name begins every id
 *	    owner                        locked while the run lives
 *	    state-PARTICIPANT/           --root of an OCI runtime
 *	    ids-PARTICIPANT              what an engine was asked to make
 *	    hello/ sleeper/ bundle-N/ …
 *
 * Every process that is started for a run has SCRATCH_MARK=<folder> in its
 * environment, containers included, so that none can get lost. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct bench;
struct err;
struct participant;

#define SCRATCH_MARK "HULL_BENCH_RUN"

/* Make it; b->scratch and b->marker are set. */
int scratch_begin(struct bench *b, struct err *err);
/* Remove what this run left, and the folder. */
void scratch_end(struct bench *b);
/* The same for runs that are dead.  How many there were. */
unsigned int scratch_leftovers(struct bench *b);

/* A new file in the folder `dir`. */
int scratch_write(struct bench *b, const char *dir, const char *name,
		  const void *data, size_t len, mode_t mode, struct err *err);
