#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("new", __WASI_OFLAGS_CREAT, R_WRITE);
	__wasi_fd_t ro = open_as("file", 0, __WASI_RIGHTS_FD_READ);

	write_all(fd, "abc");
	OK(__wasi_fd_sync(fd));
	OK(__wasi_fd_datasync(fd));
	FAILS(__wasi_fd_sync(ro), NOTCAPABLE);
	FAILS(__wasi_fd_datasync(ro), NOTCAPABLE);
	FAILS(__wasi_fd_sync(99), BADF);
	FAILS(__wasi_fd_datasync(99), BADF);
	return done();
}
