/* host/pty.h
 * Terminals.  A container's pty comes from the devpts that is mounted in the
 * container, and is reached only through descriptors: a path such as
 * /dev/pts/0 means whatever the image made of it (CVE-2025-52565). */
#pragma once

#include <stdbool.h>
#include <termios.h>

struct err;

/* A new pty of the devpts mounted at `pts_dir_fd` (checked to be one).
 * `ret_slave` is the terminal's own end, opened with TIOCGPTPEER. */
int pty_open(int pts_dir_fd, int *ret_master, int *ret_slave, struct err *err);
/* Another descriptor of the terminal's own end. */
int pty_peer(int master, struct err *err);
/* In characters.  process.consoleSize; zero leaves a dimension alone. */
int pty_set_size(int fd, unsigned int height, unsigned int width,
		 struct err *err);
/* Copy the window size of terminal `from`; -ENOTTY when it is none. */
int pty_copy_size(int from, int to);
/* Make `slave` the controlling terminal of the calling session leader and
 * its stdin, stdout and stderr. */
int pty_attach(int slave, struct err *err);

/* Give the master to the engine that listens at --console-socket.  The
 * message is the terminal's name ("/dev/ptmx"), as runc sends it. */
int pty_send_master(const char *socket_path, int master, struct err *err);

/* Raw mode for a person's terminal, and back. */
int tty_raw(int fd, struct termios *saved, struct err *err);
void tty_restore(int fd, const struct termios *saved);
