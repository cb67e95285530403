/* runtime/rootfs.h
 * From config.json to a root directory.  The container's init, alone in a new
 * mount namespace (and perhaps a new user namespace), goes
 *
 *	rootfs_open ──► rootfs_mount ──► rootfs_seal ──► rootfs_enter
 *	  clone of       mounts,      │   masked and      pivot_root
 *	  the rootfs     devices,     │   read-only
 *	  on itself      symlinks     │   paths, root
 *	                              ├── hooks, cwd made: while it is writable
 *	                              └── rootfs_console, once the pty is open
 *
 * Until rootfs_enter() the host's files are in reach, so everything inside
 * the rootfs is named by (rootfs_fd(), path); see host/path.h.
 *
 * What init cannot do from inside a user namespace (open sources that only
 * the host's root can reach, idmapped mounts), the parent does for it, with
 * rootfs_sources_open(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct oci_spec;
struct rootfs;

/* One cgroup hierarchy, for mounts of type "cgroup". */
struct rootfs_cgroup {
	/* Directory below /sys/fs/cgroup: "cpu,cpuacct", "systemd",
	 * "unified"; "" when the host has v2 alone. */
	const char *name;
	/* v1: "cpu,cpuacct" or "none,name=systemd"; v2: NULL. */
	const char *options;
	const char *host_path; /* the container's cgroup in the host's tree */
};

/* Descriptors the parent opened for init; -1 where init opens by itself.
 * fd[0] is the rootfs, fd[1 + i] is mounts[i]. */
struct rootfs_sources {
	int *fd;
	size_t n;
};

/* All pointers are borrowed and outlive the struct rootfs. */
struct rootfs_plan {
	const struct oci_spec *spec;
	const char *bundle; /* absolute; relative sources start there */
	const char *rootfs; /* the host's path of root.path, absolute */
	bool in_userns;     /* init is in a user namespace of its own */
	bool no_pivot;
	/* A cgroup namespace of its own, made after init had entered its
	 * cgroup. */
	bool own_cgroupns;
	/* The mount option that takes linux.mountLabel; NULL: "context". */
	const char *label_key;
	const struct rootfs_cgroup *cgroups; /* none: no cgroup of its own */
	size_t n_cgroups;
	const struct rootfs_sources *sources; /* NULL: none */
};

/* ---------------------------------------------------------- the parent -- */

/* Does init need rootfs_sources_open()?  No system calls. */
bool rootfs_sources_needed(const struct rootfs_plan *plan);
/* Opens what init cannot.  Without a user namespace: before init is cloned,
 * which inherits the descriptors; init_pid is 0 and init_pidfd -1.  With
 * one: after its maps were written, in init's mount namespace; the
 * descriptors then go down the sync socket.  Free with
 * rootfs_sources_free(). */
int rootfs_sources_open(const struct rootfs_plan *plan, pid_t init_pid,
			int init_pidfd, struct rootfs_sources *ret,
			struct err *err);
void rootfs_sources_free(struct rootfs_sources *sources);

/* ----------------------------------------------------------------- init -- */

int rootfs_open(const struct rootfs_plan *plan, struct rootfs **ret,
		struct err *err);
/* Root of the container's tree: O_PATH, valid before and after
 * rootfs_enter(). */
int rootfs_fd(const struct rootfs *r);
int rootfs_mount(struct rootfs *r, struct err *err);
/* `pty` is the terminal's slave, opened in the container's own devpts; it
 * becomes /dev/console. */
int rootfs_console(struct rootfs *r, int pty, struct err *err);
int rootfs_seal(struct rootfs *r, struct err *err);
int rootfs_enter(struct rootfs *r, struct err *err);
/* Closes all but what the caller has. */
void rootfs_free(struct rootfs *r);
