#include "host/allow.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/err.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "which architecture does seccomp call this one?"
#endif

#define ARG_LOW(n) \
	((unsigned int)offsetof(struct seccomp_data, args) + 8u * (n))

enum { DENY = SECCOMP_RET_ERRNO | EPERM };

static void emit(struct allow *p, uint16_t code, uint32_t k, uint8_t jt,
		 uint8_t jf)
{
	if (p->len >= ALLOW_MAX)
		abort(); /* the tables are ours, and as long as they are */
	p->code[p->len++] = (struct sock_filter){code, jt, jf, k};
}

static void emit_return(struct allow *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

void allow_begin(struct allow *p)
{
	p->len = 0;
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	     0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	/* x32 calls have a high bit in the number, so they match nothing. */
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0,
	     0);
}

void allow_calls(struct allow *p, const uint16_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, numbers[i], (uint8_t)(n - i),
		     0);
	emit(p, BPF_JMP | BPF_JA, 1, 0, 0);
	emit_return(p, SECCOMP_RET_ALLOW);
}

void allow_values(struct allow *p, uint32_t nr, unsigned int arg,
		  const uint32_t *values, uint8_t n)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, n + 3);
	emit(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(arg), 0, 0);
	for (uint8_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], n - i, 0);
	emit_return(p, DENY);
	emit_return(p, SECCOMP_RET_ALLOW);
}

void allow_bits(struct allow *p, uint32_t nr, unsigned int arg, uint32_t with,
		uint32_t without)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 5);
	emit(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(arg), 0, 0);
	emit(p, BPF_ALU | BPF_AND | BPF_K, with | without, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, with, 1, 0);
	emit_return(p, DENY);
	emit_return(p, SECCOMP_RET_ALLOW);
}

void allow_errno(struct allow *p, uint32_t nr, uint16_t code)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
	emit_return(p, SECCOMP_RET_ERRNO | code);
}

int allow_install(struct allow *p, struct err *err)
{
	struct sock_fprog prog;

	emit_return(p, DENY);
	prog = (struct sock_fprog){.len = p->len, .filter = p->code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
		return err_set(err, -errno, "install a seccomp filter");
	return 0;
}
