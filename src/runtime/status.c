/* runtime/status.c: what a container is, derived from what is alive. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "oci/spec.h"
#include "runtime/store.h"

const char *container_status_name(enum container_status status)
{
	static const char *const names[] = {"creating", "created", "running",
					    "paused", "stopped"};

	return names[status];
}

int container_pidfd(const struct container *c)
{
	if (c->state.pid <= 0)
		return -ESRCH;
	return pidfd_of_start(-1, c->state.pid, c->state.pid_start);
}

/* Between the directory and init there is only the command that creates;
 * when it is gone the container will never be. */
static bool being_created(const struct container *c)
{
	bool held = flock(c->dir_fd, LOCK_SH | LOCK_NB) < 0;

	if (!held)
		flock(c->dir_fd, LOCK_UN);
	return held;
}

enum container_status container_status(struct container *c)
{
	_cleanup_close_ int pidfd = container_pidfd(c);
	struct cgroup *cg = NULL;
	bool frozen = false;

	if (c->state.pid == 0 && being_created(c))
		return CONTAINER_CREATING;
	/* In doubt (out of descriptors, say) it lives: a container taken for
	 * stopped may be deleted. */
	if (pidfd == -ESRCH || pidfd == -ENOENT ||
	    (pidfd >= 0 && !pidfd_alive(pidfd)))
		return CONTAINER_STOPPED;
	if (faccessat(c->dir_fd, "start", F_OK, 0) == 0)
		return CONTAINER_CREATED;
	if (faccessat(c->dir_fd, "creating", F_OK, 0) == 0)
		return CONTAINER_CREATING;
	if (cgroup_open(&cg, c->state.cgroup, NULL) == 0)
		cgroup_is_frozen(cg, &frozen, NULL);
	cgroup_free(cg);
	return frozen ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

static void write_state(struct json_writer *w, const char *key,
			const struct container *c, enum container_status status)
{
	json_begin_object(w, key);
	json_string(w, "ociVersion", OCI_VERSION);
	json_string(w, "id", c->state.id);
	json_string(w, "status", container_status_name(status));
	if (status != CONTAINER_STOPPED && c->state.pid > 0)
		json_int(w, "pid", c->state.pid);
	json_string(w, "bundle", c->state.bundle);
	if (c->spec && c->spec->n_annotations) {
		json_begin_object(w, "annotations");
		for (size_t i = 0; i < c->spec->n_annotations; i++)
			json_string(w, c->spec->annotations[i].key,
				    c->spec->annotations[i].value);
		json_end_object(w);
	}
	json_end_object(w);
}

void container_state_json(const struct container *c,
			  enum container_status status, struct buf *out)
{
	struct json_writer w = {.out = out};

	write_state(&w, NULL, c, status);
}

void container_process_state_json(const struct container *c,
				  enum container_status status, pid_t pid,
				  const char *metadata, struct buf *out)
{
	struct json_writer w = {.out = out};

	json_begin_object(&w, NULL);
	json_string(&w, "ociVersion", OCI_VERSION);
	json_begin_array(&w, "fds");
	json_string(&w, NULL, "seccompFd");
	json_end_array(&w);
	json_int(&w, "pid", pid);
	if (!str_empty(metadata))
		json_string(&w, "metadata", metadata);
	write_state(&w, "state", c, status);
	json_end_object(&w);
}

/* ----------------------------------------------------- state, list, ps -- */

void container_info_free(struct container_info *info)
{
	store_close(info->container);
	*info = (struct container_info){0};
}

static int describe(const struct runtime *rt, const char *id,
		    struct container_info *ret, struct err *err)
{
	struct container *c;
	int rc;

	rc = store_open(rt, id, STORE_READ, &c, err);
	if (rc < 0)
		return rc;
	*ret = (struct container_info){
		.id = c->state.id,
		.status = container_status(c),
		.bundle = c->state.bundle,
		.rootfs = c->state.rootfs,
		.created = c->state.created,
		.owner = c->state.owner,
		.sandbox = c->state.sandbox,
		.container = c,
	};
	if (ret->status != CONTAINER_STOPPED)
		ret->pid = c->state.pid;
	/* A container that is being created may have none yet. */
	if (store_load_spec(c, NULL) == 0) {
		ret->annotations = c->spec->annotations;
		ret->n_annotations = c->spec->n_annotations;
	}
	return 0;
}

int container_info(const struct runtime *rt, const char *id,
		   struct container_info *ret, struct err *err)
{
	return describe(rt, id, ret, err);
}

int container_list(const struct runtime *rt, struct container_info **ret,
		   size_t *n, struct err *err)
{
	_cleanup_strv_ char **ids = NULL;
	struct container_info *list;
	size_t found = 0;
	int rc;

	rc = store_ids(rt, &ids, err);
	if (rc < 0)
		return rc;
	list = xcalloc(strv_len(ids) + 1, sizeof(*list));
	STRV_FOREACH (id, ids)
		if (describe(rt, *id, &list[found], NULL) == 0)
			found++;
	*ret = list;
	*n = found;
	return 0;
}

int container_cgroup(const struct runtime *rt, const char *id,
		     struct cgroup **ret, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	int rc;

	rc = store_open(rt, id, STORE_READ, &c, err);
	if (rc == 0)
		rc = cgroup_open(ret, c->state.cgroup, err);
	return rc;
}

int container_pids(const struct runtime *rt, const char *id, pid_t **ret,
		   size_t *n, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	_cleanup_close_ int pidfd = -1;
	struct cgroup *cg = NULL;
	int rc;

	rc = store_open(rt, id, STORE_READ, &c, err);
	if (rc == 0)
		rc = cgroup_open(&cg, c->state.cgroup, err);
	if (rc < 0)
		return rc;
	if (!cgroup_is_none(cg)) {
		rc = cgroup_procs(cg, ret, n, err);
		cgroup_free(cg);
		return rc;
	}
	cgroup_free(cg);
	/* Without a cgroup only init is known. */
	pidfd = container_pidfd(c);
	*ret = xcalloc(1, sizeof(pid_t));
	*n = pidfd >= 0;
	(*ret)[0] = c->state.pid;
	return 0;
}
