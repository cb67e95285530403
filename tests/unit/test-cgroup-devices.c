/* The BPF program that decides on devices: run here by an interpreter of a
 * page, and by the kernel, whose verifier must accept it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/cgroup_internal.h"
#include "test.h"

static struct err err;

/* Only what dev_program() makes; anything else is a failure. */
static int interpret(const struct bpf_insn *v, size_t n,
		     const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t r[11] = {[1] = (uintptr_t)ctx};

	for (size_t pc = 0, steps = 0; pc < n && steps < 10000; steps++) {
		const struct bpf_insn *i = &v[pc++];
		uint64_t imm = (uint64_t)(int64_t)i->imm;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			CHECK(i->src_reg == 1 && i->off >= 0 && i->off <= 8);
			r[i->dst_reg] =
				*(const uint32_t *)((const char *)ctx + i->off);
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			r[i->dst_reg] = r[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			r[i->dst_reg] &= imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			pc += r[i->dst_reg] != imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += r[i->dst_reg] & imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JA:
			pc += (size_t)i->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)r[0];
		default:
			test_fail(__FILE__, __LINE__, "insn %zu: code 0x%x",
				  pc - 1, i->code);
		}
	}
	test_fail(__FILE__, __LINE__, "the program has no end");
}

static struct bpf_insn *prog;
static size_t n_prog;

static void compile(const struct cgroup_device_rule *rules, size_t n)
{
	struct dev_rule *v;
	size_t n_rules;

	free(prog);
	CHECK(dev_rules(rules, n, &v, &n_rules, &err) == 0);
	dev_program(v, n_rules, &prog, &n_prog);
	free(v);
}

static bool may(char type, uint32_t major, uint32_t minor, int access)
{
	const struct bpf_cgroup_dev_ctx ctx = {
		.access_type = (uint32_t)access << 16 |
			       (type == 'c' ? DEV_CHAR : DEV_BLOCK),
		.major = major,
		.minor = minor,
	};

	return interpret(prog, n_prog, &ctx);
}

enum { R = DEV_READ, W = DEV_WRITE, M = DEV_MKNOD };

#define NUM(n)    {(n), true}
#define DENY_ALL  {.allow = false, .access = "rwm"}
#define ALLOW_ALL {.allow = true, .type = "a", .access = "rwm"}

TEST(defaults_are_allowed_and_nothing_else)
{
	const struct cgroup_device_rule rules[] = {DENY_ALL};

	for (size_t n = 0; n <= 1; n++) {
		compile(rules, n);
		CHECK(may('c', 1, 3, R | W | M));
		CHECK(may('c', 1, 9, R));
		CHECK(may('c', 5, 2, R | W));
		CHECK(may('c', 136, 12345, R | W));
		CHECK(!may('c', 1, 1, R)); /* /dev/mem */
		CHECK(!may('b', 1, 3, R));
		CHECK(!may('b', 8, 0, R));
		/* Making a node harms nobody who cannot open it. */
		CHECK(may('b', 8, 0, M));
		CHECK(may('c', 1, 1, M));
		CHECK(!may('b', 8, 0, M | R));
	}
}

TEST(rights_add_up)
{
	const struct cgroup_device_rule rules[] = {
		DENY_ALL,
		{.allow = true, .type = "b", .major = NUM(8), .access = "r"},
		{.allow = true,
		 .type = "b",
		 .major = NUM(8),
		 .minor = NUM(1),
		 .access = "w"},
	};

	compile(rules, 3);
	CHECK(may('b', 8, 0, R));
	CHECK(!may('b', 8, 0, R | W));
	CHECK(!may('b', 8, 0, W));
	CHECK(may('b', 8, 1, R | W));
	CHECK(!may('c', 8, 1, R));
	CHECK(!may('b', 9, 1, R));
}

TEST(later_rules_win)
{
	const struct cgroup_device_rule rules[] = {
		ALLOW_ALL,
		{.allow = false, .type = "c", .major = NUM(10), .access = "w"},
		{.allow = false, .type = "b"},
		{.allow = true, .type = "b", .minor = NUM(7), .access = NULL},
	};

	compile(rules, 4);
	CHECK(may('c', 1, 1, R | W | M));
	CHECK(may('c', 10, 229, R));
	CHECK(!may('c', 10, 229, W));
	CHECK(!may('c', 10, 229, R | W));
	CHECK(!may('b', 8, 0, R));
	CHECK(may('b', 8, 7, R | W));
}

TEST(privileged_is_short)
{
	const struct cgroup_device_rule rules[] = {DENY_ALL, ALLOW_ALL};

	compile(rules, 2);
	CHECK(may('b', 8, 0, R | W | M));
	CHECK(may('c', 1, 1, R | W | M));
}

/* The kernel's v1 would take "a" for everything, whatever comes after it. */
TEST(all_types_with_a_number_is_not_everything)
{
	const struct cgroup_device_rule rules[] = {
		{.allow = true, .type = "a", .major = NUM(7), .access = "r"},
	};

	compile(rules, 1);
	CHECK(may('b', 7, 0, R));
	CHECK(may('c', 7, 0, R));
	CHECK(!may('b', 8, 0, R));
	CHECK(!may('b', 7, 0, W));
}

TEST(bad_rules_are_named)
{
	const struct cgroup_device_rule type = {.type = "x"};
	const struct cgroup_device_rule access = {.access = "rwx"};
	const struct cgroup_device_rule number = {.major = NUM(1ll << 40)};
	struct dev_rule *v;
	size_t n;

	CHECK_INT(dev_rules(&type, 1, &v, &n, &err), -EINVAL);
	CHECK_STR(err.msg, "devices[0].type: \"x\" is none of a, b, c");
	CHECK_INT(dev_rules(&access, 1, &v, &n, &err), -EINVAL);
	CHECK(strstr(err.msg, "devices[0].access: \"rwx\""));
	CHECK_INT(dev_rules(&number, 1, &v, &n, &err), -ERANGE);
}

/* ----------------------------------------------------------- the kernel -- */

/* In a child inside of the cgroup: 0, or the errno of opening the node. */
static int try_open(struct cgroup *cg, const char *node)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		if (cgroup_enter(cg, false, NULL) < 0)
			_exit(255);
		_exit(open(node, O_RDONLY | O_NONBLOCK) < 0 ? errno : 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static struct cgroup_view view;

static void check_by_kernel(void)
{
	const struct cgroup_request req = {.path = "/c", .id = "id"};
	const struct cgroup_device_rule deny[] = {DENY_ALL};
	const struct cgroup_device_rule kmsg[] = {
		DENY_ALL,
		{.allow = true,
		 .type = "c",
		 .major = NUM(1),
		 .minor = NUM(11),
		 .access = "r"},
		{.allow = true, .type = "b", .access = "w"},
	};
	const struct cgroup_device_rule all[] = {ALLOW_ALL};
	char null[96], other[96];
	struct cgroup *cg;

	snprintf(null, sizeof(null), "%s/null", test_tmpdir());
	snprintf(other, sizeof(other), "%s/kmsg", test_tmpdir());
	CHECK(mknod(null, S_IFCHR | 0600, makedev(1, 3)) == 0);
	CHECK(mknod(other, S_IFCHR | 0600, makedev(1, 11)) == 0);
	if (cgroup_create(&cg, &req, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
#define SET(rules, n)                                                 \
	do {                                                          \
		if (cgroup_apply_devices(cg, rules, n, &err) < 0) {   \
			cgroup_abort(cg);                             \
			test_fail(__FILE__, __LINE__, "%s", err.msg); \
		}                                                     \
	} while (0)
	int got[8], n = 0;

	got[n++] = try_open(cg, other);
	SET(deny, 1);
	got[n++] = try_open(cg, null);
	got[n++] = try_open(cg, other);
	/* An update replaces; two programs would both have to agree. */
	cg->v[0].old_len = 0;
	SET(kmsg, 3);
	got[n++] = try_open(cg, other);
	SET(deny, 1);
	got[n++] = try_open(cg, other);
	SET(all, 1);
	got[n++] = try_open(cg, other);
	CHECK(cgroup_destroy(cg, &err) == 0);
	cgroup_free(cg);
	CHECK_INT(got[0], 0);
	CHECK_INT(got[1], 0);
	CHECK_INT(got[2], EPERM);
	CHECK_INT(got[3], 0);
	CHECK_INT(got[4], EPERM);
	CHECK_INT(got[5], 0);
}

TEST(the_kernel_agrees)
{
	static char top[64], root[128];
	struct stat st;
	int status;

	SKIP_UNLESS("cgroups", geteuid() == 0, "needs root");
	SKIP_UNLESS("namespaces", unshare(CLONE_NEWNS) == 0,
		    "no mount namespace");
	CHECK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
	/* A fresh tmpfs: /tmp may be mounted without devices. */
	CHECK(mount("tmpfs", test_tmpdir(), "tmpfs", 0, "mode=700") == 0);
	SKIP_UNLESS("cgroups", stat("/dev/kmsg", &st) == 0, "no /dev/kmsg");
	snprintf(top, sizeof(top), "%s/cgroup2", test_tmpdir());
	CHECK(mkdir(top, 0755) == 0);
	SKIP_UNLESS("cgroups", mount("none", top, "cgroup2", 0, NULL) == 0,
		    "no cgroup2");
	/* A scratch cgroup plays the root, so that no controller is switched
	 * on in the host's own. */
	snprintf(root, sizeof(root), "%s/hull-test-dev-%d", top, getpid());
	CHECK(mkdir(root, 0755) == 0);
	view = (struct cgroup_view){
		.root = root,
		.proc_cgroup = "/proc/self/cgroup",
		.mountinfo = "/proc/self/mountinfo",
	};
	cgroup_look_at(&view);
	if (fork() == 0) {
		check_by_kernel();
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK(rmdir(root) == 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
