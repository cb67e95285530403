#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ), dir = open_dir("dir");

	for (unsigned int a = 0; a <= __WASI_ADVICE_NOREUSE; a++)
		OK(__wasi_fd_advise(fd, 0, 4, a));
	FAILS(__wasi_fd_advise(fd, 0, 4, 6), INVAL);
	FAILS(__wasi_fd_advise(fd, 1ull << 63, 4, 0), INVAL);
	FAILS(__wasi_fd_advise(dir, 0, 4, 0), BADF);
	FAILS(__wasi_fd_advise(99, 0, 4, 0), BADF);
	return done();
}
