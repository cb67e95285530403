#include "bench/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define CGROUPS "/sys/fs/cgroup"

/* An entry of the old folder, on its way to the new one. */
struct entry {
	char *name, *target; /* target: of a symlink */
	int tree;            /* a detached copy of the mount, or -1 */
};

static int take_entry(int dir, const struct dirent *d, struct entry *e)
{
	char target[256];
	ssize_t n;

	*e = (struct entry){.name = xstrdup(d->d_name), .tree = -1};
	n = readlinkat(dir, d->d_name, target, sizeof(target));
	if (n > 0) {
		e->target = xstrndup(target, (size_t)n);
		return 0;
	}
	e->tree = (int)syscall(SYS_open_tree, dir, d->d_name,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				       AT_RECURSIVE);
	return e->tree < 0 ? -errno : 0;
}

static int put_entry(const struct entry *e)
{
	_cleanup_free_ char *path = xasprintf(CGROUPS "/%s", e->name);

	if (e->target)
		return symlink(e->target, path) < 0 ? -errno : 0;
	if (mkdir(path, 0755) < 0 ||
	    syscall(SYS_move_mount, e->tree, "", AT_FDCWD, path,
		    MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	close(e->tree);
	return 0;
}

/* A tmpfs of our own.  Unmounting alone would show the folder below, which is
 * the host's, and crun leaves files in it. */
static int replace(struct err *err)
{
	_cleanup_closedir_ DIR *d = opendir(CGROUPS);
	struct entry entries[32];
	size_t n = 0;
	struct dirent *e;
	int rc = 0;

	while (d && rc == 0 && n < ARRAY_SIZE(entries) && (e = readdir(d)))
		if (e->d_name[0] != '.' && !str_eq(e->d_name, "unified"))
			rc = take_entry(dirfd(d), e, &entries[n++]);
	if (rc == 0 && mount("cgroups", CGROUPS, "tmpfs",
			     MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755") < 0)
		rc = -errno;
	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			rc = put_entry(&entries[i]);
		free(entries[i].name);
		free(entries[i].target);
	}
	return rc < 0 ? err_set(err, rc, "a view of " CGROUPS) : 0;
}

int mounts_begin(struct err *err)
{
	if (geteuid() != 0 || access(CGROUPS "/unified", F_OK) < 0)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(err, -errno, "a mount namespace");
	return replace(err);
}
