/* wasm/wasi_dns.h
 * The messages of DNS (RFC 1035, section 4): one question, and the addresses
 * of its answer.  An answer is whatever somebody sent, so everything in it is
 * checked. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct wasi_resolved;

enum {
	DNS_TYPE_A = 1,
	DNS_TYPE_AAAA = 28,
	DNS_QUERY_MAX = 12 + 256 + 4,
	/* What a server may send to who did not ask for more is 512. */
	DNS_ANSWER_MAX = 4096,
	DNS_STRAY = -0x10000,
};

/* Returns its length, or -1 when `name` is none: labels of 1 to 63 bytes, 253
 * in all, a final dot is ignored. */
int dns_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name,
	      uint16_t type);

/* How many addresses the answer to `query` has, at most `max` in `ret`;
 * DNS_STRAY if it is not an answer to it; a negative enum wasi_errno. */
int dns_answer(const uint8_t *msg, size_t len, const uint8_t *query,
	       size_t query_len, uint16_t type, struct wasi_resolved *ret,
	       size_t max);
