#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("new", __WASI_OFLAGS_CREAT, R_WRITE);
	__wasi_fd_t ro = open_as("file", 0, R_READ);
	__wasi_filestat_t st;

	write_all(fd, "abc");
	OK(__wasi_fd_allocate(fd, 100, 50));
	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.size, 150);
	OK(__wasi_fd_allocate(fd, 0, 10));
	OK(__wasi_fd_filestat_get(fd, &st));
	IS(st.size, 150);
	FAILS(__wasi_fd_allocate(fd, 0, 1ull << 63), INVAL);
	FAILS(__wasi_fd_allocate(ro, 0, 10), NOTCAPABLE);
	return done();
}
