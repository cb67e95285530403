/* Real filters in real children, and an interpreter that compares what was
 * built with what the profile says. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "host/seccomp.h"
#include "oci/spec.h"
#include "test.h"

static struct seccomp_profile *profile_of(const char *json)
{
	static struct arena *arena; /* the profile's, until the next one */
	static struct oci_spec spec;
	struct err err = {0};
	char text[4096];
	int n = snprintf(
		text, sizeof(text),
		"{\"ociVersion\":\"1.0.2\",\"linux\":{\"seccomp\":%s}}", json);

	if (arena)
		arena_free(arena);
	arena = arena_new(65536);
	if (json_decode(&oci_spec_json, &spec, arena, text, (size_t)n, &err))
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return spec.linux.seccomp;
}

static struct seccomp_prog build(const char *json)
{
	struct seccomp_prog prog;
	struct err err = {0};

	if (seccomp_build(profile_of(json), -1, &prog, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return prog;
}

static void check_error(const char *json, const char *sentence)
{
	struct seccomp_prog prog;
	struct err err = {0};

	CHECK(seccomp_build(profile_of(json), -1, &prog, &err) < 0);
	CHECK_STR(err.msg, sentence);
}

#define RULE(name, action) \
	"{\"names\":[\"" name "\"],\"action\":\"" action "\"}"

TEST(mistakes_are_named_by_their_path)
{
	check_error("{\"defaultAction\":\"SCMP_ACT_X\"}",
		    "linux.seccomp.defaultAction: unknown action "
		    "\"SCMP_ACT_X\"");
	check_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[" RULE(
			    "read", "SCMP_ACT_LOG") "," RULE("x", "Y") "]}",
		    "linux.seccomp.syscalls[1].action: unknown action \"Y\"");
	check_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		    "\"defaultErrnoRet\":1}",
		    "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW returns no "
		    "errno");
	check_error("{\"defaultAction\":\"SCMP_ACT_ERRNO\","
		    "\"defaultErrnoRet\":4096}",
		    "linux.seccomp.defaultErrnoRet: 4096 is above 4095");
	check_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":"
		    "[\"SCMP_ARCH_VAX\"]}",
		    "linux.seccomp.architectures[0]: unknown architecture "
		    "\"SCMP_ARCH_VAX\"");
	check_error("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		    "\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
		    "\"args\":[{\"index\":6,\"value\":0,\"op\":"
		    "\"SCMP_CMP_EQ\"}]}]}",
		    "linux.seccomp.syscalls[0].args[0].index: 6 is not 0 to "
		    "5");
}

#define COND(action, op, value, two)                                        \
	"{\"names\":[\"personality\"],\"action\":\"" action                 \
	"\",\"args\":[{\"index\":0,\"value\":" #value ",\"valueTwo\":" #two \
	",\"op\":\"" op "\"}]}"

TEST(rules_that_contradict_are_an_error)
{
	check_error(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" COND(
			"SCMP_ACT_ALLOW", "SCMP_CMP_EQ", 8,
			0) "," COND("SCMP_ACT_KILL", "SCMP_CMP_EQ", 8, 0) "]}",
		"linux.seccomp.syscalls[1]: another rule for personality "
		"has the same conditions and another action");
}

/* ------------------------------------------------------ in the kernel -- */

/* In a child under the filter: the errno of getppid(), 0 if it worked, or
 * 1000 + the signal that ended the child. */
static int outcome(const char *action, const char *more)
{
	char json[512];
	struct seccomp_prog prog;
	int status;
	pid_t pid;

	snprintf(json, sizeof(json),
		 "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		 "\"names\":[\"getppid\"],\"action\":\"%s\"%s}]}",
		 action, more);
	prog = build(json);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    seccomp_install(&prog, NULL) != 0)
			_exit(255);
		_exit(syscall(SYS_getppid) < 0 ? errno : 0);
	}
	seccomp_prog_free(&prog);
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

TEST(every_action_acts)
{
	CHECK_INT(outcome("SCMP_ACT_ALLOW", ""), 0);
	CHECK_INT(outcome("SCMP_ACT_LOG", ""), 0);
	CHECK_INT(outcome("SCMP_ACT_ERRNO", ""), EPERM);
	CHECK_INT(outcome("SCMP_ACT_ERRNO", ",\"errnoRet\":42"), 42);
	CHECK_INT(outcome("SCMP_ACT_ERRNO", ",\"errnoRet\":0"), 0);
	CHECK_INT(outcome("SCMP_ACT_TRACE", ""), ENOSYS); /* no tracer */
	CHECK_INT(outcome("SCMP_ACT_TRAP", ""), 1000 + SIGSYS);
	CHECK_INT(outcome("SCMP_ACT_KILL", ""), 1000 + SIGSYS);
	CHECK_INT(outcome("SCMP_ACT_KILL_THREAD", ""), 1000 + SIGSYS);
	CHECK_INT(outcome("SCMP_ACT_KILL_PROCESS", ""), 1000 + SIGSYS);
}

TEST(notify_returns_a_listener)
{
	_cleanup_seccomp_ struct seccomp_prog prog = build(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
		"\"SECCOMP_FILTER_FLAG_TSYNC\","
		"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"syscalls\":[" RULE(
			"getppid", "SCMP_ACT_NOTIFY") "]}");
	int fd;

	SKIP_UNLESS("seccomp-notify",
		    seccomp_flag_supported(
			    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
		    "old kernel");
	CHECK(prog.notify);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	fd = seccomp_install(&prog, NULL);
	CHECK(fd > 0);

	/* Nobody listens any more: ENOSYS. */
	close(fd);
	CHECK(syscall(SYS_getppid) == -1 && errno == ENOSYS);
	/* A sanitizer's look for leaks needs getppid. */
	_exit(0);
}

TEST(a_flag_for_listeners_does_no_harm_without_one)
{
	_cleanup_seccomp_ struct seccomp_prog prog = build(
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
		"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"syscalls\":[" RULE(
			"getppid", "SCMP_ACT_ERRNO") "]}");

	CHECK(!prog.notify);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK_INT(seccomp_install(&prog, NULL), 0);
	_exit(0);
}

TEST(absent_flags_are_not_empty_ones)
{
	_cleanup_seccomp_ struct seccomp_prog absent =
		build("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}");
	_cleanup_seccomp_ struct seccomp_prog empty =
		build("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]}");

	CHECK_INT(absent.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	CHECK_INT(empty.flags, 0);
}

TEST(without_privileges_the_error_says_so)
{
	_cleanup_seccomp_ struct seccomp_prog prog =
		build("{\"defaultAction\":"
		      "\"SCMP_ACT_ALLOW\"}");
	struct err err = {0};

	SKIP_UNLESS("root", geteuid() == 0, "needs root");
	CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK_INT(seccomp_install(&prog, &err), -EACCES);
	CHECK(strstr(err.msg, "noNewPrivileges"));
}

/* A system call that no kernel has, and one that is in none of our lists. */
TEST(what_is_newer_than_the_profile_gets_enosys)
{
	_cleanup_seccomp_ struct seccomp_prog prog =
		build("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{"
		      "\"names\":[\"exit_group\",\"read\",\"write\",\"fstat\","
		      "\"faccessat2\",\"brk\",\"rt_sigprocmask\",\"getpid\","
		      "\"munmap\",\"mmap\",\"sigaltstack\",\"gettid\"],"
		      "\"action\":\"SCMP_ACT_ALLOW\"}]}");

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK_INT(seccomp_install(&prog, NULL), 0);
	CHECK(syscall(SYS_getpid) > 0);
	CHECK(syscall(SYS_getppid) == -1 && errno == EPERM);
	CHECK(syscall(SYS_openat2, 0, "", NULL, 0) == -1 && errno == EPERM);
	CHECK(syscall(440 /* process_madvise */) == -1 && errno == ENOSYS);
	CHECK(syscall(1000) == -1 && errno == ENOSYS);
	/* The filter would not let a sanitizer look for leaks. */
	_exit(0);
}

/* libseccomp 2.5.4 ends at 450; a rule that denies must not be lost. */
TEST(rules_for_calls_newer_than_libseccomp_count)
{
	_cleanup_seccomp_ struct seccomp_prog prog =
		build("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		      "\"names\":[\"fchmodat2\",\"mseal\",\"no_such_call\"],"
		      "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":77}]}");

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK_INT(seccomp_install(&prog, NULL), 0);
	CHECK(syscall(452, -1, "x", 0, 0) == -1 && errno == 77);
	CHECK(syscall(462, 0, 0, 0) == -1 && errno == 77);
	CHECK(syscall(451, -1, NULL, NULL, 0) == -1 && errno != 77);
}

/* --------------------------------------------------- in an interpreter -- */

static uint32_t run(const struct seccomp_prog *prog, struct seccomp_data data)
{
	uint32_t a = 0, mem[BPF_MEMWORDS] = {0};

	for (size_t pc = 0; pc < prog->len; pc++) {
		struct sock_filter f = prog->filter[pc];

		switch (f.code) {
		case BPF_LD | BPF_W | BPF_ABS:
			CHECK(f.k <= sizeof(data) - 4);
			memcpy(&a, (char *)&data + f.k, 4);
			break;
		case BPF_LD | BPF_MEM:
			a = mem[f.k];
			break;
		case BPF_ST:
			mem[f.k] = a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f.k;
			break;
		case BPF_JMP | BPF_JA:
			pc += f.k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == f.k ? f.jt : f.jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > f.k ? f.jt : f.jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= f.k ? f.jt : f.jf;
			break;
		case BPF_RET | BPF_K:
			return f.k;
		default:
			test_fail(__FILE__, __LINE__, "instruction %#x",
				  f.code);
		}
	}
	test_fail(__FILE__, __LINE__, "the program has no end");
}

static bool op_holds(const struct seccomp_arg *c, uint64_t v)
{
	const char *op = c->op + strlen("SCMP_CMP_");

	return str_eq(op, "NE")   ? v != c->value
	       : str_eq(op, "LT") ? v < c->value
	       : str_eq(op, "LE") ? v <= c->value
	       : str_eq(op, "EQ") ? v == c->value
	       : str_eq(op, "GE") ? v >= c->value
	       : str_eq(op, "GT") ? v > c->value
				  : (v & c->value) == c->value_two;
}

TEST(operators_compare_64_bits)
{
	static const char *const ops[] = {"NE", "LT", "LE",       "EQ",
					  "GE", "GT", "MASKED_EQ"};
	static const uint64_t values[] = {
		0,           1,
		4,           5,
		6,           7,
		0xffffffff,  0x100000000,
		0x100000005, 0x8000000000000005,
		UINT64_MAX,
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		char json[512], op[32];
		struct seccomp_prog prog;
		struct seccomp_arg arg = {
			.value = 0x100000005, .value_two = 5, .op = op};

		snprintf(op, sizeof(op), "SCMP_CMP_%s", ops[i]);
		snprintf(json, sizeof(json),
			 "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":"
			 "[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
			 "\"args\":[{\"index\":2,\"value\":4294967301,"
			 "\"valueTwo\":5,\"op\":\"%s\"}]}]}",
			 op);
		prog = build(json);
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]);
		     v++) {
			struct seccomp_data d = {
				.nr = SYS_read,
				.arch = seccomp_arch_native(),
				.args = {0, 0, values[v]},
			};

			if ((run(&prog, d) == SECCOMP_RET_LOG) !=
			    op_holds(&arg, values[v]))
				test_fail(__FILE__, __LINE__, "%s %#llx", op,
					  (unsigned long long)values[v]);
		}
		seccomp_prog_free(&prog);
	}
}

static uint32_t action_of(const char *name, struct opt_u64 e)
{
	uint32_t data = e.set ? (uint32_t)e.v : EPERM;

	return str_eq(name, "SCMP_ACT_ALLOW")   ? SECCOMP_RET_ALLOW
	       : str_eq(name, "SCMP_ACT_ERRNO") ? SECCOMP_RET_ERRNO | data
						: SECCOMP_RET_KILL_PROCESS;
}

static bool rule_holds(const struct seccomp_rule *r, const uint64_t *args)
{
	bool twice = r->n_args == 2 && r->args[0].index == r->args[1].index;
	size_t hold = 0;

	for (size_t i = 0; i < r->n_args; i++)
		hold += op_holds(&r->args[i], args[r->args[i].index]);
	return twice ? hold > 0 : hold == r->n_args;
}

/* The rules that name a system call. */
static size_t rules_for(const struct seccomp_profile *p, uint32_t arch, int nr,
			const struct seccomp_rule **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_syscalls; i++)
		STRV_FOREACH (name, p->syscalls[i].names)
			if (seccomp_syscall_resolve_name_arch(arch, *name) ==
			    nr)
				ret[n++] = &p->syscalls[i];
	return n;
}

/* What they say of a call, 0 for nothing. */
static uint32_t said(const struct seccomp_rule *const *rules, size_t n,
		     const uint64_t *args)
{
	for (size_t i = 0; i < n; i++)
		if (rule_holds(rules[i], args))
			return action_of(rules[i]->action, rules[i]->errno_ret);
	return 0;
}

/* On i386 these came late, beside socketcall and ipc; libseccomp gives such
 * names a number of its own and writes rules for both. */
static bool multiplexed(uint32_t arch, int nr)
{
	return arch == SCMP_ARCH_X86 &&
	       (nr == 337 || nr == 345 || (nr >= 359 && nr <= 373) ||
		(nr >= 393 && nr <= 402) || nr == 102 || nr == 117);
}

/* The part of `arch` of Docker's profile, every number and some arguments. */
static void compare(const struct seccomp_profile *p,
		    const struct seccomp_prog *prog, uint32_t arch)
{
	static const uint64_t some[] = {0,  1,       8,          16,        38,
					40, 0x20000, 0x7e020000, 0xffffffff};
	int base = arch == SCMP_ARCH_X32 ? 0x40000000 : 0;

	for (int nr = base; nr < base + 700; nr++) {
		const struct seccomp_rule *rules[64];
		size_t n = rules_for(p, arch, nr, rules);

		for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
			struct seccomp_data d = {
				.nr = nr,
				.arch = arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64
							      : arch,
				.args = {some[i], some[8 - i]},
			};
			uint64_t args[6] = {some[i], some[8 - i]};
			uint32_t want = said(rules, n, args);
			uint32_t got = run(prog, d);

			if (want ? got == want
				 : got == (SECCOMP_RET_ERRNO | EPERM) ||
					    got == (SECCOMP_RET_ERRNO |
						    ENOSYS) ||
					    multiplexed(arch, nr) ||
					    nr - base > 449)
				continue;
			test_fail(__FILE__, __LINE__, "%#x nr %d: %#x, not %#x",
				  arch, nr, got, want);
		}
	}
}

TEST(dockers_profile_means_what_it_says)
{
	struct oci_spec *spec;
	struct seccomp_prog prog;
	struct err err = {0};

	if (oci_spec_load(&spec, -100, TEST_DATA "/docker-config.json", &err) <
	    0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK(spec->linux.seccomp);
	CHECK(seccomp_build(spec->linux.seccomp, -1, &prog, &err) == 0);
	compare(spec->linux.seccomp, &prog, SCMP_ARCH_X86_64);
	compare(spec->linux.seccomp, &prog, SCMP_ARCH_X86);
	compare(spec->linux.seccomp, &prog, SCMP_ARCH_X32);
	/* Nothing answers for an architecture that it does not name. */
	CHECK(run(&prog, (struct seccomp_data){.arch = AUDIT_ARCH_S390X}) ==
	      SECCOMP_RET_KILL_THREAD);
	oci_spec_free(spec);
	seccomp_prog_free(&prog);
}

static void check_run(const struct seccomp_prog *prog, uint32_t arch, int nr,
		      uint32_t want)
{
	uint32_t got = run(prog, (struct seccomp_data){.nr = nr, .arch = arch});

	if (got != want)
		test_fail(__FILE__, __LINE__, "%#x nr %#x: %#x, not %#x", arch,
			  nr, got, want);
}

/* openat2 is 437 and faccessat2 439 on all three; x32 sets bit 30. */
TEST(each_architecture_has_its_own_newest)
{
	const uint32_t eperm = SECCOMP_RET_ERRNO | EPERM;
	const uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
	_cleanup_seccomp_ struct seccomp_prog prog = build(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":["
		"\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"
		"\"syscalls\":[" RULE("faccessat2", "SCMP_ACT_ALLOW") "]}");
	_cleanup_seccomp_ struct seccomp_prog plain = build(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" RULE(
			"faccessat2", "SCMP_ACT_ALLOW") "]}");

	SKIP_UNLESS("x86_64", seccomp_arch_native() == SCMP_ARCH_X86_64,
		    "numbers of x86-64");
	for (size_t i = 0; i < 2; i++) {
		uint32_t arch = i ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;

		check_run(&prog, arch, 437, eperm);
		check_run(&prog, arch, 439, SECCOMP_RET_ALLOW);
		check_run(&prog, arch, 440, enosys);
		/* What a tracer has answered: left alone by the stub. */
		check_run(&prog, arch, -1, eperm);
	}
	check_run(&prog, AUDIT_ARCH_X86_64, 0x40000000 | 437, eperm);
	check_run(&prog, AUDIT_ARCH_X86_64, 0x40000000 | 439,
		  SECCOMP_RET_ALLOW);
	check_run(&prog, AUDIT_ARCH_X86_64, 0x40000000 | 440, enosys);
	/* x32 that was not asked for is another architecture. */
	check_run(&plain, AUDIT_ARCH_X86_64, 0x40000000 | 440,
		  SECCOMP_RET_KILL_THREAD);
	check_run(&plain, AUDIT_ARCH_I386, 440, SECCOMP_RET_KILL_THREAD);
}

/* As runc reads them: alternatives. */
TEST(one_argument_named_twice_means_either)
{
	_cleanup_seccomp_ struct seccomp_prog prog = build(
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{"
		"\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
		"{\"index\":0,\"value\":3,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]}]}");
	uint32_t arch = seccomp_arch_native();

	for (uint64_t fd = 0; fd < 10; fd++)
		CHECK((run(&prog, (struct seccomp_data){.nr = SYS_read,
							.arch = arch,
							.args = {fd}}) ==
		       SECCOMP_RET_ALLOW) == (fd == 3 || fd == 7));
}
