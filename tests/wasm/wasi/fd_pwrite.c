#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_WRITE);
	__wasi_ciovec_t v[2] = {{(uint8_t *)"AB", 2}, {(uint8_t *)"C", 1}};
	__wasi_filesize_t at;
	__wasi_size_t n;

	OK(__wasi_fd_pwrite(fd, v, 2, 7, &n));
	IS(n, 3);
	OK(__wasi_fd_tell(fd, &at));
	IS(at, 0);
	text_is("file", "hello, ABCld");
	FAILS(__wasi_fd_pwrite(fd, v, 2, 1ull << 63, &n), INVAL);
	FAILS(__wasi_fd_pwrite(open_as("file", 0, R_READ), v, 2, 0, &n),
	      NOTCAPABLE);
	v[1].buf_len = 0xfffffff0;
	FAILS(__wasi_fd_pwrite(fd, v, 2, 0, &n), FAULT);
	return done();
}
