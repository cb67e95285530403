#include "runtime/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/mount.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

/* config-linux.md, rootfsPropagation; runc and crun take rslave when it is
 * absent. */
static unsigned long host_propagation(const struct rootfs_plan *plan)
{
	uint32_t wanted = plan->spec->linux.rootfs_propagation;

	if (wanted & MS_SHARED)
		return MS_SHARED | MS_REC;
	/* Not unbindable: we still have to bind from there. */
	if (wanted & (MS_PRIVATE | MS_UNBINDABLE))
		return MS_PRIVATE | MS_REC;
	return MS_SLAVE | MS_REC;
}

/* A copy of the rootfs's mounts, so that it is a mount of its own, which
 * pivot_root needs, and its attributes can change. */
static int clone_rootfs(const struct rootfs_plan *plan, struct err *err)
{
	int fd;

	if (plan->sources && plan->sources->n > 0 &&
	    plan->sources->fd[0] >= 0) {
		fd = fcntl(plan->sources->fd[0], F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? err_set(err, -errno, "dup") : fd;
	}
	fd = mount_clone(AT_FDCWD, plan->rootfs, CLONE_TREE_RECURSIVE);
	if (fd < 0)
		return err_set(err, fd, "root.path: open %s of the host",
			       plan->rootfs);
	return fd;
}

static int attach_rootfs(const struct rootfs_plan *plan, int tree,
			 struct err *err)
{
	int rc = mount_attach_host(tree, plan->rootfs);

	/* Where the user namespace's root may not go, the host's "/" will do:
	 * any place will, until pivot_root. */
	if (rc == -EACCES)
		rc = mount_attach_host(tree, "/");
	if (rc == -ENOTDIR)
		return err_say(err, rc, "root.path: %s is not a directory",
			       plan->rootfs);
	return rc < 0 ? err_set(err, rc, "root.path: attach to %s of the host",
				plan->rootfs)
		      : 0;
}

int rootfs_open(const struct rootfs_plan *plan, struct rootfs **ret,
		struct err *err)
{
	unsigned long propagation = host_propagation(plan);
	_cleanup_close_ int tree = -1;
	int rc;

	rc = mount_propagate_all(propagation, err);
	/* pivot_root refuses a shared root, and a shared parent. */
	if (rc == 0 && (propagation & MS_SHARED))
		rc = mount_make_parent_private(plan->rootfs, err);
	if (rc < 0)
		return rc;
	tree = clone_rootfs(plan, err);
	if (tree < 0)
		return tree;
	rc = attach_rootfs(plan, tree, err);
	if (rc < 0)
		return rc;

	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->plan = plan;
	(*ret)->root = steal_fd(&tree);
	rootfs_add_place(*ret, "", (*ret)->root, PLACE_OTHER);
	return 0;
}

int rootfs_fd(const struct rootfs *r)
{
	return r->root;
}

int rootfs_seal(struct rootfs *r, struct err *err)
{
	int rc = rootfs_protect_paths(r, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < r->n_places; i++) {
		if (!r->places[i].late_ro)
			continue;
		rc = mount_set(r->places[i].fd, MOUNT_ATTR_RDONLY, 0, false);
		if (rc < 0)
			return err_set(err, rc,
				       "make /%s of the container read-only",
				       r->places[i].path);
	}
	if (!r->plan->spec->root.readonly)
		return 0;
	rc = mount_set(r->root, MOUNT_ATTR_RDONLY, 0, false);
	if (rc < 0)
		return err_set(err, rc,
			       "root.readonly: make the rootfs read-only");
	return 0;
}

int rootfs_enter(struct rootfs *r, struct err *err)
{
	uint32_t wanted = r->plan->spec->linux.rootfs_propagation;
	int rc;

	rc = r->plan->no_pivot ? mount_move_root(r->root, err)
			       : mount_pivot_root(r->root, err);
	if (rc < 0)
		return rc;
	return wanted ? mount_propagate_all(wanted, err) : 0;
}

void rootfs_free(struct rootfs *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_places; i++) {
		/* The first place is the root itself. */
		close_keep_errno(r->places[i].fd);
		free(r->places[i].path);
	}
	free(r->places);
	free(r);
}
