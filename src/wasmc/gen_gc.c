/* Structs and arrays.  Fields are loaded and stored where their layout has
 * them, which is the same in every store; making objects, and what moves many
 * elements, is the engine's.
 *
 * The collector looks for addresses within objects in registers and on the
 * stack (wasm/gc.h, gc_mark_inside()).  LLVM may keep a derived address only,
 * but that is enough: after whatever may collect, a field is found at a
 * constant offset, and an array's length, which is part of it, is read before
 * any element. */
#include "wasmc/gen.h"

static const struct type *read_type(struct gen *g, uint32_t *index)
{
	*index = read_u32(&g->r);
	return g->m->types[*index];
}

/* --- objects in memory ---------------------------------------------------- */

static LLVMTypeRef field_type(const struct gen *g, wasm_type t)
{
	switch (t) {
	case WASM_I8:
		return g->i8;
	case WASM_I16:
		return g->i16;
	default:
		return gen_type(g, t);
	}
}

LLVMValueRef gen_header_load(const struct gen *g, LLVMTypeRef t,
			     LLVMValueRef ref, uint64_t offset)
{
	LLVMValueRef at = LLVMBuildIntToPtr(g->b, ref, g->ptr, "");
	LLVMValueRef v = gen_state_load(g, t, gen_at(g, at, offset));

	LLVMSetMetadata(v, g->md_scope, g->header_scope);
	LLVMSetMetadata(v, g->md_noalias, g->not_header);
	return v;
}

static LLVMValueRef load_field(struct gen *g, wasm_type t, LLVMValueRef at,
			       bool is_signed)
{
	LLVMValueRef v = gen_state_load(g, field_type(g, t), at);

	LLVMSetMetadata(v, g->md_scope, g->field_scope);
	LLVMSetMetadata(v, g->md_noalias, g->not_field);
	if (!type_is_packed(t))
		return v;
	return is_signed ? LLVMBuildSExt(g->b, v, g->i32, "")
			 : LLVMBuildZExt(g->b, v, g->i32, "");
}

static void store_field(struct gen *g, wasm_type t, LLVMValueRef v,
			LLVMValueRef at)
{
	LLVMTypeRef type = field_type(g, t);
	LLVMValueRef s;

	if (type_is_packed(t))
		v = LLVMBuildTrunc(g->b, v, type, "");
	gen_state_store(g, gen_as(g, v, type), at);
	s = LLVMGetLastInstruction(LLVMGetInsertBlock(g->b));
	LLVMSetMetadata(s, g->md_scope, g->field_scope);
	LLVMSetMetadata(s, g->md_noalias, g->not_field);
}

static LLVMValueRef new_object(struct gen *g, LLVMValueRef ref)
{
	gen_trap_if(g, gen_is_null(g, ref), WASM_TRAP_HEAP_FULL);
	return ref;
}

/* An operand in slots, for a helper. */
static LLVMValueRef pop_value(struct gen *g, wasm_type type)
{
	LLVMValueRef slots = gen_slots(g, 2), v = gen_pop(g);

	gen_to_slots(g, slots, &type, &v, 1);
	return slots;
}

/* --- structs -------------------------------------------------------------------- */

/* The values are stored when the object is there: until then they are where
 * the collector finds them, as all that code still needs. */
static void struct_new(struct gen *g, const struct type *t, uint32_t index)
{
	LLVMValueRef arg = gen_i32(g, index), *v, ref, at;

	if (g->op == OP_struct_new)
		g->n -= t->n_fields;
	v = g->stack + g->n;
	ref = new_object(g, gen_helper(g, GEN_struct_new, &arg, 1));
	at = LLVMBuildIntToPtr(g->b, ref, g->ptr, "");
	for (uint32_t i = 0; g->op == OP_struct_new && i < t->n_fields; i++)
		store_field(g, t->fields[i].type, v[i],
			    gen_at(g, at, t->layout->offset[i]));
	gen_push(g, ref);
}

static LLVMValueRef field_at(struct gen *g, const struct type *t,
			     uint32_t field, LLVMValueRef ref)
{
	gen_trap_if(g, gen_is_null(g, ref), WASM_TRAP_NULL_STRUCT);
	return gen_at(g, LLVMBuildIntToPtr(g->b, ref, g->ptr, ""),
		      t->layout->offset[field]);
}

static void struct_access(struct gen *g, const struct type *t)
{
	uint32_t field = read_u32(&g->r);
	wasm_type type = t->fields[field].type;
	LLVMValueRef v, ref;

	if (g->op == OP_struct_set) {
		v = gen_pop(g);
		ref = gen_pop(g);
		store_field(g, type, v, field_at(g, t, field, ref));
		return;
	}
	ref = gen_pop(g);
	gen_push(g, load_field(g, type, field_at(g, t, field, ref),
			       g->op == OP_struct_get_s));
}

/* --- arrays ------------------------------------------------------------------------ */

static LLVMValueRef array_length(struct gen *g, LLVMValueRef ref)
{
	gen_trap_if(g, gen_is_null(g, ref), WASM_TRAP_NULL_ARRAY);
	return gen_header_load(g, g->i32, ref,
			       offsetof(struct gc_array, length));
}

static LLVMValueRef element_at(struct gen *g, const struct type *t,
			       LLVMValueRef ref, LLVMValueRef index)
{
	LLVMValueRef length = array_length(g, ref), data;

	gen_trap_if(g, LLVMBuildICmp(g->b, LLVMIntUGE, index, length, ""),
		    WASM_TRAP_ARRAY_BOUNDS);
	data = gen_at(g, LLVMBuildIntToPtr(g->b, ref, g->ptr, ""),
		      offsetof(struct gc_array, data));
	index = LLVMBuildZExt(g->b, index, g->i64, "");
	return LLVMBuildGEP2(g->b, field_type(g, t->fields[0].type), data,
			     &index, 1, "");
}

static void array_access(struct gen *g, const struct type *t)
{
	wasm_type type = t->fields[0].type;
	LLVMValueRef v = g->op == OP_array_set ? gen_pop(g) : NULL;
	LLVMValueRef index = gen_pop(g), ref = gen_pop(g);
	LLVMValueRef at = element_at(g, t, ref, index);

	if (v)
		store_field(g, type, v, at);
	else
		gen_push(g, load_field(g, type, at, g->op == OP_array_get_s));
}

static void array_new(struct gen *g, const struct type *t, uint32_t index)
{
	wasm_type type = type_unpacked(t->fields[0].type);
	LLVMValueRef args[3] = {gen_i32(g, index), LLVMConstNull(g->ptr)};

	args[2] = gen_pop(g);
	if (g->op == OP_array_new)
		args[1] = pop_value(g, type);
	gen_push(g, new_object(g, gen_helper(g, GEN_array_new, args, 3)));
}

static void array_new_fixed(struct gen *g, const struct type *t, uint32_t index)
{
	wasm_type type = t->fields[0].type;
	uint32_t n = read_u32(&g->r);
	LLVMValueRef args[3] = {gen_i32(g, index), LLVMConstNull(g->ptr),
				gen_i32(g, n)};
	LLVMValueRef ref = new_object(g, gen_helper(g, GEN_array_new, args, 3));
	LLVMValueRef at = LLVMBuildIntToPtr(g->b, ref, g->ptr, "");
	uint64_t offset = offsetof(struct gc_array, data);

	g->n -= n;
	for (uint32_t i = 0; i < n; i++) {
		store_field(g, type, g->stack[g->n + i], gen_at(g, at, offset));
		offset += 1u << gc_storage_shift(t->layout->element);
	}
	gen_push(g, ref);
}

static void array_new_segment(struct gen *g, uint32_t index)
{
	LLVMValueRef args[5] = {gen_i32(g, index), gen_i32(g, read_u32(&g->r))};

	args[3] = gen_pop(g);
	args[2] = gen_pop(g);
	args[4] = gen_slots(g, 1);
	gen_helper_or_trap(g,
			   g->op == OP_array_new_data ? GEN_array_new_data
						      : GEN_array_new_elem,
			   args, 5);
	gen_push(g, gen_state_load(g, g->i64, args[4]));
}

static void array_fill(struct gen *g, const struct type *t)
{
	wasm_type type = type_unpacked(t->fields[0].type);
	LLVMValueRef args[4];

	args[3] = gen_pop(g);
	args[2] = pop_value(g, type);
	args[1] = gen_pop(g);
	args[0] = gen_pop(g);
	gen_helper_or_trap(g, GEN_array_fill, args, 4);
}

static void array_copy(struct gen *g)
{
	LLVMValueRef args[5];

	read_u32(&g->r); /* the source's type */
	for (int i = 4; i >= 0; i--)
		args[i] = gen_pop(g);
	gen_helper_or_trap(g, GEN_array_copy, args, 5);
}

static void array_init(struct gen *g)
{
	LLVMValueRef args[5];

	args[2] = gen_i32(g, read_u32(&g->r));
	args[4] = gen_pop(g);
	args[3] = gen_pop(g);
	args[1] = gen_pop(g);
	args[0] = gen_pop(g);
	gen_helper_or_trap(g,
			   g->op == OP_array_init_data ? GEN_array_init_data
						       : GEN_array_init_elem,
			   args, 5);
}

static bool array_op(struct gen *g, const struct type *t, uint32_t index)
{
	switch (g->op) {
	case OP_array_new:
	case OP_array_new_default:
		array_new(g, t, index);
		return true;
	case OP_array_new_fixed:
		array_new_fixed(g, t, index);
		return true;
	case OP_array_new_data:
	case OP_array_new_elem:
		array_new_segment(g, index);
		return true;
	case OP_array_get:
	case OP_array_get_s:
	case OP_array_get_u:
	case OP_array_set:
		array_access(g, t);
		return true;
	case OP_array_fill:
		array_fill(g, t);
		return true;
	case OP_array_copy:
		array_copy(g);
		return true;
	case OP_array_init_data:
	case OP_array_init_elem:
		array_init(g);
		return true;
	default:
		return false;
	}
}

bool gen_object(struct gen *g)
{
	const struct type *t;
	uint32_t index;

	if (g->op == OP_array_len) {
		gen_push(g, array_length(g, gen_pop(g)));
		return true;
	}
	if (g->op < OP_struct_new || g->op > OP_array_init_elem)
		return false;
	t = read_type(g, &index);
	switch (g->op) {
	case OP_struct_new:
	case OP_struct_new_default:
		struct_new(g, t, index);
		return true;
	case OP_struct_get:
	case OP_struct_get_s:
	case OP_struct_get_u:
	case OP_struct_set:
		struct_access(g, t);
		return true;
	default:
		return array_op(g, t, index);
	}
}
