#include "bench/drift.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "bench/bench.h"
#include "bench/spawn.h"
#include "bench/stats.h"

/* About 3 ms: long enough to be seen by a scheduler, short beside a round.
 * It stays in the first cache, so that it tells of the CPU alone. */
enum { WORK_SIZE = 8192, WORK_TIMES = 64 };

static double work(void)
{
	static unsigned char text[WORK_SIZE];
	volatile char keep;
	int64_t began = now_ns();

	for (int i = 0; i < WORK_TIMES; i++) {
		char hex[SHA256_HEX];

		sha256_hex(text, sizeof(text), hex);
		memcpy(text, hex, sizeof(hex));
		keep = hex[0];
	}
	(void)keep;
	memset(text, 0, sizeof(text));
	return (double)(now_ns() - began) / 1e6;
}

unsigned int drift_begin(struct bench *b)
{
	struct drift *d = &b->drift;

	d->rounds = xrealloc(d->rounds, d->n + 1, sizeof(*d->rounds));
	d->rounds[d->n].before = work();
	d->rounds[d->n].after = d->rounds[d->n].before;
	return (unsigned int)d->n++;
}

void drift_end(struct bench *b)
{
	b->drift.rounds[b->drift.n - 1].after = work();
}

static double best_of(const struct drift *d)
{
	double best = d->n ? d->rounds[0].before : 0;

	for (size_t i = 0; i < d->n; i++) {
		if (d->rounds[i].before < best)
			best = d->rounds[i].before;
		if (d->rounds[i].after < best)
			best = d->rounds[i].after;
	}
	return best;
}

bool drift_is_bad(const struct bench *b, unsigned int round)
{
	const struct drift_round *r = &b->drift.rounds[round];

	return stats_drifted(r->before, r->after, best_of(&b->drift));
}

void drift_tell(struct bench *b)
{
	const struct drift *d = &b->drift;
	_cleanup_free_ double *all = xcalloc(2 * d->n + 1, sizeof(*all));
	struct bench_stat s;

	b->r.drift = (struct bench_drift){.rounds = (uint32_t)d->n};
	for (size_t i = 0; i < d->n; i++) {
		all[2 * i] = d->rounds[i].before;
		all[2 * i + 1] = d->rounds[i].after;
		b->r.drift.bad_rounds += drift_is_bad(b, (unsigned int)i);
	}
	s = stats_of(all, 2 * d->n);
	b->r.drift.best_ms = s.min;
	b->r.drift.median_ms = s.median;
	b->r.drift.worst_ms = s.max;
}
