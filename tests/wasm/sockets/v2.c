/* The second version: addresses of 128 bytes; "4", "6" or "unix". */
#include "v2.h"

static struct storage server_addr;
static const struct sock_address server_at = {&server_addr, 128};
static bool is_unix;

static uint32_t stream(void)
{
	struct storage got = {0};
	struct sock_address where = {&got, sizeof(got)};
	struct sock_buf out = {"hello", 5};
	char buf[8] = "";
	struct sock_buf in = {buf, sizeof(buf)};
	uint32_t port = 0, n, flags;
	int32_t server, client, conn;

	OK(sock_open_v2(server_addr.family, SOCK_STREAMS, &server));
	OK(sock_bind_v2(server, &server_at, 0));
	OK(sock_listen_v2(server, 5));
	OK(sock_getlocaladdr_v2(server, &where, &port));
	IS(got.family, server_addr.family);
	IS(port > 0, !is_unix);
	OK(sock_open_v2(server_addr.family, SOCK_STREAMS, &client));
	OK(sock_connect_v2(client, &server_at, port));
	OK(sock_accept_v2(server, __WASI_FDFLAGS_NONBLOCK, &conn));
	OK(sock_send_v2(client, &out, 1, 0, &n));
	OK(sock_recv_v2(conn, &in, 1, 0, &n, &flags));
	IS(strcmp(buf, "hello"), 0);
	FAILS(sock_recv_v2(conn, &in, 1, 0, &n, &flags), AGAIN);
	OK(sock_getpeeraddr_v2(client, &where, &n));
	IS(n, (long long)port);
	if (!is_unix)
		IS(memcmp(got.data, server_addr.data, 4), 0);
	return port;
}

static void datagrams(void)
{
	struct storage got = {0};
	struct sock_address where = {&got, sizeof(got)};
	struct sock_buf out = {"x", 1};
	char buf[4];
	struct sock_buf in = {buf, sizeof(buf)};
	uint32_t port, n, flags, port2;
	uint16_t from_port = 0;
	int32_t one, two;

	OK(sock_open_v2(server_addr.family, SOCK_DATAGRAMS, &one));
	OK(sock_bind_v2(one, &server_at, 0));
	OK(sock_getlocaladdr_v2(one, &where, &port));
	OK(sock_open_v2(server_addr.family, SOCK_DATAGRAMS, &two));
	OK(sock_send_to_v2(two, &out, 1, &server_at, (int32_t)port, 0, &n));
	OK(sock_recv_from_v2(one, &in, 1, &where, 0, &from_port, &n, &flags));
	IS(n, 1);
	OK(sock_getlocaladdr_v2(two, &where, &port2));
	IS(from_port, (long long)port2);
	IS(got.family, server_addr.family);
}

/* Unix sockets live in the guest's directory, and nowhere else. */
static void unix_paths(void)
{
	static const char *const bad[] = {
		"/../outside/sock",
		"/evil/sock",
		"../outside/sock",
		"/dir/../../outside/sock",
	};
	int32_t fd;

	OK(sock_open_v2(SOCK_UNIX, SOCK_STREAMS, &fd));
	FAILS(sock_bind_v2(fd, &server_at, 0), ADDRINUSE);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		strcpy((char *)server_addr.data, bad[i]);
		FAILS(sock_bind_v2(fd, &server_at, 0), NOTCAPABLE);
		FAILS(sock_connect_v2(fd, &server_at, 0), NOTCAPABLE);
	}
	strcpy((char *)server_addr.data, "/file");
	FAILS(sock_connect_v2(fd, &server_at, 0), CONNREFUSED);
	strcpy((char *)server_addr.data, "/dir/none");
	FAILS(sock_connect_v2(fd, &server_at, 0), NOENT);
	/* An abstract name belongs to no directory. */
	memcpy(server_addr.data, "\0abstract", 9);
	FAILS(sock_bind_v2(fd, &server_at, 0), INVAL);
}

int main(int argc, char **argv)
{
	is_unix = argv[1][0] == 'u';
	if (is_unix) {
		server_addr.family = SOCK_UNIX;
		strcpy((char *)server_addr.data, "/dir/sock");
	} else if (argv[1][0] == '4') {
		server_addr.family = SOCK_INET4;
		memcpy(server_addr.data, "\177\0\0\1", 4);
	} else {
		server_addr.family = SOCK_INET6;
		server_addr.data[15] = 1;
	}
	stream();
	if (is_unix)
		unix_paths();
	else
		datagrams();
	return done();
}
