#include "host/pty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/fdpass.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int pty_peer(int master, struct err *err)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, -errno, "open the terminal of our pty");
	return fd;
}

int pty_open(int pts_dir_fd, int *ret_master, int *ret_slave, struct err *err)
{
	_cleanup_close_ int master = -1, slave = -1;
	int unlock = 0;
	struct statfs fs;

	/* Files of a devpts are the kernel's alone: no image can have put its
	 * own ptmx there. */
	if (fstatfs(pts_dir_fd, &fs) < 0)
		return err_set(err, -errno,
			       "look at /dev/pts in the container");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_say(err, -ENOTTY,
			       "process.terminal needs a devpts "
			       "mounted at /dev/pts in the container");
	master = openat(pts_dir_fd, "ptmx",
			O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (master < 0)
		return err_set(err, -errno,
			       "open /dev/pts/ptmx in the container");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_set(err, -errno, "unlock a pty");
	slave = pty_peer(master, err);
	if (slave < 0)
		return slave;
	*ret_master = steal_fd(&master);
	*ret_slave = steal_fd(&slave);
	return 0;
}

int pty_set_size(int fd, unsigned int height, unsigned int width,
		 struct err *err)
{
	struct winsize size;

	if (height > UINT16_MAX || width > UINT16_MAX)
		return err_say(err, -ERANGE,
			       "process.consoleSize: a terminal "
			       "has at most %d rows and columns",
			       UINT16_MAX);
	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return err_set(err, -errno, "read the size of a terminal");
	if (height)
		size.ws_row = (unsigned short)height;
	if (width)
		size.ws_col = (unsigned short)width;
	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return err_set(err, -errno, "set the size of a terminal");
	return 0;
}

int pty_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) < 0 ||
	    ioctl(to, TIOCSWINSZ, &size) < 0)
		return -errno;
	return 0;
}

int pty_attach(int slave, struct err *err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(err, -errno, "make a controlling terminal");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return err_set(err, -errno, "attach to the terminal");
	return 0;
}

int pty_send_master(const char *socket_path, int master, struct err *err)
{
	static const char name[] = "/dev/ptmx";
	_cleanup_close_ int sock =
		unix_connect(socket_path, SOCK_STREAM, "console socket", err);
	int rc;

	if (sock < 0)
		return sock;
	rc = fd_send(sock, name, sizeof(name) - 1, &master, 1);
	if (rc < 0)
		return err_set(err, rc,
			       "send the terminal to console socket %s",
			       socket_path);
	return 0;
}

int tty_raw(int fd, struct termios *saved, struct err *err)
{
	struct termios raw;

	if (tcgetattr(fd, saved) < 0)
		return err_set(err, -errno, "read the terminal's settings");
	raw = *saved;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return err_set(err, -errno, "set the terminal to raw mode");
	return 0;
}

void tty_restore(int fd, const struct termios *saved)
{
	tcsetattr(fd, TCSANOW, saved);
}
