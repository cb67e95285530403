#include "host/sched.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct word {
	const char *name;
	unsigned int value;
};

static const struct word *word_find(const struct word *table, size_t n,
				    const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(table[i].name, name))
			return &table[i];
	return NULL;
}

#define WORD(table, name) word_find(table, ARRAY_SIZE(table), name)

/* ------------------------------------------------------------ scheduler -- */

enum { FIFO = 1, RR = 2, DEADLINE = 6 };

/* include/uapi/linux/sched.h; ISO is reserved there, and refused. */
static const struct word policies[] = {
	{"SCHED_OTHER", 0},           {"SCHED_FIFO", FIFO}, {"SCHED_RR", RR},
	{"SCHED_BATCH", 3},           {"SCHED_ISO", 4},     {"SCHED_IDLE", 5},
	{"SCHED_DEADLINE", DEADLINE},
};

static const struct word sched_flags[] = {
	{"SCHED_FLAG_RESET_ON_FORK", 0x01},
	{"SCHED_FLAG_RECLAIM", 0x02},
	{"SCHED_FLAG_DL_OVERRUN", 0x04},
	{"SCHED_FLAG_KEEP_POLICY", 0x08},
	{"SCHED_FLAG_KEEP_PARAMS", 0x10},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

/* man 2 sched_setattr; glibc has it from 2.41 on, under another name. */
struct kernel_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

static int scheduler_attr(const struct scheduler *s,
			  struct kernel_sched_attr *attr, struct err *err)
{
	const struct word *policy = WORD(policies, s->policy ?: "");
	struct kernel_sched_attr a = {.size = sizeof(a)};

	if (!policy)
		return err_say(err, -EINVAL,
			       "process.scheduler.policy: unknown "
			       "policy \"%s\"",
			       s->policy ?: "");
	a.policy = policy->value;
	if (s->nice < -20 || s->nice > 19)
		return err_say(err, -EINVAL,
			       "process.scheduler.nice: %d is not "
			       "between -20 and 19",
			       s->nice);
	if (s->priority && a.policy != FIFO && a.policy != RR)
		return err_say(err, -EINVAL,
			       "process.scheduler.priority: only "
			       "for SCHED_FIFO and SCHED_RR");
	if ((s->runtime || s->deadline || s->period) && a.policy != DEADLINE)
		return err_say(err, -EINVAL,
			       "process.scheduler.runtime, "
			       "deadline and period: only for SCHED_DEADLINE");
	STRV_FOREACH (name, s->flags) {
		const struct word *flag = WORD(sched_flags, *name);

		if (!flag)
			return err_say(err, -EINVAL,
				       "process.scheduler.flags: "
				       "unknown flag \"%s\"",
				       *name);
		a.flags |= flag->value;
	}
	a.nice = s->nice;
	a.priority = (uint32_t)s->priority;
	a.runtime = s->runtime;
	a.deadline = s->deadline;
	a.period = s->period;
	a.util_max = 1024; /* SCHED_CAPACITY_SCALE: no clamp */
	*attr = a;
	return 0;
}

int scheduler_check(const struct scheduler *s, struct err *err)
{
	struct kernel_sched_attr attr;

	return scheduler_attr(s, &attr, err);
}

int scheduler_apply(pid_t pid, const struct scheduler *s, struct err *err)
{
	struct kernel_sched_attr attr;
	int rc = scheduler_attr(s, &attr, err);

	if (rc < 0)
		return rc;
	if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
		return err_set(err, -errno, "process.scheduler: set %s",
			       s->policy);
	return 0;
}

/* ---------------------------------------------------------- io priority -- */

enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13 };

static const struct word io_classes[] = {
	{"IOPRIO_CLASS_RT", 1},
	{"IOPRIO_CLASS_BE", 2},
	{"IOPRIO_CLASS_IDLE", 3},
};

int io_priority_check(const struct io_priority *p, struct err *err)
{
	if (!WORD(io_classes, p->class ?: ""))
		return err_say(err, -EINVAL,
			       "process.ioPriority.class: unknown "
			       "class \"%s\"",
			       p->class ?: "");
	if (p->priority < 0 || p->priority > 7)
		return err_say(err, -EINVAL,
			       "process.ioPriority.priority: %lld "
			       "is not between 0 and 7",
			       (long long)p->priority);
	return 0;
}

int io_priority_apply(const struct io_priority *p, struct err *err)
{
	int rc = io_priority_check(p, err);
	unsigned int class;

	if (rc < 0)
		return rc;
	class = WORD(io_classes, p->class)->value;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		    class << IOPRIO_CLASS_SHIFT | (unsigned int)p->priority) <
	    0)
		return err_set(err, -errno, "process.ioPriority: set %s %lld",
			       p->class, (long long)p->priority);
	return 0;
}

/* ------------------------------------------------------------- affinity -- */

static int range_parse(char *text, uint64_t *set, size_t max)
{
	char *dash = strchr(text, '-');
	uint64_t from, to;
	int rc;

	if (dash)
		*dash = '\0';
	rc = parse_u64(text, max - 1, &from);
	if (rc < 0)
		return rc;
	to = from;
	if (dash) {
		rc = parse_u64(dash + 1, max - 1, &to);
		if (rc < 0)
			return rc;
		if (to < from)
			return -EINVAL;
	}
	for (uint64_t i = from; i <= to; i++)
		set[i / 64] |= 1ull << (i % 64);
	return 0;
}

/* As runc: spaces around a range and empty ranges ("0,,2") are accepted. */
int cpulist_parse(const char *list, uint64_t *set, size_t max)
{
	_cleanup_free_ char *copy = xstrdup(list);
	char *rest = copy, *item;
	bool any = false;

	memset(set, 0, (max + 63) / 64 * sizeof(*set));
	while ((item = strsep(&rest, ","))) {
		size_t len;
		int rc;

		item += strspn(item, " ");
		len = strlen(item);
		while (len > 0 && item[len - 1] == ' ')
			item[--len] = '\0';
		if (len == 0)
			continue;
		rc = range_parse(item, set, max);
		if (rc < 0)
			return rc;
		any = true;
	}
	return any ? 0 : -EINVAL;
}

enum { CPUS_MAX = 8192 }; /* the most that x86 can be configured for */

int affinity_apply(pid_t pid, const char *list, const char *field,
		   struct err *err)
{
	uint64_t set[CPUS_MAX / 64];
	int rc;

	if (str_empty(list))
		return 0;
	rc = cpulist_parse(list, set, CPUS_MAX);
	if (rc < 0)
		return err_say(err, rc, "%s: \"%s\" is not a list of CPUs",
			       field, list);
	if (syscall(SYS_sched_setaffinity, pid, sizeof(set), set) < 0)
		return err_set(err, -errno, "%s: run on CPUs %s", field, list);
	return 0;
}
