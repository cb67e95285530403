/* wasm/wasi_file.c
 * Open files: reading, writing, positions, sizes, times. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_file.h"
#include "wasm/wasi_internal.h"

/* What writes, or changes the file, asks for this too. */
static uint32_t get_writable(struct wasi_call *c, uint32_t fd, uint64_t rights,
			     struct wasi_fd **ret)
{
	uint32_t rc = wasi_fd_get(c->w, fd, rights, ret);

	if (rc == WASI_SUCCESS && (*ret)->readonly)
		rc = WASI_EROFS;
	return rc;
}

static uint32_t done(struct wasi_call *c, ssize_t n, uint32_t size_at)
{
	return n < 0 ? wasi_errno(-errno)
		     : guest_write_u32(c, size_at, (uint32_t)n);
}

uint32_t wasi_fd_read(struct wasi_call *c, const union wasm_value *arg)
{
	struct iovec iov[WASI_IOV_MAX];
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_READ, &f);

	if (rc == WASI_SUCCESS)
		rc = guest_iovecs(c, arg[1].i32, arg[2].i32, iov);
	if (rc == WASI_SUCCESS && !guest_at(c, arg[3].i32, 4))
		rc = WASI_EFAULT;
	if (rc == WASI_SUCCESS)
		rc = wasi_fd_ready(f, POLLIN);
	if (rc)
		return rc;
	return done(c, readv(f->fd, iov, (int)arg[2].i32), arg[3].i32);
}

uint32_t wasi_fd_write(struct wasi_call *c, const union wasm_value *arg)
{
	struct iovec iov[WASI_IOV_MAX];
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_WRITE, &f);

	if (rc == WASI_SUCCESS)
		rc = guest_iovecs(c, arg[1].i32, arg[2].i32, iov);
	if (rc == WASI_SUCCESS && !guest_at(c, arg[3].i32, 4))
		rc = WASI_EFAULT;
	if (rc == WASI_SUCCESS)
		rc = wasi_fd_ready(f, POLLOUT);
	if (rc)
		return rc;
	return done(c, writev(f->fd, iov, (int)arg[2].i32), arg[3].i32);
}

/* Offsets of WASI are unsigned. */
static uint32_t check_offset(uint64_t offset)
{
	return offset > INT64_MAX ? WASI_EINVAL : WASI_SUCCESS;
}

/* preadv() or pwritev(), which differ in the right they take. */
static uint32_t at_offset(struct wasi_call *c, const union wasm_value *arg,
			  uint64_t right,
			  ssize_t (*io)(int, const struct iovec *, int, off_t))
{
	struct iovec iov[WASI_IOV_MAX];
	struct wasi_fd *f;
	uint32_t rc;

	rc = wasi_fd_get(c->w, arg[0].i32, right | WASI_RIGHT_FD_SEEK, &f);
	if (rc == WASI_SUCCESS)
		rc = check_offset(arg[3].i64);
	if (rc == WASI_SUCCESS)
		rc = guest_iovecs(c, arg[1].i32, arg[2].i32, iov);
	if (rc == WASI_SUCCESS && !guest_at(c, arg[4].i32, 4))
		rc = WASI_EFAULT;
	if (rc)
		return rc;
	return done(c, io(f->fd, iov, (int)arg[2].i32, (off_t)arg[3].i64),
		    arg[4].i32);
}

uint32_t wasi_fd_pread(struct wasi_call *c, const union wasm_value *arg)
{
	return at_offset(c, arg, WASI_RIGHT_FD_READ, preadv);
}

uint32_t wasi_fd_pwrite(struct wasi_call *c, const union wasm_value *arg)
{
	return at_offset(c, arg, WASI_RIGHT_FD_WRITE, pwritev);
}

static const uint8_t whence_of[2][3] = {
	{SEEK_SET, SEEK_CUR, SEEK_END}, /* preview 1 */
	{SEEK_CUR, SEEK_END, SEEK_SET}, /* wasi_unstable */
};

uint32_t wasi_fd_seek(struct wasi_call *c, const union wasm_value *arg)
{
	uint64_t need = WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL;
	struct wasi_fd *f;
	uint32_t rc;
	int whence;
	off_t at;

	if (arg[2].i32 > 2)
		return WASI_EINVAL;
	whence = whence_of[c->unstable][arg[2].i32];
	/* Asking where one is takes no more than fd_tell does. */
	if (whence == SEEK_CUR && arg[1].i64 == 0)
		need = WASI_RIGHT_FD_TELL;
	rc = wasi_fd_get(c->w, arg[0].i32, need, &f);
	if (rc == WASI_SUCCESS && !guest_at(c, arg[3].i32, 8))
		rc = WASI_EFAULT;
	if (rc)
		return rc;
	at = lseek(f->fd, (off_t)arg[1].i64, whence);
	return at < 0 ? wasi_errno(-errno)
		      : guest_write_u64(c, arg[3].i32, (uint64_t)at);
}

uint32_t wasi_fd_tell(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_TELL, &f);
	off_t at;

	if (rc)
		return rc;
	at = lseek(f->fd, 0, SEEK_CUR);
	return at < 0 ? wasi_errno(-errno)
		      : guest_write_u64(c, arg[1].i32, (uint64_t)at);
}

uint32_t wasi_fd_sync(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_SYNC, &f);

	if (rc)
		return rc;
	return fsync(f->fd) < 0 ? wasi_errno(-errno) : WASI_SUCCESS;
}

uint32_t wasi_fd_datasync(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc;

	rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_DATASYNC, &f);
	if (rc)
		return rc;
	return fdatasync(f->fd) < 0 ? wasi_errno(-errno) : WASI_SUCCESS;
}

uint32_t wasi_fd_advise(struct wasi_call *c, const union wasm_value *arg)
{
	static const int advice[] = {
		POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
		POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE,
	};
	struct wasi_fd *f;
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_ADVISE, &f);

	if (rc)
		return rc;
	if (arg[3].i32 >= ARRAY_SIZE(advice) || check_offset(arg[1].i64) ||
	    check_offset(arg[2].i64))
		return WASI_EINVAL;
	return wasi_errno(-posix_fadvise(f->fd, (off_t)arg[1].i64,
					 (off_t)arg[2].i64,
					 advice[arg[3].i32]));
}

uint32_t wasi_fd_allocate(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc = get_writable(c, arg[0].i32, WASI_RIGHT_FD_ALLOCATE, &f);

	if (rc)
		return rc;
	if (check_offset(arg[1].i64) || check_offset(arg[2].i64))
		return WASI_EINVAL;
	/* Not posix_fallocate(), which would write zeros by hand where the
	 * file system cannot do it. */
	return fallocate(f->fd, 0, (off_t)arg[1].i64, (off_t)arg[2].i64) < 0
		       ? wasi_errno(-errno)
		       : WASI_SUCCESS;
}

uint32_t wasi_fd_filestat_set_size(struct wasi_call *c,
				   const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc;

	rc = get_writable(c, arg[0].i32, WASI_RIGHT_FD_FILESTAT_SET_SIZE, &f);
	if (rc == WASI_SUCCESS)
		rc = check_offset(arg[1].i64);
	if (rc)
		return rc;
	return ftruncate(f->fd, (off_t)arg[1].i64) < 0 ? wasi_errno(-errno)
						       : WASI_SUCCESS;
}

/* --- shared with paths ------------------------------------------------- */

/* WASI's time is nanoseconds since 1970, unsigned: an older file is from
 * 1970, one after 2554 from 2554. */
static uint64_t timestamp(struct timespec ts)
{
	uint64_t ns;

	if (ts.tv_sec < 0)
		return 0;
	if (__builtin_mul_overflow((uint64_t)ts.tv_sec, UINT64_C(1000000000),
				   &ns) ||
	    __builtin_add_overflow(ns, (uint64_t)ts.tv_nsec, &ns))
		return UINT64_MAX;
	return ns;
}

uint32_t wasi_write_filestat(struct wasi_call *c, uint32_t at, int fd,
			     const struct stat *st)
{
	struct wasi_filestat s = {
		.dev = st->st_dev,
		.ino = st->st_ino,
		.filetype = wasi_filetype(fd, st),
		.nlink = st->st_nlink,
		.size = (uint64_t)st->st_size,
		.atim = timestamp(st->st_atim),
		.mtim = timestamp(st->st_mtim),
		.ctim = timestamp(st->st_ctim),
	};
	struct wasi_filestat0 s0 = {
		s.dev,
		s.ino,
		s.filetype,
		{0},
		s.nlink > UINT32_MAX ? UINT32_MAX : (uint32_t)s.nlink,
		s.size,
		s.atim,
		s.mtim,
		s.ctim,
	};
	bool ok = c->unstable ? guest_write(c, at, &s0, sizeof(s0))
			      : guest_write(c, at, &s, sizeof(s));

	return ok ? WASI_SUCCESS : WASI_EFAULT;
}

static int one_time(uint64_t ns, bool set, bool now, struct timespec *ret)
{
	if (set && now)
		return -EINVAL;
	ret->tv_sec = (time_t)(ns / 1000000000);
	ret->tv_nsec = (long)(ns % 1000000000);
	if (now)
		ret->tv_nsec = UTIME_NOW;
	else if (!set)
		ret->tv_nsec = UTIME_OMIT;
	return 0;
}

int wasi_times(uint64_t atim, uint64_t mtim, uint32_t flags,
	       struct timespec ret[2])
{
	if (flags >> 4 ||
	    one_time(atim, flags & WASI_FST_ATIM, flags & WASI_FST_ATIM_NOW,
		     &ret[0]) < 0 ||
	    one_time(mtim, flags & WASI_FST_MTIM, flags & WASI_FST_MTIM_NOW,
		     &ret[1]) < 0)
		return -EINVAL;
	return 0;
}

uint32_t wasi_fd_filestat_get(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	struct stat st;
	uint32_t rc;

	rc = wasi_fd_get(c->w, arg[0].i32, WASI_RIGHT_FD_FILESTAT_GET, &f);
	if (rc)
		return rc;
	if (fstat(f->fd, &st) < 0)
		return wasi_errno(-errno);
	return wasi_write_filestat(c, arg[1].i32, f->fd, &st);
}

uint32_t wasi_fd_filestat_set_times(struct wasi_call *c,
				    const union wasm_value *arg)
{
	struct timespec times[2];
	struct wasi_fd *f;
	uint32_t rc;

	rc = get_writable(c, arg[0].i32, WASI_RIGHT_FD_FILESTAT_SET_TIMES, &f);
	if (rc)
		return rc;
	if (wasi_times(arg[1].i64, arg[2].i64, arg[3].i32, times) < 0)
		return WASI_EINVAL;
	return futimens(f->fd, times) < 0 ? wasi_errno(-errno) : WASI_SUCCESS;
}
