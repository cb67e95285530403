/* host/devices.h
 * Device nodes below a directory descriptor.  The mode and owner of a node
 * that was there before us are never changed: it may be the host's own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct err;

struct device {
	const char *path; /* "/dev/null" */
	mode_t type;      /* S_IFCHR, S_IFBLK, S_IFIFO */
	unsigned int major, minor;
	mode_t mode; /* permission bits */
	uid_t uid;
	gid_t gid;
};

/* null zero full random urandom tty: what config-linux.md promises to every
 * container. */
extern const struct device device_defaults[];
extern const unsigned int device_n_defaults;

/* Make `dev` as `name` in `dir`.  A node of the same type and number that is
 * there already is taken as it is.  -EEXIST for anything else that is there.
 * Expects a umask of 0. */
int device_make_at(int dir, const char *name, const struct device *dev);
/* Cover `name` in `dir` by the host's node of the same path, where nodes may
 * not be made (user namespaces).  Makes an empty file to cover when there is
 * none. */
int device_bind_at(int dir, const char *name, const struct device *dev,
		   struct err *err);
