#include "wasm/trap.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "wasm/aot_run.h"

_Thread_local struct trap_activation *trap_current;

const char *wasm_trap_text(enum wasm_trap trap)
{
	static const char *const text[] = {
		[WASM_TRAP_NONE] = "no trap",
#define TRAP(name, words) [WASM_TRAP_##name] = words,
#include "wasm/trap.def"
#undef TRAP
	};

	if ((size_t)trap >= sizeof(text) / sizeof(text[0]))
		return "unknown trap";
	return text[trap];
}

void trap_raise(enum wasm_trap trap)
{
	struct trap_activation *act = trap_current;

	if (!act)
		abort();
	act->trap = trap;
	trap_current = act->outer;
	siglongjmp(act->env, 1);
}

/* --- regions ---------------------------------------------------------- */

/* Regions come and go with memories, while other threads may fault.  The
 * lock is a spin lock because the handler takes it; its holders never fault
 * and never wait. */
static struct trap_region *regions;
static bool regions_busy;

static void regions_lock(void)
{
	while (__atomic_exchange_n(&regions_busy, true, __ATOMIC_ACQUIRE))
		;
}

static void regions_unlock(void)
{
	__atomic_store_n(&regions_busy, false, __ATOMIC_RELEASE);
}

void trap_region_add(struct trap_region *region, void *start, size_t len)
{
	region->start = (uintptr_t)start;
	region->end = region->start + len;
	regions_lock();
	region->next = regions;
	region->link = &regions;
	if (regions)
		regions->link = &region->next;
	regions = region;
	regions_unlock();
}

void trap_region_remove(struct trap_region *region)
{
	if (!region->link)
		return;
	regions_lock();
	*region->link = region->next;
	if (region->next)
		region->next->link = region->link;
	regions_unlock();
	region->link = NULL;
}

static bool regions_hold(uintptr_t address)
{
	bool found = false;

	regions_lock();
	for (struct trap_region *r = regions; r && !found; r = r->next)
		found = address >= r->start && address < r->end;
	regions_unlock();
	return found;
}

/* --- the handler ------------------------------------------------------ */

static struct sigaction previous_segv, previous_bus, previous_traps;

/* Not ours: whoever had the signal before us gets it.  With the default
 * action back in place, returning repeats the faulting instruction, and the
 * process dies with the right signal, address and core; a signal that was
 * sent has no instruction to repeat and is sent again. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	struct sigaction *prev = sig == SIGBUS    ? &previous_bus
				 : sig == SIGSEGV ? &previous_segv
						  : &previous_traps;

	if (prev->sa_flags & SA_SIGINFO) {
		prev->sa_sigaction(sig, info, context);
	} else if (prev->sa_handler != SIG_DFL && prev->sa_handler != SIG_IGN) {
		prev->sa_handler(sig);
	} else if (info->si_code > 0) {
		signal(sig, SIG_DFL);
	} else if (prev->sa_handler == SIG_DFL) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

/* What the registers held, in no particular order. */
static void save_registers(struct trap_activation *act, const void *context)
{
	const ucontext_t *u = context;
	const mcontext_t *m = &u->uc_mcontext;

#if defined(__x86_64__)
	for (size_t i = 0; i <= REG_RCX; i++)
		act->regs[i] = (uintptr_t)m->gregs[i];
	act->pc = (uintptr_t)m->gregs[REG_RIP];
#elif defined(__aarch64__)
	for (size_t i = 0; i < 31; i++)
		act->regs[i] = (uintptr_t)m->regs[i];
	act->pc = (uintptr_t)m->pc;
#else
	(void)m;
#endif
}

/* si_code is positive for what the kernel found, <= 0 for kill(2) and its
 * kin.  SIGSEGV with SI_KERNEL (a non-canonical address) has no address and
 * is no access of a guarded memory. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct trap_activation *act = trap_current;
	enum wasm_trap trap = WASM_TRAP_NONE;
	uintptr_t at = (uintptr_t)info->si_addr;
	int saved = errno;

	if (act && info->si_code > 0 && info->si_code != SI_KERNEL) {
		if (act->native)
			trap = aot_fault(act->native, sig, at, regions_hold(at),
					 context);
		else if (regions_hold(at))
			trap = WASM_TRAP_MEMORY_BOUNDS;
	}
	if (trap) {
		act->trap = trap;
		act->address = at;
		save_registers(act, context);
		trap_current = act->outer;
		siglongjmp(act->env, 1);
	}
	pass_on(sig, info, context);
	errno = saved;
}

/* Compiled code's traps, and the signal that interrupts it, which comes again
 * if it finds something else at work. */
static void on_native(int sig, siginfo_t *info, void *context)
{
	struct trap_activation *act = trap_current;
	int saved = errno;

	if (act && act->native) {
		act->trap = aot_fault(act->native, sig, 0, false, context);
		if (act->trap) {
			trap_current = act->outer;
			siglongjmp(act->env, 1);
		}
	}
	if (sig != SIGURG)
		pass_on(sig, info, context);
	errno = saved;
}

#ifdef __x86_64__
enum { SIGNAL_OF_TRAPS = SIGILL };
#else
enum { SIGNAL_OF_TRAPS = SIGTRAP };
#endif

static bool has_native;

int trap_init_native(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_native,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART,
	};

	if (__atomic_exchange_n(&has_native, true, __ATOMIC_ACQ_REL))
		return 0;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGURG, &sa, NULL) < 0 ||
	    sigaction(SIGNAL_OF_TRAPS, &sa, &previous_traps) < 0)
		return -errno;
	return 0;
}

bool trap_has_signal(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS ||
	       (has_native && (sig == SIGNAL_OF_TRAPS || sig == SIGURG));
}

/* SA_NODEFER: the signal is not blocked while the handler runs, so that
 * leaving it by siglongjmp() has no mask to restore. */
static int install_handler(void)
{
	static int state; /* 0 not yet, 1 being done, 2 done */
	struct sigaction sa = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};
	int expected = 0;

	if (!__atomic_compare_exchange_n(&state, &expected, 1, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == 1)
			;
		return 0;
	}
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, &previous_segv) < 0 ||
	    sigaction(SIGBUS, &sa, &previous_bus) < 0) {
		__atomic_store_n(&state, 0, __ATOMIC_RELEASE);
		return -errno;
	}
	__atomic_store_n(&state, 2, __ATOMIC_RELEASE);
	return 0;
}

/* AVX-512 state alone takes 3 KiB of a signal frame, and the kernel's own
 * minimum grows with the processor; 32 KiB covers all of them, and pages
 * that are never touched cost nothing. */
enum { ALT_STACK = 32 << 10 };

static _Thread_local void *alt_stack;

int trap_init_thread(void)
{
	stack_t now, ours = {.ss_size = ALT_STACK};

	if (sigaltstack(NULL, &now) < 0)
		return -errno;
	if (now.ss_flags & SS_DISABLE) {
		ours.ss_sp = mmap(NULL, ALT_STACK, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (ours.ss_sp == MAP_FAILED)
			return -errno;
		if (sigaltstack(&ours, NULL) < 0) {
			int rc = -errno;

			munmap(ours.ss_sp, ALT_STACK);
			return rc;
		}
		alt_stack = ours.ss_sp;
	}
	return install_handler();
}

void trap_exit_thread(void)
{
	stack_t off = {.ss_flags = SS_DISABLE};

	if (!alt_stack)
		return;
	sigaltstack(&off, NULL);
	munmap(alt_stack, ALT_STACK);
	alt_stack = NULL;
}
