/* Numeric instructions: which of its forms takes the operands where they
 * are. */
#include "wasm/compile.h"

/* The order of the forms of a binary instruction in ir.def. */
enum variant { SS, SR, RS, SK, RK };

static uint8_t letter(char c)
{
	switch (c) {
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

static uint8_t result_type(enum op op)
{
	const char *sig = op_info[op].sig;

	while (*sig != '>')
		sig++;
	return letter(sig[1]);
}

static bool is_float(uint8_t type)
{
	return type == WASM_F32 || type == WASM_F64;
}

/* --- comparisons --------------------------------------------------------- */

/* eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u, as they follow each other in
 * opcodes.def. */
static enum op cmp_first(enum op op)
{
	if (op >= OP_i64_eq && op <= OP_i64_ge_u)
		return OP_i64_eq;
	return OP_i32_eq;
}

static enum op cmp_inverse(enum op op)
{
	static const uint8_t inverse[10] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};
	enum op first = cmp_first(op);

	return first + inverse[op - first];
}

/* The same with its operands exchanged. */
static enum op cmp_swapped(enum op op)
{
	static const uint8_t swapped[10] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};
	enum op first = cmp_first(op);

	return first + swapped[op - first];
}

static bool is_icmp(enum op op)
{
	return op_compile_table[op].family == FAMILY_ICMP;
}

static enum op commuted(enum op op)
{
	switch (op) {
	case OP_i32_add:
	case OP_i32_mul:
	case OP_i32_and:
	case OP_i32_or:
	case OP_i32_xor:
	case OP_i64_add:
	case OP_i64_mul:
	case OP_i64_and:
	case OP_i64_or:
	case OP_i64_xor:
	case OP_f32_add:
	case OP_f32_mul:
	case OP_f64_add:
	case OP_f64_mul:
		return op;
	default:
		return is_icmp(op) ? cmp_swapped(op) : OP_invalid;
	}
}

/* --- one and two operands ------------------------------------------------ */

static void unary(struct compiler *c, enum op op)
{
	struct entry a = pop(c);
	enum ir ir = op_compile_table[op].ir;
	union code *ins;

	if (in_acc(c, &a)) {
		take_acc(c, &a);
		ins = emit(c, ir + 2, 2);
	} else {
		uint16_t slot = slot_of(c, &a);

		ins = emit(c, ir, 2);
		ins[1].u16[1] = slot;
	}
	push_result(c, ins, result_type(op), true, true);
}

/* Arithmetic right behind a load of its right operand does the load. */
static bool fuse_load(struct compiler *c, enum op op, const struct entry *a,
		      const struct entry *b)
{
	enum ir load = b->type == WASM_F32 ? IR_f32_load_s_s : IR_f64_load_s_s;
	union code operands, *ins;
	enum ir ir;

	switch (op) {
#define FUSE(name)                         \
	case OP_##name:                    \
		ir = IR_##name##_load_s_s; \
		break;
		FUSE(f32_add)
		FUSE(f32_sub)
		FUSE(f32_mul)
		FUSE(f64_add)
		FUSE(f64_sub)
		FUSE(f64_mul)
#undef FUSE
	default:
		return false;
	}
	if (b->where != IN_HOME || c->rc ||
	    (c->last_ir != load && c->last_ir != load + 6))
		return false;
	if (c->last_ir == load + 6)
		ir += 2;
	operands = c->out->code[c->last + 1];
	c->n = c->last;
	ins = emit(c, ir, 3);
	ins[1].u16[1] = a->slot;
	ins[1].u16[2] = operands.u16[1];
	ins[2].u32[0] = operands.u32[1];
	push_result(c, ins, b->type, true, true);
	return true;
}

static void emit_binary(struct compiler *c, enum op op, enum variant v,
			const struct entry *a, const struct entry *b)
{
	enum ir ir = op_compile_table[op].ir + 2 * v;
	bool wide = (v == SK || v == RK) && is_float(b->type);
	uint16_t left = a->slot, right = b->slot;
	union code *ins;

	if (v == RS || v == RK)
		take_acc(c, a);
	else if (v == SR)
		take_acc(c, b);
	ins = emit(c, ir, wide ? 3 : 2);
	ins[1].u16[1] = left;
	if (wide)
		ins[2].u64 = b->k;
	else if (v == SK || v == RK)
		ins[1].u32[1] = (uint32_t)b->k;
	else
		ins[1].u16[2] = right;
	push_result(c, ins, result_type(op), true, true);
	if (op_compile_table[op].family == FAMILY_ICMP ||
	    (op_compile_table[op].family == FAMILY_FCMP && v <= RS)) {
		c->last_cmp = op;
		c->last_variant = v;
	}
}

static void binary(struct compiler *c, enum op op)
{
	struct entry b = pop(c), a = pop(c), t;

	/* A constant on the left: exchange, or bring it to its slot.  Its
	 * home is free, since it is below that of the other operand. */
	if (a.where == IN_CONST && b.where != IN_CONST && commuted(op)) {
		t = a;
		a = b;
		b = t;
		op = commuted(op);
	}
	if (a.where == IN_CONST) {
		a.slot = slot_of(c, &a);
		a.where = IN_HOME;
	}
	if (b.where == IN_CONST && !is_float(b.type) && !const_fits(&b)) {
		b.slot = slot_of(c, &b);
		b.where = IN_HOME;
	}
	if (b.where == IN_CONST)
		emit_binary(c, op, in_acc(c, &a) ? RK : SK, &a, &b);
	else if (in_acc(c, &b) && fuse_load(c, op, &a, &b))
		return;
	else if (in_acc(c, &b))
		emit_binary(c, op, SR, &a, &b);
	else
		emit_binary(c, op, in_acc(c, &a) ? RS : SS, &a, &b);
}

/* eqz is eq 0, and turns a comparison that was just made around. */
static void eqz(struct compiler *c, enum op eq, uint8_t type)
{
	struct entry *e = &c->stack[c->depth - 1];

	if (type == WASM_I32 && in_acc(c, e) && e->where == IN_HOME &&
	    is_icmp(c->last_cmp) && !c->rc) {
		c->last_cmp = cmp_inverse(c->last_cmp);
		change_last(c, op_compile_table[c->last_cmp].ir +
				       2 * c->last_variant);
		return;
	}
	push_const(c, type, 0);
	binary(c, eq);
}

/* The low half of an i64 is an i32 wherever it is. */
static void wrap(struct compiler *c)
{
	struct entry *e = &c->stack[c->depth - 1];

	e->type = WASM_I32;
	e->k = (uint32_t)e->k;
}

/* --- conditions ---------------------------------------------------------- */

/* The fused forms follow the ten others. */
static enum ir fused(enum op op, enum variant v, bool sense)
{
	if (is_icmp(op))
		return op_compile_table[sense ? op : cmp_inverse(op)].ir + 10 +
		       v;
	return op_compile_table[op].ir + 10 + v + (sense ? 0 : 3);
}

/* A loop's end: what was just compared is what the instruction before that
 * added a constant to.  `op` is the comparison. */
static uint32_t emit_inc_br(struct compiler *c, uint32_t add, enum op op,
			    bool with_slot, uint32_t right)
{
	union code operands = c->out->code[add + 1];
	enum ir ir = IR_inc_br_eq_k + 2 * (op - OP_i32_eq) + with_slot;
	union code *ins;

	c->n = add;
	ins = emit(c, ir, 4);
	ins[1] = operands;
	ins[3].u32[0] = right;
	return c->last;
}

static bool is_i32_cmp(enum op op)
{
	return op >= OP_i32_eq && op <= OP_i32_ge_u;
}

uint32_t emit_cond(struct compiler *c, const struct entry *e, bool sense)
{
	union code *ins;
	uint16_t slot;

	if (in_acc(c, e) && e->where == IN_HOME && is_i32_cmp(c->last_cmp) &&
	    (c->last_variant == RK || c->last_variant == RS) &&
	    c->prev_ir == IR_i32_add_sk_s && !c->rc) {
		const union code *w = &c->out->code[c->last + 1];
		bool with_slot = c->last_variant == RS;

		return emit_inc_br(
			c, c->prev,
			sense ? c->last_cmp : cmp_inverse(c->last_cmp),
			with_slot, with_slot ? w->u16[2] : w->u32[1]);
	}
	if (in_acc(c, e) && e->where == IN_LOCAL &&
	    c->last_ir == IR_i32_add_sk_s && !c->rc)
		return emit_inc_br(c, c->last, sense ? OP_i32_ne : OP_i32_eq,
				   false, 0);
	if (in_acc(c, e) && e->where == IN_HOME && c->last_cmp && !c->rc) {
		union code operands = c->out->code[c->last + 1];
		enum ir ir = fused(c->last_cmp, c->last_variant, sense);

		c->n = c->last;
		ins = emit(c, ir, 3);
		ins[1] = operands;
		return c->last;
	}
	if (in_acc(c, e)) {
		take_acc(c, e);
		emit(c, sense ? IR_br_if_r : IR_br_unless_r, 3);
		return c->last;
	}
	slot = slot_of(c, e);
	ins = emit(c, sense ? IR_br_if_s : IR_br_unless_s, 3);
	ins[1].u16[1] = slot;
	return c->last;
}

/* --- instructions whose operands are all in slots ------------------------ */

/* Fields 1, 2 and 3 take the operands, lowest first. */
static void in_slots(struct compiler *c, enum ir ir, uint32_t words)
{
	const char *sig = op_info[c->op].sig;
	struct entry e[3];
	uint16_t slot[3] = {0};
	unsigned int n = 0;
	struct memarg arg = {0};
	uint8_t lane = 0;
	union code *ins;

	if (op_compile_table[c->op].family == FAMILY_ATOMIC)
		arg = read_memarg(c);
	else if (op_info[c->op].imm == IMM_LANE)
		lane = read_byte(&c->r);
	while (sig[n] != '>')
		n++;
	for (unsigned int i = n; i-- > 0;)
		e[i] = pop(c);
	for (unsigned int i = 0; i < n; i++)
		slot[i] = slot_of(c, &e[i]);
	ins = emit(c, ir, words);
	for (unsigned int i = 0; i < n; i++)
		ins[1].u16[1 + i] = slot[i];
	if (words == 4) {
		ins[2].u64 = arg.offset;
		ins[3].ptr = arg.memory;
	} else if (op_info[c->op].imm == IMM_LANE) {
		ins[1].u16[3] = lane;
	}
	if (sig[n + 1])
		push_result(c, ins, letter(sig[n + 1]), false, false);
}

static void shuffle(struct compiler *c)
{
	const uint8_t *lanes = read_bytes(&c->r, 16);
	struct entry b = pop(c), a = pop(c);
	union code *ins = emit(c, IR_i8x16_shuffle, 4);

	ins[1].u16[1] = a.slot;
	ins[1].u16[2] = b.slot;
	memcpy(&ins[2], lanes, 16);
	push_result(c, ins, WASM_V128, false, false);
}

void compile_simple(struct compiler *c)
{
	const struct op_compile *how = &op_compile_table[c->op];

	switch (how->family) {
	case FAMILY_UN:
		unary(c, c->op);
		return;
	case FAMILY_IBIN:
	case FAMILY_FBIN:
	case FAMILY_ICMP:
	case FAMILY_FCMP:
		binary(c, c->op);
		return;
	case FAMILY_VECTOR:
		in_slots(c, how->ir, 2);
		return;
	case FAMILY_ATOMIC:
		in_slots(c, how->ir, 4);
		return;
	default:
		break;
	}
	switch (c->op) {
	case OP_i32_eqz:
		eqz(c, OP_i32_eq, WASM_I32);
		return;
	case OP_i64_eqz:
		eqz(c, OP_i64_eq, WASM_I64);
		return;
	case OP_i32_wrap_i64:
		wrap(c);
		return;
	case OP_i8x16_shuffle:
		shuffle(c);
		return;
	default:
		compile_access(c);
	}
}
