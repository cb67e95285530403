#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* --------------------------------------- handing controllers downwards -- */

/* Of a list like "cpu io memory", those we know, as bits. */
static int read_controllers(const char *dir, const char *file,
			    unsigned int *ret)
{
	char text[1024];
	char *rest = text, *word;
	int rc = cgroup_read(dir, file, text, sizeof(text));

	*ret = 0;
	if (rc < 0)
		return rc;
	while ((word = strsep(&rest, " ")))
		for (unsigned int c = 0; c < CG_N_CONTROLLERS; c++)
			if (cgroup_controllers[c].v2 &&
			    str_eq(word, cgroup_controllers[c].v2))
				*ret |= 1u << c;
	return 0;
}

/* Why a level of the tree did not hand a controller down. */
struct refusal {
	char *dir;
	int rc;
};

static int write_controllers(const char *dir, unsigned int set)
{
	char text[256] = "";
	size_t n = 0;

	for (unsigned int c = 0; c < CG_N_CONTROLLERS; c++)
		if (set & 1u << c)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s+%s", n ? " " : "",
					      cgroup_controllers[c].v2);
	return cgroup_write(dir, "cgroup.subtree_control", text);
}

/* All at once; if the kernel takes not all of them, one by one. */
static void enable_at(const char *dir, unsigned int wanted,
		      struct refusal why[CG_N_CONTROLLERS])
{
	unsigned int enabled;

	if (read_controllers(dir, "cgroup.subtree_control", &enabled) < 0 ||
	    !(wanted & ~enabled) ||
	    write_controllers(dir, wanted & ~enabled) == 0)
		return;
	for (unsigned int c = 0; c < CG_N_CONTROLLERS; c++) {
		int rc;

		if (!(wanted & ~enabled & 1u << c))
			continue;
		rc = write_controllers(dir, 1u << c);
		if (rc < 0 && !why[c].dir)
			why[c] = (struct refusal){xstrdup(dir), rc};
	}
}

static int say_missing(const struct cgroup_node *node, const char *name,
		       const struct refusal *why, struct err *err)
{
	if (!why->dir)
		return err_say(err, -ENOTSUP,
			       "linux.resources needs the controller %s, which "
			       "%.*s/cgroup.controllers does not offer",
			       name, (int)node->mount_len, node->dir);
	if (why->rc == -EBUSY)
		return err_say(
			err, -EBUSY,
			"controller %s: %s/cgroup.subtree_control "
			"refuses it, since processes live in that cgroup "
			"itself (or it is a v1 hierarchy's)",
			name, why->dir);
	if (why->rc == -EOPNOTSUPP)
		return err_say(err, -ENOTSUP,
			       "controller %s: %s is a threaded cgroup, which "
			       "cannot have it",
			       name, why->dir);
	return err_set(err, why->rc,
		       "controller %s: write to %s/cgroup.subtree_control",
		       name, why->dir);
}

static int check_needs(const struct cgroup_node *node, unsigned int needs,
		       const struct refusal why[CG_N_CONTROLLERS],
		       struct err *err)
{
	unsigned int have;
	int rc;

	if (!needs)
		return 0;
	rc = read_controllers(node->dir, "cgroup.controllers", &have);
	if (rc < 0)
		return err_set(err, rc, "read %s/cgroup.controllers",
			       node->dir);
	for (unsigned int c = 0; c < CG_N_CONTROLLERS; c++)
		if ((needs & ~have & 1u << c) && cgroup_controllers[c].v2)
			return say_missing(node, cgroup_controllers[c].v2,
					   &why[c], err);
	return 0;
}

int cgroup_v2_enable(const struct cgroup_node *node, unsigned int needs,
		     struct err *err)
{
	_cleanup_free_ char *top = xstrndup(node->dir, node->mount_len);
	_cleanup_free_ char *dir = xstrdup(node->dir);
	struct refusal why[CG_N_CONTROLLERS] = {0};
	unsigned int offered, have;
	size_t len = strlen(dir);
	int rc;

	rc = read_controllers(top, "cgroup.controllers", &offered);
	if (rc < 0)
		return err_set(err, rc, "read %s/cgroup.controllers", top);
	rc = read_controllers(dir, "cgroup.controllers", &have);
	if (rc < 0)
		return err_set(err, rc, "read %s/cgroup.controllers", dir);
	if (!(offered & ~have) && !(needs & ~have))
		return 0;
	for (size_t i = node->mount_len; i < len; i++) {
		if (dir[i] != '/')
			continue;
		dir[i] = '\0';
		enable_at(dir, offered, why);
		dir[i] = '/';
	}
	rc = check_needs(node, needs, why, err);
	for (size_t c = 0; c < CG_N_CONTROLLERS; c++)
		free(why[c].dir);
	return rc;
}

/* --------------------------------------------------------------- limits -- */

static int unsupported(const struct cgroup_limits *l, const char *field)
{
	return err_say(l->err, -ENOTSUP,
		       "%s: cgroup v2 has no such limit, so it cannot be "
		       "honoured on this host",
		       field);
}

/* "max" for no limit. */
static int limit_or_max(const struct cgroup_limits *l, const char *field,
			const char *file, int64_t value)
{
	return value < 0
		       ? cgroup_limit(l, field, file, "max")
		       : cgroup_limit(l, field, file, "%lld", (long long)value);
}

static int set_swap(const struct cgroup_limits *l,
		    const struct cgroup_memory *m)
{
	int64_t max;
	int rc = cgroup_swap_max(m->limit, m->swap, &max, l->err);

	if (rc < 0 || max == INT64_MIN)
		return rc;
	/* Without accounting of swap nothing is lost where none is limited. */
	if (max <= 0 && !cgroup_has_file(l->dir, "memory.swap.max"))
		return 0;
	return limit_or_max(l, "memory.swap", "memory.swap.max", max);
}

static int set_memory(const struct cgroup_limits *l,
		      const struct cgroup_memory *m)
{
	int rc = 0;

	if (m->kernel_tcp)
		return unsupported(l, "memory.kernelTCP");
	if (m->disable_oom_killer)
		return unsupported(l, "memory.disableOOMKiller");
	if (m->swappiness.set)
		return unsupported(l, "memory.swappiness");
	/* The kernel would make room by killing. */
	if (m->check_before_update)
		rc = cgroup_limit_check(l, "memory.limit", "memory.current",
					m->limit);
	if (rc == 0 && m->check_before_update && m->limit > 0 && m->swap > 0)
		rc = cgroup_limit_check(l, "memory.swap", "memory.swap.current",
					m->swap - m->limit);
	if (rc == 0)
		rc = set_swap(l, m);
	if (rc == 0 && m->limit)
		rc = limit_or_max(l, "memory.limit", "memory.max", m->limit);
	if (rc == 0 && m->reservation)
		rc = limit_or_max(l, "memory.reservation", "memory.low",
				  m->reservation);
	return rc;
}

/* One file holds "QUOTA PERIOD"; a quota alone leaves the period. */
static int set_bandwidth(const struct cgroup_limits *l,
			 const struct cgroup_cpu *c)
{
	char quota[64] = "max";

	if (!c->quota && !c->period)
		return 0;
	if (c->quota > 0)
		snprintf(quota, sizeof(quota), "%lld", (long long)c->quota);
	if (!c->period)
		return cgroup_limit(l, "cpu.quota", "cpu.max", "%s", quota);
	if (!c->quota &&
	    cgroup_read(l->dir, "cpu.max", quota, sizeof(quota)) > 0)
		quota[strcspn(quota, " ")] = '\0';
	if (!*quota)
		strcpy(quota, "max");
	return cgroup_limit(l, c->quota ? "cpu.quota" : "cpu.period", "cpu.max",
			    "%s %llu", quota, (unsigned long long)c->period);
}

static int set_cpu(const struct cgroup_limits *l, const struct cgroup_cpu *c)
{
	unsigned long long weight = cgroup_weight_from_shares(c->shares);
	unsigned long long burst = c->burst.v;
	bool burst_done = false;
	char text[24];
	int rc = 0;

	if (c->realtime_period || c->realtime_runtime)
		return unsupported(l, "cpu.realtimeRuntime");
	/* An idle group has no weight to set. */
	if (c->idle.set && c->idle.v == 0)
		rc = cgroup_limit(l, "cpu.idle", "cpu.idle", "0");
	if (rc == 0 && weight)
		rc = cgroup_limit(l, "cpu.shares", "cpu.weight", "%llu",
				  weight);
	if (rc == 0 && c->idle.set && c->idle.v != 0)
		rc = cgroup_limit(l, "cpu.idle", "cpu.idle", "%lld",
				  (long long)c->idle.v);
	/* The burst may not exceed the quota: what shrinks goes first. */
	if (rc == 0 && c->burst.set) {
		snprintf(text, sizeof(text), "%llu", burst);
		burst_done = cgroup_write(l->dir, "cpu.max.burst", text) == 0;
	}
	if (rc == 0)
		rc = set_bandwidth(l, c);
	if (rc == 0 && c->burst.set && !burst_done)
		rc = cgroup_limit(l, "cpu.burst", "cpu.max.burst", "%llu",
				  burst);
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

/* ------------------------------------------------------------------- io -- */

/* BFQ's own file takes the specification's range as it is. */
static int set_weights(const struct cgroup_limits *l,
		       const struct cgroup_block_io *io)
{
	bool bfq = cgroup_has_file(l->dir, "io.bfq.weight");
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	int rc = 0;

	if (io->weight)
		rc = cgroup_limit(
			l, "blockIO.weight", file, "%llu",
			bfq ? io->weight
			    : (unsigned long long)cgroup_io_weight(io->weight));
	for (size_t i = 0; rc == 0 && i < io->n_weight_device; i++) {
		const struct cgroup_weight_device *d = &io->weight_device[i];

		if (d->leaf_weight)
			return unsupported(l, "blockIO.weightDevice."
					      "leafWeight");
		if (d->weight)
			rc = cgroup_limit(
				l, "blockIO.weightDevice", file,
				"%lld:%lld %llu", (long long)d->major,
				(long long)d->minor,
				bfq ? d->weight
				    : (unsigned long long)cgroup_io_weight(
					      d->weight));
	}
	return rc;
}

static int set_throttle(const struct cgroup_limits *l, const char *field,
			const char *key, const struct cgroup_throttle_device *v,
			size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		long long major = v[i].major, minor = v[i].minor;

		if (v[i].rate)
			rc = cgroup_limit(l, field, "io.max",
					  "%lld:%lld %s=%llu", major, minor,
					  key, (unsigned long long)v[i].rate);
		else
			rc = cgroup_limit(l, field, "io.max",
					  "%lld:%lld %s=max", major, minor,
					  key);
	}
	return rc;
}

static int set_io(const struct cgroup_limits *l,
		  const struct cgroup_block_io *io)
{
	int rc;

	if (io->leaf_weight)
		return unsupported(l, "blockIO.leafWeight");
	rc = io->weight || io->n_weight_device ? set_weights(l, io) : 0;
	if (rc == 0)
		rc = set_throttle(l, "blockIO.throttleReadBpsDevice", "rbps",
				  io->throttle_read_bps_device,
				  io->n_throttle_read_bps_device);
	if (rc == 0)
		rc = set_throttle(l, "blockIO.throttleWriteBpsDevice", "wbps",
				  io->throttle_write_bps_device,
				  io->n_throttle_write_bps_device);
	if (rc == 0)
		rc = set_throttle(l, "blockIO.throttleReadIOPSDevice", "riops",
				  io->throttle_read_iops_device,
				  io->n_throttle_read_iops_device);
	if (rc == 0)
		rc = set_throttle(l, "blockIO.throttleWriteIOPSDevice", "wiops",
				  io->throttle_write_iops_device,
				  io->n_throttle_write_iops_device);
	return rc;
}

/* -------------------------------------------------------------- unified -- */

/* A value of many lines ("8:0 rbps=1\n8:16 rbps=1") is one write for each. */
static int set_unified(const struct cgroup_limits *l,
		       const struct cgroup_unified *u)
{
	_cleanup_free_ char *text = xstrdup(u->value ?: "");
	_cleanup_free_ char *field = xasprintf("unified[\"%s\"]", u->file);
	char *rest = text, *line;
	bool first = true;
	int rc = 0;

	if (strchr(u->file, '/') || !strchr(u->file, '.'))
		return err_say(l->err, -EINVAL,
			       "%s: not the name of a cgroup's file", field);
	while (rc == 0 && (line = strsep(&rest, "\n"))) {
		if (*line || first)
			rc = cgroup_limit(l, field, u->file, "%s", line);
		first = false;
	}
	return rc;
}

int cgroup_v2_apply(struct cgroup *cg, const struct cgroup_resources *res,
		    struct err *err)
{
	const struct cgroup_limits l = {.dir = cg->v[0].dir, .err = err};
	unsigned int needs = cgroup_needs(res, false);
	int rc = 0;

	if (needs & (1u << CG_NET_CLS | 1u << CG_NET_PRIO))
		return unsupported(&l, "network");
	if (needs & 1u << CG_CPUSET)
		rc = set_cpuset(&l, &res->cpu);
	if (rc == 0 && needs & 1u << CG_CPU)
		rc = set_cpu(&l, &res->cpu);
	if (rc == 0 && needs & 1u << CG_MEMORY)
		rc = set_memory(&l, &res->memory);
	if (rc == 0 && needs & 1u << CG_PIDS)
		rc = limit_or_max(&l, "pids.limit", "pids.max",
				  res->pids.limit);
	if (rc == 0 && needs & 1u << CG_IO)
		rc = set_io(&l, &res->block_io);
	if (rc == 0)
		rc = cgroup_limit_hugetlb(&l, res, "max");
	if (rc == 0)
		rc = cgroup_limit_rdma(&l, res);
	for (size_t i = 0; rc == 0 && i < res->n_unified; i++)
		rc = set_unified(&l, &res->unified[i]);
	return rc;
}
