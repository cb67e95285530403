/* wasm/wasi_sock_opt.c
 * WasmEdge's socket options and sock_getaddrinfo. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/time.h>

#include "base/cleanup.h"
#include "wasm/wasi_sock_addr.h"

/* --- options ----------------------------------------------------------- */

/* In WasmEdge's order.  Values have the layout of Linux: int, struct linger,
 * and a timeval of two 64-bit numbers. */
static const struct {
	int host;
	uint8_t size; /* in bytes; 0: text */
	bool settable;
} options[] = {
	{SO_REUSEADDR, 4, true},
	{SO_TYPE, 4, false},
	{SO_ERROR, 4, false},
	{SO_DONTROUTE, 4, true},
	{SO_BROADCAST, 4, true},
	{SO_SNDBUF, 4, true},
	{SO_RCVBUF, 4, true},
	{SO_KEEPALIVE, 4, true},
	{SO_OOBINLINE, 4, true},
	{SO_LINGER, sizeof(struct linger), true},
	{SO_RCVLOWAT, 4, true},
	{SO_RCVTIMEO, sizeof(struct timeval), true},
	{SO_SNDTIMEO, sizeof(struct timeval), true},
	{SO_ACCEPTCONN, 4, false},
	{SO_BINDTODEVICE, 0, true},
};

_Static_assert(sizeof(struct timeval) == 16, "as wasi-libc has it");

/* The socket, if option arg[2] of level arg[1] exists. */
static uint32_t get_option(struct wasi_call *c, const union wasm_value *arg,
			   struct wasi_fd **ret)
{
	uint32_t rc = wasi_fd_get(c->w, arg[0].i32, 0, ret);

	if (rc)
		return rc;
	if ((*ret)->filetype != WASI_FILETYPE_SOCKET_DGRAM &&
	    (*ret)->filetype != WASI_FILETYPE_SOCKET_STREAM)
		return WASI_ENOTSOCK;
	if (arg[1].i32 != 0)
		return WASI_EINVAL; /* SOL_SOCKET is 0, and the only level */
	return arg[2].i32 < ARRAY_SIZE(options) ? WASI_SUCCESS
						: WASI_ENOPROTOOPT;
}

uint32_t wasi_sock_setsockopt(struct wasi_call *c, const union wasm_value *arg)
{
	uint8_t value[IFNAMSIZ > 16 ? IFNAMSIZ : 16];
	uint32_t len = arg[4].i32, name = arg[2].i32;
	struct wasi_fd *f;
	uint32_t rc = get_option(c, arg, &f);

	if (rc)
		return rc;
	if (!options[name].settable)
		return WASI_ENOPROTOOPT;
	if (options[name].size ? len != options[name].size
			       : len > sizeof(value))
		return WASI_EINVAL;
	if (len && !guest_read(c, value, arg[3].i32, len))
		return WASI_EFAULT;
	return setsockopt(f->fd, SOL_SOCKET, options[name].host, value, len) < 0
		       ? wasi_errno(-errno)
		       : WASI_SUCCESS;
}

/* What Linux and WASI number differently. */
static void translate(int host, uint8_t value[16])
{
	int32_t v;

	memcpy(&v, value, sizeof(v));
	if (host == SO_ERROR)
		v = (int32_t)wasi_errno(-v);
	else if (host == SO_TYPE)
		v = v == SOCK_DGRAM ? WASI_SOCK_DGRAM : WASI_SOCK_STREAM;
	else
		return;
	memcpy(value, &v, sizeof(v));
}

uint32_t wasi_sock_getsockopt(struct wasi_call *c, const union wasm_value *arg)
{
	uint8_t value[16] = {0};
	uint32_t len, name = arg[2].i32;
	socklen_t got = sizeof(value);
	struct wasi_fd *f;
	uint32_t rc = get_option(c, arg, &f);

	if (rc)
		return rc;
	if (!guest_read(c, &len, arg[4].i32, sizeof(len)) ||
	    !guest_at(c, arg[3].i32, len))
		return WASI_EFAULT;
	if (getsockopt(f->fd, SOL_SOCKET, options[name].host, value, &got) < 0)
		return wasi_errno(-errno);
	if (len < got)
		return WASI_EINVAL;
	translate(options[name].host, value);
	guest_write(c, arg[3].i32, value, got);
	return guest_write_u32(c, arg[4].i32, got);
}

/* --- names ------------------------------------------------------------- */

/* The caller makes a list of `max` results, linked by `next`, each with a
 * sockaddr and room for sa_data; we fill in as many as there are.  A structure
 * of 28 bytes; the protocol is read as a byte, since Rust's has no more. */
struct guest_addrinfo {
	uint16_t flags;
	uint8_t family, socktype;
	uint32_t protocol;
	uint32_t addrlen, addr;
	uint32_t canonname, canonname_len;
	uint32_t next;
};

/* Of 12 bytes. */
struct guest_sockaddr {
	uint8_t family;
	uint8_t pad[3];
	uint32_t data_len, data;
};

enum {
	AI_GUEST_PASSIVE = 1,
	AI_GUEST_CANONNAME = 2,
	AI_GUEST_NUMERICHOST = 4,
	AI_GUEST_NUMERICSERV = 8,
	AI_GUEST_ALL_FLAGS = 0x7f,

	PROTO_IP = 0,
	PROTO_TCP,
	PROTO_UDP,
};

/* A string of the guest, whose length may count a NUL. */
static uint32_t get_name(struct wasi_call *c, uint32_t at, uint32_t len,
			 char name[256])
{
	const char *p = guest_at(c, at, len);

	if (!p)
		return WASI_EFAULT;
	if (len > 255)
		return WASI_EAI_NONAME;
	memcpy(name, p, len);
	name[len] = '\0';
	return WASI_SUCCESS;
}

static uint32_t check_hints(const struct guest_addrinfo *h, const char *node)
{
	if (h->flags & ~AI_GUEST_ALL_FLAGS ||
	    (h->flags & AI_GUEST_CANONNAME && !*node))
		return WASI_EAI_BADFLAG;
	if (h->family > WASI_AF_INET6)
		return WASI_EAI_FAMILY;
	if ((uint8_t)h->protocol > PROTO_UDP)
		return WASI_EAI_SERVICE;
	return h->socktype > WASI_SOCK_STREAM ? WASI_EAI_SOCKTYPE
					      : WASI_SUCCESS;
}

struct lookup {
	struct guest_addrinfo hints;
	char node[256], service[256];
	uint16_t port;
	struct wasi_resolved addr[WASI_RESOLVE_MAX];
	int n;
};

static int host_family(uint8_t family)
{
	return family == WASI_AF_INET4   ? AF_INET
	       : family == WASI_AF_INET6 ? AF_INET6
					 : AF_UNSPEC;
}

/* No node: an address to bind to, or the loopback. */
static int own_addresses(struct lookup *l)
{
	static const uint8_t lo4[4] = {127, 0, 0, 1};
	int family = host_family(l->hints.family), n = 0;
	bool any = l->hints.flags & AI_GUEST_PASSIVE;

	if (family != AF_INET) {
		l->addr[n] = (struct wasi_resolved){.family = AF_INET6};
		l->addr[n++].addr[15] = !any;
	}
	if (family != AF_INET6) {
		l->addr[n] = (struct wasi_resolved){.family = AF_INET};
		if (!any)
			memcpy(l->addr[n].addr, lo4, 4);
		n++;
	}
	return n;
}

static uint32_t look_up(struct wasi_call *c, struct lookup *l)
{
	bool udp = l->hints.socktype == WASI_SOCK_DGRAM ||
		   (uint8_t)l->hints.protocol == PROTO_UDP;
	int etc = c->w->cfg.etc_root, port = 0;

	if (*l->service)
		port = wasi_resolve_service(
			etc, l->service, udp ? "udp" : "tcp",
			l->hints.flags & AI_GUEST_NUMERICSERV);
	if (port < 0)
		return WASI_EAI_SERVICE;
	l->port = (uint16_t)port;
	l->n = *l->node ? wasi_resolve(etc, l->node,
				       host_family(l->hints.family),
				       l->hints.flags & AI_GUEST_NUMERICHOST,
				       l->addr, WASI_RESOLVE_MAX)
			: own_addresses(l);
	return l->n < 0 ? (uint32_t)-l->n : WASI_SUCCESS;
}

/* Result `i` into the entry at `at`; *next is the following one. */
static uint32_t put_result(struct wasi_call *c, const struct lookup *l, int i,
			   uint32_t at, uint32_t *next)
{
	const struct wasi_resolved *r = &l->addr[i];
	uint8_t data[26] = {(uint8_t)(l->port >> 8), (uint8_t)l->port};
	bool v4 = r->family == AF_INET;
	struct guest_addrinfo ai;
	struct guest_sockaddr sa;

	if (!guest_read(c, &ai, at, sizeof(ai)) ||
	    !guest_read(c, &sa, ai.addr, sizeof(sa)))
		return WASI_EFAULT;
	*next = ai.next;
	/* sa_data of a sockaddr_in or _in6; like WasmEdge we do not ask how
	 * much room there is, because callers say 14 and mean 26. */
	memcpy(data + (v4 ? 2 : 6), r->addr, v4 ? 4 : 16);
	sa.family = v4 ? WASI_AF_INET4 : WASI_AF_INET6;
	sa.data_len = v4 ? 14 : 26;
	ai.flags = l->hints.flags;
	ai.family = sa.family;
	ai.socktype = l->hints.socktype ? l->hints.socktype : WASI_SOCK_STREAM;
	ai.protocol = ai.socktype == WASI_SOCK_STREAM ? PROTO_TCP : PROTO_UDP;
	ai.addrlen = v4 ? 16 : 28;
	ai.canonname_len = 0;
	if (i == 0 && l->hints.flags & AI_GUEST_CANONNAME) {
		ai.canonname_len = (uint32_t)strlen(l->node);
		if (!guest_write(c, ai.canonname, l->node,
				 ai.canonname_len + 1))
			return WASI_EFAULT;
	}
	if (!guest_write(c, sa.data, data, sa.data_len) ||
	    !guest_write(c, ai.addr, &sa, sizeof(sa)) ||
	    !guest_write(c, at, &ai, sizeof(ai)))
		return WASI_EFAULT;
	return WASI_SUCCESS;
}

uint32_t wasi_sock_getaddrinfo(struct wasi_call *c, const union wasm_value *arg)
{
	uint32_t at, max = arg[6].i32, n = 0, rc;
	struct lookup l = {0};

	if (c->w->cfg.no_sockets)
		return WASI_ENOTCAPABLE;
	rc = get_name(c, arg[0].i32, arg[1].i32, l.node);
	if (rc == WASI_SUCCESS)
		rc = get_name(c, arg[2].i32, arg[3].i32, l.service);
	if (rc)
		return rc;
	if (!guest_read(c, &l.hints, arg[4].i32, sizeof(l.hints)) ||
	    !guest_read(c, &at, arg[5].i32, sizeof(at)) ||
	    !guest_at(c, arg[7].i32, 4))
		return WASI_EFAULT;
	if (!*l.node && !*l.service)
		return WASI_EAI_NONAME;
	if (!max)
		return WASI_EAI_MEMORY;
	rc = check_hints(&l.hints, l.node);
	if (rc == WASI_SUCCESS)
		rc = look_up(c, &l);
	for (; rc == WASI_SUCCESS && n < max && n < (uint32_t)l.n; n++)
		rc = put_result(c, &l, (int)n, at, &at);
	return rc ? rc : guest_write_u32(c, arg[7].i32, n);
}
