/* Calls and tail calls. */
#include "wasm/compile.h"

uint16_t settle_args(struct compiler *c, uint32_t n)
{
	settle(c, n);
	return (uint16_t)(n ? c->stack[c->depth - n].home : c->top);
}

static void finish_call(struct compiler *c, const struct wasm_functype *ft)
{
	for (uint32_t i = 0; i < ft->n_params; i++)
		pop(c);
	for (uint32_t i = 0; i < ft->n_results; i++)
		push(c, entry_type(ft->results[i]));
	barrier(c);
}

static const struct wasm_functype *call_direct(struct compiler *c, bool tail)
{
	struct wasm_func *f = c->inst->func[read_u32(&c->r)];
	const struct wasm_functype *ft = &f->type->func;
	uint16_t args = settle_args(c, ft->n_params);
	bool near = !f->inst || f->inst == c->inst;
	union code *ins;

	ins = emit(c, tail ? IR_tail_call : near ? IR_call : IR_call_any, 3);
	ins[1].u16[0] = args;
	ins[1].u16[2] = (uint16_t)ft->param_slots;
	ins[2].ptr = f;
	return ft;
}

static const struct wasm_functype *call_indirect(struct compiler *c, bool tail)
{
	const struct type *type = c->m->types[read_u32(&c->r)];
	struct wasm_table *table = c->inst->table[read_u32(&c->r)];
	struct entry index = pop(c);
	uint16_t args, slot;
	union code *ins;
	bool acc;

	/* The index goes home above the arguments, if it is a constant. */
	args = settle_args(c, type->func.n_params);
	acc = !tail && in_acc(c, &index);
	slot = slot_of(c, &index);
	if (acc)
		take_acc(c, &index);
	ins = emit(c,
		   tail  ? IR_tail_call_indirect
		   : acc ? IR_call_indirect_r
			 : IR_call_indirect_s,
		   5);
	ins[1].u16[0] = args;
	ins[1].u16[1] = slot;
	ins[1].u16[2] = (uint16_t)type->func.param_slots;
	ins[2].ptr = table;
	ins[3].ptr = type;
	ins[4].ptr = c->inst;
	return &type->func;
}

static const struct wasm_functype *call_ref(struct compiler *c, bool tail)
{
	const struct type *type = c->m->types[read_u32(&c->r)];
	struct entry ref = pop(c);
	uint16_t args = settle_args(c, type->func.n_params);
	uint16_t slot = slot_of(c, &ref);
	union code *ins = emit(c, tail ? IR_tail_call_ref : IR_call_ref, 2);

	ins[1].u16[0] = args;
	ins[1].u16[1] = slot;
	ins[1].u16[2] = (uint16_t)type->func.param_slots;
	return &type->func;
}

void compile_call(struct compiler *c)
{
	bool tail = c->op == OP_return_call ||
		    c->op == OP_return_call_indirect ||
		    c->op == OP_return_call_ref;
	const struct wasm_functype *ft;

	switch (c->op) {
	case OP_call:
	case OP_return_call:
		ft = call_direct(c, tail);
		break;
	case OP_call_indirect:
	case OP_return_call_indirect:
		ft = call_indirect(c, tail);
		break;
	default:
		ft = call_ref(c, tail);
	}
	if (tail)
		start_dead(c);
	else
		finish_call(c, ft);
}
