/* The frame of the generator: modules, functions, the operand stack, and what
 * all families share. */
#include "wasmc/gen.h"

#include <errno.h>
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
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
	LLVMValueRef v =
		LLVMBuildLoad2(g->b, t, gen_at(g, base, offset), "");

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

static void add_attribute(const struct gen *g, LLVMValueRef fn,
			  const char *name, uint64_t value)
{
	unsigned int kind =
		LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddAttributeAtIndex(
		fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
		LLVMCreateEnumAttribute(g->lc, kind, value));
}

static void add_call_attribute(const struct gen *g, LLVMValueRef call,
			       const char *name)
{
	unsigned int kind =
		LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddCallSiteAttribute(
		call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
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

	gen_state_store(g, trap,
			gen_at(g, store,
			       offsetof(struct wasm_store, exec.pending)));
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
	LLVMValueRef limit = gen_const_load(
		g, g->i64, g->inst,
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

/* --- one function ------------------------------------------------------------------- */

LLVMTypeRef gen_function_type(const struct gen *g,
			      const struct wasm_functype *ft)
{
	LLVMTypeRef *params = xcalloc(ft->n_params + 1, sizeof(*params)), ret;

	params[0] = g->ptr;
	for (uint32_t i = 0; i < ft->n_params; i++)
		params[i + 1] = gen_type(g, ft->params[i]);
	ret = LLVMFunctionType(ft->n_results ? gen_type(g, ft->results[0])
					     : g->none,
			       params, ft->n_params + 1, false);
	free(params);
	return ret;
}

static void string_attribute(const struct gen *g, LLVMValueRef fn,
			     const char *name, const char *value)
{
	LLVMAddAttributeAtIndex(
		fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
		LLVMCreateStringAttribute(g->lc, name,
					  (unsigned int)strlen(name), value,
					  (unsigned int)strlen(value)));
}

/* uwtable 2: unwind tables that are right at every instruction, since traps
 * may be anywhere.  probe-stack: a frame larger than a page touches each, so
 * that it can't step over the guard below the stack.  no-builtins: nothing
 * becomes a call of memset.  null_pointer_is_valid: a null function's fields
 * are read, and fault (wasm/aot.c).
 *
 * Not nounwind, even if the module has no tags: what it imports may throw, and
 * the program would be undefined then.  LLVM finds out itself which functions
 * call nothing that could. */
void gen_attributes(const struct gen *g, LLVMValueRef fn)
{
	add_attribute(g, fn, "uwtable", 2);
	add_attribute(g, fn, "null_pointer_is_valid", 0);
	string_attribute(g, fn, "probe-stack", "inline-asm");
	string_attribute(g, fn, "no-builtins", "");
}

void gen_never_inline(const struct gen *g, LLVMValueRef fn)
{
	add_attribute(g, fn, "noinline", 0);
}

LLVMValueRef gen_declare(struct gen *g, uint32_t index)
{
	char name[16];
	LLVMValueRef fn;

	if (g->funcs[index])
		return g->funcs[index];
	snprintf(name, sizeof(name), "f%u", index);
	fn = LLVMAddFunction(g->mod, name,
			     gen_function_type(g, &g->m->funcs[index]->func));
	LLVMSetFunctionCallConv(fn, g->opt->convention);
	LLVMSetVisibility(fn, LLVMHiddenVisibility);
	gen_attributes(g, fn);
	return g->funcs[index] = fn;
}

static LLVMValueRef zero_of(const struct gen *g, wasm_type t)
{
	return LLVMConstNull(gen_type(g, t));
}

static void add_local(struct gen *g, wasm_type t, LLVMValueRef v)
{
	LLVMValueRef at = LLVMBuildAlloca(g->b, gen_type(g, t), "");

	g->locals[g->n_locals] = at;
	g->local_types[g->n_locals++] = t;
	LLVMBuildStore(g->b, v, at);
}

/* Parameters, then what the body declares. */
static void begin_locals(struct gen *g)
{
	uint32_t groups, total = g->type->n_params;
	const uint8_t *start = g->r.p;

	groups = read_u32(&g->r);
	for (uint32_t i = 0; i < groups; i++) {
		total += read_u32(&g->r);
		read_value_type(&g->r, g->m);
	}
	g->r.p = start;
	g->n_locals = 0;
	g->locals = xrealloc(g->locals, total + 1, sizeof(*g->locals));
	g->local_types = xrealloc(g->local_types, total + 1,
				       sizeof(*g->local_types));
	for (uint32_t i = 0; i < g->type->n_params; i++)
		add_local(g, g->type->params[i], LLVMGetParam(g->fn, i + 1));
	read_u32(&g->r);
	for (uint32_t i = 0; i < groups; i++) {
		uint32_t n = read_u32(&g->r);
		wasm_type t = read_value_type(&g->r, g->m);

		while (n--)
			add_local(g, t, zero_of(g, t));
	}
}

static void begin_debug(struct gen *g)
{
	LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(
		g->di, g->file, NULL, 0, LLVMDIFlagZero);
	size_t len;
	const char *name = LLVMGetValueName2(g->fn, &len);

	g->subprogram = LLVMDIBuilderCreateFunction(
		g->di, g->file, name, len, name, len, g->file, 0, type, false,
		true, 0, LLVMDIFlagZero, true);
	LLVMSetSubprogram(g->fn, g->subprogram);
}

/* Only where it may be asked for does the position change: a call, a trap, a
 * fault. */
static void set_position(struct gen *g)
{
	uint32_t line = (uint32_t)(g->at - g->m->bytes);

	LLVMSetCurrentDebugLocation2(
		g->b, LLVMDIBuilderCreateDebugLocation(
			      g->lc, line, 0, g->subprogram, NULL));
}

static bool is_control(enum op op)
{
	return op <= OP_return || op == OP_try_table;
}

static void instruction(struct gen *g)
{
	bool done;

	if (op_info[g->op].imm == IMM_NONE && g->op == OP_nop)
		return;
	if (op_info[g->op].aux || g->op < OP_local_get ||
	    g->op >= OP_memory_size)
		set_position(g);
	if (is_control(g->op))
		gen_control(g);
	else if (g->op <= OP_return_call_ref)
		gen_calls(g);
	else if (g->op >= OP_local_get && g->op <= OP_table_set)
		gen_variable(g);
	else if (!(done = gen_numeric(g) || gen_memory(g) || gen_table(g) ||
			  gen_vector(g) || gen_atomic(g) ||
			  gen_reference(g)))
		abort(); /* validated, so known */
}

/* Unreachable: only its blocks are counted. */
static void skip(struct gen *g)
{
	switch (g->op) {
	case OP_block:
	case OP_loop:
	case OP_if:
	case OP_try_table:
		g->dead++;
		break;
	case OP_else:
		if (g->dead == 1) {
			gen_control(g);
			return;
		}
		break;
	case OP_end:
		if (g->dead == 1) {
			gen_control(g);
			return;
		}
		g->dead--;
		break;
	default:
		break;
	}
	skip_immediates(&g->r, g->m, (enum imm)op_info[g->op].imm);
}

/* --- fuel ------------------------------------------------------------------------------ */

/* Pay for what follows up to the next of these: the price is known then. */
void gen_fuel_settle(struct gen *g)
{
	if (!g->fuel)
		return;
	LLVMReplaceAllUsesWith(g->fuel, gen_i64(g, g->fuel_used));
	LLVMInstructionEraseFromParent(g->fuel);
	g->fuel = NULL;
}

void gen_fuel_start(struct gen *g)
{
	LLVMValueRef store, at, have, left;

	if (!g->opt->fuel)
		return;
	gen_fuel_settle(g);
	store = gen_const_load(g, g->ptr, g->inst,
			       offsetof(struct wasm_instance, store));
	at = gen_at(g, store, offsetof(struct wasm_store, exec.fuel));
	have = gen_state_load(g, g->i64, at);
	g->fuel = LLVMBuildLoad2(g->b, g->i64, at, "price");
	g->fuel_used = 0;
	gen_trap_if(g, LLVMBuildICmp(g->b, LLVMIntULT, have, g->fuel, ""),
		    WASM_TRAP_FUEL);
	left = LLVMBuildSub(g->b, have, g->fuel, "");
	gen_state_store(g, left, at);
}

static void body(struct gen *g)
{
	LLVMBasicBlockRef first;
	const struct body *b =
		&g->m->bodies[g->index - g->m->n_imported_funcs];

	g->r = (struct reader){.base = g->m->bytes,
			       .p = g->m->bytes + b->start,
			       .end = g->m->bytes + b->end,
			       .module = g->m,
			       .func = g->index};
	g->at = g->r.p;
	g->n = g->n_labels = g->dead = 0;
	g->slots = NULL;
	g->n_slots = 0;
	g->landing = NULL;
	g->fuel = NULL;
	g->inst = LLVMGetParam(g->fn, 0);
	g->entry = gen_block(g, "entry");
	begin_debug(g);
	LLVMPositionBuilderAtEnd(g->b, g->entry);
	set_position(g);
	begin_locals(g);
	first = gen_block(g, "body");
	LLVMBuildBr(g->b, first);
	LLVMPositionBuilderAtEnd(g->b, first);
	gen_begin_function(g);
	gen_fuel_start(g);
	while (g->n_labels) {
		g->at = g->r.p;
		g->op = read_op(&g->r);
		g->fuel_used++;
		if (g->dead)
			skip(g);
		else
			instruction(g);
	}
}

/* A convention for tail calls makes every call dearer: each callee removes
 * its arguments, and each call site keeps them aligned. */
unsigned int gen_convention(const struct wasm_module *m)
{
	struct reader r = {.base = m->bytes, .module = m};

	for (uint32_t i = 0; i < m->n_funcs - m->n_imported_funcs; i++) {
		r.p = m->bytes + m->bodies[i].start;
		r.end = m->bytes + m->bodies[i].end;
		for (uint32_t n = read_u32(&r); n; n--) {
			read_u32(&r);
			read_value_type(&r, m);
		}
		while (r.p < r.end) {
			enum op op = read_op(&r);

			if (op == OP_return_call || op == OP_return_call_ref ||
			    op == OP_return_call_indirect)
				return GEN_CC_TAIL;
			skip_immediates(&r, m, (enum imm)op_info[op].imm);
		}
	}
	return GEN_CC_C;
}

/* --- modules ---------------------------------------------------------------------------- */

static LLVMMetadataRef alias_scope(const struct gen *g, const char *name)
{
	LLVMMetadataRef d = LLVMMDStringInContext2(g->lc, "hull", 4);
	LLVMMetadataRef domain = LLVMMDNodeInContext2(g->lc, &d, 1);
	LLVMMetadataRef parts[2] = {
		LLVMMDStringInContext2(g->lc, name, strlen(name)), domain};

	return LLVMMDNodeInContext2(g->lc, parts, 2);
}

static LLVMValueRef scope_list(const struct gen *g, LLVMMetadataRef *scopes,
			       unsigned int n)
{
	return LLVMMetadataAsValue(g->lc,
				   LLVMMDNodeInContext2(g->lc, scopes, n));
}

/* What is in none of an access's `not` lists may be what it accesses.  It is
 * enough that one of two accesses says so of the other. */
static void make_scopes(struct gen *g)
{
	LLVMMetadataRef s[4] = {
		alias_scope(g, "memory"), alias_scope(g, "state"),
		alias_scope(g, "header"), alias_scope(g, "field")};

	g->memory_scope = scope_list(g, &s[0], 1);
	g->state_scope = scope_list(g, &s[1], 1);
	g->not_field = scope_list(g, s, 3);
	g->header_scope = scope_list(g, &s[2], 1);
	g->field_scope = scope_list(g, &s[3], 1);
	s[2] = s[3];
	g->not_header = scope_list(g, s, 3);
}

static LLVMValueRef weights(const struct gen *g, uint32_t yes, uint32_t no)
{
	LLVMMetadataRef parts[3] = {
		LLVMMDStringInContext2(g->lc, "branch_weights", 14),
		LLVMValueAsMetadata(gen_i32(g, yes)),
		LLVMValueAsMetadata(gen_i32(g, no))};

	return LLVMMetadataAsValue(g->lc, LLVMMDNodeInContext2(g->lc, parts, 3));
}

static unsigned int md_kind(const struct gen *g, const char *name)
{
	return LLVMGetMDKindIDInContext(g->lc, name,
					(unsigned int)strlen(name));
}

static void module_flag(const struct gen *g, const char *name, uint32_t value)
{
	LLVMAddModuleFlag(g->mod, LLVMModuleFlagBehaviorWarning, name,
			  strlen(name), LLVMValueAsMetadata(gen_i32(g, value)));
}

static void begin_module(struct gen *g)
{
	g->none = LLVMVoidTypeInContext(g->lc);
	g->i1 = LLVMInt1TypeInContext(g->lc);
	g->i8 = LLVMInt8TypeInContext(g->lc);
	g->i16 = LLVMInt16TypeInContext(g->lc);
	g->i32 = LLVMInt32TypeInContext(g->lc);
	g->i64 = LLVMInt64TypeInContext(g->lc);
	g->f32 = LLVMFloatTypeInContext(g->lc);
	g->f64 = LLVMDoubleTypeInContext(g->lc);
	g->v128 = LLVMVectorType(g->i64, 2);
	g->ptr = LLVMPointerTypeInContext(g->lc, 0);
	g->md_invariant = md_kind(g, "invariant.load");
	g->md_scope = md_kind(g, "alias.scope");
	g->md_noalias = md_kind(g, "noalias");
	g->md_prof = md_kind(g, "prof");
	g->empty = LLVMMetadataAsValue(g->lc,
				       LLVMMDNodeInContext2(g->lc, NULL, 0));
	make_scopes(g);
	g->likely = weights(g, 1u << 20, 1);
	g->unlikely = weights(g, 1, 1u << 20);
	module_flag(g, "Dwarf Version", 4);
	module_flag(g, "Debug Info Version", LLVMDebugMetadataVersion());
	module_flag(g, "PIC Level", 2);
	g->di = LLVMCreateDIBuilder(g->mod);
	g->file = LLVMDIBuilderCreateFile(g->di, "module.wasm", 11, "", 0);
	LLVMDIBuilderCreateCompileUnit(
		g->di, LLVMDWARFSourceLanguageC, g->file, "hull", 4, true, "",
		0, 0, "", 0, LLVMDWARFEmissionLineTablesOnly, 0, false, false,
		"", 0, "", 0);
}

LLVMModuleRef gen_module(LLVMContextRef lc, const struct wasm_module *m,
			 const struct gen_options *opt, uint32_t from,
			 uint32_t to, bool thunks)
{
	struct gen g = {.lc = lc, .m = m, .opt = opt};

	g.mod = LLVMModuleCreateWithNameInContext("module", lc);
	g.b = LLVMCreateBuilderInContext(lc);
	g.funcs = xcalloc(m->n_funcs + 1, sizeof(*g.funcs));
	g.leaves = xcalloc(m->n_types + 1, sizeof(*g.leaves));
	begin_module(&g);
	for (uint32_t i = from; i < to; i++) {
		g.index = i;
		g.type = &m->funcs[i]->func;
		g.fn = gen_declare(&g, i);
		body(&g);
	}
	LLVMSetCurrentDebugLocation2(g.b, NULL);
	if (thunks)
		gen_enter_thunks(&g);
	LLVMDIBuilderFinalize(g.di);
	LLVMDisposeDIBuilder(g.di);
	LLVMDisposeBuilder(g.b);
	free(g.funcs);
	free(g.leaves);
	free(g.locals);
	free(g.local_types);
	free(g.stack);
	free(g.labels);
	return g.mod;
}
