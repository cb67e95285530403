/* runtime/start.c: let a created container's init go on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "oci/spec.h"
#include "runtime/create.h"
#include "runtime/notify.h"
#include "runtime/store.h"
#include "runtime/sync.h"

static int connect_init(const struct container *c, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, -errno, "create a socket");
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/start",
		 c->dir_fd);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set(err, -errno, "reach init of container %s",
			       c->state.id);
	return steal_fd(&fd);
}

int container_await_exec(struct container *c, int sock, int *exit_status,
			 struct err *err)
{
	const struct oci_hooks *h = &c->spec->hooks;
	int type = sync_recv(sock, NULL, exit_status, err);
	struct err why = {0};

	if (type < 0)
		return type;
	/* The end of the file: execve() closed init's end.  A poststart hook
	 * that fails is logged, and the container goes on (runtime.md). */
	if (container_run_hooks(c, "poststart", h->poststart, h->n_poststart,
				CONTAINER_RUNNING, &why) < 0)
		log_warn("%s", why.msg);
	return 0;
}

int container_start(const struct runtime *rt, const char *id, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	enum container_status status;
	_cleanup_close_ int sock = -1, notify = -1, pidfd = -1;
	int rc;

	rc = store_open(rt, id, STORE_CHANGE, &c, err);
	if (rc == 0)
		rc = store_load_spec(c, err);
	if (rc < 0)
		return rc;
	status = container_status(c);
	if (status != CONTAINER_CREATED)
		return err_say(err, -EINVAL,
			       "cannot start a container that is %s: "
			       "container %s is not in the created state",
			       container_status_name(status), id);
	sock = connect_init(c, err);
	/* An init that was started, but whose starter was killed before it
	 * could remove the socket, does not listen any more. */
	if (sock == -ECONNREFUSED)
		unlinkat(c->dir_fd, "start", 0);
	if (sock < 0)
		return sock;
	rc = notify_listen(c, &notify, err);
	if (rc < 0)
		return rc;
	rc = sync_send(sock, SYNC_START, -1);
	if (rc < 0)
		return err_set(err, rc, "start container %s", id);
	unlinkat(c->dir_fd, "start", 0);
	rc = container_await_exec(c, sock, NULL, err);
	if (rc < 0 || notify < 0)
		return rc;
	store_unlock(c);
	pidfd = container_pidfd(c);
	if (pidfd >= 0)
		notify_wait(notify, c->state.pid, pidfd);
	return 0;
}
