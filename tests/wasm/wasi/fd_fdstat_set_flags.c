#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("new", __WASI_OFLAGS_CREAT, R_WRITE);
	__wasi_filesize_t at;
	__wasi_fdstat_t st;

	write_all(fd, "abc");
	OK(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_APPEND));
	OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at));
	write_all(fd, "def");
	OK(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK));
	OK(__wasi_fd_fdstat_get(fd, &st));
	IS(st.fs_flags, __WASI_FDFLAGS_NONBLOCK);
	text_is("new", "abcdef");
	FAILS(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_SYNC), NOTSUP);
	FAILS(__wasi_fd_fdstat_set_flags(fd, 32), INVAL);
	/* Standard input is a pipe with nothing in it, and not only ours. */
	OK(__wasi_fd_fdstat_set_flags(0, __WASI_FDFLAGS_NONBLOCK));
	OK(__wasi_fd_fdstat_get(0, &st));
	IS(st.fs_flags, __WASI_FDFLAGS_NONBLOCK);
	uint8_t buf[4];
	__wasi_iovec_t v = {buf, 4};
	__wasi_size_t n;
	FAILS(__wasi_fd_read(0, &v, 1, &n), AGAIN);
	return done();
}
