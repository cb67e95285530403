/* host/path.h
 * Paths inside a directory tree we do not trust, such as a container's
 * rootfs.  A path is always a pair: a descriptor of the tree's root, and a
 * path that means what it would mean after chroot(root): "/", ".." and
 * absolute symlinks stay inside.  "etc/passwd" and "/etc/passwd" are the
 * same file.  The kernel resolves (openat2, Linux 5.6), so a process that
 * renames and relinks meanwhile cannot make us step out.
 *
 * Functions that return a descriptor return -errno on failure; every
 * descriptor is O_CLOEXEC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;

/* openat2(RESOLVE_IN_ROOT).  `flags` as for open(2).  Without O_CREAT. */
int path_open_in_root(int root, const char *path, int flags);
/* As above, but -ELOOP when any component is a symlink: then `path` as
 * written is where the descriptor really is. */
int path_open_in_root_nolink(int root, const char *path, int flags);
/* Strictly below `dir`: no symlink, no "..", no other mount. */
int path_open_beneath(int dir, const char *path, int flags);

/* A directory, made with all its parents where they are missing; symlinks
 * on the way are followed in the root, also those that point to nothing yet.
 * What is made gets `mode` minus the umask.  Returns it as O_PATH. */
int path_mkdir_p_in_root(int root, const char *path, mode_t mode);
/* A file for a mount to cover: what is there already (of any type but a
 * directory: -EISDIR), or a new empty regular file with its parents (0755).
 * Returns it as O_PATH. */
int path_make_file_in_root(int root, const char *path, mode_t mode);
/* The directory that holds the last component, made where missing, as
 * O_PATH; `name` (of NAME_MAX + 1 bytes) gets the component.  -EINVAL when
 * there is none ("/", "a/.."). */
int path_open_parent_in_root(int root, const char *path, bool create,
			     char *name);

/* A regular file for reading: neither a FIFO of the image's can make us
 * wait, nor a device. */
int path_open_file_in_root(int root, const char *path);
/* All of a regular file, at most `max` bytes (-EFBIG past that). */
int path_read_in_root(int root, const char *path, size_t max, struct buf *ret);

/* The target of the symlink `name` in `dir`; name "" for a descriptor of the
 * link itself.  Free *ret. */
int path_readlink_at(int dir, const char *name, char **ret);

/* Lexically: no "//", "." or trailing "/"; ".." eats what is before it and
 * stops at the root.  The result is relative: "" is the root.  Free it. */
char *path_clean(const char *path);
/* The rest of clean `path` below clean `dir` ("" is the root), without its
 * "/"; "" when both are the same, NULL when `path` is not below. */
const char *path_below(const char *path, const char *dir);
