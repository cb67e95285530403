#include "host/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/mount.h"

#define CHAR(path, major, minor) {path, S_IFCHR, major, minor, 0666, 0, 0}

const struct device device_defaults[] = {
	CHAR("/dev/null", 1, 3),    CHAR("/dev/zero", 1, 5),
	CHAR("/dev/full", 1, 7),    CHAR("/dev/random", 1, 8),
	CHAR("/dev/urandom", 1, 9), CHAR("/dev/tty", 5, 0),
};
const unsigned int device_n_defaults = ARRAY_SIZE(device_defaults);

static dev_t rdev_of(const struct device *dev)
{
	return dev->type == S_IFIFO ? 0 : makedev(dev->major, dev->minor);
}

/* 0 when `fd` is such a node. */
static int verify(int fd, const struct device *dev, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return -errno;
	if ((st->st_mode & S_IFMT) != dev->type ||
	    (dev->type != S_IFIFO && st->st_rdev != rdev_of(dev)))
		return -EEXIST;
	return 0;
}

int device_make_at(int dir, const char *name, const struct device *dev)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	bool made;
	int rc;

	made = mknodat(dir, name, dev->type | dev->mode, rdev_of(dev)) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	if (made && dev->uid == 0 && dev->gid == 0)
		return 0;
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = verify(fd, dev, &st);
	if (rc < 0 || !made)
		return rc;
	/* Ours alone: with another name it would be someone else's too. */
	if (st.st_nlink != 1)
		return -EEXIST;
	if (fchownat(fd, "", dev->uid, dev->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

int device_bind_at(int dir, const char *name, const struct device *dev,
		   struct err *err)
{
	_cleanup_close_ int mnt = -1;
	int rc;

	mnt = mount_clone_device(dev->path, dev->type, rdev_of(dev), err);
	if (mnt < 0)
		return mnt;
	rc = mount_attach_at(mnt, dir, name);
	if (rc == -ENOENT) {
		if (mknodat(dir, name, S_IFREG | 0666, 0) < 0)
			return err_set(err, -errno, "make %s of the container",
				       dev->path);
		rc = mount_attach_at(mnt, dir, name);
	}
	if (rc < 0)
		return err_set(err, rc,
			       "bind %s of the host into the container",
			       dev->path);
	return 0;
}
