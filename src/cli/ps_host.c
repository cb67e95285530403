#include "cli/ps_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

enum { MAX_OUTPUT = 64 << 20 };

/* What the program prints; its errors go where ours go. */
static int read_output(char **argv, struct buf *ret, struct err *err)
{
	int fds[2], status, rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "make a pipe");
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) >= 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	rc = pid < 0 ? -errno : buf_read_fd(ret, fds[0], MAX_OUTPUT);
	close(fds[0]);
	if (pid < 0)
		return err_set(err, rc, "fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return err_set(err, rc, "read what ps prints");
	if (status == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_say(err, -ENOENT,
			       "ps: the host has no program ps to take these "
			       "options");
	return err_say(err, -EINVAL, "ps failed");
}

/* The n-th word of a line, counted from 0; *len is 0 past the last. */
static const char *word(const char *line, int n, size_t *len)
{
	line += strspn(line, " ");
	for (; n > 0 && *line; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	*len = strcspn(line, " ");
	return line;
}

static int find_pid_column(const char *header)
{
	size_t len;

	for (int i = 0;; i++) {
		const char *w = word(header, i, &len);

		if (len == 0)
			return -1;
		if (len == 3 && memcmp(w, "PID", 3) == 0)
			return i;
	}
}

static bool is_one_of(const char *text, const pid_t *pids, size_t n)
{
	long pid = strtol(text, NULL, 10);

	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int ps_host(char *const *options, const pid_t *pids, size_t n, struct buf *out,
	    struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_strv_ char **argv = NULL;
	char *rest, *line;
	int rc, column;
	size_t len;

	strv_add(&argv, "ps");
	STRV_FOREACH (o, options)
		strv_add(&argv, *o);
	rc = read_output(argv, &text, err);
	if (rc < 0)
		return rc;
	rest = text.data;
	line = strsep(&rest, "\n");
	column = line ? find_pid_column(line) : -1;
	if (column < 0)
		return err_say(err, -EINVAL,
			       "ps: with these options its output has no "
			       "column PID");
	buf_printf(out, "%s\n", line);
	while ((line = strsep(&rest, "\n")))
		if (is_one_of(word(line, column, &len), pids, n))
			buf_printf(out, "%s\n", line);
	return 0;
}
