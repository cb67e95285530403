/* The instructions that go before libseccomp's own.  They do two things.
 *
 * Newer than the profile.  A profile that denies by default was written when
 * some system call was the newest.  For what came later, its EPERM is wrong:
 * a C library that tries openat2 and gets EPERM gives up, while ENOSYS makes
 * it try openat.  So a number above the highest that the profile names (in
 * any rule, by architecture) gets ENOSYS.
 *
 * Newer than libseccomp.  We are linked with one libseccomp, and the profile
 * is of today.  A rule for a system call that libseccomp cannot name would
 * be lost, which for a rule that denies is a hole.  Since 5.0 the kernel
 * numbers new system calls alike on all architectures, so the table below
 * can decide those here; a rule with conditions on arguments can't be
 * decided here and its calls keep counting as unknown.
 *
 * For each architecture, as AUDIT_ARCH_*:
 *
 *	ld arch;  jeq A or go to the next architecture
 *	ld nr;    above 0x3fffffff: x32, or none of ours: go to the filter
 *	jeq each number that libseccomp does not know: return its action
 *	jgt newest: return ENOSYS
 *	go to the filter */
#include "host/seccomp_internal.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "host/seccomp.h"

/* Above the numbers of all other architectures; set in all numbers of x32. */
enum { X32_BIT = 0x40000000 };

enum { ARCHS_MAX = 32 };

static const struct {
	const char *name;
	int nr;
} newer[] = {
	{"set_mempolicy_home_node", 450},
	{"cachestat", 451},
	{"fchmodat2", 452},
	{"map_shadow_stack", 453},
	{"futex_wake", 454},
	{"futex_wait", 455},
	{"futex_requeue", 456},
	{"statmount", 457},
	{"listmount", 458},
	{"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460},
	{"lsm_list_modules", 461},
	{"mseal", 462},
	{"setxattrat", 463},
	{"getxattrat", 464},
	{"listxattrat", 465},
	{"removexattrat", 466},
	{"open_tree_attr", 467},
	{"file_getattr", 468},
	{"file_setattr", 469},
};

/* Where an architecture's numbers begin; -1: it does not have the common
 * ones. */
static int numbers_from(uint32_t arch)
{
	switch (arch) {
	case SCMP_ARCH_X32:
		return X32_BIT;
	case SCMP_ARCH_MIPS:
	case SCMP_ARCH_MIPSEL:
		return 4000;
	case SCMP_ARCH_MIPS64:
	case SCMP_ARCH_MIPSEL64:
		return 5000;
	case SCMP_ARCH_MIPS64N32:
	case SCMP_ARCH_MIPSEL64N32:
		return 6000;
	default:
		return 0;
	}
}

/* The number of a name that libseccomp does not have, else negative. */
static int newer_nr(uint32_t arch, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (str_eq(newer[i].name, name))
			return numbers_from(arch) + newer[i].nr;
	return -ENOENT;
}

/* As the profile says it, -1 for none. */
static int syscall_nr(uint32_t arch, const char *name, bool conditional)
{
	int nr = seccomp_syscall_resolve_name_arch(arch, name);

	if (nr == __NR_SCMP_ERROR && !conditional)
		nr = newer_nr(arch, name);
	return nr < 0 ? -1 : nr;
}

/* -------------------------------------------------------- instructions -- */

static size_t emit(struct buf *code, unsigned short op, uint32_t k, uint8_t jt,
		   uint8_t jf)
{
	struct sock_filter insn = {.code = op, .jt = jt, .jf = jf, .k = k};

	buf_add(code, &insn, sizeof(insn));
	return code->len / sizeof(insn) - 1;
}

static size_t emit_load(struct buf *code, size_t offset)
{
	return emit(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Go on with the next instruction when true, else skip it. */
static void emit_if(struct buf *code, unsigned short compare, uint32_t k)
{
	emit(code, BPF_JMP | BPF_K | compare, k, 0, 1);
}

static size_t emit_goto(struct buf *code)
{
	return emit(code, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void emit_return(struct buf *code, uint32_t value)
{
	emit(code, BPF_RET | BPF_K, value, 0, 0);
}

/* Have the goto at `from` lead to the next instruction. */
static void land_here(struct buf *code, size_t from)
{
	struct sock_filter *insns = (struct sock_filter *)code->data;

	insns[from].k = (uint32_t)(code->len / sizeof(*insns) - from - 1);
}

/* Jumps to the filter itself: marked, and resolved when it is known where it
 * begins. */
enum { TO_FILTER = UINT16_MAX };

static void emit_goto_filter(struct buf *code)
{
	emit(code, BPF_JMP | BPF_JA, TO_FILTER, 0, 0);
}

static void resolve_gotos(struct buf *code)
{
	struct sock_filter *insns = (struct sock_filter *)code->data;
	size_t n = code->len / sizeof(*insns);

	for (size_t i = 0; i < n; i++)
		if (insns[i].code == (BPF_JMP | BPF_JA) &&
		    insns[i].k == TO_FILTER)
			insns[i].k = (uint32_t)(n - i - 1);
}

/* ------------------------------------------------------------ the stub -- */

/* The highest number in `arch` that any rule names, negative for none. */
static int newest_named(const struct seccomp_profile *profile, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < profile->n_syscalls; i++) {
		const struct seccomp_rule *rule = &profile->syscalls[i];

		STRV_FOREACH (name, rule->names) {
			int nr = syscall_nr(arch, *name, rule->n_args > 0);

			if (nr > newest)
				newest = nr;
		}
	}
	return newest;
}

static void decide_newer(const struct seccomp_profile *profile, uint32_t arch,
			 struct buf *code)
{
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		const struct seccomp_rule *rule = &profile->syscalls[i];

		if (rule->n_args)
			continue;
		STRV_FOREACH (name, rule->names) {
			int nr;

			if (seccomp_syscall_resolve_name_arch(arch, *name) !=
			    __NR_SCMP_ERROR)
				continue;
			nr = newer_nr(arch, *name);
			if (nr < 0)
				continue;
			emit_if(code, BPF_JEQ, (uint32_t)nr);
			emit_return(code,
				    seccomp_action_value(rule->action,
							 &rule->errno_ret));
		}
	}
}

static void decide(const struct seccomp_profile *profile, uint32_t arch,
		   bool bounded, struct buf *code)
{
	int newest = newest_named(profile, arch);

	decide_newer(profile, arch, code);
	if (bounded && newest >= 0) {
		emit_if(code, BPF_JGT, (uint32_t)newest);
		emit_return(code, SECCOMP_RET_ERRNO | ENOSYS);
	}
	emit_goto_filter(code);
}

/* The native architecture and the profile's, each once. */
static size_t list_archs(const struct seccomp_profile *profile, uint32_t *ret,
			 size_t max)
{
	size_t n = 0;

	ret[n++] = seccomp_arch_native();
	STRV_FOREACH (name, profile->architectures) {
		uint32_t token;
		size_t i = 0;

		if (seccomp_find_arch(*name, &token) < 0)
			continue;
		while (i < n && ret[i] != token)
			i++;
		if (i == n && n < max)
			ret[n++] = token;
	}
	return n;
}

static bool denies(const struct seccomp_profile *profile)
{
	static const char *const lenient[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG",
					      "SCMP_ACT_TRACE", NULL};

	/* A tracer knows best what to do with a new system call; and a default
	 * of ENOSYS needs no help. */
	return !strv_has((char *const *)lenient, profile->default_action) &&
	       seccomp_action_value(profile->default_action,
				    &profile->default_errno_ret) !=
		       SCMP_ACT_ERRNO(ENOSYS);
}

/* x86-64 and x32 are one architecture to the kernel. */
static void emit_arch(const struct seccomp_profile *profile, uint32_t arch,
		      bool also_x32, bool bounded, struct buf *code)
{
	size_t next_arch, x32;

	emit_load(code, offsetof(struct seccomp_data, arch));
	emit(code, BPF_JMP | BPF_K | BPF_JEQ, arch, 1, 0);
	next_arch = emit_goto(code);
	emit_load(code, offsetof(struct seccomp_data, nr));
	emit_if(code, BPF_JGE, X32_BIT);
	x32 = emit_goto(code);
	decide(profile, arch, bounded, code);
	land_here(code, x32);
	if (also_x32) {
		/* -1 is what a tracer makes of a call it has answered. */
		emit_if(code, BPF_JGE, 2u * X32_BIT);
		emit_goto_filter(code);
		decide(profile, SCMP_ARCH_X32, bounded, code);
	} else {
		emit_goto_filter(code);
	}
	land_here(code, next_arch);
}

static bool names_newer(const struct seccomp_profile *profile)
{
	uint32_t native = seccomp_arch_native();

	for (size_t i = 0; i < profile->n_syscalls; i++)
		STRV_FOREACH (name, profile->syscalls[i].names)
			if (newer_nr(native, *name) >= 0 &&
			    seccomp_syscall_resolve_name_arch(native, *name) ==
				    __NR_SCMP_ERROR)
				return true;
	return false;
}

void seccomp_stub(const struct seccomp_profile *profile, struct buf *code)
{
	uint32_t archs[ARCHS_MAX];
	size_t n = list_archs(profile, archs, ARCHS_MAX);
	bool bounded = denies(profile), x32 = false;

	if (!bounded && !names_newer(profile))
		return;
	for (size_t i = 0; i < n; i++)
		x32 = x32 || archs[i] == SCMP_ARCH_X32;
	for (size_t i = 0; i < n; i++)
		if (archs[i] != SCMP_ARCH_X32)
			emit_arch(profile, archs[i],
				  x32 && archs[i] == SCMP_ARCH_X86_64, bounded,
				  code);
	resolve_gotos(code);
}
