#include "runtime/sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host/fdpass.h"

static const char *const type_names[SYNC_TYPE_END] = {
	[SYNC_MAP_ME] = "the request for id mappings",
	[SYNC_MAPPED] = "the id mappings",
	[SYNC_INIT_PID] = "the pid of init",
	[SYNC_SOURCES] = "the request for the sources of mounts",
	[SYNC_SOURCE] = "the source of a mount",
	[SYNC_SOURCES_END] = "the last source of a mount",
	[SYNC_NAMESPACES] = "the namespaces",
	[SYNC_HOOKS_DONE] = "the end of the hooks",
	[SYNC_CONSOLE] = "the terminal",
	[SYNC_CREATED] = "the finished shell",
	[SYNC_START] = "the start",
	[SYNC_FAILED] = "a failure",
};

int sync_pair(int ret[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return err_set(err, -errno, "create the sync socket");
	return 0;
}

int sync_send(int sock, enum sync_type type, int fd)
{
	return sync_send_value(sock, type, fd, 0);
}

int sync_send_value(int sock, enum sync_type type, int fd, int value)
{
	struct sync_msg m = {
		.version = SYNC_VERSION,
		.type = (uint16_t)type,
		.value = value,
	};

	return fd_send(sock, &m, sizeof(m), &fd, fd >= 0);
}

void sync_fail(int sock, int exit_status, const struct err *why)
{
	struct sync_msg m = {
		.version = SYNC_VERSION,
		.type = SYNC_FAILED,
		.value = exit_status,
		.err = *why,
	};

	if (m.err.code <= 0)
		m.err.code = EIO;
	fd_send(sock, &m, sizeof(m), NULL, 0);
}

bool sync_msg_valid(const void *data, size_t len)
{
	struct sync_msg m;

	if (len != sizeof(m))
		return false;
	memcpy(&m, data, sizeof(m));
	if (m.version != SYNC_VERSION || m.flags || m.reserved)
		return false;
	if (m.type < SYNC_MAP_ME || m.type >= SYNC_TYPE_END)
		return false;
	if (!memchr(m.err.msg, '\0', sizeof(m.err.msg)))
		return false;
	if (m.type == SYNC_FAILED)
		return m.err.code > 0 && m.value >= 0 && m.value <= 255;
	return true;
}

int sync_recv(int sock, int *fd, int *value, struct err *err)
{
	/* One byte more, so that a message too long is seen to be so. */
	char data[sizeof(struct sync_msg) + 1];
	_cleanup_close_ int got = -1;
	struct sync_msg m;
	size_t n_fds = 0;
	ssize_t n;

	if (fd)
		*fd = -1;
	n = fd_recv(sock, data, sizeof(data), &got, 1, &n_fds);
	if (n_fds == 0)
		got = -1;
	/* A peer that was killed with our message unread resets the pair. */
	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return err_set(err, (int)n, "receive on the sync socket");
	if (!sync_msg_valid(data, (size_t)n))
		return err_say(err, -EPROTO,
			       "malformed message on the sync socket");
	memcpy(&m, data, sizeof(m));
	if (value)
		*value = m.value;
	if (m.type == SYNC_FAILED) {
		if (err)
			*err = m.err;
		return -m.err.code;
	}
	if (fd)
		*fd = steal_fd(&got);
	return m.type;
}

static int check_type(int type, enum sync_type want, struct err *err)
{
	if (type < 0)
		return type;
	if (type == (int)want)
		return 0;
	if (type == 0)
		return err_say(err, -EPIPE, "the other side ended before %s",
			       type_names[want]);
	return err_say(err, -EPROTO, "%s came where %s was due",
		       type_names[type], type_names[want]);
}

int sync_expect(int sock, enum sync_type want, int *fd, int *exit_status,
		struct err *err)
{
	int value = 0, type = sync_recv(sock, fd, &value, err);
	int rc = check_type(type, want, err);

	if (type < 0 && exit_status)
		*exit_status = value;
	if (rc < 0 && fd) {
		close_keep_errno(*fd);
		*fd = -1;
	}
	return rc;
}

int sync_expect_value(int sock, enum sync_type want, int *value,
		      struct err *err)
{
	return check_type(sync_recv(sock, NULL, value, err), want, err);
}
