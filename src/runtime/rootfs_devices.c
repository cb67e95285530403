/* /dev: the nodes and symlinks that every container has (config-linux.md,
 * "Default Devices"), linux.devices, and the console. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/devices.h"
#include "host/mount.h"
#include "host/path.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

/* With the host's /dev bound there is nothing to make, and nothing of ours
 * to be left in it. */
static bool dev_is_bound(const struct oci_spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct oci_mount *m = &spec->mounts[i];
		_cleanup_free_ char *clean = path_clean(m->destination);

		if (str_eq(clean, "dev") && rootfs_is_bind(m))
			return true;
	}
	return false;
}

/* The container's directory `path`; *owned is what has to be closed. */
static int open_dir(struct rootfs *r, const char *path, int *owned)
{
	struct place *p = rootfs_find_place(r, path);

	if (p)
		return p->fd;
	*owned = path_mkdir_p_in_root(r->root, path, 0755);
	return *owned;
}

/* ------------------------------------------------------------- devices -- */

static int make_device(struct rootfs *r, int dir, const char *name,
		       const struct device *dev, struct err *err)
{
	int rc;

	if (r->plan->in_userns && dev->type != S_IFIFO)
		return device_bind_at(dir, name, dev, err);
	rc = device_make_at(dir, name, dev);
	if (rc == -EPERM && dev->type != S_IFIFO)
		return device_bind_at(dir, name, dev, err);
	/* An image has something else there: the host's node covers it, and
	 * the image stays as it is. */
	if (rc == -EEXIST && dev->type != S_IFIFO &&
	    device_bind_at(dir, name, dev, err) == 0)
		return 0;
	if (rc == -EEXIST)
		return err_say(err, rc,
			       "%s of the container is there already, and is "
			       "not that device",
			       dev->path);
	if (rc < 0)
		return err_set(err, rc, "make %s of the container", dev->path);
	return 0;
}

static bool listed_in_spec(const struct oci_spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->linux.n_devices; i++)
		if (str_eq(spec->linux.devices[i].path, path))
			return true;
	return false;
}

static int make_defaults(struct rootfs *r, int dev, struct err *err)
{
	for (unsigned int i = 0; i < device_n_defaults; i++) {
		const struct device *d = &device_defaults[i];
		int rc;

		if (listed_in_spec(r->plan->spec, d->path))
			continue;
		rc = make_device(r, dev, strrchr(d->path, '/') + 1, d, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int make_listed(struct rootfs *r, const struct oci_device *listed,
		       struct err *err)
{
	struct device dev = {
		.path = listed->path,
		.type = listed->type,
		.major = (unsigned int)listed->major,
		.minor = (unsigned int)listed->minor,
		.mode = listed->file_mode.set
				? (mode_t)listed->file_mode.v & 07777
				: 0666,
		.uid = (uid_t)listed->uid.v,
		.gid = (gid_t)listed->gid.v,
	};
	_cleanup_free_ char *clean = path_clean(listed->path);
	_cleanup_close_ int owned = -1;
	char buf[NAME_MAX + 1];
	const char *name;
	struct place *parent = rootfs_parent_place(r, clean, &name);

	if (parent)
		return make_device(r, parent->fd, name, &dev, err);
	owned = path_open_parent_in_root(r->root, clean, true, buf);
	if (owned < 0)
		return err_set(err, owned, "parent of %s of the container",
			       listed->path);
	return make_device(r, owned, buf, &dev, err);
}

/* ------------------------------------------------------------ symlinks -- */

static int make_symlinks(int dev, struct err *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
		{"core", "/proc/kcore"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 &&
		    errno != EEXIST)
			return err_set(err, -errno,
				       "make symlink /dev/%s of the container",
				       links[i].name);
	return 0;
}

/* The ptmx of the container's own devpts: one that an image brought would
 * open the host's. */
static int make_ptmx(int dev, struct err *err)
{
	_cleanup_free_ char *target = NULL;

	if (symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	if (errno == EEXIST && path_readlink_at(dev, "ptmx", &target) == 0 &&
	    str_eq(target, "pts/ptmx"))
		return 0;
	if (unlinkat(dev, "ptmx", 0) == 0 &&
	    symlinkat("pts/ptmx", dev, "ptmx") == 0)
		return 0;
	return err_set(err, -errno, "make symlink /dev/ptmx of the container");
}

int rootfs_make_devices(struct rootfs *r, struct err *err)
{
	const struct oci_spec *spec = r->plan->spec;
	_cleanup_close_ int owned = -1;
	int dev, rc;

	if (dev_is_bound(spec))
		return 0;
	dev = open_dir(r, "dev", &owned);
	if (dev < 0)
		return err_set(err, dev, "directory /dev of the container");
	rc = make_defaults(r, dev, err);
	for (size_t i = 0; i < spec->linux.n_devices && rc == 0; i++) {
		rc = make_listed(r, &spec->linux.devices[i], err);
		if (rc < 0)
			return err_wrap(err, "linux.devices[%zu]", i);
	}
	if (rc == 0)
		rc = make_symlinks(dev, err);
	return rc < 0 ? rc : make_ptmx(dev, err);
}

int rootfs_console(struct rootfs *r, int pty, struct err *err)
{
	_cleanup_close_ int owned = -1, mnt = -1;
	struct stat st;
	int dev, rc;

	if (fstat(pty, &st) < 0)
		return err_set(err, -errno, "stat the terminal");
	if (!S_ISCHR(st.st_mode))
		return err_say(err, -ENOTTY, "the console is not a terminal");
	dev = open_dir(r, "dev", &owned);
	if (dev < 0)
		return err_set(err, dev, "directory /dev of the container");
	if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return err_set(err, -errno,
			       "make /dev/console of the container");
	mnt = mount_clone(pty, "", 0);
	if (mnt < 0)
		return err_set(err, mnt, "copy the mount of the terminal");
	rc = mount_attach_at(mnt, dev, "console");
	if (rc < 0)
		return err_set(err, rc,
			       "attach the terminal to /dev/console of the "
			       "container");
	return 0;
}
