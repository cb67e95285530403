#include "host/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

enum {
	/* fs/fsopen.c: strndup_user(value, 256), with the NUL. */
	FSCONFIG_MAX_VALUE = 255,
};

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* ------------------------------------------------------ new filesystems -- */

static const struct {
	uint64_t flag;
	const char *name;
} super_flags[] = {
	{MS_SYNCHRONOUS, "sync"},
	{MS_DIRSYNC, "dirsync"},
	{MS_LAZYTIME, "lazytime"},
	{MS_MANDLOCK, "mand"},
};

/* Why a filesystem said no: the kernel queues lines such as
 * "e tmpfs: Unknown parameter 'sice'". */
static int fs_failed(int fs, int rc, const char *type, const char *what,
		     struct err *err)
{
	char line[256];
	ssize_t n = read(fs, line, sizeof(line) - 1);

	if (n < 2)
		return err_set(err, rc, "filesystem %s: %s", type, what);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return err_set(err, rc, "filesystem %s: %s: the kernel says \"%s\"",
		       type, what, line + 2);
}

/* "key=value", or a flag. */
static int set_datum(int fs, const char *datum)
{
	const char *eq = strchr(datum, '=');
	char key[256];

	if (!eq)
		return fsconfig(fs, FSCONFIG_SET_FLAG, datum, NULL, 0);
	if ((size_t)(eq - datum) >= sizeof(key)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(key, datum, (size_t)(eq - datum));
	key[eq - datum] = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1, 0);
}

/* A disk may be write-protected, so its filesystem has to know; the kernel's
 * own filesystems are shared between mounts, or filled before they are made
 * read-only, so there only the mount is. */
static bool super_is_ro(const struct mount_fs *fs)
{
	static const char *const kernel_own[] = {
		"cgroup", "cgroup2", "debugfs", "devpts", "mqueue",
		"proc",   "sysfs",   "tmpfs",   "tracefs"};

	if (!(fs->attrs & MOUNT_ATTR_RDONLY))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kernel_own); i++)
		if (str_eq(fs->type, kernel_own[i]))
			return false;
	return true;
}

static int configure(int ctx, const struct mount_fs *fs, struct err *err)
{
	const char *type = fs->type;

	for (size_t i = 0; i < ARRAY_SIZE(super_flags); i++)
		if ((fs->super & super_flags[i].flag) &&
		    fsconfig(ctx, FSCONFIG_SET_FLAG, super_flags[i].name, NULL,
			     0) < 0)
			return fs_failed(ctx, -errno, type, super_flags[i].name,
					 err);
	for (size_t i = 0; i < fs->n_data; i++)
		if (set_datum(ctx, fs->data[i]) < 0)
			return fs_failed(ctx, -errno, type, fs->data[i], err);
	if (super_is_ro(fs) &&
	    fsconfig(ctx, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fs_failed(ctx, -errno, type, "ro", err);
	if (!str_empty(fs->label) &&
	    fsconfig(ctx, FSCONFIG_SET_STRING,
		     fs->label_key ? fs->label_key : "context", fs->label,
		     0) < 0)
		return fs_failed(ctx, -errno, type, "SELinux label", err);
	return 0;
}

int mount_fs_new(const struct mount_fs *fs, struct err *err)
{
	_cleanup_close_ int ctx = fsopen(fs->type, FSOPEN_CLOEXEC);
	int mnt, rc;

	if (ctx < 0 && errno == ENODEV)
		return err_say(err, -ENODEV, "the kernel has no filesystem %s",
			       fs->type);
	if (ctx < 0)
		return err_set(err, -errno, "open filesystem %s", fs->type);
	if (!str_empty(fs->source) &&
	    fsconfig(ctx, FSCONFIG_SET_STRING, "source", fs->source, 0) < 0)
		return fs_failed(ctx, -errno, fs->type, fs->source, err);
	rc = configure(ctx, fs, err);
	if (rc < 0)
		return rc;
	if (fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_failed(ctx, -errno, fs->type, "create", err);
	/* EPERM for proc and sysfs in a user namespace: "too revealing", no
	 * instance without other mounts over it is visible to us. */
	mnt = fsmount(ctx, FSMOUNT_CLOEXEC, (unsigned int)fs->attrs);
	if (mnt < 0)
		return fs_failed(ctx, -errno, fs->type, "mount", err);
	return mnt;
}

int mount_fs_reconfigure(const struct mount_fs *fs, int target, struct err *err)
{
	_cleanup_close_ int ctx =
		fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	int rc;

	if (ctx < 0)
		return err_set(err, -errno, "reconfigure filesystem");
	rc = configure(ctx, fs, err);
	if (rc < 0)
		return rc;
	if (fsconfig(ctx, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return fs_failed(ctx, -errno, fs->type, "reconfigure", err);
	return 0;
}

/* -------------------------------------------------- what mount(2) does -- */

bool mount_fs_needs_classic(const struct mount_fs *fs)
{
	if (strchr(fs->type, '.'))
		return true;
	if (fs->source && strlen(fs->source) > FSCONFIG_MAX_VALUE)
		return true;
	for (size_t i = 0; i < fs->n_data; i++) {
		const char *eq = strchr(fs->data[i], '=');

		if (eq && strlen(eq + 1) > FSCONFIG_MAX_VALUE)
			return true;
	}
	return false;
}

static unsigned long classic_flags(const struct mount_fs *fs)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
	} map[] = {
		{MOUNT_ATTR_RDONLY, MS_RDONLY},
		{MOUNT_ATTR_NOSUID, MS_NOSUID},
		{MOUNT_ATTR_NODEV, MS_NODEV},
		{MOUNT_ATTR_NOEXEC, MS_NOEXEC},
		{MOUNT_ATTR_NOATIME, MS_NOATIME},
		{MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
		{MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
		{MOUNT_ATTR_NOSYMFOLLOW, 1ul << 8 /* MS_NOSYMFOLLOW */},
	};
	unsigned long flags = fs->super;

	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (fs->attrs & map[i].attr)
			flags |= map[i].flag;
	return flags;
}

int mount_fs_classic(const struct mount_fs *fs, int target, struct err *err)
{
	_cleanup_buf_ struct buf data = {0};
	char path[sizeof("/proc/self/fd/2147483647")];

	for (size_t i = 0; i < fs->n_data; i++)
		buf_printf(&data, "%s%s", i ? "," : "", fs->data[i]);
	if (!str_empty(fs->label))
		buf_printf(&data, "%s%s=\"%s\"", data.len ? "," : "",
			   fs->label_key ? fs->label_key : "context",
			   fs->label);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	if (mount(fs->source ? fs->source : "none", path, fs->type,
		  classic_flags(fs), data.data) < 0)
		return err_set(err, -errno, "mount filesystem %s", fs->type);
	return 0;
}

/* ----------------------------------------------- copies of what exists -- */

int mount_clone(int dir, const char *path, unsigned int flags)
{
	unsigned int open_flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	int fd;

	if (!*path)
		open_flags |= AT_EMPTY_PATH;
	if (flags & CLONE_TREE_RECURSIVE)
		open_flags |= AT_RECURSIVE;
	if (flags & CLONE_TREE_NOFOLLOW)
		open_flags |= AT_SYMLINK_NOFOLLOW;
	fd = open_tree(dir, path, open_flags);
	return fd < 0 ? -errno : fd;
}

static int set_attr(int mnt, struct mount_attr *attr, bool recursive)
{
	unsigned int flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	return mount_setattr(mnt, "", flags, attr, sizeof(*attr)) < 0 ? -errno
								      : 0;
}

int mount_set(int mnt, uint64_t set, uint64_t clr, bool recursive)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clr};

	return set || clr ? set_attr(mnt, &attr, recursive) : 0;
}

int mount_set_propagation(int mnt, unsigned long flags)
{
	struct mount_attr attr = {.propagation = flags & ~(uint64_t)MS_REC};

	return set_attr(mnt, &attr, flags & MS_REC);
}

int mount_set_idmap(int mnt, int userns, bool recursive)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP,
				  .userns_fd = (uint64_t)userns};

	return set_attr(mnt, &attr, recursive);
}

int mount_attach_host(int mnt, const char *path)
{
	return move_mount(mnt, "", AT_FDCWD, path,
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0
		       ? -errno
		       : 0;
}

int mount_attach(int mnt, int target)
{
	return move_mount(mnt, "", target, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
		       ? -errno
		       : 0;
}

int mount_attach_at(int mnt, int dir, const char *name)
{
	/* Without MOVE_MOUNT_T_SYMLINKS the last component, which is all
	 * there is, is not followed. */
	return move_mount(mnt, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0
		       ? -errno
		       : 0;
}

int mount_clone_device(const char *host_path, mode_t type, dev_t rdev,
		       struct err *err)
{
	_cleanup_close_ int mnt =
		mount_clone(AT_FDCWD, host_path, CLONE_TREE_NOFOLLOW);
	struct stat st;
	int rc;

	if (mnt < 0)
		return err_set(err, mnt, "open %s of the host", host_path);
	if (fstat(mnt, &st) < 0)
		return err_set(err, -errno, "stat %s of the host", host_path);
	if ((st.st_mode & S_IFMT) != type || st.st_rdev != rdev)
		return err_say(err, -ENODEV,
			       "%s of the host is not the device %u:%u",
			       host_path, major(rdev), minor(rdev));
	rc = mount_set(mnt, MOUNT_ATTR_RDONLY, 0, false);
	if (rc < 0)
		return err_set(err, rc, "make a mount of %s read-only",
			       host_path);
	return steal_fd(&mnt);
}

int mount_clone_null(struct err *err)
{
	return mount_clone_device("/dev/null", S_IFCHR, makedev(1, 3), err);
}

int mount_new_empty(const char *label_key, const char *label, struct err *err)
{
	static const char *const data[] = {"mode=755"};
	struct mount_fs fs = {
		.type = "tmpfs",
		.data = data,
		.n_data = ARRAY_SIZE(data),
		.label_key = label_key,
		.label = label,
		.attrs = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
			 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};

	return mount_fs_new(&fs, err);
}
