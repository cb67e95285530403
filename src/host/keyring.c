#include "host/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

enum {
	/* KEY_POS_ALL | KEY_USR_ALL, keyctl(2): who possesses it and its
	 * owner may do all, nobody else anything. */
	KEY_PERMISSIONS = 0x3f3f0000,
};

int keyring_join(const char *container_id, struct err *err)
{
	char name[300];
	long serial;

	snprintf(name, sizeof(name), "_ses.%s", container_id);
	serial = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	if (serial < 0) {
		if (errno == ENOSYS || errno == EPERM || errno == EACCES ||
		    errno == EDQUOT)
			return 0;
		return err_set(err, -errno, "join the session keyring %s",
			       name);
	}
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, serial, KEY_PERMISSIONS) < 0 &&
	    errno != EACCES)
		return err_set(err, -errno, "restrict the keyring %s", name);
	return (int)serial;
}
