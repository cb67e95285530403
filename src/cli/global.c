#include "cli/global.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"

void global_open_stdio(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			_exit(1);
}

/* ----------------------------------------------------------------- log -- */

/* A datagram socket of the system's logger. */
static int connect_logger(const char *path, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(err, -errno, "--log: connect to %s", path);
	return steal_fd(&fd);
}

static int open_log(const char *where, enum log_format *format, struct err *err)
{
	const char *path = str_after(where, "file:");
	int fd;

	if (str_after(where, "syslog:")) {
		*format = LOG_SYSLOG;
		return connect_logger("/dev/log", err);
	}
	if (str_after(where, "journald:")) {
		*format = LOG_JOURNAL;
		return connect_logger("/run/systemd/journal/socket", err);
	}
	if (!path)
		path = where;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		  0644);
	return fd < 0 ? err_set(err, -errno, "--log %s", path) : fd;
}

static int parse_level(const char *text, enum log_level *ret, struct err *err)
{
	if (str_eq(text, "error") || str_eq(text, "fatal") ||
	    str_eq(text, "panic"))
		*ret = LOG_ERROR;
	else if (str_eq(text, "warning") || str_eq(text, "warn"))
		*ret = LOG_WARNING;
	else if (str_eq(text, "info"))
		*ret = LOG_INFO;
	else if (str_eq(text, "debug") || str_eq(text, "trace"))
		*ret = LOG_DEBUG;
	else
		return err_say(err, -EINVAL,
			       "--log-level %s: must be error, warning, info "
			       "or debug",
			       text);
	return 0;
}

static int set_up_log(const struct args *g, struct err *err)
{
	const char *format = args_get(g, "log-format");
	const char *level = args_get(g, "log-level");
	const char *log = args_get(g, "log");
	enum log_format f = LOG_TEXT;
	enum log_level l = LOG_WARNING;
	int fd = -1, rc = 0;

	if (format && str_eq(format, "json"))
		f = LOG_JSON;
	if (level)
		rc = parse_level(level, &l, err);
	if (rc < 0)
		return rc;
	if (args_has(g, "debug"))
		l = LOG_DEBUG;
	if (!str_empty(log)) {
		fd = open_log(log, &f, err);
		if (fd < 0)
			return fd;
	}
	log_setup(fd, f, l);
	return 0;
}

/* ------------------------------------------------------------- runtime -- */

/* In a user namespace we may be called root, and are not. */
static bool has_all_ids(void)
{
	_cleanup_close_ int fd =
		open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned long inside, outside, count;
	char *p = text;

	if (n <= 0)
		return true;
	text[n] = '\0';
	inside = strtoul(p, &p, 10);
	outside = strtoul(p, &p, 10);
	count = strtoul(p, &p, 10);
	return inside == 0 && outside == 0 && count == 4294967295ul;
}

static void set_rootless(const char *when, struct runtime *rt)
{
	if (!when || str_eq(when, "auto"))
		rt->rootless = geteuid() != 0 || !has_all_ids();
	else
		rt->rootless = str_eq(when, "true");
}

static void set_manager(const struct args *g, struct runtime *rt)
{
	const char *name = args_get(g, "cgroup-manager");

	rt->cgroup_manager = CGROUP_CGROUPFS;
	if (args_has(g, "systemd-cgroup") || (name && str_eq(name, "systemd")))
		rt->cgroup_manager = CGROUP_SYSTEMD;
	else if (name && str_eq(name, "disabled"))
		rt->cgroup_manager = CGROUP_DISABLED;
}

static int set_root(const char *root, struct runtime *rt, struct err *err)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (root && *root != '/') {
		_cleanup_free_ char *cwd = getcwd(NULL, 0);

		if (!cwd)
			return err_set(err, -errno, "--root %s", root);
		rt->root = xasprintf("%s/%s", cwd, root);
	} else if (root) {
		rt->root = root;
	} else if (geteuid() == 0 && !rt->rootless) {
		rt->root = "/run/hull";
	} else if (xdg && *xdg == '/') {
		rt->root = xasprintf("%s/hull", xdg);
	} else {
		rt->root = xasprintf("/run/user/%u/hull", geteuid());
	}
	return 0;
}

int global_apply(const struct args *g, const char *argv0, struct runtime *rt,
		 struct err *err)
{
	const char *slash = strrchr(argv0, '/');
	int rc;

	rt->called_as = slash ? slash + 1 : argv0;
	rt->sandbox = args_get(g, "sandbox");
	set_rootless(args_get(g, "rootless"), rt);
	set_manager(g, rt);
	rc = set_up_log(g, err);
	return rc < 0 ? rc : set_root(args_get(g, "root"), rt, err);
}
