/* Resource limits, personality and memory policy: the other half of
 * host/sched.h. */
#include "host/sched.h"

#include <errno.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/* -------------------------------------------------------------- rlimits -- */

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_STACK", RLIMIT_STACK},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
};

int rlimit_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rlimits); i++)
		if (str_eq(rlimits[i].name, name))
			return rlimits[i].resource;
	return -EINVAL;
}

int rlimits_check(const struct posix_rlimit *limits, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *type = limits[i].type ?: "";

		if (rlimit_from_name(type) < 0)
			return err_say(err, -EINVAL,
				       "process.rlimits[%zu]"
				       ".type: unknown limit \"%s\"",
				       i, type);
		if (limits[i].soft > limits[i].hard)
			return err_say(err, -EINVAL,
				       "process.rlimits[%zu]"
				       ".soft: %s cannot be above hard",
				       i, type);
		for (size_t j = 0; j < i; j++)
			if (str_eq(limits[j].type, type))
				return err_say(err, -EINVAL,
					       "process.rlimits[%zu].type: %s "
					       "is there twice",
					       i, type);
	}
	return 0;
}

int rlimits_apply(pid_t pid, const struct posix_rlimit *limits, size_t n,
		  struct err *err)
{
	int rc = rlimits_check(limits, n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		struct rlimit64 lim = {
			.rlim_cur = limits[i].soft,
			.rlim_max = limits[i].hard,
		};
		int resource = rlimit_from_name(limits[i].type);

		if (syscall(SYS_prlimit64, pid, resource, &lim, NULL) < 0)
			return err_set(err, -errno,
				       "process.rlimits[%zu]: set "
				       "%s to %llu:%llu",
				       i, limits[i].type,
				       (unsigned long long)limits[i].soft,
				       (unsigned long long)limits[i].hard);
	}
	return 0;
}

/* ---------------------------------------------------------- personality -- */

static int personality_bits(const struct personality_spec *p,
			    unsigned long *ret, struct err *err)
{
	const char *domain = p->domain ?: "";

	if (str_eq(domain, "LINUX"))
		*ret = PER_LINUX;
	else if (str_eq(domain, "LINUX32"))
		*ret = PER_LINUX32;
	else
		return err_say(err, -EINVAL,
			       "linux.personality.domain: unknown "
			       "domain \"%s\"",
			       domain);
	/* The specification defines no flag so far. */
	if (p->flags && p->flags[0])
		return err_say(err, -EINVAL,
			       "linux.personality.flags: unknown "
			       "flag \"%s\"",
			       p->flags[0]);
	return 0;
}

int personality_check(const struct personality_spec *p, struct err *err)
{
	unsigned long bits = 0;

	return personality_bits(p, &bits, err);
}

int personality_apply(const struct personality_spec *p, struct err *err)
{
	unsigned long bits = 0;
	int rc = personality_bits(p, &bits, err);

	if (rc < 0)
		return rc;
	if (personality(bits) < 0)
		return err_set(err, -errno, "linux.personality: set %s",
			       p->domain);
	return 0;
}

/* -------------------------------------------------------- memory policy -- */

/* In the order of their numbers, include/uapi/linux/mempolicy.h. */
const char *const memory_policy_modes[] = {
	"MPOL_DEFAULT",
	"MPOL_PREFERRED",
	"MPOL_BIND",
	"MPOL_INTERLEAVE",
	"MPOL_LOCAL",
	"MPOL_PREFERRED_MANY",
	"MPOL_WEIGHTED_INTERLEAVE",
	NULL,
};

/* The first is bit 13. */
const char *const memory_policy_flags[] = {
	"MPOL_F_NUMA_BALANCING",
	"MPOL_F_RELATIVE_NODES",
	"MPOL_F_STATIC_NODES",
	NULL,
};

enum { FIRST_FLAG_BIT = 13, NODES_MAX = 1024 };

static int word_index(const char *const *list, const char *word)
{
	for (int i = 0; list[i]; i++)
		if (str_eq(list[i], word))
			return i;
	return -EINVAL;
}

static int policy_parse(const struct memory_policy *p, int *mode,
			uint64_t *nodes, struct err *err)
{
	int m = word_index(memory_policy_modes, p->mode ?: "");

	if (m < 0)
		return err_say(err, m,
			       "linux.memoryPolicy.mode: unknown mode "
			       "\"%s\"",
			       p->mode ?: "");
	STRV_FOREACH (name, p->flags) {
		int flag = word_index(memory_policy_flags, *name);

		if (flag < 0)
			return err_say(err, flag,
				       "linux.memoryPolicy.flags: "
				       "unknown flag \"%s\"",
				       *name);
		m |= 1 << (FIRST_FLAG_BIT + flag);
	}
	if (!str_empty(p->nodes)) {
		int rc = cpulist_parse(p->nodes, nodes, NODES_MAX);

		if (rc < 0)
			return err_say(err, rc,
				       "linux.memoryPolicy.nodes: "
				       "\"%s\" is not a list of nodes",
				       p->nodes);
	}
	*mode = m;
	return 0;
}

int memory_policy_check(const struct memory_policy *p, struct err *err)
{
	uint64_t nodes[NODES_MAX / 64] = {0};
	int mode;

	return policy_parse(p, &mode, nodes, err);
}

int memory_policy_apply(const struct memory_policy *p, struct err *err)
{
	uint64_t nodes[NODES_MAX / 64] = {0};
	bool some = !str_empty(p->nodes);
	int mode = 0, rc = policy_parse(p, &mode, nodes, err);

	if (rc < 0)
		return rc;
	/* The kernel looks at one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, mode, some ? nodes : NULL,
		    some ? NODES_MAX + 1 : 0) < 0)
		return err_set(err, -errno,
			       "linux.memoryPolicy: set %s on "
			       "nodes \"%s\"",
			       p->mode, p->nodes ?: "");
	return 0;
}
