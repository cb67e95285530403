/* wasmc/gen.h
 * From validated WebAssembly to LLVM's IR.  Private to hull-wasmc.
 *
 * A function of the module becomes one of the signature
 *
 *	RESULT f<N>(ptr instance, PARAMS...)
 *
 * of which further results are in slots of instance->results, each at its
 * place as of wasm_call().  It follows C's calling convention, or, in modules
 * with tail calls, tailcc; nobody but this module calls it.  With tailcc no
 * argument is on the stack, whose place a tail call would move without the
 * unwinder knowing (wasm/aot.h): what registers cannot hold is, for the moment
 * of the call, in those slots as well.
 * References are i64, a v128 is <2 x i64>, which gen_as() casts.
 *
 * The operand stack exists only here, as values of LLVM; locals are allocas
 * that mem2reg makes values of.  Nothing is generated for unreachable code.
 *
 * Traps are an illegal instruction that says which (llvm.ubsantrap); the
 * handler of signals (wasm/aot.c) turns them, and faults of memory, into
 * enum wasm_trap.  So no call has to be made, and no register saved, for what
 * does not happen.  The position in the module is the line of LLVM's debug
 * information.
 *
 * Alias scopes tell linear memory, headers of objects, their fields, and
 * everything else from each other. */
#pragma once

#include <llvm-c/Core.h>

#include "wasm/aot.h"
#include "wasm/compile.h"
#include "wasm/instance.h"
#include "wasm/module.h"
#include "wasm/opcodes.h"
#include "wasm/store.h"
#include "wasm/validate.h"

/* Calling conventions that LLVM's C interface has no names for. */
enum { GEN_CC_C = 0, GEN_CC_TAIL = 18 };

enum gen_helper {
#define H(name, sig) GEN_##name,
#include "wasm/aot.def"
	GEN_HELPERS
};

struct gen_options {
	enum aot_cpu cpu;
	bool strict, fuel;
	/* Whoever made the module has inlined already.  To do it again makes
	 * little faster, and frames are missing in traces. */
	bool inlines;
	unsigned int convention; /* gen_convention() */
};

struct gen_label {
	enum op op;   /* block, loop, if, else, try_table */
	bool reached; /* of what is not a loop: its end, by a branch */
	struct block_type type;
	uint32_t height;          /* operands below the block */
	LLVMBasicBlockRef target; /* where branches go */
	LLVMBasicBlockRef other;  /* if: the else part, not yet begun */
	LLVMValueRef *phis;       /* of the values that the target takes */
	LLVMValueRef *params;     /* if: the block's, for the else part */
	LLVMBasicBlockRef outer_landing; /* try_table: what it was outside */
};

struct gen {
	const struct wasm_module *m;
	const struct gen_options *opt;

	LLVMContextRef lc;
	LLVMModuleRef mod;
	LLVMBuilderRef b;
	LLVMTypeRef none, i1, i8, i16, i32, i64, f32, f64, v128, ptr;
	unsigned int md_invariant, md_scope, md_noalias, md_prof;
	LLVMValueRef empty, memory_scope, state_scope, likely, unlikely;
	LLVMValueRef header_scope, not_header, field_scope, not_field;
	LLVMMetadataRef file;
	LLVMDIBuilderRef di;
	LLVMValueRef *funcs;  /* of the module, once declared */
	LLVMValueRef *leaves; /* by type index: gen_leave() */

	/* The current function. */
	uint32_t index;
	const struct wasm_functype *type;
	LLVMValueRef fn, inst;
	LLVMMetadataRef subprogram;
	LLVMBasicBlockRef entry; /* allocas only */
	LLVMValueRef slots;      /* scratch, gen_slots() */
	uint32_t n_slots;
	struct reader r;
	enum op op;
	const uint8_t *at; /* the current instruction */
	LLVMValueRef *locals;
	wasm_type *local_types;
	uint32_t n_locals;
	LLVMValueRef *stack;
	uint32_t n, cap;
	struct gen_label *labels;
	uint32_t n_labels, labels_cap;
	uint32_t dead; /* > 0: in unreachable code, blocks deep */
	/* Where exceptions of calls go; NULL: up. */
	LLVMBasicBlockRef landing;
	LLVMValueRef fuel; /* placeholder for what the current segment costs */
	uint32_t fuel_used;
};

/* --- the operand stack ---------------------------------------------------- */

/* A vector may be of any shape: it is cast to <2 x i64>. */
void gen_push(struct gen *g, LLVMValueRef v);

static inline LLVMValueRef gen_pop(struct gen *g)
{
	return g->stack[--g->n];
}

/* --- types ------------------------------------------------------------------ */

LLVMTypeRef gen_type(const struct gen *g, wasm_type t);
LLVMValueRef gen_i32(const struct gen *g, uint32_t v);
LLVMValueRef gen_i64(const struct gen *g, uint64_t v);
/* A v128 (or what gen_as() made of one) as another type of 128 bits. */
LLVMValueRef gen_as(const struct gen *g, LLVMValueRef v, LLVMTypeRef t);

/* --- the engine's data ------------------------------------------------------ */

/* base + offset bytes; neither is known to be in one object. */
LLVMValueRef gen_at(const struct gen *g, LLVMValueRef base, uint64_t offset);
/* What never changes while code runs: fields of the instance and such. */
LLVMValueRef gen_const_load(const struct gen *g, LLVMTypeRef t,
			    LLVMValueRef base, uint64_t offset);
/* What may change, but is not linear memory. */
LLVMValueRef gen_state_load(const struct gen *g, LLVMTypeRef t,
			    LLVMValueRef at);
void gen_state_store(const struct gen *g, LLVMValueRef v, LLVMValueRef at);
/* inst->ARRAY[index], a pointer; `offset` is that of ARRAY. */
LLVMValueRef gen_entry(const struct gen *g, uint64_t offset, uint32_t index);
#define GEN_ENTRY(g, array, index) \
	gen_entry(g, offsetof(struct wasm_instance, array), index)

/* Slots of the stack for helpers, at least `n`; valid until the next call of
 * this.  And values to and from slots, as of wasm_call(). */
LLVMValueRef gen_slots(struct gen *g, uint32_t n);
void gen_to_slots(struct gen *g, LLVMValueRef slots, const wasm_type *types,
		  LLVMValueRef *v, uint32_t n);
void gen_from_slots(struct gen *g, LLVMValueRef slots, const wasm_type *types,
		    uint32_t n); /* pushes them */

/* --- calls and traps ----------------------------------------------------------- */

/* A helper of aot.def; the instance is put before `args`.  One that can throw
 * is `gen_call`ed: inside of try_table as an invoke. */
LLVMValueRef gen_helper(struct gen *g, enum gen_helper h, LLVMValueRef *args,
			unsigned int n);
/* The same for those that return a trap: trap if it is not 0. */
void gen_helper_or_trap(struct gen *g, enum gen_helper h, LLVMValueRef *args,
			unsigned int n);
/* Any call that may throw. */
LLVMValueRef gen_call(struct gen *g, LLVMTypeRef fn_type, LLVMValueRef fn,
		      LLVMValueRef *args, unsigned int n, unsigned int cc);
/* Intrinsics: "llvm.ctlz" overloaded with `types`. */
LLVMValueRef gen_intrinsic(struct gen *g, const char *name, LLVMTypeRef *types,
			   unsigned int n_types, LLVMValueRef *args,
			   unsigned int n);

/* Trap here and now; what follows is unreachable (a block of its own). */
void gen_trap(struct gen *g, enum wasm_trap trap);
void gen_trap_if(struct gen *g, LLVMValueRef cond, enum wasm_trap trap);
/* The trap that this is, if it is not 0. */
void gen_trap_if_any(struct gen *g, LLVMValueRef trap);
/* What follows is never executed. */
void gen_start_dead(struct gen *g);
LLVMBasicBlockRef gen_block(const struct gen *g, const char *name);

/* "llvm.minimum" or "llvm.maximum", of scalars or vectors. */
LLVMValueRef gen_min_max(struct gen *g, const char *name, LLVMValueRef a,
			 LLVMValueRef b);

/* --- memory -------------------------------------------------------------------- */

struct gen_access {
	uint32_t memory;
	uint64_t offset;
	LLVMValueRef at; /* gen_address() */
};
/* Read a memarg, pop the address, and make it a pointer to `size` bytes that
 * are there, or that will fault. */
struct gen_access gen_address(struct gen *g, unsigned int size);
/* The same in two steps, for what pops operands above the address first. */
struct gen_access gen_memarg(struct gen *g);
void gen_resolve(struct gen *g, struct gen_access *a, unsigned int size);
LLVMValueRef gen_load(struct gen *g, LLVMTypeRef t, const struct gen_access *a);
void gen_store(struct gen *g, LLVMValueRef v, const struct gen_access *a);
/* Marks a load, store or atomic of linear memory. */
void gen_is_memory(struct gen *g, LLVMValueRef instruction);
/* Where an element is; traps if it is not there.  `index` is 64-bit. */
LLVMValueRef gen_table_element(struct gen *g, uint32_t table,
			       LLVMValueRef index, enum wasm_trap trap);
/* An index of a 64-bit or 32-bit memory or table as i64. */
LLVMValueRef gen_wide(struct gen *g, LLVMValueRef v);

/* --- references ------------------------------------------------------------------ */

LLVMValueRef gen_is_null(const struct gen *g, LLVMValueRef ref);
/* Of an object, what no instruction changes: its layout, an array's length. */
LLVMValueRef gen_header_load(const struct gen *g, LLVMTypeRef t,
			     LLVMValueRef ref, uint64_t offset);

/* --- functions ------------------------------------------------------------------- */

LLVMTypeRef gen_function_type(const struct gen *g,
			      const struct wasm_functype *ft);
void gen_attributes(const struct gen *g, LLVMValueRef fn);
void gen_never_inline(const struct gen *g, LLVMValueRef fn);
/* Parameters: the types of those that registers hold, into `types`; how many
 * they are. */
uint32_t gen_param_types(const struct gen *g, const struct wasm_functype *ft,
			 LLVMTypeRef *types);
/* Put the values `v` of all parameters to where the callee looks for them:
 * those for registers into `args`.  How many these are. */
uint32_t gen_pass(struct gen *g, const struct wasm_functype *ft,
		  LLVMValueRef *v, LLVMValueRef *args);
/* The callee's side, first of all: push all parameters of `fn`, of which the
 * first is its `first`. */
void gen_receive(struct gen *g, const struct wasm_functype *ft, LLVMValueRef fn,
		 unsigned int first);
/* All results but the first, to where the caller looks for them. */
void gen_store_results(struct gen *g, const struct wasm_functype *ft,
		       LLVMValueRef *v);
LLVMValueRef gen_declare(struct gen *g, uint32_t index);
void gen_begin_function(struct gen *g); /* gen_control.c */
void gen_enter_thunks(struct gen *g);   /* gen_call.c */
uint32_t gen_type_index(const struct gen *g, const struct type *type);
/* With --fuel: where a segment begins, and where one ends. */
void gen_fuel_start(struct gen *g);
void gen_fuel_settle(struct gen *g);

/* --- families: one instruction each; g->op is read, its immediates not ---------- */

void gen_control(struct gen *g);   /* gen_control.c: blocks, branches */
void gen_calls(struct gen *g);     /* gen_call.c */
void gen_variable(struct gen *g);  /* gen_table.c: locals, globals, tables */
bool gen_numeric(struct gen *g);   /* gen_num.c; false: not one of these */
bool gen_memory(struct gen *g);    /* gen_mem.c */
bool gen_bulk(struct gen *g);      /* gen_mem.c: of memories and tables */
bool gen_table(struct gen *g);     /* gen_table.c: the instructions of 0xfc */
bool gen_vector(struct gen *g);    /* gen_simd.c: 0xfd */
bool gen_atomic(struct gen *g);    /* gen_atomic.c: 0xfe */
bool gen_reference(struct gen *g); /* gen_ref.c: 0xd0.., 0xfb */
bool gen_object(struct gen *g);    /* gen_gc.c: structs and arrays */
void gen_try_table(struct gen *g); /* gen_eh.c */
void gen_end_try_table(struct gen *g, struct gen_label *l);
void gen_throw(struct gen *g);
/* gen_control.c: a label of g->op, with the block's parameters on the stack. */
struct gen_label *gen_push_label(struct gen *g, const struct block_type *t);
/* For br_on_null and such: branch to the label at this depth
 * if `cond`, with the values that are on the stack; else go on. */
void gen_br_if(struct gen *g, LLVMValueRef cond, uint32_t depth);
/* Jump there, as br does. */
void gen_br(struct gen *g, uint32_t depth);

/* --- all of it --------------------------------------------------------------------- */

/* A module of LLVM with the functions `from`..`to` (indices with imports) and,
 * with `thunks`, what the engine enters them by. */
LLVMModuleRef gen_module(LLVMContextRef lc, const struct wasm_module *m,
			 const struct gen_options *opt, uint32_t from,
			 uint32_t to, bool thunks);
/* The convention that this module's functions follow, for gen_options. */
unsigned int gen_convention(const struct wasm_module *m);
