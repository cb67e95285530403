#include "runtime/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/pidfd.h"
#include "host/pty.h"
#include "runtime/notify.h"

int foreground_begin(struct foreground *fg, struct err *err)
{
	sigset_t set;

	sigfillset(&set);
	/* Faults of our own, and job control, are not the container's. */
	sigdelset(&set, SIGSEGV);
	sigdelset(&set, SIGBUS);
	sigdelset(&set, SIGFPE);
	sigdelset(&set, SIGILL);
	sigdelset(&set, SIGABRT);
	sigdelset(&set, SIGTSTP);
	sigdelset(&set, SIGTTIN);
	sigdelset(&set, SIGTTOU);
	sigprocmask(SIG_SETMASK, &set, &fg->old);
	fg->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signals < 0) {
		int rc = err_set(err, -errno, "create a signalfd");

		sigprocmask(SIG_SETMASK, &fg->old, NULL);
		return rc;
	}
	return 0;
}

void foreground_end(struct foreground *fg)
{
	close_keep_errno(fg->signals);
	sigprocmask(SIG_SETMASK, &fg->old, NULL);
}

static int write_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t done = write(fd, data, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			poll(&p, 1, -1);
			continue;
		}
		if (done < 0)
			return -errno;
		data += done;
		n -= (size_t)done;
	}
	return 0;
}

/* False at the end: for a terminal's master EIO says that nobody has the
 * other end open any more. */
static bool copy_some(int from, int to)
{
	char data[16384];
	ssize_t n = read(from, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	return write_all(to, data, (size_t)n) == 0;
}

/* What is left in the terminal after its process has ended. */
static void drain(int master)
{
	struct pollfd p = {.fd = master, .events = POLLIN};

	while (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) &&
	       copy_some(master, STDOUT_FILENO))
		;
}

/* As a subreaper we get children that others left. */
static void reap_others(pid_t pid)
{
	for (;;) {
		siginfo_t si = {0};

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    si.si_pid == 0 || si.si_pid == pid)
			return;
		waitpid(si.si_pid, NULL, WNOHANG);
	}
}

static void handle_signals(struct foreground *fg, pid_t pid, int pidfd,
			   int master)
{
	struct signalfd_siginfo si;

	while (read(fg->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap_others(pid);
		else if (si.ssi_signo == SIGWINCH && master >= 0)
			pty_copy_size(STDIN_FILENO, master);
		/* An ioctl on the terminal may have the kernel send SIGPIPE
		 * or the like to us: that is not for the container. */
		else if (si.ssi_signo != SIGPIPE)
			pidfd_signal(pidfd, (int)si.ssi_signo);
	}
}

static void relay(struct foreground *fg, pid_t pid, int pidfd, int master,
		  int notify)
{
	enum { INIT, SIGNALS, INPUT, OUTPUT, NOTIFY, N };
	struct pollfd p[] = {
		[INIT] = {.fd = pidfd, .events = POLLIN},
		[SIGNALS] = {.fd = fg->signals, .events = POLLIN},
		[INPUT] = {.fd = master < 0 ? -1 : STDIN_FILENO,
			   .events = POLLIN},
		[OUTPUT] = {.fd = master, .events = POLLIN},
		[NOTIFY] = {.fd = notify, .events = POLLIN},
	};

	while (!(p[INIT].revents & POLLIN)) {
		if (poll(p, N, -1) < 0 && errno != EINTR)
			return;
		if (p[SIGNALS].revents)
			handle_signals(fg, pid, pidfd, master);
		if (p[INPUT].revents && !copy_some(STDIN_FILENO, master)) {
			/* End of file, said as a terminal says it. */
			write_all(master, "\4", 1);
			p[INPUT].fd = -1;
		}
		if (p[OUTPUT].revents && !copy_some(master, STDOUT_FILENO))
			p[OUTPUT].fd = -1;
		if (p[NOTIFY].revents && notify_pass_on(notify, pid))
			p[NOTIFY].fd = -1;
	}
	if (master >= 0)
		drain(master);
}

int foreground_wait(struct foreground *fg, pid_t pid, int pidfd, int master,
		    int notify, int *exit_status, struct err *err)
{
	struct termios saved;
	bool raw = false;
	int rc;

	if (master >= 0) {
		pty_copy_size(STDIN_FILENO, master);
		raw = isatty(STDIN_FILENO) &&
		      tty_raw(STDIN_FILENO, &saved, NULL) == 0;
	}
	relay(fg, pid, pidfd, master, notify);
	if (raw)
		tty_restore(STDIN_FILENO, &saved);
	rc = pidfd_reap(pidfd, -1, exit_status);
	if (rc < 0)
		return err_set(err, rc, "wait for process %d", (int)pid);
	return 0;
}
