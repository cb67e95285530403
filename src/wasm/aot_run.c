#include "wasm/aot_run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/err.h"
#include "wasm/aot.h"
#include "wasm/aot_help.h"
#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/store.h"

/* --- images -------------------------------------------------------------------- */

static bool fits(const struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;
	const struct wasm_config *cfg = &inst->store->cfg;

	if (!m->image || cfg->fuel != !!(m->image->h->flags & AOT_FUEL))
		return false;
	for (uint32_t i = 0; i < m->n_memories; i++)
		if (!inst->memory[i]->is64 && !inst->memory[i]->guarded)
			return false;
	return true;
}

/* The first index of each of the store's types in the module, by id. */
static uint32_t *type_indices(const struct wasm_module *m)
{
	uint32_t *ret = malloc((m->store->types.n + 1) * sizeof(*ret));

	for (uint32_t i = m->n_types; ret && i-- > 0;)
		ret[m->types[i]->id] = i;
	return ret;
}

int aot_use_image(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;
	struct exec *x = &inst->store->exec;
	const struct aot_image *image = m->image;
	char *signatures;
	uint32_t *index;

	if (!fits(inst))
		return 0;
	index = type_indices(m);
	if (!x->results)
		x->results = calloc(2 * TYPE_MAX_PARAMS, sizeof(*x->results));
	if (!index || !x->results ||
	    !arena_array(&inst->arena, signatures, m->n_types)) {
		free(index);
		return err_say(err, -ENOMEM, "out of memory");
	}
	inst->helpers = aot_helpers;
	inst->types = m->types;
	inst->signatures = signatures;
	inst->results = x->results;
	for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++) {
		uint32_t own = i - m->n_imported_funcs;
		struct wasm_func *f = &inst->own_funcs[own];
		const struct wasm_functype *ft = &f->type->func;
		uint32_t type = index[f->type->id];

		f->native = image->text + image->func_entry[own];
		f->data = (void *)(uintptr_t)(image->text +
					      image->type_entry[type]);
		f->signature = signatures + type;
		f->code = code_native;
		f->frame_slots = ft->param_slots > ft->result_slots
					 ? ft->param_slots
					 : ft->result_slots;
	}
	free(index);
	return 0;
}

bool aot_adopt_memory(struct wasm_instance *inst)
{
	struct aot_image *image = inst->module->image;
	void *pages;

	if (!image || !image->h->memory.size || image->memory_is_gone)
		return false;
	pages = (void *)(uintptr_t)(image->map + image->h->memory.at);
	image->memory_is_gone = true;
	return wasm_memory_adopt(inst->memory[0], pages,
				 image->h->memory.size) == 0;
}

/* --- the stack ------------------------------------------------------------------- */

enum {
	/* What helpers and host functions may need. */
	STACK_RESERVE = 256 << 10,
	/* A recursion without end would else take all memory. */
	STACK_MAX = 64 << 20,
};

/* The kernel lets the first thread's stack grow to the limit, counted from
 * its start, where the name of the program is. */
static uintptr_t main_stack_end(void)
{
	uintptr_t start = getauxval(AT_EXECFN);
	struct rlimit limit;

	if (!start || getrlimit(RLIMIT_STACK, &limit) < 0)
		return 0;
	if (limit.rlim_cur > STACK_MAX) {
		limit.rlim_cur = STACK_MAX;
		setrlimit(RLIMIT_STACK, &limit);
	}
	return start - limit.rlim_cur + 4096;
}

static uintptr_t thread_stack_end(void)
{
	pthread_attr_t attr;
	void *low = NULL;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return 0;
	pthread_attr_getstack(&attr, &low, &size);
	pthread_attr_destroy(&attr);
	return (uintptr_t)low;
}

/* The lowest address at which a helper may be called. */
static uintptr_t stack_limit(void)
{
	static _Thread_local uintptr_t limit;

	if (!limit)
		limit = (syscall(SYS_gettid) == getpid() ? main_stack_end()
							 : thread_stack_end()) +
			STACK_RESERVE;
	return limit;
}

/* --- entering ----------------------------------------------------------------------- */

typedef void enter_fn(const void *code, struct wasm_instance *inst,
		      union wasm_value *v);

enum wasm_trap aot_call(struct wasm_func *f, union wasm_value *v)
{
	struct exec *x = &f->store->exec;
	void *outer = x->native_top, *here = __builtin_frame_address(0);
	struct trap_activation act;
	enum wasm_trap trap = WASM_TRAP_NONE;

	if (!outer) {
		x->native_top = here;
		x->thread = (int)syscall(SYS_gettid);
	}
	f->inst->stack_limit = stack_limit();
	if ((uintptr_t)here < f->inst->stack_limit)
		return WASM_TRAP_STACK;
	trap_push(&act);
	act.native = x;
	if (sigsetjmp(act.env, 0) == 0) {
		if (__atomic_load_n(&x->interrupt, __ATOMIC_RELAXED))
			trap_raise(WASM_TRAP_INTERRUPTED);
		((enter_fn *)f->data)(f->native, f->inst, v);
		trap_done(&act);
	} else {
		trap = act.trap;
	}
	x->native_top = outer;
	return trap;
}

/* --- where it happened ---------------------------------------------------------------- */

static struct wasm_instance *instance_of(const struct wasm_store *s,
					 const struct aot_image *image)
{
	for (struct wasm_instance *i = s->instances; i; i = i->next)
		if (i->module->image == image)
			return i;
	return NULL;
}

/* In a signal handler, or before frames are left: from here to aot_call(). */
static void take_trace(struct exec *x, struct aot_regs regs, bool exact)
{
	struct wasm_store *s = x->store;

	do {
		const struct aot_image *image = aot_image_at(regs.pc);
		uintptr_t pc = exact ? regs.pc : regs.pc - 1;
		const struct aot_func *f =
			image ? aot_image_func(image, pc) : NULL;
		struct wasm_instance *inst =
			image ? instance_of(s, image) : NULL;

		if (!f || !inst || f->func == UINT32_MAX)
			continue; /* a thunk */
		store_trace_add(s, inst->func[f->func],
				aot_image_line(image, pc));
	} while (aot_unwind(&regs, exact) && ((exact = false), true));
}

/* --- exceptions ------------------------------------------------------------------------ */

void aot_throw_from(struct aot_regs *regs, struct wasm_instance *inst)
{
	struct exec *x = &inst->store->exec;
	struct aot_regs at = *regs;

	do {
		at.reg[0] = at.reg[1] = 0;
		if (aot_landing_pad(&at))
			aot_resume(&at);
	} while (aot_unwind(&at, false));
	store_trace_begin(x->store);
	take_trace(x, *regs, false);
	trap_raise(WASM_TRAP_EXCEPTION);
}

/* --- faults ---------------------------------------------------------------------------- */

#if defined(__x86_64__)
static void get_registers(struct aot_regs *r, const void *context)
{
	/* By DWARF's numbers. */
	static const uint8_t from[16] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX,
					 REG_RSI, REG_RDI, REG_RBP, REG_RSP,
					 REG_R8,  REG_R9,  REG_R10, REG_R11,
					 REG_R12, REG_R13, REG_R14, REG_R15};
	const ucontext_t *u = context;

	for (size_t i = 0; i < 16; i++)
		r->reg[i] = (uintptr_t)u->uc_mcontext.gregs[from[i]];
	r->pc = (uintptr_t)u->uc_mcontext.gregs[REG_RIP];
	r->sp = (uintptr_t)u->uc_mcontext.gregs[REG_RSP];
}

/* ud1l KIND(%eax), %eax, as LLVM writes it. */
static int trap_kind(int sig, uintptr_t pc)
{
	const uint8_t *p = (const uint8_t *)pc;

	if (sig == SIGILL && p[0] == 0x67 && p[1] == 0x0f && p[2] == 0xb9 &&
	    p[3] == 0x40)
		return p[4];
	/* Displacements above 127 take four bytes. */
	if (sig == SIGILL && p[0] == 0x67 && p[1] == 0x0f && p[2] == 0xb9 &&
	    p[3] == 0x80)
		return p[4];
	return -1;
}
#elif defined(__aarch64__)
static void get_registers(struct aot_regs *r, const void *context)
{
	const ucontext_t *u = context;
	const struct fpsimd_context *fp =
		(const void *)u->uc_mcontext.__reserved;

	for (size_t i = 0; i < 31; i++)
		r->reg[i] = u->uc_mcontext.regs[i];
	r->pc = u->uc_mcontext.pc;
	r->sp = r->reg[31] = u->uc_mcontext.sp;
	if (fp->head.magic == FPSIMD_MAGIC)
		for (size_t i = 0; i < 8; i++)
			r->fp[i] = (uint64_t)fp->vregs[8 + i];
}

/* brk #0x5500 + KIND, as LLVM writes it. */
static int trap_kind(int sig, uintptr_t pc)
{
	uint32_t word = *(const uint32_t *)pc;

	if (sig == SIGTRAP && (word & 0xffffe01f) == (0xd4200000 | 0x5500 << 5))
		return word >> 5 & 0xff;
	return -1;
}
#endif

/* A null function was asked for its signature: which trap that is depends on
 * the instruction. */
static enum wasm_trap null_trap(const struct aot_image *image, uintptr_t pc)
{
	uint32_t offset = aot_image_line(image, pc);

	if (offset && offset < image->h->module.size &&
	    (image->module[offset] == 0x11 || image->module[offset] == 0x13))
		return WASM_TRAP_UNINIT_ELEMENT;
	return WASM_TRAP_NULL_FUNC;
}

static enum wasm_trap classify(const struct exec *x, int sig, uintptr_t address,
			       bool in_memory, const struct aot_regs *r,
			       const struct aot_image *image)
{
	int kind;

	if (sig == SIGURG)
		return x->interrupt ? WASM_TRAP_INTERRUPTED : WASM_TRAP_NONE;
	if (sig == SIGILL || sig == SIGTRAP) {
		kind = trap_kind(sig, r->pc);
		if (kind == AOT_TRAP_PENDING)
			return (enum wasm_trap)x->pending;
		return kind > 0 ? (enum wasm_trap)kind : WASM_TRAP_NONE;
	}
	if (in_memory)
		return WASM_TRAP_MEMORY_BOUNDS;
	if (address < AOT_PAGE)
		return null_trap(image, r->pc);
	if (address - (r->sp - (64 << 10)) < 128 << 10)
		return WASM_TRAP_STACK;
	return WASM_TRAP_NONE;
}

enum wasm_trap aot_fault(struct exec *x, int sig, uintptr_t address,
			 bool in_memory, void *context)
{
	struct aot_regs regs = {0};
	const struct aot_image *image;
	enum wasm_trap trap;

	get_registers(&regs, context);
	image = aot_image_at(regs.pc);
	if (!image)
		return WASM_TRAP_NONE;
	trap = classify(x, sig, address, in_memory, &regs, image);
	if (!trap)
		return trap;
	/* One that comes through from further in has its frames already. */
	if ((sig != SIGILL && sig != SIGTRAP) || trap != x->pending ||
	    !x->store->n_trace)
		store_trace_begin(x->store);
	x->pending = 0;
	take_trace(x, regs, true);
	return trap;
}

/* --- interruption ------------------------------------------------------------------------ */

/* A timer of the thread, since one signal might find it in a helper.  By
 * system calls: the C library's functions may not be called from a handler. */
void aot_interrupt(struct exec *x)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
				 .sigev_signo = SIGURG};
	struct itimerspec every = {.it_value = {0, 1},
				   .it_interval = {0, 2000000}};
	int timer;

	if (!x->native_top || x->has_timer)
		return;
	event._sigev_un._tid = x->thread;
	if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) < 0)
		return;
	x->timer = timer;
	x->has_timer = true;
	syscall(SYS_timer_settime, timer, 0, &every, NULL);
}

void aot_stop_interrupt(struct exec *x)
{
	if (x->has_timer)
		syscall(SYS_timer_delete, x->timer);
	x->has_timer = false;
}
