/* bench/drift.h
 * Was the machine ours?  A fixed piece of work is timed before and after each
 * round of measurements; stats_drifted() says which rounds are bad. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct bench;

struct drift {
	struct drift_round {
		double before, after; /* ms */
	} *rounds;
	size_t n;
};

/* The number of the round that begins. */
unsigned int drift_begin(struct bench *b);
void drift_end(struct bench *b);
/* By what is known so far: the best may come later. */
bool drift_is_bad(const struct bench *b, unsigned int round);
/* Fill b->r.drift. */
void drift_tell(struct bench *b);
