/* Constants, globals, memories, tables. */
#include "wasm/compile.h"

/* --- loads and stores ---------------------------------------------------- */

struct memarg read_memarg(struct compiler *c)
{
	uint32_t align = read_u32(&c->r);
	uint32_t index = align >= 64 ? read_u32(&c->r) : 0;
	struct memarg arg = {.memory = c->inst->memory[index]};

	arg.offset = read_u64(&c->r);
	arg.fast = index == 0 && arg.memory->guarded && !arg.memory->is64;
	return arg;
}

/* The form with a check: address in field 1. */
static union code *emit_checked(struct compiler *c, enum ir ir,
				const struct memarg *arg,
				const struct entry *address)
{
	uint16_t slot = slot_of(c, address);
	union code *ins = emit(c, ir, 4);

	ins[1].u16[1] = slot;
	ins[2].u64 = arg->offset;
	ins[3].ptr = arg->memory;
	return ins;
}

static uint8_t load_type(enum op op)
{
	switch (op_info[op].sig[2]) {
	case 'i':
		return WASM_I32;
	case 'I':
		return WASM_I64;
	case 'f':
		return WASM_F32;
	case 'F':
		return WASM_F64;
	default:
		return WASM_V128;
	}
}

/* A constant address becomes part of the offset. */
static bool absolute(const struct memarg *arg, const struct entry *address)
{
	return address->where == IN_CONST &&
	       (uint32_t)address->k + arg->offset <= UINT32_MAX;
}

/* When the address is a sum that was just made, only for this: the load adds
 * its operands itself.  The sum wraps at 32 bits, unlike the offset, so with
 * a constant there is only room for one of them. */
static bool fuse_sum(struct compiler *c, const struct memarg *arg,
		     const struct entry *a, enum ir sk, enum ir rk, enum ir ss)
{
	union code operands;
	enum ir ir;

	if (!in_acc(c, a) || a->where != IN_HOME || c->rc)
		return false;
	operands = c->out->code[c->last + 1];
	if (c->last_ir == IR_i32_add_sk_s && arg->offset == 0)
		ir = sk;
	else if (c->last_ir == IR_i32_add_rk_s && arg->offset == 0)
		ir = rk;
	else if (c->last_ir == IR_i32_add_ss_s && arg->offset <= UINT16_MAX)
		ir = ss;
	else
		return false;
	if (ir == ss)
		operands.u16[3] = (uint16_t)arg->offset;
	c->n = c->last;
	emit(c, ir, 2)[1] = operands;
	return true;
}

static void load(struct compiler *c)
{
	enum ir ir = op_compile_table[c->op].ir;
	struct memarg arg = read_memarg(c);
	struct entry a = pop(c);
	union code *ins;
	uint16_t slot;

	if (!arg.fast) {
		ins = emit_checked(c, ir + 12, &arg, &a);
		push_result(c, ins, load_type(c->op), true, false);
		return;
	}
	if (fuse_sum(c, &arg, &a, ir + 6, ir + 8, ir + 10)) {
		ins = c->rc ? c->scratch : &c->out->code[c->last];
		push_result(c, ins, load_type(c->op), true, true);
		return;
	}
	if (absolute(&arg, &a)) {
		ins = emit(c, ir + 4, 2);
		arg.offset += (uint32_t)a.k;
	} else if (in_acc(c, &a)) {
		take_acc(c, &a);
		ins = emit(c, ir + 2, 2);
	} else {
		slot = slot_of(c, &a);
		ins = emit(c, ir, 2);
		ins[1].u16[1] = slot;
	}
	ins[1].u32[1] = (uint32_t)arg.offset;
	push_result(c, ins, load_type(c->op), true, true);
}

/* Of a constant, to an address that is none. */
static void store_const(struct compiler *c, enum ir ir,
			const struct memarg *arg, const struct entry *a,
			uint64_t k)
{
	union code *ins;

	if (in_acc(c, a)) {
		take_acc(c, a);
		ins = emit(c, ir + 6, 3);
	} else {
		ins = emit(c, ir + 5, 3);
	}
	ins[1].u16[1] = a->slot;
	ins[1].u32[1] = (uint32_t)arg->offset;
	ins[2].u64 = k;
}

/* Forms: ss sr rs ks kr sk rk checked. */
static void store(struct compiler *c)
{
	enum ir ir = op_compile_table[c->op].ir;
	struct memarg arg = read_memarg(c);
	struct entry v = pop(c), a = pop(c);
	bool k = arg.fast && absolute(&arg, &a);
	uint16_t value, address;
	union code *ins;

	if (arg.fast && v.where == IN_CONST && a.where != IN_CONST) {
		store_const(c, ir, &arg, &a, v.k);
		return;
	}
	value = slot_of(c, &v);
	address = a.slot;
	if (!arg.fast) {
		ins = emit_checked(c, ir + 7, &arg, &a);
		ins[1].u16[0] = value;
		return;
	}
	if (k)
		arg.offset += (uint32_t)a.k;
	else
		address = slot_of(c, &a);
	if (in_acc(c, &v)) {
		take_acc(c, &v);
		ins = emit(c, k ? ir + 4 : ir + 1, 2);
	} else if (k) {
		ins = emit(c, ir + 3, 2);
	} else if (in_acc(c, &a)) {
		take_acc(c, &a);
		ins = emit(c, ir + 2, 2);
	} else {
		ins = emit(c, ir, 2);
	}
	ins[1].u16[0] = value;
	ins[1].u16[1] = address;
	ins[1].u32[1] = (uint32_t)arg.offset;
}

/* --- vectors ------------------------------------------------------------- */

static enum ir vector_ir(enum op op)
{
	switch (op) {
#define V_MEMORY(name)  \
	case OP_##name: \
		return IR_##name;
		V_MEMORY(v128_load)
		V_MEMORY(v128_store)
		V_MEMORY(v128_load8x8_s)
		V_MEMORY(v128_load8x8_u)
		V_MEMORY(v128_load16x4_s)
		V_MEMORY(v128_load16x4_u)
		V_MEMORY(v128_load32x2_s)
		V_MEMORY(v128_load32x2_u)
		V_MEMORY(v128_load8_splat)
		V_MEMORY(v128_load16_splat)
		V_MEMORY(v128_load32_splat)
		V_MEMORY(v128_load64_splat)
		V_MEMORY(v128_load32_zero)
		V_MEMORY(v128_load64_zero)
		V_MEMORY(v128_load8_lane)
		V_MEMORY(v128_load16_lane)
		V_MEMORY(v128_load32_lane)
		V_MEMORY(v128_load64_lane)
		V_MEMORY(v128_store8_lane)
		V_MEMORY(v128_store16_lane)
		V_MEMORY(v128_store32_lane)
	default:
		return IR_v128_store64_lane;
	}
}

static void vector_lane(struct compiler *c)
{
	struct memarg arg = read_memarg(c);
	uint8_t lane = read_byte(&c->r);
	struct entry v = pop(c), a = pop(c);
	uint16_t vector = slot_of(c, &v);
	union code *ins = emit_checked(c, vector_ir(c->op), &arg, &a);

	ins[1].u16[2] = vector;
	ins[1].u16[3] = lane;
	if (op_info[c->op].sig[3])
		push_result(c, ins, WASM_V128, false, false);
}

/* The plain load, with an address that was just made. */
static bool load_vector(struct compiler *c, const struct memarg *arg,
			const struct entry *a)
{
	union code *ins;

	if (!in_acc(c, a))
		return false;
	if (fuse_sum(c, arg, a, IR_v128_load_sk, IR_v128_load_rk,
		     IR_v128_load_ss)) {
		ins = c->rc ? c->scratch : &c->out->code[c->last];
	} else {
		take_acc(c, a);
		ins = emit(c, IR_v128_load_r, 2);
		ins[1].u32[1] = (uint32_t)arg->offset;
	}
	push_result(c, ins, WASM_V128, false, false);
	return true;
}

static void vector_access(struct compiler *c)
{
	struct memarg arg = read_memarg(c);
	bool is_store = c->op == OP_v128_store;
	struct entry v = {0}, a;
	uint16_t value = 0, address;
	union code *ins;

	if (is_store) {
		v = pop(c);
		value = slot_of(c, &v);
	}
	a = pop(c);
	if (arg.fast && c->op == OP_v128_load && load_vector(c, &arg, &a))
		return;
	if (arg.fast) {
		address = slot_of(c, &a);
		ins = emit(c, vector_ir(c->op), 2);
		ins[1].u16[1] = address;
		ins[1].u32[1] = (uint32_t)arg.offset;
	} else {
		ins = emit_checked(c, vector_ir(c->op) + 1, &arg, &a);
	}
	if (is_store)
		ins[1].u16[0] = value;
	else
		push_result(c, ins, WASM_V128, false, false);
}

void compile_access(struct compiler *c)
{
	switch (op_compile_table[c->op].family) {
	case FAMILY_LOAD:
		load(c);
		return;
	case FAMILY_STORE:
		store(c);
		return;
	default:
		if (op_info[c->op].imm == IMM_MEMARG_LANE)
			vector_lane(c);
		else
			vector_access(c);
	}
}

/* --- constants and globals ----------------------------------------------- */

static void constant(struct compiler *c)
{
	const uint8_t *p;
	union code *ins;
	uint64_t k = 0;

	switch (c->op) {
	case OP_f32_const:
		p = read_bytes(&c->r, 4);
		memcpy(&k, p, 4);
		push_const(c, WASM_F32, k);
		return;
	case OP_f64_const:
		p = read_bytes(&c->r, 8);
		memcpy(&k, p, 8);
		push_const(c, WASM_F64, k);
		return;
	default: /* v128.const */
		p = read_bytes(&c->r, 16);
		ins = emit(c, IR_const_v128, 4);
		memcpy(&ins[2], p, 16);
		push_result(c, ins, WASM_V128, false, false);
	}
}

static void global_get(struct compiler *c)
{
	struct wasm_global *g = c->inst->global[read_u32(&c->r)];
	uint8_t type = entry_type(g->type);
	bool is_float = type == WASM_F32 || type == WASM_F64;
	union code *ins;

	/* A constant by now. */
	if (!g->is_mutable && type != WASM_V128 && type != WASM_REF) {
		push_const(c, type,
			   type == WASM_I32 || type == WASM_F32 ? g->v[0].i32
								: g->v[0].i64);
		return;
	}
	ins = emit(c, type == WASM_V128 ? IR_global_get_v128 : IR_global_get_s,
		   3);
	ins[2].ptr = g->v;
	push_result(c, ins, type, !is_float && type != WASM_V128,
		    !is_float && type != WASM_V128);
}

static void global_set(struct compiler *c)
{
	struct wasm_global *g = c->inst->global[read_u32(&c->r)];
	struct entry e = pop(c);
	uint16_t slot = slot_of(c, &e);
	bool acc = in_acc(c, &e) && e.type != WASM_F32 && e.type != WASM_F64;
	union code *ins;

	if (acc)
		take_acc(c, &e);
	ins = emit(c,
		   e.type == WASM_V128 ? IR_global_set_v128
		   : acc               ? IR_global_set_r
				       : IR_global_set_s,
		   3);
	ins[1].u16[1] = slot;
	ins[2].ptr = g->v;
}

/* --- bulk ---------------------------------------------------------------- */

/* Operands of an instruction that has at most three, in their slots.  `wide`
 * has a bit for each that is an i64. */
struct operands {
	uint16_t slot[3];
	uint16_t wide;
};

static struct operands take(struct compiler *c, unsigned int n)
{
	struct operands o = {{0}, 0};
	struct entry e[3];

	for (unsigned int i = n; i-- > 0;)
		e[i] = pop(c);
	for (unsigned int i = 0; i < n; i++) {
		o.slot[i] = slot_of(c, &e[i]);
		if (e[i].type == WASM_I64)
			o.wide |= (uint16_t)(1u << i);
	}
	return o;
}

/* Two operands in fields 1 and 2, the third in 0. */
static union code *emit_operands(struct compiler *c, enum ir ir, uint32_t words,
				 const struct operands *o)
{
	union code *ins = emit(c, ir, words);

	ins[1].u16[0] = o->slot[2];
	ins[1].u16[1] = o->slot[0];
	ins[1].u16[2] = o->slot[1];
	ins[1].u16[3] = o->wide;
	return ins;
}

static struct wasm_table *read_table(struct compiler *c)
{
	return c->inst->table[read_u32(&c->r)];
}

static struct wasm_memory *read_memory(struct compiler *c)
{
	return c->inst->memory[read_u32(&c->r)];
}

static void memory_op(struct compiler *c)
{
	struct wasm_memory *m, *from;
	const struct data_seg *data;
	struct operands o = {{0}, 0};
	union code *ins;

	switch (c->op) {
	case OP_memory_size:
		m = read_memory(c);
		ins = emit(c, IR_memory_size, 3);
		ins[2].ptr = m;
		push_result(c, ins, m->is64 ? WASM_I64 : WASM_I32, false,
			    false);
		return;
	case OP_memory_grow:
		m = read_memory(c);
		o = take(c, 1);
		ins = emit_operands(c, IR_memory_grow, 3, &o);
		ins[2].ptr = m;
		push_result(c, ins, m->is64 ? WASM_I64 : WASM_I32, false,
			    false);
		return;
	case OP_memory_init:
		data = &c->inst->data[read_u32(&c->r)];
		m = read_memory(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_memory_init, 4, &o);
		ins[2].ptr = m;
		ins[3].ptr = data;
		return;
	case OP_data_drop:
		ins = emit(c, IR_data_drop, 3);
		ins[2].ptr = &c->inst->data[read_u32(&c->r)];
		return;
	case OP_memory_copy:
		m = read_memory(c);
		from = read_memory(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_memory_copy, 4, &o);
		ins[2].ptr = m;
		ins[3].ptr = from;
		return;
	default: /* memory.fill */
		m = read_memory(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_memory_fill, 3, &o);
		ins[2].ptr = m;
	}
}

static void table_op(struct compiler *c)
{
	struct wasm_table *t, *from;
	const struct elem_seg *elem;
	struct operands o;
	union code *ins;

	switch (c->op) {
	case OP_table_copy:
		t = read_table(c);
		from = read_table(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_table_copy, 4, &o);
		ins[2].ptr = t;
		ins[3].ptr = from;
		return;
	case OP_table_init:
		elem = &c->inst->elem[read_u32(&c->r)];
		t = read_table(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_table_init, 4, &o);
		ins[2].ptr = t;
		ins[3].ptr = elem;
		return;
	case OP_elem_drop:
		ins = emit(c, IR_elem_drop, 3);
		ins[2].ptr = &c->inst->elem[read_u32(&c->r)];
		return;
	case OP_table_get:
		t = read_table(c);
		o = take(c, 1);
		ins = emit_operands(c, IR_table_get, 3, &o);
		ins[2].ptr = t;
		push_result(c, ins, WASM_REF, false, false);
		return;
	case OP_table_set:
		t = read_table(c);
		o = take(c, 2);
		ins = emit_operands(c, IR_table_set, 3, &o);
		ins[2].ptr = t;
		return;
	case OP_table_size:
		t = read_table(c);
		ins = emit(c, IR_table_size, 3);
		ins[2].ptr = t;
		push_result(c, ins, t->type.is64 ? WASM_I64 : WASM_I32, false,
			    false);
		return;
	case OP_table_grow:
		t = read_table(c);
		o = take(c, 2);
		/* The reference comes first, the count second. */
		o = (struct operands){{o.slot[1], o.slot[0], 0},
				      (uint16_t)(o.wide >> 1)};
		ins = emit_operands(c, IR_table_grow, 3, &o);
		ins[2].ptr = t;
		push_result(c, ins, t->type.is64 ? WASM_I64 : WASM_I32, false,
			    false);
		return;
	default: /* table.fill */
		t = read_table(c);
		o = take(c, 3);
		ins = emit_operands(c, IR_table_fill, 3, &o);
		ins[2].ptr = t;
	}
}

void compile_bulk(struct compiler *c)
{
	switch (c->op) {
	case OP_f32_const:
	case OP_f64_const:
	case OP_v128_const:
		constant(c);
		break;
	case OP_global_get:
		global_get(c);
		break;
	case OP_global_set:
		global_set(c);
		break;
	case OP_atomic_fence:
		read_byte(&c->r);
		emit(c, IR_atomic_fence, 1);
		break;
	case OP_memory_size:
	case OP_memory_grow:
	case OP_memory_init:
	case OP_data_drop:
	case OP_memory_copy:
	case OP_memory_fill:
		memory_op(c);
		break;
	default:
		table_op(c);
	}
}
