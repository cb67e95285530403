/* runtime/init.h
 * The container's init, from its birth to the program.  It is a child of
 * hull that never executes hull's binary again, so there is no file of the
 * host's that a container could write to through /proc/self/exe. */
#pragma once

#include <stdbool.h>

#include "runtime/hooks.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"

struct container;

struct init_args {
	struct process_setup setup;
	struct rootfs_plan rootfs;
	const struct container *container; /* for the hooks' state */
	bool joined_mounts; /* the mount namespace is another's, and its
			     * root is taken as it is */
	bool new_network;
	bool wait_for_hooks; /* hull has something to do at SYNC_NAMESPACES */
	bool sources_by_message;
	int start_socket; /* listening; -1: "start" comes over sync */
};

/* Before any namespace: what init must do as the host's process. */
int init_before(void *args, struct err *err);
/* Our own pid as the host sees it, while /proc is still the host's. */
pid_t init_host_pid(void);
/* For ns_spawn(); `args` is a struct init_args. */
void init_run(void *args) __attribute__((noreturn));
