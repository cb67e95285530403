/* host/cgroup.h
 * The container's control group, on every layout Linux has: v1, v1 with an
 * empty v2 hierarchy beside it ("hybrid"), and v2.  docs/cgroups.md says what
 * each limit writes.
 *
 * Life of a struct cgroup:
 *
 *	cgroup_plan()   (to be saved first)
 *	cgroup_create() -> cgroup_apply(), cgroup_apply_devices()
 *	                -> clone3(cgroup_clone_fd()); child: cgroup_enter()
 *	                -> cgroup_entered(), cgroup_save() -> cgroup_free()
 *	        on any failure before that: cgroup_abort() -> cgroup_free()
 *	cgroup_open(saved) -> freeze, kill, stats, ... -> cgroup_destroy()
 *	                -> cgroup_free()
 *
 * A cgroup that is being made or removed is locked with flock(), so two
 * containers never share a path by accident, and a create that was killed
 * half-way leaves nothing but empty directories, which the next one takes
 * over. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/opt.h"

struct err;

/* ------------------------------------------------------------ resources -- */

/* linux.resources of the OCI runtime-spec 1.3, field by field.  A number of 0
 * and a string of NULL or "" mean "not set" (Docker sends zeros); where zero
 * is a wish of its own, the field is an opt_*.  -1 means no limit.  A member
 * of an array always counts, also with a limit or rate of 0. */

/* `type` is "a", "b", "c", or NULL for "a"; `access` any of "rwm", NULL for
 * all three; an unset or negative number matches every device. */
struct cgroup_device_rule {
	bool allow;
	const char *type;
	struct opt_i64 major;
	struct opt_i64 minor;
	const char *access;
};

struct cgroup_memory {
	int64_t limit;
	int64_t reservation;
	int64_t swap; /* memory plus swap, as v1 counts */
	int64_t kernel;
	int64_t kernel_tcp;
	struct opt_u64 swappiness;
	bool disable_oom_killer;
	bool use_hierarchy;
	bool check_before_update;
};

struct cgroup_cpu {
	uint64_t shares;
	int64_t quota; /* microseconds in each period */
	struct opt_u64 burst;
	uint64_t period;
	int64_t realtime_runtime;
	uint64_t realtime_period;
	const char *cpus; /* "0-3,7" */
	const char *mems;
	struct opt_i64 idle;
};

struct cgroup_weight_device {
	int64_t major;
	int64_t minor;
	uint32_t weight; /* 10..1000 */
	uint32_t leaf_weight;
};

struct cgroup_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate; /* bytes or operations per second; 0 lifts it */
};

struct cgroup_block_io {
	uint32_t weight; /* 10..1000 */
	uint32_t leaf_weight;
	struct cgroup_weight_device *weight_device;
	size_t n_weight_device;
	struct cgroup_throttle_device *throttle_read_bps_device;
	size_t n_throttle_read_bps_device;
	struct cgroup_throttle_device *throttle_write_bps_device;
	size_t n_throttle_write_bps_device;
	struct cgroup_throttle_device *throttle_read_iops_device;
	size_t n_throttle_read_iops_device;
	struct cgroup_throttle_device *throttle_write_iops_device;
	size_t n_throttle_write_iops_device;
};

struct cgroup_hugepage_limit {
	const char *page_size; /* "2MB", "1GB" */
	uint64_t limit;
};

struct cgroup_if_priority {
	const char *name;
	uint32_t priority;
};

struct cgroup_network {
	uint32_t class_id;
	struct cgroup_if_priority *priorities;
	size_t n_priorities;
};

/* One member of the map `rdma`; `name` is its key. */
struct cgroup_rdma {
	const char *name;
	struct opt_u64 hca_handles;
	struct opt_u64 hca_objects;
};

/* One member of the map `unified`: a file of the v2 cgroup and its text. */
struct cgroup_unified {
	const char *file;
	const char *value;
};

struct cgroup_resources {
	struct cgroup_device_rule *devices;
	size_t n_devices;
	struct cgroup_memory memory;
	struct cgroup_cpu cpu;
	struct {
		int64_t limit;
	} pids;
	struct cgroup_block_io block_io;
	struct cgroup_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct cgroup_network network;
	struct cgroup_rdma *rdma;
	size_t n_rdma;
	struct cgroup_unified *unified;
	size_t n_unified;
};

/* ------------------------------------------------------- life and death -- */

enum cgroup_manager { CGROUP_CGROUPFS, CGROUP_SYSTEMD, CGROUP_DISABLED };
enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

struct cgroup;

/* What this host mounts; looked at once. */
enum cgroup_mode cgroup_mode(void);

struct cgroup_request {
	enum cgroup_manager manager;
	/* linux.cgroupsPath: absolute is below the root of each hierarchy,
	 * relative below our own cgroup (v2: beside it); NULL is `id`. */
	const char *path;
	const char *id;
	/* Rootless: where the kernel refuses us a cgroup, do without, as long
	 * as no path and no limit was asked for. */
	bool best_effort;
	/* To know which controllers cannot be done without; may be NULL. */
	const struct cgroup_resources *res;
};

/* Make the directories, or take over empty ones.  -EBUSY when processes live
 * there or another create is at it.  On failure nothing is left behind. */
int cgroup_create(struct cgroup **ret, const struct cgroup_request *req,
		  struct err *err);
/* What cgroup_create() is about to make, as cgroup_save() would say it: who is
 * killed in the middle of it can be cleaned up after.  Directories that are
 * there already are left out, since they may be somebody else's. */
int cgroup_plan(char ***ret, const struct cgroup_request *req, struct err *err);
/* An existing one, from what cgroup_save() returned. */
int cgroup_open(struct cgroup **ret, char *const *saved, struct err *err);
/* One string for each hierarchy, "memory=/sys/fs/cgroup/memory/x" (v2:
 * "unified=..."), or an empty vector without cgroup.  Free with strv_free(). */
char **cgroup_save(const struct cgroup *cg);
/* Remove again what cgroup_create() made, down to the parents. */
void cgroup_abort(struct cgroup *cg);
/* Remove the container's cgroup and those below it; parents stay.  Kills
 * nothing.  Waits up to about a second for processes that are on their way
 * out; then -EBUSY and a sentence that names the cgroup. */
int cgroup_destroy(struct cgroup *cg, struct err *err);
/* Takes NULL. */
void cgroup_free(struct cgroup *cg);

/* True when there is no cgroup: manager "disabled", or refused while
 * best_effort.  All functions below then do nothing, and report no process. */
bool cgroup_is_none(const struct cgroup *cg);
/* The directory of the cgroup in the hierarchy of that v1 controller, or in
 * the v2 hierarchy for NULL; NULL if there is none.  Owned by `cg`. */
const char *cgroup_dir(const struct cgroup *cg, const char *controller);
/* All of them: the i-th hierarchy's name as in /proc/self/cgroup
 * ("cpu,cpuacct", "name=systemd"; "unified" is v2) and directory.  False past
 * the last. */
bool cgroup_hierarchy(const struct cgroup *cg, size_t i, const char **name,
		      const char **dir);

/* ----------------------------------------------------------- processes -- */

/* For CLONE_INTO_CGROUP, or -1 (v1 alone, none).  In hybrid mode the child
 * must call cgroup_enter() too.  Owned by `cg`. */
int cgroup_clone_fd(const struct cgroup *cg);
/* Move the caller, a process with one thread, into the cgroup.  Uses only
 * descriptors that the parent opened, so it works in any mount and user
 * namespace.  `cloned_into`: clone3() has done the v2 part already. */
int cgroup_enter(struct cgroup *cg, bool cloned_into, struct err *err);
/* The sentence for a clone3(CLONE_INTO_CGROUP) that failed with `rc`. */
int cgroup_clone_failed(struct cgroup *cg, int rc, struct err *err);
/* In the parent: the child has entered, give up the lock and descriptors. */
void cgroup_entered(struct cgroup *cg);
/* For exec: open for cgroup_enter() what cgroup_open() found.  `sub` is a
 * path below the container's cgroup, or NULL; on v1 it may be
 * "controller:path" or "ctrl1,ctrl2:path". */
int cgroup_prepare_enter(struct cgroup *cg, const char *sub, struct err *err);
/* The same, but into the v2 cgroup where process `init` is now: for
 * containers that manage cgroups of their own, where clone3() or
 * cgroup_enter() said -EBUSY. */
int cgroup_follow(struct cgroup *cg, pid_t init, struct err *err);

/* All processes, also of nested cgroups, in our pid namespace, sorted;
 * free *ret.  No cgroup any more: none. */
int cgroup_procs(struct cgroup *cg, pid_t **ret, size_t *n, struct err *err);
/* True when a process lives in it or below. */
int cgroup_is_populated(struct cgroup *cg, bool *ret, struct err *err);
/* Send `sig` to all of them; none there is no error.  SIGKILL also reaches
 * those that are frozen, and those being born. */
int cgroup_kill(struct cgroup *cg, int sig, struct err *err);
/* Return when all processes stand (or run) again; -ETIMEDOUT, thawed, when
 * they do not within two seconds. */
int cgroup_freeze(struct cgroup *cg, struct err *err);
int cgroup_thaw(struct cgroup *cg, struct err *err);
int cgroup_is_frozen(struct cgroup *cg, bool *ret, struct err *err);

/* --------------------------------------------------------------- limits -- */

/* Write what `res` sets and leave the rest, at create as at update; without
 * devices.  -ENOTSUP names a limit that this host cannot give. */
int cgroup_apply(struct cgroup *cg, const struct cgroup_resources *res,
		 struct err *err);
/* Allow exactly what the rules say, in order, beginning with all forbidden,
 * plus what every container has: mknod of any device; null zero full random
 * urandom tty console ptmx and pts/N.  Replaces earlier rules. */
int cgroup_apply_devices(struct cgroup *cg,
			 const struct cgroup_device_rule *rules, size_t n,
			 struct err *err);

/* ---------------------------------------------------------- observation -- */

struct cgroup_psi_line {
	double avg10, avg60, avg300; /* percent */
	uint64_t total;              /* microseconds */
};

struct cgroup_psi {
	bool present; /* v2 kernels with PSI */
	struct cgroup_psi_line some, full;
};

struct cgroup_memory_usage {
	uint64_t limit; /* UINT64_MAX: none */
	uint64_t usage;
	uint64_t max; /* the highest usage seen */
	uint64_t failcnt;
};

struct cgroup_named_u64 {
	char name[40];
	uint64_t value;
};

/* `op` is "Read", "Write", "Sync", ..., or "" where there is none. */
struct cgroup_blkio_entry {
	uint64_t major, minor;
	char op[12];
	uint64_t value;
};

struct cgroup_blkio_list {
	struct cgroup_blkio_entry *v;
	size_t n;
};

struct cgroup_hugetlb_stats {
	char page_size[16];
	uint64_t usage, max, failcnt;
};

/* Times are in nanoseconds on every layout. */
struct cgroup_stats {
	struct {
		uint64_t usage, user, kernel;
		uint64_t *percpu; /* v1 alone, n_percpu of each */
		uint64_t *percpu_kernel;
		uint64_t *percpu_user;
		size_t n_percpu;
		uint64_t periods, throttled_periods, throttled_time;
		uint64_t bursts, burst_time;
		struct cgroup_psi psi;
	} cpu;
	struct {
		uint64_t cache;
		struct cgroup_memory_usage usage;
		struct cgroup_memory_usage swap; /* memory plus swap */
		struct cgroup_memory_usage swap_only;
		struct cgroup_memory_usage kernel;
		struct cgroup_memory_usage kernel_tcp;
		bool use_hierarchy;
		struct cgroup_named_u64 *raw; /* memory.stat */
		size_t n_raw;
		uint64_t oom_kills;
		struct cgroup_psi psi;
	} memory;
	struct {
		uint64_t current;
		uint64_t limit; /* 0: none */
	} pids;
	struct {
		struct cgroup_blkio_list service_bytes, serviced, queued,
			service_time, wait_time, merged, time, sectors;
		struct cgroup_psi psi;
	} blkio;
	struct cgroup_hugetlb_stats *hugetlb;
	size_t n_hugetlb;
};

/* Files that this host lacks leave zeros.  Free with cgroup_stats_free(). */
int cgroup_stats(struct cgroup *cg, struct cgroup_stats *ret, struct err *err);
void cgroup_stats_free(struct cgroup_stats *st);

/* Out of memory.  cgroup_oom_open() returns a descriptor to poll for POLLIN;
 * after each wake-up cgroup_oom_read() says how many processes were killed
 * since (v1: at least one when the limit was hit), and *gone when the cgroup
 * has been removed.  -ENOTSUP without memory controller. */
int cgroup_oom_open(struct cgroup *cg, struct err *err);
int cgroup_oom_read(struct cgroup *cg, int fd, uint64_t *kills, bool *gone);
/* Did the kernel kill for want of memory in it?  Then `err` says which limit
 * is too low: the reason when init dies before the program is started. */
bool cgroup_was_oom(struct cgroup *cg, struct err *err);
