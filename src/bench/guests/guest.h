/* What hello.c and sleep.c need of their system, without a libc: what is
 * measured is how they are started, and the same text makes a program and a
 * module.  The modules are in the repository, since few build hosts have a
 * clang for them:
 *
 *	clang --target=wasm32 -Os -nostdlib -I ../.. -Wl,--strip-all \
 *		-Wl,-z,stack-size=4096 -o hello.wasm hello.c
 *
 * tests/bench makes them again where it finds one. */
#pragma once

static void guest_write(const char *text, unsigned int len);
/* Never returns. */
__attribute__((unused)) static void guest_sleep(void);

#ifdef __wasm__

/* wasi_snapshot_preview1 */
struct iovec {
	const char *buf;
	unsigned int len;
};

struct subscription {
	unsigned long long userdata;
	unsigned int tag; /* 0: a clock */
	unsigned int pad;
	unsigned int clock; /* 1: monotonic */
	unsigned int pad2;
	unsigned long long timeout, precision; /* ns */
	unsigned short flags, pad3[3];
};

struct event {
	unsigned long long words[4];
};

#define WASI(name)                                              \
	__attribute__((import_module("wasi_snapshot_preview1"), \
		       import_name(name)))
WASI("fd_write")
int fd_write(int fd, const struct iovec *v, unsigned int n, unsigned int *did);
WASI("poll_oneoff")
int poll_oneoff(const struct subscription *in, struct event *out,
		unsigned int n, unsigned int *did);

static void guest_write(const char *text, unsigned int len)
{
	struct iovec v = {text, len};
	unsigned int did;

	fd_write(1, &v, 1, &did);
}

/* Not on the stack, where memset() would have to clear it first. */
static const struct subscription one_day = {.clock = 1,
					    .timeout = 86400ull * 1000000000};

static void guest_sleep(void)
{
	struct event out;
	unsigned int did;

	for (;;)
		poll_oneoff(&one_day, &out, 1, &did);
}

#define GUEST_MAIN         \
	void _start(void); \
	void _start(void)
#define GUEST_EXIT ((void)0)

#else

#include <sys/syscall.h>

#ifdef __x86_64__
static long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}
#else /* arm64 */
static long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a,
			 x1 __asm__("x1") = b, x2 __asm__("x2") = c,
			 x3 __asm__("x3") = d, x4 __asm__("x4") = e;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}
#endif

static void guest_write(const char *text, unsigned int len)
{
	call(SYS_write, 1, (long)text, len, 0, 0);
}

static void guest_sleep(void)
{
	for (;;)
		call(SYS_ppoll, 0, 0, 0, 0, 0);
}

#define GUEST_MAIN                                   \
	void _start(void) __attribute__((noreturn)); \
	void _start(void)
#define GUEST_EXIT                                   \
	do {                                         \
		call(SYS_exit_group, 0, 0, 0, 0, 0); \
		__builtin_unreachable();             \
	} while (0)

#endif
