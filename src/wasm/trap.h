/* wasm/trap.h
 * Traps: why execution stopped, and how a fault of the processor becomes
 * one.
 *
 * Loads and stores of a guarded memory (memory.h) are not compared with its
 * size.  One that lies outside hits pages without access, and the SIGSEGV
 * ends the instance's run as a trap, if and only if
 *   - this thread is inside the engine: an activation is current,
 *   - the kernel reports a fault, not a kill(2), and
 *   - the address lies in a region registered with trap_region_add().
 * Anything else goes to the handler that was there before us; without one
 * the process dies of the signal, as it should for a bug of ours.
 *
 * A run looks like this; entering costs no system call:
 *
 *	struct trap_activation act;
 *
 *	if (trap_catch(&act) == 0) {
 *		run...
 *		trap_done(&act);
 *	} else {
 *		act.trap is why, act.address where; the activation is left
 *	}
 *
 * Locals changed after trap_catch() are lost unless volatile, as ever with
 * setjmp.  Activations nest: host functions may run another module.  While a
 * host function runs, trap_suspend() makes faults its own. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wasm_trap {
	WASM_TRAP_NONE = 0,
#define TRAP(name, text) WASM_TRAP_##name,
#include "wasm/trap.def"
#undef TRAP
};

/* Never NULL. */
const char *wasm_trap_text(enum wasm_trap trap);

struct exec;

struct trap_activation {
	sigjmp_buf env;
	struct trap_activation *outer;
	enum wasm_trap trap;
	uintptr_t address; /* that faulted, 0 if no fault was involved */
	/* The processor's state then: for the trace. */
	uintptr_t pc;
	uintptr_t regs[32];
	struct exec *native; /* of compiled code, NULL of the interpreter */
};

/* The innermost activation of this thread, NULL outside of the engine. */
extern _Thread_local struct trap_activation *trap_current;

/* 0 at first, nonzero when control comes back because of a trap. */
#define trap_catch(act) (trap_push(act), sigsetjmp((act)->env, 0))

static inline void trap_push(struct trap_activation *act)
{
	act->outer = trap_current;
	act->trap = WASM_TRAP_NONE;
	act->address = 0;
	act->pc = 0;
	act->native = NULL;
	trap_current = act;
}

static inline void trap_done(struct trap_activation *act)
{
	trap_current = act->outer;
}

/* Leave the current activation with `trap`. */
void trap_raise(enum wasm_trap trap) __attribute__((noreturn, cold));

/* Around host functions: trap_resume(trap_suspend()). */
static inline struct trap_activation *trap_suspend(void)
{
	struct trap_activation *act = trap_current;

	trap_current = NULL;
	return act;
}

static inline void trap_resume(struct trap_activation *act)
{
	trap_current = act;
}

/* Install the handler, once per process, and an alternate stack for this
 * thread, unless it has one.  The handler needs that stack because the fault
 * may come when ours is used up.  0 or a negative errno. */
int trap_init_thread(void);
/* The signals that compiled code needs as well: once per process. */
int trap_init_native(void);
/* Does a handler of ours want to keep this signal? */
bool trap_has_signal(int sig);
/* Before a thread that called the above ends. */
void trap_exit_thread(void);

/* An address range whose faults are traps.  `region` stays where it is until
 * it is removed; the handler walks the list. */
struct trap_region {
	uintptr_t start, end;
	struct trap_region *next, **link;
};

void trap_region_add(struct trap_region *region, void *start, size_t len);
/* Accepts one that was never added, when it is zeroed. */
void trap_region_remove(struct trap_region *region);
