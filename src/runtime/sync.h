/* runtime/sync.h
 * What hull and the container's init say to each other while the shell is
 * built.  One SOCK_SEQPACKET pair; every message is one struct sync_msg of
 * fixed size, checked on receipt, with at most one descriptor beside it.
 * Both sides walk the same table of steps (sync_steps), so that a step is
 * added in one place and a peer that is out of step is an error.
 *
 *	hull                               init
 *	 |  <-- SYNC_MAP_ME ---------------  |  a new user namespace waits
 *	 |  --- SYNC_MAPPED ------------->   |  uid_map, gid_map are written
 *	 |  <-- SYNC_INIT_PID (pidfd) -----  |  the stage's child is init
 *	 |  <-- SYNC_SOURCES --------------  |
 *	 |  --- SYNC_SOURCE (fd, index) -->  |  mounts that only the host's
 *	 |  --- SYNC_SOURCES_END -------->   |   root can open
 *	 |  <-- SYNC_NAMESPACES -----------  |  prestart, createRuntime run
 *	 |  --- SYNC_HOOKS_DONE --------->   |
 *	 |  <-- SYNC_CONSOLE (pty) --------  |  the terminal's other end
 *	 |  <-- SYNC_CREATED --------------  |  the shell stands
 *	 |  --- SYNC_START -------------->   |  ("run" and "exec"; "start"
 *	 |                                   |   says it on the start socket)
 *	 |  <-- end of file ---------------  |  execve() closed the socket
 *
 * SYNC_FAILED may come from init at any step and carries its error. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum sync_type {
	SYNC_MAP_ME = 1,
	SYNC_MAPPED,
	SYNC_INIT_PID,
	SYNC_SOURCES,
	SYNC_SOURCE,
	SYNC_SOURCES_END,
	SYNC_NAMESPACES,
	SYNC_HOOKS_DONE,
	SYNC_CONSOLE,
	SYNC_CREATED,
	SYNC_START,
	SYNC_FAILED,
	SYNC_TYPE_END,
};

enum { SYNC_VERSION = 1 };

/* 272 bytes on every architecture: a length cannot overflow here. */
struct sync_msg {
	uint16_t version;  /* SYNC_VERSION */
	uint16_t type;     /* enum sync_type */
	int32_t value;     /* SYNC_FAILED: the exit status to report;
			    * SYNC_SOURCE: the index; else zero */
	uint32_t flags;    /* zero */
	uint32_t reserved; /* zero */
	struct err err;    /* SYNC_FAILED: why */
};

_Static_assert(sizeof(struct sync_msg) == 272, "the wire format is fixed");

/* Both ends, close-on-exec. */
int sync_pair(int ret[2], struct err *err);

/* `fd` < 0: no descriptor goes with the message. */
int sync_send(int sock, enum sync_type type, int fd);
int sync_send_value(int sock, enum sync_type type, int fd, int value);
/* Report that this side cannot go on.  Errors are swallowed: who would be
 * told? */
void sync_fail(int sock, int exit_status, const struct err *why);

/* The next message.  Returns its type; 0 at the end of the file; on
 * SYNC_FAILED a negative errno with the peer's error in `err` and its exit
 * status in *value (may be NULL).  *fd receives the descriptor sent along, -1
 * if none; with `fd` NULL one that comes is closed. */
int sync_recv(int sock, int *fd, int *value, struct err *err);
/* The same, and anything but `want` is an error. */
int sync_expect(int sock, enum sync_type want, int *fd, int *exit_status,
		struct err *err);

/* sync_expect() for a message that carries a number. */
int sync_expect_value(int sock, enum sync_type want, int *value,
		      struct err *err);

/* Is this a message that a peer of our version could have sent?  For the
 * fuzzer, and for sync_recv(). */
bool sync_msg_valid(const void *data, size_t len);
