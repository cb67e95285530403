#include "bench/memory_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/stats.h"
#include "host/pidfd.h"

enum { READINGS = 5, READING_MS = 200 };

/* --------------------------------------------------------------- machine -- */

static int64_t median(const double *v)
{
	return (int64_t)stats_median(v, READINGS);
}

struct memory_system memory_system_read(void)
{
	static const char *const keys[] = {"MemAvailable:", "KernelStack:",
					   "PageTables:", "Slab:", "Percpu:"};
	double v[ARRAY_SIZE(keys)][READINGS];

	for (int i = 0; i < READINGS; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			v[k][i] = (double)machine_meminfo(keys[k]);
		usleep(READING_MS * 1000);
	}
	return (struct memory_system){median(v[0]), median(v[1]), median(v[2]),
				      median(v[3]), median(v[4])};
}

/* What the kernel keeps of files that nobody uses counts as available only in
 * part, so whoever comes first would pay for what later ones find there. */
static void drop_slab(void)
{
	_cleanup_close_ int fd =
		open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "2", 1) < 0)
		return; /* not root: so be it */
}

void memory_settle(void)
{
	enum { STEP_MS = 300, LIMIT = 100, ENOUGH = 3, NOISE = 1 << 20 };
	int64_t last = INT64_MAX;
	int quiet = 0;

	for (int i = 0; i < LIMIT && quiet < ENOUGH; i++) {
		/* What others do makes it grow as well as shrink: what we
		 * wait for only shrinks. */
		int64_t now = (int64_t)machine_meminfo("Slab:");

		quiet = last - now < NOISE ? quiet + 1 : 0;
		last = now;
		if (bench_interrupted())
			return;
		usleep(STEP_MS * 1000);
	}
	drop_slab();
}

/* ------------------------------------------------------------- processes -- */

enum role { UNKNOWN, OTHER, SHIM, WORKLOAD };

struct process {
	pid_t pid, parent;
	enum role role;
};

struct snapshot {
	const struct participant *p;
	const pid_t *inits;
	size_t n_inits;
	struct process *all; /* by pid */
	size_t n;
};

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static void take_snapshot(struct snapshot *s)
{
	_cleanup_closedir_ DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct pid_stat st;
		uint64_t pid;

		if (parse_u64(e->d_name, INT32_MAX, &pid) < 0 ||
		    pid_stat_read(-1, (pid_t)pid, &st) < 0)
			continue;
		s->all = xrealloc(s->all, s->n + 1, sizeof(*s->all));
		s->all[s->n++] = (struct process){(pid_t)pid, st.ppid, UNKNOWN};
	}
	qsort(s->all, s->n, sizeof(*s->all), by_pid);
}

static char *read_at(int proc, pid_t pid, const char *name)
{
	char path[64];
	_cleanup_close_ int fd = -1;
	struct buf text = {0};

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		buf_read_fd(&text, fd, 1 << 20);
	return buf_steal(&text);
}

static enum role role_of(struct snapshot *s, pid_t pid);

static bool is_init(const struct snapshot *s, pid_t pid)
{
	return bsearch(&pid, s->inits, s->n_inits, sizeof(*s->inits), by_pid);
}

/* The system's first process inherits inits, and is nobody's shim. */
static bool has_init(const struct snapshot *s, pid_t pid)
{
	for (size_t i = 0; i < s->n && pid > 1; i++)
		if (s->all[i].parent == pid && is_init(s, s->all[i].pid))
			return true;
	return false;
}

static enum role find_role(struct snapshot *s, const struct process *x)
{
	bool engine = s->p->kind == BENCH_ENGINE;

	if (x->pid == getpid())
		return OTHER;
	if (is_init(s, x->pid))
		return WORKLOAD;
	if (engine && has_init(s, x->pid))
		return SHIM;
	if (!engine && x->parent == getpid())
		return s->p->kind == BENCH_OCI ? SHIM : WORKLOAD;
	return role_of(s, x->parent);
}

static enum role role_of(struct snapshot *s, pid_t pid)
{
	struct process *x =
		bsearch(&pid, s->all, s->n, sizeof(*s->all), by_pid);

	if (!x)
		return OTHER;
	if (x->role == UNKNOWN) {
		/* Parents of parents end somewhere, but may change while we
		 * look. */
		x->role = OTHER;
		x->role = find_role(s, x);
	}
	return x->role;
}

static int64_t field(const char *text, const char *key)
{
	const char *line = strstr(text, key);

	return line ? strtoll(line + strlen(key), NULL, 10) * 1024 : 0;
}

struct memory_processes memory_processes_read(const struct participant *p,
					      const pid_t *inits, size_t n)
{
	_cleanup_close_ int proc =
		open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct snapshot s = {.p = p, .inits = inits, .n_inits = n};
	struct memory_processes sum = {0};

	take_snapshot(&s);
	for (size_t i = 0; i < s.n; i++) {
		enum role role = role_of(&s, s.all[i].pid);
		_cleanup_free_ char *text = NULL;
		int64_t pss;

		if (role != SHIM && role != WORKLOAD)
			continue;
		text = read_at(proc, s.all[i].pid, "smaps_rollup");
		pss = field(text, "\nPss:");
		sum.n++;
		sum.pss += pss;
		sum.shims += role == SHIM ? pss : 0;
		sum.private_ += field(text, "\nPrivate_Clean:") +
				field(text, "\nPrivate_Dirty:");
	}
	free(s.all);
	return sum;
}
