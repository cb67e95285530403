#include "check.h"

int main(int argc, char **argv)
{
	const __wasi_timestamp_t t = 1234567890123456789;
	__wasi_fd_t fd = open_as("file", 0, R_WRITE);
	__wasi_filestat_t st;

	OK(__wasi_fd_filestat_set_times(fd, 1, t, __WASI_FSTFLAGS_MTIM));
	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.mtim, t);
	IS(st.atim, 1000000000123456789);
	OK(__wasi_fd_filestat_set_times(
		fd, t, 1, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM_NOW));
	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.atim, t);
	TRUE(st.mtim > 1700000000ull * 1000000000);
	FAILS(__wasi_fd_filestat_set_times(fd, t, 1,
					   __WASI_FSTFLAGS_ATIM |
						   __WASI_FSTFLAGS_ATIM_NOW),
	      INVAL);
	FAILS(__wasi_fd_filestat_set_times(fd, t, t, 16), INVAL);
	OK(__wasi_fd_filestat_set_times(fd, 0, 0, 0));
	return done();
}
