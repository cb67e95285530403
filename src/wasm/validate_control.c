/* Blocks, branches, calls and exceptions. */
#include <errno.h>

#include "wasm/validate.h"

static int begin_block(struct validator *v)
{
	struct block_type type;

	if (!read_block_type(&v->r, v->m, &type))
		return v->r.rc;
	if (v->op == OP_if)
		v_pop(v, WASM_I32);
	v_pop_all(v, block_params(&type), block_n_params(&type));
	if (v->r.rc || v_push_ctrl(v, v->op, &type))
		return v->r.rc;
	v_push_all(v, block_params(&type), block_n_params(&type));
	return v->r.rc;
}

/* The results must be there, and nothing else. */
static int check_results(struct validator *v)
{
	const struct ctrl *c = &v->ctrls[v->n_ctrls - 1];

	v_pop_all(v, block_results(&c->type), block_n_results(&c->type));
	if (!v->r.rc && v->n != c->height)
		return v_fail(v, "type mismatch: values remaining on stack at "
				 "end of block");
	return v->r.rc;
}

static void forget_set_locals(struct validator *v, uint32_t height)
{
	while (v->n_set > height)
		v->is_set[v->set_list[--v->n_set]] = 0;
}

static int end_block(struct validator *v)
{
	struct ctrl c = v->ctrls[v->n_ctrls - 1];
	uint32_t n = block_n_params(&c.type);

	if (check_results(v))
		return v->r.rc;
	forget_set_locals(v, c.init_height);
	/* Without an else the parameters must do as results. */
	if (c.op == OP_if) {
		const wasm_type *params = block_params(&c.type);
		const wasm_type *results = block_results(&c.type);

		if (n != block_n_results(&c.type))
			return v_fail(v, "type mismatch: if without else must "
					 "leave its parameters");
		for (uint32_t i = 0; i < n; i++)
			if (!type_matches(v->types, params[i], results[i]))
				return v_mismatch(v, results[i], params[i]);
	}
	v->n_ctrls--;
	if (v->n_ctrls)
		v_push_all(v, block_results(&c.type), block_n_results(&c.type));
	return v->r.rc;
}

static int begin_else(struct validator *v)
{
	struct ctrl *c = &v->ctrls[v->n_ctrls - 1];

	if (c->op != OP_if)
		return reader_fail(&v->r, v->at, -ENOEXEC, "else without if");
	if (check_results(v))
		return v->r.rc;
	forget_set_locals(v, c->init_height);
	c->op = OP_else;
	c->unreachable = false;
	v_push_all(v, block_params(&c->type), block_n_params(&c->type));
	return v->r.rc;
}

/* --- branches ------------------------------------------------------------ */

static int branch_if(struct validator *v)
{
	const struct ctrl *target = v_read_label(v);
	const wasm_type *types = label_types(target);
	uint32_t n = label_arity(target);

	v_pop(v, WASM_I32);
	v_pop_all(v, types, n);
	v_push_all(v, types, n);
	return v->r.rc;
}

/* All labels agree in arity; each must fit what is on the stack, which may be
 * of unknown types. */
static int branch_table(struct validator *v)
{
	const uint8_t *at = v->r.p;
	uint32_t n = read_count(&v->r, 1, "labels"), arity = 0;

	if (n > MAX_BR_TABLE)
		return reader_fail(&v->r, at, -ENOTSUP,
				   "more than %d labels in br_table",
				   MAX_BR_TABLE);
	v_pop(v, WASM_I32);
	for (uint32_t i = 0; i <= n && !v->r.rc; i++) {
		const struct ctrl *target = v_read_label(v);
		const wasm_type *types = label_types(target);
		uint32_t height = v->n;

		if (i == 0)
			arity = label_arity(target);
		else if (label_arity(target) != arity)
			return v_fail(v, "type mismatch: labels of br_table "
					 "differ in arity");
		v_pop_all(v, types, arity);
		/* Put back what was there: popping left it in place. */
		v->n = height;
	}
	v_unreachable(v);
	return v->r.rc;
}

/* A clause gives its label the tag's parameters, and the exception itself for
 * the _ref forms. */
static int check_catch(struct validator *v)
{
	const struct wasm_functype none = {0}, *tag = &none;
	uint8_t kind = read_byte(&v->r);
	const struct ctrl *target;
	const wasm_type *want;
	uint32_t n;

	if (kind > 3)
		return reader_fail(&v->r, v->at, -ENOEXEC,
				   "malformed catch clause");
	if (kind < 2) {
		uint32_t index = read_u32(&v->r);

		if (!v->r.rc && index >= v->m->n_tags)
			return v_fail(v, "unknown tag %u", index);
		if (v->r.rc)
			return v->r.rc;
		tag = &v->m->tags[index]->func;
	}
	target = v_read_label(v);
	want = label_types(target);
	n = tag->n_params;
	if (v->r.rc)
		return v->r.rc;
	if (label_arity(target) != n + (kind & 1))
		return v_fail(v, "type mismatch: catch clause and label differ "
				 "in arity");
	for (uint32_t i = 0; i < n; i++)
		if (!type_matches(v->types, tag->params[i], want[i]))
			return v_mismatch(v, want[i], tag->params[i]);
	if (kind & 1 &&
	    !type_matches(v->types, ref_to(WASM_HEAP_EXN, false), want[n]))
		return v_mismatch(v, want[n], ref_to(WASM_HEAP_EXN, false));
	return 0;
}

static int begin_try_table(struct validator *v)
{
	struct block_type type;
	uint32_t n;

	if (!read_block_type(&v->r, v->m, &type))
		return v->r.rc;
	v_pop_all(v, block_params(&type), block_n_params(&type));
	n = read_count(&v->r, 2, "catch clauses");
	for (uint32_t i = 0; i < n && !v->r.rc; i++)
		check_catch(v);
	if (v->r.rc || v_push_ctrl(v, OP_try_table, &type))
		return v->r.rc;
	v_push_all(v, block_params(&type), block_n_params(&type));
	return v->r.rc;
}

static int throw(struct validator * v)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && index >= v->m->n_tags)
		return v_fail(v, "unknown tag %u", index);
	if (v->r.rc)
		return v->r.rc;
	v_pop_all(v, v->m->tags[index]->func.params,
		  v->m->tags[index]->func.n_params);
	v_unreachable(v);
	return v->r.rc;
}

/* --- select -------------------------------------------------------------- */

static int select_untyped(struct validator *v)
{
	wasm_type a, b;

	v_pop(v, WASM_I32);
	b = v_pop(v, 0);
	a = v_pop(v, 0);
	if (wasm_type_is_ref(a) || wasm_type_is_ref(b))
		return v_fail(v, "type mismatch: select of references needs "
				 "a type");
	if (a && b && a != b)
		return v_mismatch(v, a, b);
	v_push(v, a ? a : b);
	return v->r.rc;
}

static int select_typed(struct validator *v)
{
	uint32_t n = read_u32(&v->r);
	wasm_type t;

	if (n != 1 && !v->r.rc)
		return v_fail(v, "invalid result arity");
	t = read_value_type(&v->r, v->m);
	v_pop(v, WASM_I32);
	v_pop(v, t);
	v_pop(v, t);
	v_push(v, t);
	return v->r.rc;
}

int validate_control(struct validator *v)
{
	const struct ctrl *target;

	switch (v->op) {
	case OP_nop:
		break;
	case OP_unreachable:
		v_unreachable(v);
		break;
	case OP_block:
	case OP_loop:
	case OP_if:
		return begin_block(v);
	case OP_else:
		return begin_else(v);
	case OP_end:
		return end_block(v);
	case OP_try_table:
		return begin_try_table(v);
	case OP_throw:
		return throw(v);
	case OP_throw_ref:
		v_pop(v, ref_to(WASM_HEAP_EXN, true));
		v_unreachable(v);
		break;
	case OP_br:
		target = v_read_label(v);
		v_pop_all(v, label_types(target), label_arity(target));
		v_unreachable(v);
		break;
	case OP_br_if:
		return branch_if(v);
	case OP_br_table:
		return branch_table(v);
	case OP_return:
		v_pop_all(v, v->func->results, v->func->n_results);
		v_unreachable(v);
		break;
	case OP_drop:
		v_pop(v, 0);
		break;
	case OP_select:
		return select_untyped(v);
	case OP_select_t:
		return select_typed(v);
	default:
		return reader_fail(&v->r, v->at, -ENOEXEC, "illegal opcode");
	}
	return v->r.rc;
}

/* --- calls --------------------------------------------------------------- */

static const struct type *callee_type(struct validator *v)
{
	const struct type *t;
	wasm_type table;
	uint32_t index;
	bool is64 = false;

	switch (v->op) {
	case OP_call:
	case OP_return_call:
		index = v_read_func(v);
		return v->r.rc ? NULL : v->m->funcs[index];
	case OP_call_indirect:
	case OP_return_call_indirect:
		t = v_read_type(v, TYPE_FUNC);
		table = v_read_table(v, &is64);
		if (!v->r.rc && !type_matches(v->types, table, WASM_FUNCREF))
			v_mismatch(v, WASM_FUNCREF, table);
		v_pop(v, is64 ? WASM_I64 : WASM_I32);
		return v->r.rc ? NULL : t;
	default:
		t = v_read_type(v, TYPE_FUNC);
		if (t)
			v_pop(v, ref_to(t->id, true));
		return v->r.rc ? NULL : t;
	}
}

int validate_call(struct validator *v)
{
	bool tail = v->op == OP_return_call ||
		    v->op == OP_return_call_indirect ||
		    v->op == OP_return_call_ref;
	const struct type *t = callee_type(v);

	if (!t)
		return v->r.rc;
	v_pop_all(v, t->func.params, t->func.n_params);
	if (!tail) {
		v_push_all(v, t->func.results, t->func.n_results);
		return v->r.rc;
	}
	if (t->func.n_results != v->func->n_results)
		return v_fail(v, "type mismatch: results of the tail call "
				 "differ in number");
	for (uint32_t i = 0; i < t->func.n_results; i++)
		if (!type_matches(v->types, t->func.results[i],
				  v->func->results[i]))
			return v_mismatch(v, v->func->results[i],
					  t->func.results[i]);
	v_unreachable(v);
	return v->r.rc;
}
