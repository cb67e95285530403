/* linux.readonlyPaths and linux.maskedPaths.
 *
 * A path that is not there is not made.  Files are covered by the null device
 * and directories by one empty, read-only tmpfs that all of them share. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/path.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

/* Names in procfs and sysfs are the kernel's: no symlink of an image's can be
 * among them, so they need not be resolved in the root. */
static struct place *kernel_place(struct rootfs *r, const char *clean,
				  const char **name)
{
	struct place *p = rootfs_parent_place(r, clean, name);

	return p && p->kind == PLACE_KERNEL ? p : NULL;
}

static bool is_absent(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR;
}

/* ----------------------------------------------------------- read-only -- */

static int protect(struct rootfs *r, const char *path, struct err *err)
{
	_cleanup_free_ char *clean = path_clean(path);
	_cleanup_close_ int target = -1, mnt = -1;
	const char *name;
	struct place *p = kernel_place(r, clean, &name);
	int rc;

	if (p) {
		mnt = mount_clone(p->fd, name,
				  CLONE_TREE_RECURSIVE | CLONE_TREE_NOFOLLOW);
	} else {
		target = path_open_in_root(r->root, clean, O_PATH);
		mnt = target < 0
			      ? target
			      : mount_clone(target, "", CLONE_TREE_RECURSIVE);
	}
	if (is_absent(mnt))
		return 0;
	rc = mnt < 0 ? mnt : mount_set(mnt, MOUNT_ATTR_RDONLY, 0, false);
	if (rc == 0)
		rc = p ? mount_attach_at(mnt, p->fd, name)
		       : mount_attach(mnt, target);
	if (rc < 0)
		return err_set(err, rc, "make %s of the container read-only",
			       path);
	rootfs_cover(r, clean);
	return 0;
}

/* -------------------------------------------------------------- masked -- */

/* The first cover of each kind that was attached, or -1: the others are copies
 * of it.  None is made before it is known to be needed, since to throw away a
 * detached mount costs as much as to make five. */
struct masks {
	int null, dir;
};

static void masks_free(struct masks *m)
{
	close_keep_errno(m->null);
	close_keep_errno(m->dir);
}

static int new_cover(struct rootfs *r, const struct masks *m, bool is_dir,
		     struct err *err)
{
	int first = is_dir ? m->dir : m->null, mnt;

	if (first < 0)
		return is_dir ? mount_new_empty(
					r->plan->label_key,
					r->plan->spec->linux.mount_label, err)
			      : mount_clone_null(err);
	mnt = mount_clone(first, "", 0);
	return mnt < 0 ? err_set(err, mnt, "copy its cover") : mnt;
}

/* Onto `name` in the place `p`, or onto `target`. */
static int cover(struct rootfs *r, struct masks *m, const struct place *p,
		 const char *name, int target, bool is_dir, struct err *err)
{
	_cleanup_close_ int mnt = new_cover(r, m, is_dir, err);
	int *first = is_dir ? &m->dir : &m->null;
	int rc;

	if (mnt < 0)
		return mnt;
	rc = p ? mount_attach_at(mnt, p->fd, name) : mount_attach(mnt, target);
	if (rc < 0)
		return err_set(err, rc, "attach its cover");
	if (*first < 0)
		*first = steal_fd(&mnt);
	return 0;
}

static int mask(struct rootfs *r, struct masks *m, const char *path,
		struct err *err)
{
	_cleanup_free_ char *clean = path_clean(path);
	_cleanup_close_ int target = -1;
	const char *name;
	struct place *p = kernel_place(r, clean, &name);
	struct stat st;
	int rc = 0;

	if (p) {
		rc = fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW);
	} else {
		target = path_open_in_root(r->root, clean, O_PATH);
		if (is_absent(target))
			return 0;
		if (target < 0)
			return err_set(err, target, "open it");
		rc = fstat(target, &st);
	}
	if (rc < 0)
		return is_absent(-errno) ? 0 : err_set(err, -errno, "stat it");
	rc = cover(r, m, p, name, target, S_ISDIR(st.st_mode), err);
	if (rc == 0)
		rootfs_cover(r, clean);
	return rc;
}

int rootfs_protect_paths(struct rootfs *r, struct err *err)
{
	_cleanup_(masks_free) struct masks m = {-1, -1};
	const struct oci_linux *l = &r->plan->spec->linux;
	int rc;

	STRV_FOREACH (path, l->readonly_paths) {
		rc = protect(r, *path, err);
		if (rc < 0)
			return err_wrap(err, "linux.readonlyPaths");
	}
	STRV_FOREACH (path, l->masked_paths) {
		rc = mask(r, &m, *path, err);
		if (rc < 0)
			return err_wrap(err,
					"linux.maskedPaths: mask %s of "
					"the container",
					*path);
	}
	return 0;
}
