/* linux.readonlyPaths and linux.maskedPaths.
 *
 * A path that is not there is not made.  Files are covered by the null device
 * and directories by one empty, read-only tmpfs that all of them share; a
 * spare copy of each is at hand, so that the attempt to attach it is also the
 * question whether, and as what, the path exists. */
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

/* ------------------------------------------------------------- read-only -- */

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
		mnt = target < 0 ? target
				 : mount_clone(target, "",
					       CLONE_TREE_RECURSIVE);
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

/* ---------------------------------------------------------------- masked -- */

/* A mount that is needed many times.  `fd` is the spare, detached, or -1.
 * The first one that was attached is what the others are copied from: a
 * detached mount cannot be copied before Linux 6.15. */
struct spare {
	int fd, attached;
};

struct masks {
	struct spare null, dir;
};

static void masks_free(struct masks *m)
{
	close_keep_errno(m->null.fd);
	close_keep_errno(m->null.attached);
	close_keep_errno(m->dir.fd);
	close_keep_errno(m->dir.attached);
}

/* True when a new one has to be made. */
static bool spare_is_missing(struct spare *s)
{
	if (s->fd < 0 && s->attached >= 0)
		s->fd = mount_clone(s->attached, "", 0);
	return s->fd < 0;
}

static void spare_used(struct spare *s)
{
	if (s->attached < 0)
		s->attached = steal_fd(&s->fd);
	else
		close(steal_fd(&s->fd));
}

/* Returns 1 when it is a directory. */
static int mask_file(struct masks *m, const struct place *p, const char *name,
		     int target, struct err *err)
{
	int rc;

	if (spare_is_missing(&m->null))
		m->null.fd = mount_clone_null(err);
	if (m->null.fd < 0)
		return m->null.fd;
	rc = p ? mount_attach_at(m->null.fd, p->fd, name)
	       : mount_attach(m->null.fd, target);
	if (rc == 0)
		spare_used(&m->null);
	/* The kernel's answer to a file on a directory. */
	if (rc == -ENOTDIR || rc == -EINVAL || rc == -EISDIR)
		return 1;
	if (rc < 0 && rc != -ENOENT)
		return err_set(err, rc, "attach the null device");
	return 0;
}

static int mask_dir(struct rootfs *r, struct masks *m, const struct place *p,
		    const char *name, int target, struct err *err)
{
	int rc;

	if (spare_is_missing(&m->dir))
		m->dir.fd = mount_new_empty(r->plan->label_key,
					    r->plan->spec->linux.mount_label,
					    err);
	if (m->dir.fd < 0)
		return m->dir.fd;
	rc = p ? mount_attach_at(m->dir.fd, p->fd, name)
	       : mount_attach(m->dir.fd, target);
	if (rc < 0)
		return err_set(err, rc, "attach an empty directory");
	spare_used(&m->dir);
	return 0;
}

static int mask(struct rootfs *r, struct masks *m, const char *path,
		struct err *err)
{
	_cleanup_free_ char *clean = path_clean(path);
	_cleanup_close_ int target = -1;
	const char *name;
	struct place *p = kernel_place(r, clean, &name);
	int rc;

	if (!p) {
		target = path_open_in_root(r->root, clean, O_PATH);
		if (is_absent(target))
			return 0;
		if (target < 0)
			return err_set(err, target, "open it");
	}
	rc = mask_file(m, p, name, target, err);
	if (rc == 1)
		rc = mask_dir(r, m, p, name, target, err);
	if (rc == 0)
		rootfs_cover(r, clean);
	return rc;
}

int rootfs_protect_paths(struct rootfs *r, struct err *err)
{
	_cleanup_(masks_free) struct masks m = {{-1, -1}, {-1, -1}};
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
			return err_wrap(err, "linux.maskedPaths: mask %s of "
					     "the container", *path);
	}
	return 0;
}
