#include "sandbox/wasm_filter.h"

#include <asm/termbits.h>
#include <asm/unistd.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "host/allow.h"

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

int wasm_filter_install(struct err *err)
{
	static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
	static const uint32_t ioctls[] = {TCGETS, FIONREAD};
	static const uint32_t stop[] = {SIGSTOP};
	static const uint32_t self[] = {0};
	static const uint32_t dumpable[] = {PR_SET_DUMPABLE};
	struct allow p;

	allow_begin(&p);
	allow_calls(&p, allowed, ARRAY_SIZE(allowed));
	/* The interpreter has no code to write, and that of an image is
	 * mapped before. */
	allow_bits(&p, __NR_mmap, 2, 0, PROT_EXEC);
	allow_bits(&p, __NR_mprotect, 2, 0, PROT_EXEC);
	allow_values(&p, __NR_socket, 0, families, ARRAY_SIZE(families));
	allow_values(&p, __NR_ioctl, 1, ioctls, ARRAY_SIZE(ioctls));
	/* proc_raise() stops the process; it ends by itself. */
	allow_values(&p, __NR_tgkill, 2, stop, ARRAY_SIZE(stop));
	/* How large the stack may become. */
	allow_values(&p, __NR_prlimit64, 0, self, ARRAY_SIZE(self));
	allow_values(&p, __NR_prctl, 0, dumpable, ARRAY_SIZE(dumpable));
	return allow_install(&p, err);
}
