/* wasm/wasi_path.h
 * Paths of a guest, below a directory that it holds.  The kernel resolves
 * them (openat2), so neither "..", nor a symlink, nor a rename that races
 * with the lookup leads out of the directory; magic links of /proc, whose
 * targets are no paths, are refused.
 *
 * Functions return descriptors (O_CLOEXEC) or a negative errno; a path that
 * leads out is -EXDEV, which guests see as ENOTCAPABLE. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct wasi_dir {
	int fd;
	bool is_root; /* resolve as after chroot(fd), see wasi_preopen */
};

/* `flags` as of open(2); O_NOFOLLOW means the last component. */
int wasi_open_beneath(const struct wasi_dir *dir, const char *path, int flags,
		      mode_t mode);

/* Where the last component of a path lives, for the system calls that do not
 * follow it: mkdirat, unlinkat, renameat, symlinkat, linkat. */
struct wasi_parent {
	int fd;
	bool owned;              /* to be closed, not the directory itself */
	bool trailing_slash;     /* kept in `name`, too */
	char name[NAME_MAX + 2]; /* never holds another '/' than the last */
};

/* 0 or a negative errno: -ENOENT for "", -EEXIST for "/" alone. */
int wasi_open_parent(const struct wasi_dir *dir, const char *path,
		     struct wasi_parent *ret);
/* Takes a zeroed one. */
void wasi_parent_close(struct wasi_parent *p);

#define _cleanup_parent_ __attribute__((__cleanup__(wasi_parent_close)))
