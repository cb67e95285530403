#include "runtime/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/fdpass.h"
#include "host/seccomp.h"
#include "oci/spec.h"
#include "runtime/process.h"

/* /var/cache/hull, or the user's own; -1: there is none, which costs time
 * only. */
static int cache_parent(void)
{
	const char *home = getenv("HOME");
	const char *xdg = getenv("XDG_CACHE_HOME");
	_cleanup_free_ char *path = NULL;

	if (geteuid() == 0)
		path = xstrdup("/var/cache/hull");
	else if (!str_empty(xdg) && *xdg == '/')
		path = xasprintf("%s/hull", xdg);
	else if (!str_empty(home) && *home == '/')
		path = xasprintf("%s/.cache/hull", home);
	if (!path)
		return -1;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdir(path, 0755) == 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

int filter_prepare(const struct oci_spec *spec, struct seccomp_prog *prog,
		   struct process_setup *setup, struct err *err)
{
	const struct seccomp_profile *profile = spec->linux.seccomp;
	_cleanup_close_ int parent = -1, cache = -1;
	int rc;

	if (!profile)
		return 0;
	parent = cache_parent();
	if (parent >= 0)
		cache = seccomp_cache_open(parent, "seccomp", NULL);
	rc = seccomp_build(profile, cache, prog, err);
	if (rc < 0)
		return rc;
	setup->seccomp = prog;
	if (!prog->notify)
		return 0;
	if (str_empty(profile->listener_path))
		return err_say(err, -EINVAL,
			       "linux.seccomp.listenerPath is missing: "
			       "SCMP_ACT_NOTIFY needs somebody to ask");
	setup->listener_socket =
		unix_connect(profile->listener_path, SOCK_STREAM,
			     "linux.seccomp.listenerPath", err);
	return setup->listener_socket < 0 ? setup->listener_socket : 0;
}
