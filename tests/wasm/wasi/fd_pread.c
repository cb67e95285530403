#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ);
	char a[4] = "", b[4] = "";
	__wasi_iovec_t v[2] = {{(uint8_t *)a, 3}, {(uint8_t *)b, 3}};
	__wasi_filesize_t at;
	__wasi_size_t n;

	OK(__wasi_fd_pread(fd, v, 2, 7, &n));
	IS(n, 5);
	IS(strcmp(a, "wor"), 0);
	IS(strcmp(b, "ld"), 0);
	OK(__wasi_fd_tell(fd, &at));
	IS(at, 0);
	OK(__wasi_fd_pread(fd, v, 2, 100, &n));
	IS(n, 0);
	FAILS(__wasi_fd_pread(fd, v, 2, 1ull << 63, &n), INVAL);
	FAILS(__wasi_fd_pread(0, v, 1, 0, &n), SPIPE);
	FAILS(__wasi_fd_pread(ROOT, v, 1, 0, &n), ISDIR);
	FAILS(__wasi_fd_pread(fd, FAR, 3, 0, &n), FAULT);
	return done();
}
