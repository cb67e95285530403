/* Everything; the operations that only a host program can ask for. */
#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int run_getpid(unsigned long n)
{
	while (n--)
		if (syscall(SYS_getpid) <= 0)
			return -1;
	return 0;
}

/* With a page that is used, as nobody maps what he won't touch. */
static int run_mmap(unsigned long n)
{
	while (n--) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return -1;
		*(volatile char *)p = 1;
		if (munmap(p, 65536) < 0)
			return -1;
	}
	return 0;
}

/* Both ends on one CPU, so that it is not chance which of two costs is
 * measured: that of a switch, or that of waking another CPU up. */
static void pin(cpu_set_t *before)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(before);
	if (cpu < 0 || sched_getaffinity(0, sizeof(*before), before) < 0)
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof(here), &here);
}

static void unpin(const cpu_set_t *before)
{
	if (CPU_COUNT(before) > 0)
		sched_setaffinity(0, sizeof(*before), before);
}

/* A child that sends back each byte; it ends with the other side. */
static pid_t start_echo(int in, int out, const int *shut, int n_shut)
{
	pid_t pid = fork();
	char c;

	if (pid != 0)
		return pid;
	for (int i = 0; i < n_shut; i++)
		close(shut[i]);
	while (read(in, &c, 1) == 1)
		if (write(out, &c, 1) != 1)
			break;
	_exit(0);
}

/* A byte there and back, `n` times. */
static int ping(int out, int in, unsigned long n)
{
	char c = 'x';

	while (n--)
		if (write(out, &c, 1) != 1 || read(in, &c, 1) != 1)
			return -1;
	return 0;
}

static int finish(pid_t pid, int rc)
{
	int saved = errno;

	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = saved;
	return rc;
}

static int ping_pipe(unsigned long n)
{
	int to[2], from[2], rc;
	pid_t pid;

	if (pipe(to) < 0)
		return -1;
	if (pipe(from) < 0) {
		close(to[0]);
		close(to[1]);
		return -1;
	}
	pid = start_echo(to[0], from[1], (int[]){to[1], from[0]}, 2);
	close(to[0]);
	close(from[1]);
	rc = pid < 0 ? -1 : ping(to[1], from[0], n);
	close(to[1]);
	close(from[0]);
	return pid < 0 ? -1 : finish(pid, rc);
}

/* A connected pair over 127.0.0.1; the listener is gone afterwards. */
static int connect_loopback(int pair[2])
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, rc = -1;

	if (listener < 0)
		return -1;
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (pair[0] >= 0 &&
	    bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    listen(listener, 1) == 0 &&
	    getsockname(listener, (struct sockaddr *)&a, &len) == 0 &&
	    connect(pair[0], (struct sockaddr *)&a, sizeof(a)) == 0) {
		pair[1] = accept(listener, NULL, NULL);
		rc = pair[1] < 0 ? -1 : 0;
	}
	if (rc < 0) {
		int saved = errno;

		if (pair[0] >= 0)
			close(pair[0]);
		close(listener);
		errno = saved;
		return -1;
	}
	close(listener);
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

static int ping_tcp(unsigned long n)
{
	int pair[2], rc;
	pid_t pid;

	if (connect_loopback(pair) < 0)
		return -1;
	pid = start_echo(pair[1], pair[1], pair, 1);
	close(pair[1]);
	rc = pid < 0 ? -1 : ping(pair[0], pair[0], n);
	close(pair[0]);
	return pid < 0 ? -1 : finish(pid, rc);
}

static int pinned(int (*run)(unsigned long n), unsigned long n)
{
	cpu_set_t before;
	int rc;

	pin(&before);
	rc = run(n);
	unpin(&before);
	return rc;
}

static int run_pipe(unsigned long n)
{
	return pinned(ping_pipe, n);
}

static int run_tcp(unsigned long n)
{
	return pinned(ping_tcp, n);
}

/* Ourselves, who leave at once when called so. */
static int run_fork_exec(unsigned long n)
{
	static char *const argv[] = {(char *)"io", (char *)"--nothing", NULL};

	while (n--) {
		pid_t pid = fork();
		int status;

		if (pid < 0)
			return -1;
		if (pid == 0) {
			execv("/proc/self/exe", argv);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) < 0)
			return -1;
		if (status != 0) {
			errno = ENOEXEC;
			return -1;
		}
	}
	return 0;
}

const struct io_op io_ops[] = {
	{"getpid", run_getpid}, {"open-close", io_open_close},
	{"stat", io_stat},      {"read", io_read},
	{"write", io_write},    {"mmap", run_mmap},
	{"pipe", run_pipe},     {"fork-exec", run_fork_exec},
	{"tcp", run_tcp},       {"walk", io_walk},
	{NULL, NULL},
};
