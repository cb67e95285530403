/* runtime/run.c: create, start, wait and delete in one process. */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/pidfd.h"
#include "runtime/create.h"
#include "runtime/foreground.h"
#include "runtime/notify.h"
#include "runtime/store.h"
#include "runtime/sync.h"

/* Let init become the program; the container is running afterwards. */
static int go(struct creation *cr, int *exit_status, struct err *err)
{
	int rc = sync_send(cr->sync[0], SYNC_START, -1);

	if (rc < 0)
		return err_set(err, rc, "start container %s", cr->c->state.id);
	rc = container_await_exec(cr->c, cr->sync[0], exit_status, err);
	store_unlock(cr->c);
	return rc;
}

static int wait_and_delete(struct creation *cr, struct foreground *fg,
			   int notify, int *exit_status, struct err *err)
{
	int rc;

	rc = foreground_wait(fg, cr->pid, cr->pidfd, cr->master, notify,
			     exit_status, err);
	if (rc < 0 || cr->opts->keep)
		return rc;
	cr->c->init_reaped = true;
	rc = store_relock(cr->c, err);
	/* Somebody was faster. */
	if (rc == -ENOENT)
		return 0;
	return rc < 0 ? rc : container_remove(cr->c, err);
}

int container_run(const struct runtime *rt, const struct create_opts *opts,
		  int *exit_status, struct err *err)
{
	_cleanup_close_ int notify = -1;
	struct creation cr;
	struct foreground fg;
	int rc;

	if (!opts->no_subreaper && !opts->detach)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	rc = foreground_begin(&fg, err);
	if (rc < 0)
		return rc;
	rc = creation_run(&cr, rt, opts, false, exit_status, err);
	if (rc < 0) {
		foreground_end(&fg);
		return rc;
	}
	rc = notify_listen(cr.c, &notify, err);
	if (rc == 0)
		rc = go(&cr, exit_status, err);
	if (rc < 0) {
		creation_abort(&cr);
		foreground_end(&fg);
		return rc;
	}
	*exit_status = 0;
	if (!opts->detach)
		rc = wait_and_delete(&cr, &fg, notify, exit_status, err);
	creation_free(&cr);
	foreground_end(&fg);
	return rc;
}
