#include "wasm/wasi_dns.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "wasm/wasi_internal.h"

enum {
	HEADER = 12, /* id, flags, four counts: 16 bits each */
	CLASS_IN = 1,
	FLAG_RESPONSE = 0x80, /* of byte 2 */
	FLAG_TRUNCATED = 0x02,
	FLAG_RECURSION = 0x01,
	RCODE_NXDOMAIN = 3,
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

int dns_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name,
	      uint16_t type)
{
	size_t len = strlen(name), at = HEADER;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || len > 253)
		return -1;
	memset(out, 0, HEADER);
	put16(out, id);
	out[2] = FLAG_RECURSION;
	put16(out + 4, 1);
	for (size_t i = 0; i <= len;) {
		size_t n = strcspn(name + i, ".");

		if (n > len - i)
			n = len - i;
		if (n == 0 || n > 63)
			return -1;
		out[at++] = (uint8_t)n;
		memcpy(out + at, name + i, n);
		at += n;
		i += n + 1;
	}
	out[at++] = 0;
	put16(out + at, type);
	put16(out + at + 2, CLASS_IN);
	return (int)at + 4;
}

/* Behind the name at `at`, or 0.  A compressed name ends with a pointer,
 * which need not be followed to know where the name ends. */
static size_t skip_name(const uint8_t *msg, size_t len, size_t at)
{
	while (at < len) {
		uint8_t n = msg[at];

		if (n == 0)
			return at + 1;
		if ((n & 0xc0) == 0xc0)
			return at + 2;
		if (n & 0xc0)
			return 0;
		at += 1u + n;
	}
	return 0;
}

/* Names are compared without regard to case: servers may change it. */
static bool same_question(const uint8_t *msg, size_t len, const uint8_t *query,
			  size_t query_len)
{
	if (len < query_len || get16(msg + 4) != 1)
		return false;
	for (size_t i = HEADER; i < query_len - 4; i++) {
		uint8_t a = msg[i], b = query[i];

		if (a >= 'A' && a <= 'Z')
			a |= 0x20;
		if (b >= 'A' && b <= 'Z')
			b |= 0x20;
		if (a != b)
			return false;
	}
	return memcmp(msg + query_len - 4, query + query_len - 4, 4) == 0;
}

/* The records of the answer section.  CNAMEs are skipped: the server has
 * followed them, and their addresses are there as well. */
static int addresses(const uint8_t *msg, size_t len, size_t at, uint16_t type,
		     struct wasi_resolved *ret, size_t max)
{
	size_t want = type == DNS_TYPE_A ? 4 : 16, n = 0;

	for (unsigned int left = get16(msg + 6); left > 0; left--) {
		size_t data;

		at = skip_name(msg, len, at);
		if (!at || len < at || len - at < 10)
			break;
		data = get16(msg + at + 8);
		if (len - at - 10 < data)
			break;
		if (get16(msg + at) == type && data == want &&
		    get16(msg + at + 2) == CLASS_IN && n < max) {
			ret[n] = (struct wasi_resolved){
				.family =
					type == DNS_TYPE_A ? AF_INET : AF_INET6,
			};
			memcpy(ret[n++].addr, msg + at + 10, want);
		}
		at += 10 + data;
	}
	return (int)n;
}

int dns_answer(const uint8_t *msg, size_t len, const uint8_t *query,
	       size_t query_len, uint16_t type, struct wasi_resolved *ret,
	       size_t max)
{
	int n;

	if (len < HEADER || memcmp(msg, query, 2) != 0 ||
	    !(msg[2] & FLAG_RESPONSE) ||
	    !same_question(msg, len, query, query_len))
		return DNS_STRAY;
	if ((msg[3] & 0x0f) == RCODE_NXDOMAIN)
		return -WASI_EAI_NONAME;
	if (msg[3] & 0x0f)
		return -WASI_EAI_AGAIN; /* another server may do better */
	n = addresses(msg, len, query_len, type, ret, max);
	/* A truncated answer that has addresses is enough to connect. */
	if (n == 0)
		return msg[2] & FLAG_TRUNCATED ? -WASI_EAI_FAIL
					       : -WASI_EAI_NODATA;
	return n;
}
