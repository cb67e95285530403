#include "host/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	/* man 2 openat2: EAGAIN when a rename or mount anywhere on the system
	 * raced with a "..", so that it cannot tell whether it left the root.
	 * Each try is independent; a busy host makes a few fail. */
	MAX_RETRIES = 128,
	MAX_SYMLINKS = 40, /* as the kernel, man 7 path_resolution */
};

static int do_openat2(int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = resolve,
	};
	int fd = -1;

	for (int i = 0; i < MAX_RETRIES; i++) {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : fd;
}

/* The kernel takes "" for an error, we for the root. */
static const char *or_dot(const char *path)
{
	return *path ? path : ".";
}

int path_open_in_root(int root, const char *path, int flags)
{
	return do_openat2(root, or_dot(path), flags,
			  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_in_root_nolink(int root, const char *path, int flags)
{
	return do_openat2(root, or_dot(path), flags,
			  RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

int path_open_beneath(int dir, const char *path, int flags)
{
	return do_openat2(dir, or_dot(path), flags,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
				  RESOLVE_NO_XDEV);
}

int path_readlink_at(int dir, const char *name, char **ret)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	*ret = xstrndup(target, (size_t)n);
	return 0;
}

/* ------------------------------------------------------------ lexically -- */

char *path_clean(const char *path)
{
	char *clean = xmalloc(strlen(path) + 1);
	size_t len = 0;

	clean[0] = '\0';
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			char *slash = strrchr(clean, '/');

			len = slash ? (size_t)(slash - clean) : 0;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			if (len > 0)
				clean[len++] = '/';
			memcpy(clean + len, path, n);
			len += n;
		}
		clean[len] = '\0';
		path += n + (path[n] == '/');
	}
	return clean;
}

const char *path_below(const char *path, const char *dir)
{
	const char *rest = str_after(path, dir);

	if (!rest || !*dir || !*rest)
		return rest;
	return *rest == '/' ? rest + 1 : NULL;
}

/* --------------------------------------------- making what is not there -- */

/* A walk keeps where it is twice: as a descriptor, and as the path that leads
 * there without any symlink.  Only ".." needs the path: it is opened anew
 * from the root. */
struct walk {
	int root;
	mode_t mode;
	bool create;
	struct buf at;    /* "" or "a/b" */
	struct buf ahead; /* what is still to be resolved */
	unsigned int links;
	int dir; /* -1 while at the root */
};

static void walk_free(struct walk *w)
{
	buf_free(&w->at);
	buf_free(&w->ahead);
	close_keep_errno(w->dir);
}

static int walk_dir(const struct walk *w)
{
	return w->dir >= 0 ? w->dir : w->root;
}

static void walk_enter(struct walk *w, int dir)
{
	close_keep_errno(w->dir);
	w->dir = dir;
}

static int walk_up(struct walk *w)
{
	char *slash = w->at.len ? strrchr(w->at.data, '/') : NULL;
	int dir;

	w->at.len = slash ? (size_t)(slash - w->at.data) : 0;
	if (w->at.data)
		w->at.data[w->at.len] = '\0';
	if (w->at.len == 0) {
		walk_enter(w, -1);
		return 0;
	}
	dir = path_open_in_root_nolink(w->root, w->at.data,
				       O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	walk_enter(w, dir);
	return 0;
}

/* Put the target of the symlink before what is still ahead. */
static int walk_symlink(struct walk *w, int link)
{
	_cleanup_free_ char *target = NULL;
	struct buf ahead = {0};
	int rc;

	if (++w->links > MAX_SYMLINKS)
		return -ELOOP;
	rc = path_readlink_at(link, "", &target);
	if (rc < 0)
		return rc;
	if (target[0] == '/') {
		walk_enter(w, -1);
		w->at.len = 0;
	}
	buf_adds(&ahead, target);
	buf_addc(&ahead, '/');
	buf_adds(&ahead, w->ahead.data ? w->ahead.data : "");
	buf_free(&w->ahead);
	w->ahead = ahead;
	return 0;
}

static int walk_into(struct walk *w, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = openat(walk_dir(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && w->create) {
		if (mkdirat(walk_dir(w), name, w->mode) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(walk_dir(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return walk_symlink(w, fd);
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (w->at.len > 0)
		buf_addc(&w->at, '/');
	buf_adds(&w->at, name);
	walk_enter(w, steal_fd(&fd));
	return 0;
}

/* Cut the next component off w->ahead. */
static int walk_next(struct walk *w, char *name)
{
	const char *p = w->ahead.data ? w->ahead.data : "";
	size_t skip = strspn(p, "/"), n = strcspn(p + skip, "/");

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, p + skip, n);
	name[n] = '\0';
	if (n > 0) {
		w->ahead.len -= skip + n;
		memmove(w->ahead.data, w->ahead.data + skip + n,
			w->ahead.len + 1);
	}
	return (int)n;
}

/* To the end of the path, one component at a time. */
static int walk_all(struct walk *w)
{
	char name[NAME_MAX + 1];
	int n;

	while ((n = walk_next(w, name)) > 0) {
		int rc = 0;

		if (str_eq(name, ".."))
			rc = walk_up(w);
		else if (!str_eq(name, "."))
			rc = walk_into(w, name);
		if (rc < 0)
			return rc;
	}
	return n;
}

static int walk_path(int root, const char *path, bool create, mode_t mode)
{
	_cleanup_(walk_free) struct walk w = {
		.root = root, .mode = mode, .create = create, .dir = -1};
	int rc;

	buf_adds(&w.ahead, path);
	rc = walk_all(&w);
	if (rc < 0)
		return rc;
	if (w.dir < 0)
		return path_open_in_root(root, ".", O_PATH | O_DIRECTORY);
	return steal_fd(&w.dir);
}

int path_mkdir_p_in_root(int root, const char *path, mode_t mode)
{
	int fd = path_open_in_root(root, path, O_PATH | O_DIRECTORY);

	if (fd != -ENOENT)
		return fd;
	return walk_path(root, path, true, mode);
}

int path_open_parent_in_root(int root, const char *path, bool create,
			     char *name)
{
	size_t end = strlen(path), start;
	_cleanup_free_ char *parent = NULL;
	int fd;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (end - start > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return -EINVAL;

	parent = xstrndup(path, start);
	fd = path_open_in_root(root, parent, O_PATH | O_DIRECTORY);
	if (fd != -ENOENT || !create)
		return fd;
	return walk_path(root, parent, true, 0755);
}

/* The file that a dangling symlink points to gets made as well, so a path may
 * need several rounds: each replaces the path by the link's target. */
int path_make_file_in_root(int root, const char *path, mode_t mode)
{
	_cleanup_free_ char *at = xstrdup(path);

	for (size_t n = strlen(at); n > 0 && at[n - 1] == '/'; n--)
		at[n - 1] = '\0';
	for (int i = 0; i < MAX_SYMLINKS; i++) {
		_cleanup_close_ int dir = -1;
		_cleanup_free_ char *target = NULL;
		char name[NAME_MAX + 1];
		int fd, rc;

		fd = path_open_in_root(root, at, O_PATH);
		if (fd != -ENOENT)
			return fd;
		dir = path_open_parent_in_root(root, at, true, name);
		if (dir < 0)
			return dir;
		if (mknodat(dir, name, S_IFREG | mode, 0) == 0) {
			fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			return fd < 0 ? -errno : fd;
		}
		if (errno != EEXIST)
			return -errno;
		rc = path_readlink_at(dir, name, &target);
		if (rc == -EINVAL || rc == -ENOENT)
			continue; /* it came or went meanwhile */
		if (rc < 0)
			return rc;
		/* "dir/" cannot be a file. */
		if (str_ends_with(target, "/"))
			return -EISDIR;
		if (target[0] == '/') {
			free(at);
			at = steal_ptr(&target);
		} else {
			char *slash = strrchr(at, '/');
			char *joined = xasprintf("%.*s/%s",
						 slash ? (int)(slash - at) : 0,
						 at, target);

			free(at);
			at = joined;
		}
	}
	return -ELOOP;
}

int path_open_file_in_root(int root, const char *path)
{
	/* Opening a device can act (a tape rewinds), so look first. */
	static const int flags[] = {O_PATH, O_RDONLY | O_NONBLOCK | O_NOCTTY};
	_cleanup_close_ int fd = -1;
	struct stat st;

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		close_keep_errno(steal_fd(&fd));
		fd = path_open_in_root(root, path, flags[i]);
		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		if (!S_ISREG(st.st_mode))
			return -EINVAL;
	}
	return steal_fd(&fd);
}

int path_read_in_root(int root, const char *path, size_t max, struct buf *ret)
{
	_cleanup_close_ int fd = path_open_file_in_root(root, path);

	return fd < 0 ? fd : buf_read_fd(ret, fd, max);
}
