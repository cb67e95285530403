/* WasmEdge's second version of functions whose shape did not change: the
 * address may have 128 bytes. */
#pragma once

#include "../../../examples/wasmedge_socket.h"
#include "../wasi/check.h"

WASI_SOCK(sock_open_v2)
uint32_t sock_open_v2(uint32_t family, uint32_t type, int32_t *fd);
WASI_SOCK(sock_bind_v2)
uint32_t sock_bind_v2(int32_t fd, const struct sock_address *a, uint32_t port);
WASI_SOCK(sock_listen_v2)
uint32_t sock_listen_v2(int32_t fd, int32_t backlog);
WASI_SOCK(sock_connect_v2)
uint32_t sock_connect_v2(int32_t fd, const struct sock_address *a,
			 uint32_t port);
WASI_SOCK(sock_recv_v2)
uint32_t sock_recv_v2(int32_t fd, const struct sock_buf *v, uint32_t n,
		      uint32_t flags, uint32_t *size, uint32_t *out_flags);
WASI_SOCK(sock_send_v2)
uint32_t sock_send_v2(int32_t fd, const struct sock_buf *v, uint32_t n,
		      uint32_t flags, uint32_t *size);
WASI_SOCK(sock_send_to_v2)
uint32_t sock_send_to_v2(int32_t fd, const struct sock_buf *v, uint32_t n,
			 const struct sock_address *to, int32_t port,
			 uint32_t flags, uint32_t *size);

/* An address of 128 bytes. */
struct storage {
	uint16_t family;
	uint8_t data[126];
};
