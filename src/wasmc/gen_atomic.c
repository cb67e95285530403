/* Atomic accesses: all sequentially consistent.  An address that is not a
 * multiple of the width traps, before the access can be out of bounds. */
#include "wasmc/gen.h"

static LLVMTypeRef access_type(const struct gen *g)
{
	switch (op_info[g->op].aux) {
	case 0:
		return g->i8;
	case 1:
		return g->i16;
	case 2:
		return g->i32;
	default:
		return g->i64;
	}
}

/* Of the operand or result: the shape that the instruction is named after. */
static LLVMTypeRef value_type(const struct gen *g)
{
	return op_info[g->op].sig[1] == 'I' || op_info[g->op].sig[2] == 'I'
		       ? g->i64
		       : g->i32;
}

static LLVMValueRef narrow(struct gen *g, LLVMValueRef v)
{
	LLVMTypeRef t = access_type(g);

	return LLVMTypeOf(v) == t ? v : LLVMBuildTrunc(g->b, v, t, "");
}

static void push_wide(struct gen *g, LLVMValueRef v)
{
	LLVMTypeRef t = value_type(g);

	gen_push(g, LLVMTypeOf(v) == t ? v : LLVMBuildZExt(g->b, v, t, ""));
}

/* Traps unless the address, which is on top of the stack, is aligned. */
static void check_aligned(struct gen *g, const struct gen_access *a)
{
	LLVMValueRef index = g->stack[g->n - 1], low;
	LLVMTypeRef t = LLVMTypeOf(index);
	unsigned int mask = (1u << op_info[g->op].aux) - 1;

	if (!mask)
		return;
	low = LLVMBuildAdd(g->b, index,
			   LLVMConstInt(t, a->offset & mask, false), "");
	low = LLVMBuildAnd(g->b, low, LLVMConstInt(t, mask, false), "");
	gen_trap_if(g, LLVMBuildIsNotNull(g->b, low, ""), WASM_TRAP_UNALIGNED);
}

/* With the operands above the address popped. */
static void resolve(struct gen *g, struct gen_access *a)
{
	check_aligned(g, a);
	gen_resolve(g, a, 1u << op_info[g->op].aux);
}

static void finish(struct gen *g, LLVMValueRef access)
{
	LLVMSetAlignment(access, 1u << op_info[g->op].aux);
	gen_is_memory(g, access);
}

/* --- accesses ------------------------------------------------------------------ */

static LLVMValueRef load_from(struct gen *g, const struct gen_access *a)
{
	LLVMValueRef v = LLVMBuildLoad2(g->b, access_type(g), a->at, "");

	LLVMSetOrdering(v, LLVMAtomicOrderingSequentiallyConsistent);
	finish(g, v);
	return v;
}

static void load(struct gen *g)
{
	struct gen_access a = gen_memarg(g);

	resolve(g, &a);
	push_wide(g, load_from(g, &a));
}

static void store(struct gen *g)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef v = narrow(g, gen_pop(g)), s;

	resolve(g, &a);
	s = LLVMBuildStore(g->b, v, a.at);
	LLVMSetOrdering(s, LLVMAtomicOrderingSequentiallyConsistent);
	finish(g, s);
}

static void rmw(struct gen *g, LLVMAtomicRMWBinOp op)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef v = narrow(g, gen_pop(g)), old;

	resolve(g, &a);
	old = LLVMBuildAtomicRMW(g->b, op, a.at, v,
				 LLVMAtomicOrderingSequentiallyConsistent,
				 false);
	finish(g, old);
	push_wide(g, old);
}

static LLVMValueRef exchange(struct gen *g, const struct gen_access *a,
			     LLVMValueRef expected, LLVMValueRef v)
{
	LLVMValueRef pair = LLVMBuildAtomicCmpXchg(
		g->b, a->at, narrow(g, expected), narrow(g, v),
		LLVMAtomicOrderingSequentiallyConsistent,
		LLVMAtomicOrderingSequentiallyConsistent, false);

	finish(g, pair);
	return LLVMBuildExtractValue(g->b, pair, 0, "");
}

/* An operand that does not fit what is in memory can't be equal to it: then
 * this is a load. */
static void cmpxchg(struct gen *g)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef v = gen_pop(g), expected = gen_pop(g), fits, from[2], phi;
	LLVMBasicBlockRef blocks[2], yes, no, next;

	resolve(g, &a);
	if (LLVMTypeOf(expected) == access_type(g)) {
		gen_push(g, exchange(g, &a, expected, v));
		return;
	}
	fits = LLVMBuildZExt(g->b, narrow(g, expected), LLVMTypeOf(expected),
			     "");
	fits = LLVMBuildICmp(g->b, LLVMIntEQ, fits, expected, "");
	yes = gen_block(g, "");
	no = gen_block(g, "");
	next = gen_block(g, "");
	LLVMSetMetadata(LLVMBuildCondBr(g->b, fits, yes, no), g->md_prof,
			g->likely);
	LLVMPositionBuilderAtEnd(g->b, yes);
	from[0] = exchange(g, &a, expected, v);
	blocks[0] = LLVMGetInsertBlock(g->b);
	LLVMBuildBr(g->b, next);
	LLVMPositionBuilderAtEnd(g->b, no);
	from[1] = load_from(g, &a);
	blocks[1] = LLVMGetInsertBlock(g->b);
	LLVMBuildBr(g->b, next);
	LLVMPositionBuilderAtEnd(g->b, next);
	phi = LLVMBuildPhi(g->b, access_type(g), "");
	LLVMAddIncoming(phi, from, blocks, 2);
	push_wide(g, phi);
}

/* --- waiting ----------------------------------------------------------------------- */

/* The address as the helpers take it: with the offset, and aligned; whether it
 * is in bounds they see themselves. */
static LLVMValueRef effective(struct gen *g, const struct gen_access *a)
{
	LLVMTypeRef t = g->i64;
	LLVMValueRef args[2], sum;

	check_aligned(g, a);
	args[0] = gen_pop(g);
	args[1] = gen_i64(g, a->offset);
	if (LLVMTypeOf(args[0]) == g->i32)
		return LLVMBuildAdd(g->b, gen_wide(g, args[0]), args[1], "");
	/* Beyond the end is also what wraps around. */
	sum = gen_intrinsic(g, "llvm.uadd.with.overflow", &t, 1, args, 2);
	gen_trap_if(g, LLVMBuildExtractValue(g->b, sum, 1, ""),
		    WASM_TRAP_MEMORY_BOUNDS);
	return LLVMBuildExtractValue(g->b, sum, 0, "");
}

static void wait(struct gen *g)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef args[5];

	args[0] = gen_i32(g, a.memory);
	args[3] = gen_pop(g);
	args[2] = gen_pop(g);
	args[1] = effective(g, &a);
	args[4] = gen_slots(g, 1);
	gen_helper_or_trap(
		g, g->op == OP_memory_atomic_wait32 ? GEN_wait32 : GEN_wait64,
		args, 5);
	gen_push(g, gen_state_load(g, g->i32, args[4]));
}

static void notify(struct gen *g)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef args[4];

	args[0] = gen_i32(g, a.memory);
	args[2] = gen_pop(g);
	args[1] = effective(g, &a);
	args[3] = gen_slots(g, 1);
	gen_helper_or_trap(g, GEN_notify, args, 4);
	gen_push(g, gen_state_load(g, g->i32, args[3]));
}

static void fence(struct gen *g)
{
	read_byte(&g->r);
	LLVMBuildFence(g->b, LLVMAtomicOrderingSequentiallyConsistent, false,
		       "");
}

/* --- all of them ------------------------------------------------------------------- */

/* Seven of each, of all widths, behind each other in opcodes.def. */
static const LLVMAtomicRMWBinOp rmw_ops[] = {
	LLVMAtomicRMWBinOpAdd, LLVMAtomicRMWBinOpSub, LLVMAtomicRMWBinOpAnd,
	LLVMAtomicRMWBinOpOr,  LLVMAtomicRMWBinOpXor, LLVMAtomicRMWBinOpXchg,
};

bool gen_atomic(struct gen *g)
{
	if (g->op < OP_memory_atomic_notify ||
	    g->op > OP_i64_atomic_rmw32_cmpxchg_u)
		return false;
	if (g->op == OP_memory_atomic_notify)
		notify(g);
	else if (g->op <= OP_memory_atomic_wait64)
		wait(g);
	else if (g->op == OP_atomic_fence)
		fence(g);
	else if (g->op <= OP_i64_atomic_load32_u)
		load(g);
	else if (g->op <= OP_i64_atomic_store32)
		store(g);
	else if (g->op < OP_i32_atomic_rmw_cmpxchg)
		rmw(g, rmw_ops[(g->op - OP_i32_atomic_rmw_add) / 7]);
	else
		cmpxchg(g);
	return true;
}
