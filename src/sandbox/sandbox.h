/* sandbox/sandbox.h
 * A sandbox is what a container's init becomes once the shell around it
 * stands.  The shell (namespaces, cgroup, rootfs, capabilities, seccomp,
 * hooks, console, state) is the same for all and belongs to runtime/; so
 * kill, pause, stats, exit codes and crash recovery need nothing from here.
 *
 *	host:	probe(), then prepare() and provide() before anything is made
 *	init:	the shell is built, load(), "created", start, enter()
 *	exec:	the shell is joined, load(), enter()
 *
 * load() runs in the container as the process's user, so that a missing
 * program fails "create"; enter() is the last thing hull does. */
#pragma once

#include <stdbool.h>

struct aot_offer;
struct err;
struct oci_spec;
struct oci_process;

/* The program that is about to be run, seen from inside the container. */
struct sandbox_task {
	const struct oci_spec *spec;
	const struct oci_process *process;
	char **env;   /* complete: what the program will see */
	bool is_exec; /* a further program in a running container */
	unsigned int preserve_fds;    /* open, from 3 on, that it inherits */
	const struct aot_offer *code; /* of provide(), or NULL */
	char *program;                /* set by load(): what enter() runs */
	void *data; /* the sandbox's own, from load() to enter() */
};

struct sandbox {
	const char *name;
	/* enter() never calls execve(), which would else close descriptors,
	 * reset signals and change to the LSM's label. */
	bool in_process;
	/* In one sentence, why this host cannot run it; 0 if it can. */
	int (*probe)(struct err *err);
	/* Change the plan of the shell before it is built.  NULL: nothing. */
	int (*prepare)(struct oci_spec *spec, struct err *err);
	/* On the host: open what load() wants that must not come out of the
	 * container.  `root` is its rootfs, or -1 if we may not see it;
	 * `process` what is to be run in it.  NULL: nothing. */
	int (*provide)(const struct oci_spec *spec,
		       const struct oci_process *process, int root,
		       struct aot_offer *ret, struct err *err);
	/* Find and check the program.  On failure *exit_status is 127 (not
	 * there) or 126 (cannot be run). */
	int (*load)(struct sandbox_task *task, int *exit_status,
		    struct err *err);
	/* Become the program.  Returns only on failure, as load(). */
	int (*enter)(struct sandbox_task *task, int *exit_status,
		     struct err *err);
};

extern const struct sandbox sandbox_namespaces;
extern const struct sandbox sandbox_wasm;

/* Everything that may say which sandbox is meant, the strongest first. */
struct sandbox_wish {
	const char *option;          /* --sandbox NAME, or NULL */
	const struct oci_spec *spec; /* annotations and the entrypoint */
	const char *called_as;       /* hull, hull-wasm, … */
	int rootfs_fd;               /* to look at the entrypoint's magic */
};

/* The sandbox that is wished for, probed.  One that this host or this build
 * does not have is an error with the reason; hull never falls back to a
 * weaker one. */
int sandbox_choose(const struct sandbox_wish *wish, const struct sandbox **ret,
		   struct err *err);

/* By its name, as state.json keeps it; NULL if there is none. */
const struct sandbox *sandbox_find(const char *name);
