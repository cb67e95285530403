#include "wasm/wasi_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* While somebody renames, the kernel cannot say whether ".." stayed inside
 * and returns EAGAIN.  A rename that never rests must not hang the guest. */
enum { RACE_RETRIES = 256 };

static int open_beneath(const struct wasi_dir *dir, const char *path, int flags,
			mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NOCTTY),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_MAGICLINKS |
			   (dir->is_root ? RESOLVE_IN_ROOT : RESOLVE_BENEATH),
	};

	if (flags & O_PATH)
		how.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	for (int i = 0;; i++) {
		long fd =
			syscall(SYS_openat2, dir->fd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN || i == RACE_RETRIES)
			return -errno;
	}
}

int wasi_open_beneath(const struct wasi_dir *dir, const char *path, int flags,
		      mode_t mode)
{
	return *path ? open_beneath(dir, path, flags, mode) : -ENOENT;
}

int wasi_open_parent(const struct wasi_dir *dir, const char *path,
		     struct wasi_parent *ret)
{
	size_t len = strlen(path), end = len, start;
	char parent[PATH_MAX];
	int fd;

	*ret = (struct wasi_parent){.fd = -1};
	if (!len)
		return -ENOENT;
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (end > 0 && path[end - 1] == '/')
		end--;
	if (!end)
		return dir->is_root ? -EEXIST : -EXDEV;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	if (end - start > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret->name, path + start, end - start);
	ret->trailing_slash = end < len;
	if (ret->trailing_slash)
		ret->name[end - start] = '/';

	if (!start) {
		ret->fd = dir->fd;
		return 0;
	}
	memcpy(parent, path, start);
	parent[start] = '\0';
	fd = open_beneath(dir, parent, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	ret->fd = fd;
	ret->owned = true;
	return 0;
}

void wasi_parent_close(struct wasi_parent *p)
{
	if (p->owned)
		close_keep_errno(p->fd);
	p->owned = false;
}
