#include "host/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/path.h"

enum {
	MAX_DEPTH = 256, /* one descriptor pair and stack frame each */
	CHUNK = 1 << 20,
};

struct copy {
	dev_t dev; /* stay on this filesystem */
	struct err *err;
};

static int copy_dir(struct copy *c, int from, int to, int depth);

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, CHUNK);
	while (n > 0);
	return n < 0 ? -errno : 0;
}

/* What the target's filesystem does not take is left out, as cp -a does. */
static int copy_xattrs(int from, int to)
{
	_cleanup_free_ char *names = NULL;
	ssize_t len = flistxattr(from, NULL, 0);

	if (len <= 0)
		return 0;
	names = xmalloc((size_t)len);
	len = flistxattr(from, names, (size_t)len);
	for (char *name = names; len > 0 && name < names + len;
	     name += strlen(name) + 1) {
		_cleanup_free_ char *value = NULL;
		ssize_t n = fgetxattr(from, name, NULL, 0);

		if (n < 0)
			continue;
		value = xmalloc((size_t)n + 1);
		n = fgetxattr(from, name, value, (size_t)n);
		if (n >= 0 && fsetxattr(to, name, value, (size_t)n, 0) < 0 &&
		    errno != EOPNOTSUPP && errno != EPERM)
			return -errno;
	}
	return 0;
}

/* Of an open file or directory; the owner first, it clears setuid bits. */
static int copy_metadata(int from, int to, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};
	int rc;

	if (fchown(to, st->st_uid, st->st_gid) < 0 ||
	    fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	rc = copy_xattrs(from, to);
	if (rc < 0)
		return rc;
	return futimens(to, times) < 0 ? -errno : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	_cleanup_close_ int from = -1, to = -1;
	struct stat st;
	int rc;

	from = openat(from_dir, name,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EAGAIN; /* swapped meanwhile */
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (to < 0)
		return -errno;
	rc = copy_bytes(from, to);
	return rc < 0 ? rc : copy_metadata(from, to, &st);
}

static int copy_symlink(int from_dir, int to_dir, const char *name)
{
	_cleanup_free_ char *target = NULL;
	int rc = path_readlink_at(from_dir, name, &target);

	if (rc < 0)
		return rc;
	return symlinkat(target, to_dir, name) < 0 ? -errno : 0;
}

static int copy_subdir(struct copy *c, int from_dir, int to_dir,
		       const char *name, int depth)
{
	_cleanup_close_ int from = -1, to = -1;
	struct stat st;

	from = openat(from_dir, name,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (mkdirat(to_dir, name, 0700) < 0)
		return -errno;
	to = openat(to_dir, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -errno;
	if (st.st_dev != c->dev)
		return copy_metadata(from, to, &st);
	return copy_dir(c, from, to, depth + 1);
}

static int copy_entry(struct copy *c, int from, int to, const char *name,
		      int depth)
{
	struct stat st;
	int rc;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdir(c, from, to, name, depth);
	case S_IFREG:
		return copy_file(from, to, name);
	case S_IFLNK:
		rc = copy_symlink(from, to, name);
		if (rc < 0)
			return rc;
		break;
	default:
		if (mknodat(to, name, st.st_mode, st.st_rdev) < 0)
			return -errno;
	}
	return fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0
		       ? -errno
		       : 0;
}

static int copy_entries(struct copy *c, DIR *dir, int to, int depth)
{
	struct dirent *e;

	while ((errno = 0, e = readdir(dir))) {
		int rc;

		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		rc = copy_entry(c, dirfd(dir), to, e->d_name, depth);
		/* The innermost name is the one to tell. */
		if (rc < 0)
			return c->err && c->err->code
				       ? rc
				       : err_set(c->err, rc, "copy \"%s\"",
						 e->d_name);
	}
	return -errno;
}

static int copy_dir(struct copy *c, int from, int to, int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct stat st;
	int fd, rc;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	if (fstat(from, &st) < 0)
		return -errno;
	fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close_keep_errno(fd);
		return -errno;
	}
	rc = copy_entries(c, dir, to, depth);
	return rc < 0 ? rc : copy_metadata(from, to, &st);
}

int copy_tree(int from, int to, struct err *err)
{
	struct copy c = {.err = err};
	struct stat st;
	int rc;

	if (fstat(from, &st) < 0)
		return err_set(err, -errno, "copy");
	if (err)
		*err = (struct err){0};
	c.dev = st.st_dev;
	rc = copy_dir(&c, from, to, 0);
	if (rc < 0 && err && !err->code)
		return err_set(err, rc, "copy");
	return rc;
}
