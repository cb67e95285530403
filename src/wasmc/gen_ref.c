/* References: null, equality, i31, and tests of their type.  Only whether one
 * type of functions is a subtype of another is asked of the engine. */
#include "wasmc/gen.h"

#include <string.h>

/* --- simple ones ---------------------------------------------------------- */

LLVMValueRef gen_is_null(const struct gen *g, LLVMValueRef ref)
{
	return LLVMBuildICmp(g->b, LLVMIntEQ, ref, gen_i64(g, 0), "");
}

static void push_bool(struct gen *g, LLVMValueRef cond)
{
	gen_push(g, LLVMBuildZExt(g->b, cond, g->i32, ""));
}

static void ref_func(struct gen *g)
{
	LLVMValueRef func = GEN_ENTRY(g, func, read_u32(&g->r));

	gen_push(g, LLVMBuildPtrToInt(g->b, func, g->i64, ""));
}

static void ref_eq(struct gen *g)
{
	LLVMValueRef b = gen_pop(g), a = gen_pop(g);

	push_bool(g, LLVMBuildICmp(g->b, LLVMIntEQ, a, b, ""));
}

static void as_non_null(struct gen *g)
{
	gen_trap_if(g, gen_is_null(g, g->stack[g->n - 1]), WASM_TRAP_NULL_REF);
}

/* The label of br_on_null takes what is below the reference, that of
 * br_on_non_null takes it as well. */
static void br_on_null(struct gen *g)
{
	uint32_t depth = read_u32(&g->r);
	LLVMValueRef ref = gen_pop(g);

	gen_br_if(g, gen_is_null(g, ref), depth);
	gen_push(g, ref);
}

static void br_on_non_null(struct gen *g)
{
	uint32_t depth = read_u32(&g->r);
	LLVMValueRef null = gen_is_null(g, g->stack[g->n - 1]);

	gen_br_if(g, LLVMBuildNot(g->b, null, ""), depth);
	gen_pop(g);
}

/* (value << 1) | 1, of which the value's highest bit falls off. */
static void ref_i31(struct gen *g)
{
	LLVMValueRef one = gen_i32(g, 1),
		     v = LLVMBuildShl(g->b, gen_pop(g), one, "");

	v = LLVMBuildOr(g->b, v, one, "");
	gen_push(g, LLVMBuildZExt(g->b, v, g->i64, ""));
}

static void i31_get(struct gen *g)
{
	LLVMValueRef ref = gen_pop(g), one = gen_i32(g, 1), v;

	gen_trap_if(g, gen_is_null(g, ref), WASM_TRAP_NULL_I31);
	v = LLVMBuildTrunc(g->b, ref, g->i32, "");
	gen_push(g, g->op == OP_i31_get_s ? LLVMBuildAShr(g->b, v, one, "")
					  : LLVMBuildLShr(g->b, v, one, ""));
}

/* --- tests ---------------------------------------------------------------------- */

/* A heap type as helpers take it: an index of the module, or enum wasm_heap.
 * (read_heap_type() yields the store's number, which is another one when the
 * code runs.) */
struct heap {
	uint32_t type;
	bool func; /* of this hierarchy, whose references are no objects */
};

static struct heap read_heap(struct gen *g)
{
	int64_t v = reader_leb_s(&g->r, 33);
	struct heap h;

	if (v >= 0) {
		h.type = (uint32_t)v;
		h.func = g->m->types[v]->kind == TYPE_FUNC;
	} else {
		h.type = WASM_HEAP_ABSTRACT | ((uint32_t)v & 0x7f);
		h.func = h.type == WASM_HEAP_FUNC || h.type == WASM_HEAP_NOFUNC;
	}
	return h;
}

/* A question answered in several places: where they meet. */
struct verdict {
	LLVMBasicBlockRef done;
	LLVMValueRef phi;
};

static struct verdict begin_verdict(struct gen *g)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);
	struct verdict v = {.done = gen_block(g, "")};

	LLVMPositionBuilderAtEnd(g->b, v.done);
	v.phi = LLVMBuildPhi(g->b, g->i1, "");
	LLVMPositionBuilderAtEnd(g->b, here);
	return v;
}

static void add_answer(struct gen *g, struct verdict *v, LLVMValueRef answer)
{
	LLVMBasicBlockRef here = LLVMGetInsertBlock(g->b);

	LLVMAddIncoming(v->phi, &answer, &here, 1);
}

/* If `cond`, the answer is known; else go on. */
static void answer_if(struct gen *g, struct verdict *v, LLVMValueRef cond,
		      bool answer)
{
	LLVMBasicBlockRef next = gen_block(g, "");

	add_answer(g, v, LLVMConstInt(g->i1, answer, false));
	LLVMBuildCondBr(g->b, cond, v->done, next);
	LLVMPositionBuilderAtEnd(g->b, next);
}

static LLVMValueRef end_verdict(struct gen *g, struct verdict *v,
				LLVMValueRef answer)
{
	add_answer(g, v, answer);
	LLVMBuildBr(g->b, v->done);
	LLVMPositionBuilderAtEnd(g->b, v->done);
	return v->phi;
}

static LLVMValueRef ask_engine(struct gen *g, LLVMValueRef ref, struct heap h)
{
	LLVMValueRef args[3] = {ref, gen_i32(g, h.type), gen_i32(g, h.func)};

	return LLVMBuildTrunc(g->b, gen_helper(g, GEN_ref_test, args, 3), g->i1,
			      "");
}

static LLVMValueRef wanted(struct gen *g, struct heap h)
{
	LLVMValueRef types = gen_const_load(
		g, g->ptr, g->inst, offsetof(struct wasm_instance, types));

	return gen_const_load(g, g->ptr, types,
			      (uint64_t)h.type * sizeof(void *));
}

static LLVMValueRef same(struct gen *g, LLVMValueRef a, LLVMValueRef b)
{
	return LLVMBuildICmp(g->b, LLVMIntEQ, a, b, "");
}

static LLVMValueRef test_func(struct gen *g, LLVMValueRef ref, struct heap h,
			      bool null)
{
	struct verdict v;
	LLVMValueRef have, is;

	if (h.type == WASM_HEAP_NOFUNC)
		return null ? gen_is_null(g, ref)
			    : LLVMConstInt(g->i1, false, false);
	v = begin_verdict(g);
	answer_if(g, &v, gen_is_null(g, ref), null);
	if (h.type == WASM_HEAP_FUNC)
		return end_verdict(g, &v, LLVMConstInt(g->i1, true, false));
	have = gen_const_load(g, g->ptr,
			      LLVMBuildIntToPtr(g->b, ref, g->ptr, ""),
			      offsetof(struct wasm_func, type));
	is = same(g, have, wanted(g, h));
	if (!g->m->types[h.type]->final) {
		answer_if(g, &v, is, true);
		is = ask_engine(g, ref, h);
	}
	return end_verdict(g, &v, is);
}

static LLVMValueRef is_i31(struct gen *g, LLVMValueRef ref)
{
	return LLVMBuildTrunc(g->b, ref, g->i1, "");
}

#define LAYOUT(g, type, layout, field) \
	gen_const_load((g), (type), (layout), offsetof(struct gc_layout, field))

/* The type that is wanted is known to be so deep in its tree: it must be the
 * supertype at that depth.  A final type has no subtypes. */
static LLVMValueRef test_type(struct gen *g, struct verdict *v,
			      LLVMValueRef layout, struct heap h)
{
	uint32_t depth = g->m->types[h.type]->depth;
	LLVMValueRef n;

	if (g->m->types[h.type]->final)
		return same(g, LAYOUT(g, g->ptr, layout, type), wanted(g, h));
	n = LAYOUT(g, g->i32, layout, n_supers);
	answer_if(g, v,
		  LLVMBuildICmp(g->b, LLVMIntULE, n, gen_i32(g, depth), ""),
		  false);
	return same(g,
		    gen_const_load(g, g->ptr, LAYOUT(g, g->ptr, layout, supers),
				   depth * sizeof(void *)),
		    wanted(g, h));
}

/* `ref` is an object. */
static LLVMValueRef test_object(struct gen *g, struct verdict *v,
				LLVMValueRef ref, struct heap h)
{
	LLVMValueRef layout = gen_header_load(g, g->ptr, ref, 0), kind;

	if (!(h.type & WASM_HEAP_ABSTRACT))
		return test_type(g, v, layout, h);
	kind = LAYOUT(g, g->i32, layout, kind);
	if (h.type == WASM_HEAP_EQ)
		return LLVMBuildICmp(g->b, LLVMIntULE, kind,
				     gen_i32(g, GC_ARRAY), "");
	return same(
		g, kind,
		gen_i32(g, h.type == WASM_HEAP_STRUCT ? GC_STRUCT : GC_ARRAY));
}

/* Is `ref` of heap type `h`?  Null is if `null`. */
static LLVMValueRef test(struct gen *g, LLVMValueRef ref, struct heap h,
			 bool null)
{
	LLVMValueRef yes = LLVMConstInt(g->i1, true, false);
	struct verdict v;

	if (h.func)
		return test_func(g, ref, h, null);
	switch (h.type) {
	case WASM_HEAP_ANY:
	case WASM_HEAP_EXTERN:
	case WASM_HEAP_EXN:
		return null ? yes : LLVMBuildNot(g->b, gen_is_null(g, ref), "");
	case WASM_HEAP_NONE:
	case WASM_HEAP_NOEXTERN:
	case WASM_HEAP_NOEXN:
		return null ? gen_is_null(g, ref) : LLVMBuildNot(g->b, yes, "");
	case WASM_HEAP_I31:
		return null ? LLVMBuildOr(g->b, is_i31(g, ref),
					  gen_is_null(g, ref), "")
			    : is_i31(g, ref);
	}
	v = begin_verdict(g);
	answer_if(g, &v, gen_is_null(g, ref), null);
	answer_if(g, &v, is_i31(g, ref), h.type == WASM_HEAP_EQ);
	return end_verdict(g, &v, test_object(g, &v, ref, h));
}

static void ref_test(struct gen *g)
{
	struct heap h = read_heap(g);

	push_bool(g, test(g, gen_pop(g), h, g->op == OP_ref_test_null));
}

static void ref_cast(struct gen *g)
{
	struct heap h = read_heap(g);
	LLVMValueRef fits =
		test(g, g->stack[g->n - 1], h, g->op == OP_ref_cast_null);

	gen_trap_if(g, LLVMBuildNot(g->b, fits, ""), WASM_TRAP_CAST);
}

/* The label's last value is the reference, which stays where it is. */
static void br_on_cast(struct gen *g)
{
	uint8_t flags = read_byte(&g->r);
	uint32_t depth = read_u32(&g->r);
	struct heap h;
	LLVMValueRef cond;

	read_heap(g);
	h = read_heap(g);
	cond = test(g, g->stack[g->n - 1], h, flags & 2);
	if (g->op == OP_br_on_cast_fail)
		cond = LLVMBuildNot(g->b, cond, "");
	gen_br_if(g, cond, depth);
}

bool gen_reference(struct gen *g)
{
	switch (g->op) {
	case OP_ref_null:
		read_heap(g);
		gen_push(g, gen_i64(g, 0));
		return true;
	case OP_ref_is_null:
		push_bool(g, gen_is_null(g, gen_pop(g)));
		return true;
	case OP_ref_func:
		ref_func(g);
		return true;
	case OP_ref_eq:
		ref_eq(g);
		return true;
	case OP_ref_as_non_null:
		as_non_null(g);
		return true;
	case OP_br_on_null:
		br_on_null(g);
		return true;
	case OP_br_on_non_null:
		br_on_non_null(g);
		return true;
	case OP_ref_i31:
		ref_i31(g);
		return true;
	case OP_i31_get_s:
	case OP_i31_get_u:
		i31_get(g);
		return true;
	case OP_ref_test:
	case OP_ref_test_null:
		ref_test(g);
		return true;
	case OP_ref_cast:
	case OP_ref_cast_null:
		ref_cast(g);
		return true;
	case OP_br_on_cast:
	case OP_br_on_cast_fail:
		br_on_cast(g);
		return true;
	case OP_any_convert_extern:
	case OP_extern_convert_any:
		return true; /* the same word */
	default:
		return gen_object(g);
	}
}
