/* runtime/create_serve.c: hull's side of the sync protocol, until init says
 * that the container is created. */
#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "host/pidfd.h"
#include "oci/spec.h"
#include "runtime/handover.h"
#include "runtime/store.h"
#include "runtime/sync.h"

/* What init cannot open from inside its user namespace. */
static int send_sources(struct creation *cr, struct err *err)
{
	struct rootfs_sources sources = {0};
	int rc;

	rc = rootfs_sources_open(&cr->init.rootfs, cr->pid, cr->pidfd, &sources,
				 err);
	for (size_t i = 0; rc == 0 && i < sources.n; i++)
		if (sources.fd[i] >= 0)
			rc = sync_send_value(cr->sync[0], SYNC_SOURCE,
					     sources.fd[i], (int)i);
	rootfs_sources_free(&sources);
	if (rc == 0)
		rc = sync_send(cr->sync[0], SYNC_SOURCES_END, -1);
	if (rc < 0 && err->code == 0)
		return err_set(err, rc, "send the sources of mounts");
	return rc;
}

int container_run_hooks(struct container *c, const char *kind,
			const struct oci_hook *hooks, size_t n,
			enum container_status status, struct err *err)
{
	_cleanup_buf_ struct buf state = {0};
	struct hook_call call = {
		.kind = kind,
		.hooks = hooks,
		.n = n,
		.stdout_file = oci_annotation_get(c->spec->annotations,
						  c->spec->n_annotations,
						  "run.oci.hooks.stdout"),
		.stderr_file = oci_annotation_get(c->spec->annotations,
						  c->spec->n_annotations,
						  "run.oci.hooks.stderr"),
	};

	if (n == 0)
		return 0;
	container_state_json(c, status, &state);
	call.state_json = state.data;
	return hooks_run(&call, err);
}

void container_poststop(struct container *c)
{
	struct err why = {0};

	if (container_run_hooks(c, "poststop", c->spec->hooks.poststop,
				c->spec->hooks.n_poststop, CONTAINER_STOPPED,
				&why) < 0)
		log_warn("%s", why.msg);
}

static int move_devices(struct creation *cr, struct err *err)
{
	const struct oci_linux *l = &cr->c->spec->linux;
	_cleanup_close_ int netns = -1;
	char path[40];
	int rc = 0;

	if (l->n_net_devices == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)cr->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_set(err, -errno, "open %s", path);
	for (size_t i = 0; rc == 0 && i < l->n_net_devices; i++)
		rc = netlink_move_device(&l->net_devices[i], netns, err);
	return rc;
}

/* init has its namespaces and mounts, and waits. */
static int serve_namespaces(struct creation *cr, struct err *err)
{
	struct oci_hooks *h = &cr->c->spec->hooks;
	int rc;

	rc = move_devices(cr, err);
	if (rc == 0)
		rc = container_run_hooks(cr->c, "prestart", h->prestart,
					 h->n_prestart, CONTAINER_CREATING,
					 err);
	if (rc == 0)
		rc = container_run_hooks(cr->c, "createRuntime",
					 h->create_runtime, h->n_create_runtime,
					 CONTAINER_CREATING, err);
	if (rc < 0)
		return rc;
	rc = sync_send(cr->sync[0], SYNC_HOOKS_DONE, -1);
	return rc < 0 ? err_set(err, rc, "answer init") : 0;
}

/* Why init is gone without a word: nearly always out of memory. */
static int init_died(struct creation *cr, struct err *err)
{
	int status = 0;

	if (pidfd_reap(cr->pidfd, 2000, &status) < 0)
		return err_say(err, -EPIPE,
			       "the container's init left the sync protocol");
	cr->pid = 0;
	if (cr->cgroup && cgroup_was_oom(cr->cgroup, err))
		return -ENOMEM;
	return err_say(err, -EPIPE,
		       "the container's init ended with status %d before the "
		       "container was created",
		       status);
}

int creation_serve(struct creation *cr, int *exit_status, struct err *err)
{
	int rc = 0;

	while (rc == 0) {
		int fd, value = 1, type;

		type = sync_recv(cr->sync[0], &fd, &value, err);
		if (type < 0) {
			*exit_status = value;
			return type;
		}
		switch (type) {
		case SYNC_SOURCES:
			rc = send_sources(cr, err);
			break;
		case SYNC_NAMESPACES:
			rc = serve_namespaces(cr, err);
			break;
		case SYNC_CONSOLE:
			rc = container_take_console(
				fd, cr->opts->console_socket, &cr->master, err);
			fd = -1;
			break;
		case SYNC_CREATED:
			return 0;
		case 0:
			rc = init_died(cr, err);
			break;
		default:
			rc = err_say(err, -EPROTO,
				     "init sent an unexpected message (%d)",
				     type);
		}
		close_keep_errno(fd);
	}
	return rc;
}
