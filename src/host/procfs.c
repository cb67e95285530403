#include "host/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/path.h"

enum {
	PROC_ROOT_INO = 1, /* include/linux/proc_ns.h */
	MAX_FILE = 1 << 20,
};

int procfs_check(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INO)
		return -EXDEV;
	return 0;
}

int procfs_new(struct err *err)
{
	static const struct mount_fs fs = {
		.type = "proc",
		.attrs = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			 MOUNT_ATTR_NOEXEC,
	};
	_cleanup_close_ int fd = -1;
	int rc;

	rc = mount_fs_new(&fs, err);
	if (rc != -EPERM)
		return rc;
	/* A user namespace that sees no /proc without covered parts may not
	 * have a new one.  What covers the parts of the copy cannot deceive:
	 * procfs_open() does not cross into it. */
	fd = mount_clone(AT_FDCWD, "/proc",
			 CLONE_TREE_RECURSIVE | CLONE_TREE_NOFOLLOW);
	/* Without any privilege the one that is there has to do. */
	if (fd < 0)
		fd = open("/proc",
			  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open /proc");
	rc = procfs_check(fd);
	if (rc < 0)
		return err_say(err, rc, "/proc is not a procfs");
	return steal_fd(&fd);
}

/* "self" and "thread-self" are symlinks that procfs makes up per reader; we
 * follow no symlink, so they are resolved here, and checked to be what only
 * procfs writes. */
static char *resolve_self(int procfs, const char *path)
{
	static const char *const links[] = {"self", "thread-self"};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		_cleanup_free_ char *target = NULL;
		const char *rest = str_after(path, links[i]);

		if (!rest || (*rest && *rest != '/'))
			continue;
		if (path_readlink_at(procfs, links[i], &target) < 0)
			return NULL;
		return xasprintf("%s%s", target, rest);
	}
	return xstrdup(path);
}

int procfs_open(int procfs, const char *path, int flags)
{
	_cleanup_free_ char *resolved = NULL;

	while (*path == '/')
		path++;
	resolved = resolve_self(procfs, path);
	if (!resolved)
		return -errno;
	return path_open_beneath(procfs, resolved, flags);
}

int procfs_write(int procfs, const char *path, const char *text,
		 struct err *err)
{
	_cleanup_close_ int fd = procfs_open(procfs, path, O_WRONLY);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return err_set(err, fd, "open /proc/%s", path);
	n = write(fd, text, len);
	if (n < 0)
		return err_set(err, -errno, "write \"%s\" to /proc/%s", text,
			       path);
	if ((size_t)n != len)
		return err_say(err, -EIO, "/proc/%s took %zd of %zu bytes",
			       path, n, len);
	return 0;
}

int procfs_write_sysctl(int procfs, const char *name, const char *value,
			struct err *err)
{
	_cleanup_free_ char *path = xasprintf("sys/%s", name);
	_cleanup_free_ char *clean = NULL;
	char *first = strpbrk(path + 4, "./");

	/* sysctl(8): what separates first separates always; the other
	 * character then stands for the first ("net.ipv4.conf.eth0/1.mtu" is
	 * the interface eth0.1). */
	if (first && *first == '.')
		for (char *p = path + 4; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	/* "kernel/../../1/oom_score_adj" is below the procfs, too. */
	clean = path_clean(path);
	if (!str_eq(clean, path))
		return err_say(err, -EINVAL, "\"%s\" is not a sysctl", name);
	return procfs_write(procfs, path, value, err);
}

int procfs_read(int procfs, const char *path, char **ret)
{
	_cleanup_close_ int fd = procfs_open(procfs, path, O_RDONLY);
	_cleanup_buf_ struct buf text = {0};
	int rc;

	if (fd < 0)
		return fd;
	rc = buf_read_fd(&text, fd, MAX_FILE);
	if (rc < 0)
		return rc;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	*ret = buf_steal(&text);
	return 0;
}
