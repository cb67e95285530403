/* Blocks, branches, returns. */
#include <errno.h>

#include "wasm/compile.h"

static struct label *label_at(struct compiler *c, uint32_t depth)
{
	return &c->labels[c->n_labels - 1 - depth];
}

static uint32_t read_label(struct compiler *c)
{
	return c->n_labels - 1 - read_u32(&c->r);
}

static uint32_t arity(const struct label *l)
{
	return l->op == OP_loop ? block_n_params(&l->type)
				: block_n_results(&l->type);
}

void start_dead(struct compiler *c)
{
	c->dead = 1;
	c->fuel = 0;
}

static void start_fuel(struct compiler *c)
{
	if (!c->inst->store->cfg.fuel)
		return;
	emit(c, IR_fuel, 2);
	c->fuel = c->last + 1;
	barrier(c);
}

/* --- branches ------------------------------------------------------------ */

/* Unresolved words form a list: the next one's index + 1, and where their
 * distance counts from. */
static void add_fixup(struct compiler *c, uint32_t *list, uint32_t from,
		      uint32_t word)
{
	if (c->rc)
		return;
	c->out->code[word].u32[0] = *list;
	c->out->code[word].u32[1] = from;
	*list = word + 1;
}

void patch(struct compiler *c, uint32_t list, uint32_t target)
{
	while (list && !c->rc) {
		union code *w = &c->out->code[list - 1];
		uint32_t from = w->u32[1];

		list = w->u32[0];
		w->s64 = (int64_t)target - from;
	}
}

void branch_to(struct compiler *c, uint32_t label, uint32_t from, uint32_t word)
{
	struct label *l = &c->labels[label];

	if (l->op != OP_loop) {
		l->reached = true;
		add_fixup(c, &l->fixups, from, word);
	} else if (!c->rc) {
		c->out->code[word].s64 = (int64_t)l->target - from;
	}
}

bool needs_moves(const struct compiler *c, uint32_t label)
{
	const struct label *l = &c->labels[label];
	uint32_t n = arity(l), slot = l->base;

	for (uint32_t i = 0; i < n; i++) {
		const struct entry *e = &c->stack[c->depth - n + i];

		if (e->where == IN_CONST || e->slot != slot)
			return true;
		slot += entry_slots(e->type);
	}
	return false;
}

/* In ascending order: the homes that values leave are at or above those they
 * go to, so none is overwritten before it was read. */
void emit_moves(struct compiler *c, uint32_t label)
{
	const struct label *l = &c->labels[label];
	uint32_t n = arity(l), slot = l->base;

	for (uint32_t i = 0; i < n; i++) {
		const struct entry *e = &c->stack[c->depth - n + i];

		move_to(c, (uint16_t)slot, e);
		slot += entry_slots(e->type);
	}
}

void emit_br(struct compiler *c, uint32_t label)
{
	emit_moves(c, label);
	emit(c, c->labels[label].op == OP_loop ? IR_br_back : IR_br, 2);
	branch_to(c, label, c->last, c->last + 1);
}

static void br(struct compiler *c)
{
	uint32_t label = read_label(c);

	if (label == 0)
		compile_return(c);
	else
		emit_br(c, label);
	start_dead(c);
}

static void br_if(struct compiler *c)
{
	uint32_t label = read_label(c), skip = 0, at;
	struct entry e = pop(c);

	if (!needs_moves(c, label)) {
		at = emit_cond(c, &e, true);
		branch_to(c, label, at, at + 2);
		barrier(c);
		return;
	}
	at = emit_cond(c, &e, false);
	add_fixup(c, &skip, at, at + 2);
	barrier(c);
	emit_br(c, label);
	patch(c, skip, c->n);
	barrier(c);
}

/* Labels whose values have to move get a piece of code behind the table that
 * moves them and goes on. */
static void br_table(struct compiler *c)
{
	uint32_t n = read_u32(&c->r);
	const uint8_t *labels = c->r.p;
	struct entry e = pop(c);
	uint16_t index = slot_of(c, &e);
	uint32_t at;
	union code *ins;

	/* Room for all of it at once: emit() knows no such sizes when it
	 * runs out of memory. */
	emit(c, IR_br_table, 2);
	at = c->last;
	for (uint32_t i = 0; i <= n && !c->rc; i++) {
		emit(c, IR_br, 1);
	}
	if (c->rc)
		return;
	ins = &c->out->code[at];
	ins[1].u16[1] = index;
	ins[1].u32[1] = n;
	c->r.p = labels;
	for (uint32_t i = 0; i <= n && !c->rc; i++) {
		uint32_t label = read_label(c);

		if (needs_moves(c, label)) {
			c->out->code[at + 2 + i].s64 = (int64_t)c->n - at;
			barrier(c);
			emit_br(c, label);
		} else {
			branch_to(c, label, at, at + 2 + i);
		}
	}
	start_dead(c);
}

/* --- blocks -------------------------------------------------------------- */

static struct label *push_label(struct compiler *c, const struct block_type *t)
{
	struct label *l;

	if (c->n_labels == c->labels_cap) {
		l = realloc(c->labels, c->labels_cap * 2 * sizeof(*l));
		if (!l) {
			c->rc = -ENOMEM;
			return &c->labels[c->n_labels - 1];
		}
		c->labels = l;
		c->labels_cap *= 2;
	}
	l = &c->labels[c->n_labels++];
	memset(l, 0, sizeof(*l));
	l->op = c->op;
	l->type = *t;
	l->height = c->depth - block_n_params(t);
	l->base = (uint16_t)(block_n_params(t) ? c->stack[l->height].home
					       : c->top);
	return l;
}

static void block(struct compiler *c)
{
	struct block_type t;
	struct entry cond = {0};
	struct label *l;
	uint32_t at;

	read_block_type(&c->r, c->m, &t);
	if (c->op == OP_if)
		cond = pop(c);
	/* The condition may be in the accumulator only as long as nothing has
	 * to go home first. */
	settle(c, block_n_params(&t));
	settle_locals(c);
	l = push_label(c, &t);
	if (c->op == OP_if) {
		at = emit_cond(c, &cond, false);
		add_fixup(c, &l->to_else, at, at + 2);
	}
	barrier(c);
	if (c->op == OP_loop) {
		l->target = c->n;
		start_fuel(c);
	}
}

/* Back to the height of the block, with `types` on top, all at home. */
static void reset_stack(struct compiler *c, const struct label *l,
			const wasm_type *types, uint32_t n)
{
	c->depth = l->height;
	while (c->n_refs && c->refs[c->n_refs - 1] >= c->depth)
		c->n_refs--;
	c->top = l->base;
	for (uint32_t i = 0; i < n; i++)
		push(c, entry_type(types[i]));
}

void compile_else(struct compiler *c)
{
	struct label *l = label_at(c, 0);

	if (!c->dead) {
		settle(c, block_n_results(&l->type));
		emit(c, IR_br, 2);
		branch_to(c, c->n_labels - 1, c->last, c->last + 1);
	}
	l->op = OP_else;
	c->dead = 0;
	patch(c, l->to_else, c->n);
	l->to_else = 0;
	barrier(c);
	reset_stack(c, l, block_params(&l->type), block_n_params(&l->type));
	start_fuel(c);
}

/* The parts of the handlers that are code: bring the tag's values, which the
 * interpreter leaves at the height of the block, to the label. */
static void emit_handlers(struct compiler *c, const struct label *l)
{
	uint32_t over = 0;

	if (!c->dead) {
		emit(c, IR_br, 2);
		add_fixup(c, &over, c->last, c->last + 1);
	}
	for (uint32_t i = 0; i < l->n_clauses && !c->rc; i++) {
		struct catch_clause *clause =
			&c->out->clauses[l->first_clause + i];
		const struct pending_clause *p =
			&c->pending[l->first_clause + i];
		const struct wasm_functype *ft =
			p->tag_type ? &p->tag_type->func : NULL;

		clause->target = c->n;
		clause->slot = l->base;
		reset_stack(c, l, ft ? ft->params : NULL,
			    ft ? ft->n_params : 0);
		if (clause->with_ref)
			push(c, WASM_REF);
		barrier(c);
		if (p->label == 0)
			compile_return(c);
		else
			emit_br(c, p->label);
	}
	patch(c, over, c->n);
	barrier(c);
}

static void end_try_table(struct compiler *c, const struct label *l)
{
	struct func_code *out = c->out;
	struct try_region *r;

	if (c->rc || !l->n_clauses)
		return;
	if (out->n_regions == c->regions_cap) {
		uint32_t cap = c->regions_cap * 2 + 8;

		r = realloc(out->regions, cap * sizeof(*r));
		if (!r) {
			c->rc = -ENOMEM;
			return;
		}
		out->regions = r;
		c->regions_cap = cap;
	}
	out->regions[out->n_regions++] = (struct try_region){
		l->region_start, c->n, l->first_clause, l->n_clauses};
	emit_handlers(c, l);
}

void compile_end(struct compiler *c)
{
	struct label l = *label_at(c, 0);

	if (c->n_labels == 1) {
		if (!c->dead)
			compile_return(c);
		c->dead = 0;
		if (l.reached) {
			patch(c, l.fixups, c->n);
			barrier(c);
			reset_stack(c, &l, block_results(&l.type),
				    block_n_results(&l.type));
			compile_return(c);
		}
		c->n_labels = 0;
		return;
	}
	if (!c->dead)
		settle(c, block_n_results(&l.type));
	if (l.op == OP_try_table)
		end_try_table(c, &l);
	if (l.op == OP_if)
		l.reached = true;
	c->n_labels--;
	patch(c, l.to_else, c->n);
	patch(c, l.fixups, c->n);
	if (c->dead && !l.reached)
		return;
	c->dead = 0;
	barrier(c);
	reset_stack(c, &l, block_results(&l.type), block_n_results(&l.type));
	start_fuel(c);
}

static bool add_clause(struct compiler *c, const struct wasm_tag *tag,
		       const struct type *type, bool with_ref, uint32_t label)
{
	if (c->n_clauses == c->clauses_cap) {
		uint32_t cap = c->clauses_cap * 2 + 8;
		struct pending_clause *p =
			realloc(c->pending, cap * sizeof(*p));
		struct catch_clause *q;

		if (p)
			c->pending = p;
		q = realloc(c->out->clauses, cap * sizeof(*q));
		if (q)
			c->out->clauses = q;
		if (!p || !q) {
			c->rc = -ENOMEM;
			return false;
		}
		c->clauses_cap = cap;
	}
	c->pending[c->n_clauses] = (struct pending_clause){type, label};
	c->out->clauses[c->n_clauses++] =
		(struct catch_clause){.tag = tag, .with_ref = with_ref};
	return true;
}

static void try_table(struct compiler *c)
{
	struct block_type t;
	uint32_t n, first = c->n_clauses;
	struct label *l;

	read_block_type(&c->r, c->m, &t);
	n = read_u32(&c->r);
	for (uint32_t i = 0; i < n && !c->rc; i++) {
		uint8_t kind = read_byte(&c->r);
		uint32_t tag = kind < 2 ? read_u32(&c->r) : 0;
		uint32_t label = read_label(c);

		add_clause(c, kind < 2 ? c->inst->tag[tag] : NULL,
			   kind < 2 ? c->m->tags[tag] : NULL, kind & 1, label);
	}
	settle(c, block_n_params(&t));
	settle_locals(c);
	l = push_label(c, &t);
	l->first_clause = first;
	l->n_clauses = n;
	l->region_start = c->n;
	barrier(c);
}

/* --- returns ------------------------------------------------------------- */

static void return_one(struct compiler *c, struct entry *e)
{
	union code *ins;
	uint16_t slot;

	if (in_acc(c, e)) {
		take_acc(c, e);
		emit(c,
		     e->type == WASM_F32   ? IR_ret_f32
		     : e->type == WASM_F64 ? IR_ret_f64
					   : IR_ret_r,
		     2);
		return;
	}
	if (const_fits(e)) {
		ins = emit(c, IR_ret_k, 2);
		ins[1].u32[1] = (uint32_t)e->k;
		return;
	}
	slot = slot_of(c, e);
	ins = emit(c, IR_ret_s, 2);
	ins[1].u16[1] = slot;
}

void compile_return(struct compiler *c)
{
	const struct wasm_functype *ft = &c->func->type->func;
	uint32_t n = ft->n_results;
	struct entry *first = &c->stack[c->depth - n];
	uint16_t slot;
	union code *ins;

	if (n == 0) {
		emit(c, IR_ret, 2);
		return;
	}
	if (n == 1 && first->type != WASM_V128) {
		return_one(c, first);
		return;
	}
	/* Locals may lie where results go, so all go home first. */
	settle(c, n);
	slot = c->stack[c->depth - n].home;
	ins = emit(c, IR_ret_n, 2);
	ins[1].u16[1] = slot;
	ins[1].u32[1] = ft->result_slots;
}

/* --- the rest ------------------------------------------------------------ */

static void throw(struct compiler * c)
{
	uint32_t tag = read_u32(&c->r);
	uint16_t args = settle_args(c, c->m->tags[tag]->func.n_params);
	union code *ins = emit(c, IR_throw, 3);

	ins[1].u16[1] = args;
	ins[2].ptr = c->inst->tag[tag];
	start_dead(c);
}

static void throw_ref(struct compiler *c)
{
	struct entry e = pop(c);
	uint16_t slot = slot_of(c, &e);
	union code *ins = emit(c, IR_throw_ref, 2);

	ins[1].u16[1] = slot;
	start_dead(c);
}

static void emit_select(struct compiler *c)
{
	struct entry cond = pop(c), b = pop(c), a = pop(c);
	uint16_t left = slot_of(c, &a), right = slot_of(c, &b), slot = 0;
	bool wide = a.type == WASM_F32 || a.type == WASM_V128;
	bool acc = in_acc(c, &cond) && !wide;
	bool is_int = a.type != WASM_F64 && !wide;
	union code *ins;

	if (acc)
		take_acc(c, &cond);
	else
		slot = slot_of(c, &cond);
	ins = emit(c,
		   a.type == WASM_V128  ? IR_select_v128
		   : a.type == WASM_F32 ? IR_select_f32
		   : acc                ? IR_select_r
					: IR_select_s,
		   2);
	ins[1].u16[1] = left;
	ins[1].u16[2] = right;
	ins[1].u16[3] = slot;
	push_result(c, ins, a.type, is_int, false);
}

void compile_control(struct compiler *c)
{
	switch (c->op) {
	case OP_nop:
		break;
	case OP_unreachable:
		emit(c, IR_unreachable, 1);
		start_dead(c);
		break;
	case OP_block:
	case OP_loop:
	case OP_if:
		block(c);
		break;
	case OP_else:
		compile_else(c);
		break;
	case OP_end:
		compile_end(c);
		break;
	case OP_try_table:
		try_table(c);
		break;
	case OP_throw:
		throw(c);
		break;
	case OP_throw_ref:
		throw_ref(c);
		break;
	case OP_br:
		br(c);
		break;
	case OP_br_if:
		br_if(c);
		break;
	case OP_br_table:
		br_table(c);
		break;
	case OP_return:
		compile_return(c);
		start_dead(c);
		break;
	case OP_drop:
		pop(c);
		break;
	case OP_select_t:
		skip_immediates(&c->r, c->m, IMM_TYPES);
		emit_select(c);
		break;
	default:
		emit_select(c);
	}
}
