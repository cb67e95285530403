/* Variables, tables, and the bulk instructions of memories and tables. */
#include <errno.h>

#include "wasm/validate.h"

/* --- variables ----------------------------------------------------------- */

static int mark_set(struct validator *v, uint32_t local)
{
	if (v->is_set[local])
		return 0;
	if (v->n_set == v->set_cap) {
		uint32_t cap = v->set_cap ? v->set_cap * 2 : 16;
		uint32_t *list = realloc(v->set_list, cap * sizeof(list[0]));

		if (!list)
			return reader_fail(&v->r, v->at, -ENOMEM,
					   "out of memory");
		v->set_list = list;
		v->set_cap = cap;
	}
	v->is_set[local] = 1;
	v->set_list[v->n_set++] = local;
	return 0;
}

static int validate_local(struct validator *v)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && index >= v->n_locals)
		return v_fail(v, "unknown local %u", index);
	if (v->r.rc)
		return v->r.rc;
	switch (v->op) {
	case OP_local_get:
		if (!v->is_set[index])
			return v_fail(v, "uninitialized local %u", index);
		v_push(v, v->locals[index]);
		break;
	case OP_local_set:
		v_pop(v, v->locals[index]);
		return mark_set(v, index);
	default:
		v_pop(v, v->locals[index]);
		v_push(v, v->locals[index]);
		return mark_set(v, index);
	}
	return v->r.rc;
}

static int validate_global(struct validator *v)
{
	uint32_t index = read_u32(&v->r);
	const struct global_desc *g;

	if (!v->r.rc && index >= (v->constant ? v->n_globals : v->m->n_globals))
		return v_fail(v, "unknown global %u", index);
	if (v->r.rc)
		return v->r.rc;
	g = &v->m->globals[index];
	if (v->op == OP_global_get) {
		if (v->constant && g->is_mutable)
			return v_fail(v,
				      "constant expression required: "
				      "global %u is mutable",
				      index);
		v_push(v, g->type);
		return v->r.rc;
	}
	if (!g->is_mutable)
		return v_fail(v, "immutable global %u", index);
	v_pop(v, g->type);
	return v->r.rc;
}

int validate_variable(struct validator *v)
{
	return v->op == OP_global_get || v->op == OP_global_set
		       ? validate_global(v)
		       : validate_local(v);
}

/* --- memories ------------------------------------------------------------ */

/* The length of a copy between two spaces has the smaller address type. */
static wasm_type smaller(wasm_type a, wasm_type b)
{
	return a == WASM_I64 && b == WASM_I64 ? WASM_I64 : WASM_I32;
}

static int validate_memory(struct validator *v)
{
	wasm_type a, b;

	switch (v->op) {
	case OP_memory_size:
		v_push(v, v_read_memory(v));
		break;
	case OP_memory_grow:
		a = v_read_memory(v);
		v_pop(v, a);
		v_push(v, a);
		break;
	case OP_memory_init:
		v_read_data(v);
		a = v_read_memory(v);
		v_pop(v, WASM_I32);
		v_pop(v, WASM_I32);
		v_pop(v, a);
		break;
	case OP_data_drop:
		v_read_data(v);
		break;
	case OP_memory_copy:
		a = v_read_memory(v);
		b = v_read_memory(v);
		v_pop(v, smaller(a, b));
		v_pop(v, b);
		v_pop(v, a);
		break;
	default: /* memory.fill */
		a = v_read_memory(v);
		v_pop(v, a);
		v_pop(v, WASM_I32);
		v_pop(v, a);
	}
	return v->r.rc;
}

/* --- tables -------------------------------------------------------------- */

static wasm_type read_table(struct validator *v, wasm_type *address)
{
	bool is64 = false;
	wasm_type elem = v_read_table(v, &is64);

	*address = is64 ? WASM_I64 : WASM_I32;
	return elem;
}

static int validate_table_copy(struct validator *v)
{
	wasm_type to_at, from_at, to = read_table(v, &to_at);
	wasm_type from = read_table(v, &from_at);

	if (!v->r.rc && !type_matches(v->types, from, to))
		return v_mismatch(v, to, from);
	v_pop(v, smaller(to_at, from_at));
	v_pop(v, from_at);
	v_pop(v, to_at);
	return v->r.rc;
}

static int validate_table_init(struct validator *v)
{
	uint32_t elem = v_read_elem(v);
	wasm_type at, to = read_table(v, &at);

	if (v->r.rc)
		return v->r.rc;
	if (!type_matches(v->types, v->m->elems[elem].type, to))
		return v_mismatch(v, to, v->m->elems[elem].type);
	v_pop(v, WASM_I32);
	v_pop(v, WASM_I32);
	v_pop(v, at);
	return v->r.rc;
}

static int validate_table(struct validator *v)
{
	wasm_type at, elem;

	switch (v->op) {
	case OP_table_copy:
		return validate_table_copy(v);
	case OP_table_init:
		return validate_table_init(v);
	case OP_elem_drop:
		v_read_elem(v);
		return v->r.rc;
	default:
		break;
	}
	elem = read_table(v, &at);
	switch (v->op) {
	case OP_table_get:
		v_pop(v, at);
		v_push(v, elem);
		break;
	case OP_table_set:
		v_pop(v, elem);
		v_pop(v, at);
		break;
	case OP_table_size:
		v_push(v, at);
		break;
	case OP_table_grow:
		v_pop(v, at);
		v_pop(v, elem);
		v_push(v, at);
		break;
	default: /* table.fill */
		v_pop(v, at);
		v_pop(v, elem);
		v_pop(v, at);
	}
	return v->r.rc;
}

int validate_bulk(struct validator *v)
{
	switch (v->op) {
	case OP_memory_size:
	case OP_memory_grow:
	case OP_memory_init:
	case OP_data_drop:
	case OP_memory_copy:
	case OP_memory_fill:
		return validate_memory(v);
	default:
		return validate_table(v);
	}
}
