/* bench/spawn.h
 * Starting programs so that what is measured is the program: with vfork's
 * semantics, since a large parent would take longer to fork; in a process
 * group of its own, since Ctrl-C is for us; with /dev/null where no
 * descriptor is given. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct bench_run;

int64_t now_ns(void); /* CLOCK_MONOTONIC */

struct spawned {
	pid_t pid;
	int pidfd;
};

/* Descriptors for standard input, output and error; -1: /dev/null.  A
 * negative errno when the program can't be executed. */
int spawn_start(char *const argv[], const int fds[3], struct spawned *ret);
/* Reap it, closing the pidfd: exit status or 128 + signal.  *cpu_ns (may be
 * NULL) grows by what it and the children it waited for have used. */
int spawn_reap(struct spawned *s, int64_t *cpu_ns);
/* The whole process group, at once; then reap. */
int spawn_kill(struct spawned *s);
/* -ETIMEDOUT when it still runs at `deadline` (now_ns()); else 0. */
int spawn_wait(const struct spawned *s, int64_t deadline);
int64_t rusage_ns(const struct rusage *u);

/* All of a short command: its output, at most 1 MB of each stream.  `in` may
 * be -1.  A command that takes longer than `timeout_ms` is killed, and *ret
 * says so. */
int spawn_capture(char *const argv[], int in, unsigned int timeout_ms,
		  struct bench_run *ret);
