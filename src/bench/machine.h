/* bench/machine.h
 * Where it was measured. */
#pragma once

#include <stdint.h>

struct bench;

/* Fill b->r.machine. */
void machine_describe(struct bench *b);
/* Of one minute. */
double machine_load(void);
/* A line of /proc/meminfo ("MemAvailable:"), in bytes. */
uint64_t machine_meminfo(const char *key);
