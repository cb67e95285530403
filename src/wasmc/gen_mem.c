/* Linear memory.
 *
 * A 32-bit memory is one with guard pages (wasm/memory.h), or the engine does
 * not use the image: so an access is base + index + offset, and what is out of
 * bounds faults.  A 64-bit one is compared with its size. */
#include "wasmc/gen.h"

#include <string.h>

#define MEMORY_AT(field) offsetof(struct wasm_memory, field)

LLVMValueRef gen_wide(struct gen *g, LLVMValueRef v)
{
	return LLVMBuildZExt(g->b, v, g->i64, "");
}

/* --- addresses ---------------------------------------------------------------- */

struct gen_access gen_memarg(struct gen *g)
{
	struct gen_access a = {0};

	if (read_u32(&g->r) >= 64)
		a.memory = read_u32(&g->r);
	a.offset = read_u64(&g->r);
	return a;
}

static LLVMValueRef guarded_base(struct gen *g, uint32_t memory)
{
	if (memory == 0)
		return gen_const_load(
			g, g->ptr, g->inst,
			offsetof(struct wasm_instance, mem0_base));
	return gen_const_load(g, g->ptr, GEN_ENTRY(g, memory, memory),
			      MEMORY_AT(base));
}

static LLVMValueRef checked(struct gen *g, const struct gen_access *a,
			    LLVMValueRef index, unsigned int size)
{
	LLVMValueRef memory = GEN_ENTRY(g, memory, a->memory), len, end, base,
		     bad;
	LLVMTypeRef t = g->i64;
	LLVMValueRef args[2] = {index, NULL}, sum;

	/* index + (offset + size) must not wrap, nor be beyond the end. */
	if (a->offset > UINT64_MAX - size) {
		gen_trap(g, WASM_TRAP_MEMORY_BOUNDS);
		return LLVMConstNull(g->ptr);
	}
	args[1] = gen_i64(g, a->offset + size);
	sum = gen_intrinsic(g, "llvm.uadd.with.overflow", &t, 1, args, 2);
	end = LLVMBuildExtractValue(g->b, sum, 0, "");
	bad = LLVMBuildExtractValue(g->b, sum, 1, "");
	len = gen_state_load(g, g->i64, gen_at(g, memory, MEMORY_AT(size)));
	bad = LLVMBuildOr(g->b, bad,
			  LLVMBuildICmp(g->b, LLVMIntUGT, end, len, ""), "");
	gen_trap_if(g, bad, WASM_TRAP_MEMORY_BOUNDS);
	base = gen_state_load(g, g->ptr, gen_at(g, memory, MEMORY_AT(base)));
	return LLVMBuildGEP2(g->b, g->i8, base, &index, 1, "");
}

void gen_resolve(struct gen *g, struct gen_access *a, unsigned int size)
{
	LLVMValueRef index = gen_pop(g), at;

	if (g->m->memories[a->memory].is64) {
		at = checked(g, a, index, size);
	} else {
		index = gen_wide(g, index);
		at = guarded_base(g, a->memory);
		at = LLVMBuildGEP2(g->b, g->i8, at, &index, 1, "");
	}
	a->at = gen_at(g, at, a->offset);
}

struct gen_access gen_address(struct gen *g, unsigned int size)
{
	struct gen_access a = gen_memarg(g);

	gen_resolve(g, &a, size);
	return a;
}

/* --- loads and stores ------------------------------------------------------------ */

LLVMValueRef gen_load(struct gen *g, LLVMTypeRef t, const struct gen_access *a)
{
	LLVMValueRef v = LLVMBuildLoad2(g->b, t, a->at, "");

	LLVMSetAlignment(v, 1);
	gen_is_memory(g, v);
	/* Else one that nobody uses is gone, with the trap that it may be. */
	LLVMSetVolatile(v, g->opt->strict);
	return v;
}

void gen_store(struct gen *g, LLVMValueRef v, const struct gen_access *a)
{
	LLVMValueRef s = LLVMBuildStore(g->b, v, a->at);

	LLVMSetAlignment(s, 1);
	gen_is_memory(g, s);
	LLVMSetVolatile(s, g->opt->strict);
}

/* What is in memory, what it becomes, and whether by its sign. */
struct access_type {
	LLVMTypeRef in_memory, value;
	bool is_signed;
};

static struct access_type access_type(const struct gen *g)
{
	switch (g->op) {
#define CASE(op, m, v, s) \
	case OP_##op:     \
		return (struct access_type){g->m, g->v, s};
		CASE(i32_load, i32, i32, false)
		CASE(i64_load, i64, i64, false)
		CASE(f32_load, f32, f32, false)
		CASE(f64_load, f64, f64, false)
		CASE(i32_load8_s, i8, i32, true)
		CASE(i32_load8_u, i8, i32, false)
		CASE(i32_load16_s, i16, i32, true)
		CASE(i32_load16_u, i16, i32, false)
		CASE(i64_load8_s, i8, i64, true)
		CASE(i64_load8_u, i8, i64, false)
		CASE(i64_load16_s, i16, i64, true)
		CASE(i64_load16_u, i16, i64, false)
		CASE(i64_load32_s, i32, i64, true)
		CASE(i64_load32_u, i32, i64, false)
		CASE(i32_store, i32, i32, false)
		CASE(i64_store, i64, i64, false)
		CASE(f32_store, f32, f32, false)
		CASE(f64_store, f64, f64, false)
		CASE(i32_store8, i8, i32, false)
		CASE(i32_store16, i16, i32, false)
		CASE(i64_store8, i8, i64, false)
		CASE(i64_store16, i16, i64, false)
		CASE(i64_store32, i32, i64, false)
#undef CASE
	default:
		return (struct access_type){0};
	}
}

static void load(struct gen *g)
{
	struct access_type t = access_type(g);
	struct gen_access a = gen_address(g, 1u << op_info[g->op].aux);
	LLVMValueRef v = gen_load(g, t.in_memory, &a);

	if (t.in_memory != t.value)
		v = t.is_signed ? LLVMBuildSExt(g->b, v, t.value, "")
				: LLVMBuildZExt(g->b, v, t.value, "");
	gen_push(g, v);
}

static void store(struct gen *g)
{
	struct access_type t = access_type(g);
	struct gen_access a = gen_memarg(g);
	LLVMValueRef v = gen_pop(g);

	gen_resolve(g, &a, 1u << op_info[g->op].aux);
	if (t.in_memory != t.value)
		v = LLVMBuildTrunc(g->b, v, t.in_memory, "");
	gen_store(g, v, &a);
}

/* --- sizes and bulk instructions ---------------------------------------------------- */

static LLVMValueRef narrow(struct gen *g, LLVMValueRef v, bool is64)
{
	return is64 ? v : LLVMBuildTrunc(g->b, v, g->i32, "");
}

static void memory_size(struct gen *g)
{
	uint32_t index = read_u32(&g->r);
	LLVMValueRef at =
		gen_at(g, GEN_ENTRY(g, memory, index), MEMORY_AT(size));
	LLVMValueRef pages = LLVMBuildLShr(g->b, gen_state_load(g, g->i64, at),
					   gen_i64(g, 16), "");

	gen_push(g, narrow(g, pages, g->m->memories[index].is64));
}

static void memory_grow(struct gen *g)
{
	uint32_t index = read_u32(&g->r);
	LLVMValueRef args[2] = {gen_i32(g, index), gen_wide(g, gen_pop(g))};
	LLVMValueRef old = gen_helper(g, GEN_memory_grow, args, 2);

	gen_push(g, narrow(g, old, g->m->memories[index].is64));
}

/* Bulk instructions of memories and tables have the same operands. */
static void fill(struct gen *g, enum gen_helper h)
{
	LLVMValueRef args[4] = {gen_i32(g, read_u32(&g->r))};

	args[3] = gen_wide(g, gen_pop(g));
	args[2] = gen_pop(g);
	args[1] = gen_wide(g, gen_pop(g));
	gen_helper_or_trap(g, h, args, 4);
}

static void copy(struct gen *g, enum gen_helper h)
{
	LLVMValueRef args[5];

	args[0] = gen_i32(g, read_u32(&g->r));
	args[1] = gen_i32(g, read_u32(&g->r));
	args[4] = gen_wide(g, gen_pop(g));
	args[3] = gen_wide(g, gen_pop(g));
	args[2] = gen_wide(g, gen_pop(g));
	gen_helper_or_trap(g, h, args, 5);
}

static void init(struct gen *g, enum gen_helper h)
{
	LLVMValueRef args[5];

	args[1] = gen_i32(g, read_u32(&g->r));
	args[0] = gen_i32(g, read_u32(&g->r));
	args[4] = gen_pop(g);
	args[3] = gen_pop(g);
	args[2] = gen_wide(g, gen_pop(g));
	gen_helper_or_trap(g, h, args, 5);
}

static void drop(struct gen *g, enum gen_helper h)
{
	LLVMValueRef arg = gen_i32(g, read_u32(&g->r));

	gen_helper(g, h, &arg, 1);
}

bool gen_bulk(struct gen *g)
{
	switch (g->op) {
	case OP_memory_fill:
		fill(g, GEN_memory_fill);
		return true;
	case OP_table_fill:
		fill(g, GEN_table_fill);
		return true;
	case OP_memory_copy:
		copy(g, GEN_memory_copy);
		return true;
	case OP_table_copy:
		copy(g, GEN_table_copy);
		return true;
	case OP_memory_init:
		init(g, GEN_memory_init);
		return true;
	case OP_table_init:
		init(g, GEN_table_init);
		return true;
	case OP_data_drop:
		drop(g, GEN_data_drop);
		return true;
	case OP_elem_drop:
		drop(g, GEN_elem_drop);
		return true;
	default:
		return false;
	}
}

bool gen_memory(struct gen *g)
{
	if (g->op >= OP_i32_load && g->op <= OP_i64_load32_u) {
		load(g);
		return true;
	}
	if (g->op >= OP_i32_store && g->op <= OP_i64_store32) {
		store(g);
		return true;
	}
	switch (g->op) {
	case OP_memory_size:
		memory_size(g);
		return true;
	case OP_memory_grow:
		memory_grow(g);
		return true;
	default:
		return false;
	}
}
