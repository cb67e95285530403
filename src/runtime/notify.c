#include "runtime/notify.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "runtime/store.h"

#define NOTIFY_DIR "/run/notify"
#define NOTIFY_ENV "NOTIFY_SOCKET=" NOTIFY_DIR "/notify.sock"

static void add_mount(struct oci_spec *spec, char *source)
{
	static const char *const options[] = {"bind", "nosuid", "noexec",
					      "nodev", "ro"};
	struct oci_mount *list, *m;

	list = arena_alloc(spec->arena, spec->n_mounts + 1, sizeof(*list));
	if (spec->n_mounts)
		memcpy(list, spec->mounts, spec->n_mounts * sizeof(*list));
	m = &list[spec->n_mounts++];
	m->destination = arena_strdup(spec->arena, NOTIFY_DIR);
	m->type = arena_strdup(spec->arena, "bind");
	m->source = source;
	m->options = arena_alloc(spec->arena, ARRAY_SIZE(options) + 1,
				 sizeof(char *));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		m->options[i] = arena_strdup(spec->arena, options[i]);
	spec->mounts = list;
}

static void add_env(struct oci_spec *spec)
{
	size_t n = strv_len(spec->process->env);
	char **env = arena_alloc(spec->arena, n + 2, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		env[i] = spec->process->env[i];
	env[n] = arena_strdup(spec->arena, NOTIFY_ENV);
	spec->process->env = env;
}

int notify_prepare(struct container *c, struct err *err)
{
	if (str_empty(getenv("NOTIFY_SOCKET")))
		return 0;
	if (mkdirat(c->dir_fd, "notify", 0755) < 0)
		return err_set(err, -errno, "create %s/%s/notify", c->rt->root,
			       c->state.id);
	add_mount(c->spec, arena_printf(c->arena, "%s/%s/notify", c->rt->root,
					c->state.id));
	add_env(c->spec);
	return 0;
}

int notify_listen(const struct container *c, int *ret, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	*ret = -1;
	if (str_empty(getenv("NOTIFY_SOCKET")) ||
	    faccessat(c->dir_fd, "notify", F_OK, 0) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, -errno, "create the notify socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path),
		 "/proc/self/fd/%d/notify/notify.sock", c->dir_fd);
	/* The program may run as anybody. */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    chmod(addr.sun_path, 0777) < 0)
		return err_set(err, -errno, "bind the notify socket of %s",
			       c->state.id);
	*ret = steal_fd(&fd);
	return 0;
}

/* A path, or "@name" for the abstract kind. */
static void tell_manager(const char *text)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *to = getenv("NOTIFY_SOCKET");
	size_t len = to ? strlen(to) : 0;
	_cleanup_close_ int fd = -1;

	if (len == 0 || len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, to, len);
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		       (struct sockaddr *)&addr,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				   len));
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len == n && strncmp(text, line, n) == 0)
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

bool notify_pass_on(int sock, pid_t pid)
{
	char text[4096], line[48];
	ssize_t n = recv(sock, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (!has_line(text, "READY=1"))
		return false;
	snprintf(line, sizeof(line), "MAINPID=%d\nREADY=1\n", (int)pid);
	tell_manager(line);
	return true;
}

void notify_wait(int sock, pid_t pid, int pidfd)
{
	struct pollfd p[] = {
		{.fd = sock, .events = POLLIN},
		{.fd = pidfd, .events = POLLIN},
	};

	while (poll(p, 2, -1) >= 0 || errno == EINTR) {
		if (p[0].revents && notify_pass_on(sock, pid))
			return;
		if (p[1].revents)
			return;
	}
}
