/* wasm/wasi_readdir.c
 * Listing a directory.  A cookie is the kernel's own (d_off), which seekdir()
 * understands whatever was created or removed meanwhile; so there is nothing
 * to remember between calls, and descriptors may be renumbered or shared. */
#include <dirent.h>
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wasm/wasi_internal.h"

struct linux_dirent {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

static uint8_t filetype_of(uint8_t d_type)
{
	switch (d_type) {
	case DT_REG:
		return WASI_FILETYPE_REGULAR_FILE;
	case DT_DIR:
		return WASI_FILETYPE_DIRECTORY;
	case DT_LNK:
		return WASI_FILETYPE_SYMBOLIC_LINK;
	case DT_CHR:
		return WASI_FILETYPE_CHARACTER_DEVICE;
	case DT_BLK:
		return WASI_FILETYPE_BLOCK_DEVICE;
	case DT_SOCK:
		return WASI_FILETYPE_SOCKET_STREAM;
	default:
		return WASI_FILETYPE_UNKNOWN;
	}
}

/* The guest's buffer while it fills. */
struct out {
	uint8_t *buf;
	size_t len, used;
};

/* As much as fits: a truncated entry tells the guest to come again. */
static void put(struct out *o, const void *data, size_t n)
{
	if (n > o->len - o->used)
		n = o->len - o->used;
	memcpy(o->buf + o->used, data, n);
	o->used += n;
}

static void put_entry(struct out *o, const struct linux_dirent *d)
{
	struct wasi_dirent e = {
		.next = (uint64_t)d->d_off,
		.ino = d->d_ino,
		.namlen = (uint32_t)strlen(d->d_name),
		.type = filetype_of(d->d_type),
	};

	put(o, &e, sizeof(e));
	put(o, d->d_name, e.namlen);
}

/* Fill the buffer from where the directory stands.  The kernel is asked for
 * about as much as the guest has room for. */
static int fill(int fd, struct out *o)
{
	_Alignas(struct linux_dirent) char chunk[8192];

	while (o->used < o->len) {
		long n = syscall(SYS_getdents64, fd, chunk, sizeof(chunk));

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		for (long at = 0; at < n && o->used < o->len;) {
			const struct linux_dirent *d = (void *)(chunk + at);

			put_entry(o, d);
			at += d->d_reclen;
		}
	}
	return 0;
}

uint32_t wasi_fd_readdir(struct wasi_call *c, const union wasm_value *arg)
{
	struct out o = {.len = arg[2].i32};
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_READDIR, &f);

	if (rc)
		return rc;
	o.buf = guest_at(c, arg[1].i32, o.len);
	if (!o.buf || !guest_at(c, arg[4].i32, 4))
		return WASI_EFAULT;
	/* Cookie 0 is the beginning; what the kernel never handed out it
	 * refuses or takes as some place in the directory. */
	if (lseek(f->fd, (off_t)arg[3].i64, SEEK_SET) < 0)
		return wasi_errno(-errno);
	rc = wasi_errno(fill(f->fd, &o));
	return rc ? rc : guest_write_u32(c, arg[4].i32, (uint32_t)o.used);
}
