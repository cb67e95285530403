/* References, structs, arrays, casts. */
#include <errno.h>

#include "wasm/validate.h"

static wasm_type non_null(wasm_type t)
{
	return t ? ref_to(wasm_type_heap(t), false) : 0;
}

/* --- plain references ---------------------------------------------------- */

static int validate_ref_func(struct validator *v)
{
	uint32_t index = v_read_func(v);
	struct wasm_module *m = v->m;

	if (v->r.rc)
		return v->r.rc;
	if (v->constant)
		m->declared[index / 8] |= (uint8_t)(1 << index % 8);
	else if (!m->declared || !(m->declared[index / 8] >> index % 8 & 1))
		return v_fail(v, "undeclared function reference %u", index);
	v_push(v, ref_to(m->funcs[index]->id, false));
	return v->r.rc;
}

static int branch_on_null(struct validator *v)
{
	const struct ctrl *target = v_read_label(v);
	const wasm_type *types = label_types(target);
	uint32_t n = label_arity(target);
	wasm_type t = v_pop_ref(v);

	v_pop_all(v, types, n);
	v_push_all(v, types, n);
	v_push(v, non_null(t));
	return v->r.rc;
}

static int branch_on_non_null(struct validator *v)
{
	const struct ctrl *target = v_read_label(v);
	const wasm_type *types = label_types(target);
	uint32_t n = label_arity(target);
	wasm_type t = v_pop_ref(v);

	if (v->r.rc)
		return v->r.rc;
	if (n == 0)
		return v_fail(v, "type mismatch: the label takes no "
				 "reference");
	if (!wasm_type_is_ref(types[n - 1]) ||
	    !type_matches(v->types, non_null(t), types[n - 1]))
		return v_mismatch(v, types[n - 1], non_null(t));
	v_pop_all(v, types, n - 1);
	v_push_all(v, types, n - 1);
	return v->r.rc;
}

int validate_ref(struct validator *v)
{
	wasm_type t;

	switch (v->op) {
	case OP_ref_null:
		v_push(v, ref_to(read_heap_type(&v->r, v->m), true));
		break;
	case OP_ref_is_null:
		v_pop_ref(v);
		v_push(v, WASM_I32);
		break;
	case OP_ref_func:
		return validate_ref_func(v);
	case OP_ref_eq:
		v_pop(v, ref_to(WASM_HEAP_EQ, true));
		v_pop(v, ref_to(WASM_HEAP_EQ, true));
		v_push(v, WASM_I32);
		break;
	case OP_ref_as_non_null:
		t = v_pop_ref(v);
		v_push(v, non_null(t));
		break;
	case OP_br_on_null:
		return branch_on_null(v);
	default:
		return branch_on_non_null(v);
	}
	return v->r.rc;
}

/* --- structs ------------------------------------------------------------- */

static const struct field *read_field(struct validator *v,
				      const struct type **type)
{
	uint32_t index;

	*type = v_read_type(v, TYPE_STRUCT);
	index = read_u32(&v->r);
	if (v->r.rc)
		return NULL;
	if (index >= (*type)->n_fields) {
		v_fail(v, "unknown field %u", index);
		return NULL;
	}
	return &(*type)->fields[index];
}

/* get, get_s and get_u: the latter two for packed fields, and only those. */
static int check_packing(struct validator *v, const struct field *f, bool plain)
{
	if (type_is_packed(f->type) == plain)
		return v_fail(v, plain ? "field is packed"
				       : "field is not packed");
	return 0;
}

static int validate_struct(struct validator *v)
{
	const struct type *t;
	const struct field *f;

	if (v->op == OP_struct_new || v->op == OP_struct_new_default) {
		t = v_read_type(v, TYPE_STRUCT);
		for (uint32_t i = t ? t->n_fields : 0; i-- > 0;) {
			if (v->op == OP_struct_new)
				v_pop(v, type_unpacked(t->fields[i].type));
			else if (!type_defaultable(t->fields[i].type))
				return v_fail(v, "field type is not "
						 "defaultable");
		}
		if (t)
			v_push(v, ref_to(t->id, false));
		return v->r.rc;
	}
	f = read_field(v, &t);
	if (!f)
		return v->r.rc;
	if (v->op == OP_struct_set) {
		if (!f->is_mutable)
			return v_fail(v, "immutable field");
		v_pop(v, type_unpacked(f->type));
		v_pop(v, ref_to(t->id, true));
		return v->r.rc;
	}
	if (check_packing(v, f, v->op == OP_struct_get))
		return v->r.rc;
	v_pop(v, ref_to(t->id, true));
	v_push(v, type_unpacked(f->type));
	return v->r.rc;
}

/* --- arrays -------------------------------------------------------------- */

static int new_array(struct validator *v, const struct type *t)
{
	wasm_type elem = t->fields[0].type;
	uint32_t n;

	switch (v->op) {
	case OP_array_new:
		v_pop(v, WASM_I32);
		v_pop(v, type_unpacked(elem));
		break;
	case OP_array_new_default:
		if (!type_defaultable(elem))
			return v_fail(v, "array type is not defaultable");
		v_pop(v, WASM_I32);
		break;
	case OP_array_new_fixed:
		n = read_u32(&v->r);
		if (n > 10000)
			return reader_fail(&v->r, v->at, -ENOTSUP,
					   "more than 10000 elements in "
					   "array.new_fixed");
		for (uint32_t i = 0; i < n && !v->r.rc; i++)
			v_pop(v, type_unpacked(elem));
		break;
	case OP_array_new_data:
		v_read_data(v);
		if (!v->r.rc && wasm_type_is_ref(elem))
			return v_fail(v, "array type is not numeric or vector");
		v_pop(v, WASM_I32);
		v_pop(v, WASM_I32);
		break;
	default: /* array.new_elem */
		n = v_read_elem(v);
		if (!v->r.rc &&
		    !type_matches(v->types, v->m->elems[n].type, elem))
			return v_mismatch(v, elem, v->m->elems[n].type);
		v_pop(v, WASM_I32);
		v_pop(v, WASM_I32);
	}
	v_push(v, ref_to(t->id, false));
	return v->r.rc;
}

static int copy_array(struct validator *v, const struct type *to)
{
	const struct type *from = v_read_type(v, TYPE_ARRAY);
	wasm_type a, b;

	if (!from)
		return v->r.rc;
	a = to->fields[0].type;
	b = from->fields[0].type;
	if (!to->fields[0].is_mutable)
		return v_fail(v, "immutable array");
	if (a != b && !(wasm_type_is_ref(a) && type_matches(v->types, b, a)))
		return v_fail(v, "array types do not match");
	v_pop(v, WASM_I32);
	v_pop(v, WASM_I32);
	v_pop(v, ref_to(from->id, true));
	v_pop(v, WASM_I32);
	v_pop(v, ref_to(to->id, true));
	return v->r.rc;
}

static int init_array(struct validator *v, const struct type *t)
{
	wasm_type elem = t->fields[0].type;
	uint32_t index;

	if (!t->fields[0].is_mutable)
		return v_fail(v, "immutable array");
	if (v->op == OP_array_init_data) {
		v_read_data(v);
		if (!v->r.rc && wasm_type_is_ref(elem))
			return v_fail(v, "array type is not numeric or vector");
	} else {
		index = v_read_elem(v);
		if (!v->r.rc &&
		    !type_matches(v->types, v->m->elems[index].type, elem))
			return v_mismatch(v, elem, v->m->elems[index].type);
	}
	v_pop(v, WASM_I32);
	v_pop(v, WASM_I32);
	v_pop(v, WASM_I32);
	v_pop(v, ref_to(t->id, true));
	return v->r.rc;
}

static int validate_array(struct validator *v)
{
	const struct type *t = v_read_type(v, TYPE_ARRAY);
	const struct field *f;

	if (!t)
		return v->r.rc;
	f = &t->fields[0];
	switch (v->op) {
	case OP_array_get:
	case OP_array_get_s:
	case OP_array_get_u:
		if (check_packing(v, f, v->op == OP_array_get))
			return v->r.rc;
		v_pop(v, WASM_I32);
		v_pop(v, ref_to(t->id, true));
		v_push(v, type_unpacked(f->type));
		return v->r.rc;
	case OP_array_set:
	case OP_array_fill:
		if (!f->is_mutable)
			return v_fail(v, "immutable array");
		if (v->op == OP_array_fill)
			v_pop(v, WASM_I32);
		v_pop(v, type_unpacked(f->type));
		v_pop(v, WASM_I32);
		v_pop(v, ref_to(t->id, true));
		return v->r.rc;
	case OP_array_copy:
		return copy_array(v, t);
	case OP_array_init_data:
	case OP_array_init_elem:
		return init_array(v, t);
	default:
		return new_array(v, t);
	}
}

/* --- casts --------------------------------------------------------------- */

static int validate_cast(struct validator *v)
{
	bool null = v->op == OP_ref_test_null || v->op == OP_ref_cast_null;
	bool test = v->op == OP_ref_test || v->op == OP_ref_test_null;
	uint32_t heap = read_heap_type(&v->r, v->m);

	if (v->r.rc)
		return v->r.rc;
	v_pop(v, ref_to(heap_top(v->types, heap), true));
	v_push(v, test ? WASM_I32 : ref_to(heap, null));
	return v->r.rc;
}

static int branch_on_cast(struct validator *v)
{
	uint8_t flags = read_byte(&v->r);
	const struct ctrl *target = v_read_label(v);
	wasm_type from = ref_to(read_heap_type(&v->r, v->m), flags & 1);
	wasm_type to = ref_to(read_heap_type(&v->r, v->m), flags & 2);
	const wasm_type *types = label_types(target);
	wasm_type rest, taken;
	uint32_t n = label_arity(target);

	if (v->r.rc)
		return v->r.rc;
	if (flags > 3)
		return reader_fail(&v->r, v->at, -ENOEXEC,
				   "malformed br_on_cast flags");
	if (!type_matches(v->types, to, from))
		return v_mismatch(v, from, to);
	/* What fails the cast is no null, if null would have passed. */
	rest = flags & 2 ? non_null(from) : from;
	taken = v->op == OP_br_on_cast ? to : rest;
	if (n == 0)
		return v_fail(v, "type mismatch: the label takes no "
				 "reference");
	if (!type_matches(v->types, taken, types[n - 1]))
		return v_mismatch(v, types[n - 1], taken);
	v_pop(v, from);
	v_pop_all(v, types, n - 1);
	v_push_all(v, types, n - 1);
	v_push(v, v->op == OP_br_on_cast ? rest : to);
	return v->r.rc;
}

static int convert(struct validator *v, uint32_t from, uint32_t to)
{
	wasm_type t = v_pop(v, ref_to(from, true));

	v_push(v, ref_to(to, t == 0 || (t & 0xff) == WASM_REF_NULL));
	return v->r.rc;
}

int validate_gc(struct validator *v)
{
	switch (v->op) {
	case OP_struct_new:
	case OP_struct_new_default:
	case OP_struct_get:
	case OP_struct_get_s:
	case OP_struct_get_u:
	case OP_struct_set:
		return validate_struct(v);
	case OP_array_len:
		v_pop(v, ref_to(WASM_HEAP_ARRAY, true));
		v_push(v, WASM_I32);
		return v->r.rc;
	case OP_ref_test:
	case OP_ref_test_null:
	case OP_ref_cast:
	case OP_ref_cast_null:
		return validate_cast(v);
	case OP_br_on_cast:
	case OP_br_on_cast_fail:
		return branch_on_cast(v);
	case OP_any_convert_extern:
		return convert(v, WASM_HEAP_EXTERN, WASM_HEAP_ANY);
	case OP_extern_convert_any:
		return convert(v, WASM_HEAP_ANY, WASM_HEAP_EXTERN);
	case OP_ref_i31:
		v_pop(v, WASM_I32);
		v_push(v, ref_to(WASM_HEAP_I31, false));
		return v->r.rc;
	case OP_i31_get_s:
	case OP_i31_get_u:
		v_pop(v, ref_to(WASM_HEAP_I31, true));
		v_push(v, WASM_I32);
		return v->r.rc;
	default:
		return validate_array(v);
	}
}
