/* host/fdpass.h
 * Descriptors over unix sockets. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct err;

enum { FDPASS_MAX = 16 };

/* One message of `len` bytes (at least one) with `n_fds` descriptors.
 * SIGPIPE is not raised.  0 or a negative errno. */
int fd_send(int sock, const void *data, size_t len, const int *fds,
	    size_t n_fds);
/* Receives one message into `data`; returns its length, 0 at the end of the
 * stream, or a negative errno.  The descriptors are O_CLOEXEC; *n_fds says
 * how many came.  More than `max_fds` or a cut message is -EBADMSG, with
 * everything closed. */
ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t max_fds,
		size_t *n_fds);

/* Connect to the socket at `path`, which may be longer than the 107 bytes of
 * sun_path.  `type` is SOCK_STREAM or SOCK_SEQPACKET.  `what` names it in
 * the sentence ("console socket").  Returns the descriptor. */
int unix_connect(const char *path, int type, const char *what, struct err *err);
