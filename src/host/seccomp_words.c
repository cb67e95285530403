/* host/seccomp_words.c: the words of linux.seccomp, what they stand for, and
 * which of them this kernel and this libseccomp know. */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "host/seccomp.h"
#include "host/seccomp_internal.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

struct word {
	const char *name;
	uint32_t value;  /* libseccomp's */
	uint32_t kernel; /* actions: the kernel's own */
};

static const struct word actions[] = {
	{"SCMP_ACT_KILL", SCMP_ACT_KILL, SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS,
	 SECCOMP_RET_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP, SECCOMP_RET_TRAP},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), SECCOMP_RET_ERRNO},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), SECCOMP_RET_TRACE},
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, SECCOMP_RET_ALLOW},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG, SECCOMP_RET_LOG},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, SECCOMP_RET_USER_NOTIF},
};

static const struct word operators[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE, 0},
	{"SCMP_CMP_LT", SCMP_CMP_LT, 0},
	{"SCMP_CMP_LE", SCMP_CMP_LE, 0},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ, 0},
	{"SCMP_CMP_GE", SCMP_CMP_GE, 0},
	{"SCMP_CMP_GT", SCMP_CMP_GT, 0},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ, 0},
};

static const struct word arches[] = {
	{"SCMP_ARCH_X86", SCMP_ARCH_X86, 0},
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, 0},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32, 0},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM, 0},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, 0},
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS, 0},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64, 0},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32, 0},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, 0},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, 0},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, 0},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC, 0},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64, 0},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, 0},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390, 0},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X, 0},
	{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC, 0},
	{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64, 0},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, 0},
};

static const struct word flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC, 0},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG, 0},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0},
};

/* The same names once more, as the header promises them. */
const char *const seccomp_action_names[] = {
	"SCMP_ACT_ALLOW",       "SCMP_ACT_ERRNO",
	"SCMP_ACT_KILL",        "SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",      "SCMP_ACT_TRACE",
	"SCMP_ACT_TRAP",        NULL,
};
const char *const seccomp_op_names[] = {
	"SCMP_CMP_EQ", "SCMP_CMP_GE",        "SCMP_CMP_GT", "SCMP_CMP_LE",
	"SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL,
};
const char *const seccomp_arch_names[] = {
	"SCMP_ARCH_AARCH64",   "SCMP_ARCH_ARM",
	"SCMP_ARCH_MIPS",      "SCMP_ARCH_MIPS64",
	"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",
	"SCMP_ARCH_MIPSEL64",  "SCMP_ARCH_MIPSEL64N32",
	"SCMP_ARCH_PARISC",    "SCMP_ARCH_PARISC64",
	"SCMP_ARCH_PPC",       "SCMP_ARCH_PPC64",
	"SCMP_ARCH_PPC64LE",   "SCMP_ARCH_RISCV64",
	"SCMP_ARCH_S390",      "SCMP_ARCH_S390X",
	"SCMP_ARCH_X32",       "SCMP_ARCH_X86",
	"SCMP_ARCH_X86_64",    NULL,
};
const char *const seccomp_flag_names[] = {
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static int find(const struct word *list, size_t n, const char *name,
		uint32_t *ret)
{
	for (size_t i = 0; name && i < n; i++)
		if (str_eq(list[i].name, name)) {
			*ret = list[i].value;
			return 0;
		}
	return -EINVAL;
}

int seccomp_find_action(const char *name, uint32_t *ret)
{
	return find(actions, ARRAY_SIZE(actions), name, ret);
}

int seccomp_find_op(const char *name, uint32_t *ret)
{
	return find(operators, ARRAY_SIZE(operators), name, ret);
}

int seccomp_find_arch(const char *name, uint32_t *ret)
{
	return find(arches, ARRAY_SIZE(arches), name, ret);
}

int seccomp_find_flag(const char *name, uint32_t *ret)
{
	return find(flags, ARRAY_SIZE(flags), name, ret);
}

bool seccomp_action_supported(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		uint32_t action = actions[i].kernel;

		if (str_eq(actions[i].name, name))
			return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
				       &action) == 0;
	}
	return false;
}

bool seccomp_arch_supported(const char *name)
{
	scmp_filter_ctx ctx;
	uint32_t token;
	int rc;

	if (seccomp_find_arch(name, &token) < 0)
		return false;
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return false;
	rc = seccomp_arch_exist(ctx, token);
	if (rc < 0)
		rc = seccomp_arch_add(ctx, token);
	seccomp_release(ctx);
	return rc == 0;
}

bool seccomp_flag_supported(const char *name)
{
	uint32_t bit;

	if (seccomp_find_flag(name, &bit) < 0)
		return false;
	/* Alone it is refused. */
	if (bit == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		bit |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* With a flag it knows the kernel goes on to read the program. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, bit, NULL) < 0 &&
	       errno == EFAULT;
}
