/* bench/stage.h
 * A workload made ready for a participant: the bundle, or the engine's image.
 * Made once, started often, also at the same time. */
#pragma once

#include <stdbool.h>

#include "bench/words.h"

struct bench;
struct err;
struct participant;

struct stage {
	struct bench *b;
	const struct participant *p;
	char *rootfs, *bundle, *image;
	char **args;
	struct words w; /* without id and pidfile */
};

/* `writable`: the root directory, for the container. */
int stage_make(struct stage *s, struct bench *b, const struct participant *p,
	       const char *rootfs, char *const args[], bool writable,
	       struct err *err);
/* Takes half-built ones. */
void stage_free(struct stage *s);
/* The next id; `size` of at least 64. */
void stage_next_id(struct stage *s, char *ret, int size);
