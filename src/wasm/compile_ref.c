/* References, structs, arrays, casts. */
#include "wasm/compile.h"

/* --- references ---------------------------------------------------------- */

/* One or two operands and a result, in slots. */
static void plain(struct compiler *c, enum ir ir, unsigned int n, uint8_t type)
{
	struct entry b = {0}, a;
	uint16_t left, right = 0;
	union code *ins;

	if (n == 2)
		b = pop(c);
	a = pop(c);
	left = slot_of(c, &a);
	if (n == 2)
		right = slot_of(c, &b);
	ins = emit(c, ir, 2);
	ins[1].u16[1] = left;
	ins[1].u16[2] = right;
	push_result(c, ins, type, false, false);
}

/* A conditional branch of its own kind, of `words` words, on the reference in
 * `slot`, to a label whose values are on the stack.  If they have to move,
 * the branch leads to a piece of code that moves them. */
static void branch_on(struct compiler *c, enum ir ir, uint32_t words,
		      uint16_t slot, uint16_t flags, uint32_t heap,
		      uint32_t label)
{
	union code *ins = emit(c, ir, words);
	uint32_t at = c->last, over;

	ins[1].u16[1] = slot;
	ins[1].u16[3] = flags;
	if (words == 4)
		ins[3].u32[0] = heap;
	if (!needs_moves(c, label)) {
		branch_to(c, label, at, at + 2);
		barrier(c);
		return;
	}
	emit(c, IR_br, 2);
	over = c->last;
	barrier(c);
	if (!c->rc)
		c->out->code[at + 2].s64 = (int64_t)c->n - at;
	emit_br(c, label);
	if (!c->rc)
		c->out->code[over + 1].s64 = (int64_t)c->n - over;
	barrier(c);
}

static void br_on_null(struct compiler *c)
{
	uint32_t label = c->n_labels - 1 - read_u32(&c->r);
	struct entry e = pop(c);
	uint16_t slot = slot_of(c, &e);
	struct entry *again;

	branch_on(c, IR_br_on_null, 3, slot, 0, 0, label);
	/* It stays where it was: its home, or the local. */
	again = push(c, WASM_REF);
	if (slot != again->home)
		move_to(c, again->home, &e);
}

static void br_on_non_null(struct compiler *c)
{
	uint32_t label = c->n_labels - 1 - read_u32(&c->r);
	uint16_t slot;

	settle(c, 1);
	slot = c->stack[c->depth - 1].home;
	branch_on(c, IR_br_on_non_null, 3, slot, 0, 0, label);
	pop(c);
}

void compile_ref(struct compiler *c)
{
	switch (c->op) {
	case OP_ref_null:
		read_heap_type(&c->r, c->m);
		push_const(c, WASM_REF, 0);
		break;
	case OP_ref_func:
		push_const(c, WASM_REF,
			   (uintptr_t)c->inst->func[read_u32(&c->r)]);
		break;
	case OP_ref_is_null:
		plain(c, IR_ref_is_null, 1, WASM_I32);
		break;
	case OP_ref_eq:
		plain(c, IR_ref_eq, 2, WASM_I32);
		break;
	case OP_ref_as_non_null:
		plain(c, IR_ref_as_non_null, 1, WASM_REF);
		break;
	case OP_br_on_null:
		br_on_null(c);
		break;
	default:
		br_on_non_null(c);
	}
}

/* --- structs and arrays -------------------------------------------------- */

static const struct type *read_type(struct compiler *c)
{
	return c->m->types[read_u32(&c->r)];
}

/* The forms that differ in the width of a field: 8 16 32 64 128, where the
 * first two have a signed and an unsigned one when it is read. */
static unsigned int get_form(wasm_type t, bool is_signed)
{
	switch (t & 0xff) {
	case WASM_I8:
		return is_signed ? 0 : 1;
	case WASM_I16:
		return is_signed ? 2 : 3;
	case WASM_I32:
	case WASM_F32:
		return 4;
	case WASM_V128:
		return 6;
	default:
		return 5;
	}
}

static unsigned int set_form(wasm_type t)
{
	switch (t & 0xff) {
	case WASM_I8:
		return 0;
	case WASM_I16:
		return 1;
	case WASM_I32:
	case WASM_F32:
		return 2;
	case WASM_V128:
		return 4;
	default:
		return 3;
	}
}

static void struct_new(struct compiler *c, const struct type *t)
{
	bool defaults = c->op == OP_struct_new_default;
	uint32_t n = defaults ? 0 : t->n_fields;
	uint16_t first = 0;
	union code *ins;

	settle(c, n);
	if (n)
		first = c->stack[c->depth - n].home;
	for (uint32_t i = 0; i < n; i++)
		pop(c);
	ins = emit(c, IR_struct_new, 3);
	ins[1].u16[1] = first;
	ins[1].u16[3] = defaults;
	ins[2].ptr = t->layout;
	push_result(c, ins, WASM_REF, false, false);
}

static void struct_access(struct compiler *c, const struct type *t)
{
	uint32_t field = read_u32(&c->r);
	wasm_type type = t->fields[field].type;
	struct entry v = {0}, ref;
	uint16_t value = 0, slot;
	union code *ins;

	if (c->op == OP_struct_set) {
		v = pop(c);
		value = slot_of(c, &v);
	}
	ref = pop(c);
	slot = slot_of(c, &ref);
	if (c->op == OP_struct_set)
		ins = emit(c, IR_struct_set_8 + set_form(type), 2);
	else
		ins = emit(c,
			   IR_struct_get_8s +
				   get_form(type, c->op == OP_struct_get_s),
			   2);
	ins[1].u16[1] = slot;
	ins[1].u32[1] = t->layout->offset[field];
	if (c->op == OP_struct_set)
		ins[1].u16[0] = value;
	else
		push_result(c, ins, entry_type(type_unpacked(type)), false,
			    false);
}

static void array_access(struct compiler *c, const struct type *t)
{
	wasm_type type = t->fields[0].type;
	struct entry v = {0}, index, ref;
	uint16_t value = 0, at, slot;
	union code *ins;

	if (c->op == OP_array_set) {
		v = pop(c);
		value = slot_of(c, &v);
	}
	index = pop(c);
	ref = pop(c);
	at = slot_of(c, &index);
	slot = slot_of(c, &ref);
	if (c->op == OP_array_set)
		ins = emit(c, IR_array_set_8 + set_form(type), 2);
	else
		ins = emit(c,
			   IR_array_get_8s +
				   get_form(type, c->op == OP_array_get_s),
			   2);
	ins[1].u16[1] = slot;
	ins[1].u16[2] = at;
	if (c->op == OP_array_set)
		ins[1].u16[0] = value;
	else
		push_result(c, ins, entry_type(type_unpacked(type)), false,
			    false);
}

static void array_new(struct compiler *c, const struct type *t)
{
	bool defaults = c->op == OP_array_new_default;
	struct entry len = pop(c), init = {0};
	uint16_t n, value = 0;
	union code *ins;

	if (!defaults) {
		init = pop(c);
		value = slot_of(c, &init);
	}
	n = slot_of(c, &len);
	ins = emit(c, IR_array_new, 3);
	ins[1].u16[1] = value;
	ins[1].u16[2] = n;
	ins[1].u16[3] = defaults;
	ins[2].ptr = t->layout;
	push_result(c, ins, WASM_REF, false, false);
}

static void array_new_fixed(struct compiler *c, const struct type *t)
{
	uint32_t n = read_u32(&c->r);
	uint16_t first = 0;
	union code *ins;

	settle(c, n);
	if (n)
		first = c->stack[c->depth - n].home;
	for (uint32_t i = 0; i < n; i++)
		pop(c);
	ins = emit(c, IR_array_new_fixed, 3);
	ins[1].u16[1] = first;
	ins[1].u32[1] = n;
	ins[2].ptr = t->layout;
	push_result(c, ins, WASM_REF, false, false);
}

static const void *read_segment(struct compiler *c, bool data)
{
	uint32_t index = read_u32(&c->r);

	return data ? (const void *)&c->inst->data[index]
		    : (const void *)&c->inst->elem[index];
}

static void array_new_segment(struct compiler *c, const struct type *t)
{
	bool data = c->op == OP_array_new_data;
	const void *segment = read_segment(c, data);
	struct entry len = pop(c), from = pop(c);
	uint16_t at = slot_of(c, &from), n = slot_of(c, &len);
	union code *ins;

	ins = emit(c, data ? IR_array_new_data : IR_array_new_elem, 4);
	ins[1].u16[1] = at;
	ins[1].u16[2] = n;
	ins[2].ptr = t->layout;
	ins[3].ptr = segment;
	push_result(c, ins, WASM_REF, false, false);
}

/* Those with four or five operands have them at home, in a row. */
static void array_bulk(struct compiler *c)
{
	bool segment =
		c->op == OP_array_init_data || c->op == OP_array_init_elem;
	uint32_t n = c->op == OP_array_copy ? 5 : 4;
	const void *seg = NULL;
	enum ir ir;
	uint16_t first, last;
	union code *ins;

	switch (c->op) {
	case OP_array_fill:
		ir = IR_array_fill;
		break;
	case OP_array_copy:
		read_type(c);
		ir = IR_array_copy;
		break;
	case OP_array_init_data:
		seg = read_segment(c, true);
		ir = IR_array_init_data;
		break;
	default:
		seg = read_segment(c, false);
		ir = IR_array_init_elem;
	}
	settle(c, n);
	first = c->stack[c->depth - n].home;
	last = c->stack[c->depth - 1].home;
	for (uint32_t i = 0; i < n; i++)
		pop(c);
	ins = emit(c, ir, segment ? 3 : 2);
	ins[1].u16[0] = first;
	ins[1].u16[2] = last;
	if (segment)
		ins[2].ptr = seg;
}

static void array_op(struct compiler *c)
{
	const struct type *t = read_type(c);

	switch (c->op) {
	case OP_array_new:
	case OP_array_new_default:
		array_new(c, t);
		break;
	case OP_array_new_fixed:
		array_new_fixed(c, t);
		break;
	case OP_array_new_data:
	case OP_array_new_elem:
		array_new_segment(c, t);
		break;
	case OP_array_get:
	case OP_array_get_s:
	case OP_array_get_u:
	case OP_array_set:
		array_access(c, t);
		break;
	default:
		array_bulk(c);
	}
}

/* --- casts --------------------------------------------------------------- */

static uint16_t cast_flags(struct compiler *c, uint32_t heap, bool null)
{
	bool func = heap_top(&c->inst->store->types, heap) == WASM_HEAP_FUNC;

	return (uint16_t)(null | func << 1);
}

static void cast(struct compiler *c)
{
	bool null = c->op == OP_ref_test_null || c->op == OP_ref_cast_null;
	bool test = c->op == OP_ref_test || c->op == OP_ref_test_null;
	uint32_t heap = read_heap_type(&c->r, c->m);
	struct entry e = pop(c);
	uint16_t slot = slot_of(c, &e);
	union code *ins = emit(c, test ? IR_ref_test : IR_ref_cast, 3);

	ins[1].u16[1] = slot;
	ins[1].u16[3] = cast_flags(c, heap, null);
	ins[2].u32[0] = heap;
	push_result(c, ins, test ? WASM_I32 : WASM_REF, false, false);
}

static void br_on_cast(struct compiler *c)
{
	uint8_t flags = read_byte(&c->r);
	uint32_t label = c->n_labels - 1 - read_u32(&c->r), heap;

	read_heap_type(&c->r, c->m);
	heap = read_heap_type(&c->r, c->m);
	/* The reference is the label's last value and stays on the stack. */
	settle(c, 1);
	branch_on(c,
		  c->op == OP_br_on_cast ? IR_br_on_cast : IR_br_on_cast_fail,
		  4, c->stack[c->depth - 1].home,
		  cast_flags(c, heap, flags & 2), heap, label);
}

void compile_gc(struct compiler *c)
{
	switch (c->op) {
	case OP_struct_new:
	case OP_struct_new_default:
		struct_new(c, read_type(c));
		break;
	case OP_struct_get:
	case OP_struct_get_s:
	case OP_struct_get_u:
	case OP_struct_set:
		struct_access(c, read_type(c));
		break;
	case OP_array_len:
		plain(c, IR_array_len, 1, WASM_I32);
		break;
	case OP_ref_test:
	case OP_ref_test_null:
	case OP_ref_cast:
	case OP_ref_cast_null:
		cast(c);
		break;
	case OP_br_on_cast:
	case OP_br_on_cast_fail:
		br_on_cast(c);
		break;
	case OP_any_convert_extern:
	case OP_extern_convert_any:
		break;
	case OP_ref_i31:
		plain(c, IR_ref_i31, 1, WASM_REF);
		break;
	case OP_i31_get_s:
		plain(c, IR_i31_get_s, 1, WASM_I32);
		break;
	case OP_i31_get_u:
		plain(c, IR_i31_get_u, 1, WASM_I32);
		break;
	default:
		array_op(c);
	}
}
