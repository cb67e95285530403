/* tests/unit/seal.h
 * Tests that mount run as root, and the code under test may be wrong.  So
 * each first goes to a mount namespace of its own where nothing is writable
 * but a tmpfs at test_tmpdir(), and /proc/self. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Skips the test where mount namespaces cannot be had. */
void seal(void);
/* The same inside a new user namespace, where id 0..999 is 100000..100999 of
 * the host's (or only 0, the caller, without privileges), with a pid and ipc
 * namespace: the test goes on in a child, pid 1. */
void seal_in_userns(void);

/* Where a test has to see that the code makes a copy read-only: let the mount
 * at `path` be writable again. */
void unseal(const char *path);

/* Number of mounts in our namespace that are at or below `path`. */
unsigned int mounts_below(const char *path);
/* Run `fn` in a child; its exit status. */
int in_child(int (*fn)(void));
