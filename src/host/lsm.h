/* host/lsm.h
 * Labels of AppArmor and SELinux.  A label counts from the next execve on, or
 * at once for a process that never executes anything.
 * It is written into /proc/self/attr, and a procfs can be a fake one
 * (CVE-2019-19921, CVE-2025-52881): so these functions take descriptors that
 * host/procfs.h opened in a procfs it had verified. */
#pragma once

#include <stdbool.h>

struct err;

bool lsm_apparmor_enabled(void);
bool lsm_selinux_enabled(void);

/* In the runtime, early: an asked-for label on a host that would ignore it
 * is an error, not a weaker container.  NULL or "" asks for nothing.
 * "unconfined" is a profile like any other. */
int lsm_check(const char *apparmor_profile, const char *selinux_label,
	      struct err *err);

/* Opens a file below /proc/self/attr: "apparmor/exec", "exec" … */
typedef int lsm_attr_open(void *arg, const char *name);

enum lsm_when {
	LSM_ON_EXEC,
	LSM_NOW,
};

/* In the container's init.  NULL or "" does nothing. */
int lsm_set_profile(lsm_attr_open *open_attr, void *arg, enum lsm_when when,
		    const char *apparmor_profile, struct err *err);
int lsm_set_label(lsm_attr_open *open_attr, void *arg, enum lsm_when when,
		  const char *selinux_label, struct err *err);
/* The label of keys made from now on; NULL sets it back. */
int lsm_set_key_label(lsm_attr_open *open_attr, void *arg,
		      const char *selinux_label, struct err *err);
