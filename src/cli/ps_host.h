/* cli/ps_host.h: the host's ps(1), for columns that its options ask for. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;

/* Run ps with `options` and append its header and the lines of `pids`.
 * -EINVAL when its output has no column PID. */
int ps_host(char *const *options, const pid_t *pids, size_t n, struct buf *out,
	    struct err *err);
