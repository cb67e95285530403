#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ);
	__wasi_filesize_t at;

	OK(__wasi_fd_seek(fd, 7, __WASI_WHENCE_SET, &at));
	IS(at, 7);
	IS(strcmp(read_some(fd), "world"), 0);
	OK(__wasi_fd_tell(fd, &at));
	IS(at, 12);
	OK(__wasi_fd_seek(fd, -5, __WASI_WHENCE_CUR, &at));
	IS(at, 7);
	OK(__wasi_fd_seek(fd, -2, __WASI_WHENCE_END, &at));
	IS(strcmp(read_some(fd), "ld"), 0);
	OK(__wasi_fd_seek(fd, 1ull << 32, __WASI_WHENCE_SET, &at));
	IS(at, 1ll << 32);
	FAILS(__wasi_fd_seek(fd, -1, __WASI_WHENCE_SET, &at), INVAL);
	FAILS(__wasi_fd_seek(fd, 0, 3, &at), INVAL);
	FAILS(__wasi_fd_seek(0, 0, __WASI_WHENCE_CUR, &at), SPIPE);
	FAILS(__wasi_fd_tell(0, &at), SPIPE);
	FAILS(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, FAR + 9), FAULT);
	OK(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL, 0));
	OK(__wasi_fd_seek(fd, 0, __WASI_WHENCE_CUR, &at));
	FAILS(__wasi_fd_seek(fd, 1, __WASI_WHENCE_CUR, &at), NOTCAPABLE);
	return done();
}
