#include "runtime/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/fdpass.h"
#include "host/pty.h"

int container_take_console(int master, const char *console_socket, int *keep,
			   struct err *err)
{
	_cleanup_close_ int fd = master;

	if (fd < 0)
		return err_say(err, -EPROTO, "the process sent no terminal");
	if (console_socket)
		return pty_send_master(console_socket, fd, err);
	close_keep_errno(*keep);
	*keep = steal_fd(&fd);
	return 0;
}

int container_write_pid_file(const char *path, pid_t pid, struct err *err)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = -1;
	char text[16];
	int n, rc = 0;

	if (!path)
		return 0;
	/* Whoever sees the file sees the whole number. */
	tmp = xasprintf("%s.%d", path, (int)getpid());
	n = snprintf(text, sizeof(text), "%d", (int)pid);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, -errno, "--pid-file %s", path);
	if (write(fd, text, (size_t)n) != n || rename(tmp, path) < 0)
		rc = errno ? -errno : -EIO;
	if (rc == 0)
		return 0;
	unlink(tmp);
	return err_set(err, rc, "--pid-file %s", path);
}

int container_send_pidfd(const char *path, int pidfd, struct err *err)
{
	_cleanup_close_ int sock = -1;
	int rc;

	if (!path)
		return 0;
	sock = unix_connect(path, SOCK_STREAM, "--pidfd-socket", err);
	if (sock < 0)
		return sock;
	rc = fd_send(sock, "pidfd", 5, &pidfd, 1);
	return rc < 0 ? err_set(err, rc, "--pidfd-socket %s", path) : 0;
}
