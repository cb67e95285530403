/* runtime/process.h
 * From a process inside the shell to the program: terminal, limits, user,
 * capabilities, seccomp, execve.  The same for a container's init and for
 * "exec", so that neither forgets what the other learned. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "host/caps.h"

struct aot_offer;
struct container;
struct err;
struct oci_spec;
struct oci_process;
struct sandbox;
struct sandbox_task;
struct seccomp_prog;

struct process_setup {
	const struct oci_spec *spec;
	const struct oci_process *process;
	const struct sandbox *sandbox;
	const struct aot_offer *code; /* what it provides, or NULL */
	const struct container *container;
	pid_t host_pid; /* of this process; for the seccomp agent */
	int sync;       /* to hull */
	int proc_fd;    /* a procfs that is known to be one */
	bool no_new_keyring;
	bool in_userns;
	/* Set by process_prepare(): the capabilities that wait until the
	 * filter is installed. */
	struct caps late_caps;
	bool has_late_caps;
	bool is_exec;
	unsigned int preserve_fds;
	unsigned int listen_fds; /* of the preserved ones, from LISTEN_FDS */
	const struct seccomp_prog *seccomp; /* NULL: no filter */
	int listener_socket; /* where a NOTIFY descriptor goes, or -1 */
};

/* process.oomScoreAdj, by the process itself.  Before it changes its user or
 * its user namespace: /proc/self belongs to the host's root afterwards. */
int process_set_oom_score(const struct oci_process *process, struct err *err);

/* If the process has a terminal: make one in the devpts of the container
 * whose root is `root_fd`, send its other end to hull, and make it our stdio.
 * *ret_slave is -1 without a terminal. */
int process_terminal(const struct process_setup *setup, int root_fd,
		     int *ret_slave, struct err *err);

/* Everything up to the point where the program could be executed: limits,
 * scheduling, user, capabilities, working directory, and the program found.
 * Fills `task`.  *exit_status as struct sandbox has it. */
int process_prepare(struct process_setup *setup, struct sandbox_task *task,
		    int *exit_status, struct err *err);

/* The rest: seccomp, the last capabilities, close_range, the program.
 * Returns only on failure. */
int process_enter(const struct process_setup *setup, struct sandbox_task *task,
		  int *exit_status, struct err *err);
