/* The mounts of config.json, in its order. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/copy.h"
#include "host/mount.h"
#include "host/path.h"
#include "host/procfs.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

/* One entry of mounts, in work. */
struct job {
	const struct oci_mount *m;
	struct mount_opts o;
	struct target target;
	char *clean;
	int source; /* opened by the parent, or -1 */
};

static void job_free(struct job *j)
{
	mount_opts_free(&j->o);
	free(j->clean);
}

static bool type_is(const struct job *j, const char *type)
{
	return j->m->type && str_eq(j->m->type, type);
}

/* ----------------------------------------------------------------- bind -- */

static int open_source(struct rootfs *r, const struct job *j, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	unsigned int flags = 0;
	int mnt;

	if (j->source >= 0) {
		mnt = fcntl(j->source, F_DUPFD_CLOEXEC, 0);
		return mnt < 0 ? err_set(err, -errno, "dup") : mnt;
	}
	if (str_empty(j->m->source))
		return err_say(err, -EINVAL, "a bind mount needs a source");
	/* The parent would have opened it. */
	if (rootfs_is_idmapped(j->m))
		return err_say(err, -EPERM,
			       "an idmapped mount needs privileges over the "
			       "host");
	if (j->o.how & MOUNT_BIND_REC)
		flags |= CLONE_TREE_RECURSIVE;
	if (j->o.how & MOUNT_SRC_NOFOLLOW)
		flags |= CLONE_TREE_NOFOLLOW;
	path = rootfs_source_path(r->plan, j->m->source);
	mnt = mount_clone(AT_FDCWD, path, flags);
	if (mnt == -EINVAL)
		return err_set(err, mnt,
			       "copy the mount of %s of the host (with mounts "
			       "below it that are locked, rbind is needed; "
			       "unbindable ones cannot be copied)",
			       path);
	if (mnt < 0)
		return err_set(err, mnt, "open %s of the host", path);
	return mnt;
}

/* Attributes and propagation, while it is detached. */
static int change_mount(int mnt, const struct mount_opts *o, struct err *err)
{
	int rc = mount_set(mnt, o->rec_set, o->rec_clr, true);

	if (rc == 0)
		rc = mount_set(mnt, o->set, o->clr, false);
	if (rc == -EPERM)
		return err_say(err, rc,
			       "an option would lift a restriction that the "
			       "source has from a more privileged namespace");
	if (rc < 0)
		return err_set(err, rc, "set the attributes of the mount");
	for (unsigned int i = 0; i < o->n_propagation && rc == 0; i++)
		rc = mount_set_propagation(mnt, o->propagation[i]);
	if (rc < 0)
		return err_set(err, rc, "set the propagation of the mount");
	return 0;
}

static int make_symlink(struct rootfs *r, const struct job *j, int source,
			struct err *err)
{
	_cleanup_free_ char *target = NULL, *present = NULL;
	_cleanup_close_ int dir = -1;
	char name[NAME_MAX + 1];
	int rc;

	rc = path_readlink_at(source, "", &target);
	if (rc < 0)
		return err_set(err, rc, "read the symlink %s of the host",
			       j->m->source);
	dir = path_open_parent_in_root(r->root, j->clean, true, name);
	if (dir < 0)
		return err_set(err, dir, "parent of /%s of the container",
			       j->clean);
	if (symlinkat(target, dir, name) == 0)
		return 0;
	rc = -errno;
	if (rc == -EEXIST && path_readlink_at(dir, name, &present) == 0 &&
	    str_eq(present, target))
		return 0;
	return err_set(err, rc, "make symlink /%s of the container", j->clean);
}

static int mount_bind(struct rootfs *r, struct job *j, struct err *err)
{
	_cleanup_close_ int mnt = -1;
	struct stat st;
	int rc;

	if (j->o.n_data > 0)
		return err_say(err, -EINVAL,
			       "unknown option \"%s\" (a bind mount takes none "
			       "that are for a filesystem)",
			       j->o.data[0]);
	mnt = open_source(r, j, err);
	if (mnt < 0)
		return mnt;
	if (fstat(mnt, &st) < 0)
		return err_set(err, -errno, "stat %s of the host",
			       j->m->source);
	if (S_ISLNK(st.st_mode) && (j->o.how & MOUNT_COPY_SYMLINK))
		return make_symlink(r, j, mnt, err);
	rc = rootfs_check_proc(j->clean, procfs_check(mnt) == 0, err);
	if (rc == 0)
		rc = change_mount(mnt, &j->o, err);
	if (rc < 0)
		return rc;
	j->target.is_dir = S_ISDIR(st.st_mode);
	return rootfs_attach(r, mnt, &j->target, err);
}

/* --------------------------------------------------------- filesystems -- */

/* These belong to a namespace.  When the container has no such namespace of
 * its own but a user namespace, the kernel refuses, and the host's is what
 * would have been seen in the new one. */
static const char *host_instance(const struct job *j)
{
	if (type_is(j, "sysfs"))
		return "/sys";
	if (type_is(j, "mqueue"))
		return "/dev/mqueue";
	return NULL;
}

static int bind_host_instance(struct rootfs *r, struct job *j, struct err *err)
{
	const char *path = host_instance(j);
	_cleanup_close_ int mnt =
		mount_clone(AT_FDCWD, path, CLONE_TREE_RECURSIVE);
	int rc;

	if (mnt < 0)
		return err_set(err, mnt, "bind %s of the host", path);
	rc = mount_set(mnt, j->o.set | j->o.rec_set, 0, true);
	if (rc < 0)
		return err_set(err, rc, "set the attributes of the mount");
	return rootfs_attach(r, mnt, &j->target, err);
}

/* An image's /tmp is 1777 and its /run 0755; a tmpfs over it keeps that.
 * `mode` has room for "mode=7777". */
static void inherit_mode(struct rootfs *r, struct job *j, char *mode)
{
	_cleanup_close_ int dir = -1;
	struct stat st;

	for (size_t i = 0; i < j->o.n_data; i++)
		if (str_after(j->o.data[i], "mode="))
			return;
	dir = path_open_in_root(r->root, j->clean, O_PATH | O_DIRECTORY);
	if (dir < 0 || fstat(dir, &st) < 0)
		return;
	snprintf(mode, sizeof("mode=7777"), "mode=%04o",
		 (unsigned int)st.st_mode & 07777);
	j->o.data = xrealloc(j->o.data, j->o.n_data + 1, sizeof(*j->o.data));
	j->o.data[j->o.n_data++] = mode;
}

static int copy_up(struct rootfs *r, const struct job *j, int mnt,
		   struct err *err)
{
	_cleanup_close_ int from = -1, to = -1;
	struct stat st;
	int rc;

	from = path_open_in_root(r->root, j->clean, O_RDONLY | O_DIRECTORY);
	if (from == -ENOENT)
		return 0;
	if (from < 0)
		return err_set(err, from, "open /%s of the container",
			       j->clean);
	to = openat(mnt, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0 || fstat(to, &st) < 0)
		return err_set(err, -errno, "open the new tmpfs");
	rc = copy_tree(from, to, err);
	/* The options' mode= counts, not the one that was there. */
	if (rc == 0 && fchmod(to, st.st_mode & 07777) < 0)
		rc = err_set(err, -errno, "set the mode of the new tmpfs");
	return rc < 0 ? err_wrap(err, "tmpcopyup") : 0;
}

/* What the new calls cannot express goes through mount(2); its root is opened
 * afterwards for what is still to change. */
static int mount_classic(struct rootfs *r, struct job *j,
			 const struct mount_fs *fs, struct err *err)
{
	_cleanup_close_ int target = -1, mnt = -1;
	int rc;

	target = rootfs_open_target(r, &j->target, err);
	if (target < 0)
		return target;
	rc = mount_fs_classic(fs, target, err);
	if (rc < 0)
		return rc;
	rootfs_cover(r, j->clean);
	if (j->o.n_propagation == 0)
		return 0;
	mnt = path_open_in_root(r->root, j->clean, O_PATH);
	if (mnt < 0)
		return err_set(err, mnt, "open /%s of the container", j->clean);
	for (unsigned int i = 0; i < j->o.n_propagation && rc == 0; i++)
		rc = mount_set_propagation(mnt, j->o.propagation[i]);
	return rc < 0 ? err_set(err, rc, "set the propagation of the mount")
		      : 0;
}

static struct mount_fs describe(struct rootfs *r, const struct job *j)
{
	struct mount_fs fs = {
		.type = j->m->type,
		.source = j->m->source,
		.data = j->o.data,
		.n_data = j->o.n_data,
		.label_key = r->plan->label_key,
		.label = r->plan->spec->linux.mount_label,
		.attrs = j->o.set | j->o.rec_set,
		.super = j->o.super,
	};

	/* Their labels are the policy's, file by file. */
	if (type_is(j, "proc") || type_is(j, "sysfs") || type_is(j, "mqueue"))
		fs.label = NULL;
	return fs;
}

static int mount_new(struct rootfs *r, struct job *j, struct err *err)
{
	bool tmpfs = type_is(j, "tmpfs"), proc = type_is(j, "proc");
	bool kernel = proc || type_is(j, "sysfs");
	_cleanup_close_ int mnt = -1;
	char mode[sizeof("mode=7777")];
	struct mount_fs fs;
	struct place *place;
	int rc = rootfs_check_proc(j->clean, proc, err);

	if (rc < 0)
		return rc;
	j->target.nolink = kernel;
	if (tmpfs)
		inherit_mode(r, j, mode);
	fs = describe(r, j);
	/* Mounts inside, devices and tmpcopyup come first. */
	if (tmpfs)
		fs.attrs &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	if (mount_fs_needs_classic(&fs))
		return mount_classic(r, j, &fs, err);
	mnt = mount_fs_new(&fs, err);
	if (mnt == -EPERM && r->plan->in_userns && host_instance(j))
		return bind_host_instance(r, j, err);
	if (mnt < 0)
		return mnt;
	if (tmpfs && (j->o.how & MOUNT_TMPCOPYUP)) {
		rc = copy_up(r, j, mnt, err);
		if (rc < 0)
			return rc;
	}
	for (unsigned int i = 0; i < j->o.n_propagation; i++) {
		rc = mount_set_propagation(mnt, j->o.propagation[i]);
		if (rc < 0)
			return err_set(err, rc, "set the propagation");
	}
	rc = rootfs_attach(r, mnt, &j->target, err);
	if (rc < 0)
		return rc;
	place = rootfs_add_place(r, j->clean, steal_fd(&mnt),
				 tmpfs    ? PLACE_TMPFS
				 : kernel ? PLACE_KERNEL
					  : PLACE_OTHER);
	place->is_proc = proc;
	place->late_ro =
		tmpfs && ((j->o.set | j->o.rec_set) & MOUNT_ATTR_RDONLY);
	return 0;
}

static int remount(struct rootfs *r, struct job *j, struct err *err)
{
	struct mount_fs fs = describe(r, j);
	_cleanup_close_ int fd = -1;
	int rc;

	j->target.is_dir = true;
	fd = rootfs_open_target(r, &j->target, err);
	if (fd < 0)
		return fd;
	if (!(j->o.how & MOUNT_BIND) && (j->o.n_data || j->o.super)) {
		rc = mount_fs_reconfigure(&fs, fd, err);
		if (rc < 0)
			return rc;
	}
	return change_mount(fd, &j->o, err);
}

/* ---------------------------------------------------------- the mounts -- */

static int mount_job(struct rootfs *r, struct job *j, struct err *err)
{
	int rc;

	if (!*j->clean)
		return err_say(err, -EINVAL,
			       "a mount cannot replace the container's root");
	if (rootfs_is_bind(j->m))
		j->o.how |= MOUNT_BIND;
	if (type_is(j, "rbind"))
		j->o.how |= MOUNT_BIND_REC;
	j->target = (struct target){
		.path = j->clean,
		.is_dir = true,
		.nofollow = j->o.how & MOUNT_DEST_NOFOLLOW,
	};
	if (j->o.how & MOUNT_REMOUNT)
		return remount(r, j, err);
	if (j->o.how & MOUNT_BIND)
		return mount_bind(r, j, err);
	if (str_empty(j->m->type))
		return err_say(err, -EINVAL, "neither a type nor bind");
	if (type_is(j, "cgroup")) {
		rc = rootfs_check_proc(j->clean, false, err);
		return rc < 0 ? rc
			      : rootfs_mount_cgroup(r, j->clean,
						    j->o.set | j->o.rec_set,
						    err);
	}
	return mount_new(r, j, err);
}

static int mount_one(struct rootfs *r, size_t i, struct err *err)
{
	const struct rootfs_sources *sources = r->plan->sources;
	_cleanup_(job_free) struct job j = {
		.m = &r->plan->spec->mounts[i],
		.source = -1,
	};
	int rc;

	if (sources && i + 1 < sources->n)
		j.source = sources->fd[i + 1];
	rc = mount_opts_parse(j.m->options, &j.o, err);
	if (rc < 0)
		return rc;
	j.clean = path_clean(j.m->destination);
	return mount_job(r, &j, err);
}

int rootfs_mount(struct rootfs *r, struct err *err)
{
	/* The modes we give are the ones we mean. */
	mode_t mask = umask(0);
	int rc = 0;

	for (size_t i = 0; i < r->plan->spec->n_mounts && rc == 0; i++) {
		rc = mount_one(r, i, err);
		if (rc < 0)
			err_wrap(err, "mounts[%zu] %s", i,
				 r->plan->spec->mounts[i].destination);
	}
	if (rc == 0)
		rc = rootfs_make_devices(r, err);
	umask(mask);
	return rc;
}
