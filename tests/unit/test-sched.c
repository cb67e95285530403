#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "host/sched.h"
#include "test.h"

/* A word as the decoder would have it: writable, though nobody writes. */
#define W(word) ((char *)(word))

static void check_words(const struct err *err, const char *words)
{
	if (!strstr(err->msg, words))
		test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", err->msg,
			  words);
}

TEST(lists_of_cpus)
{
	uint64_t set[2];

	CHECK(cpulist_parse("0-3,7", set, 128) == 0);
	CHECK(set[0] == 0x8f && set[1] == 0);
	CHECK(cpulist_parse("127", set, 128) == 0);
	CHECK(set[0] == 0 && set[1] == 1ull << 63);
	CHECK(cpulist_parse(" 1 , ,2-2", set, 128) == 0 && set[0] == 6);
	CHECK_INT(cpulist_parse("128", set, 128), -ERANGE);
	CHECK_INT(cpulist_parse("0-4294967296", set, 128), -ERANGE);
	CHECK_INT(cpulist_parse("3-1", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse(",", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("1-", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("-1", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("1-2-3", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("0x1", set, 128), -EINVAL);
	CHECK_INT(cpulist_parse("+1", set, 128), -EINVAL);
}

TEST(affinity_is_the_kernels)
{
	struct err err = {0};
	cpu_set_t set;

	CHECK(affinity_apply(0, W("0"), "process.execCPUAffinity.initial",
			     NULL) == 0);
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
	CHECK(CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
	CHECK(affinity_apply(0, NULL, "x", NULL) == 0);
	CHECK(affinity_apply(0, "", "x", NULL) == 0);
	CHECK(affinity_apply(0, "8000", "process.execCPUAffinity.final",
			     &err) == -EINVAL);
	check_words(&err, "process.execCPUAffinity.final: run on CPUs 8000");
	CHECK(affinity_apply(0, "a", "process.execCPUAffinity.final", &err) ==
	      -EINVAL);
	check_words(&err, "\"a\" is not a list of CPUs");
}

TEST(scheduler_fields_that_do_not_belong_are_refused)
{
	struct err err = {0};
	struct scheduler s = {.policy = W("SCHED_NONE")};

	CHECK(scheduler_check(&s, &err) == -EINVAL);
	check_words(&err, "process.scheduler.policy: unknown policy "
			  "\"SCHED_NONE\"");
	CHECK(scheduler_check(&(struct scheduler){0}, NULL) == -EINVAL);
	s = (struct scheduler){.policy = W("SCHED_OTHER"), .priority = 1};
	CHECK(scheduler_check(&s, &err) == -EINVAL);
	check_words(&err, "process.scheduler.priority");
	s = (struct scheduler){.policy = W("SCHED_FIFO"), .period = 1};
	CHECK(scheduler_check(&s, &err) == -EINVAL);
	check_words(&err, "only for SCHED_DEADLINE");
	s = (struct scheduler){.policy = W("SCHED_BATCH"), .nice = 20};
	CHECK(scheduler_check(&s, &err) == -EINVAL);
	check_words(&err, "process.scheduler.nice: 20");
	s = (struct scheduler){.policy = W("SCHED_BATCH"),
			       .flags = (char *[]){W("SCHED_FLAG_X"), NULL}};
	CHECK(scheduler_check(&s, &err) == -EINVAL);
	check_words(&err, "unknown flag \"SCHED_FLAG_X\"");
}

TEST(scheduler_is_the_kernels)
{
	struct scheduler s = {.policy = W("SCHED_BATCH"), .nice = 5};
	char *flags[] = {W("SCHED_FLAG_RESET_ON_FORK"), NULL};

	CHECK(scheduler_apply(0, &s, NULL) == 0);
	CHECK_INT(sched_getscheduler(0), SCHED_BATCH);
	CHECK_INT(getpriority(PRIO_PROCESS, 0), 5);
	SKIP_UNLESS("root", geteuid() == 0, "needs root");
	s = (struct scheduler){
		.policy = W("SCHED_FIFO"), .priority = 3, .flags = flags};
	CHECK(scheduler_apply(0, &s, NULL) == 0);

	struct sched_param p;

	CHECK_INT(sched_getscheduler(0), SCHED_FIFO | SCHED_RESET_ON_FORK);
	CHECK(sched_getparam(0, &p) == 0 && p.sched_priority == 3);
	s = (struct scheduler){.policy = W("SCHED_IDLE")};
	CHECK(scheduler_apply(0, &s, NULL) == 0);
	CHECK_INT(sched_getscheduler(0) & ~SCHED_RESET_ON_FORK, SCHED_IDLE);
}

TEST(io_priority_is_the_kernels)
{
	struct err err = {0};
	struct io_priority p = {W("IOPRIO_CLASS_BE"), 6};

	CHECK(io_priority_apply(&p, NULL) == 0);
	CHECK_INT(syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 6);
	p = (struct io_priority){W("IOPRIO_CLASS_IDLE"), 0};
	CHECK(io_priority_apply(&p, NULL) == 0);
	CHECK_INT(syscall(SYS_ioprio_get, 1, 0) >> 13, 3);
	p = (struct io_priority){W("IOPRIO_CLASS_BE"), 8};
	CHECK(io_priority_apply(&p, &err) == -EINVAL);
	check_words(&err, "process.ioPriority.priority: 8");
	p = (struct io_priority){W("BE"), 1};
	CHECK(io_priority_apply(&p, &err) == -EINVAL);
	check_words(&err, "process.ioPriority.class: unknown class \"BE\"");
}

TEST(rlimits_are_the_kernels)
{
	struct posix_rlimit l[] = {{W("RLIMIT_NOFILE"), 64, 32},
				   {W("RLIMIT_CORE"), 0, 0}};
	struct rlimit got;

	CHECK(rlimits_apply(0, l, 2, NULL) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &got) == 0);
	CHECK(got.rlim_cur == 32 && got.rlim_max == 64);
	CHECK(getrlimit(RLIMIT_CORE, &got) == 0 && got.rlim_max == 0);
}

TEST(rlimits_are_checked_before_any_is_set)
{
	struct posix_rlimit l[] = {{W("RLIMIT_NOFILE"), 32, 32},
				   {W("RLIMIT_X"), 1, 1}};
	struct rlimit before, after;
	struct err err = {0};

	CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
	CHECK(rlimits_apply(0, l, 2, &err) == -EINVAL);
	CHECK_STR(err.msg, "process.rlimits[1].type: unknown limit "
			   "\"RLIMIT_X\"");
	CHECK(getrlimit(RLIMIT_NOFILE, &after) == 0);
	CHECK(before.rlim_cur == after.rlim_cur);
	l[1] = (struct posix_rlimit){W("RLIMIT_NOFILE"), 1, 1};
	CHECK(rlimits_apply(0, l, 2, &err) == -EINVAL);
	check_words(&err, "twice");
	l[1] = (struct posix_rlimit){W("RLIMIT_CPU"), 1, 2};
	CHECK(rlimits_apply(0, l, 2, &err) == -EINVAL);
	check_words(&err, "process.rlimits[1].soft");
	CHECK_INT(rlimit_from_name("RLIMIT_RTTIME"), 15);
	CHECK_INT(rlimit_from_name("NOFILE"), -EINVAL);
}

TEST(personality_is_the_kernels)
{
	struct personality_spec p = {.domain = W("LINUX32")};
	struct err err = {0};

	CHECK(personality_apply(&p, NULL) == 0);
	CHECK_INT(personality(0xffffffff), PER_LINUX32);
	p.domain = W("LINUX");
	CHECK(personality_apply(&p, NULL) == 0);
	CHECK_INT(personality(0xffffffff), PER_LINUX);
	p.domain = W("linux");
	CHECK(personality_apply(&p, &err) == -EINVAL);
	check_words(&err, "linux.personality.domain: unknown domain");
}

TEST(memory_policy_is_the_kernels)
{
	struct memory_policy p = {.mode = W("MPOL_BIND"), .nodes = W("0")};
	struct err err = {0};
	int mode = -1;
	unsigned long nodes[16] = {0};

	if (memory_policy_apply(&p, &err) == -ENOSYS)
		test_skip("numa", "kernel without NUMA");
	CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0) == 0);
	CHECK_INT(mode, 2);
	CHECK_INT(nodes[0], 1);
	p = (struct memory_policy){
		.mode = W("MPOL_INTERLEAVE"),
		.nodes = W("0"),
		.flags = (char *[]){W("MPOL_F_STATIC_NODES"), NULL},
	};
	CHECK(memory_policy_apply(&p, NULL) == 0);
	CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0) == 0);
	CHECK_INT(mode, 3 | 1 << 15);
	p = (struct memory_policy){.mode = W("MPOL_DEFAULT")};
	CHECK(memory_policy_apply(&p, NULL) == 0);
	p.mode = W("MPOL_X");
	CHECK(memory_policy_apply(&p, &err) == -EINVAL);
	check_words(&err, "linux.memoryPolicy.mode: unknown mode \"MPOL_X\"");
	p = (struct memory_policy){.mode = W("MPOL_BIND"), .nodes = W("0-")};
	CHECK(memory_policy_apply(&p, &err) == -EINVAL);
	check_words(&err, "linux.memoryPolicy.nodes");
}
