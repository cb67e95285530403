/* host/rdt.h
 * linux.intelRdt: a group in the resctrl filesystem (x86 cache and memory
 * bandwidth allocation).  `root` is the directory it is mounted at, see
 * rdt_root(). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct err;

struct intel_rdt {
	char *clos_id;   /* NULL: the container's id */
	char **schemata; /* lines, "L3:0=ffff" */
	char *l3_cache_schema;
	char *mem_bw_schema;
	bool enable_monitoring;
};

/* What was made, and so must be removed: for state.json. */
struct rdt_state {
	bool group_made;
	bool monitor_made;
};

/* "/sys/fs/resctrl" when resctrl is mounted there, else NULL. */
const char *rdt_root(void);

/* Make the group (or find it: a closID may be shared), write the schemata,
 * add `pid`. */
int rdt_apply(const char *root, const struct intel_rdt *rdt, const char *id,
	      pid_t pid, struct rdt_state *ret, struct err *err);
/* For "update": only the schemata. */
int rdt_update(const char *root, const struct intel_rdt *rdt, const char *id,
	       struct err *err);
/* Removes what `state` says was made; a group that is gone is no error. */
int rdt_remove(const char *root, const struct intel_rdt *rdt, const char *id,
	       const struct rdt_state *state, struct err *err);
