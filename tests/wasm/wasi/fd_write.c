#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("new", __WASI_OFLAGS_CREAT, R_WRITE);
	__wasi_ciovec_t v[3] = {
		{(uint8_t *)"ab", 2}, {NULL, 0}, {(uint8_t *)"cd", 2}};
	__wasi_size_t n;

	OK(__wasi_fd_write(fd, v, 3, &n));
	IS(n, 4);
	text_is("new", "abcd");
	FAILS(__wasi_fd_write(open_as("file", 0, R_READ), v, 1, &n),
	      NOTCAPABLE);
	FAILS(__wasi_fd_write(ROOT, v, 1, &n), ISDIR);
	FAILS(__wasi_fd_write(fd, v, 1025, &n), INVAL);
	FAILS(__wasi_fd_write(fd, v, 1, FAR + 13), FAULT);
	/* Standard error is a pipe that nobody reads. */
	FAILS(__wasi_fd_write(2, v, 1, &n), PIPE);
	return done();
}
