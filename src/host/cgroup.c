#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

const struct cgroup_controller_names cgroup_controllers[CG_N_CONTROLLERS] = {
	[CG_CPU] = {"cpu", "cpu"},
	[CG_CPUSET] = {"cpuset", "cpuset"},
	[CG_MEMORY] = {"memory", "memory"},
	[CG_PIDS] = {"pids", "pids"},
	[CG_IO] = {"blkio", "io"},
	[CG_HUGETLB] = {"hugetlb", "hugetlb"},
	[CG_RDMA] = {"rdma", "rdma"},
	[CG_MISC] = {"misc", "misc"},
	[CG_NET_CLS] = {"net_cls", NULL},
	[CG_NET_PRIO] = {"net_prio", NULL},
};

/* `name` is a list: "cpu,cpuacct". */
bool cgroup_name_has(const char *name, const char *controller)
{
	size_t n = strlen(controller);

	while (*name) {
		size_t len = strcspn(name, ",");

		if (len == n && memcmp(name, controller, n) == 0)
			return true;
		name += len + (name[len] == ',');
	}
	return false;
}

struct cgroup_node *cgroup_node(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_name_has(cg->v[i].name,
				    controller ?: CGROUP_UNIFIED))
			return &cg->v[i];
	return NULL;
}

bool cgroup_node_is_new(const struct cgroup_node *node)
{
	return node->old_len > 0 && node->old_len < strlen(node->dir);
}

static bool is_v2(const struct cgroup_node *node)
{
	return str_eq(node->name, CGROUP_UNIFIED);
}

bool cgroup_is_none(const struct cgroup *cg)
{
	return cg->n == 0;
}

const char *cgroup_dir(const struct cgroup *cg, const char *controller)
{
	struct cgroup_node *node = cgroup_node(cg, controller);

	return node ? node->dir : NULL;
}

bool cgroup_hierarchy(const struct cgroup *cg, size_t i, const char **name,
		      const char **dir)
{
	if (i >= cg->n)
		return false;
	*name = cg->v[i].name;
	*dir = cg->v[i].dir;
	return true;
}

static enum cgroup_mode mode_of(const struct cgroup *cg)
{
	if (cg->n == 0)
		return CGROUP_NONE;
	if (!cgroup_node(cg, NULL))
		return CGROUP_V1;
	return cg->n == 1 ? CGROUP_V2 : CGROUP_HYBRID;
}

static struct cgroup_node *add_node(struct cgroup *cg, const char *name,
				    char *dir)
{
	cg->v = xrealloc(cg->v, cg->n + 1, sizeof(*cg->v));
	cg->v[cg->n] = (struct cgroup_node){
		.name = xstrdup(name),
		.dir = dir,
		.fd = -1,
	};
	return &cg->v[cg->n++];
}

static void drop_node(struct cgroup *cg, struct cgroup_node *node)
{
	close_keep_errno(node->fd);
	free(node->name);
	free(node->dir);
	*node = cg->v[--cg->n];
}

static void free_nodes(struct cgroup *cg)
{
	while (cg->n > 0)
		drop_node(cg, &cg->v[cg->n - 1]);
	free(cg->v);
	cg->v = NULL;
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	cgroup_entered(cg);
	free_nodes(cg);
	free(cg);
}

/* --------------------------------------------------------------- remove -- */

static int remove_child(int parent, const char *name, void *arg)
{
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT
		       ? -errno
		       : 0;
}

/* One attempt.  rmdir() of a cgroup with children says EBUSY, as does one
 * with processes; children that hold the latter stop the walk. */
static int remove_tree(const char *dir)
{
	const struct cgroup_walk w = {.leave = remove_child};
	int rc;

	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	rc = cgroup_walk(dir, &w);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	return rmdir(dir) == 0 || errno == ENOENT ? 0 : -errno;
}

/* A process is waited for before it has left its cgroup, so EBUSY may pass:
 * sleeps 1, 2, 4 ... ms while *budget_ms lasts. */
static int remove_patiently(const char *dir, unsigned int *budget_ms)
{
	for (unsigned int ms = 1;; ms *= 2) {
		int rc = remove_tree(dir);

		if ((rc != -EBUSY && rc != -ENOTEMPTY) || *budget_ms < ms)
			return rc == -ENOTEMPTY ? -EBUSY : rc;
		cgroup_sleep_ms(ms);
		*budget_ms -= ms;
	}
}

/* Parents that have got other children by now stay. */
static void unmake_node(struct cgroup_node *node, unsigned int *budget_ms)
{
	char *slash;

	if (!cgroup_node_is_new(node) ||
	    remove_patiently(node->dir, budget_ms) < 0)
		return;
	while ((slash = strrchr(node->dir, '/')) &&
	       (size_t)(slash - node->dir) > node->old_len) {
		*slash = '\0';
		if (rmdir(node->dir) < 0)
			break;
	}
}

/* The first one holds the lock, so it goes last. */
static void unmake_all(struct cgroup *cg, unsigned int budget_ms)
{
	for (size_t i = cg->n; i > 0; i--)
		unmake_node(&cg->v[i - 1], &budget_ms);
}

/* --------------------------------------------------------------- create -- */

/* mkdir -p; node->old_len tells what was there.  Below the mount nothing can
 * be a symlink, and above it everything is the host's. */
static int make_dirs(struct cgroup_node *node)
{
	char *dir = node->dir, *slash = strrchr(dir, '/');
	size_t len = strlen(dir);

	node->old_len = len;
	if (mkdir(dir, 0755) == 0) {
		node->old_len = (size_t)(slash - dir);
		return 0;
	}
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	for (size_t i = node->mount_len + 1; i <= len; i++) {
		int rc;

		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		dir[i] = '\0';
		slash = strrchr(dir, '/');
		rc = mkdir(dir, 0755) < 0 ? -errno : 0;
		if (rc == 0 && node->old_len == len)
			node->old_len = (size_t)(slash - dir);
		if (i < len)
			dir[i] = '/';
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return 0;
}

static int busy(const struct cgroup_node *node, struct err *err)
{
	return err_say(err, -EBUSY,
		       "cgroup %s is being set up or removed for another "
		       "container",
		       node->dir);
}

/* Someone else's empty directory is welcome, their processes are not. */
static int check_unused(const struct cgroup_node *node, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	char state[64];
	int rc;

	rc = cgroup_read_pids(node->dir, &pids, &n);
	if (rc == -ENODEV)
		rc = -ENOENT; /* removed while we had it open */
	if (rc < 0)
		return err_set(err, rc, "read cgroup %s", node->dir);
	if (n > 0)
		return err_say(err, -EBUSY,
			       "cgroup %s has %zu processes already (the first "
			       "is %d); choose another linux.cgroupsPath",
			       node->dir, n, pids[0]);
	if (is_v2(node))
		rc = cgroup_read(node->dir, "cgroup.freeze", state,
				 sizeof(state));
	else if (cgroup_name_has(node->name, "freezer"))
		rc = cgroup_read(node->dir, "freezer.state", state,
				 sizeof(state));
	if (rc > 0 && !str_eq(state, "0") && !str_eq(state, "THAWED"))
		return err_say(err, -EBUSY,
			       "cgroup %s is frozen, so the container could "
			       "not start",
			       node->dir);
	return 0;
}

/* -ENOENT: this is no cgroup filesystem, or the directory was removed by
 * whoever made it. */
static int open_node(struct cgroup_node *node, const char *dir)
{
	node->fd = is_v2(node) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			       : cgroup_open_file(dir, "tasks", O_WRONLY);
	if (node->fd >= 0)
		return 0;
	return is_v2(node) ? -errno : node->fd;
}

/* -ENOENT when who had the lock before us has removed the directory. */
static int check_linked(const struct cgroup_node *node)
{
	struct stat opened, named;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", node->dir,
		 is_v2(node) ? "" : "/tasks");
	if (fstat(node->fd, &opened) < 0 || stat(path, &named) < 0)
		return -errno;
	return opened.st_ino == named.st_ino ? 0 : -ENOENT;
}

static int make_node(struct cgroup_node *node, bool lock, struct err *err)
{
	bool existed;
	int rc;

	rc = make_dirs(node);
	if (rc < 0)
		return err_set(err, rc, "create cgroup %s", node->dir);
	existed = node->old_len == strlen(node->dir);
	rc = open_node(node, node->dir);
	if (rc < 0)
		return err_set(err, rc, "open cgroup %s", node->dir);
	if (lock && flock(node->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_set(err, -errno, "lock cgroup %s",
				       node->dir);
		/* Who holds the lock owns the directory now. */
		node->old_len = strlen(node->dir);
		return busy(node, err);
	}
	if (existed && lock) {
		rc = check_linked(node);
		if (rc < 0)
			return err_set(err, rc, "lock cgroup %s", node->dir);
	}
	if (existed) {
		rc = check_unused(node, err);
		if (rc < 0)
			return rc;
	}
	if (!is_v2(node) && cgroup_name_has(node->name, "cpuset"))
		return cgroup_v1_fill_cpuset(node, err);
	return 0;
}

/* May the container do without this hierarchy, which gave us `rc`? */
static bool can_skip(const struct cgroup *cg, const struct cgroup_request *req,
		     const struct cgroup_node *node, int rc)
{
	bool refused = rc == -EACCES || rc == -EPERM || rc == -EROFS;
	unsigned int needs = req->res ? cgroup_needs(req->res, is_v2(node)) : 0;

	/* The empty v2 beside v1 is a convenience. */
	if (cg->mode == CGROUP_HYBRID && is_v2(node))
		return refused || rc == -ENOENT;
	if (!refused || !req->best_effort || !str_empty(req->path))
		return false;
	if (is_v2(node))
		return needs == 0;
	for (size_t i = 0; i < CG_N_CONTROLLERS; i++)
		if ((needs & 1u << i) &&
		    cgroup_name_has(node->name, cgroup_controllers[i].v1))
			return false;
	return true;
}

static int create_nodes(struct cgroup *cg, const struct cgroup_layout *l,
			const struct cgroup_request *req, struct err *err)
{
	unsigned int budget_ms = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct cgroup_node *node;
		char *dir;
		int rc;

		rc = cgroup_path_for(l, &l->v[i], req, &dir, err);
		if (rc < 0)
			return rc;
		node = add_node(cg, l->v[i].name, dir);
		node->mount_len = strlen(l->v[i].dir);
		rc = make_node(node, cg->n == 1, err);
		if (rc == 0) {
			cg->locked = true;
			continue;
		}
		if (!can_skip(cg, req, node, rc))
			return rc;
		unmake_node(node, &budget_ms);
		drop_node(cg, node);
	}
	if (cg->mode == CGROUP_V2 && cg->n > 0)
		return cgroup_v2_enable(
			&cg->v[0], req->res ? cgroup_needs(req->res, true) : 0,
			err);
	return 0;
}

/* Does placing the cgroup need to know what is mounted where? */
static bool needs_exact(const struct cgroup_layout *l,
			const struct cgroup_request *req)
{
	const char *path = str_empty(req->path) ? req->id : req->path;

	if (*path == '/')
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (!str_eq(l->v[i].own, "/"))
			return true;
	return false;
}

/* *ret stays NULL where the container does without. */
static int layout_for(const struct cgroup_layout **ret,
		      const struct cgroup_request *req, struct err *err)
{
	const struct cgroup_layout *l;
	int rc;

	rc = cgroup_layout(&l, err);
	if (rc == -ENOENT && req->best_effort && str_empty(req->path))
		return 0;
	if (rc == 0 && needs_exact(l, req))
		rc = cgroup_layout_exact(err);
	if (rc == 0)
		*ret = l;
	return rc;
}

static int create(struct cgroup *cg, const struct cgroup_request *req,
		  struct err *err)
{
	const struct cgroup_layout *l = NULL;
	int rc, tries = 3;

	rc = layout_for(&l, req, err);
	if (rc < 0 || !l)
		return rc;
	do {
		cg->mode = l->mode;
		rc = create_nodes(cg, l, req, err);
		if (rc == 0)
			return 0;
		unmake_all(cg, 200);
		free_nodes(cg);
		/* Either the mount is not where it usually is, or the
		 * directory we found was on its way out. */
		if (rc == -ENOENT && cgroup_layout_exact(err) < 0)
			return -ENOENT;
	} while (rc == -ENOENT && l->n > 0 && --tries > 0);
	return rc;
}

int cgroup_create(struct cgroup **ret, const struct cgroup_request *req,
		  struct err *err)
{
	struct cgroup *cg;
	int rc = 0;

	if (req->manager == CGROUP_SYSTEMD)
		return err_say(err, -ENOTSUP,
			       "--systemd-cgroup: not supported yet; use "
			       "--cgroup-manager cgroupfs");
	cg = xcalloc(1, sizeof(*cg));
	cg->best_effort = req->best_effort;
	cg->disabled = req->manager == CGROUP_DISABLED;
	if (!cg->disabled)
		rc = create(cg, req, err);
	if (rc < 0) {
		cgroup_free(cg);
		return rc;
	}
	cg->mode = mode_of(cg);
	*ret = cg;
	return 0;
}

/* ---------------------------------------------------- saved and removed -- */

int cgroup_plan(char ***ret, const struct cgroup_request *req, struct err *err)
{
	_cleanup_strv_ char **v = xcalloc(1, sizeof(char *));
	const struct cgroup_layout *l = NULL;
	int rc = 0;

	if (req->manager == CGROUP_CGROUPFS)
		rc = layout_for(&l, req, err);
	for (size_t i = 0; rc == 0 && l && i < l->n; i++) {
		_cleanup_free_ char *dir = NULL, *entry = NULL;

		rc = cgroup_path_for(l, &l->v[i], req, &dir, err);
		if (rc < 0 || access(dir, F_OK) == 0)
			continue;
		entry = xasprintf("%s=%s", l->v[i].name, dir);
		strv_add(&v, entry);
	}
	if (rc == 0)
		*ret = steal_ptr(&v);
	return rc;
}

char **cgroup_save(const struct cgroup *cg)
{
	char **v = xcalloc(cg->n + 1, sizeof(char *));

	for (size_t i = 0; i < cg->n; i++)
		v[i] = xasprintf("%s=%s", cg->v[i].name, cg->v[i].dir);
	return v;
}

/* A state that was tampered with must not make us kill or remove all there
 * is: /sys/fs/cgroup, and beside other hierarchies /sys/fs/cgroup/NAME. */
static bool is_mount_point(const struct cgroup *cg, const char *dir)
{
	const char *rest = str_after(dir, "/sys/fs/cgroup");

	return str_eq(dir, "/") ||
	       (rest && (!*rest || str_eq(rest, "/") ||
			 (cg->mode != CGROUP_V2 && !strchr(rest + 1, '/'))));
}

int cgroup_open(struct cgroup **ret, char *const *saved, struct err *err)
{
	struct cgroup *cg = xcalloc(1, sizeof(*cg));

	STRV_FOREACH (s, saved) {
		const char *eq = strstr(*s, "=/");
		_cleanup_free_ char *name = NULL;

		if (!eq || eq == *s || strstr(eq, "/../")) {
			cgroup_free(cg);
			return err_say(err, -EINVAL,
				       "saved cgroup \"%s\" is not "
				       "name=/directory",
				       *s);
		}
		name = xstrndup(*s, (size_t)(eq - *s));
		add_node(cg, name, xstrdup(eq + 1));
	}
	cg->mode = mode_of(cg);
	for (size_t i = 0; i < cg->n; i++) {
		if (!is_mount_point(cg, cg->v[i].dir))
			continue;
		err_say(err, -EINVAL,
			"saved cgroup %s is the root of a hierarchy",
			cg->v[i].dir);
		cgroup_free(cg);
		return -EINVAL;
	}
	*ret = cg;
	return 0;
}

static int say_undestroyed(const struct cgroup *cg, const char *dir, int rc,
			   struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;

	if (rc == -EBUSY &&
	    cgroup_procs((struct cgroup *)cg, &pids, &n, NULL) == 0 && n > 0)
		return err_say(err, rc,
			       "remove cgroup %s: %zu processes still live "
			       "there, the first is %d",
			       dir, n, pids[0]);
	return err_set(err, rc, "remove cgroup %s", dir);
}

/* The same lock as create's, so that neither takes the directories of the
 * other; its own directory is therefore the last to go.  None to lock is
 * none to protect. */
static int lock_for_removal(struct cgroup_node *first, unsigned int *budget_ms,
			    struct err *err)
{
	for (;; --*budget_ms) {
		if (first->fd < 0 && open_node(first, first->dir) < 0)
			return 0;
		if (flock(first->fd, LOCK_EX | LOCK_NB) == 0) {
			if (check_linked(first) == 0)
				return 0;
			/* This one is gone; what has its name now? */
			close(first->fd);
			first->fd = -1;
		}
		if (*budget_ms == 0)
			return busy(first, err);
		/* A create that finds our processes lets go at once. */
		if (first->fd >= 0)
			cgroup_sleep_ms(1);
	}
}

int cgroup_destroy(struct cgroup *cg, struct err *err)
{
	unsigned int budget_ms = 1000;
	int rc = 0;

	if (cg->n > 0)
		rc = lock_for_removal(&cg->v[0], &budget_ms, err);
	if (rc < 0)
		return rc;
	cg->locked = true;
	for (size_t i = cg->n; i > 0; i--) {
		const char *dir = cg->v[i - 1].dir;
		int one = remove_patiently(dir, &budget_ms);

		if (one < 0 && rc == 0)
			rc = say_undestroyed(cg, dir, one, err);
	}
	cgroup_entered(cg);
	return rc;
}

void cgroup_abort(struct cgroup *cg)
{
	unsigned int budget_ms = 200;

	if (cg->n > 0 && !cg->locked &&
	    lock_for_removal(&cg->v[0], &budget_ms, NULL) < 0)
		return;
	cg->locked = cg->n > 0;
	unmake_all(cg, budget_ms);
}
