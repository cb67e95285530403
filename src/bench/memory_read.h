/* bench/memory_read.h
 * What the kernel says about memory: of the machine, and of the processes
 * that belong to what we have started. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct participant;

/* Bytes, of /proc/meminfo. */
struct memory_system {
	int64_t available, kernel_stack, page_tables, slab, percpu;
};

/* The median of some readings, a second in all. */
struct memory_system memory_system_read(void);
/* Wait until the machine has come to rest: network namespaces are taken apart
 * long after the last process has left them.  Half a minute at most. */
void memory_settle(void);

struct memory_processes {
	uint32_t n;
	int64_t pss, private_, shims; /* shims: part of pss */
};

/* All processes of a participant.  The workload is `inits` (sorted) and what
 * descends from them.  The rest are shims: whoever else descends from us or,
 * under an engine, the parents of the inits. */
struct memory_processes memory_processes_read(const struct participant *p,
					      const pid_t *inits, size_t n);
