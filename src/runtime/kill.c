/* runtime/kill.c: kill, delete, pause, resume and update. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "host/rdt.h"
#include "oci/spec.h"
#include "runtime/create.h"
#include "runtime/rdt.h"
#include "runtime/store.h"

enum { KILL_WAIT_MS = 10 * 1000 };

int container_kill(const struct runtime *rt, const char *id, int sig, bool all,
		   struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	_cleanup_close_ int pidfd = -1;
	struct cgroup *cg = NULL;
	int rc;

	/* No lock: a "delete" that waits for the end of the container must
	 * not keep anybody from ending it. */
	rc = store_open(rt, id, STORE_READ, &c, err);
	if (rc < 0)
		return rc;
	if (all || (sig == SIGKILL && !c->state.own_pid_namespace)) {
		rc = cgroup_open(&cg, c->state.cgroup, err);
		if (rc == 0 && !cgroup_is_none(cg)) {
			rc = cgroup_kill(cg, sig, err);
			cgroup_free(cg);
			return all || rc < 0 ? rc : 0;
		}
		cgroup_free(cg);
		if (rc < 0)
			return rc;
	}
	pidfd = container_pidfd(c);
	if (pidfd >= 0 && pidfd_alive(pidfd))
		rc = pidfd_signal(pidfd, sig);
	else
		rc = -ESRCH;
	/* Docker and containerd look for these words. */
	if (rc == -ESRCH)
		return all ? 0
			   : err_say(err, rc,
				     "container not running: %s is stopped",
				     id);
	if (rc < 0)
		return err_set(err, rc, "send signal %d to container %s", sig,
			       id);
	/* A frozen process takes a signal only once it is thawed; SIGKILL is
	 * not to wait for somebody's "resume". */
	if (sig == SIGKILL && cgroup_open(&cg, c->state.cgroup, NULL) == 0) {
		bool frozen = false;

		if (cgroup_is_frozen(cg, &frozen, NULL) == 0 && frozen)
			cgroup_thaw(cg, NULL);
		cgroup_free(cg);
	}
	return 0;
}

/* -------------------------------------------------------------- delete -- */

/* End every process of the container; returns when init is gone. */
static int kill_all(struct container *c, struct cgroup *cg, struct err *err)
{
	_cleanup_close_ int pidfd = container_pidfd(c);
	int rc;

	/* With the init of a pid namespace the kernel ends all others.  The
	 * file alone is not to be believed when it says that init is gone. */
	if (c->init_reaped && c->state.own_pid_namespace)
		return 0;
	if (pidfd >= 0)
		pidfd_signal(pidfd, SIGKILL);
	rc = cg ? cgroup_kill(cg, SIGKILL, err) : 0;
	if (rc < 0 || pidfd < 0)
		return rc;
	rc = pidfd_wait(pidfd, KILL_WAIT_MS);
	if (rc < 0)
		return err_set(err, rc,
			       "wait for the end of process %d of container "
			       "%s",
			       (int)c->state.pid, c->state.id);
	return 0;
}

int container_remove(struct container *c, struct err *err)
{
	_cleanup_close_ int pidfd = -1;
	struct cgroup *cg = NULL;
	int rc;

	rc = cgroup_open(&cg, c->state.cgroup, err);
	if (rc == 0)
		rc = kill_all(c, cg, err);
	if (rc == 0)
		rc = cgroup_destroy(cg, err);
	cgroup_free(cg);
	if (rc < 0)
		return rc;
	/* A bundle that lost its configuration has no hooks to run. */
	store_load_spec(c, NULL);
	rc = container_remove_rdt(c, err);
	if (rc < 0)
		return rc;
	rc = store_remove(c, err);
	if (rc == 0 && c->spec && c->state.pid > 0)
		container_poststop(c);
	return rc;
}

int container_delete(const struct runtime *rt, const char *id, bool force,
		     struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	enum container_status status;
	int rc;

	rc = store_open(rt, id, STORE_CHANGE, &c, err);
	if (rc == -ENOENT && force)
		return 0;
	if (rc < 0)
		return rc;
	/* The lock is ours, so nobody is creating it any more. */
	status = c->state.pid ? container_status(c) : CONTAINER_STOPPED;
	if (status != CONTAINER_STOPPED && status != CONTAINER_CREATED &&
	    !force)
		return err_say(err, -EBUSY,
			       "cannot delete container %s that is not "
			       "stopped: %s",
			       id, container_status_name(status));
	return container_remove(c, err);
}

/* ------------------------------------------------------- pause, update -- */

static int open_running(const struct runtime *rt, const char *id,
			const char *verb, enum container_status other,
			struct container **c, struct cgroup **cg,
			struct err *err)
{
	enum container_status status;
	int rc;

	rc = store_open(rt, id, STORE_CHANGE, c, err);
	if (rc < 0)
		return rc;
	status = container_status(*c);
	if (status != CONTAINER_RUNNING && status != other)
		return err_say(err, -EINVAL, "cannot %s container %s: it is %s",
			       verb, id, container_status_name(status));
	rc = cgroup_open(cg, (*c)->state.cgroup, err);
	if (rc == 0 && cgroup_is_none(*cg))
		return err_say(err, -ENOTSUP,
			       "cannot %s container %s: it has no cgroup", verb,
			       id);
	return rc;
}

int container_pause(const struct runtime *rt, const char *id, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	struct cgroup *cg = NULL;
	int rc;

	rc = open_running(rt, id, "pause", CONTAINER_CREATED, &c, &cg, err);
	if (rc == 0)
		rc = cgroup_freeze(cg, err);
	cgroup_free(cg);
	return rc;
}

int container_resume(const struct runtime *rt, const char *id, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	struct cgroup *cg = NULL;
	int rc;

	rc = open_running(rt, id, "resume", CONTAINER_PAUSED, &c, &cg, err);
	if (rc == 0)
		rc = cgroup_thaw(cg, err);
	cgroup_free(cg);
	return rc;
}

int container_update(const struct runtime *rt, const char *id,
		     const struct cgroup_resources *res,
		     const struct rdt_change *rdt, struct err *err)
{
	_cleanup_container_ struct container *c = NULL;
	enum container_status status;
	struct cgroup *cg = NULL;
	int rc;

	rc = store_open(rt, id, STORE_CHANGE, &c, err);
	if (rc < 0)
		return rc;
	status = container_status(c);
	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_say(err, -EINVAL,
			       "cannot update container %s: it is %s", id,
			       container_status_name(status));
	rc = cgroup_open(&cg, c->state.cgroup, err);
	if (rc == 0 && cgroup_is_none(cg))
		rc = err_say(err, -ENOTSUP,
			     "cannot update container %s: it has no cgroup",
			     id);
	if (rc == 0)
		rc = cgroup_apply(cg, res, err);
	if (rc == 0 && res->n_devices)
		rc = cgroup_apply_devices(cg, res->devices, res->n_devices,
					  err);
	cgroup_free(cg);
	if (rc == 0)
		rc = container_update_rdt(c, rdt, err);
	return rc;
}
