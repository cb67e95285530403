#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

enum { FREEZE_MS = 2000 };

/* Where the processes are listed: v2 if there is one, since it cannot be
 * left out of, else the first of v1's. */
static struct cgroup_node *main_node(const struct cgroup *cg)
{
	return cgroup_node(cg, NULL)	    ?: cgroup_node(cg, "freezer") ?:
	       cgroup_node(cg, "devices") ?: cg->n > 0 ? &cg->v[0] : NULL;
}

/* ------------------------------------------------------------- listing -- */

struct pid_list {
	pid_t *v;
	size_t n;
};

static int add_pids_of(int fd, void *arg)
{
	struct pid_list *l = arg;
	char dir[32];
	int rc;

	snprintf(dir, sizeof(dir), "/proc/self/fd/%d", fd);
	rc = cgroup_read_pids(dir, &l->v, &l->n);
	/* Threaded cgroups have no processes of their own, and one that is
	 * being removed has none at all. */
	return rc == -EOPNOTSUPP || rc == -ENOENT || rc == -ENODEV ? 0 : rc;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_procs(struct cgroup *cg, pid_t **ret, size_t *n, struct err *err)
{
	struct pid_list l = {0};
	const struct cgroup_walk w = {.enter = add_pids_of, .arg = &l};
	struct cgroup_node *node = main_node(cg);
	size_t unique = 0;
	int rc;

	*ret = NULL;
	*n = 0;
	rc = node ? cgroup_walk(node->dir, &w) : 0;
	if (rc == -ENOENT)
		rc = 0;
	if (rc < 0) {
		free(l.v);
		return err_set(err, rc, "list the processes of cgroup %s",
			       node->dir);
	}
	if (l.n > 1)
		qsort(l.v, l.n, sizeof(pid_t), by_number);
	/* v1 may show a process twice while it moves. */
	for (size_t i = 0; i < l.n; i++)
		if (unique == 0 || l.v[i] != l.v[unique - 1])
			l.v[unique++] = l.v[i];
	*ret = l.v;
	*n = unique;
	return 0;
}

int cgroup_is_populated(struct cgroup *cg, bool *ret, struct err *err)
{
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	_cleanup_free_ pid_t *pids = NULL;
	uint64_t populated;
	size_t n;
	int rc;

	if (v2) {
		rc = cgroup_read_key(v2->dir, "cgroup.events", "populated",
				     &populated);
		*ret = rc == 0 && populated;
		if (rc == 0 || rc == -ENOENT || rc == -ENODEV)
			return 0;
	}
	rc = cgroup_procs(cg, &pids, &n, err);
	*ret = rc == 0 && n > 0;
	return rc;
}

/* ------------------------------------------------------------- freezing -- */

/* The v2 freezer first, also beside v1: what it stops can still be killed. */
static struct cgroup_node *v2_freezer(const struct cgroup *cg)
{
	struct cgroup_node *v2 = cgroup_node(cg, NULL);

	return v2 && cgroup_has_file(v2->dir, "cgroup.freeze") ? v2 : NULL;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* cgroup.events announces changes as POLLPRI. */
static int v2_wait_frozen(const char *dir, bool frozen)
{
	_cleanup_close_ int fd =
		cgroup_open_file(dir, "cgroup.events", O_RDONLY);
	int64_t end = now_ms() + FREEZE_MS, left;
	const char *want = frozen ? "frozen 1" : "frozen 0";

	if (fd < 0)
		return fd;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (strstr(text, want))
			return 0;
		left = end - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

static int v2_set_frozen(const char *dir, bool frozen)
{
	int rc = cgroup_write(dir, "cgroup.freeze", frozen ? "1" : "0");

	return rc < 0 ? rc : v2_wait_frozen(dir, frozen);
}

/* A process born meanwhile can leave v1 in FREEZING until the state is
 * written again, and one in a vfork() until it was thawed for a moment. */
static int v1_set_frozen(const char *dir, bool frozen)
{
	const char *want = frozen ? "FROZEN" : "THAWED";
	int64_t end = now_ms() + FREEZE_MS;
	char state[32];

	for (unsigned int i = 0;; i++) {
		int rc = cgroup_write(dir, "freezer.state", want);

		if (rc == 0)
			rc = cgroup_read(dir, "freezer.state", state,
					 sizeof(state));
		if (rc < 0)
			return rc;
		if (str_eq(state, want))
			return 0;
		if (now_ms() >= end)
			return -ETIMEDOUT;
		if (i % 25 == 24)
			cgroup_write(dir, "freezer.state", "THAWED");
		cgroup_sleep_ms(1 + i % 10);
	}
}

static int set_frozen(struct cgroup *cg, bool frozen, struct err *err)
{
	struct cgroup_node *v2 = v2_freezer(cg);
	struct cgroup_node *v1 = cgroup_node(cg, "freezer");
	const char *what = frozen ? "freeze" : "thaw";
	const char *dir = v2 ? v2->dir : v1 ? v1->dir : NULL;
	int rc;

	if (cgroup_is_none(cg))
		return err_say(err, -ENOTSUP,
			       "cannot %s: the container has no cgroup", what);
	if (!dir)
		return err_say(
			err, -ENOTSUP,
			"cannot %s: this host has neither the v1 freezer "
			"nor cgroup.freeze (Linux 5.2)",
			what);
	rc = v2 ? v2_set_frozen(dir, frozen) : v1_set_frozen(dir, frozen);
	if (rc == -ETIMEDOUT && frozen) {
		/* Half-frozen is the worst of both. */
		cgroup_write(dir, v2 ? "cgroup.freeze" : "freezer.state",
			     v2 ? "0" : "THAWED");
		return err_say(err, rc,
			       "freeze cgroup %s: its processes did not stop "
			       "within %d seconds, so they run on",
			       dir, FREEZE_MS / 1000);
	}
	return rc < 0 ? err_set(err, rc, "%s cgroup %s", what, dir) : 0;
}

int cgroup_freeze(struct cgroup *cg, struct err *err)
{
	return set_frozen(cg, true, err);
}

int cgroup_thaw(struct cgroup *cg, struct err *err)
{
	return set_frozen(cg, false, err);
}

int cgroup_is_frozen(struct cgroup *cg, bool *ret, struct err *err)
{
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	struct cgroup_node *v1 = cgroup_node(cg, "freezer");
	uint64_t frozen = 0;
	char state[32];
	int rc;

	*ret = false;
	if (v2) {
		rc = cgroup_read_key(v2->dir, "cgroup.events", "frozen",
				     &frozen);
		*ret = rc == 0 && frozen;
		if (rc == 0)
			return 0;
		if (rc != -ENODATA && rc != -ENOENT && rc != -ENODEV)
			return err_set(err, rc, "read %s/cgroup.events",
				       v2->dir);
	}
	if (!v1)
		return 0;
	rc = cgroup_read(v1->dir, "freezer.state", state, sizeof(state));
	if (rc == -ENOENT || rc == -ENODEV)
		return 0;
	if (rc < 0)
		return err_set(err, rc, "read %s/freezer.state", v1->dir);
	*ret = !str_eq(state, "THAWED");
	return 0;
}

/* -------------------------------------------------------------- killing -- */

/* One pass.  *sent counts those that were there. */
static int signal_all(struct cgroup *cg, int sig, size_t *sent, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int rc;

	*sent = 0;
	rc = cgroup_procs(cg, &pids, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (kill(pids[i], sig) == 0)
			(*sent)++;
		else if (errno != ESRCH)
			return err_set(err, -errno, "kill process %d", pids[i]);
	}
	return rc;
}

/* Without cgroup.kill (v1, Linux before 5.14): stop them, so that none is
 * born between list and signal, signal, and let them go to die.  Where they
 * can't be stopped, passes follow until one finds nobody new. */
static int kill_by_hand(struct cgroup *cg, struct err *err)
{
	struct cgroup_node *v1 = cgroup_node(cg, "freezer");
	struct cgroup_node *v2 = v2_freezer(cg);
	bool frozen = set_frozen(cg, true, NULL) == 0;
	size_t sent = 0;
	int rc = 0;

	for (int pass = 0; rc == 0 && pass < (frozen ? 1 : 20); pass++) {
		rc = signal_all(cg, SIGKILL, &sent, err);
		if (sent == 0)
			break;
		if (!frozen)
			cgroup_sleep_ms(1);
	}
	if (v2)
		cgroup_write(v2->dir, "cgroup.freeze", "0");
	/* A frozen process of v1 does not even die. */
	if (v1)
		cgroup_write(v1->dir, "freezer.state", "THAWED");
	return rc;
}

int cgroup_kill(struct cgroup *cg, int sig, struct err *err)
{
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	struct cgroup_node *v1 = cgroup_node(cg, "freezer");
	size_t sent;
	int rc;

	if (sig != SIGKILL)
		return signal_all(cg, sig, &sent, err);
	if (cgroup_is_none(cg))
		return 0;
	rc = v2 ? cgroup_write(v2->dir, "cgroup.kill", "1") : -ENOENT;
	if (rc == 0) {
		/* Someone may have used the v1 freezer from outside. */
		if (v1)
			cgroup_write(v1->dir, "freezer.state", "THAWED");
		return 0;
	}
	if (rc != -ENOENT && rc != -ENODEV && rc != -EOPNOTSUPP)
		return err_set(err, rc, "write %s/cgroup.kill", v2->dir);
	return kill_by_hand(cg, err);
}
