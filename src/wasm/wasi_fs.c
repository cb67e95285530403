/* wasm/wasi_fs.c
 * Functions that take a path.  One that names a file to be used opens it with
 * wasi_open_beneath(); one that changes a directory opens that directory, and
 * gives the kernel the last component alone, which it does not follow. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_file.h"
#include "wasm/wasi_internal.h"

/* EXDEV of a lookup: the path leads out of what the guest was given. */
static uint32_t path_errno(int rc)
{
	return rc == -EXDEV ? WASI_ENOTCAPABLE : wasi_errno(rc);
}

struct target {
	char path[WASI_PATH_MAX];
	struct wasi_fd *dir;
};

/* The directory `fd`, which must have `rights`, and the path at `at`. */
static uint32_t get_target(struct wasi_call *c, uint32_t fd, uint64_t rights,
			   uint32_t at, uint32_t len, struct target *ret)
{
	uint32_t rc = wasi_fd_get(c->w, fd, rights, &ret->dir);

	return rc ? rc : guest_path(c, at, len, ret->path);
}

/* The same for an operation that changes the directory. */
static uint32_t get_parent(struct wasi_call *c, uint32_t fd, uint64_t rights,
			   uint32_t at, uint32_t len, struct wasi_parent *ret)
{
	struct target t;
	struct wasi_dir dir;
	uint32_t rc = get_target(c, fd, rights, at, len, &t);

	if (rc)
		return rc;
	if (t.dir->readonly)
		return WASI_EROFS;
	dir = wasi_fd_dir(t.dir);
	return path_errno(wasi_open_parent(&dir, t.path, ret));
}

static int open_target(const struct target *t, int flags)
{
	struct wasi_dir dir = wasi_fd_dir(t->dir);

	return wasi_open_beneath(&dir, t->path, flags, 0);
}

static int nofollow(uint32_t lookupflags)
{
	return lookupflags & WASI_LOOKUP_FOLLOW ? 0 : O_NOFOLLOW;
}

uint32_t wasi_path_create_directory(struct wasi_call *c,
				    const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent p = {0};
	uint32_t rc =
		get_parent(c, arg[0].i32, WASI_RIGHT_PATH_CREATE_DIRECTORY,
			   arg[1].i32, arg[2].i32, &p);

	if (rc)
		return rc;
	return mkdirat(p.fd, p.name, 0777) < 0 ? wasi_errno(-errno)
					       : WASI_SUCCESS;
}

uint32_t wasi_path_remove_directory(struct wasi_call *c,
				    const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent p = {0};
	uint32_t rc =
		get_parent(c, arg[0].i32, WASI_RIGHT_PATH_REMOVE_DIRECTORY,
			   arg[1].i32, arg[2].i32, &p);

	if (rc)
		return rc;
	return unlinkat(p.fd, p.name, AT_REMOVEDIR) < 0 ? wasi_errno(-errno)
							: WASI_SUCCESS;
}

uint32_t wasi_path_unlink_file(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent p = {0};
	uint32_t rc = get_parent(c, arg[0].i32, WASI_RIGHT_PATH_UNLINK_FILE,
				 arg[1].i32, arg[2].i32, &p);

	if (rc)
		return rc;
	return unlinkat(p.fd, p.name, 0) < 0 ? wasi_errno(-errno)
					     : WASI_SUCCESS;
}

uint32_t wasi_path_rename(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent from = {0}, to = {0};
	uint32_t rc;

	rc = get_parent(c, arg[0].i32, WASI_RIGHT_PATH_RENAME_SOURCE,
			arg[1].i32, arg[2].i32, &from);
	if (rc)
		return rc;
	rc = get_parent(c, arg[3].i32, WASI_RIGHT_PATH_RENAME_TARGET,
			arg[4].i32, arg[5].i32, &to);
	if (rc)
		return rc;
	return renameat(from.fd, from.name, to.fd, to.name) < 0
		       ? wasi_errno(-errno)
		       : WASI_SUCCESS;
}

uint32_t wasi_path_symlink(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent p = {0};
	char text[WASI_PATH_MAX];
	struct wasi_fd *dir;
	uint32_t rc;

	rc = wasi_fd_get(c->w, arg[2].i32, WASI_RIGHT_PATH_SYMLINK, &dir);
	if (rc == WASI_SUCCESS)
		rc = guest_path(c, arg[0].i32, arg[1].i32, text);
	if (rc)
		return rc;
	/* The guest could not follow it, but a program of the host would. */
	if (*text == '/' && !dir->is_root)
		return WASI_ENOTCAPABLE;
	rc = get_parent(c, arg[2].i32, WASI_RIGHT_PATH_SYMLINK, arg[3].i32,
			arg[4].i32, &p);
	if (rc)
		return rc;
	return symlinkat(text, p.fd, p.name) < 0 ? wasi_errno(-errno)
						 : WASI_SUCCESS;
}

/* A link to what symlinks lead to.  By descriptor, so that nothing comes
 * between; kernels before 6.10 allow that only with CAP_DAC_READ_SEARCH. */
static uint32_t link_followed(const struct target *t,
			      const struct wasi_parent *to)
{
	_cleanup_close_ int fd = open_target(t, O_PATH);

	if (fd < 0)
		return path_errno(fd);
	if (linkat(fd, "", to->fd, to->name, AT_EMPTY_PATH) == 0)
		return WASI_SUCCESS;
	return errno == ENOENT ? WASI_ENOTSUP : wasi_errno(-errno);
}

uint32_t wasi_path_link(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_parent_ struct wasi_parent from = {0}, to = {0};
	struct target t;
	uint32_t rc;

	rc = get_target(c, arg[0].i32, WASI_RIGHT_PATH_LINK_SOURCE, arg[2].i32,
			arg[3].i32, &t);
	if (rc)
		return rc;
	rc = get_parent(c, arg[4].i32, WASI_RIGHT_PATH_LINK_TARGET, arg[5].i32,
			arg[6].i32, &to);
	if (rc)
		return rc;
	rc = get_parent(c, arg[0].i32, WASI_RIGHT_PATH_LINK_SOURCE, arg[2].i32,
			arg[3].i32, &from);
	if (rc)
		return rc;
	/* With a slash behind it the kernel would follow a symlink, and find
	 * a directory or nothing. */
	if (from.trailing_slash) {
		_cleanup_close_ int fd = open_target(&t, O_PATH | O_DIRECTORY);

		return fd < 0 ? path_errno(fd) : WASI_EPERM;
	}
	if (arg[1].i32 & WASI_LOOKUP_FOLLOW) {
		struct stat st;

		if (fstatat(from.fd, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return wasi_errno(-errno);
		if (S_ISLNK(st.st_mode))
			return link_followed(&t, &to);
	}
	return linkat(from.fd, from.name, to.fd, to.name, 0) < 0
		       ? wasi_errno(-errno)
		       : WASI_SUCCESS;
}

uint32_t wasi_path_readlink(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_close_ int fd = -1;
	char text[WASI_PATH_MAX];
	struct target t;
	ssize_t n;
	uint32_t rc = get_target(c, arg[0].i32, WASI_RIGHT_PATH_READLINK,
				 arg[1].i32, arg[2].i32, &t);

	if (rc)
		return rc;
	fd = open_target(&t, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return path_errno(fd);
	n = readlinkat(fd, "", text, sizeof(text));
	if (n < 0)
		return errno == ENOENT ? WASI_EINVAL : wasi_errno(-errno);
	if (n > arg[4].i32)
		n = arg[4].i32;
	if (!guest_write(c, arg[3].i32, text, (size_t)n))
		return WASI_EFAULT;
	return guest_write_u32(c, arg[5].i32, (uint32_t)n);
}

uint32_t wasi_path_filestat_get(struct wasi_call *c,
				const union wasm_value *arg)
{
	_cleanup_close_ int fd = -1;
	struct target t;
	struct stat st;
	uint32_t rc = get_target(c, arg[0].i32, WASI_RIGHT_PATH_FILESTAT_GET,
				 arg[2].i32, arg[3].i32, &t);

	if (rc)
		return rc;
	fd = open_target(&t, O_PATH | nofollow(arg[1].i32));
	if (fd < 0)
		return path_errno(fd);
	if (fstat(fd, &st) < 0)
		return wasi_errno(-errno);
	return wasi_write_filestat(c, arg[4].i32, -1, &st);
}

uint32_t wasi_path_filestat_set_times(struct wasi_call *c,
				      const union wasm_value *arg)
{
	_cleanup_close_ int fd = -1;
	struct timespec times[2];
	struct target t;
	uint32_t rc =
		get_target(c, arg[0].i32, WASI_RIGHT_PATH_FILESTAT_SET_TIMES,
			   arg[2].i32, arg[3].i32, &t);

	if (rc)
		return rc;
	if (wasi_times(arg[4].i64, arg[5].i64, arg[6].i32, times) < 0)
		return WASI_EINVAL;
	if (t.dir->readonly)
		return WASI_EROFS;
	fd = open_target(&t, O_PATH | nofollow(arg[1].i32));
	if (fd < 0)
		return path_errno(fd);
	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? wasi_errno(-errno)
							   : WASI_SUCCESS;
}

/* --- path_open --------------------------------------------------------- */

struct open_args {
	uint32_t oflags, fdflags;
	uint64_t base, inheriting;
	bool follow;
};

#define READS (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_READDIR)
#define WRITES                                          \
	(WASI_RIGHT_FD_DATASYNC | WASI_RIGHT_FD_WRITE | \
	 WASI_RIGHT_FD_ALLOCATE | WASI_RIGHT_FD_FILESTAT_SET_SIZE)

static uint64_t rights_to_open(const struct open_args *a)
{
	uint64_t need = WASI_RIGHT_PATH_OPEN;

	if (a->oflags & WASI_OFLAG_CREAT)
		need |= WASI_RIGHT_PATH_CREATE_FILE;
	if (a->oflags & WASI_OFLAG_TRUNC)
		need |= WASI_RIGHT_PATH_FILESTAT_SET_SIZE;
	return need;
}

/* The flags of open(2). */
static int open_flags(const struct open_args *a)
{
	static const int fdflags[] = {O_APPEND, O_DSYNC, O_NONBLOCK, O_RSYNC,
				      O_SYNC};
	static const int oflags[] = {O_CREAT, O_DIRECTORY, O_EXCL, O_TRUNC};
	bool writes = a->base & WRITES, reads = a->base & READS;
	int flags = a->follow ? 0 : O_NOFOLLOW;

	for (size_t i = 0; i < ARRAY_SIZE(fdflags); i++)
		if (a->fdflags & 1u << i)
			flags |= fdflags[i];
	for (size_t i = 0; i < ARRAY_SIZE(oflags); i++)
		if (a->oflags & 1u << i)
			flags |= oflags[i];
	/* Rights to a directory come in bulk; opened for writing it would be
	 * EISDIR. */
	if (a->oflags & WASI_OFLAG_DIRECTORY)
		return flags | O_RDONLY;
	if (writes)
		return flags | (reads ? O_RDWR : O_WRONLY);
	return flags | O_RDONLY;
}

static uint32_t open_check(const struct open_args *a, const struct wasi_fd *dir)
{
	if (a->oflags >> 4 || a->fdflags >> 5)
		return WASI_EINVAL;
	if ((a->oflags & (WASI_OFLAG_CREAT | WASI_OFLAG_DIRECTORY)) ==
	    (WASI_OFLAG_CREAT | WASI_OFLAG_DIRECTORY))
		return WASI_EINVAL;
	if ((a->base | a->inheriting) & ~dir->inheriting & WASI_RIGHTS_ALL)
		return WASI_ENOTCAPABLE;
	return WASI_SUCCESS;
}

uint32_t wasi_path_open(struct wasi_call *c, const union wasm_value *arg)
{
	struct open_args a = {
		.follow = arg[1].i32 & WASI_LOOKUP_FOLLOW,
		.oflags = arg[4].i32,
		.base = arg[5].i64,
		.inheriting = arg[6].i64,
		.fdflags = arg[7].i32,
	};
	struct wasi_fd f = {.owned = true};
	struct wasi_dir dir;
	struct target t;
	uint32_t rc, number;
	int flags = open_flags(&a), err;

	rc = get_target(c, arg[0].i32, rights_to_open(&a), arg[2].i32,
			arg[3].i32, &t);
	if (rc == WASI_SUCCESS)
		rc = open_check(&a, t.dir);
	if (rc == WASI_SUCCESS && !guest_at(c, arg[8].i32, 4))
		rc = WASI_EFAULT;
	if (rc)
		return rc;
	f.readonly = t.dir->readonly;
	if (f.readonly &&
	    ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC)))
		return WASI_EROFS;
	dir = wasi_fd_dir(t.dir);
	f.fd = wasi_open_beneath(&dir, t.path, flags, 0666);
	if (f.fd < 0)
		return path_errno(f.fd);
	err = wasi_fd_describe(&f, a.base, a.inheriting);
	if (err < 0) {
		wasi_fd_drop(&f);
		return wasi_errno(err);
	}
	rc = wasi_fd_add(c->w, &f, &number);
	return rc ? rc : guest_write_u32(c, arg[8].i32, number);
}
