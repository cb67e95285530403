#include "wasm/wasi_sock_addr.h"

#include <errno.h>
#include <netinet/in.h>

struct guest_buf {
	uint8_t *p;
	uint32_t len;
};

static uint32_t get_buf(struct wasi_call *c, uint32_t at, struct guest_buf *ret)
{
	struct wasi_iovec v;

	if (!guest_read(c, &v, at, sizeof(v)))
		return WASI_EFAULT;
	ret->p = guest_at(c, v.buf, v.len);
	ret->len = v.len;
	return ret->p ? WASI_SUCCESS : WASI_EFAULT;
}

static void set_inet4(struct wasi_sockaddr *a, const uint8_t *addr,
		      uint32_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&a->storage;

	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	memcpy(&in->sin_addr, addr, 4);
	a->len = sizeof(*in);
}

static void set_inet6(struct wasi_sockaddr *a, const uint8_t *addr,
		      uint32_t port)
{
	struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a->storage;

	in->sin6_family = AF_INET6;
	in->sin6_port = htons((uint16_t)port);
	memcpy(&in->sin6_addr, addr, 16);
	a->len = sizeof(*in);
}

static uint32_t read_storage(const uint8_t *p, uint32_t port,
			     struct wasi_sockaddr *ret)
{
	uint8_t copy[WASI_ADDR_STORAGE + 1];
	uint16_t family;

	memcpy(copy, p, WASI_ADDR_STORAGE);
	copy[WASI_ADDR_STORAGE] = '\0';
	memcpy(&family, copy, sizeof(family));
	switch (family) {
	case WASI_AF_INET4:
		set_inet4(ret, copy + 2, port);
		return WASI_SUCCESS;
	case WASI_AF_INET6:
		set_inet6(ret, copy + 2, port);
		return WASI_SUCCESS;
	case WASI_AF_UNIX:
		/* Without a name there would be an abstract one, which no
		 * directory grants. */
		if (!copy[2])
			return WASI_EINVAL;
		ret->sa.sa_family = AF_UNIX;
		memcpy(ret->path, copy + 2, strlen((char *)copy + 2) + 1);
		return WASI_SUCCESS;
	default:
		return WASI_EAFNOSUPPORT;
	}
}

uint32_t wasi_sockaddr_read(struct wasi_call *c, uint32_t at, uint32_t port,
			    struct wasi_sockaddr *ret)
{
	struct guest_buf buf;
	uint32_t rc = get_buf(c, at, &buf);

	if (rc)
		return rc;
	if (port > UINT16_MAX)
		return WASI_EINVAL;
	*ret = (struct wasi_sockaddr){0};
	switch (buf.len) {
	case 4:
		set_inet4(ret, buf.p, port);
		return WASI_SUCCESS;
	case 16:
		set_inet6(ret, buf.p, port);
		return WASI_SUCCESS;
	case WASI_ADDR_STORAGE:
		return read_storage(buf.p, port, ret);
	default:
		return WASI_EINVAL;
	}
}

/* The address inside a sockaddr, and its parts as WASI has them.  Of a unix
 * socket that is its path, as the host knows it: the last component. */
static const void *address_of(const struct sockaddr_storage *sa, socklen_t len,
			      size_t *n, uint32_t *family, uint32_t *port)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_un *un = (const void *)sa;

	*port = 0;
	switch (len >= sizeof(sa->ss_family) ? sa->ss_family : AF_UNSPEC) {
	case AF_INET:
		*family = WASI_AF_INET4;
		*port = ntohs(in->sin_port);
		*n = 4;
		return &in->sin_addr;
	case AF_INET6:
		*family = WASI_AF_INET6;
		*port = ntohs(in6->sin6_port);
		*n = 16;
		return &in6->sin6_addr;
	case AF_UNIX:
		*family = WASI_AF_UNIX;
		*n = len - offsetof(struct sockaddr_un, sun_path);
		if (*n > sizeof(un->sun_path))
			*n = sizeof(un->sun_path);
		return un->sun_path;
	default:
		*family = WASI_AF_UNSPEC;
		*n = 0;
		return "";
	}
}

uint32_t wasi_sockaddr_write(struct wasi_call *c, uint32_t at,
			     const struct sockaddr_storage *sa, socklen_t len,
			     uint32_t *family, uint32_t *port)
{
	uint8_t storage[WASI_ADDR_STORAGE] = {0};
	struct guest_buf buf;
	const void *addr;
	size_t n;
	uint16_t f16;
	uint32_t rc = get_buf(c, at, &buf);

	if (rc)
		return rc;
	addr = address_of(sa, len, &n, family, port);
	switch (buf.len) {
	case 4:
	case 16:
		if (n > buf.len)
			return WASI_EINVAL;
		memcpy(buf.p, addr, n);
		return WASI_SUCCESS;
	case WASI_ADDR_STORAGE:
		f16 = (uint16_t)*family;
		memcpy(storage, &f16, sizeof(f16));
		memcpy(storage + 2, addr, n);
		memcpy(buf.p, storage, sizeof(storage));
		return WASI_SUCCESS;
	default:
		return WASI_EINVAL;
	}
}
