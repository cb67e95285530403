/* wasm/wasi_sock_addr.h
 * Addresses as WasmEdge's guests write them: a struct {buf, len} that points
 * to
 *	  4 bytes   an IPv4 address, and the port as an argument
 *	 16 bytes   an IPv6 address, likewise
 *	128 bytes   a family (16 bits: 1 IPv4, 2 IPv6, 3 unix), then the
 *		    address, or the path of a unix socket up to a NUL
 */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "wasm/wasi_internal.h"

enum {
	WASI_AF_UNSPEC,
	WASI_AF_INET4,
	WASI_AF_INET6,
	WASI_AF_UNIX,

	WASI_SOCK_ANY = 0,
	WASI_SOCK_DGRAM,
	WASI_SOCK_STREAM,

	WASI_ADDR_STORAGE = 128,
};

struct wasi_sockaddr {
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage;
	};
	socklen_t len;
	/* A unix socket's path, which is not in the sockaddr. */
	char path[WASI_ADDR_STORAGE];
};

/* The address that the {buf, len} at `at` leads to. */
uint32_t wasi_sockaddr_read(struct wasi_call *c, uint32_t at, uint32_t port,
			    struct wasi_sockaddr *ret);
/* Write `sa` where the {buf, len} at `at` leads to, and *family and *port of
 * WASI.  A buffer of 4 or 16 bytes takes the bare address; EINVAL if it is
 * too small. */
uint32_t wasi_sockaddr_write(struct wasi_call *c, uint32_t at,
			     const struct sockaddr_storage *sa, socklen_t len,
			     uint32_t *family, uint32_t *port);
