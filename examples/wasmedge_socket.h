/* WasmEdge's socket functions, for C programs compiled to wasm32-wasi.
 * hull implements them as WasmEdge does, so a program that uses them runs
 * under both. */
#pragma once

#include <stdint.h>

#define WASI_SOCK(name)                                         \
	__attribute__((import_module("wasi_snapshot_preview1"), \
		       import_name(#name)))

enum { SOCK_INET4 = 1, SOCK_INET6 = 2, SOCK_UNIX = 3 };
enum { SOCK_DATAGRAMS = 1, SOCK_STREAMS = 2 };

/* size 4 or 16: a bare IPv4 or IPv6 address.  128: a family (16 bits), then
 * the address, or the path of a unix socket. */
struct sock_address {
	void *buf;
	uint32_t size;
};

struct sock_buf {
	const void *buf;
	uint32_t size;
};

/* Names and their addresses.  The caller makes a list of these. */
struct sock_sockaddr {
	uint8_t family;
	uint32_t size;
	uint8_t *data; /* port (2 bytes, big-endian), address, ... */
};

struct sock_addrinfo {
	uint16_t flags;
	uint8_t family, type;
	uint32_t protocol;
	uint32_t addrlen;
	struct sock_sockaddr *addr;
	char *canonname;
	uint32_t canonname_len;
	struct sock_addrinfo *next;
};

enum {
	SOCK_OPT_REUSEADDR,
	SOCK_OPT_TYPE,
	SOCK_OPT_ERROR,
	SOCK_OPT_DONTROUTE,
	SOCK_OPT_BROADCAST,
	SOCK_OPT_SNDBUF,
	SOCK_OPT_RCVBUF,
	SOCK_OPT_KEEPALIVE,
	SOCK_OPT_OOBINLINE,
	SOCK_OPT_LINGER,
	SOCK_OPT_RCVLOWAT,
	SOCK_OPT_RCVTIMEO,
	SOCK_OPT_SNDTIMEO,
	SOCK_OPT_ACCEPTCONN,
	SOCK_OPT_BINDTODEVICE,
};

/* Each returns an errno of WASI. */
WASI_SOCK(sock_open)
uint32_t sock_open(uint32_t family, uint32_t type, int32_t *fd);
WASI_SOCK(sock_bind)
uint32_t sock_bind(int32_t fd, const struct sock_address *addr, uint32_t port);
WASI_SOCK(sock_listen)
uint32_t sock_listen(int32_t fd, int32_t backlog);
WASI_SOCK(sock_connect)
uint32_t sock_connect(int32_t fd, const struct sock_address *addr,
		      uint32_t port);
WASI_SOCK(sock_recv)
uint32_t sock_recv(int32_t fd, const struct sock_buf *v, uint32_t n,
		   uint32_t flags, uint32_t *size, uint32_t *out_flags);
WASI_SOCK(sock_send)
uint32_t sock_send(int32_t fd, const struct sock_buf *v, uint32_t n,
		   uint32_t flags, uint32_t *size);
WASI_SOCK(sock_send_to)
uint32_t sock_send_to(int32_t fd, const struct sock_buf *v, uint32_t n,
		      const struct sock_address *addr, int32_t port,
		      uint32_t flags, uint32_t *size);
WASI_SOCK(sock_shutdown)
uint32_t sock_shutdown(int32_t fd, uint32_t how);
WASI_SOCK(sock_getsockopt)
uint32_t sock_getsockopt(int32_t fd, int32_t level, int32_t name, void *value,
			 uint32_t *size);
WASI_SOCK(sock_setsockopt)
uint32_t sock_setsockopt(int32_t fd, int32_t level, int32_t name,
			 const void *value, uint32_t size);
WASI_SOCK(sock_getaddrinfo)
uint32_t sock_getaddrinfo(const char *node, uint32_t node_len,
			  const char *service, uint32_t service_len,
			  const struct sock_addrinfo *hints,
			  struct sock_addrinfo **list, uint32_t max,
			  uint32_t *n);

/* The first version: addresses of 4 or 16 bytes, the family as 4 or 6. */
WASI_SOCK(sock_accept)
uint32_t sock_accept_v1(int32_t fd, int32_t *conn);
WASI_SOCK(sock_recv_from)
uint32_t sock_recv_from_v1(int32_t fd, const struct sock_buf *v, uint32_t n,
			   struct sock_address *from, uint32_t flags,
			   uint32_t *size, uint32_t *out_flags);
WASI_SOCK(sock_getlocaladdr)
uint32_t sock_getlocaladdr_v1(int32_t fd, struct sock_address *addr,
			      uint32_t *family, uint32_t *port);
WASI_SOCK(sock_getpeeraddr)
uint32_t sock_getpeeraddr_v1(int32_t fd, struct sock_address *addr,
			     uint32_t *family, uint32_t *port);

/* The second: addresses of 128 bytes. */
WASI_SOCK(sock_accept_v2)
uint32_t sock_accept_v2(int32_t fd, uint32_t fdflags, int32_t *conn);
WASI_SOCK(sock_recv_from_v2)
uint32_t sock_recv_from_v2(int32_t fd, const struct sock_buf *v, uint32_t n,
			   struct sock_address *from, uint32_t flags,
			   uint16_t *port, uint32_t *size, uint32_t *out_flags);
WASI_SOCK(sock_getlocaladdr_v2)
uint32_t sock_getlocaladdr_v2(int32_t fd, struct sock_address *addr,
			      uint32_t *port);
WASI_SOCK(sock_getpeeraddr_v2)
uint32_t sock_getpeeraddr_v2(int32_t fd, struct sock_address *addr,
			     uint32_t *port);
