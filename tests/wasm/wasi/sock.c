#include "check.h"

/* Descriptor 0 is one end of a socket pair, a program at the other end sends
 * "ping" and waits for "pong"; 1 is a pipe. */
int main(int argc, char **argv)
{
	char a[8] = "", b[8] = "";
	__wasi_iovec_t v[2] = {{(uint8_t *)a, 2}, {(uint8_t *)b, 7}};
	__wasi_ciovec_t pong = {(uint8_t *)"pong", 4};
	__wasi_roflags_t flags = 9;
	__wasi_fdstat_t st;
	__wasi_size_t n;
	__wasi_fd_t fd;

	OK(__wasi_fd_fdstat_get(0, &st));
	IS(st.fs_filetype, __WASI_FILETYPE_SOCKET_STREAM);
	OK(__wasi_sock_recv(0, v, 2, __WASI_RIFLAGS_RECV_PEEK, &n, &flags));
	IS(n, 4);
	OK(__wasi_sock_recv(0, v, 1, 0, &n, &flags));
	IS(n, 2);
	OK(__wasi_sock_recv(0, v + 1, 1, 0, &n, &flags));
	IS(n, 2);
	IS(flags, 0);
	IS(strcmp(a, "pi"), 0);
	IS(strcmp(b, "ng"), 0);
	FAILS(__wasi_sock_recv(0, v, 2, 4, &n, &flags), NOTSUP);
	FAILS(__wasi_sock_recv(0, v, 1025, 0, &n, &flags), INVAL);
	FAILS(__wasi_sock_recv(ROOT, v, 1, 0, &n, &flags), NOTSOCK);
	FAILS(__wasi_sock_recv(99, v, 1, 0, &n, &flags), BADF);
	FAILS(__wasi_sock_send(0, &pong, 1, 1, &n), NOTSUP);
	OK(__wasi_sock_send(0, &pong, 1, 0, &n));
	IS(n, 4);
	FAILS(__wasi_sock_send(1, &pong, 1, 0, &n), NOTSOCK);
	FAILS(__wasi_sock_accept(0, 0, &fd), INVAL); /* it does not listen */
	FAILS(__wasi_sock_accept(1, 0, &fd), NOTSOCK);
	FAILS(__wasi_sock_shutdown(0, 0), INVAL);
	FAILS(__wasi_sock_shutdown(0, 4), INVAL);
	OK(__wasi_sock_shutdown(0, __WASI_SDFLAGS_WR));
	FAILS(__wasi_sock_send(0, &pong, 1, 0, &n), PIPE);
	/* The other end closes when it has seen our shutdown. */
	OK(__wasi_sock_recv(0, v, 1, 0, &n, &flags));
	IS(n, 0);
	return done();
}
