/* How a directory becomes "/". */
#include "host/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

int mount_propagate_all(unsigned long flags, struct err *err)
{
	if (mount(NULL, "/", NULL, flags, NULL) < 0)
		return err_set(err, -errno,
			       "change the propagation of the mounts");
	return 0;
}

int mount_make_parent_private(const char *path, struct err *err)
{
	_cleanup_close_ int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_set(err, -errno, "open %s of the host", path);
	/* Only the root of a mount can be changed; EINVAL is the kernel's way
	 * to say that `dir` is not one.  "/" is, except in a chroot. */
	for (int depth = 0; depth < PATH_MAX / 2; depth++) {
		int rc = mount_set_propagation(dir, MS_PRIVATE), up;

		if (rc == 0)
			return 0;
		if (rc != -EINVAL)
			return err_set(err, rc, "make the mount of %s private",
				       path);
		up = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return err_set(err, -errno, "open the parent of %s",
				       path);
		close(dir);
		dir = up;
	}
	return err_say(err, -EINVAL, "no mount above %s can be made private",
		       path);
}

int mount_pivot_root(int root, struct err *err)
{
	if (fchdir(root) < 0)
		return err_set(err, -errno, "enter the container's root");
	/* Both names are the same directory: the old root is then stacked on
	 * top of the new one, no directory has to be made for it, and the
	 * first umount of "." takes it away. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(err, -errno,
			       "pivot_root (where / is an initramfs, use "
			       "--no-pivot)");
	if (umount2(".", MNT_DETACH) < 0)
		return err_set(err, -errno, "unmount the host's root");
	if (chdir("/") < 0)
		return err_set(err, -errno, "enter the container's root");
	return 0;
}

/* ------------------------------------------------------------ no pivot -- */

struct entry {
	unsigned int id, parent;
	char *path;   /* as mountinfo escapes it */
	bool reveals; /* a procfs or sysfs */
};

struct table {
	struct entry *entries;
	size_t n;
};

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->entries[i].path);
	free(t->entries);
}

/* man 5 proc: \040 for a space, \011, \012, \134. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw */
static bool parse_line(const char *line, struct entry *e)
{
	const char *type = strstr(line, " - ");
	char *path;

	if (!type ||
	    sscanf(line, "%u %u %*s %*s %ms", &e->id, &e->parent, &path) != 3)
		return false;
	e->path = path;
	unescape(e->path);
	e->reveals =
		str_after(type + 3, "proc ") || str_after(type + 3, "sysfs ");
	return true;
}

static int read_table(struct table *t)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;

	if (!f)
		return -errno;
	while (getline(&line, &cap, f) > 0) {
		struct entry e;

		if (!parse_line(line, &e))
			continue;
		t->entries = xrealloc(t->entries, t->n + 1, sizeof(e));
		t->entries[t->n++] = e;
	}
	return 0;
}

/* Is the mount `e` the mount `root`, or attached somewhere below it? */
static bool is_inside(const struct table *t, const struct entry *e,
		      unsigned int root)
{
	for (size_t steps = 0; steps <= t->n; steps++) {
		const struct entry *up = NULL;

		if (e->id == root)
			return true;
		for (size_t i = 0; i < t->n && !up; i++)
			if (t->entries[i].id == e->parent)
				up = &t->entries[i];
		if (!up || up == e)
			return false;
		e = up;
	}
	return false;
}

/* A process that breaks out of the chroot must not find a procfs or sysfs
 * without our masks.  One that is locked (it came from a more privileged user
 * namespace) is covered instead. */
static int hide_old_mount(const char *path, struct err *err)
{
	if (umount2(path, MNT_DETACH) == 0 || errno == ENOENT)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_set(err, -errno, "unmount %s of the host", path);
	if (mount("tmpfs", path, "tmpfs", MS_RDONLY, "nr_inodes=1") < 0)
		return err_set(err, -errno, "cover %s of the host", path);
	return 0;
}

int mount_move_root(int root, struct err *err)
{
	_cleanup_(table_free) struct table t = {0};
	struct statx stx;
	int rc;

	if (statx(root, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return err_set(err, -errno, "look up the container's mount");
	rc = read_table(&t);
	if (rc < 0)
		return err_set(err, rc, "read /proc/self/mountinfo");
	/* Innermost first, so that /proc itself can go last. */
	for (size_t i = t.n; i-- > 0;) {
		struct entry *e = &t.entries[i];

		if (!e->reveals ||
		    is_inside(&t, e, (unsigned int)stx.stx_mnt_id))
			continue;
		rc = hide_old_mount(e->path, err);
		if (rc < 0)
			return rc;
	}
	if (fchdir(root) < 0)
		return err_set(err, -errno, "enter the container's root");
	if (move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(err, -errno, "move the container's root to /");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_set(err, -errno, "chroot");
	return 0;
}
