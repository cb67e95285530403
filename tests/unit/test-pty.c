#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "host/fdpass.h"
#include "host/pty.h"
#include "test.h"

/* A devpts of our own; the host's is never touched. */
static int new_devpts(void)
{
	int fd;

	SKIP_UNLESS("namespaces", unshare(CLONE_NEWNS) == 0,
		    "cannot unshare mounts");
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("devpts", test_tmpdir(), "devpts", 0,
		    "newinstance,ptmxmode=0666,mode=0620") == 0);
	fd = open(test_tmpdir(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

TEST(a_pty_comes_from_the_given_devpts)
{
	int pts = new_devpts(), master, slave;
	struct stat dir, tty;
	char buf[8];

	CHECK(pty_open(pts, &master, &slave, NULL) == 0);
	CHECK(fstat(pts, &dir) == 0 && fstat(slave, &tty) == 0);
	CHECK(S_ISCHR(tty.st_mode) && major(tty.st_rdev) == 136);
	CHECK(tty.st_dev == dir.st_dev);
	CHECK(fcntl(master, F_GETFD) == FD_CLOEXEC);
	CHECK(fcntl(slave, F_GETFD) == FD_CLOEXEC);
	CHECK(write(slave, "ab\n", 3) == 3);
	CHECK_INT(read(master, buf, sizeof(buf)), 4);
	CHECK(memcmp(buf, "ab\r\n", 4) == 0);
}

TEST(a_directory_that_is_no_devpts_is_refused)
{
	struct err err = {0};
	int master = -1, slave = -1;
	int dir = open(test_tmpdir(), O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* What an image would prepare: its own ptmx. */
	CHECK(symlinkat("/dev/ptmx", dir, "ptmx") == 0);
	CHECK_INT(pty_open(dir, &master, &slave, &err), -ENOTTY);
	CHECK(strstr(err.msg, "devpts"));
	CHECK(master == -1 && slave == -1);
}

TEST(size_is_set_and_zero_leaves_it)
{
	int pts = new_devpts(), master, slave;
	struct winsize size;

	CHECK(pty_open(pts, &master, &slave, NULL) == 0);
	CHECK(pty_set_size(master, 24, 80, NULL) == 0);
	CHECK(pty_set_size(master, 0, 132, NULL) == 0);
	CHECK(ioctl(slave, TIOCGWINSZ, &size) == 0);
	CHECK_INT(size.ws_row, 24);
	CHECK_INT(size.ws_col, 132);
	CHECK_INT(pty_set_size(master, 65536, 1, NULL), -ERANGE);
	CHECK_INT(pty_set_size(pts, 1, 1, NULL), -EBADF);
}

TEST(attach_makes_a_controlling_terminal)
{
	int pts = new_devpts(), master, slave, status;
	pid_t pid;

	CHECK(pty_open(pts, &master, &slave, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(setsid() > 0);
		_exit(pty_attach(slave, NULL) < 0 || tcgetsid(0) != getpid() ||
		      !isatty(1) || !isatty(2));
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

TEST(raw_mode_is_undone)
{
	int pts = new_devpts(), master, slave;
	struct termios before, saved, now;

	CHECK(pty_open(pts, &master, &slave, NULL) == 0);
	CHECK(tcgetattr(slave, &before) == 0);
	CHECK(tty_raw(slave, &saved, NULL) == 0);
	CHECK(tcgetattr(slave, &now) == 0 && !(now.c_lflag & (ECHO | ICANON)));
	tty_restore(slave, &saved);
	CHECK(tcgetattr(slave, &now) == 0 && now.c_lflag == before.c_lflag);
	CHECK_INT(tty_raw(pts, &saved, NULL), -EBADF);
}

/* A socket `len` bytes deep below the test's directory, listening. */
static int listen_at(char *path, size_t size, size_t len)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dir;

	snprintf(path, size, "%s", test_tmpdir());
	while (strlen(path) < len) {
		strcat(path, "/a-long-name-for-a-directory");
		CHECK(mkdir(path, 0700) == 0);
	}
	dir = open(path, O_PATH | O_CLOEXEC);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/s",
		 dir);
	CHECK(bind(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	CHECK(listen(sock, 1) == 0);
	strcat(path, "/s");
	close(dir);
	return sock;
}

static void send_and_compare(size_t depth)
{
	int pts = new_devpts(), master, slave, got = -1, conn, sock;
	char path[1024], text[32] = "";
	struct stat a, b;
	size_t n = 0;

	/* The devpts hides the directory; use another one for the socket. */
	CHECK(umount2(test_tmpdir(), MNT_DETACH) == 0);
	sock = listen_at(path, sizeof(path), depth);
	CHECK(pty_open(pts, &master, &slave, NULL) == 0);
	CHECK(pty_send_master(path, master, NULL) == 0);
	conn = accept(sock, NULL, NULL);
	CHECK_INT(fd_recv(conn, text, sizeof(text), &got, 1, &n), 9);
	CHECK_STR(text, "/dev/ptmx");
	CHECK_INT(n, 1);
	CHECK(fstat(master, &a) == 0 && fstat(got, &b) == 0);
	CHECK(a.st_rdev == b.st_rdev && a.st_ino == b.st_ino);
	CHECK(fcntl(got, F_GETFD) == FD_CLOEXEC);
}

TEST(the_master_reaches_the_engine)
{
	send_and_compare(0);
}

TEST(a_console_socket_may_have_a_long_path)
{
	send_and_compare(400);
}

TEST(a_missing_console_socket_is_named)
{
	struct err err = {0};

	CHECK_INT(unix_connect("/nonexistent/s", SOCK_STREAM, "console socket",
			       &err),
		  -ENOENT);
	CHECK_STR(err.msg, "connect to console socket /nonexistent/s: "
			   "No such file or directory");
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

TEST(more_descriptors_than_expected_are_closed)
{
	int pair[2], fds[3] = {0, 1, 2}, got[3], before;
	char text[4];
	size_t n;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	before = open_fds();
	CHECK(fd_send(pair[0], "x", 1, fds, 3) == 0);
	CHECK_INT(fd_recv(pair[1], text, 4, got, 2, &n), -EBADMSG);
	CHECK_INT(open_fds(), before);
	/* A message that does not fit is no message. */
	CHECK(fd_send(pair[0], "12345", 5, fds, 1) == 0);
	CHECK_INT(fd_recv(pair[1], text, 4, got, 2, &n), -EBADMSG);
	CHECK_INT(open_fds(), before);
	CHECK(fd_send(pair[0], "1234", 4, NULL, 0) == 0);
	CHECK_INT(fd_recv(pair[1], text, 4, got, 2, &n), 4);
	CHECK_INT(n, 0);
	close(pair[0]);
	CHECK_INT(fd_recv(pair[1], text, 4, got, 2, &n), 0);
	CHECK_INT(fd_send(pair[1], "x", 1, NULL, 0), -EPIPE);
}
