/* bench/workload.h
 * What the experiments with workloads share: root folders made from the
 * host's own files, and sentences about runs that failed. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct bench;
struct bench_run;
struct err;
struct participant;

/* It takes part, and is more than a floor. */
bool workload_runs(const struct participant *p);
/* The name of the floor that is the program alone, on the host, which rows of
 * the host have. */
extern const char workload_host[];
/* The workload's program for it: the module or the native one. */
char *workload_for(const struct participant *p, const char *module,
		   const char *native);
/* NULL when it ended with 0 in time; else how it ended, and a line that it
 * said about it. */
char *workload_failure(struct bench *b, const struct bench_run *run);

/* fork(), for a child that runs a workload while we look at it: both go on
 * with names for containers that the other doesn't use. */
pid_t workload_fork(struct bench *b);

/* An empty root folder with the directories that runtimes mount on, in
 * b->r.arena; in memory: below /dev/shm, if there is one. */
int workload_rootfs(struct bench *b, const char *name, bool in_memory,
		    char **ret, struct err *err);
/* Takes NULL.  The scratch folder goes with the run anyway; one in memory
 * doesn't. */
void workload_remove(char *rootfs);
/* A copy of the host's file under that absolute path of the rootfs, with the
 * folders above it, executable. */
int workload_add(const char *rootfs, const char *file, const char *as,
		 struct err *err);
/* A program that is found as the shell finds it, and the shared libraries
 * that it needs, each at the host's own path.  -ENOENT: the host has none. */
int workload_add_program(struct bench *b, const char *rootfs, const char *name,
			 const char *as, struct err *err);
/* The shared libraries that a program needs, and its loader, as paths of the
 * host; none for a static one and for what isn't a program. */
int workload_libraries(const char *program, char ***ret, struct err *err);
/* A folder of the host with all that is in it. */
int workload_add_folder(const char *rootfs, const char *path, struct err *err);
int workload_add_text(const char *rootfs, const char *as, const char *text,
		      struct err *err);
