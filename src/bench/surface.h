/* bench/surface.h
 * Between the two halves of the experiment "surface". */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench;
struct err;
struct participant;

/* In the order of their names in surface.c. */
enum { SEEN_USER_NS, SEEN_PID_NS, SEEN_NET_NS, SEEN_N_NS };

/* What was seen in one sandbox.  Vectors are malloc()ed. */
struct seen {
	char **calls, **devices, **writable_proc, **writable_sys;
	/* That are not in the lists, which the probe ends. */
	uint64_t more_devices, more_proc, more_sys;
	uint64_t permitted, bounding; /* capabilities */
	uint64_t ns[SEEN_N_NS];       /* inode numbers; 0: not known */
	bool no_new_privs, seccomp, complete;
	/* How refusals were told from the kernel's own: by a filter. */
	bool exact;
	char *kernel, *boot_id, *lsm;
};

void seen_free(struct seen *s);

enum { SURFACE_MAX_CALL = 512 };

/* The name of a system call of this machine, or "syscall_999"; free it. */
char *surface_call_name(int number);
/* ns[] and what /proc/PID/status says of one of the host's processes. */
int surface_look_at(pid_t pid, struct seen *ret, struct err *err);
/* Of the process that runs a module, which holds a file open meanwhile:
 * capabilities, namespaces, filters, and the calls that those allow out of
 * `host`, what the kernel has. */
int surface_of_process(struct bench *b, const struct participant *p,
		       char *rootfs, const struct seen *host, struct seen *ret,
		       struct err *err);
