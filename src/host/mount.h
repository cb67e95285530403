/* host/mount.h
 * Mounts by descriptor.  A mount is made detached (fsopen or open_tree), gets
 * its attributes while nobody can see it, and is then attached onto a
 * descriptor or onto one name in a directory (move_mount).  No string that
 * comes from an image is ever resolved by the kernel's mount code.
 *
 * All functions act in the caller's mount namespace.  Linux 5.12 or later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

struct err;

/* --------------------------------------------------------- the options -- */

enum mount_how {
	MOUNT_BIND = 1u << 0,
	MOUNT_BIND_REC = 1u << 1, /* rbind: with the mounts below the source */
	MOUNT_REMOUNT = 1u << 2,
	MOUNT_TMPCOPYUP = 1u << 3,
	MOUNT_SRC_NOFOLLOW = 1u << 4,  /* the source symlink itself */
	MOUNT_DEST_NOFOLLOW = 1u << 5, /* onto the symlink itself */
	MOUNT_COPY_SYMLINK = 1u << 6,  /* make the source's symlink anew */
	MOUNT_IDMAP = 1u << 7,
	MOUNT_IDMAP_REC = 1u << 8, /* ridmap */
};

/* One change of propagation: MS_SHARED, MS_SLAVE, MS_PRIVATE or
 * MS_UNBINDABLE, perhaps with MS_REC. */
enum { MOUNT_MAX_PROPAGATION = 4 };

/* What the options of one mount ask for. */
struct mount_opts {
	unsigned int how; /* enum mount_how */
	/* MOUNT_ATTR_*, of the mount itself and of all the mounts below
	 * it. */
	uint64_t set, clr;
	uint64_t rec_set, rec_clr;
	/* MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME, MS_MANDLOCK. */
	uint64_t super;
	unsigned long propagation[MOUNT_MAX_PROPAGATION];
	unsigned int n_propagation;
	/* What no table knows is for the filesystem: "size=64m", in order.
	 * Pointers into the options that were parsed. */
	const char **data;
	size_t n_data;
};

/* `options` is NULL-terminated, or NULL.  Fails only on too many changes of
 * propagation. */
int mount_opts_parse(char *const *options, struct mount_opts *ret,
		     struct err *err);
void mount_opts_free(struct mount_opts *opts);
/* All names the table knows, NULL-terminated, sorted; for "features". */
const char *const *mount_option_names(void);

/* ------------------------------------------------------------ the mount -- */

/* A new filesystem.  `source` may be NULL.  `data` are "key=value" or "flag";
 * `label` (an SELinux label, or NULL) is given as `label_key`, e.g.
 * "context".  `attrs` are MOUNT_ATTR_*, `super` as in mount_opts. */
struct mount_fs {
	const char *type;
	const char *source;
	const char *const *data;
	size_t n_data;
	const char *label_key, *label;
	uint64_t attrs;
	uint64_t super;
};

/* Make it, detached; returns the descriptor of its root.  The kernel's own
 * words are part of the error. */
int mount_fs_new(const struct mount_fs *fs, struct err *err);
/* The new system calls take no value of 256 bytes or more (the lowerdir of an
 * overlay) and no subtype ("fuse.sshfs"). */
bool mount_fs_needs_classic(const struct mount_fs *fs);
/* mount(2), onto the directory or file `target`, for those. */
int mount_fs_classic(const struct mount_fs *fs, int target, struct err *err);
/* Give the filesystem that is mounted at `target` new options. */
int mount_fs_reconfigure(const struct mount_fs *fs, int target,
			 struct err *err);

/* A copy of the mount at `path` (below `dir`, AT_FDCWD for the caller's own
 * view; "" for `dir` itself), detached.  -errno. */
enum { CLONE_TREE_RECURSIVE = 1, CLONE_TREE_NOFOLLOW = 2 };
int mount_clone(int dir, const char *path, unsigned int flags);

/* Change a mount by descriptor: attributes, propagation (MS_*, with MS_REC
 * for all mounts below), idmapping (of a detached mount).  -errno. */
int mount_set(int mnt, uint64_t set, uint64_t clr, bool recursive);
int mount_set_propagation(int mnt, unsigned long flags);
int mount_set_idmap(int mnt, int userns, bool recursive);

/* Attach onto a path of the host's, which is trusted.  -errno. */
int mount_attach_host(int mnt, const char *path);
/* Attach onto the file or directory that `target` is. */
int mount_attach(int mnt, int target);
/* Attach onto `name` in `dir`.  One component, never followed when it is a
 * symlink: a directory is refused then, and a file covers the link. */
int mount_attach_at(int mnt, int dir, const char *name);

/* A copy of a device node of the host's, verified to be of `type` (S_IFCHR
 * or S_IFBLK) and `rdev`.  The mount is read-only, which is no matter for the
 * device, but keeps the host's node from being given another mode or owner
 * through the copy. */
int mount_clone_device(const char *host_path, mode_t type, dev_t rdev,
		       struct err *err);
/* The host's /dev/null, char 1:3. */
int mount_clone_null(struct err *err);
/* An empty directory that cannot be written to, detached. */
int mount_new_empty(const char *label_key, const char *label, struct err *err);

/* ------------------------------------------------------------- the root -- */

/* Change the propagation of everything we can see: MS_SLAVE, MS_SHARED, … */
int mount_propagate_all(unsigned long flags, struct err *err);
/* Make the mount that holds the directory `path` private, so that what is
 * attached there does not reach its peers. */
int mount_make_parent_private(const char *path, struct err *err);
/* Make `root` (the root of an attached mount) our "/" and forget the old
 * one.  Leaves the working directory at "/". */
int mount_pivot_root(int root, struct err *err);
/* The same where the kernel cannot pivot (an initramfs): moves `root` over
 * "/".  The old mounts stay below it, out of reach without privileges; those
 * of proc and sysfs, which a container could use, are taken away first. */
int mount_move_root(int root, struct err *err);
