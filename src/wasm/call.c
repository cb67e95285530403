/* Calls from the host, calls to the host, and the trace of a trap. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "wasm/aot_run.h"
#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/store.h"

/* Runs within runs, by host functions that call back: each takes some of the
 * host's stack, which is not ours to use up. */
enum { MAX_NESTING = 200 };

const struct wasm_functype *wasm_func_type(const struct wasm_func *func)
{
	return &func->type->func;
}

/* --- traces -------------------------------------------------------------- */

static void add_frame(struct wasm_store *s, struct trace_frame t)
{
	if (s->trace && s->n_trace < MAX_TRACE)
		s->trace[s->n_trace++] = t;
	s->trace_depth++;
}

void store_trace_begin(struct wasm_store *s)
{
	s->n_trace = s->trace_depth = 0;
}

void store_trace_add(struct wasm_store *s, struct wasm_func *func,
		     uint32_t offset)
{
	add_frame(s, (struct trace_frame){func, UINT32_MAX, offset});
}

void store_trace(struct wasm_store *s, const struct frame *bottom)
{
	const struct exec *x = &s->exec;
	const union code *ip = x->trap_ip;

	for (const struct frame *f = x->frame; f > bottom; f--) {
		struct trace_frame t = {f->func, UINT32_MAX, 0};

		if (f->func && !f->func->host && !f->func->native) {
			uintptr_t at = (uintptr_t)ip - (uintptr_t)f->func->code;

			if (ip && f->func->code != code_compile)
				t.word = (uint32_t)(at / sizeof(*ip));
			add_frame(s, t);
		}
		/* The call is just before. */
		ip = f->ret - 1;
	}
}

/* Where in the module an instruction came from: found by compiling the
 * function again, so that running code need not know. */
static uint32_t find_offset(const struct trace_frame *t)
{
	struct code_map map = {0};
	uint32_t offset = t->offset;

	if (t->word == UINT32_MAX)
		return offset;
	compile_function(t->func, &map, NULL);
	for (uint32_t i = 0; i < map.n && map.entries[i].word <= t->word; i++)
		offset = map.entries[i].offset;
	code_map_free(&map);
	return offset;
}

size_t wasm_store_backtrace(const struct wasm_store *store,
			    const struct wasm_frame **ret, size_t *total)
{
	struct wasm_store *s = (struct wasm_store *)store;

	if (!s->backtrace)
		s->backtrace = calloc(MAX_TRACE, sizeof(s->backtrace[0]));
	if (total)
		*total = s->trace_depth;
	if (!s->backtrace)
		return 0;
	for (size_t i = 0; i < s->n_trace; i++) {
		const struct trace_frame *t = &s->trace[i];

		s->backtrace[i] = (struct wasm_frame){
			.instance = t->func->inst,
			.func = t->func->index,
			.offset = find_offset(t),
			.name = module_func_name(t->func->inst->module,
						 t->func->index),
		};
	}
	*ret = s->backtrace;
	return s->n_trace;
}

/* --- calls by the host --------------------------------------------------- */

static int report(struct wasm_store *s, const struct frame *bottom,
		  enum wasm_trap trap, struct err *err)
{
	store_trace(s, bottom);
	if (trap == WASM_TRAP_HOST && s->fail[0])
		err_say(err, -EFAULT, "trap: %s", s->fail);
	else
		err_say(err, -EFAULT, "trap: %s", wasm_trap_text(trap));
	return trap;
}

/* Which instruction faulted.  Its address was an argument of the handler, so
 * it, or that of the next one, is in some register; the handler whose code
 * is just before the fault tells it from what earlier handlers left. */
static const union code *faulting(const struct exec *x,
				  const struct trap_activation *act)
{
	const struct func_code *code = func_code(x->frame->func);
	uintptr_t best = 4096;
	const union code *ret = NULL;

	for (size_t i = 0; act->pc && i < ARRAY_SIZE(act->regs); i++) {
		uintptr_t word =
			(act->regs[i] - (uintptr_t)code->code) / sizeof(*ret);

		/* It, or 2 or 4 words on: loads and stores are that long. */
		for (uintptr_t back = 0; back <= 4; back += 2) {
			const union code *at = &code->code[word - back];
			uintptr_t distance;

			if (act->regs[i] % sizeof(*ret) || word < back ||
			    word - back >= code->n_words)
				continue;
			distance = act->pc - (uintptr_t)at->handler;
			if (distance < best) {
				best = distance;
				ret = at;
			}
		}
	}
	return ret;
}

static void run(struct exec *x, struct wasm_func *f, union wasm_value *args)
{
	struct trap_activation act;

	x->trap = WASM_TRAP_NONE;
	x->trap_ip = NULL;
	if (trap_catch(&act) == 0) {
		interp_run(x, f->code, args,
			   f->inst ? f->inst->mem0_base : NULL);
		trap_done(&act);
	} else {
		x->trap = act.trap;
		x->trap_ip = x->saved.ip;
		if (!x->trap_ip && x->frame->func->inst)
			x->trap_ip = faulting(x, &act);
	}
}

/* Interpret, on top of the stack, and leave the frames of a trap there.  The
 * trap itself is the caller's: whoever called us may catch it and go on, and
 * then x->trap must not be what that run ends with. */
static enum wasm_trap interpret(struct exec *x, struct wasm_func *f,
				union wasm_value *v)
{
	const struct wasm_functype *ft = &f->type->func;
	struct frame *bottom = x->frame;
	union wasm_value *sp = x->sp;
	enum wasm_trap trap;

	if (bottom + 1 >= x->frame_limit ||
	    sp + ft->param_slots + f->frame_slots + ft->result_slots >
		    x->stack_limit)
		return WASM_TRAP_STACK;
	if (ft->param_slots)
		memcpy(sp, v, ft->param_slots * sizeof(*v));
	bottom[1] = (struct frame){code_exit, sp, f};
	x->frame = bottom + 1;
	run(x, f, sp);
	trap = (enum wasm_trap)x->trap;
	x->trap = WASM_TRAP_NONE;
	if (!trap && ft->result_slots)
		memcpy(v, sp, ft->result_slots * sizeof(*v));
	return trap;
}

enum wasm_trap call_nested(struct wasm_func *f, union wasm_value *v)
{
	struct exec *x = &f->store->exec;
	struct frame *bottom = x->frame;
	union wasm_value *sp = x->sp;
	enum wasm_trap trap;

	if (f->native)
		return aot_call(f, v);
	if (x->nesting == MAX_NESTING)
		return WASM_TRAP_STACK;
	x->nesting++;
	trap = interpret(x, f, v);
	x->nesting--;
	if (trap && trap != WASM_TRAP_EXCEPTION) {
		store_trace_begin(x->store);
		store_trace(x->store, bottom);
	}
	x->frame = bottom;
	x->sp = sp;
	return trap;
}

int wasm_call(struct wasm_func *f, union wasm_value *v, struct err *err)
{
	struct wasm_store *s = f->store;
	struct exec *x = &s->exec;
	struct frame *bottom;
	union wasm_value *sp;
	enum wasm_trap trap = WASM_TRAP_STACK;
	int rc;

	if (!store_prepare_stack(s))
		return err_say(err, -ENOMEM, "out of memory");
	bottom = x->frame;
	sp = x->sp;
	s->fail[0] = 0;
	store_trace_begin(s);
	if (x->nesting < MAX_NESTING) {
		x->nesting++;
		trap = f->native ? aot_call(f, v) : interpret(x, f, v);
		x->nesting--;
	}
	rc = trap ? report(s, bottom, trap, err) : 0;
	x->frame = bottom;
	x->sp = sp;
	return rc;
}

/* --- what a host function may ask ---------------------------------------- */

struct wasm_instance *wasm_caller_instance(struct wasm_caller *c)
{
	return c->inst;
}

struct wasm_store *wasm_caller_store(struct wasm_caller *c)
{
	return c->store;
}

uint8_t *wasm_caller_memory(struct wasm_caller *c, uint64_t *len)
{
	struct wasm_memory *m;

	*len = 0;
	if (!c->inst || !c->inst->module->n_memories)
		return NULL;
	m = c->inst->caller_memory;
	if (!m) {
		struct wasm_extern ext;

		m = c->inst->memory[0];
		if (wasm_instance_export(c->inst, wasm_str("memory"), &ext) &&
		    ext.kind == WASM_MEMORY)
			m = ext.memory;
		c->inst->caller_memory = m;
	}
	*len = wasm_memory_size(m);
	return m->base;
}

enum wasm_trap wasm_caller_fail(struct wasm_caller *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->store->fail, sizeof(c->store->fail), fmt, ap);
	va_end(ap);
	return WASM_TRAP_HOST;
}
