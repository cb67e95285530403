#include "host/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#ifndef SELINUX_MAGIC
#define SELINUX_MAGIC 0xf97cff8c /* linux/magic.h */
#endif

bool lsm_apparmor_enabled(void)
{
	_cleanup_close_ int fd = -1;
	char c = 'N';

	fd = open("/sys/module/apparmor/parameters/enabled",
		  O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &c, 1) == 1 && c == 'Y';
}

bool lsm_selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 &&
	       (unsigned long)fs.f_type == SELINUX_MAGIC;
}

int lsm_check(const char *apparmor_profile, const char *selinux_label,
	      struct err *err)
{
	if (!str_empty(apparmor_profile) && !lsm_apparmor_enabled())
		return err_say(err, -ENOTSUP,
			       "process.apparmorProfile: \"%s\" is asked for, "
			       "and AppArmor is not enabled on this host",
			       apparmor_profile);
	if (!str_empty(selinux_label) && !lsm_selinux_enabled())
		return err_say(err, -ENOTSUP,
			       "process.selinuxLabel: \"%s\" is asked for, and "
			       "SELinux is not enabled on this host",
			       selinux_label);
	return 0;
}

static int write_attr(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int lsm_set_profile(lsm_attr_open *open_attr, void *arg, enum lsm_when when,
		    const char *apparmor_profile, struct err *err)
{
	bool now = when == LSM_NOW;
	_cleanup_free_ char *command = NULL;
	_cleanup_close_ int fd = -1;
	int rc;

	if (str_empty(apparmor_profile))
		return 0;
	/* The second name is the one of kernels before 5.8, which SELinux
	 * takes too when both are there. */
	fd = open_attr(arg, now ? "apparmor/current" : "apparmor/exec");
	if (fd == -ENOENT)
		fd = open_attr(arg, now ? "current" : "exec");
	command = xasprintf("%s %s", now ? "changeprofile" : "exec",
			    apparmor_profile);
	rc = fd < 0 ? fd : write_attr(fd, command);
	if (rc == -ENOENT)
		return err_say(err, rc,
			       "process.apparmorProfile: \"%s\" is not loaded "
			       "into the kernel",
			       apparmor_profile);
	if (rc < 0)
		return err_set(err, rc, "process.apparmorProfile: \"%s\"",
			       apparmor_profile);
	return 0;
}

static int set_label(lsm_attr_open *open_attr, void *arg, const char *attr,
		     const char *label, struct err *err)
{
	_cleanup_close_ int fd = open_attr(arg, attr);
	int rc = fd < 0 ? fd : write_attr(fd, label);

	return rc < 0 ? err_set(err, rc,
				"process.selinuxLabel: write \"%s\" "
				"to /proc/self/attr/%s",
				label, attr)
		      : 0;
}

int lsm_set_label(lsm_attr_open *open_attr, void *arg, enum lsm_when when,
		  const char *selinux_label, struct err *err)
{
	if (str_empty(selinux_label))
		return 0;
	return set_label(open_attr, arg, when == LSM_NOW ? "current" : "exec",
			 selinux_label, err);
}

int lsm_set_key_label(lsm_attr_open *open_attr, void *arg,
		      const char *selinux_label, struct err *err)
{
	return set_label(open_attr, arg, "keycreate",
			 selinux_label ? selinux_label : "", err);
}
