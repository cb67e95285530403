/* The interpreter.  See interp.h for how handlers work, ir.h for the code. */
#include "wasm/aot_run.h"
#include "wasm/atomic.h"
#include "wasm/interp.h"
#include "wasm/ref.h"
#include "wasm/throw.h"

static void trap_at(struct exec *x, const union code *ip, enum wasm_trap trap)
	__attribute__((noinline, cold));
static void trap_at(struct exec *x, const union code *ip, enum wasm_trap trap)
{
	x->trap = trap;
	x->trap_ip = ip;
#ifdef WASM_DISPATCH_LOOP
	x->saved.ip = NULL;
#endif
}

/* An access of a memory without guard pages: the base is in A, the offset in
 * word 2, the memory in word 3.  NULL if it is out of bounds. */
static inline uint8_t *checked(const union code *ip, const union wasm_value *fp,
			       uint64_t len)
{
	const struct wasm_memory *m = ip[3].ptr;

	return wasm_memory_at(m, m->is64 ? fp[A].i64 : fp[A].i32, ip[2].u64,
			      len);
}

static enum wasm_trap call_host(struct exec *x, union wasm_value *fp)
	__attribute__((noinline));
static enum wasm_trap call_host(struct exec *x, union wasm_value *fp)
{
	struct wasm_func *f = x->frame->func;
	const struct frame *caller = x->frame - 1;
	struct trap_activation *act = trap_suspend();
	union wasm_value *sp = x->sp;
	struct wasm_caller c = {x->store, NULL};
	enum wasm_trap trap;

	/* A tail call to the host has no caller but a record. */
	if (caller->func)
		c.inst = caller->func->inst;
	x->sp = fp + f->frame_slots;
	trap = f->host(&c, f->data, fp);
	x->sp = sp;
	trap_resume(act);
	return trap;
}

static enum wasm_trap call_native(struct exec *x, union wasm_value *fp)
	__attribute__((noinline));
static enum wasm_trap call_native(struct exec *x, union wasm_value *fp)
{
	struct wasm_func *f = x->frame->func;
	union wasm_value *sp = x->sp;
	enum wasm_trap trap;

	x->sp = fp + f->frame_slots;
	trap = aot_call(f, fp);
	x->sp = sp;
	return trap;
}

static inline struct wasm_instance *current(const struct exec *x)
{
	return x->frame->func->inst;
}

/* An exception is on its way: go to its handler. */
HANDLER unwind(ARGS)
{
	struct catch_point to = exception_unwind(x, ip, fp);

	if (!to.ip)
		return trap_at(x, ip, WASM_TRAP_EXCEPTION);
	ip = to.ip;
	fp = to.fp;
	mem = current(x)->mem0_base;
	DISPATCH();
}

#include "wasm/interp_num.inc"
#include "wasm/interp_control.inc"
#include "wasm/interp_table.inc"
#include "wasm/interp_atomic.inc"
#include "wasm/interp_simd.inc"
#include "wasm/interp_ref.inc"

const void *const ir_handlers[IR_COUNT] = {
#define IR(name) [IR_##name] = (const void *)op_##name,
#include "wasm/ir.def"
};

const union code code_compile[1] = {{.handler = (const void *)op_compile}};
const union code code_host[1] = {{.handler = (const void *)op_host}};
const union code code_native[1] = {{.handler = (const void *)op_native}};
const union code code_exit[1] = {{.handler = (const void *)op_exit}};
const union code code_restore[1] = {{.handler = (const void *)op_restore}};

const union code code_ret[1] = {{.handler = (const void *)op_ret}};

void interp_run(struct exec *x, const union code *ip, union wasm_value *fp,
		uint8_t *mem)
{
#ifdef WASM_DISPATCH_LOOP
	struct saved_registers outer = x->saved;

	x->saved = (struct saved_registers){.ip = ip, .fp = fp, .mem = mem};
	while (x->saved.ip) {
		struct saved_registers s = x->saved;

		((handler_fn *)s.ip->handler)(s.ip, s.fp, s.mem, x, s.r0, s.f0,
					      s.d0);
	}
	x->saved = outer;
#else
	((handler_fn *)ip->handler)(ip, fp, mem, x, 0, 0, 0);
#endif
}
