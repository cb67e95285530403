#include "bench/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "bench/bench.h"
#include "host/pidfd.h"

/* Wakes a wait now and then, to see whether we were interrupted. */
enum { TICK_MS = 200, MAX_OUTPUT = 1 << 20 };

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all;

	posix_spawnattr_init(attr);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
					       POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(attr, 0);
	sigfillset(&all);
	posix_spawnattr_setsigdefault(attr, &all);
	sigemptyset(&all);
	posix_spawnattr_setsigmask(attr, &all);
}

int spawn_start(char *const argv[], const int fds[3], struct spawned *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	posix_spawn_file_actions_init(&actions);
	set_attributes(&attr);
	for (int i = 0; i < 3; i++)
		if (fds[i] < 0)
			posix_spawn_file_actions_addopen(
				&actions, i, "/dev/null", O_RDWR, 0);
		else
			posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	rc = posix_spawn(&ret->pid, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc)
		return -rc;
	ret->pidfd = pidfd_of(ret->pid);
	if (ret->pidfd >= 0)
		return 0;
	rc = ret->pidfd;
	kill(ret->pid, SIGKILL);
	waitpid(ret->pid, NULL, 0);
	return rc;
}

int64_t rusage_ns(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * INT64_C(1000000000) +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * INT64_C(1000);
}

int spawn_reap(struct spawned *s, int64_t *cpu_ns)
{
	struct rusage usage;
	int status = 0;
	pid_t pid;

	do
		pid = wait4(s->pid, &status, 0, &usage);
	while (pid < 0 && errno == EINTR);
	close(s->pidfd);
	s->pid = s->pidfd = -1;
	if (pid < 0)
		return 255;
	if (cpu_ns)
		*cpu_ns += rusage_ns(&usage);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_kill(struct spawned *s)
{
	kill(-s->pid, SIGKILL);
	kill(s->pid, SIGKILL);
	return spawn_reap(s, NULL);
}

int spawn_wait(const struct spawned *s, int64_t deadline)
{
	struct pollfd p = {s->pidfd, POLLIN, 0};

	for (;;) {
		int64_t left = (deadline - now_ns()) / 1000000;

		if (left < 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, left < TICK_MS ? (int)left + 1 : TICK_MS) > 0)
			return 0;
	}
}

/* What is there to read; false at the end. */
static bool take(struct buf *b, int fd)
{
	char scrap[4096];
	ssize_t n = read(fd, scrap, sizeof(scrap));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (b->len + (size_t)n <= MAX_OUTPUT)
		buf_add(b, scrap, (size_t)n);
	return n > 0;
}

/* Until it ends, or its time does.  Someone else may keep the pipes open:
 * what counts is the command. */
static bool collect(const struct spawned *s, int out[2], struct buf b[2],
		    int64_t deadline)
{
	struct pollfd p[3] = {{s->pidfd, POLLIN, 0},
			      {out[0], POLLIN, 0},
			      {out[1], POLLIN, 0}};

	while (!(p[0].revents & POLLIN)) {
		int64_t left = (deadline - now_ns()) / 1000000;

		if (left < 0 || bench_interrupted())
			return false;
		if (poll(p, 3, left < TICK_MS ? (int)left + 1 : TICK_MS) < 0) {
			p[0].revents = 0;
			continue;
		}
		for (int i = 1; i < 3; i++)
			if (p[i].revents && !take(&b[i - 1], p[i].fd))
				p[i].fd = -1;
	}
	for (int i = 1; i < 3; i++)
		while (p[i].fd >= 0) {
			size_t before = b[i - 1].len;

			if (!take(&b[i - 1], p[i].fd) || b[i - 1].len == before)
				break;
		}
	return true;
}

int spawn_capture(char *const argv[], int in, unsigned int timeout_ms,
		  struct bench_run *ret)
{
	_cleanup_close_ int out = -1, out_w = -1, err = -1, err_w = -1;
	struct buf b[2] = {{0}, {0}};
	struct spawned s;
	int64_t start;
	int p[2], rc;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	out = p[0], out_w = p[1];
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	err = p[0], err_w = p[1];
	fcntl(out, F_SETFL, O_NONBLOCK);
	fcntl(err, F_SETFL, O_NONBLOCK);

	*ret = (struct bench_run){0};
	start = now_ns();
	rc = spawn_start(argv, (int[]){in, out_w, err_w}, &s);
	if (rc < 0)
		return rc;
	close(steal_fd(&out_w));
	close(steal_fd(&err_w));
	ret->timed_out = !collect(&s, (int[]){out, err}, b,
				  start + timeout_ms * INT64_C(1000000));
	ret->wall_ns = now_ns() - start;
	if (ret->timed_out)
		kill(-s.pid, SIGKILL), kill(s.pid, SIGKILL);
	ret->status = spawn_reap(&s, &ret->cpu_ns);
	ret->out_len = b[0].len;
	ret->err_len = b[1].len;
	ret->out = buf_steal(&b[0]);
	ret->err = buf_steal(&b[1]);
	return 0;
}
