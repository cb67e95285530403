/* The first version, within one program: a stream and datagrams, by IPv4 and
 * IPv6 ("4" or "6"). */
#include "v2.h"

static uint8_t loopback[16];
static uint32_t family, type_of_family, addr_len;

static int32_t bound(uint32_t type, uint32_t *port)
{
	struct sock_address a = {loopback, addr_len};
	uint8_t got[16] = {0};
	struct sock_address where = {got, sizeof(got)};
	uint32_t fam;
	int32_t fd;

	OK(sock_open(family, type, &fd));
	OK(sock_bind(fd, &a, 0));
	OK(sock_getlocaladdr_v1(fd, &where, &fam, port));
	IS(fam, type_of_family);
	TRUE(*port > 0 && *port < 65536);
	IS(memcmp(got, loopback, addr_len), 0);
	return fd;
}

static void stream(void)
{
	struct sock_address a = {loopback, addr_len};
	struct sock_buf out[2] = {{"he", 2}, {"llo", 3}};
	char buf[8] = "";
	struct sock_buf in = {buf, sizeof(buf)};
	uint8_t peer[16] = {0};
	struct sock_address where = {peer, sizeof(peer)};
	uint32_t port, n, flags, fam, client_port, peer_port;
	int32_t server = bound(SOCK_STREAMS, &port), client, conn;
	__wasi_fdstat_t st;

	OK(sock_listen(server, 5));
	OK(sock_open(family, SOCK_STREAMS, &client));
	OK(sock_connect(client, &a, port));
	OK(sock_accept_v1(server, &conn));
	OK(__wasi_fd_fdstat_get(conn, &st));
	IS(st.fs_filetype, __WASI_FILETYPE_SOCKET_STREAM);
	OK(sock_send(client, out, 2, 0, &n));
	IS(n, 5);
	OK(sock_recv(conn, &in, 1, 0, &n, &flags));
	IS(n, 5);
	IS(strcmp(buf, "hello"), 0);
	OK(sock_getlocaladdr_v1(client, &where, &fam, &client_port));
	OK(sock_getpeeraddr_v1(conn, &where, &fam, &peer_port));
	IS(fam, type_of_family);
	IS(peer_port, client_port);
	OK(sock_shutdown(client, 2));
	OK(sock_recv(conn, &in, 1, 0, &n, &flags));
	IS(n, 0);
	/* An address of the wrong length. */
	a.size = 5;
	FAILS(sock_bind(server, &a, 0), INVAL);
	FAILS(sock_connect(client, &a, port), INVAL);
	FAILS(sock_getpeeraddr_v1(conn, &a, &fam, &port), INVAL);
	a = (struct sock_address){loopback, addr_len};
	FAILS(sock_bind(server, &a, 0), INVAL); /* it is bound already */
	a = (struct sock_address){(void *)0xfffffffd, 4};
	FAILS(sock_bind(server, &a, 0), FAULT);
	OK(__wasi_fd_close(conn) | __wasi_fd_close(client) |
	   __wasi_fd_close(server));
}

static void datagrams(void)
{
	struct sock_address a = {loopback, addr_len};
	struct sock_buf out = {"datagram", 8};
	char buf[4];
	struct sock_buf in = {buf, sizeof(buf)};
	uint8_t from[16] = {0};
	struct sock_address where = {from, addr_len};
	uint32_t port, port2, n, flags = 0;
	int32_t one = bound(SOCK_DATAGRAMS, &port);
	int32_t two = bound(SOCK_DATAGRAMS, &port2);

	OK(sock_send_to(two, &out, 1, &a, (int32_t)port, 0, &n));
	IS(n, 8);
	OK(sock_recv_from_v1(one, &in, 1, &where, 0, &n, &flags));
	IS(n, 4);
	IS(flags & 0xffff, __WASI_ROFLAGS_RECV_DATA_TRUNCATED);
	IS(memcmp(from, loopback, addr_len), 0);
	IS(memcmp(buf, "data", 4), 0);
	FAILS(sock_send_to(two, &out, 1, &a, 65536, 0, &n), INVAL);
}

int main(int argc, char **argv)
{
	int32_t fd;

	if (argv[1][0] == '4') {
		memcpy(loopback, "\177\0\0\1", 4);
		family = SOCK_INET4;
		type_of_family = 4;
		addr_len = 4;
	} else {
		loopback[15] = 1;
		family = SOCK_INET6;
		type_of_family = 6;
		addr_len = 16;
	}
	stream();
	datagrams();
	FAILS(sock_open(0, SOCK_STREAMS, &fd), AFNOSUPPORT);
	FAILS(sock_open(4, SOCK_STREAMS, &fd), AFNOSUPPORT);
	FAILS(sock_open(family, 0, &fd), INVAL);
	FAILS(sock_open(family, 3, &fd), INVAL);
	return done();
}
