#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_WRITE);
	__wasi_fd_t ro = open_as("file", 0, R_READ);
	__wasi_filestat_t st;

	OK(__wasi_fd_filestat_set_size(fd, 5));
	text_is("file", "hello");
	OK(__wasi_fd_filestat_set_size(fd, 1 << 20));
	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.size, 1 << 20);
	FAILS(__wasi_fd_filestat_set_size(fd, 1ull << 63), INVAL);
	FAILS(__wasi_fd_filestat_set_size(ro, 1), NOTCAPABLE);
	FAILS(__wasi_fd_filestat_set_size(open_dir("dir"), 1), BADF);
	return done();
}
