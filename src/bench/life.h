/* bench/life.h
 * One container, or one process, from its creation until nothing is left of
 * it, with the time of each step.
 *
 *	create   how long the create command took
 *	start    how long the start command took
 *	first    from the beginning until the first byte of output
 *	exit     from the beginning until the workload's process had ended
 *	remove   how long the delete command took
 *	total    from the beginning until all that was done
 *
 * A plain process has first, exit and total; an engine's start is attached,
 * so its exit is when that command returns. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stage;

struct life_result {
	bool ok, timed_out;
	int64_t begin; /* now_ns() */
	/* ns; -1: there is none */
	int64_t create, start, first, exit, remove, total;
	int64_t cpu; /* of all processes that came back to us */
	char error[200];
};

/* `expect` is what it must print (NULL: whatever).  Always cleans up.  All
 * zombies that the calling process has are reaped. */
void life_run(struct stage *s, const char *expect, struct life_result *ret);
/* The commands of one start, as one would type them; in an arena. */
char **life_commands(struct stage *s);

/* Start one that stays: it prints to `out` (-1: nowhere).  *pid is its init,
 * or 0 when nobody tells.  The id goes to `id`, of at least 64 bytes. */
int life_start(struct stage *s, int out, char *id, int *pid, char error[200]);
