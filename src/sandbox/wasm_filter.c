#include "sandbox/wasm_filter.h"

#include <asm/termbits.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "which architecture does seccomp call this one?"
#endif

/* docs/wasi.md says which function of WASI needs which of them, and how the
 * list was made.  There is no open() but openat2, and nothing that makes
 * processes, changes the user, or executes. */
static const uint16_t allowed[] = {
	/* files */
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_preadv,
	__NR_pwritev, __NR_lseek, __NR_close, __NR_fcntl, __NR_fstat,
	__NR_newfstatat, __NR_fsync, __NR_fdatasync, __NR_ftruncate,
	__NR_fallocate, __NR_fadvise64, __NR_getdents64,
	/* paths */
	__NR_openat2, __NR_mkdirat, __NR_unlinkat, __NR_renameat,
	__NR_symlinkat, __NR_linkat, __NR_readlinkat, __NR_utimensat,
	__NR_fchdir, /* only to bind a unix socket */
	/* sockets; socket() itself is below */
	__NR_bind, __NR_listen, __NR_accept4, __NR_connect, __NR_sendmsg,
	__NR_recvmsg, __NR_sendto, __NR_recvfrom, __NR_shutdown,
	__NR_getsockname, __NR_getpeername, __NR_getsockopt, __NR_setsockopt,
	/* time and waiting */
	__NR_ppoll, __NR_timerfd_create, __NR_timerfd_settime,
	__NR_clock_gettime, __NR_clock_getres, __NR_sched_yield,
	__NR_restart_syscall,
	/* memory; mmap() and mprotect() are below */
	__NR_brk, __NR_munmap, __NR_mremap, __NR_madvise, __NR_futex,
	/* the process itself */
	__NR_close_range, /* the first thing that happens */
	__NR_getrandom, __NR_getpid, __NR_gettid, __NR_rt_sigaction,
	__NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_sigaltstack, __NR_exit,
	__NR_exit_group,
#ifdef __NR_poll
	__NR_poll, /* Arm64 has only ppoll */
#endif
};

#define ARG_LOW(n) \
	((unsigned int)offsetof(struct seccomp_data, args) + 8u * (n))

struct program {
	struct sock_filter code[ARRAY_SIZE(allowed) + 48];
	unsigned short len;
};

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt,
		 uint8_t jf)
{
	p->code[p->len++] = (struct sock_filter){code, jt, jf, k};
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

enum { DENY = SECCOMP_RET_ERRNO | EPERM };

/* Call `nr` only with one of these values in an argument. */
static void allow_values(struct program *p, uint32_t nr, unsigned int arg,
			 const uint32_t *values, uint8_t n)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, n + 3);
	emit(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(arg), 0, 0);
	for (uint8_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], n - i, 0);
	emit_return(p, DENY);
	emit_return(p, SECCOMP_RET_ALLOW);
}

/* Call `nr` only without these bits in an argument. */
static void allow_without(struct program *p, uint32_t nr, unsigned int arg,
			  uint32_t bits)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4);
	emit(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(arg), 0, 0);
	emit(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	emit_return(p, DENY);
	emit_return(p, SECCOMP_RET_ALLOW);
}

static void build(struct program *p)
{
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
	static const uint32_t ioctls[] = {TCGETS, FIONREAD};
	static const uint32_t stop[] = {SIGSTOP};
	const uint8_t n = ARRAY_SIZE(allowed);

	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	     0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	/* x32 calls have a high bit in the number, so they match nothing. */
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0,
	     0);
	for (uint8_t i = 0; i < n; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, allowed[i], n - i, 0);
	emit(p, BPF_JMP | BPF_JA, 1, 0, 0);
	emit_return(p, SECCOMP_RET_ALLOW);
	/* The interpreter has no code to write. */
	allow_without(p, __NR_mmap, 2, PROT_EXEC);
	allow_without(p, __NR_mprotect, 2, PROT_EXEC);
	allow_values(p, __NR_socket, 0, families, ARRAY_SIZE(families));
	allow_values(p, __NR_ioctl, 1, ioctls, ARRAY_SIZE(ioctls));
	/* proc_raise() stops the process; it ends by itself. */
	allow_values(p, __NR_tgkill, 2, stop, ARRAY_SIZE(stop));
	emit_return(p, DENY);
}

int wasm_filter_install(struct err *err)
{
	struct program p = {.len = 0};
	struct sock_fprog prog;

	build(&p);
	prog = (struct sock_fprog){.len = p.len, .filter = p.code};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
		return err_set(err, -errno,
			       "install the engine's seccomp filter");
	return 0;
}
