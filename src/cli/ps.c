#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/ps_host.h"

/* The columns of "ps -ef". */
struct line {
	unsigned int uid;
	int ppid;
	char tty[16];
	unsigned long ticks; /* of CPU, user and system */
	char command[256];
};

static int read_text(pid_t pid, const char *name, struct buf *ret)
{
	char path[48];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : buf_read_fd(ret, fd, 1 << 16);
}

/* The words of its command line, or its name in brackets. */
static void read_command(pid_t pid, const char *comm, size_t comm_len,
			 struct line *l)
{
	_cleanup_buf_ struct buf text = {0};
	size_t n;

	if (read_text(pid, "cmdline", &text) < 0 || text.len == 0) {
		snprintf(l->command, sizeof(l->command), "[%.*s]",
			 (int)comm_len, comm);
		return;
	}
	n = text.len < sizeof(l->command) ? text.len : sizeof(l->command);
	for (size_t i = 0; i + 1 < n; i++)
		l->command[i] = text.data[i] ? text.data[i] : ' ';
	l->command[n - 1] = '\0';
}

/* proc(5): pid (comm) state ppid pgrp session tty_nr ... utime stime. */
static int read_line(pid_t pid, struct line *l)
{
	_cleanup_buf_ struct buf stat = {0}, status = {0};
	unsigned long utime, stime;
	char *open_, *close_, *uid;
	int tty;

	if (read_text(pid, "stat", &stat) < 0 ||
	    read_text(pid, "status", &status) < 0)
		return -ESRCH;
	open_ = strchr(stat.data, '(');
	close_ = strrchr(stat.data, ')');
	uid = strstr(status.data, "\nUid:");
	if (!open_ || !close_ || !uid ||
	    sscanf(close_ + 1,
		   " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %lu %lu",
		   &l->ppid, &tty, &utime, &stime) != 4)
		return -ESRCH;
	l->uid = (unsigned int)strtoul(uid + 5, NULL, 10);
	l->ticks = utime + stime;
	if (tty == 0)
		strcpy(l->tty, "?");
	else
		snprintf(l->tty, sizeof(l->tty), "%s/%d",
			 (tty >> 8 & 0xfff) == 136 ? "pts" : "tty", tty & 0xff);
	read_command(pid, open_ + 1, (size_t)(close_ - open_) - 1, l);
	return 0;
}

static void print_table(const pid_t *pids, size_t n, struct buf *out)
{
	long hz = sysconf(_SC_CLK_TCK);

	buf_printf(out, "%-8s %7s %7s %-8s %8s %s\n", "UID", "PID", "PPID",
		   "TTY", "TIME", "CMD");
	for (size_t i = 0; i < n; i++) {
		unsigned long s;
		struct line l;

		/* It ended since the list was made. */
		if (read_line(pids[i], &l) < 0)
			continue;
		s = l.ticks / (unsigned long)hz;
		buf_printf(out, "%-8u %7d %7d %-8s %02lu:%02lu:%02lu %s\n",
			   l.uid, (int)pids[i], l.ppid, l.tty, s / 3600,
			   s / 60 % 60, s % 60, l.command);
	}
}

int cmd_ps(const struct args *args)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out};
	const char *format = args_get(args, "format");
	_cleanup_free_ pid_t *pids = NULL;
	struct err err = {0};
	size_t n = 0;

	if (container_pids(&args->rt, args->rest[0], &pids, &n, &err) < 0)
		return cli_fail(&err, 1);
	if (format && str_eq(format, "json")) {
		json_begin_array(&w, NULL);
		for (size_t i = 0; i < n; i++)
			json_int(&w, NULL, pids[i]);
		json_end_array(&w);
	} else if (args->n_rest > 1) {
		if (ps_host(args->rest + 1, pids, n, &out, &err) < 0)
			return cli_fail(&err, 1);
	} else {
		print_table(pids, n, &out);
	}
	return cli_print(&out);
}
