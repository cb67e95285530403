/* wasm/wasi_sock.c
 * Sockets: the four functions of preview 1, and WasmEdge's extension, with
 * which a guest opens sockets of its own. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_sock_addr.h"

static bool is_socket(const struct wasi_fd *f)
{
	return f->filetype == WASI_FILETYPE_SOCKET_DGRAM ||
	       f->filetype == WASI_FILETYPE_SOCKET_STREAM;
}

static uint32_t get_socket(struct wasi_call *c, uint32_t fd, uint64_t rights,
			   struct wasi_fd **ret)
{
	uint32_t rc = wasi_fd_get(c->w, fd, 0, ret);

	if (rc)
		return rc;
	if (!is_socket(*ret))
		return WASI_ENOTSOCK;
	return wasi_fd_get(c->w, fd, rights, ret);
}

/* Give the guest a socket of ours, and its number at `at`. */
static uint32_t add_socket(struct wasi_call *c, int fd, uint32_t at)
{
	struct wasi_fd f = {.fd = fd, .owned = true};
	uint32_t number, rc;
	int err = wasi_fd_describe(&f, WASI_RIGHTS_ALL, 0);

	if (err < 0) {
		wasi_fd_drop(&f);
		return wasi_errno(err);
	}
	rc = wasi_fd_add(c->w, &f, &number);
	return rc ? rc : guest_write_u32(c, at, number);
}

static uint32_t done(int rc)
{
	return rc < 0 ? wasi_errno(-errno) : WASI_SUCCESS;
}

/* --- preview 1 --------------------------------------------------------- */

static uint32_t do_accept(struct wasi_call *c, uint32_t fd, uint32_t fdflags,
			  uint32_t at)
{
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, fd, WASI_RIGHT_SOCK_ACCEPT, &f);
	int flags = SOCK_CLOEXEC, s;

	if (rc)
		return rc;
	if (fdflags & ~WASI_FDFLAG_NONBLOCK)
		return WASI_EINVAL;
	if (!guest_at(c, at, 4))
		return WASI_EFAULT;
	if (fdflags & WASI_FDFLAG_NONBLOCK)
		flags |= SOCK_NONBLOCK;
	s = accept4(f->fd, NULL, NULL, flags);
	return s < 0 ? wasi_errno(-errno) : add_socket(c, s, at);
}

uint32_t wasi_sock_accept(struct wasi_call *c, const union wasm_value *arg)
{
	return do_accept(c, arg[0].i32, arg[1].i32, arg[2].i32);
}

uint32_t wasi_sock_accept_v1(struct wasi_call *c, const union wasm_value *arg)
{
	return do_accept(c, arg[0].i32, 0, arg[1].i32);
}

/* `m` may have room for a name. */
static uint32_t do_recv(struct wasi_call *c, const struct wasi_fd *f,
			struct msghdr *m, uint32_t iovs, uint32_t n,
			uint32_t riflags, uint32_t size_at, uint32_t flags_at)
{
	struct iovec iov[WASI_IOV_MAX];
	uint16_t roflags = 0;
	int flags = 0;
	ssize_t got;
	uint32_t rc = guest_iovecs(c, iovs, n, iov);

	if (rc)
		return rc;
	if (!guest_at(c, size_at, 4) || !guest_at(c, flags_at, 2))
		return WASI_EFAULT;
	if (riflags & ~(WASI_RECV_PEEK | WASI_RECV_WAITALL))
		return WASI_ENOTSUP;
	if (riflags & WASI_RECV_PEEK)
		flags |= MSG_PEEK;
	if (riflags & WASI_RECV_WAITALL)
		flags |= MSG_WAITALL;
	m->msg_iov = iov;
	m->msg_iovlen = n;
	got = recvmsg(f->fd, m, flags);
	if (got < 0)
		return wasi_errno(-errno);
	if (m->msg_flags & MSG_TRUNC)
		roflags |= WASI_RECV_TRUNCATED;
	guest_write(c, flags_at, &roflags, sizeof(roflags));
	return guest_write_u32(c, size_at, (uint32_t)got);
}

uint32_t wasi_sock_recv(struct wasi_call *c, const union wasm_value *arg)
{
	struct msghdr m = {0};
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, arg[0].i32, WASI_RIGHT_FD_READ, &f);

	if (rc)
		return rc;
	return do_recv(c, f, &m, arg[1].i32, arg[2].i32, arg[3].i32, arg[4].i32,
		       arg[5].i32);
}

static uint32_t do_send(struct wasi_call *c, const struct wasi_fd *f,
			struct msghdr *m, uint32_t iovs, uint32_t n,
			uint32_t siflags, uint32_t size_at)
{
	struct iovec iov[WASI_IOV_MAX];
	ssize_t sent;
	uint32_t rc = guest_iovecs(c, iovs, n, iov);

	if (rc)
		return rc;
	if (!guest_at(c, size_at, 4))
		return WASI_EFAULT;
	if (siflags)
		return WASI_ENOTSUP; /* none is defined */
	m->msg_iov = iov;
	m->msg_iovlen = n;
	sent = sendmsg(f->fd, m, MSG_NOSIGNAL);
	return sent < 0 ? wasi_errno(-errno)
			: guest_write_u32(c, size_at, (uint32_t)sent);
}

uint32_t wasi_sock_send(struct wasi_call *c, const union wasm_value *arg)
{
	struct msghdr m = {0};
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, arg[0].i32, WASI_RIGHT_FD_WRITE, &f);

	if (rc)
		return rc;
	return do_send(c, f, &m, arg[1].i32, arg[2].i32, arg[3].i32,
		       arg[4].i32);
}

uint32_t wasi_sock_shutdown(struct wasi_call *c, const union wasm_value *arg)
{
	static const int how[] = {-1, SHUT_RD, SHUT_WR, SHUT_RDWR};
	struct wasi_fd *f;
	uint32_t rc;

	if (arg[1].i32 == 0 || arg[1].i32 >= ARRAY_SIZE(how))
		return WASI_EINVAL;
	rc = get_socket(c, arg[0].i32, WASI_RIGHT_SOCK_SHUTDOWN, &f);
	return rc ? rc : done(shutdown(f->fd, how[arg[1].i32]));
}

/* --- WasmEdge's extension ---------------------------------------------- */

uint32_t wasi_sock_open(struct wasi_call *c, const union wasm_value *arg)
{
	static const int families[] = {-1, AF_INET, AF_INET6, AF_UNIX};
	static const int types[] = {-1, SOCK_DGRAM, SOCK_STREAM};
	int fd;

	if (c->w->cfg.no_sockets)
		return WASI_ENOTCAPABLE;
	if (!guest_at(c, arg[2].i32, 4))
		return WASI_EFAULT;
	if (arg[0].i32 == 0 || arg[0].i32 >= ARRAY_SIZE(families))
		return WASI_EAFNOSUPPORT;
	if (arg[1].i32 == 0 || arg[1].i32 >= ARRAY_SIZE(types))
		return WASI_EINVAL;
	fd = socket(families[arg[0].i32], types[arg[1].i32] | SOCK_CLOEXEC, 0);
	return fd < 0 ? wasi_errno(-errno) : add_socket(c, fd, arg[2].i32);
}

/* The guest's directory whose name is the longest beginning of `path`; *rest
 * is what follows.  A relative path is below the first one. */
static struct wasi_fd *directory_of(struct wasi *w, const char *path,
				    const char **rest)
{
	struct wasi_fd *best = NULL;
	size_t best_len = 0;

	for (uint32_t i = 0; i < w->n_fds; i++) {
		struct wasi_fd *f = &w->fds[i];
		size_t n = f->preopen ? strlen(f->preopen) : 0;

		if (f->fd < 0 || !f->preopen)
			continue;
		while (n > 0 && f->preopen[n - 1] == '/')
			n--;
		if (strncmp(path, f->preopen, n) != 0 ||
		    (path[n] != '/' && *path == '/'))
			continue;
		if (!best || (n > best_len && *path == '/')) {
			best = f;
			best_len = *path == '/' ? n : 0;
		}
	}
	*rest = path + best_len;
	while (**rest == '/')
		++*rest;
	return best;
}

/* Unix sockets have no bindat().  A new name is created, never followed, so
 * binding from inside of its directory is safe. */
static int bind_in(const struct wasi_parent *p, int fd)
{
	const struct wasi_dir here = {.fd = AT_FDCWD};
	_cleanup_close_ int cwd = wasi_open_beneath(&here, ".", O_PATH, 0);
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = strlen(p->name);
	int rc;

	if (cwd < 0)
		return cwd;
	if (len >= sizeof(un.sun_path) || p->trailing_slash)
		return -EINVAL;
	memcpy(un.sun_path, p->name, len + 1);
	if (fchdir(p->fd) < 0)
		return -errno;
	rc = bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 ? -errno : 0;
	if (fchdir(cwd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static uint32_t bind_unix(struct wasi_call *c, int fd, const char *path)
{
	_cleanup_parent_ struct wasi_parent p = {0};
	struct wasi_fd *f = directory_of(c->w, path, &path);
	struct wasi_dir dir;
	int rc;

	if (!f || !(f->rights & WASI_RIGHT_PATH_CREATE_FILE))
		return WASI_ENOTCAPABLE;
	if (f->readonly)
		return WASI_EROFS;
	dir = wasi_fd_dir(f);
	rc = wasi_open_parent(&dir, path, &p);
	if (rc == -EXDEV)
		return WASI_ENOTCAPABLE;
	return wasi_errno(rc < 0 ? rc : bind_in(&p, fd));
}

/* The name of a socket that was found below a directory: by descriptor, since
 * connect() would follow a symlink that took its place. */
static uint32_t name_unix(struct wasi_call *c, const char *path, int *held,
			  struct sockaddr_un *un)
{
	struct wasi_fd *f = directory_of(c->w, path, &path);
	struct wasi_dir dir;
	struct stat st;

	if (!f || !(f->rights & WASI_RIGHT_PATH_OPEN))
		return WASI_ENOTCAPABLE;
	dir = wasi_fd_dir(f);
	*held = wasi_open_beneath(&dir, path, O_PATH, 0);
	if (*held < 0)
		return *held == -EXDEV ? WASI_ENOTCAPABLE : wasi_errno(*held);
	if (fstat(*held, &st) < 0)
		return wasi_errno(-errno);
	if (!S_ISSOCK(st.st_mode))
		return WASI_ECONNREFUSED;
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d", *held);
	return WASI_SUCCESS;
}

/* A destination for connect() and sendto().  *held keeps a unix socket's
 * name alive. */
static uint32_t read_destination(struct wasi_call *c, uint32_t at,
				 uint32_t port, struct wasi_sockaddr *a,
				 int *held)
{
	uint32_t rc = wasi_sockaddr_read(c, at, port, a);

	if (rc || a->sa.sa_family != AF_UNIX)
		return rc;
	a->len = sizeof(struct sockaddr_un);
	return name_unix(c, a->path, held, (struct sockaddr_un *)&a->storage);
}

uint32_t wasi_sock_bind(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_sockaddr a;
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, arg[0].i32, 0, &f);

	if (rc == WASI_SUCCESS)
		rc = wasi_sockaddr_read(c, arg[1].i32, arg[2].i32, &a);
	if (rc)
		return rc;
	if (a.sa.sa_family == AF_UNIX)
		return bind_unix(c, f->fd, a.path);
	return done(bind(f->fd, &a.sa, a.len));
}

uint32_t wasi_sock_connect(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_close_ int held = -1;
	struct wasi_sockaddr a;
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, arg[0].i32, 0, &f);

	if (rc == WASI_SUCCESS)
		rc = read_destination(c, arg[1].i32, arg[2].i32, &a, &held);
	return rc ? rc : done(connect(f->fd, &a.sa, a.len));
}

uint32_t wasi_sock_listen(struct wasi_call *c, const union wasm_value *arg)
{
	struct wasi_fd *f;
	uint32_t rc = get_socket(c, arg[0].i32, 0, &f);

	return rc ? rc : done(listen(f->fd, (int)arg[1].i32));
}

uint32_t wasi_sock_send_to(struct wasi_call *c, const union wasm_value *arg)
{
	_cleanup_close_ int held = -1;
	struct wasi_sockaddr a;
	struct wasi_fd *f;
	struct msghdr m = {0};
	uint32_t rc = get_socket(c, arg[0].i32, WASI_RIGHT_FD_WRITE, &f);

	if (rc == WASI_SUCCESS)
		rc = read_destination(c, arg[3].i32, arg[4].i32, &a, &held);
	if (rc)
		return rc;
	m.msg_name = &a.sa;
	m.msg_namelen = a.len;
	return do_send(c, f, &m, arg[1].i32, arg[2].i32, arg[5].i32,
		       arg[6].i32);
}

/* With a place for the sender's address, and maybe one for its port. */
static uint32_t recv_from(struct wasi_call *c, const union wasm_value *arg,
			  const uint32_t *port_at, uint32_t size_at,
			  uint32_t flags_at)
{
	struct sockaddr_storage from = {0};
	struct msghdr m = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
	};
	uint32_t family, port, rc;
	struct wasi_fd *f;
	uint16_t port16;

	rc = get_socket(c, arg[0].i32, WASI_RIGHT_FD_READ, &f);
	if (rc == WASI_SUCCESS && port_at && !guest_at(c, *port_at, 2))
		rc = WASI_EFAULT;
	if (rc == WASI_SUCCESS)
		rc = do_recv(c, f, &m, arg[1].i32, arg[2].i32, arg[4].i32,
			     size_at, flags_at);
	if (rc)
		return rc;
	rc = wasi_sockaddr_write(c, arg[3].i32, &from, m.msg_namelen, &family,
				 &port);
	if (rc || !port_at)
		return rc;
	/* WasmEdge writes 16 bits, and guests have made room for no more. */
	port16 = (uint16_t)port;
	return guest_write(c, *port_at, &port16, sizeof(port16)) ? WASI_SUCCESS
								 : WASI_EFAULT;
}

uint32_t wasi_sock_recv_from_v1(struct wasi_call *c,
				const union wasm_value *arg)
{
	return recv_from(c, arg, NULL, arg[5].i32, arg[6].i32);
}

uint32_t wasi_sock_recv_from_v2(struct wasi_call *c,
				const union wasm_value *arg)
{
	return recv_from(c, arg, &arg[5].i32, arg[6].i32, arg[7].i32);
}

typedef int name_fn(int fd, struct sockaddr *sa, socklen_t *len);

/* Returns the family, too. */
static uint32_t get_name(struct wasi_call *c, const union wasm_value *arg,
			 name_fn *fn, uint32_t port_at, uint32_t *family)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	uint32_t port, rc;
	struct wasi_fd *f;

	rc = get_socket(c, arg[0].i32, 0, &f);
	if (rc)
		return rc;
	if (fn(f->fd, (struct sockaddr *)&sa, &len) < 0)
		return wasi_errno(-errno);
	rc = wasi_sockaddr_write(c, arg[1].i32, &sa, len, family, &port);
	return rc ? rc : guest_write_u32(c, port_at, port);
}

/* The first version tells the family as 4 or 6, whatever sock_open calls
 * it; programs rely on that. */
static uint32_t get_name_v1(struct wasi_call *c, const union wasm_value *arg,
			    name_fn *fn)
{
	uint32_t family, rc;

	rc = get_name(c, arg, fn, arg[3].i32, &family);
	if (rc)
		return rc;
	return guest_write_u32(c, arg[2].i32, family == WASI_AF_INET4 ? 4 : 6);
}

uint32_t wasi_sock_getlocaladdr_v1(struct wasi_call *c,
				   const union wasm_value *arg)
{
	return get_name_v1(c, arg, getsockname);
}

uint32_t wasi_sock_getlocaladdr_v2(struct wasi_call *c,
				   const union wasm_value *arg)
{
	uint32_t family;

	return get_name(c, arg, getsockname, arg[2].i32, &family);
}

uint32_t wasi_sock_getpeeraddr_v1(struct wasi_call *c,
				  const union wasm_value *arg)
{
	return get_name_v1(c, arg, getpeername);
}

uint32_t wasi_sock_getpeeraddr_v2(struct wasi_call *c,
				  const union wasm_value *arg)
{
	uint32_t family;

	return get_name(c, arg, getpeername, arg[2].i32, &family);
}
