/* host/procfs.h
 * A /proc that nobody can have prepared for us.  Security labels, sysctls and
 * oom_score_adj are written there and nowhere else: an image, a volume or a
 * racing mount can make /proc/self/attr/exec be any other file, and then the
 * write succeeds and does nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

/* A private procfs of our pid namespace, as a descriptor of its root, mounted
 * nowhere.  Where a user namespace may not make one, a copy of /proc,
 * verified. */
int procfs_new(struct err *err);
/* -EXDEV unless `fd` is the root directory of a procfs. */
int procfs_check(int fd);

/* Open below a procfs of ours, across no symlink and no mount.  A leading
 * "self/" becomes our own process's number there, "thread-self" likewise. */
int procfs_open(int procfs, const char *path, int flags);

/* Write `text` in one write(2); the errors name the file. */
int procfs_write(int procfs, const char *path, const char *text,
		 struct err *err);
/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward"; as sysctl(8), in a name
 * with "/" before any "." the dots stay. */
int procfs_write_sysctl(int procfs, const char *name, const char *value,
			struct err *err);
/* The text of a small file, without its last \n.  Free *ret. */
int procfs_read(int procfs, const char *path, char **ret);
