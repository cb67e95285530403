#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ), dir = open_dir("dir");
	__wasi_filestat_t st, st2;

	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.filetype, __WASI_FILETYPE_REGULAR_FILE);
	IS(st.size, 12);
	IS(st.nlink, 1);
	/* test_wasi.py has set them, to the nanosecond. */
	IS(st.atim, 1000000000123456789);
	IS(st.mtim, 1500000000987654321);
	TRUE(st.ctim > 1700000000ull * 1000000000);
	OK(__wasi_fd_filestat_get(dir, &st2));
	IS(st2.filetype, __WASI_FILETYPE_DIRECTORY);
	IS(st2.dev, (long long)st.dev);
	TRUE(st2.ino != st.ino);
	FAILS(__wasi_fd_filestat_get(99, &st), BADF);
	FAILS(__wasi_fd_filestat_get(fd, FAR), FAULT);
	return done();
}
