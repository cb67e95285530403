/* Where in the container a mount goes. */
#include "runtime/rootfs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/path.h"

/* --------------------------------------------------------------- places -- */

struct place *rootfs_add_place(struct rootfs *r, const char *path, int fd,
			       enum place_kind kind)
{
	struct place *p;

	r->places = xrealloc(r->places, r->n_places + 1, sizeof(*p));
	p = &r->places[r->n_places++];
	*p = (struct place){.path = xstrdup(path), .fd = fd, .kind = kind};
	return p;
}

struct place *rootfs_find_place(const struct rootfs *r, const char *path)
{
	for (size_t i = r->n_places; i-- > 0;)
		if (!r->places[i].stale && str_eq(r->places[i].path, path))
			return &r->places[i];
	return NULL;
}

struct place *rootfs_parent_place(const struct rootfs *r, const char *path,
				  const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	for (size_t i = r->n_places; i-- > 0;) {
		struct place *p = &r->places[i];

		if (!p->stale && strlen(p->path) == len &&
		    memcmp(p->path, path, len) == 0)
			return p;
	}
	return NULL;
}

void rootfs_cover(struct rootfs *r, const char *path)
{
	for (size_t i = 0; i < r->n_places; i++)
		if (path_below(r->places[i].path, path))
			r->places[i].stale = true;
}

/* A mount went through a symlink, so we don't know what it covers. */
static void forget_places(struct rootfs *r)
{
	for (size_t i = 0; i < r->n_places; i++)
		if (*r->places[i].path)
			r->places[i].stale = true;
}

/* ---------------------------------------------------------------- proc -- */

int rootfs_check_proc(const char *clean, bool is_proc, struct err *err)
{
	static const char *const allowed[] = {
		"cpuinfo",
		"diskstats",
		"loadavg",
		"meminfo",
		"net/dev",
		"slabinfo",
		"stat",
		"swaps",
		"sys/crypto/fips_enabled",
		"sys/kernel/ns_last_pid",
		"uptime",
	};
	const char *below = path_below(clean, "proc");

	if (!below || (!*below && is_proc))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (str_eq(below, allowed[i]))
			return 0;
	return err_say(err, -EPERM,
		       *below ? "only a few files below the container's /proc "
				"can be mounted over"
			      : "the container's /proc can only be a procfs");
}

static int check_not_proc(int fd, struct err *err)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return err_set(err, -errno, "statfs in the container");
	if (fs.f_type == PROC_SUPER_MAGIC)
		return err_say(err, -EPERM,
			       "a symlink of the container leads into a "
			       "procfs");
	return 0;
}

/* ---------------------------------------------------------- the target -- */

static int make_target(int root, const struct target *t)
{
	int fd = t->is_dir ? path_mkdir_p_in_root(root, t->path, 0755)
			   : path_make_file_in_root(root, t->path, 0644);

	if (fd < 0 || !t->nolink)
		return fd;
	close(fd);
	return path_open_in_root_nolink(root, t->path, O_PATH);
}

int rootfs_open_target(struct rootfs *r, const struct target *t,
		       struct err *err)
{
	_cleanup_close_ int fd = -1;
	int rc;

	fd = path_open_in_root_nolink(r->root, t->path, O_PATH);
	if (fd == -ELOOP && !t->nolink) {
		/* The path as written is not where we end. */
		forget_places(r);
		fd = path_open_in_root(r->root, t->path, O_PATH);
		rc = fd < 0 ? 0 : check_not_proc(fd, err);
		if (rc < 0)
			return rc;
	}
	/* No symlink up to the component that is missing, or a symlink to
	 * what is missing. */
	if (fd == -ENOENT)
		fd = make_target(r->root, t);
	if (fd == -ELOOP && t->nolink)
		return err_say(err, -ELOOP,
			       "/%s of the container is, or is behind, a "
			       "symlink",
			       t->path);
	if (fd < 0)
		return err_set(err, fd, "%s /%s of the container",
			       t->is_dir ? "directory" : "file", t->path);
	return steal_fd(&fd);
}

/* By one name in a directory that we know.  -ENOENT and others say that it
 * has to go the long way. */
static int attach_in_place(struct rootfs *r, int mnt, const struct target *t)
{
	const char *name;
	struct place *parent = rootfs_parent_place(r, t->path, &name);
	int rc;

	/* A file would cover the symlink, where its target is meant. */
	if (!parent || (!t->is_dir && !t->nofollow))
		return -ENOENT;
	if (parent->kind == PLACE_TMPFS && t->is_dir)
		mkdirat(parent->fd, name, 0755);
	rc = mount_attach_at(mnt, parent->fd, name);
	if (rc != -ENOENT || parent->kind == PLACE_TMPFS)
		return rc;
	rc = t->is_dir ? mkdirat(parent->fd, name, 0755)
		       : mknodat(parent->fd, name, S_IFREG | 0644, 0);
	return rc < 0 ? -errno : mount_attach_at(mnt, parent->fd, name);
}

static int attach_nofollow(struct rootfs *r, int mnt, const struct target *t)
{
	char name[NAME_MAX + 1];
	_cleanup_close_ int dir = -1;
	int rc;

	dir = path_open_parent_in_root(r->root, t->path, true, name);
	if (dir < 0)
		return dir;
	rc = mount_attach_at(mnt, dir, name);
	if (rc != -ENOENT)
		return rc;
	rc = t->is_dir ? mkdirat(dir, name, 0755)
		       : mknodat(dir, name, S_IFREG | 0644, 0);
	return rc < 0 ? -errno : mount_attach_at(mnt, dir, name);
}

static bool is_other_kind(int fd, const struct target *t)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !!S_ISDIR(st.st_mode) != t->is_dir;
}

int rootfs_attach(struct rootfs *r, int mnt, const struct target *t,
		  struct err *err)
{
	_cleanup_close_ int fd = -1;
	int rc = attach_in_place(r, mnt, t);

	if (rc < 0 && t->nofollow) {
		rc = attach_nofollow(r, mnt, t);
	} else if (rc < 0) {
		fd = rootfs_open_target(r, t, err);
		if (fd < 0)
			return fd;
		rc = mount_attach(mnt, fd);
	}
	if (rc < 0 && fd >= 0 && is_other_kind(fd, t))
		return err_say(err, -ENOTDIR,
			       /* Docker looks for these three words. */
			       t->is_dir ? "not a directory: /%s of the "
					   "container, but the source is one"
					 : "not a directory: the source, but "
					   "/%s of the container is one",
			       t->path);
	if (rc < 0)
		return err_set(err, rc, "attach to /%s of the container",
			       t->path);
	rootfs_cover(r, t->path);
	return 0;
}
