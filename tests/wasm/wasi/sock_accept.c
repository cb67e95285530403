#include "check.h"

/* Descriptor 0 listens; one client connects, sends "ping", reads "pong". */
int main(int argc, char **argv)
{
	__wasi_ciovec_t pong = {(uint8_t *)"pong", 4};
	__wasi_fd_t fd, none;
	__wasi_fdstat_t st;
	__wasi_size_t n;

	OK(__wasi_sock_accept(0, __WASI_FDFLAGS_NONBLOCK, &fd));
	OK(__wasi_fd_fdstat_get(fd, &st));
	IS(st.fs_flags, __WASI_FDFLAGS_NONBLOCK);
	IS(st.fs_filetype, __WASI_FILETYPE_SOCKET_STREAM);
	OK(__wasi_fd_fdstat_set_flags(fd, 0));
	IS(strcmp(read_some(fd), "ping"), 0);
	OK(__wasi_sock_send(fd, &pong, 1, 0, &n));
	OK(__wasi_fd_close(fd));
	FAILS(__wasi_sock_accept(0, __WASI_FDFLAGS_APPEND, &none), INVAL);
	FAILS(__wasi_sock_accept(0, 0, FAR + 13), FAULT);
	return done();
}
