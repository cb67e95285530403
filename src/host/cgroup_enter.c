#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static bool is_v2(const struct cgroup_node *node)
{
	return str_eq(node->name, CGROUP_UNIFIED);
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	struct cgroup_node *node = cgroup_node(cg, NULL);

	return node ? node->fd : -1;
}

/* The kernel's reasons for not letting a process in, in words. */
static int say_not_entered(const struct cgroup_node *node, int rc,
			   struct err *err)
{
	if (is_v2(node) && rc == -EBUSY)
		return err_say(err, rc,
			       "enter cgroup %s: it hands controllers down to "
			       "cgroups below it, and cgroup v2 allows no "
			       "process in such a cgroup",
			       node->dir);
	if (is_v2(node) && rc == -EOPNOTSUPP)
		return err_say(err, rc,
			       "enter cgroup %s: it lies below a threaded "
			       "cgroup (see cgroup.type); choose another "
			       "linux.cgroupsPath",
			       node->dir);
	if (rc == -ENODEV)
		return err_say(err, rc, "enter cgroup %s: it was removed",
			       node->dir);
	if (rc == -ENOSPC)
		return err_say(err, rc,
			       "enter cgroup %s: its cpuset has no processors "
			       "or no memory nodes",
			       node->dir);
	return err_set(err, rc, "enter cgroup %s", node->dir);
}

int cgroup_clone_failed(struct cgroup *cg, int rc, struct err *err)
{
	struct cgroup_node *node = cgroup_node(cg, NULL);

	return node ? say_not_entered(node, rc, err)
		    : err_set(err, rc, "create a process");
}

/* Writing "0" to v1's "tasks" moves the calling thread alone, which here is
 * the process.  Writing to cgroup.procs would wait for a grace period of the
 * kernel's threadgroup lock, some 5 ms. */
static int enter_one(const struct cgroup_node *node)
{
	_cleanup_close_ int procs = -1;
	int fd = node->fd;

	if (fd < 0)
		return -EBADF;
	if (is_v2(node)) {
		procs = openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (procs < 0)
			return -errno;
		fd = procs;
	}
	return write(fd, "0", 1) < 0 ? -errno : 0;
}

int cgroup_enter(struct cgroup *cg, bool cloned_into, struct err *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_node *node = &cg->v[i];
		int rc;

		if (cloned_into && is_v2(node))
			continue;
		rc = enter_one(node);
		if (rc < 0)
			return say_not_entered(node, rc, err);
	}
	return 0;
}

/* They were opened in a row, so mostly one system call closes them all.  The
 * child may hold copies for a while, so the lock is given up by name. */
void cgroup_entered(struct cgroup *cg)
{
	size_t i = 0;

	if (cg->locked && cg->n > 0 && cg->v[0].fd >= 0)
		flock(cg->v[0].fd, LOCK_UN);
	cg->locked = false;
	while (i < cg->n) {
		int first = cg->v[i].fd, last = first;

		cg->v[i++].fd = -1;
		if (first < 0)
			continue;
		while (i < cg->n && cg->v[i].fd == last + 1) {
			last++;
			cg->v[i++].fd = -1;
		}
		if (syscall(SYS_close_range, first, last, 0) < 0)
			for (int fd = first; fd <= last; fd++)
				close_keep_errno(fd);
	}
}

/* ----------------------------------------------------------------- exec -- */

static int reopen(struct cgroup_node *node, const char *dir, struct err *err)
{
	int fd = is_v2(node) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			     : cgroup_open_file(dir, "tasks", O_WRONLY);

	if (fd < 0)
		return err_set(err, is_v2(node) ? -errno : fd, "open cgroup %s",
			       dir);
	close_keep_errno(node->fd);
	node->fd = fd;
	return 0;
}

/* "cpu,memory:/path": does it speak of this hierarchy? */
static bool list_names(const char *list, size_t len, const char *name)
{
	_cleanup_free_ char *copy = xstrndup(list, len);
	char *rest = copy, *one;

	while ((one = strsep(&rest, ",")))
		if (cgroup_name_has(name, one))
			return true;
	return false;
}

int cgroup_prepare_enter(struct cgroup *cg, const char *sub, struct err *err)
{
	const char *colon = sub ? strchr(sub, ':') : NULL;
	const char *path = colon ? colon + 1 : sub ?: "";
	_cleanup_free_ char *clean = cgroup_path_clean(path);
	bool named = false;

	if (colon && cg->mode == CGROUP_V2)
		return err_say(err, -EINVAL,
			       "--cgroup %s: cgroup v2 has one hierarchy, so "
			       "give a path alone",
			       sub);
	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_node *node = &cg->v[i];
		_cleanup_free_ char *dir = NULL;
		bool mine = !colon ||
			    list_names(sub, (size_t)(colon - sub), node->name);
		int rc;

		/* The v2 side of a hybrid has no cgroups of its own below the
		 * container's; only who made them there wants to go there. */
		if (!colon && cg->mode == CGROUP_HYBRID && is_v2(node) &&
		    *clean) {
			dir = xasprintf("%s%s", node->dir, clean);
			mine = access(dir, F_OK) == 0;
			free(dir);
		}
		named |= mine;
		dir = xasprintf("%s%s", node->dir, mine ? clean : "");
		rc = reopen(node, dir, err);
		if (rc < 0)
			return rc;
	}
	if (cg->n > 0 && !named)
		return err_say(err, -EINVAL,
			       "--cgroup %s: the container has no such "
			       "controller",
			       sub);
	return 0;
}

int cgroup_follow(struct cgroup *cg, pid_t init, struct err *err)
{
	struct cgroup_node *node = cgroup_node(cg, NULL);
	const struct cgroup_layout *l;
	_cleanup_free_ char *proc = xasprintf("/proc/%d", init);
	_cleanup_free_ char *dir = NULL;
	_cleanup_buf_ struct buf b = {0};
	char *rest, *line;
	int rc;

	if (!node)
		return 0;
	rc = cgroup_slurp(proc, "cgroup", &b);
	if (rc < 0)
		return err_set(err, rc, "read %s/cgroup", proc);
	rc = cgroup_layout(&l, err);
	if (rc == 0)
		rc = cgroup_layout_exact(err);
	if (rc < 0)
		return rc;
	rest = b.data;
	while (!dir && rest && (line = strsep(&rest, "\n"))) {
		const char *path = str_after(line, "0::");

		for (size_t i = 0; path && i < l->n; i++)
			if (str_eq(l->v[i].name, CGROUP_UNIFIED))
				rc = cgroup_path_below(&l->v[i], path, &dir,
						       err);
	}
	if (rc < 0)
		return rc;
	/* An init that left its container's cgroup leads nowhere good. */
	if (!dir || !str_after(dir, node->dir))
		return err_say(err, -ESRCH, "process %d is not below cgroup %s",
			       init, node->dir);
	return reopen(node, dir, err);
}
