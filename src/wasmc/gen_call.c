/* Calls, and the ways in and out of compiled code.
 *
 *	enter<T>(code, instance, slots)		C: the engine calls a function
 *		of type T, with arguments and results as of wasm_call()
 *	leave<T>(instance, func, PARAMS...)	from compiled code to a
 *		function that has no code like ours: the host's, or one of an
 *		interpreted instance */
#include "wasmc/gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FUNC_AT(field) offsetof(struct wasm_func, field)

/* --- results ------------------------------------------------------------------ */

/* The second and further ones are where the callee left them. */
static void push_results(struct gen *g, const struct wasm_functype *ft,
			 LLVMValueRef first)
{
	LLVMValueRef results;
	uint32_t slot;

	if (!ft->n_results)
		return;
	gen_push(g, first);
	if (ft->n_results == 1)
		return;
	slot = wasm_type_slots(ft->results[0]);
	results = gen_const_load(g, g->ptr, g->inst,
				 offsetof(struct wasm_instance, results));
	gen_from_slots(g, gen_at(g, results, slot * 8ull), ft->results + 1,
		       ft->n_results - 1);
}

/* --- out ----------------------------------------------------------------------- */

struct saved {
	LLVMValueRef fn, inst, slots;
	LLVMBasicBlockRef entry, here, landing;
	uint32_t n_slots, n;
	LLVMMetadataRef position;
};

/* Another function is made in the middle of this one. */
static struct saved begin_thunk(struct gen *g, LLVMValueRef fn,
				LLVMValueRef inst)
{
	struct saved s = {g->fn,
			  g->inst,
			  g->slots,
			  g->entry,
			  LLVMGetInsertBlock(g->b),
			  g->landing,
			  g->n_slots,
			  g->n,
			  LLVMGetCurrentDebugLocation2(g->b)};
	LLVMBasicBlockRef first;

	g->fn = fn;
	g->inst = inst;
	g->slots = NULL;
	g->n_slots = 0;
	g->landing = NULL;
	g->entry = gen_block(g, "");
	first = gen_block(g, "");
	LLVMSetCurrentDebugLocation2(g->b, NULL);
	LLVMPositionBuilderAtEnd(g->b, g->entry);
	LLVMBuildBr(g->b, first);
	LLVMPositionBuilderAtEnd(g->b, first);
	return s;
}

static void end_thunk(struct gen *g, const struct saved *s)
{
	g->fn = s->fn;
	g->inst = s->inst;
	g->slots = s->slots;
	g->n_slots = s->n_slots;
	g->entry = s->entry;
	g->landing = s->landing;
	g->n = s->n;
	LLVMPositionBuilderAtEnd(g->b, s->here);
	LLVMSetCurrentDebugLocation2(g->b, s->position);
}

static LLVMTypeRef leave_type(struct gen *g, const struct wasm_functype *ft)
{
	LLVMTypeRef *params = xcalloc(ft->n_params + 2, sizeof(*params)), ret;
	uint32_t n = gen_param_types(g, ft, params + 2);

	params[0] = params[1] = g->ptr;
	ret = LLVMFunctionType(ft->n_results ? gen_type(g, ft->results[0])
					     : g->none,
			       params, n + 2, false);
	free(params);
	return ret;
}

/* An exception of the callee's is on its way through us. */
static void throw_if(struct gen *g, LLVMValueRef cond)
{
	LLVMBasicBlockRef bad = gen_block(g, ""), good = gen_block(g, "");
	LLVMValueRef br = LLVMBuildCondBr(g->b, cond, bad, good);

	LLVMSetMetadata(br, g->md_prof, g->unlikely);
	LLVMPositionBuilderAtEnd(g->b, bad);
	gen_helper(g, GEN_throw, NULL, 0);
	LLVMBuildUnreachable(g->b);
	LLVMPositionBuilderAtEnd(g->b, good);
}

static void leave_body(struct gen *g, LLVMValueRef fn,
		       const struct wasm_functype *ft)
{
	struct saved s = begin_thunk(g, fn, LLVMGetParam(fn, 0));
	uint32_t n = ft->param_slots > ft->result_slots ? ft->param_slots
							: ft->result_slots;
	LLVMValueRef slots = gen_slots(g, n), args[2], rc;

	gen_receive(g, ft, fn, 2);
	gen_to_slots(g, slots, ft->params, g->stack + s.n, ft->n_params);
	g->n = s.n;
	args[0] = LLVMGetParam(fn, 1);
	args[1] = slots;
	rc = gen_helper(g, GEN_call, args, 2);
	throw_if(g, LLVMBuildICmp(g->b, LLVMIntEQ, rc,
				  gen_i32(g, WASM_TRAP_EXCEPTION), ""));
	gen_trap_if_any(g, rc);
	if (ft->n_results) {
		gen_from_slots(g, slots, ft->results, ft->n_results);
		gen_store_results(g, ft, g->stack + s.n);
		LLVMBuildRet(g->b, g->stack[s.n]);
	} else {
		LLVMBuildRetVoid(g->b);
	}
	end_thunk(g, &s);
}

static LLVMValueRef leave_thunk(struct gen *g, const struct wasm_functype *ft,
				uint32_t type)
{
	LLVMValueRef fn = g->leaves[type];
	char name[24];

	if (fn)
		return fn;
	snprintf(name, sizeof(name), "leave%u", type);
	fn = LLVMAddFunction(g->mod, name, leave_type(g, ft));
	LLVMSetLinkage(fn, LLVMInternalLinkage);
	LLVMSetFunctionCallConv(fn, g->opt->convention);
	gen_attributes(g, fn);
	gen_never_inline(g, fn);
	g->leaves[type] = fn;
	leave_body(g, fn, ft);
	return fn;
}

/* --- in ------------------------------------------------------------------------- */

static void enter_thunk(struct gen *g, uint32_t type)
{
	const struct wasm_functype *ft = &g->m->types[type]->func;
	LLVMTypeRef params[3] = {g->ptr, g->ptr, g->ptr};
	LLVMValueRef fn, slots, *args, ret;
	struct saved s;
	uint32_t n;
	char name[24];

	snprintf(name, sizeof(name), "enter%u", type);
	fn = LLVMAddFunction(g->mod, name,
			     LLVMFunctionType(g->none, params, 3, false));
	LLVMSetVisibility(fn, LLVMHiddenVisibility);
	gen_attributes(g, fn);
	s = begin_thunk(g, fn, LLVMGetParam(fn, 1));
	slots = LLVMGetParam(fn, 2);
	args = xcalloc(ft->n_params + 1, sizeof(*args));
	args[0] = g->inst;
	gen_from_slots(g, slots, ft->params, ft->n_params);
	n = gen_pass(g, ft, g->stack + s.n, args + 1);
	g->n = s.n;
	ret = gen_call(g, gen_function_type(g, ft), LLVMGetParam(fn, 0), args,
		       n + 1, g->opt->convention);
	push_results(g, ft, ret);
	gen_to_slots(g, slots, ft->results, g->stack + s.n, ft->n_results);
	LLVMBuildRetVoid(g->b);
	free(args);
	end_thunk(g, &s);
}

void gen_enter_thunks(struct gen *g)
{
	for (uint32_t i = 0; i < g->m->n_types; i++)
		if (g->m->types[i]->kind == TYPE_FUNC)
			enter_thunk(g, i);
}

/* --- calls -------------------------------------------------------------------------- */

/* What a call needs.  `args` are those of registers, of which two are in front
 * of the parameters, `v`. */
struct call {
	const struct wasm_functype *ft;
	uint32_t type; /* its index in the module */
	LLVMValueRef *args, *v;
	bool tail;
};

static void pop_args(struct gen *g, struct call *c)
{
	uint32_t n = c->ft->n_params;

	c->args = xcalloc(2 * n + 2, sizeof(*c->args));
	c->v = c->args + n + 2;
	g->n -= n;
	memcpy(c->v, g->stack + g->n, n * sizeof(*c->v));
}

/* With `front` arguments before the parameters.  In a tail call, return what
 * it returns; further results are where the caller will look for them
 * already. */
static LLVMValueRef emit_call(struct gen *g, const struct call *c,
			      LLVMTypeRef type, LLVMValueRef fn, uint32_t front)
{
	uint32_t n = front + gen_pass(g, c->ft, c->v, c->args + 2);
	LLVMValueRef *args = c->args + 2 - front, call;

	if (!c->tail)
		return gen_call(g, type, fn, args, n, g->opt->convention);
	call = LLVMBuildCall2(g->b, type, fn, args, n, "");
	LLVMSetInstructionCallConv(call, g->opt->convention);
	LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
	if (c->ft->n_results)
		LLVMBuildRet(g->b, call);
	else
		LLVMBuildRetVoid(g->b);
	return call;
}

static void direct(struct gen *g, struct call *c, uint32_t index)
{
	LLVMValueRef ret;

	c->args[1] = g->inst;
	ret = emit_call(g, c, gen_function_type(g, c->ft),
			gen_declare(g, index), 1);
	if (!c->tail)
		push_results(g, c->ft, ret);
}

static LLVMValueRef far_call(struct gen *g, struct call *c, LLVMValueRef func)
{
	c->args[0] = g->inst;
	c->args[1] = func;
	return emit_call(g, c, leave_type(g, c->ft),
			 leave_thunk(g, c->ft, c->type), 2);
}

/* A function by its address.  One compare says that it is of this instance
 * and of the very type, and so, that its code is ours to call.  What else it
 * may be, the engine looks at.  Null has no signature either: reading it
 * faults, and the handler knows why (wasm/aot.c). */
static void by_reference(struct gen *g, struct call *c, LLVMValueRef func,
			 bool check)
{
	LLVMBasicBlockRef near = gen_block(g, ""), far = gen_block(g, ""),
			  next = c->tail ? NULL : gen_block(g, "");
	LLVMBasicBlockRef from[2];
	LLVMValueRef ret[2], phi = NULL, br, want, have, code;

	want = gen_at(
		g,
		gen_const_load(g, g->ptr, g->inst,
			       offsetof(struct wasm_instance, signatures)),
		c->type);
	have = gen_state_load(g, g->ptr, gen_at(g, func, FUNC_AT(signature)));
	br = LLVMBuildCondBr(g->b,
			     LLVMBuildICmp(g->b, LLVMIntEQ, want, have, ""),
			     near, far);
	LLVMSetMetadata(br, g->md_prof, g->likely);

	LLVMPositionBuilderAtEnd(g->b, near);
	code = gen_const_load(g, g->ptr, func, FUNC_AT(native));
	c->args[1] = g->inst;
	ret[0] = emit_call(g, c, gen_function_type(g, c->ft), code, 1);
	from[0] = LLVMGetInsertBlock(g->b);
	if (!c->tail)
		LLVMBuildBr(g->b, next);

	LLVMPositionBuilderAtEnd(g->b, far);
	if (check) {
		LLVMValueRef args[2] = {func, gen_i32(g, c->type)};

		gen_helper_or_trap(g, GEN_type_check, args, 2);
	}
	ret[1] = far_call(g, c, func);
	from[1] = LLVMGetInsertBlock(g->b);
	if (c->tail)
		return;
	LLVMBuildBr(g->b, next);
	LLVMPositionBuilderAtEnd(g->b, next);
	if (c->ft->n_results) {
		phi = LLVMBuildPhi(g->b, gen_type(g, c->ft->results[0]), "");
		LLVMAddIncoming(phi, ret, from, 2);
	}
	push_results(g, c->ft, phi);
}

/* The first index of this type: equal types may have several. */
uint32_t gen_type_index(const struct gen *g, const struct type *type)
{
	uint32_t i = 0;

	while (g->m->types[i] != type)
		i++;
	return i;
}

static void call(struct gen *g, bool tail)
{
	uint32_t index = read_u32(&g->r);
	const struct type *type = g->m->funcs[index];
	struct call c = {.ft = &type->func, .tail = tail};

	pop_args(g, &c);
	if (index >= g->m->n_imported_funcs) {
		direct(g, &c, index);
	} else {
		LLVMValueRef ret;

		c.type = gen_type_index(g, type);
		ret = far_call(g, &c, GEN_ENTRY(g, func, index));
		if (!tail)
			push_results(g, c.ft, ret);
	}
	free(c.args);
}

static void call_indirect(struct gen *g, bool tail)
{
	const struct type *type = g->m->types[read_u32(&g->r)];
	uint32_t table = read_u32(&g->r);
	struct call c = {.ft = &type->func,
			 .type = gen_type_index(g, type),
			 .tail = tail};
	LLVMValueRef index = gen_wide(g, gen_pop(g)), func;

	pop_args(g, &c);
	func = gen_table_element(g, table, index, WASM_TRAP_UNDEFINED_ELEMENT);
	func = LLVMBuildIntToPtr(g->b, gen_state_load(g, g->i64, func), g->ptr,
				 "");
	by_reference(g, &c, func, true);
	free(c.args);
}

static void call_ref(struct gen *g, bool tail)
{
	const struct type *type = g->m->types[read_u32(&g->r)];
	struct call c = {.ft = &type->func,
			 .type = gen_type_index(g, type),
			 .tail = tail};
	LLVMValueRef ref = gen_pop(g);

	pop_args(g, &c);
	by_reference(g, &c, LLVMBuildIntToPtr(g->b, ref, g->ptr, ""), false);
	free(c.args);
}

void gen_calls(struct gen *g)
{
	switch (g->op) {
	case OP_call:
	case OP_return_call:
		call(g, g->op == OP_return_call);
		break;
	case OP_call_indirect:
	case OP_return_call_indirect:
		call_indirect(g, g->op == OP_return_call_indirect);
		break;
	default:
		call_ref(g, g->op == OP_return_call_ref);
	}
	if (g->op == OP_return_call || g->op == OP_return_call_indirect ||
	    g->op == OP_return_call_ref) {
		gen_fuel_settle(g);
		gen_start_dead(g);
	}
}
