/* cli/do_root.h
 * This system's root as a container's rootfs: in a mount namespace of our
 * own, for each directory of "/" an overlay whose upper layer is a tmpfs.
 * (One overlay of "/" itself is what a user namespace may not have: it would
 * uncover what other mounts hide.)  All of it is gone when the last process
 * of that namespace is. */
#pragma once

#include <stdbool.h>

struct err;

struct do_root {
	char *dir;     /* the tmpfs: room for a bundle */
	char *rootfs;  /* below it: the overlays */
	char **mounts; /* what of the host is to be shown as it is */
};

/* Enter a mount namespace, as an ordinary user with a user namespace where
 * the user is root, and build the root there.  `keep` are directories that
 * have to stay reachable. */
int do_root_enter(struct do_root *ret, char *const *keep, struct err *err);
/* Is an absolute path of the host's the same thing in there? */
bool do_root_shows(const char *path);
void do_root_free(struct do_root *r);
