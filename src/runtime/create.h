/* runtime/create.h
 * Making a container: shared by "create" and "run". */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "host/seccomp.h"
#include "runtime/container.h"
#include "runtime/init.h"
#include "runtime/ns.h"
#include "sandbox/aot_compile.h"

struct creation {
	const struct runtime *rt;
	const struct create_opts *opts;
	struct container *c;
	const struct sandbox *sandbox;
	struct aot_offer code; /* what the sandbox provides */
	struct buf config;     /* the text of config.json */
	struct cgroup *cgroup;
	struct ns_plan ns;
	struct seccomp_prog seccomp;
	struct init_args init;
	int sync[2];
	int start_socket; /* "create"; -1 for "run" */
	int master;       /* the terminal, when "run" keeps it */
	pid_t pid;
	int pidfd;
};

/* The parts of creation_run() that have files of their own. */
int creation_load(struct creation *cr, struct err *err);
int creation_serve(struct creation *cr, int *exit_status, struct err *err);

/* What the sandbox wants of the host for this process; for "exec", too. */
struct sandbox;
int container_provide(const struct sandbox *sandbox,
		      const struct oci_spec *spec,
		      const struct oci_process *process, int rootfs,
		      struct aot_offer *ret, struct err *err);

/* Up to the created state.  On failure all is undone and `cr` is free. */
int creation_run(struct creation *cr, const struct runtime *rt,
		 const struct create_opts *opts, bool start_socket,
		 int *exit_status, struct err *err);
/* Kill what was made and remove every trace of it, hooks included. */
void creation_abort(struct creation *cr);
/* Frees memory and descriptors; the container stays. */
void creation_free(struct creation *cr);

/* The hooks of `kind` that run in the host's namespaces. */
int container_run_hooks(struct container *c, const char *kind,
			const struct oci_hook *hooks, size_t n,
			enum container_status status, struct err *err);
/* After "delete": its failure is logged, the container is gone all the
 * same. */
void container_poststop(struct container *c);

/* Kill what still runs of it, and remove cgroup, resctrl group, and state.
 * The container is locked, and open still, but no more. */
int container_remove(struct container *c, struct err *err);

/* init was told to start: returns when it has executed the program, after
 * the poststart hooks, or with init's own error. */
int container_await_exec(struct container *c, int sock, int *exit_status,
			 struct err *err);
