#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ), wo;
	char a[6] = "", b[32] = "";
	__wasi_iovec_t v[3] = {
		{(uint8_t *)a, 5}, {NULL, 0}, {(uint8_t *)b, 31}};
	__wasi_size_t n;

	OK(__wasi_fd_read(fd, v, 3, &n));
	IS(n, 12);
	IS(strcmp(a, "hello"), 0);
	IS(strcmp(b, ", world"), 0);
	OK(__wasi_fd_read(fd, v, 3, &n));
	IS(n, 0);
	OK(__wasi_fd_read(fd, v, 0, &n));
	IS(n, 0);
	FAILS(__wasi_fd_read(99, v, 1, &n), BADF);
	FAILS(__wasi_fd_read(ROOT, v, 1, &n), ISDIR);
	OK(try_open("file", 0, __WASI_RIGHTS_FD_WRITE, &wo));
	FAILS(__wasi_fd_read(wo, v, 1, &n), NOTCAPABLE);
	/* Addresses, counts and lengths that are not ours. */
	FAILS(__wasi_fd_read(fd, FAR, 1000, &n), FAULT);
	FAILS(__wasi_fd_read(fd, v, 1025, &n), INVAL);
	FAILS(__wasi_fd_read(fd, v, 1, FAR + 13), FAULT);
	v[0].buf = FAR;
	v[0].buf_len = 17;
	FAILS(__wasi_fd_read(fd, v, 1, &n), FAULT);
	v[0].buf = (uint8_t *)a;
	v[0].buf_len = 0xffffffff;
	FAILS(__wasi_fd_read(fd, v, 1, &n), FAULT);
	return done();
}
