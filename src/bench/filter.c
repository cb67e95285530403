#include "bench/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "which architecture does seccomp call this one?"
#endif

/* --- reading ----------------------------------------------------------- */

/* ptrace() takes numbers where it wants addresses. */
static void *number(size_t n)
{
	return (void *)(uintptr_t)n; // NOLINT(performance-no-int-to-ptr)
}

static int read_one(pid_t pid, size_t index, struct filter *ret)
{
	/* Without a buffer it says how many instructions there are. */
	long len = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, number(index), NULL);

	if (len < 0)
		return -errno;
	ret->code = xcalloc((size_t)len, sizeof(*ret->code));
	ret->len = (size_t)len;
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, number(index), ret->code) <
	    0) {
		int rc = -errno;

		free(ret->code);
		return rc;
	}
	return 0;
}

static int read_all(pid_t pid, struct filters *ret, struct err *err)
{
	for (size_t i = 0;; i++) {
		struct filter f;
		int rc = read_one(pid, i, &f);

		/* There is no filter of that index. */
		if (rc == -ENOENT)
			return 0;
		if (rc < 0)
			return err_set(err, rc,
				       "read the seccomp filter of process %d",
				       pid);
		ret->v = xrealloc(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = f;
	}
}

int filters_read(pid_t pid, struct filters *ret, struct err *err)
{
	struct filters f = {0};
	int status, rc;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		return err_set(err, -errno, "trace process %d", pid);
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return err_set(err, -errno, "wait for process %d", pid);
	if (!WIFSTOPPED(status))
		return err_say(err, -ESRCH, "process %d ended", pid);
	rc = read_all(pid, &f, err);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (rc < 0) {
		filters_free(&f);
		return rc;
	}
	*ret = f;
	return 0;
}

void filters_free(struct filters *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].code);
	free(f->v);
	*f = (struct filters){0};
}

/* --- asking ------------------------------------------------------------ */

/* The accumulator; what comes from arguments is not known.  Neither is ever
 * what X and the scratch memory hold, so that a place in the program and A
 * are all that there is to know. */
struct value {
	bool known;
	uint32_t v;
};

struct machine {
	const struct filter *f;
	int number;
	/* Where A was unknown already: all that can come of it was looked
	 * at. */
	bool *seen;
};

static struct value load(const struct machine *m, uint32_t offset)
{
	switch (offset) {
	case offsetof(struct seccomp_data, nr):
		return (struct value){true, (uint32_t)m->number};
	case offsetof(struct seccomp_data, arch):
		return (struct value){true, NATIVE_ARCH};
	default:
		return (struct value){false, 0};
	}
}

static struct value compute(uint16_t code, struct value a, struct value k)
{
	if (BPF_OP(code) == BPF_NEG)
		return (struct value){a.known, -a.v};
	if (!a.known || !k.known)
		return (struct value){false, 0};
	switch (BPF_OP(code)) {
	case BPF_ADD:
		return (struct value){true, a.v + k.v};
	case BPF_SUB:
		return (struct value){true, a.v - k.v};
	case BPF_AND:
		return (struct value){true, a.v & k.v};
	case BPF_OR:
		return (struct value){true, a.v | k.v};
	case BPF_XOR:
		return (struct value){true, a.v ^ k.v};
	case BPF_LSH:
		return (struct value){true, a.v << (k.v & 31)};
	case BPF_RSH:
		return (struct value){true, a.v >> (k.v & 31)};
	default: /* nobody multiplies a system call */
		return (struct value){false, 0};
	}
}

static bool compare(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default: /* BPF_JSET */
		return a & k;
	}
}

static bool lets_it_happen(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	/* Somebody else decides, and may do so. */
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return true;
	default:
		return false;
	}
}

static bool run_from(struct machine *m, size_t pc, struct value a);

static bool branch(struct machine *m, size_t pc, struct value a)
{
	const struct sock_filter *i = &m->f->code[pc];

	if (BPF_OP(i->code) == BPF_JA)
		return run_from(m, pc + 1 + i->k, a);
	if (a.known && BPF_SRC(i->code) == BPF_K)
		return run_from(
			m,
			pc + 1 + (compare(i->code, a.v, i->k) ? i->jt : i->jf),
			a);
	if (!a.known) {
		if (m->seen[pc])
			return false;
		m->seen[pc] = true;
	}
	return run_from(m, pc + 1 + i->jt, a) || run_from(m, pc + 1 + i->jf, a);
}

static bool run_from(struct machine *m, size_t pc, struct value a)
{
	const struct value unknown = {false, 0};

	for (; pc < m->f->len; pc++) {
		const struct sock_filter *i = &m->f->code[pc];
		const struct value k = {true, i->k};

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			a = BPF_MODE(i->code) == BPF_ABS   ? load(m, i->k)
			    : BPF_MODE(i->code) == BPF_IMM ? k
							   : unknown;
			break;
		case BPF_ALU:
			a = compute(i->code, a,
				    BPF_SRC(i->code) == BPF_X ? unknown : k);
			break;
		case BPF_MISC:
			if (BPF_MISCOP(i->code) == BPF_TXA)
				a = unknown;
			break;
		case BPF_JMP:
			return branch(m, pc, a);
		case BPF_RET:
			return BPF_RVAL(i->code) == BPF_A
				       ? !a.known || lets_it_happen(a.v)
				       : lets_it_happen(i->k);
		default: /* BPF_LDX, BPF_ST, BPF_STX */
			break;
		}
	}
	return false; /* the kernel takes no such program */
}

bool filters_may_allow(const struct filters *f, int number_of_call)
{
	for (size_t i = 0; i < f->n; i++) {
		_cleanup_free_ bool *seen = xcalloc(f->v[i].len + 1, 1);
		struct machine m = {&f->v[i], number_of_call, seen};

		if (!run_from(&m, 0, (struct value){true, 0}))
			return false;
	}
	return true;
}
