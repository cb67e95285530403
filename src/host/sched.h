/* host/sched.h
 * How a process is scheduled and limited: what config.json says in
 * process.scheduler, .ioPriority, .execCPUAffinity, .rlimits and in
 * linux.memoryPolicy and .personality.  The structs have the documents'
 * fields; each function acts on the calling process, or on `pid`.
 *
 * Each *_check() only looks; its sentence begins with the field's path. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/opt.h"

struct err;

struct scheduler {
	char *policy; /* SCHED_* */
	int32_t nice;
	int32_t priority;
	char **flags;     /* SCHED_FLAG_* */
	uint64_t runtime; /* nanoseconds, SCHED_DEADLINE */
	uint64_t deadline;
	uint64_t period;
};

struct io_priority {
	char *class; /* IOPRIO_CLASS_RT, _BE or _IDLE */
	int64_t priority;
};

struct cpu_affinity {
	char *initial; /* lists such as "0-3,7" */
	char *final;
};

struct memory_policy {
	char *mode; /* MPOL_* */
	char *nodes;
	char **flags; /* MPOL_F_* */
};

struct posix_rlimit {
	char *type; /* RLIMIT_* */
	uint64_t hard;
	uint64_t soft;
};

struct personality_spec {
	char *domain; /* LINUX or LINUX32 */
	char **flags;
};

int scheduler_check(const struct scheduler *s, struct err *err);
int scheduler_apply(pid_t pid, const struct scheduler *s, struct err *err);

int io_priority_check(const struct io_priority *p, struct err *err);
int io_priority_apply(const struct io_priority *p, struct err *err);

/* A list of numbers and ranges below `max`, ascending or not, as bits in
 * `set` (words of 64).  -EINVAL or -ERANGE. */
int cpulist_parse(const char *list, uint64_t *set, size_t max);
/* `list` NULL or empty is no change.  `field` begins the sentence. */
int affinity_apply(pid_t pid, const char *list, const char *field,
		   struct err *err);

int memory_policy_check(const struct memory_policy *p, struct err *err);
int memory_policy_apply(const struct memory_policy *p, struct err *err);

/* RLIMIT_NOFILE's number, or -EINVAL. */
int rlimit_from_name(const char *name);
int rlimits_check(const struct posix_rlimit *limits, size_t n, struct err *err);
int rlimits_apply(pid_t pid, const struct posix_rlimit *limits, size_t n,
		  struct err *err);

int personality_check(const struct personality_spec *p, struct err *err);
int personality_apply(const struct personality_spec *p, struct err *err);

/* The words that are known, NULL-terminated: for the features document. */
extern const char *const memory_policy_modes[];
extern const char *const memory_policy_flags[];
