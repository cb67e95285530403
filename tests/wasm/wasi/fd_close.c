#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ);

	OK(__wasi_fd_close(fd));
	FAILS(__wasi_fd_close(fd), BADF);
	FAILS(__wasi_fd_close(1000), BADF);
	FAILS(__wasi_fd_close(0xffffffff), BADF);
	/* The number is free again; a preopened directory can be given up. */
	IS(open_as("file", 0, R_READ), (long long)fd);
	OK(__wasi_fd_close(ROOT));
	FAILS(try_open("file", 0, R_READ, &fd), BADF);
	return done();
}
