#include "host/cgroup_internal.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* ".", "..", and doubled slashes resolved by text alone; ".." stops at the
 * top, so a configuration cannot climb out of the hierarchy.  Returns
 * "/a/b", or "" for the top itself. */
char *cgroup_path_clean(const char *path)
{
	char *out = xmalloc(strlen(path) + 2), *end = out;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (end > out && *--end != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n + (path[n] == '/');
	}
	*end = '\0';
	return out;
}

/* `path` of the hierarchy (as in /proc/PID/cgroup), as a directory. */
int cgroup_path_below(const struct cgroup_mount *m, const char *path,
		      char **ret, struct err *err)
{
	const char *rest = path;

	/* "/../x" is how a cgroup namespace shows what is outside of it. */
	if (str_after(path, "/.."))
		return err_say(err, -EXDEV,
			       "cgroup %s of hierarchy %s is outside of our "
			       "cgroup namespace",
			       path, m->name);
	if (!str_eq(m->root, "/")) {
		rest = str_after(path, m->root);
		/* In a container without cgroup namespace, /proc shows the
		 * host's paths, and the mount holds our part of them. */
		if (!rest || (*rest && *rest != '/'))
			return err_say(err, -EXDEV,
				       "cgroup %s is not below %s, which is "
				       "what %s shows",
				       path, m->root, m->dir);
	}
	*ret = str_eq(rest, "/") ? xstrdup(m->dir)
				 : xasprintf("%s%s", m->dir, rest);
	return 0;
}

/* Where a container's cgroup goes (runc's rules): an absolute path starts at
 * the mount, a relative one at our own cgroup.  On v2 it starts beside our
 * own: a cgroup with processes in it, as ours, cannot hand controllers down
 * to children. */
int cgroup_path_for(const struct cgroup_layout *l, const struct cgroup_mount *m,
		    const struct cgroup_request *req, char **ret,
		    struct err *err)
{
	const char *path = str_empty(req->path) ? req->id : req->path;
	_cleanup_free_ char *clean = cgroup_path_clean(path);
	_cleanup_free_ char *own = NULL;
	_cleanup_free_ char *base = NULL;
	char *slash;
	int rc;

	if (!*clean)
		return err_say(err, -EINVAL,
			       "linux.cgroupsPath: %s is the root of the "
			       "hierarchy, not a cgroup for a container",
			       path);
	if (*path == '/') {
		*ret = xasprintf("%s%s", m->dir, clean);
		return 0;
	}
	own = xstrdup(m->own);
	slash = strrchr(own, '/');
	/* In a container that sees nothing above its own cgroup, below it. */
	if (l->mode == CGROUP_V2 && slash && !str_eq(own, m->root))
		own[slash == own ? 1 : slash - own] = '\0';
	rc = cgroup_path_below(m, own, &base, err);
	if (rc < 0)
		return rc;
	*ret = xasprintf("%s%s", base, clean);
	return 0;
}
