/* bench/floor.h
 * The least that a container costs on this kernel: the namespaces of the
 * default config.json, its mounts, pivot_root, execve; and nothing else: no
 * cgroup, no device nodes, no masked paths, no capabilities, no state, no
 * configuration to read.  What a runtime needs above this is its own. */
#pragma once

#include <sys/types.h>

/* Start argv in such a container, its output to `out` (-1: where ours goes);
 * reap *pid.  A negative errno when some step failed. */
int floor_start(const char *rootfs, char *const argv[], int out, pid_t *pid);
