/* host/keyring.h */
#pragma once

struct err;

/* Join a new session keyring, "_ses.<id>", so that a container does not see
 * the keys of who started it.  A kernel without keyrings, or one that
 * forbids them here (a seccomp filter around us, the quota of an ordinary
 * user), is no error: 0 is returned, else the keyring's serial number. */
int keyring_join(const char *container_id, struct err *err);
