#include "host/cgroup_internal.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static bool any_io(const struct cgroup_block_io *io)
{
	return io->weight || io->leaf_weight || io->n_weight_device ||
	       io->n_throttle_read_bps_device ||
	       io->n_throttle_write_bps_device ||
	       io->n_throttle_read_iops_device ||
	       io->n_throttle_write_iops_device;
}

static unsigned int needs_unified(const struct cgroup_resources *res)
{
	unsigned int needs = 0;

	for (size_t i = 0; i < res->n_unified; i++)
		for (size_t c = 0; c < CG_N_CONTROLLERS; c++) {
			const char *v2 = cgroup_controllers[c].v2;
			const char *rest =
				v2 ? str_after(res->unified[i].file, v2) : NULL;

			if (rest && *rest == '.')
				needs |= 1u << c;
		}
	return needs;
}

unsigned int cgroup_needs(const struct cgroup_resources *res, bool v2)
{
	const struct cgroup_memory *m = &res->memory;
	const struct cgroup_cpu *c = &res->cpu;
	unsigned int needs = v2 ? needs_unified(res) : 0;

	if (c->shares || c->quota || c->burst.set || c->period ||
	    c->realtime_runtime || c->realtime_period || c->idle.set)
		needs |= 1u << CG_CPU;
	if (!str_empty(c->cpus) || !str_empty(c->mems))
		needs |= 1u << CG_CPUSET;
	if (m->limit || m->reservation || m->swap || m->kernel_tcp ||
	    m->swappiness.set || m->disable_oom_killer)
		needs |= 1u << CG_MEMORY;
	if (res->pids.limit)
		needs |= 1u << CG_PIDS;
	if (any_io(&res->block_io))
		needs |= 1u << CG_IO;
	if (res->n_hugepage_limits)
		needs |= 1u << CG_HUGETLB;
	if (res->n_rdma)
		needs |= 1u << CG_RDMA;
	if (res->network.class_id)
		needs |= 1u << CG_NET_CLS;
	if (res->network.n_priorities)
		needs |= 1u << CG_NET_PRIO;
	return needs;
}

/* -------------------------------------------------------------- writing -- */

void cgroup_human_size(char *buf, size_t size, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	double v = (double)bytes;
	int unit = -1;

	while (v >= 1024 && unit < 5) {
		v /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, size, "%llu bytes", (unsigned long long)bytes);
	else
		snprintf(buf, size, "%.1f %ciB", v, units[unit]);
}

/* "memory.limit_in_bytes" and its relatives -> the file that says why not. */
static const char *usage_of(const char *file)
{
	if (str_eq(file, "memory.limit_in_bytes"))
		return "memory.usage_in_bytes";
	if (str_eq(file, "memory.memsw.limit_in_bytes"))
		return "memory.memsw.usage_in_bytes";
	if (str_eq(file, "memory.kmem.tcp.limit_in_bytes"))
		return "memory.kmem.tcp.usage_in_bytes";
	return NULL;
}

int cgroup_limit_say(const struct cgroup_limits *l, int rc, const char *field,
		     const char *file, const char *value)
{
	const char *usage_file = usage_of(file);
	uint64_t usage;
	char size[32];

	if (rc == -EBUSY && usage_file &&
	    cgroup_read_u64(l->dir, usage_file, &usage) == 0) {
		cgroup_human_size(size, sizeof(size), usage);
		return err_say(l->err, rc,
			       "%s: %s is below the current usage of %s "
			       "(%s/%s)",
			       field, value, size, l->dir, file);
	}
	if (rc == -ENOENT)
		return err_say(l->err, -ENOTSUP,
			       "%s: this host cannot do it, it has no %s/%s",
			       field, l->dir, file);
	return err_set(l->err, rc, "%s: write \"%s\" to %s/%s", field, value,
		       l->dir, file);
}

int cgroup_limit(const struct cgroup_limits *l, const char *field,
		 const char *file, const char *fmt, ...)
{
	_cleanup_free_ char *value = NULL;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (rc < 0)
		return err_set(l->err, -ENOMEM, "%s", field);
	rc = cgroup_write(l->dir, file, value);
	return rc < 0 ? cgroup_limit_say(l, rc, field, file, value) : 0;
}

static int write_i64(const struct cgroup_limits *l,
		     const struct cgroup_limit_pair *p)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)p->value);
	return cgroup_write(l->dir, p->file, text);
}

int cgroup_limit_two(const struct cgroup_limits *l,
		     const struct cgroup_limit_pair *a,
		     const struct cgroup_limit_pair *b)
{
	int rc = write_i64(l, a);

	if (rc == -EINVAL) {
		const struct cgroup_limit_pair *first = a;

		a = b;
		b = first;
		rc = write_i64(l, a);
	}
	if (rc == 0) {
		a = b;
		rc = write_i64(l, a);
	}
	if (rc < 0) {
		char text[24];

		snprintf(text, sizeof(text), "%lld", (long long)a->value);
		return cgroup_limit_say(l, rc, a->field, a->file, text);
	}
	return 0;
}

int cgroup_limit_check(const struct cgroup_limits *l, const char *field,
		       const char *usage_file, int64_t limit)
{
	uint64_t usage;
	char size[32];

	if (limit <= 0 || cgroup_read_u64(l->dir, usage_file, &usage) < 0 ||
	    usage <= (uint64_t)limit)
		return 0;
	cgroup_human_size(size, sizeof(size), usage);
	return err_say(l->err, -EINVAL,
		       "%s: %lld is below the current usage of %s (%s/%s)",
		       field, (long long)limit, size, l->dir, usage_file);
}

int cgroup_limit_rdma(const struct cgroup_limits *l,
		      const struct cgroup_resources *res)
{
	for (size_t i = 0; i < res->n_rdma; i++) {
		const struct cgroup_rdma *r = &res->rdma[i];
		char line[256];
		int n, rc;

		n = snprintf(line, sizeof(line), "%s", r->name);
		if (r->hca_handles.set && n < (int)sizeof(line))
			n += snprintf(line + n, sizeof(line) - (size_t)n,
				      " hca_handle=%llu",
				      (unsigned long long)r->hca_handles.v);
		if (r->hca_objects.set && n < (int)sizeof(line))
			n += snprintf(line + n, sizeof(line) - (size_t)n,
				      " hca_object=%llu",
				      (unsigned long long)r->hca_objects.v);
		rc = n < (int)sizeof(line)
			     ? cgroup_limit(l, "rdma", "rdma.max", "%s", line)
			     : err_say(l->err, -EINVAL,
				       "rdma: device name %.40s... is too long",
				       r->name);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* "2MB": it becomes part of a file name. */
static bool page_size_ok(const char *s)
{
	size_t digits = s ? strspn(s, "0123456789") : 0;

	return digits > 0 &&
	       (str_eq(s + digits, "KB") || str_eq(s + digits, "MB") ||
		str_eq(s + digits, "GB"));
}

int cgroup_limit_hugetlb(const struct cgroup_limits *l,
			 const struct cgroup_resources *res, const char *suffix)
{
	for (size_t i = 0; i < res->n_hugepage_limits; i++) {
		const struct cgroup_hugepage_limit *h =
			&res->hugepage_limits[i];
		unsigned long long limit = h->limit;
		char file[64];
		int rc;

		if (!page_size_ok(h->page_size))
			return err_say(
				l->err, -EINVAL,
				"hugepageLimits[%zu].pageSize: \"%s\" is "
				"not a size like \"2MB\"",
				i, h->page_size ?: "");
		snprintf(file, sizeof(file), "hugetlb.%s.%s", h->page_size,
			 suffix);
		rc = cgroup_limit(l, "hugepageLimits", file, "%llu", limit);
		/* Reservations count apart since Linux 5.7. */
		snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", h->page_size,
			 suffix);
		if (rc == 0 && cgroup_has_file(l->dir, file))
			rc = cgroup_limit(l, "hugepageLimits", file, "%llu",
					  limit);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---------------------------------------------------------- conversions -- */

/* cpu.shares 2..262144, 1024 by default, to cpu.weight 1..10000, 100 by
 * default: the quadratic curve in log(shares) through these three points
 * that runc since 1.3.2 and crun since 1.23 use.  The straight line before it
 * made the default of 1024 a weight of 39. */
uint64_t cgroup_weight_from_shares(uint64_t shares)
{
	double l, exponent;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
	/* 1024 is 100 exactly, whichever way the last bit was rounded. */
	return (uint64_t)ceil(pow(10, exponent) - 1e-9);
}

/* 10..1000 to 1..10000, a straight line. */
uint64_t cgroup_io_weight(uint32_t blkio_weight)
{
	return blkio_weight < 10
		       ? 1
		       : 1 + ((uint64_t)blkio_weight - 10) * 9999 / 990;
}

/* The specification's `swap` is memory plus swap, v2's limit is swap alone.
 * *ret is -1 for no limit, INT64_MIN for nothing to write. */
int cgroup_swap_max(int64_t limit, int64_t swap, int64_t *ret, struct err *err)
{
	*ret = INT64_MIN;
	if (swap == 0) {
		/* As on v1: lifting the one lifts the other. */
		if (limit < 0)
			*ret = -1;
		return 0;
	}
	if (swap > 0 && limit == 0)
		return err_say(err, -EINVAL,
			       "memory.swap: %lld counts memory and swap, so "
			       "memory.limit must be given too",
			       (long long)swap);
	if (swap > 0 && limit > 0 && swap < limit)
		return err_say(
			err, -EINVAL,
			"memory.swap: %lld counts memory and swap, so it "
			"cannot be below memory.limit (%lld)",
			(long long)swap, (long long)limit);
	*ret = swap < 0 ? -1 : limit > 0 ? swap - limit : swap;
	return 0;
}

int cgroup_apply(struct cgroup *cg, const struct cgroup_resources *res,
		 struct err *err)
{
	unsigned int needs = cgroup_needs(res, true);

	if (cg->mode == CGROUP_V2)
		return cgroup_v2_apply(cg, res, err);
	if (cg->mode != CGROUP_NONE)
		return cgroup_v1_apply(cg, res, err);
	for (size_t i = 0; i < CG_N_CONTROLLERS; i++)
		if (needs & 1u << i)
			return err_say(
				err, -ENOTSUP,
				"linux.resources limits %s, but %s",
				cgroup_controllers[i].v1,
				cg->disabled ? "cgroups are disabled"
					     : "we may not make a cgroup here");
	return 0;
}
