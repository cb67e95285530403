/* runtime/store.h
 * What is known of a container between two commands: the directory
 * <root>/<id>, mode 0700, with
 *
 *	state.json	who init is, where the cgroup is; replaced by rename()
 *	config.json	the configuration as it was at "create", for exec
 *	creating	a marker, until the container is created
 *	start		the socket on which init waits, until it is started
 *			("create" makes it under the name of the marker)
 *	notify/		the socket of $NOTIFY_SOCKET, when that was set
 *
 * The directory's own flock() is the container's lock.  A verb that changes
 * the container holds it; the kernel drops it however the verb ends.
 *
 * creating --create--> created --start--> running --init ends--> stopped
 *     |                   |               |    ^                    |
 *     |                   |            pause  resume              delete
 *     |                   |               v    |                    v
 *     +---- killed -------+----------->  paused                  (gone)
 *
 * Only pid and start time of init are stored; the status is derived from
 * what is alive, so a command that was killed half-way leaves no lie. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "host/rdt.h"
#include "runtime/container.h"

struct err;
struct oci_spec;
struct buf;

enum { STATE_VERSION = 1 };

/* state.json */
struct state {
	int32_t version;
	char *id;
	char *bundle; /* absolute */
	char *rootfs; /* absolute */
	char *sandbox;
	char *created;  /* RFC 3339 with nanoseconds */
	uint32_t owner; /* uid that called create */
	bool rootless;
	bool user_namespace; /* init has one of its own */
	bool own_pid_namespace;
	int32_t pid;             /* 0 until init exists */
	uint64_t pid_start;      /* clock ticks since boot, proc(5) field 22 */
	uint32_t cgroup_manager; /* enum cgroup_manager */
	char **cgroup;           /* cgroup_save() */
	struct rdt_state rdt;
};

struct container {
	const struct runtime *rt;
	int root_fd; /* <root> */
	int dir_fd;  /* <root>/<id>, carries the lock */
	struct state state;
	struct oci_spec *spec; /* after store_load_spec() */
	bool init_reaped;      /* by us: it has certainly ended */
	struct arena *arena;   /* all strings above */
};

/* For the fuzzer. */
extern const struct json_type state_json;

enum store_lock { STORE_READ, STORE_CHANGE };

/* A new container's directory, locked; its state is zero but for the id. */
int store_create(const struct runtime *rt, const char *id,
		 struct container **ret, struct err *err);
/* An existing one with its state.  -ENOENT: there is none of that id.
 * STORE_CHANGE waits for the lock, at most 10 s (-EBUSY).  A directory that
 * a killed "create" left without a state opens with a state of zeros. */
int store_open(const struct runtime *rt, const char *id, enum store_lock lock,
	       struct container **ret, struct err *err);
/* Let go of the lock but keep the container open, and take it again. */
void store_unlock(struct container *c);
int store_relock(struct container *c, struct err *err);
/* Write state.json; the old one stays if that fails. */
int store_save(struct container *c, struct err *err);
/* Keep the text of config.json, and read it back into c->spec. */
int store_save_config(struct container *c, const struct buf *text,
		      struct err *err);
int store_load_spec(struct container *c, struct err *err);
/* Remove the directory and all in it. */
int store_remove(struct container *c, struct err *err);
/* Close; NULL is fine. */
void store_close(struct container *c);

static inline void cleanup_container(struct container **c)
{
	store_close(*c);
}
#define _cleanup_container_ __attribute__((__cleanup__(cleanup_container)))

/* The ids below the root, sorted.  Free with strv_free(). */
int store_ids(const struct runtime *rt, char ***ret, struct err *err);

/* ------------------------------------------------------ derived facts -- */

/* A descriptor for init, or -ESRCH when it has ended (zombies have) or
 * its pid belongs to another process by now. */
int container_pidfd(const struct container *c);
enum container_status container_status(struct container *c);
/* The OCI state document, for hooks. */
void container_state_json(const struct container *c,
			  enum container_status status, struct buf *out);
/* The container process state, for a seccomp agent (config-linux.md). */
void container_process_state_json(const struct container *c,
				  enum container_status status, pid_t pid,
				  const char *metadata, struct buf *out);
