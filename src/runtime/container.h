/* runtime/container.h
 * What can be done with a container, one function per verb of the command
 * line.  Each returns 0 or a negative errno with a sentence in `err`; on
 * failure nothing is left behind that was not there before.
 *
 * A container is a directory <root>/<id>, held by flock() while a verb
 * changes it (runtime/store.h has its files and the states it goes through).
 * No function here prints anything but debug lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/cgroup.h"

struct err;
struct oci_annotation;
struct container;

/* What the global options say; the same for every verb. */
struct runtime {
	const char *root; /* --root: absolute, made when it is missing */
	enum cgroup_manager cgroup_manager;
	bool rootless;       /* no privileges over the host are expected */
	const char *sandbox; /* --sandbox NAME, or NULL */
	/* The last component of argv[0]: hull-wasm asks for that sandbox. */
	const char *called_as;
};

/* ------------------------------------------------- create, run, start -- */

struct create_opts {
	const char *id;
	const char *bundle;         /* NULL: the current directory */
	const char *config;         /* NULL: config.json in the bundle */
	const char *console_socket; /* NULL: none */
	const char *pid_file;
	const char *pidfd_socket;
	bool no_pivot;
	bool no_new_keyring;
	unsigned int preserve_fds; /* descriptors 3 .. 3+n-1 are kept */
	/* "run" only: */
	bool detach;
	bool keep; /* do not delete the container when it has ended */
	bool no_subreaper;
};

/* On failure *exit_status is what a shell would exit with: 127 when the
 * program is not there, 126 when it cannot be executed, else 1. */
int container_create(const struct runtime *rt, const struct create_opts *opts,
		     int *exit_status, struct err *err);
/* create, start and, unless detached, wait and delete.  On success
 * *exit_status is the program's own: its exit code, or 128 + signal. */
int container_run(const struct runtime *rt, const struct create_opts *opts,
		  int *exit_status, struct err *err);
/* Returns when the program was executed, or why it could not be. */
int container_start(const struct runtime *rt, const char *id, struct err *err);

/* ----------------------------------------------------------------- exec -- */

struct exec_opts {
	const char *id;
	/* --process FILE: replaces all that follows down to `args`. */
	const char *process_file;
	char **args;
	const char *cwd;
	char **env;       /* NAME=value, over the container's own */
	const char *user; /* "uid" or "uid:gid" */
	char **additional_gids;
	char **caps; /* added to the container's own */
	bool tty;
	bool no_new_privs;
	const char *apparmor;
	const char *process_label;
	const char *cgroup; /* path below the container's; "ctrl:path" on v1 */

	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	unsigned int preserve_fds;
	bool detach;
	bool ignore_paused;
	bool no_subreaper;
};

/* *exit_status as for container_create() and container_run(). */
int container_exec(const struct runtime *rt, const struct exec_opts *opts,
		   int *exit_status, struct err *err);

/* -------------------------------------------------------- other changes -- */

/* `all` sends to every process of the container's cgroup; then a container
 * whose init has ended is no error. */
int container_kill(const struct runtime *rt, const char *id, int sig, bool all,
		   struct err *err);
/* `force` kills first, and a container that is not there is no error. */
int container_delete(const struct runtime *rt, const char *id, bool force,
		     struct err *err);
int container_pause(const struct runtime *rt, const char *id, struct err *err);
int container_resume(const struct runtime *rt, const char *id, struct err *err);

/* The schemata of --l3-cache-schema and --mem-bw-schema, NULL when absent. */
struct rdt_change {
	const char *l3_cache_schema;
	const char *mem_bw_schema;
};

int container_update(const struct runtime *rt, const char *id,
		     const struct cgroup_resources *res,
		     const struct rdt_change *rdt, struct err *err);

/* -------------------------------------------------------------- looking -- */

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

/* "creating", "created", … as the specification spells them. */
const char *container_status_name(enum container_status status);

/* One container as state and list show it.  The pointers are the
 * container's; free with container_info_free(). */
struct container_info {
	const char *id;
	enum container_status status;
	pid_t pid; /* in our pid namespace; 0 when stopped */
	const char *bundle;
	const char *rootfs;
	const char *created; /* RFC 3339 */
	uid_t owner;
	const char *sandbox;
	const struct oci_annotation *annotations;
	size_t n_annotations;
	struct container *container;
};

void container_info_free(struct container_info *info);

int container_info(const struct runtime *rt, const char *id,
		   struct container_info *ret, struct err *err);
/* All below the root, sorted by id.  A directory that cannot be read as a
 * container is skipped.  Free each, then the array. */
int container_list(const struct runtime *rt, struct container_info **ret,
		   size_t *n, struct err *err);
/* Every process of the container, in our pid namespace. */
int container_pids(const struct runtime *rt, const char *id, pid_t **ret,
		   size_t *n, struct err *err);
/* The container's cgroup, for its statistics and events.  Free with
 * cgroup_free(). */
int container_cgroup(const struct runtime *rt, const char *id,
		     struct cgroup **ret, struct err *err);
