#include "host/cgroup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

void cgroup_blkio_add(struct cgroup_blkio_list *list, uint64_t major,
		      uint64_t minor, const char *op, uint64_t value)
{
	struct cgroup_blkio_entry *e;

	list->v = xrealloc(list->v, list->n + 1, sizeof(*list->v));
	e = &list->v[list->n++];
	*e = (struct cgroup_blkio_entry){
		.major = major,
		.minor = minor,
		.value = value,
	};
	snprintf(e->op, sizeof(e->op), "%s", op);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and "full ..." */
void cgroup_read_psi(const char *dir, const char *file, struct cgroup_psi *p)
{
	char text[512];
	char *rest = text, *line;

	if (cgroup_read(dir, file, text, sizeof(text)) <= 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		struct cgroup_psi_line l = {0};
		unsigned long long total;
		char kind[5];

		if (sscanf(line,
			   "%4s avg10=%lf avg60=%lf avg300=%lf total=%llu",
			   kind, &l.avg10, &l.avg60, &l.avg300, &total) != 5)
			continue;
		l.total = total;
		p->present = true;
		if (str_eq(kind, "some"))
			p->some = l;
		else
			p->full = l;
	}
}

/* memory.stat: lines of "name value". */
void cgroup_read_raw(const char *dir, struct cgroup_stats *st)
{
	_cleanup_buf_ struct buf b = {0};
	char *rest, *line;

	if (cgroup_slurp(dir, "memory.stat", &b) < 0)
		return;
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		char *value = strchr(line, ' ');
		struct cgroup_named_u64 *r;
		uint64_t n;

		if (!value || parse_u64(value + 1, UINT64_MAX, &n) < 0)
			continue;
		*value = '\0';
		st->memory.raw = xrealloc(st->memory.raw, st->memory.n_raw + 1,
					  sizeof(*r));
		r = &st->memory.raw[st->memory.n_raw++];
		*r = (struct cgroup_named_u64){.value = n};
		snprintf(r->name, sizeof(r->name), "%s", line);
	}
}

uint64_t cgroup_raw(const struct cgroup_stats *st, const char *name)
{
	for (size_t i = 0; i < st->memory.n_raw; i++)
		if (str_eq(st->memory.raw[i].name, name))
			return st->memory.raw[i].value;
	return 0;
}

static void read_page_size(const char *dir, const char *size, bool v2,
			   struct cgroup_stats *st)
{
	struct cgroup_hugetlb_stats *h;
	char file[64];

	st->hugetlb = xrealloc(st->hugetlb, st->n_hugetlb + 1, sizeof(*h));
	h = &st->hugetlb[st->n_hugetlb++];
	*h = (struct cgroup_hugetlb_stats){0};
	snprintf(h->page_size, sizeof(h->page_size), "%s", size);
	snprintf(file, sizeof(file), "hugetlb.%s.%s", size,
		 v2 ? "current" : "usage_in_bytes");
	cgroup_read_u64(dir, file, &h->usage);
	if (v2) {
		snprintf(file, sizeof(file), "hugetlb.%s.events", size);
		cgroup_read_key(dir, file, "max", &h->failcnt);
		return;
	}
	snprintf(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", size);
	cgroup_read_u64(dir, file, &h->max);
	snprintf(file, sizeof(file), "hugetlb.%s.failcnt", size);
	cgroup_read_u64(dir, file, &h->failcnt);
}

/* One page size for each hugetlb.SIZE.current or .usage_in_bytes. */
void cgroup_read_hugetlb(const char *dir, bool v2, struct cgroup_stats *st)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	const char *suffix = v2 ? ".current" : ".usage_in_bytes";
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *rest = str_after(e->d_name, "hugetlb.");
		char size[16];
		size_t len = rest ? strcspn(rest, ".") : 0;

		if (len == 0 || len >= sizeof(size) ||
		    !str_eq(rest + len, suffix))
			continue;
		memcpy(size, rest, len);
		size[len] = '\0';
		read_page_size(dir, size, v2, st);
	}
}

int cgroup_stats(struct cgroup *cg, struct cgroup_stats *ret, struct err *err)
{
	*ret = (struct cgroup_stats){0};
	if (cg->mode == CGROUP_V2)
		cgroup_v2_stats(cg->v[0].dir, ret);
	else if (cg->mode != CGROUP_NONE)
		cgroup_v1_stats(cg, ret);
	return 0;
}

void cgroup_stats_free(struct cgroup_stats *st)
{
	free(st->cpu.percpu);
	free(st->cpu.percpu_kernel);
	free(st->cpu.percpu_user);
	free(st->memory.raw);
	free(st->blkio.service_bytes.v);
	free(st->blkio.serviced.v);
	free(st->blkio.queued.v);
	free(st->blkio.service_time.v);
	free(st->blkio.wait_time.v);
	free(st->blkio.merged.v);
	free(st->blkio.time.v);
	free(st->blkio.sectors.v);
	free(st->hugetlb);
	*st = (struct cgroup_stats){0};
}
