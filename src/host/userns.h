/* host/userns.h
 * User namespaces and the id mappings that give them meaning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* One row of linux.uidMappings, linux.gidMappings and a mount's own. */
struct idmap {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

/* Both mappings of a namespace, borrowed from whoever owns the arrays. */
struct idmaps {
	const struct idmap *uid;
	size_t n_uid;
	const struct idmap *gid;
	size_t n_gid;
};

/* Ranges must be of one id or more, not run past 2^32-2 and not overlap in
 * either direction.  `field` begins the sentence ("linux.uidMappings"). */
int idmap_check(const struct idmap *map, size_t n, const char *field,
		struct err *err);
/* -ENOENT when the id has no mapping.  An empty map is the identity. */
int idmap_to_host(const struct idmap *map, size_t n, uint32_t container_id,
		  uint32_t *ret);
int idmap_to_container(const struct idmap *map, size_t n, uint32_t host_id,
		       uint32_t *ret);

/* Give the user namespace of process `pid` its mappings.  `proc_pid_fd` is
 * /proc/<pid> in a procfs that is trusted.  Writes the files itself when the
 * kernel allows it, and asks newuidmap and newgidmap when not.  Where
 * setgroups(2) has to be denied for that, *setgroups_denied is set. */
int userns_write_maps(pid_t pid, int proc_pid_fd, const struct idmaps *maps,
		      bool *setgroups_denied, struct err *err);

/* The widest mapping that an ordinary user can have: container root is the
 * user, and all ranges of /etc/subuid and /etc/subgid follow.  Without
 * ranges, or without newuidmap, only the one id.  Free *uid_map and
 * *gid_map. */
int userns_auto_maps(uid_t uid, gid_t gid, struct idmap **uid_map,
		     size_t *n_uid, struct idmap **gid_map, size_t *n_gid,
		     struct err *err);
/* The ranges of one user in a file such as /etc/subuid, as host_id and size.
 * `name` may be NULL.  A missing file has no ranges. */
int userns_read_subids(int fd, uid_t uid, const char *name, struct idmap **ret,
		       size_t *n);

/* A user namespace without processes, for mount_setattr(MOUNT_ATTR_IDMAP).
 * Returns its descriptor. */
int userns_open(const struct idmaps *maps, struct err *err);
/* Path of newuidmap or newgidmap, NULL when it is not installed. */
const char *userns_helper(bool gid);
