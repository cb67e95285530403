#include "host/cgroup_internal.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/* cpu.stat counts microseconds. */
static void read_cpu(const char *dir, struct cgroup_stats *st)
{
	const struct cgroup_key keys[] = {
		{"usage_usec", &st->cpu.usage, 1000},
		{"user_usec", &st->cpu.user, 1000},
		{"system_usec", &st->cpu.kernel, 1000},
		{"nr_periods", &st->cpu.periods, 1},
		{"nr_throttled", &st->cpu.throttled_periods, 1},
		{"throttled_usec", &st->cpu.throttled_time, 1000},
		{"nr_bursts", &st->cpu.bursts, 1},
		{"burst_usec", &st->cpu.burst_time, 1000},
	};

	cgroup_read_keys(dir, "cpu.stat", keys, ARRAY_SIZE(keys));
}

static void read_memory(const char *dir, struct cgroup_stats *st)
{
	struct cgroup_memory_usage *mem = &st->memory.usage;
	struct cgroup_memory_usage *swap = &st->memory.swap_only;
	const struct cgroup_key events[] = {
		{"max", &mem->failcnt, 1},
		{"oom_kill", &st->memory.oom_kills, 1},
	};

	cgroup_read_raw(dir, st);
	st->memory.cache = cgroup_raw(st, "file");
	st->memory.kernel.usage = cgroup_raw(st, "kernel");
	st->memory.kernel_tcp.usage = cgroup_raw(st, "sock");
	st->memory.use_hierarchy = true;
	cgroup_read_u64(dir, "memory.current", &mem->usage);
	cgroup_read_u64(dir, "memory.max", &mem->limit);
	cgroup_read_u64(dir, "memory.peak", &mem->max);
	cgroup_read_keys(dir, "memory.events", events, ARRAY_SIZE(events));
	cgroup_read_u64(dir, "memory.swap.current", &swap->usage);
	cgroup_read_u64(dir, "memory.swap.max", &swap->limit);
	cgroup_read_u64(dir, "memory.swap.peak", &swap->max);
	cgroup_read_key(dir, "memory.swap.events", "max", &swap->failcnt);
	/* v1's readers expect the sum.  A sum of two peaks would be none. */
	st->memory.swap = (struct cgroup_memory_usage){
		.usage = mem->usage + swap->usage,
		.failcnt = swap->failcnt,
		.limit = mem->limit == UINT64_MAX || swap->limit == UINT64_MAX
				 ? UINT64_MAX
				 : mem->limit + swap->limit,
	};
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" */
static void read_io_line(char *line, struct cgroup_stats *st)
{
	const struct {
		const char *key, *op;
		struct cgroup_blkio_list *to;
	} keys[] = {
		{"rbytes=", "Read", &st->blkio.service_bytes},
		{"wbytes=", "Write", &st->blkio.service_bytes},
		{"dbytes=", "Discard", &st->blkio.service_bytes},
		{"rios=", "Read", &st->blkio.serviced},
		{"wios=", "Write", &st->blkio.serviced},
		{"dios=", "Discard", &st->blkio.serviced},
	};
	unsigned long long major, minor;
	char *word;

	word = strsep(&line, " ");
	if (sscanf(word, "%llu:%llu", &major, &minor) != 2)
		return;
	while ((word = strsep(&line, " ")))
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
			const char *v = str_after(word, keys[i].key);
			uint64_t n;

			if (v && parse_u64(v, UINT64_MAX, &n) == 0)
				cgroup_blkio_add(keys[i].to, major, minor,
						 keys[i].op, n);
		}
}

static void read_io(const char *dir, struct cgroup_stats *st)
{
	_cleanup_buf_ struct buf b = {0};
	char *rest, *line;

	if (cgroup_slurp(dir, "io.stat", &b) < 0)
		return;
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n")))
		read_io_line(line, st);
}

void cgroup_v2_stats(const char *dir, struct cgroup_stats *st)
{
	read_cpu(dir, st);
	read_memory(dir, st);
	read_io(dir, st);
	cgroup_read_hugetlb(dir, true, st);
	cgroup_read_u64(dir, "pids.current", &st->pids.current);
	cgroup_read_u64(dir, "pids.max", &st->pids.limit);
	if (st->pids.limit == UINT64_MAX)
		st->pids.limit = 0;
	cgroup_read_psi(dir, "cpu.pressure", &st->cpu.psi);
	cgroup_read_psi(dir, "memory.pressure", &st->memory.psi);
	cgroup_read_psi(dir, "io.pressure", &st->blkio.psi);
}
