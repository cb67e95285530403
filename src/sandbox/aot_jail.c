#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "host/pidfd.h"
#include "host/userns.h"
#include "sandbox/aot_jail_internal.h"

enum { SAID_MAX = 4096 };

struct pipe_pair {
	int r, w;
};

static void pipe_close(struct pipe_pair *p)
{
	close_keep_errno(p->r);
	close_keep_errno(p->w);
}

static int pipe_open(struct pipe_pair *p, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe");
	*p = (struct pipe_pair){fds[0], fds[1]};
	return 0;
}

static pid_t spawn(uint64_t more, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
			 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
			 CLONE_PIDFD | more,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int prepare(pid_t pid, bool own_userns, struct err *err)
{
	/* As root: of the host's nobody.  Else there is only ourselves. */
	struct idmap uid = {JAIL_NOBODY, geteuid() ? geteuid() : JAIL_NOBODY,
			    1};
	struct idmap gid = {JAIL_NOBODY, geteuid() ? getegid() : JAIL_NOBODY,
			    1};
	struct idmaps maps = {&uid, 1, &gid, 1};
	_cleanup_close_ int proc = -1, score = -1;
	bool denied = false;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(err, -errno, "open %s", path);
	/* It would be a pity, but no loss. */
	score = openat(proc, "oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0 && write(score, "1000", 4) < 0)
		close(steal_fd(&score));
	return !own_userns ? 0
			   : userns_write_maps(pid, proc, &maps, &denied, err);
}

struct hearing {
	int fd, relay;
	struct buf *said;
	bool progress; /* in a line that is relayed */
};

/* What begins with \r is a progress display, and goes on up to \n; what is
 * said otherwise is for aot_jail_run()'s caller.  Whoever took over the
 * compiler must not talk to the terminal: only printable ASCII, and "erase to
 * the end of the line", which a display needs. */
static void relay(struct hearing *h, const char *text, size_t n)
{
	_cleanup_buf_ struct buf out = {0};

	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)text[i];

		h->progress |= ch == '\r';
		if (!h->progress)
			continue;
		if (ch == 033 && n - i > 2 &&
		    memcmp(text + i, "\033[K", 3) == 0) {
			buf_add(&out, text + i, 3);
			i += 2;
			continue;
		}
		buf_addc(&out, strchr("\r\n", ch) || (ch >= ' ' && ch < 0x7f)
				       ? (char)ch
				       : '?');
		h->progress = ch != '\n';
	}
	if (out.len && write(h->relay, out.data, out.len) < 0)
		return;
}

/* false at its end. */
static bool hear(struct hearing *h)
{
	struct buf *said = h->said;
	char text[1024];
	ssize_t n = read(h->fd, text, sizeof(text));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (h->relay >= 0)
		relay(h, text, (size_t)n);
	buf_add(said, text, (size_t)n);
	if (said->len > SAID_MAX) {
		memmove(said->data, said->data + said->len - SAID_MAX,
			SAID_MAX + 1);
		said->len = SAID_MAX;
	}
	return true;
}

static int64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until it has ended or its time is over. */
static int attend(const struct aot_jail *jail, int pidfd, int say,
		  struct buf *said, struct err *err)
{
	struct hearing h = {.fd = say, .relay = jail->relay, .said = said};
	int64_t end = milliseconds() + (int64_t)jail->seconds * 1000;
	struct pollfd p[2] = {
		{.fd = pidfd, .events = POLLIN},
		{.fd = say, .events = POLLIN},
	};

	for (;;) {
		int64_t left = end - milliseconds();

		if (left <= 0)
			return err_say(err, -ETIMEDOUT,
				       "compiling took longer than %d s",
				       jail->seconds);
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return err_set(err, -errno, "poll");
		if ((p[1].revents & (POLLIN | POLLHUP)) && !hear(&h))
			p[1].fd = -1;
		else if (p[1].revents & POLLIN)
			continue;
		if (p[0].revents)
			return 0;
	}
}

static int start(const struct aot_jail *jail, struct pipe_pair *go,
		 struct pipe_pair *report, struct pipe_pair *say, int *pidfd,
		 struct err *err)
{
	struct jail_child c = {
		.jail = jail,
		.own_userns = true,
		.go = go->r,
		.report = report->w,
		.say = say->w,
	};
	pid_t pid = spawn(CLONE_NEWUSER, pidfd);

	/* A host without user namespaces has nobody still. */
	if (pid < 0 && geteuid() == 0) {
		c.own_userns = false;
		pid = spawn(0, pidfd);
	}
	if (pid < 0)
		return err_set(err, -errno, "make namespaces for the compiler");
	if (pid == 0) {
		close(go->w);
		jail_enter(&c);
	}
	if (prepare(pid, c.own_userns, err) < 0)
		return -EPERM;
	return write(go->w, "", 1) == 1 ? 0 : err_set(err, -errno, "pipe");
}

int aot_jail_run(const struct aot_jail *jail, struct buf *said, int *status,
		 struct err *err)
{
	_cleanup_(pipe_close) struct pipe_pair go = {-1, -1}, report = {-1, -1},
					       say = {-1, -1};
	_cleanup_close_ int pidfd = -1;
	struct err theirs;
	int rc = pipe_open(&go, err);

	if (rc == 0)
		rc = pipe_open(&report, err);
	if (rc == 0)
		rc = pipe_open(&say, err);
	if (rc < 0)
		return rc;
	rc = start(jail, &go, &report, &say, &pidfd, err);
	if (pidfd < 0)
		return rc;
	close(steal_fd(&report.w));
	close(steal_fd(&say.w));
	if (rc == 0 &&
	    read(report.r, &theirs, sizeof(theirs)) == sizeof(theirs)) {
		/* Not the module's fault, whatever it is. */
		rc = theirs.code == EPERM ? -EPERM : -EIO;
		err_say(err, rc, "the compiler's jail: %.200s", theirs.msg);
	}
	if (rc == 0)
		rc = attend(jail, pidfd, say.r, said, err);
	if (rc < 0)
		pidfd_signal(pidfd, SIGKILL);
	pidfd_reap(pidfd, -1, status);
	return rc;
}
