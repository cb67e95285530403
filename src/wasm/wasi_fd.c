/* wasm/wasi_fd.c
 * The guest's descriptors: numbers, types, rights and flags. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_internal.h"

static struct wasi_fd *lookup(struct wasi *w, uint32_t fd)
{
	return fd < w->n_fds && w->fds[fd].fd >= 0 ? &w->fds[fd] : NULL;
}

uint32_t wasi_fd_get(struct wasi *w, uint32_t fd, uint64_t rights,
		     struct wasi_fd **ret)
{
	struct wasi_fd *f = lookup(w, fd);

	if (!f)
		return WASI_EBADF;
	if ((f->rights & rights) == rights) {
		*ret = f;
		return WASI_SUCCESS;
	}
	/* What the type of a file never allows has a name of its own, which
	 * programs know from POSIX; the rest is a matter of rights. */
	rights &= ~f->rights;
	if (f->filetype == WASI_FILETYPE_DIRECTORY &&
	    (rights & (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE)))
		return WASI_EISDIR;
	if (f->filetype == WASI_FILETYPE_DIRECTORY &&
	    (rights & ~WASI_RIGHTS_DIRECTORY))
		return WASI_EBADF;
	if (f->filetype != WASI_FILETYPE_DIRECTORY &&
	    (rights & WASI_RIGHTS_DIRECTORY & ~WASI_RIGHTS_FILE))
		return WASI_ENOTDIR;
	if (rights & (WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL) &&
	    f->filetype != WASI_FILETYPE_REGULAR_FILE)
		return WASI_ESPIPE;
	return WASI_ENOTCAPABLE;
}

static int grow(struct wasi *w, uint32_t n)
{
	uint32_t cap = w->n_fds < 8 ? 8 : w->n_fds + w->n_fds / 2;
	struct wasi_fd *fds;

	if (n > w->max_fds)
		return -EMFILE;
	if (cap < n)
		cap = n;
	if (cap > w->max_fds)
		cap = w->max_fds;
	fds = realloc(w->fds, cap * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (uint32_t i = w->n_fds; i < cap; i++)
		fds[i] = (struct wasi_fd){.fd = -1};
	w->fds = fds;
	w->n_fds = cap;
	return 0;
}

uint32_t wasi_fd_add(struct wasi *w, const struct wasi_fd *f, uint32_t *ret)
{
	uint32_t i = 0;
	int rc = 0;

	while (i < w->n_fds && w->fds[i].fd >= 0)
		i++;
	if (i == w->n_fds)
		rc = grow(w, i + 1);
	if (rc < 0) {
		struct wasi_fd lost = *f;

		wasi_fd_drop(&lost);
		return wasi_errno(rc);
	}
	w->fds[i] = *f;
	*ret = i;
	return WASI_SUCCESS;
}

void wasi_fd_drop(struct wasi_fd *f)
{
	if (f->owned)
		close_keep_errno(f->fd);
	*f = (struct wasi_fd){.fd = -1};
}

static uint8_t socket_type(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return WASI_FILETYPE_UNKNOWN;
	return type == SOCK_DGRAM ? WASI_FILETYPE_SOCKET_DGRAM
				  : WASI_FILETYPE_SOCKET_STREAM;
}

uint8_t wasi_filetype(int fd, const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return WASI_FILETYPE_REGULAR_FILE;
	case S_IFDIR:
		return WASI_FILETYPE_DIRECTORY;
	case S_IFLNK:
		return WASI_FILETYPE_SYMBOLIC_LINK;
	case S_IFCHR:
		return WASI_FILETYPE_CHARACTER_DEVICE;
	case S_IFBLK:
		return WASI_FILETYPE_BLOCK_DEVICE;
	case S_IFSOCK:
		/* One in the file system (fd -1, or O_PATH) is a stream as
		 * far as anybody can tell. */
		return fd < 0 ? WASI_FILETYPE_SOCKET_STREAM : socket_type(fd);
	default:
		return WASI_FILETYPE_UNKNOWN; /* pipes have no number */
	}
}

static uint64_t rights_of_type(int fd, uint8_t filetype)
{
	struct termios t;

	switch (filetype) {
	case WASI_FILETYPE_DIRECTORY:
		return WASI_RIGHTS_DIRECTORY;
	case WASI_FILETYPE_SOCKET_DGRAM:
	case WASI_FILETYPE_SOCKET_STREAM:
		return WASI_RIGHTS_SOCKET;
	case WASI_FILETYPE_CHARACTER_DEVICE:
		return tcgetattr(fd, &t) == 0 ? WASI_RIGHTS_STREAM
					      : WASI_RIGHTS_FILE;
	case WASI_FILETYPE_UNKNOWN:
		return WASI_RIGHTS_STREAM;
	default:
		return WASI_RIGHTS_FILE;
	}
}

int wasi_fd_describe(struct wasi_fd *f, uint64_t rights, uint64_t inheriting)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	f->filetype = wasi_filetype(f->fd, &st);
	f->rights = rights & rights_of_type(f->fd, f->filetype);
	if (f->filetype == WASI_FILETYPE_DIRECTORY)
		f->inheriting = inheriting;
	else
		f->inheriting = 0;
	return 0;
}

uint32_t wasi_fd_ready(const struct wasi_fd *f, short events)
{
	struct pollfd p = {.fd = f->fd, .events = events};

	if (!f->nonblock)
		return WASI_SUCCESS;
	return poll(&p, 1, 0) == 0 ? WASI_EAGAIN : WASI_SUCCESS;
}

/* --- functions of WASI ------------------------------------------------- */

uint32_t wasi_fd_close(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f = lookup(c->w, arg[0].i32);

	if (!f)
		return WASI_EBADF;
	wasi_fd_drop(f);
	return WASI_SUCCESS;
}

uint32_t wasi_fd_renumber(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *from = lookup(c->w, arg[0].i32);
	struct wasi_fd *to = lookup(c->w, arg[1].i32);

	if (!from || !to)
		return WASI_EBADF;
	if (from == to)
		return WASI_SUCCESS;
	wasi_fd_drop(to);
	*to = *from;
	*from = (struct wasi_fd){.fd = -1};
	return WASI_SUCCESS;
}

static uint16_t flags_from_host(const struct wasi_fd *f, int host)
{
	uint16_t flags = 0;

	if (host & O_APPEND)
		flags |= WASI_FDFLAG_APPEND;
	if (f->shared ? f->nonblock : (host & O_NONBLOCK) != 0)
		flags |= WASI_FDFLAG_NONBLOCK;
	/* O_SYNC contains the bit of O_DSYNC; O_RSYNC is the same on Linux. */
	if ((host & O_SYNC) == O_SYNC)
		flags |= WASI_FDFLAG_SYNC | WASI_FDFLAG_RSYNC;
	if (host & O_DSYNC)
		flags |= WASI_FDFLAG_DSYNC;
	return flags;
}

uint32_t wasi_fd_fdstat_get(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fdstat st = {0};
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, 0, &f);
	int flags;

	if (rc)
		return rc;
	flags = fcntl(f->fd, F_GETFL);
	if (flags < 0)
		return wasi_errno(-errno);
	st.filetype = f->filetype;
	st.flags = flags_from_host(f, flags);
	st.rights_base = f->rights;
	st.rights_inheriting = f->inheriting;
	return guest_write(c, arg[1].i32, &st, sizeof(st)) ? WASI_SUCCESS
							   : WASI_EFAULT;
}

uint32_t wasi_fd_fdstat_set_flags(struct wasi_call *c,
				  const union wasm_value *arg)
{
	const uint32_t settable = WASI_FDFLAG_APPEND | WASI_FDFLAG_NONBLOCK;
	uint32_t want = arg[1].i32, rc;
	struct wasi_fd *f;
	int flags;

	rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_FDSTAT_SET_FLAGS, &f);
	if (rc)
		return rc;
	if (want >> 5)
		return WASI_EINVAL;
	flags = fcntl(f->fd, F_GETFL);
	if (flags < 0)
		return wasi_errno(-errno);
	/* Linux cannot change these on an open file, and says nothing. */
	if ((want ^ flags_from_host(f, flags)) & ~settable)
		return WASI_ENOTSUP;
	if (f->shared) {
		if (!(want & WASI_FDFLAG_APPEND) != !(flags & O_APPEND))
			return WASI_ENOTSUP;
		f->nonblock = want & WASI_FDFLAG_NONBLOCK;
		return WASI_SUCCESS;
	}
	flags &= ~(O_APPEND | O_NONBLOCK);
	if (want & WASI_FDFLAG_APPEND)
		flags |= O_APPEND;
	if (want & WASI_FDFLAG_NONBLOCK)
		flags |= O_NONBLOCK;
	return fcntl(f->fd, F_SETFL, flags) < 0 ? wasi_errno(-errno)
						: WASI_SUCCESS;
}

/* Rights can only be given up. */
uint32_t wasi_fd_fdstat_set_rights(struct wasi_call *c,
				   const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, 0, &f);

	if (rc)
		return rc;
	if ((arg[1].i64 & ~f->rights) || (arg[2].i64 & ~f->inheriting))
		return WASI_ENOTCAPABLE;
	f->rights = arg[1].i64;
	f->inheriting = arg[2].i64;
	return WASI_SUCCESS;
}

uint32_t wasi_fd_prestat_get(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_prestat st = {.type = WASI_PREOPEN_DIR};
	struct wasi_fd *f = lookup(c->w, arg[0].i32);

	/* EBADF is how wasi-libc learns that it has seen all of them. */
	if (!f || !f->preopen)
		return WASI_EBADF;
	st.name_len = (uint32_t)strlen(f->preopen);
	return guest_write(c, arg[1].i32, &st, sizeof(st)) ? WASI_SUCCESS
							   : WASI_EFAULT;
}

uint32_t wasi_fd_prestat_dir_name(struct wasi_call *c,
				  const union wasm_value *arg)
{
	struct wasi_fd *f = lookup(c->w, arg[0].i32);
	size_t len;

	if (!f || !f->preopen)
		return WASI_EBADF;
	len = strlen(f->preopen);
	if (arg[2].i32 < len)
		return WASI_ENAMETOOLONG;
	return guest_write(c, arg[1].i32, f->preopen, len) ? WASI_SUCCESS
							   : WASI_EFAULT;
}
