/* bench/compat_http.c
 * The web server of examples/, in a sandbox whose network may be its own.
 *
 * A child of ours runs it, with a port that nobody else has.  Whichever
 * network namespace of the host's processes has a listener on that port is
 * entered by a second child, which asks for a page and then for the end. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/compat.h"
#include "bench/tools.h"
#include "bench/workload.h"

enum { PATIENCE_MS = 10000 };

/* --- finding it -------------------------------------------------------- */

/* Of a line of /proc/PID/net/tcp: "0: 00000000:1F90 00000000:0000 0A ...". */
static bool listens(const char *line, unsigned int port)
{
	enum { LISTEN = 10 }; /* TCP_LISTEN, include/net/tcp_states.h */
	unsigned int local, state;

	return sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &local,
		      &state) == 2 &&
	       local == port && state == LISTEN;
}

static bool has_listener(const char *pid, unsigned int port)
{
	_cleanup_free_ char *path = xasprintf("/proc/%s/net/tcp", pid);
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (listens(line, port))
			return true;
	return false;
}

/* A process whose network has it, -1: none. */
static pid_t find_listener(unsigned int port)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *e;
	uint64_t pid;

	while (dir && (e = readdir(dir)))
		if (parse_u64(e->d_name, INT32_MAX, &pid) == 0 &&
		    has_listener(e->d_name, port))
			return (pid_t)pid;
	return -1;
}

/* One that is free on the host; in a new namespace all are. */
static unsigned int free_port(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return 18080;
	return ntohs(a.sin_port);
}

/* --- asking it --------------------------------------------------------- */

/* The answer to "GET path", at most `size` - 1 bytes of it; -errno. */
static int get(unsigned int port, const char *path, char *answer, size_t size)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = {.tv_sec = 5};
	size_t len = 0;
	ssize_t n;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -errno;
	if (dprintf(fd,
		    "GET %s HTTP/1.1\r\nHost: localhost\r\n"
		    "Connection: close\r\n\r\n",
		    path) < 0)
		return -errno;
	while (len < size - 1 &&
	       (n = read(fd, answer + len, size - 1 - len)) > 0)
		len += (size_t)n;
	answer[len] = '\0';
	return 0;
}

/* Exit status: 0 good, 1 no answer, 2 another one. */
static void __attribute__((noreturn)) ask(pid_t pid, unsigned int port)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/net", pid);
	int ns = open(path, O_RDONLY | O_CLOEXEC);
	char answer[4096];
	int status = 0;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0 ||
	    get(port, "/hello", answer, sizeof(answer)) < 0)
		_exit(1);
	if (!strstr(answer, " 200 ") || !strstr(answer, "/hello"))
		status = 2;
	/* Whatever it says to that. */
	get(port, "/quit", answer, sizeof(answer));
	_exit(status);
}

static int ask_once(pid_t pid, unsigned int port, struct err *err)
{
	pid_t asker = fork();
	int status;

	if (asker < 0)
		return err_set(err, -errno, "fork");
	if (asker == 0)
		ask(pid, port);
	while (waitpid(asker, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 1)
		return err_say(err, -EIO, "no answer to a request");
	return WEXITSTATUS(status) == 0
		       ? 0
		       : err_say(err, -EIO, "a wrong answer to a request");
}

/* --- running it -------------------------------------------------------- */

/* How it ended, as a sentence through the pipe; nothing: well. */
static void __attribute__((noreturn)) serve(struct bench *b,
					    const struct participant *p,
					    const char *rootfs,
					    unsigned int port, int to)
{
	char *text = arena_printf(b->r.arena, "%u", port), *why;
	struct bench_run run;
	struct err err = {0};
	int rc = bench_run_workload(b, p, rootfs,
				    WORDS((char *)"/bin/http.wasm", text),
				    PATIENCE_MS + 5000, &run, &err);

	why = rc < 0 ? err.msg : workload_failure(b, &run);
	if (why && write(to, why, strlen(why)) < 0)
		_exit(1);
	_exit(0);
}

/* 0: the server ended by itself. */
static int wait_and_ask(pid_t server, unsigned int port, struct err *err)
{
	const struct timespec nap = {.tv_nsec = 20000000};

	for (int ms = 0; ms < PATIENCE_MS && !bench_interrupted(); ms += 20) {
		pid_t pid = find_listener(port);
		siginfo_t info = {0};

		if (pid > 0)
			return ask_once(pid, port, err);
		if (waitid(P_PID, (id_t)server, &info,
			   WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid == server)
			return err_say(err, -EIO, "it ended before a request");
		nanosleep(&nap, NULL);
	}
	return err_say(err, -ETIMEDOUT, "nobody listened within %d s",
		       PATIENCE_MS / 1000);
}

int compat_http(struct bench *b, const struct participant *p,
		const char *rootfs, struct err *err)
{
	_cleanup_close_ int from = -1, to = -1;
	unsigned int port = free_port();
	char why[160];
	int pipes[2], rc, status;
	pid_t server;
	ssize_t n;

	/* A plain program shares our network. */
	if (geteuid() != 0 && p->kind != BENCH_PROCESS)
		return err_say(err, -ENOTSUP,
			       "only root may enter the container's network");
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe");
	from = pipes[0];
	to = pipes[1];
	server = workload_fork(b);
	if (server < 0)
		return err_set(err, -errno, "fork");
	if (server == 0)
		serve(b, p, rootfs, port, to);
	close(steal_fd(&to));
	rc = wait_and_ask(server, port, err);
	/* Bounded, since bench_run_workload() is. */
	n = read(from, why, sizeof(why) - 1);
	while (waitpid(server, &status, 0) < 0 && errno == EINTR)
		;
	/* What the runtime itself says is the better sentence. */
	if (n > 0) {
		why[n] = '\0';
		return err_say(err, -EIO, "%s", why);
	}
	return rc;
}
