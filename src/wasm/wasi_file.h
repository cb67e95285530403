/* wasm/wasi_file.h
 * What functions on descriptors and on paths have in common. */
#pragma once

#include <sys/stat.h>
#include <time.h>

#include "wasm/wasi_internal.h"

/* `fd` tells sockets apart; -1 if there is none. */
uint32_t wasi_write_filestat(struct wasi_call *c, uint32_t at, int fd,
			     const struct stat *st);
/* For utimensat(), from times in ns and the WASI_FST_* flags; -EINVAL. */
int wasi_times(uint64_t atim, uint64_t mtim, uint32_t flags,
	       struct timespec ret[2]);
