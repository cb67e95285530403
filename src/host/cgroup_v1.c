#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* --------------------------------------------------------------- cpuset -- */

/* A new cpuset is empty, and processes cannot enter an empty one. */
static const char *const cpuset_files[] = {"cpuset.cpus", "cpuset.mems"};

enum { CPUSET_TEXT = 4096 };

/* Read `file` of dir[0..len], after filling it from above if it is empty;
 * the mount itself, at `top`, always has something. */
static int inherit(const char *dir, size_t len, size_t top, const char *file,
		   char *text)
{
	_cleanup_free_ char *here = xstrndup(dir, len);
	char *slash = strrchr(here, '/');
	int rc;

	rc = cgroup_read(here, file, text, CPUSET_TEXT);
	if (rc != 0 || len <= top)
		return rc;
	rc = inherit(dir, (size_t)(slash - here), top, file, text);
	return rc < 0 ? rc : cgroup_write(here, file, text);
}

/* The usual case, one new level, in few system calls: both files of the
 * parent and of the new cpuset are opened in a row and closed at once. */
static int fill_one_level(const struct cgroup_node *node)
{
	_cleanup_free_ char *parent = xstrndup(node->dir, node->old_len);
	char text[CPUSET_TEXT];
	int fd[4], rc = 0, n = 0;

	for (; n < 4; n++) {
		fd[n] = cgroup_open_file(n < 2 ? parent : node->dir,
					 cpuset_files[n % 2],
					 n < 2 ? O_RDONLY : O_WRONLY);
		if (fd[n] < 0) {
			rc = fd[n];
			break;
		}
	}
	for (int i = 0; rc == 0 && i < 2; i++) {
		ssize_t len = read(fd[i], text, sizeof(text));

		if (len < 0 || write(fd[i + 2], text, (size_t)len) < 0)
			rc = -errno;
		else if (len <= 1)
			rc = -ENODATA; /* the parent is empty as well */
	}
	if (n == 4 && fd[3] - fd[0] == 3 && fd[1] - fd[0] == 1 &&
	    fd[2] - fd[0] == 2 &&
	    syscall(SYS_close_range, fd[0], fd[3], 0) == 0)
		return rc;
	while (n > 0)
		close(fd[--n]);
	return rc;
}

int cgroup_v1_fill_cpuset(const struct cgroup_node *node, struct err *err)
{
	size_t len = strlen(node->dir);
	char text[CPUSET_TEXT];

	if (cgroup_node_is_new(node) &&
	    strchr(node->dir + node->old_len + 1, '/') == NULL &&
	    fill_one_level(node) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(cpuset_files); i++) {
		int rc = inherit(node->dir, len, node->mount_len,
				 cpuset_files[i], text);

		if (rc < 0)
			return err_set(err, rc, "fill %s/%s from its parent",
				       node->dir, cpuset_files[i]);
	}
	return 0;
}

/* --------------------------------------------------------------- memory -- */

static int set_memory_and_swap(const struct cgroup_limits *l, int64_t limit,
			       int64_t swap)
{
	const struct cgroup_limit_pair mem = {"memory.limit",
					      "memory.limit_in_bytes", limit};
	const struct cgroup_limit_pair memsw = {
		"memory.swap", "memory.memsw.limit_in_bytes", swap};

	/* Without accounting of swap nothing is lost where none is limited. */
	if (swap && (swap < 0 || swap == limit) &&
	    !cgroup_has_file(l->dir, memsw.file))
		swap = 0;
	/* memsw may never be below the other, so which comes first depends on
	 * whether they rise or fall. */
	if (limit && swap)
		return cgroup_limit_two(l, &mem, &memsw);
	if (limit)
		return cgroup_limit(l, mem.field, mem.file, "%lld",
				    (long long)limit);
	if (swap)
		return cgroup_limit(l, memsw.field, memsw.file, "%lld",
				    (long long)swap);
	return 0;
}

static int set_memory(const struct cgroup_limits *l,
		      const struct cgroup_memory *m)
{
	int64_t swap = m->limit < 0 && m->swap == 0 ? -1 : m->swap;
	int rc = 0;

	if (m->check_before_update)
		rc = cgroup_limit_check(l, "memory.limit",
					"memory.usage_in_bytes", m->limit);
	if (rc == 0 && m->check_before_update)
		rc = cgroup_limit_check(l, "memory.swap",
					"memory.memsw.usage_in_bytes", m->swap);
	/* Only old kernels need it, and only before there are children. */
	if (rc == 0 && m->use_hierarchy)
		rc = cgroup_limit(l, "memory.useHierarchy",
				  "memory.use_hierarchy", "1");
	if (rc == 0)
		rc = set_memory_and_swap(l, m->limit, swap);
	/* memory.kernel is let go: Linux dropped that limit in 5.16. */
	if (rc == 0 && m->kernel_tcp)
		rc = cgroup_limit(l, "memory.kernelTCP",
				  "memory.kmem.tcp.limit_in_bytes", "%lld",
				  (long long)m->kernel_tcp);
	if (rc == 0 && m->reservation)
		rc = cgroup_limit(l, "memory.reservation",
				  "memory.soft_limit_in_bytes", "%lld",
				  (long long)m->reservation);
	if (rc == 0 && m->disable_oom_killer)
		rc = cgroup_limit(l, "memory.disableOOMKiller",
				  "memory.oom_control", "1");
	if (rc == 0 && m->swappiness.set)
		rc = cgroup_limit(l, "memory.swappiness", "memory.swappiness",
				  "%llu", (unsigned long long)m->swappiness.v);
	return rc;
}

/* ------------------------------------------------------------------ cpu -- */

/* Either may be absent (0); together, the order depends on the parent's. */
static int set_period(const struct cgroup_limits *l,
		      const struct cgroup_limit_pair *period,
		      const struct cgroup_limit_pair *runtime)
{
	if (period->value && runtime->value)
		return cgroup_limit_two(l, period, runtime);
	if (runtime->value)
		period = runtime;
	return period->value ? cgroup_limit(l, period->field, period->file,
					    "%lld", (long long)period->value)
			     : 0;
}

/* The burst may not exceed the quota: the one that shrinks goes first. */
static int set_quota(const struct cgroup_limits *l, const struct cgroup_cpu *c)
{
	const struct cgroup_limit_pair period = {
		"cpu.period", "cpu.cfs_period_us", (int64_t)c->period};
	const struct cgroup_limit_pair quota = {"cpu.quota", "cpu.cfs_quota_us",
						c->quota < 0 ? -1 : c->quota};
	unsigned long long burst = c->burst.v;
	bool burst_done = false;
	char text[24];
	int rc;

	if (c->burst.set) {
		snprintf(text, sizeof(text), "%llu", burst);
		burst_done =
			cgroup_write(l->dir, "cpu.cfs_burst_us", text) == 0;
	}
	rc = set_period(l, &period, &quota);
	if (rc == 0 && c->burst.set && !burst_done)
		rc = cgroup_limit(l, "cpu.burst", "cpu.cfs_burst_us", "%llu",
				  burst);
	return rc;
}

static int set_cpu(const struct cgroup_limits *l, const struct cgroup_cpu *c)
{
	const struct cgroup_limit_pair rt_period = {
		"cpu.realtimePeriod", "cpu.rt_period_us",
		(int64_t)c->realtime_period};
	const struct cgroup_limit_pair rt_runtime = {"cpu.realtimeRuntime",
						     "cpu.rt_runtime_us",
						     c->realtime_runtime};
	int rc = 0;

	/* An idle group has no shares to set. */
	if (c->idle.set && c->idle.v == 0)
		rc = cgroup_limit(l, "cpu.idle", "cpu.idle", "0");
	if (rc == 0 && c->shares)
		rc = cgroup_limit(l, "cpu.shares", "cpu.shares", "%llu",
				  (unsigned long long)c->shares);
	if (rc == 0 && c->idle.set && c->idle.v != 0)
		rc = cgroup_limit(l, "cpu.idle", "cpu.idle", "%lld",
				  (long long)c->idle.v);
	if (rc == 0)
		rc = set_quota(l, c);
	if (rc == 0)
		rc = set_period(l, &rt_period, &rt_runtime);
	return rc;
}

static int set_cpuset(const struct cgroup_limits *l, const struct cgroup_cpu *c)
{
	int rc = 0;

	if (!str_empty(c->cpus))
		rc = cgroup_limit(l, "cpu.cpus", "cpuset.cpus", "%s", c->cpus);
	if (rc == 0 && !str_empty(c->mems))
		rc = cgroup_limit(l, "cpu.mems", "cpuset.mems", "%s", c->mems);
	return rc;
}

/* --------------------------------------------------- network, processes -- */

static int set_priorities(const struct cgroup_limits *l,
			  const struct cgroup_network *net)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < net->n_priorities; i++)
		rc = cgroup_limit(l, "network.priorities", "net_prio.ifpriomap",
				  "%s %u", net->priorities[i].name,
				  net->priorities[i].priority);
	return rc;
}

static int set_pids(const struct cgroup_limits *l, int64_t limit)
{
	return limit < 0 ? cgroup_limit(l, "pids.limit", "pids.max", "max")
			 : cgroup_limit(l, "pids.limit", "pids.max", "%lld",
					(long long)limit);
}

static int apply_one(const struct cgroup_limits *l, enum cgroup_controller c,
		     const struct cgroup_resources *res)
{
	switch (c) {
	case CG_CPU:
		return set_cpu(l, &res->cpu);
	case CG_CPUSET:
		return set_cpuset(l, &res->cpu);
	case CG_MEMORY:
		return set_memory(l, &res->memory);
	case CG_PIDS:
		return set_pids(l, res->pids.limit);
	case CG_IO:
		return cgroup_v1_blkio(l, &res->block_io);
	case CG_HUGETLB:
		return cgroup_limit_hugetlb(l, res, "limit_in_bytes");
	case CG_RDMA:
		return cgroup_limit_rdma(l, res);
	case CG_NET_CLS:
		return cgroup_limit(l, "network.classID", "net_cls.classid",
				    "%u", res->network.class_id);
	case CG_NET_PRIO:
		return set_priorities(l, &res->network);
	default:
		return 0;
	}
}

int cgroup_v1_apply(struct cgroup *cg, const struct cgroup_resources *res,
		    struct err *err)
{
	unsigned int needs = cgroup_needs(res, false);

	if (res->n_unified)
		return err_say(
			err, -ENOTSUP,
			"unified: \"%s\" is for cgroup v2, and this host "
			"has its controllers on v1",
			res->unified[0].file);
	for (unsigned int c = 0; c < CG_N_CONTROLLERS; c++) {
		const char *name = cgroup_controllers[c].v1;
		struct cgroup_node *node = cgroup_node(cg, name);
		struct cgroup_limits l = {.err = err};
		int rc;

		if (!(needs & 1u << c))
			continue;
		if (!node)
			return err_say(
				err, -ENOTSUP,
				"linux.resources limits %s, but this "
				"host mounts no cgroup v1 hierarchy with "
				"that controller",
				name);
		l.dir = node->dir;
		rc = apply_one(&l, c, res);
		if (rc < 0)
			return rc;
	}
	return 0;
}
