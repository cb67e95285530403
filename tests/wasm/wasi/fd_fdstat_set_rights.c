#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ);
	__wasi_size_t n;
	uint8_t buf[4];
	__wasi_iovec_t v = {buf, 4};

	OK(__wasi_fd_read(fd, &v, 1, &n));
	FAILS(__wasi_fd_fdstat_set_rights(fd, R_READ | __WASI_RIGHTS_FD_WRITE,
					  0),
	      NOTCAPABLE);
	OK(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_TELL, 0));
	FAILS(__wasi_fd_read(fd, &v, 1, &n), NOTCAPABLE);
	FAILS(__wasi_fd_fdstat_set_rights(fd, __WASI_RIGHTS_FD_READ, 0),
	      NOTCAPABLE);
	/* What a directory's children may have can be cut, too. */
	OK(__wasi_fd_fdstat_set_rights(ROOT, __WASI_RIGHTS_PATH_OPEN,
				       __WASI_RIGHTS_FD_READ));
	OK(try_open("file", 0, __WASI_RIGHTS_FD_READ, &fd));
	FAILS(try_open("file", 0, R_WRITE, &fd), NOTCAPABLE);
	FAILS(__wasi_path_create_directory(ROOT, "new"), NOTCAPABLE);
	FAILS(__wasi_fd_fdstat_set_rights(99, 0, 0), BADF);
	return done();
}
