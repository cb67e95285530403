/* Blocks, branches, returns.
 *
 *	block	target: its end, with a phi for each result
 *	loop	target: its head, with a phi for each parameter
 *	if	the same as a block; `other` is the else part
 *	body	a block whose end returns
 *
 * What follows a branch is dead until the end of its block, which lives again
 * if something branched there. */
#include "wasmc/gen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct gen_label *label_at(struct gen *g, uint32_t depth)
{
	return &g->labels[g->n_labels - 1 - depth];
}

static uint32_t target_arity(const struct gen_label *l)
{
	return l->op == OP_loop ? block_n_params(&l->type)
				: block_n_results(&l->type);
}

/* --- labels ------------------------------------------------------------------ */

/* A phi for each value, at the beginning of a block that is still empty. */
static LLVMValueRef *make_phis(struct gen *g, LLVMBasicBlockRef at,
			       const wasm_type *types, uint32_t n)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	LLVMValueRef *phis = n ? xcalloc(n, sizeof(*phis)) : NULL;

	LLVMPositionBuilderAtEnd(g->b, at);
	for (uint32_t i = 0; i < n; i++)
		phis[i] = LLVMBuildPhi(g->b, gen_type(g, types[i]), "");
	LLVMPositionBuilderAtEnd(g->b, here);
	return phis;
}

/* The edge from here to the label, with the values on top of the stack. */
static void add_edge(struct gen *g, struct gen_label *l)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	uint32_t n = target_arity(l);

	for (uint32_t i = 0; i < n; i++)
		LLVMAddIncoming(l->phis[i], &g->stack[g->n - n + i], &here, 1);
	l->reached = true;
}

struct gen_label *gen_push_label(struct gen *g, const struct block_type *t)
{
	struct gen_label *l;

	if (g->n_labels == g->labels_cap) {
		g->labels_cap = g->labels_cap ? g->labels_cap * 2 : 32;
		g->labels =
			xrealloc(g->labels, g->labels_cap, sizeof(*g->labels));
	}
	l = &g->labels[g->n_labels++];
	memset(l, 0, sizeof(*l));
	l->op = g->op;
	l->type = *t;
	l->height = g->n - block_n_params(t);
	l->target = gen_block(g, "");
	l->outer_landing = g->landing;
	if (l->op == OP_loop)
		l->phis = make_phis(g, l->target, block_params(&l->type),
				    block_n_params(&l->type));
	else
		l->phis = make_phis(g, l->target, block_results(&l->type),
				    block_n_results(&l->type));
	return l;
}

void gen_begin_function(struct gen *g)
{
	struct block_type t = {.func = g->type};
	struct gen_label *l;

	/* Its parameters are locals, not operands. */
	g->op = OP_block;
	g->n = g->type->n_params;
	l = gen_push_label(g, &t);
	l->height = 0;
	g->n = 0;
}

/* --- branches --------------------------------------------------------------------- */

void gen_br(struct gen *g, uint32_t depth)
{
	struct gen_label *l = label_at(g, depth);

	gen_fuel_settle(g);
	add_edge(g, l);
	LLVMBuildBr(g->b, l->target);
}

void gen_br_if(struct gen *g, LLVMValueRef cond, uint32_t depth)
{
	struct gen_label *l = label_at(g, depth);
	LLVMBasicBlockRef next = gen_block(g, "");

	gen_fuel_settle(g);
	add_edge(g, l);
	LLVMBuildCondBr(g->b, cond, l->target, next);
	LLVMPositionBuilderAtEnd(g->b, next);
	gen_fuel_start(g);
}

static LLVMValueRef is_true(struct gen *g, LLVMValueRef v)
{
	return LLVMBuildICmp(g->b, LLVMIntNE, v, gen_i32(g, 0), "");
}

static void br_table(struct gen *g)
{
	uint32_t n = read_u32(&g->r);
	LLVMValueRef index = gen_pop(g), sw;
	const uint8_t *labels = g->r.p;
	struct gen_label *l;

	gen_fuel_settle(g);
	for (uint32_t i = 0; i < n; i++)
		read_u32(&g->r);
	l = label_at(g, read_u32(&g->r));
	sw = LLVMBuildSwitch(g->b, index, l->target, n);
	add_edge(g, l);
	/* A phi has an entry for each edge, also for those from one block. */
	g->r.p = labels;
	for (uint32_t i = 0; i < n; i++) {
		l = label_at(g, read_u32(&g->r));
		LLVMAddCase(sw, gen_i32(g, i), l->target);
		add_edge(g, l);
	}
	read_u32(&g->r);
	gen_start_dead(g);
}

void gen_store_results(struct gen *g, const struct wasm_functype *ft,
		       LLVMValueRef *v)
{
	uint32_t slot = wasm_type_slots(ft->results[0]);
	LLVMValueRef results;

	if (ft->n_results < 2)
		return;
	results = gen_const_load(g, g->ptr, g->inst,
				 offsetof(struct wasm_instance, results));
	gen_to_slots(g, gen_at(g, results, slot * 8ull), ft->results + 1, v + 1,
		     ft->n_results - 1);
}

/* The first result in a register, the others where the caller finds them. */
static void return_values(struct gen *g, LLVMValueRef *v)
{
	if (g->type->n_results == 0) {
		LLVMBuildRetVoid(g->b);
		return;
	}
	gen_store_results(g, g->type, v);
	LLVMBuildRet(g->b, v[0]);
}

static void gen_return(struct gen *g)
{
	gen_fuel_settle(g);
	return_values(g, g->stack + g->n - g->type->n_results);
	gen_start_dead(g);
}

/* --- blocks --------------------------------------------------------------------------- */

static void begin_if(struct gen *g, struct gen_label *l, LLVMValueRef cond)
{
	LLVMBasicBlockRef then = gen_block(g, "");
	uint32_t n = block_n_params(&l->type);

	l->other = gen_block(g, "");
	l->params = n ? xcalloc(n, sizeof(*l->params)) : NULL;
	for (uint32_t i = 0; i < n; i++)
		l->params[i] = g->stack[l->height + i];
	LLVMBuildCondBr(g->b, is_true(g, cond), then, l->other);
	LLVMPositionBuilderAtEnd(g->b, then);
}

static void begin_loop(struct gen *g, struct gen_label *l)
{
	uint32_t n = block_n_params(&l->type);

	add_edge(g, l);
	LLVMBuildBr(g->b, l->target);
	LLVMPositionBuilderAtEnd(g->b, l->target);
	for (uint32_t i = 0; i < n; i++)
		g->stack[l->height + i] = l->phis[i];
}

static void block(struct gen *g)
{
	struct block_type t;
	LLVMValueRef cond = NULL;
	struct gen_label *l;

	read_block_type(&g->r, g->m, &t);
	if (g->op != OP_block)
		gen_fuel_settle(g);
	if (g->op == OP_if)
		cond = gen_pop(g);
	l = gen_push_label(g, &t);
	if (l->op == OP_if)
		begin_if(g, l, cond);
	else if (l->op == OP_loop)
		begin_loop(g, l);
	if (l->op != OP_block)
		gen_fuel_start(g);
}

static void begin_else(struct gen *g)
{
	struct gen_label *l = label_at(g, 0);
	uint32_t n = block_n_params(&l->type);

	if (!g->dead) {
		gen_fuel_settle(g);
		add_edge(g, l);
		LLVMBuildBr(g->b, l->target);
	}
	g->dead = 0;
	l->op = OP_else;
	LLVMPositionBuilderAtEnd(g->b, l->other);
	g->n = l->height;
	for (uint32_t i = 0; i < n; i++)
		gen_push(g, l->params[i]);
	gen_fuel_start(g);
}

/* An if without else gives its parameters as results. */
static void end_if(struct gen *g, struct gen_label *l)
{
	begin_else(g);
	gen_fuel_settle(g);
	add_edge(g, l);
	LLVMBuildBr(g->b, l->target);
	g->dead = 1;
}

static void free_label(struct gen_label *l)
{
	free(l->phis);
	free(l->params);
}

static void end(struct gen *g)
{
	struct gen_label l;

	if (label_at(g, 0)->op == OP_if) {
		if (!g->dead) {
			gen_fuel_settle(g);
			add_edge(g, label_at(g, 0));
			LLVMBuildBr(g->b, label_at(g, 0)->target);
			g->dead = 1;
		}
		end_if(g, label_at(g, 0));
	}
	l = *label_at(g, 0);
	if (l.op == OP_try_table)
		gen_end_try_table(g, &l);
	gen_fuel_settle(g);
	if (l.op == OP_loop) {
		/* Its values are on the stack, if its end is reached. */
		g->n_labels--;
		free_label(&l);
		return;
	}
	if (!g->dead) {
		add_edge(g, label_at(g, 0));
		LLVMBuildBr(g->b, l.target);
		l.reached = true;
	}
	l.reached |= label_at(g, 0)->reached;
	g->n_labels--;
	g->n = l.height;
	LLVMPositionBuilderAtEnd(g->b, l.target);
	if (!l.reached) {
		for (uint32_t i = 0; i < target_arity(&l); i++)
			LLVMInstructionEraseFromParent(l.phis[i]);
		LLVMBuildUnreachable(g->b);
		g->dead = 1;
	} else {
		g->dead = 0;
		for (uint32_t i = 0; i < target_arity(&l); i++)
			gen_push(g, l.phis[i]);
		if (!g->n_labels)
			return_values(g, g->stack);
		else
			gen_fuel_start(g);
	}
	free_label(&l);
}

void gen_control(struct gen *g)
{
	LLVMValueRef v;

	switch (g->op) {
	case OP_unreachable:
		gen_fuel_settle(g);
		gen_trap(g, WASM_TRAP_UNREACHABLE);
		LLVMBuildUnreachable(g->b);
		gen_start_dead(g);
		break;
	case OP_block:
	case OP_loop:
	case OP_if:
		block(g);
		break;
	case OP_else:
		begin_else(g);
		break;
	case OP_end:
		end(g);
		break;
	case OP_br:
		gen_br(g, read_u32(&g->r));
		gen_start_dead(g);
		break;
	case OP_br_if:
		v = gen_pop(g);
		gen_br_if(g, is_true(g, v), read_u32(&g->r));
		break;
	case OP_br_table:
		br_table(g);
		break;
	case OP_return:
		gen_return(g);
		break;
	case OP_try_table:
		gen_try_table(g);
		break;
	default: /* throw, throw_ref */
		gen_throw(g);
		gen_start_dead(g);
	}
}
