/* runtime/rootfs_internal.h
 * What the rootfs_*.c files share.
 *
 * A place is a mount that we attached, with the descriptor of its root.
 * "/dev/pts" is then "pts" in the place "dev": no path has to be resolved and
 * nothing can have been swapped, since one name is attached onto without
 * following it.  That is most of the speed, and some of the safety. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/rootfs.h"

enum place_kind {
	PLACE_OTHER,
	PLACE_TMPFS,  /* new: empty but for what we make */
	PLACE_KERNEL, /* proc, sysfs: names are the kernel's, not the image's */
};

struct place {
	char *path; /* clean: "dev" */
	int fd;
	enum place_kind kind;
	bool is_proc;
	bool late_ro; /* to be made read-only once it is filled */
	bool stale;   /* covered by now, or we can't tell */
};

struct rootfs {
	const struct rootfs_plan *plan;
	int root;
	struct place *places;
	size_t n_places;
};

/* Where a mount goes, and how careful we have to be. */
struct target {
	const char *path; /* clean */
	bool is_dir;      /* what is attached, and made where it is missing */
	bool nofollow;    /* dest-nofollow */
	bool nolink;      /* proc, sysfs: a symlink on the way is an attack */
};

/* Attach `mnt`.  What it covers is no place any more.  Errors say that the
 * path is the container's. */
int rootfs_attach(struct rootfs *r, int mnt, const struct target *t,
		  struct err *err);
/* Just open it, made where it is missing, as O_PATH. */
int rootfs_open_target(struct rootfs *r, const struct target *t,
		       struct err *err);
/* Remember a mount by its root; takes `fd` and copies `path`. */
struct place *rootfs_add_place(struct rootfs *r, const char *path, int fd,
			       enum place_kind kind);
/* Whatever was at or below `path` is covered. */
void rootfs_cover(struct rootfs *r, const char *path);
/* The place whose root is `path`, or NULL. */
struct place *rootfs_find_place(const struct rootfs *r, const char *path);
/* The directory that holds clean `path`, if it is a place: *name gets the
 * last component. */
struct place *rootfs_parent_place(const struct rootfs *r, const char *path,
				  const char **name);

/* Nothing but procfs may be at /proc (`is_proc`: what goes there is one), and
 * nothing below it but the files that lxcfs and CRIU are known to replace. */
int rootfs_check_proc(const char *clean, bool is_proc, struct err *err);

/* rootfs_cgroup.c: a mount of type "cgroup" at clean `path`. */
int rootfs_mount_cgroup(struct rootfs *r, const char *path, uint64_t attrs,
			struct err *err);
/* rootfs_devices.c: nodes and symlinks of /dev, and linux.devices. */
int rootfs_make_devices(struct rootfs *r, struct err *err);
/* rootfs_mask.c: linux.readonlyPaths and linux.maskedPaths. */
int rootfs_protect_paths(struct rootfs *r, struct err *err);
struct oci_mount;
/* By its type or an option. */
bool rootfs_is_bind(const struct oci_mount *m);
bool rootfs_is_idmapped(const struct oci_mount *m);
/* The host's path of mounts[i].source: free it. */
char *rootfs_source_path(const struct rootfs_plan *plan, const char *source);
