#include "host/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A pid would not do: a process in another pid namespace may have it. */
static int make_name(struct draft *d)
{
	unsigned long long random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	snprintf(d->name, sizeof(d->name), ".%016llx", random);
	return 0;
}

int draft_open(int dir, const char *path, mode_t mode, struct draft *ret)
{
	int rc;

	*ret = (struct draft){.fd = -1};
	ret->dir = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir < 0)
		return -errno;
	ret->fd = openat(ret->dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode);
	if (ret->fd >= 0)
		return 0;
	rc = -errno;
	if (rc == -EOPNOTSUPP || rc == -EISDIR) {
		rc = make_name(ret);
		if (rc == 0)
			ret->fd = openat(ret->dir, ret->name,
					 O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
					 mode);
		if (rc == 0 && ret->fd < 0)
			rc = -errno;
	}
	if (rc < 0) {
		ret->name[0] = '\0';
		draft_close(ret);
	}
	return rc;
}

/* By way of /proc.  Not onto a name that is taken, so under another first. */
static int link_draft(struct draft *d)
{
	char self[32];
	int rc = make_name(d);

	if (rc < 0)
		return rc;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", d->fd);
	if (linkat(AT_FDCWD, self, d->dir, d->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	rc = -errno;
	d->name[0] = '\0';
	return rc;
}

int draft_keep(struct draft *d, const char *name)
{
	int rc = *d->name ? 0 : link_draft(d);

	if (rc == 0 && renameat(d->dir, d->name, d->dir, name) < 0)
		rc = -errno;
	if (rc == 0)
		d->name[0] = '\0';
	return rc;
}

void draft_close(struct draft *d)
{
	if (*d->name)
		unlinkat(d->dir, d->name, 0);
	d->name[0] = '\0';
	close_keep_errno(d->fd);
	close_keep_errno(d->dir);
	d->fd = d->dir = -1;
}
