/* What all families share: the operand stack, the engine's data, traps, calls
 * of helpers. */
#include "wasmc/gen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* --- the operand stack ---------------------------------------------------- */

void gen_push(struct gen *g, LLVMValueRef v)
{
	/* So that phis, calls and slots find the one type that they know. */
	if (LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind)
		v = gen_as(g, v, g->v128);
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		g->stack = xrealloc(g->stack, g->cap, sizeof(*g->stack));
	}
	g->stack[g->n++] = v;
}

/* --- types ------------------------------------------------------------------ */

LLVMTypeRef gen_type(const struct gen *g, wasm_type t)
{
	switch (t) {
	case WASM_I32:
		return g->i32;
	case WASM_F32:
		return g->f32;
	case WASM_F64:
		return g->f64;
	case WASM_V128:
		return g->v128;
	default:
		return g->i64; /* references too */
	}
}

LLVMValueRef gen_i32(const struct gen *g, uint32_t v)
{
	return LLVMConstInt(g->i32, v, false);
}

LLVMValueRef gen_i64(const struct gen *g, uint64_t v)
{
	return LLVMConstInt(g->i64, v, false);
}

LLVMValueRef gen_as(const struct gen *g, LLVMValueRef v, LLVMTypeRef t)
{
	return LLVMTypeOf(v) == t ? v : LLVMBuildBitCast(g->b, v, t, "");
}

LLVMBasicBlockRef gen_block(const struct gen *g, const char *name)
{
	return LLVMAppendBasicBlockInContext(g->lc, g->fn, name);
}

/* --- the engine's data ------------------------------------------------------ */

LLVMValueRef gen_at(const struct gen *g, LLVMValueRef base, uint64_t offset)
{
	LLVMValueRef index = gen_i64(g, offset);

	if (offset == 0)
		return base;
	return LLVMBuildGEP2(g->b, g->i8, base, &index, 1, "");
}

/* Slots are 8 bytes apart, also those of a v128. */
static unsigned int alignment(const struct gen *g, LLVMTypeRef t)
{
	if (t == g->i8)
		return 1;
	if (t == g->i16)
		return 2;
	return t == g->i32 || t == g->f32 ? 4 : 8;
}

LLVMValueRef gen_const_load(const struct gen *g, LLVMTypeRef t,
			    LLVMValueRef base, uint64_t offset)
{
	LLVMValueRef v = LLVMBuildLoad2(g->b, t, gen_at(g, base, offset), "");

	LLVMSetMetadata(v, g->md_invariant, g->empty);
	LLVMSetAlignment(v, alignment(g, t));
	return v;
}

/* Linear memory is not the engine's, so neither load nor store of one can
 * matter to the other. */
static void is_state(const struct gen *g, LLVMValueRef instruction)
{
	LLVMSetMetadata(instruction, g->md_scope, g->state_scope);
	LLVMSetMetadata(instruction, g->md_noalias, g->memory_scope);
}

void gen_is_memory(struct gen *g, LLVMValueRef instruction)
{
	LLVMSetMetadata(instruction, g->md_scope, g->memory_scope);
	LLVMSetMetadata(instruction, g->md_noalias, g->state_scope);
}

LLVMValueRef gen_state_load(const struct gen *g, LLVMTypeRef t, LLVMValueRef at)
{
	LLVMValueRef v = LLVMBuildLoad2(g->b, t, at, "");

	is_state(g, v);
	LLVMSetAlignment(v, alignment(g, t));
	return v;
}

void gen_state_store(const struct gen *g, LLVMValueRef v, LLVMValueRef at)
{
	LLVMValueRef s = LLVMBuildStore(g->b, v, at);

	is_state(g, s);
	LLVMSetAlignment(s, alignment(g, LLVMTypeOf(v)));
}

LLVMValueRef gen_entry(const struct gen *g, uint64_t offset, uint32_t index)
{
	LLVMValueRef array = gen_const_load(g, g->ptr, g->inst, offset);

	return gen_const_load(g, g->ptr, array,
			      (uint64_t)index * sizeof(void *));
}

/* An alloca of the function's entry, which grows with the largest request. */
LLVMValueRef gen_slots(struct gen *g, uint32_t n)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	LLVMValueRef first, slots;

	if (g->slots && n <= g->n_slots)
		return g->slots;
	first = LLVMGetFirstInstruction(g->entry);
	if (first)
		LLVMPositionBuilderBefore(g->b, first);
	else
		LLVMPositionBuilderAtEnd(g->b, g->entry);
	g->n_slots = n > 4 ? n : 4;
	slots = LLVMBuildArrayAlloca(g->b, g->i64, gen_i32(g, g->n_slots),
				     "slots");
	LLVMSetAlignment(slots, 16);
	LLVMPositionBuilderAtEnd(g->b, here);
	if (g->slots) {
		LLVMReplaceAllUsesWith(g->slots, slots);
		LLVMInstructionEraseFromParent(g->slots);
	}
	return g->slots = slots;
}

void gen_to_slots(struct gen *g, LLVMValueRef slots, const wasm_type *types,
		  LLVMValueRef *v, uint32_t n)
{
	uint32_t slot = 0;

	for (uint32_t i = 0; i < n; i++) {
		gen_state_store(g, v[i], gen_at(g, slots, slot * 8ull));
		slot += wasm_type_slots(types[i]);
	}
}

void gen_from_slots(struct gen *g, LLVMValueRef slots, const wasm_type *types,
		    uint32_t n)
{
	uint32_t slot = 0;

	for (uint32_t i = 0; i < n; i++) {
		gen_push(g, gen_state_load(g, gen_type(g, types[i]),
					   gen_at(g, slots, slot * 8ull)));
		slot += wasm_type_slots(types[i]);
	}
}

/* --- traps --------------------------------------------------------------------- */

LLVMValueRef gen_intrinsic(struct gen *g, const char *name, LLVMTypeRef *types,
			   unsigned int n_types, LLVMValueRef *args,
			   unsigned int n)
{
	unsigned int id = LLVMLookupIntrinsicID(name, strlen(name));
	LLVMTypeRef type = LLVMIntrinsicGetType(g->lc, id, types, n_types);
	LLVMValueRef fn =
		LLVMGetIntrinsicDeclaration(g->mod, id, types, n_types);

	return LLVMBuildCall2(g->b, type, fn, args, n, "");
}

static void add_call_attribute(const struct gen *g, LLVMValueRef call,
			       const char *name)
{
	unsigned int kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddCallSiteAttribute(call,
				 (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				 LLVMCreateEnumAttribute(g->lc, kind, 0));
}

/* `nomerge`: each trap keeps its position in the module. */
static void emit_trap(struct gen *g, unsigned int trap)
{
	LLVMValueRef kind = LLVMConstInt(g->i8, trap, false);
	LLVMValueRef call =
		gen_intrinsic(g, "llvm.ubsantrap", NULL, 0, &kind, 1);

	add_call_attribute(g, call, "nomerge");
	LLVMBuildUnreachable(g->b);
}

void gen_trap(struct gen *g, enum wasm_trap trap)
{
	emit_trap(g, trap);
	LLVMPositionBuilderAtEnd(g->b, gen_block(g, "dead"));
}

static LLVMBasicBlockRef branch_unlikely(struct gen *g, LLVMValueRef cond)
{
	LLVMBasicBlockRef bad = gen_block(g, "bad"), good = gen_block(g, "");
	LLVMValueRef br = LLVMBuildCondBr(g->b, cond, bad, good);

	LLVMSetMetadata(br, g->md_prof, g->unlikely);
	LLVMPositionBuilderAtEnd(g->b, bad);
	return good;
}

void gen_trap_if(struct gen *g, LLVMValueRef cond, enum wasm_trap trap)
{
	LLVMBasicBlockRef good = branch_unlikely(g, cond);

	emit_trap(g, trap);
	LLVMPositionBuilderAtEnd(g->b, good);
}

/* Which trap is only known then: it is left where the handler finds it. */
void gen_trap_if_any(struct gen *g, LLVMValueRef trap)
{
	LLVMValueRef zero = gen_i32(g, 0);
	LLVMBasicBlockRef good = branch_unlikely(
		g, LLVMBuildICmp(g->b, LLVMIntNE, trap, zero, ""));
	LLVMValueRef store = gen_const_load(
		g, g->ptr, g->inst, offsetof(struct wasm_instance, store));

	gen_state_store(
		g, trap,
		gen_at(g, store, offsetof(struct wasm_store, exec.pending)));
	emit_trap(g, AOT_TRAP_PENDING);
	LLVMPositionBuilderAtEnd(g->b, good);
}

void gen_start_dead(struct gen *g)
{
	g->dead = 1;
	g->fuel = NULL;
}

/* --- calls ------------------------------------------------------------------------ */

static const char *const helper_signatures[] = {
#define H(name, sig) sig,
#include "wasm/aot.def"
};

static LLVMTypeRef letter_type(const struct gen *g, char letter)
{
	switch (letter) {
	case 'i':
		return g->i32;
	case 'I':
		return g->i64;
	case 'f':
		return g->f32;
	case 'F':
		return g->f64;
	case 'p':
		return g->ptr;
	default:
		return g->none;
	}
}

LLVMValueRef gen_call(struct gen *g, LLVMTypeRef fn_type, LLVMValueRef fn,
		      LLVMValueRef *args, unsigned int n, unsigned int cc)
{
	LLVMValueRef call;

	if (g->landing) {
		LLVMBasicBlockRef next = gen_block(g, "");

		call = LLVMBuildInvoke2(g->b, fn_type, fn, args, n, next,
					g->landing, "");
		LLVMPositionBuilderAtEnd(g->b, next);
	} else {
		call = LLVMBuildCall2(g->b, fn_type, fn, args, n, "");
		/* A call is a frame: for the trace, and for the depth of
		 * recursion, which must end. */
		LLVMSetTailCallKind(call, LLVMTailCallKindNoTail);
	}
	LLVMSetInstructionCallConv(call, cc);
	return call;
}

/* Our frames end at the guard below the stack.  What C code does there could
 * not be undone, so it is kept away from it. */
static void check_stack(struct gen *g)
{
	LLVMTypeRef t = g->ptr;
	LLVMValueRef sp = gen_intrinsic(g, "llvm.stacksave", &t, 1, NULL, 0);
	LLVMValueRef limit =
		gen_const_load(g, g->i64, g->inst,
			       offsetof(struct wasm_instance, stack_limit));

	sp = LLVMBuildPtrToInt(g->b, sp, g->i64, "");
	gen_trap_if(g, LLVMBuildICmp(g->b, LLVMIntULT, sp, limit, ""),
		    WASM_TRAP_STACK);
}

LLVMValueRef gen_helper(struct gen *g, enum gen_helper h, LLVMValueRef *args,
			unsigned int n)
{
	const char *sig = helper_signatures[h];
	LLVMTypeRef params[8], type;
	LLVMValueRef all[8] = {g->inst}, table, fn;
	unsigned int i;

	for (i = 0; sig[i] != '>'; i++)
		params[i] = letter_type(g, sig[i]);
	if (i != n + 1)
		abort();
	type = LLVMFunctionType(letter_type(g, sig[i + 1]), params, i, false);
	memcpy(all + 1, args, n * sizeof(*args));
	check_stack(g);
	table = gen_const_load(g, g->ptr, g->inst,
			       offsetof(struct wasm_instance, helpers));
	fn = gen_const_load(g, g->ptr, table, h * sizeof(void *));
	if (h == GEN_call || h == GEN_throw)
		return gen_call(g, type, fn, all, i, GEN_CC_C);
	fn = LLVMBuildCall2(g->b, type, fn, all, i, "");
	add_call_attribute(g, fn, "nounwind");
	return fn;
}

void gen_helper_or_trap(struct gen *g, enum gen_helper h, LLVMValueRef *args,
			unsigned int n)
{
	gen_trap_if_any(g, gen_helper(g, h, args, n));
}
