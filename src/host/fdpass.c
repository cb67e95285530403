#include "host/fdpass.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

int fd_send(int sock, const void *data, size_t len, const int *fds,
	    size_t n_fds)
{
	union fd_control control = {0};
	struct iovec iov = {(void *)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (n_fds > FDPASS_MAX || len == 0)
		return -EINVAL;
	if (n_fds) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* The descriptors went with the first byte; what is left of a long
	 * message on a stream follows without them. */
	while ((size_t)n < len) {
		ssize_t more = send(sock, (const char *)data + n,
				    len - (size_t)n, MSG_NOSIGNAL);

		if (more < 0 && errno != EINTR)
			return -errno;
		if (more > 0)
			n += more;
	}
	return 0;
}

ssize_t fd_recv(int sock, void *data, size_t len, int *fds, size_t max_fds,
		size_t *n_fds)
{
	union fd_control control;
	struct iovec iov = {data, len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int got[FDPASS_MAX];
	size_t n_got = 0;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
		    n_got + bytes / sizeof(int) > FDPASS_MAX)
			continue;
		memcpy(got + n_got, CMSG_DATA(c), bytes);
		n_got += bytes / sizeof(int);
	}
	if (n_got > max_fds || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		while (n_got > 0)
			close(got[--n_got]);
		return -EBADMSG;
	}
	if (n_got)
		memcpy(fds, got, n_got * sizeof(int));
	if (n_fds)
		*n_fds = n_got;
	return n;
}

/* sun_path is short.  A longer path is reached through a descriptor of the
 * directory it is in; and if the name itself is too long, of the socket. */
static int shorten(const char *path, char *ret, size_t size, int *ret_fd)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	_cleanup_free_ char *dir = NULL;
	int fd;

	if (strlen(path) < size) {
		strcpy(ret, path);
		return 0;
	}
	if (strlen(base) + sizeof("/proc/self/fd/2147483647/") > size) {
		fd = open(path, O_PATH | O_CLOEXEC);
		base = "";
	} else {
		dir = slash ? xstrndup(path, (size_t)(slash - path) + 1)
			    : xstrdup(".");
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	snprintf(ret, size, "/proc/self/fd/%d%s%s", fd, *base ? "/" : "", base);
	*ret_fd = fd;
	return 0;
}

int unix_connect(const char *path, int type, const char *what, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int sock = -1, via = -1;
	int rc = shorten(path, addr.sun_path, sizeof(addr.sun_path), &via);

	if (rc < 0)
		return err_set(err, rc, "open %s %s", what, path);
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_set(err, -errno, "make a socket for %s", what);
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(err, -errno, "connect to %s %s", what, path);
	return steal_fd(&sock);
}
