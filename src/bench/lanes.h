/* bench/lanes.h
 * Starting containers one after another and at the same time.  Each lane is a
 * small process of its own, forked before there are results, which does one
 * life after the other: so the starts at once do not wait for one another's
 * bookkeeping, and Ctrl-C reaches us and not what is being started. */
#pragma once

#include <stdint.h>

#include "bench/life.h"

struct bench;
struct err;
struct lanes;
struct stage;

/* `n` lanes, for these stages. */
int lanes_begin(struct lanes **ret, struct bench *b, struct stage *stages,
		unsigned int n, struct err *err);
enum { LANES_MAX_BATCH = 4096 };
/* `count` starts of a stage on `parallel` lanes.  *results are in the order
 * of their begin, valid until the next call.  Returns how many there are
 * (fewer when interrupted), or -EPIPE when a lane has died. */
int lanes_run(struct lanes *l, unsigned int stage, unsigned int count,
	      unsigned int parallel, unsigned int max_hangs,
	      const struct life_result **results);
/* Takes NULL. */
void lanes_end(struct lanes *l);
