#include "host/pidfd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/str.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int pidfd_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int pidfd_signal(int pidfd, int sig)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0)
		return -errno;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int pidfd_wait(int pidfd, int timeout_ms)
{
	int64_t end = now_ms() + timeout_ms;
	int left = timeout_ms;

	for (;;) {
		struct pollfd p = {.fd = pidfd, .events = POLLIN};
		int n = poll(&p, 1, left);

		if (n > 0)
			return p.revents & POLLNVAL ? -EBADF : 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (timeout_ms >= 0) {
			left = (int)(end - now_ms());
			if (n == 0 || left <= 0)
				return -ETIMEDOUT;
		}
	}
}

bool pidfd_alive(int pidfd)
{
	return pidfd_wait(pidfd, 0) == -ETIMEDOUT;
}

int pidfd_reap(int pidfd, int timeout_ms, int *ret)
{
	siginfo_t info = {0};
	int rc = pidfd_wait(pidfd, timeout_ms);

	if (rc < 0)
		return rc;
	do
		rc = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	*ret = info.si_code == CLD_EXITED ? info.si_status
					  : 128 + info.si_status;
	return 0;
}

/* "pid (comm) state ppid pgrp session …", starttime is field 22 (man 5
 * proc).  comm may hold anything, so count from the last ')'. */
static int stat_parse(char *text, struct pid_stat *ret)
{
	char *p = strrchr(text, ')'), *save = NULL, *word;
	struct pid_stat st = {0};
	int field = 3;

	if (!p)
		return -EBADMSG;
	for (word = strtok_r(p + 1, " ", &save); word;
	     word = strtok_r(NULL, " ", &save), field++) {
		uint64_t u = 0;

		if (field == 3) {
			st.state = word[0];
			continue;
		}
		if (field > 6 && field != 22)
			continue;
		if (parse_u64(word, field == 22 ? UINT64_MAX : INT32_MAX, &u))
			u = 0; /* pgrp and session are -1 in a zombie */
		if (field == 4)
			st.ppid = (pid_t)u;
		else if (field == 5)
			st.pgrp = (pid_t)u;
		else if (field == 6)
			st.session = (pid_t)u;
		else
			break;
	}
	if (field != 22 || parse_u64(word, UINT64_MAX, &st.start_time) < 0)
		return -EBADMSG;
	*ret = st;
	return 0;
}

int pid_stat_read(int proc_fd, pid_t pid, struct pid_stat *ret)
{
	_cleanup_close_ int fd = -1;
	char path[48], text[1024];
	ssize_t n;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "%s%d/stat", proc_fd < 0 ? "/proc/" : "",
		 pid);
	fd = openat(proc_fd < 0 ? AT_FDCWD : proc_fd, path,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return stat_parse(text, ret);
}

int pidfd_of_start(int proc_fd, pid_t pid, uint64_t start_time)
{
	_cleanup_close_ int fd = pidfd_of(pid);
	struct pid_stat st;
	int rc;

	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	rc = pid_stat_read(proc_fd, pid, &st);
	if (rc < 0)
		return rc;
	if (st.start_time != start_time)
		return -ESRCH;
	/* The pid could have been reaped and given out again between the two
	 * calls above; our descriptor still means the first process. */
	if (!pidfd_alive(fd) && st.state != 'Z' && st.state != 'X')
		return -ESRCH;
	return steal_fd(&fd);
}
