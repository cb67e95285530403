/* wasm/aot_run.h
 * Compiled code at work: how the engine enters it, and how it leaves.
 *
 *	engine ──aot_call()──► enter thunk ─► code ─► code ...
 *	                                        │ helper (aot_help.h)
 *	                                        ▼
 *	                                      host, interpreter, other instances
 *
 * It runs on the thread's own stack.  All of these end it at once, by a jump
 * back to aot_call(); code has nothing to clean up:
 *
 *	trap		an illegal instruction that says which
 *	bounds		a fault in a memory's guard pages
 *	null function	a fault near address 0
 *	stack		a fault just below the stack pointer: functions touch
 *			each page of their frames.  What helpers need is kept
 *			free, as code compares before it calls one.
 *	interruption	a signal, repeated until it finds us in code, so that
 *			loops need not ask
 *
 * An exception unwinds to its landing pad (aot.h) or, if there is none before
 * aot_call(), ends there like a trap. */
#pragma once

#include "wasm/instance.h"
#include "wasm/trap.h"

struct exec;

/* Give the functions of an instance their code, if its module has an image
 * that fits: memories with guard pages, fuel or none.  -ENOMEM. */
int aot_use_image(struct wasm_instance *inst, struct err *err);

/* Has the image what the instance's memory 0 begins with?  Then it is there
 * now, unless another instance got it, and no segment is to be copied. */
bool aot_adopt_memory(struct wasm_instance *inst);

/* Call a function that has native code. */
enum wasm_trap aot_call(struct wasm_func *f, union wasm_value *v);
/* call.c: call one from a helper, whatever runs it. */
enum wasm_trap call_nested(struct wasm_func *f, union wasm_value *v);

/* trap.c asks, in the handler: is it a trap of compiled code?  Takes down
 * where, if so; 0 if not. */
enum wasm_trap aot_fault(struct exec *x, int sig, uintptr_t address,
			 bool in_memory, void *context);

/* Make the code that runs in `x`, if any, trap.  From a signal handler or
 * another thread, after x->interrupt was set. */
void aot_interrupt(struct exec *x);
void aot_stop_interrupt(struct exec *x);
