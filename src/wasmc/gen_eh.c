/* Exceptions, which cost nothing until one is thrown: calls in a try_table
 * are invokes, and the engine's unwinder finds their landing pads in the
 * tables that LLVM writes for those of C++.
 *
 *	landing		where the unwinder goes on
 *	dispatch	asks for the exception's tag and compares it with each
 *			clause's; what is caught goes to the clause's label
 *	no match	on to the dispatch of the try_table around this one,
 *			or up, thrown once more from here
 *
 * The landing pad is a block of its own because only the unwinder may go
 * there. */
#include "wasmc/gen.h"

#include <string.h>

/* LLVM writes tables for exceptions only if told who reads them.  Ours reads
 * those of this one, which is never called, and need not exist. */
static void set_personality(struct gen *g)
{
	static const char name[] = "__gxx_personality_v0";
	LLVMValueRef fn;

	if (LLVMHasPersonalityFn(g->fn))
		return;
	fn = LLVMGetNamedFunction(g->mod, name);
	if (!fn)
		fn = LLVMAddFunction(g->mod, name,
				     LLVMFunctionType(g->i32, NULL, 0, true));
	LLVMSetPersonalityFn(g->fn, fn);
}

/* Every exception lands there: which are caught is found out by code. */
static LLVMBasicBlockRef landing_pad(struct gen *g, LLVMBasicBlockRef dispatch)
{
	LLVMTypeRef parts[2] = {g->ptr, g->i32};
	LLVMTypeRef type = LLVMStructTypeInContext(g->lc, parts, 2, false);
	LLVMBasicBlockRef landing = gen_block(g, "landing");
	LLVMValueRef pad;

	set_personality(g);
	LLVMPositionBuilderAtEnd(g->b, landing);
	pad = LLVMBuildLandingPad(g->b, type, NULL, 1, "");
	LLVMAddClause(pad, LLVMConstNull(g->ptr));
	LLVMBuildBr(g->b, dispatch);
	return landing;
}

static LLVMBasicBlockRef dispatch_of(LLVMBasicBlockRef landing)
{
	return LLVMGetSuccessor(LLVMGetBasicBlockTerminator(landing), 0);
}

/* g->landing is that of the try_table around this one here. */
static void not_caught(struct gen *g)
{
	if (g->landing) {
		LLVMBuildBr(g->b, dispatch_of(g->landing));
		return;
	}
	gen_helper(g, GEN_throw, NULL, 0);
	LLVMBuildUnreachable(g->b);
}

enum { CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF };

/* Read a clause.  false if nothing can follow it. */
static bool clause(struct gen *g, LLVMValueRef tag)
{
	uint8_t kind = read_byte(&g->r);
	const struct wasm_functype *ft = NULL;
	LLVMBasicBlockRef next = NULL;
	LLVMValueRef slots = LLVMConstNull(g->ptr), exn;
	uint32_t n = g->n;

	if (kind == CATCH || kind == CATCH_REF) {
		uint32_t index = read_u32(&g->r);
		LLVMBasicBlockRef match = gen_block(g, "catch");
		LLVMValueRef want = GEN_ENTRY(g, tag, index);

		next = gen_block(g, "");
		LLVMBuildCondBr(g->b,
				LLVMBuildICmp(g->b, LLVMIntEQ, tag, want, ""),
				match, next);
		LLVMPositionBuilderAtEnd(g->b, match);
		ft = &g->m->tags[index]->func;
		slots = gen_slots(g, ft->param_slots);
	}
	exn = gen_helper(g, GEN_exception_take, &slots, 1);
	if (ft)
		gen_from_slots(g, slots, ft->params, ft->n_params);
	if (kind == CATCH_REF || kind == CATCH_ALL_REF)
		gen_push(g, exn);
	gen_br(g, read_u32(&g->r));
	g->n = n;
	if (next)
		LLVMPositionBuilderAtEnd(g->b, next);
	return next;
}

/* The clauses' labels are those outside of the block. */
static LLVMBasicBlockRef handlers(struct gen *g, uint32_t n)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b),
			  dispatch = gen_block(g, "dispatch"), landing;
	const struct reader start = g->r;
	LLVMValueRef tag;
	bool open = true;

	landing = landing_pad(g, dispatch);
	LLVMPositionBuilderAtEnd(g->b, dispatch);
	tag = gen_helper(g, GEN_exception_tag, NULL, 0);
	for (uint32_t i = 0; i < n && open; i++)
		open = clause(g, tag);
	if (open)
		not_caught(g);
	LLVMPositionBuilderAtEnd(g->b, here);
	/* Also over clauses that are never looked at. */
	g->r = start;
	for (uint32_t i = 0; i < n; i++) {
		if (read_byte(&g->r) <= CATCH_REF)
			read_u32(&g->r);
		read_u32(&g->r);
	}
	return landing;
}

void gen_try_table(struct gen *g)
{
	struct block_type t;
	LLVMBasicBlockRef landing = g->landing;
	uint32_t n;

	gen_fuel_settle(g);
	read_block_type(&g->r, g->m, &t);
	n = read_u32(&g->r);
	if (n)
		landing = handlers(g, n);
	gen_push_label(g, &t);
	g->landing = landing;
	gen_fuel_start(g);
}

void gen_end_try_table(struct gen *g, struct gen_label *l)
{
	g->landing = l->outer_landing;
}

static void throw_it(struct gen *g)
{
	gen_fuel_settle(g);
	gen_helper(g, GEN_throw, NULL, 0);
	LLVMBuildUnreachable(g->b);
}

/* throw, throw_ref */
void gen_throw(struct gen *g)
{
	const struct wasm_functype *ft;
	LLVMValueRef args[2];
	uint32_t tag;

	if (g->op == OP_throw_ref) {
		args[0] = gen_pop(g);
		gen_helper_or_trap(g, GEN_exception_set, args, 1);
		throw_it(g);
		return;
	}
	tag = read_u32(&g->r);
	ft = &g->m->tags[tag]->func;
	args[0] = gen_i32(g, tag);
	args[1] = gen_slots(g, ft->param_slots);
	g->n -= ft->n_params;
	gen_to_slots(g, args[1], ft->params, g->stack + g->n, ft->n_params);
	gen_helper_or_trap(g, GEN_exception_new, args, 2);
	throw_it(g);
}
