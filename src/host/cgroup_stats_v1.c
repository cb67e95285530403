#include "host/cgroup_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* cpuacct.usage_all: "cpu user system", then a line for each processor. */
static void read_percpu(const char *dir, struct cgroup_stats *st)
{
	_cleanup_buf_ struct buf b = {0};
	char *rest, *line;

	if (cgroup_slurp(dir, "cpuacct.usage_all", &b) < 0)
		return;
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		unsigned long long cpu, user, kernel;
		size_t n = st->cpu.n_percpu;

		if (sscanf(line, "%llu %llu %llu", &cpu, &user, &kernel) != 3)
			continue;
		st->cpu.percpu =
			xrealloc(st->cpu.percpu, n + 1, sizeof(uint64_t));
		st->cpu.percpu_user =
			xrealloc(st->cpu.percpu_user, n + 1, sizeof(uint64_t));
		st->cpu.percpu_kernel = xrealloc(st->cpu.percpu_kernel, n + 1,
						 sizeof(uint64_t));
		st->cpu.percpu[n] = user + kernel;
		st->cpu.percpu_user[n] = user;
		st->cpu.percpu_kernel[n] = kernel;
		st->cpu.n_percpu++;
	}
}

/* cpuacct.stat counts ticks. */
static void read_cpuacct(const char *dir, struct cgroup_stats *st)
{
	uint64_t tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	const struct cgroup_key keys[] = {
		{"user", &st->cpu.user, tick_ns},
		{"system", &st->cpu.kernel, tick_ns},
	};

	cgroup_read_u64(dir, "cpuacct.usage", &st->cpu.usage);
	cgroup_read_keys(dir, "cpuacct.stat", keys, ARRAY_SIZE(keys));
	read_percpu(dir, st);
}

static void read_cpu(const char *dir, struct cgroup_stats *st)
{
	const struct cgroup_key keys[] = {
		{"nr_periods", &st->cpu.periods, 1},
		{"nr_throttled", &st->cpu.throttled_periods, 1},
		{"throttled_time", &st->cpu.throttled_time, 1},
		{"nr_bursts", &st->cpu.bursts, 1},
		{"burst_time", &st->cpu.burst_time, 1},
	};

	cgroup_read_keys(dir, "cpu.stat", keys, ARRAY_SIZE(keys));
}

/* The four files of memory.<part>; v1 writes "no limit" as the largest number
 * of whole pages. */
static void read_usage(const char *dir, const char *part,
		       struct cgroup_memory_usage *u)
{
	const struct {
		const char *file;
		uint64_t *to;
	} files[] = {
		{"usage_in_bytes", &u->usage},
		{"max_usage_in_bytes", &u->max},
		{"failcnt", &u->failcnt},
		{"limit_in_bytes", &u->limit},
	};
	char file[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(file, sizeof(file), "memory.%s%s", part,
			 files[i].file);
		cgroup_read_u64(dir, file, files[i].to);
	}
	if (u->limit >= (uint64_t)INT64_MAX - 0xffff)
		u->limit = UINT64_MAX;
}

static void read_memory(const char *dir, struct cgroup_stats *st)
{
	uint64_t n = 0;

	cgroup_read_raw(dir, st);
	st->memory.cache = cgroup_raw(st, "cache");
	read_usage(dir, "", &st->memory.usage);
	read_usage(dir, "memsw.", &st->memory.swap);
	read_usage(dir, "kmem.", &st->memory.kernel);
	read_usage(dir, "kmem.tcp.", &st->memory.kernel_tcp);
	st->memory.swap_only.usage = cgroup_raw(st, "swap");
	cgroup_read_u64(dir, "memory.use_hierarchy", &n);
	/* The file itself is gone with the choice, some day. */
	st->memory.use_hierarchy =
		n || !cgroup_has_file(dir, "memory.use_hierarchy");
	cgroup_read_key(dir, "memory.oom_control", "oom_kill",
			&st->memory.oom_kills);
}

/* "8:0 Read 4096", or "8:0 4096"; the line "Total 4096" is left out. */
static int read_blkio_file(const char *dir, const char *file,
			   struct cgroup_blkio_list *list)
{
	_cleanup_buf_ struct buf b = {0};
	char *rest, *line;
	int rc = cgroup_slurp(dir, file, &b);

	rest = b.data;
	while (rc == 0 && rest && (line = strsep(&rest, "\n"))) {
		unsigned long long major, minor, value;
		char op[12] = "";

		if (sscanf(line, "%llu:%llu %11s %llu", &major, &minor, op,
			   &value) == 4 &&
		    isalpha((unsigned char)*op))
			cgroup_blkio_add(list, major, minor, op, value);
		else if (sscanf(line, "%llu:%llu %llu", &major, &minor,
				&value) == 3)
			cgroup_blkio_add(list, major, minor, "", value);
	}
	return rc;
}

/* The scheduler's own counters if it has them, else those of throttling,
 * which see every request. */
static void read_blkio(const char *dir, struct cgroup_stats *st)
{
	const struct {
		const char *name;
		struct cgroup_blkio_list *to;
	} counters[] = {
		{"io_service_bytes", &st->blkio.service_bytes},
		{"io_serviced", &st->blkio.serviced},
		{"io_queued", &st->blkio.queued},
		{"io_service_time", &st->blkio.service_time},
		{"io_wait_time", &st->blkio.wait_time},
		{"io_merged", &st->blkio.merged},
		{"time", &st->blkio.time},
		{"sectors", &st->blkio.sectors},
	};
	static const char *const prefixes[] = {"blkio.bfq.", "blkio.",
					       "blkio.throttle."};
	char file[64];

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		for (size_t p = 0; p < ARRAY_SIZE(prefixes); p++) {
			snprintf(file, sizeof(file), "%s%s_recursive",
				 prefixes[p], counters[i].name);
			if (read_blkio_file(dir, file, counters[i].to) == 0 &&
			    counters[i].to->n > 0)
				break;
		}
}

void cgroup_v1_stats(struct cgroup *cg, struct cgroup_stats *st)
{
	const char *dir;

	if ((dir = cgroup_dir(cg, "cpuacct")))
		read_cpuacct(dir, st);
	if ((dir = cgroup_dir(cg, "cpu")))
		read_cpu(dir, st);
	if ((dir = cgroup_dir(cg, "memory")))
		read_memory(dir, st);
	if ((dir = cgroup_dir(cg, "blkio")))
		read_blkio(dir, st);
	if ((dir = cgroup_dir(cg, "hugetlb")))
		cgroup_read_hugetlb(dir, false, st);
	if ((dir = cgroup_dir(cg, "pids"))) {
		cgroup_read_u64(dir, "pids.current", &st->pids.current);
		cgroup_read_u64(dir, "pids.max", &st->pids.limit);
		if (st->pids.limit == UINT64_MAX)
			st->pids.limit = 0;
	}
	/* The v2 side of a hybrid measures pressure. */
	if ((dir = cgroup_dir(cg, NULL))) {
		cgroup_read_psi(dir, "cpu.pressure", &st->cpu.psi);
		cgroup_read_psi(dir, "memory.pressure", &st->memory.psi);
		cgroup_read_psi(dir, "io.pressure", &st->blkio.psi);
	}
}
