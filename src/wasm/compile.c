/* The stack, emitting, and the loop over a function.  See compile.h. */
#include <errno.h>

#include "wasm/compile.h"

const struct op_compile op_compile_table[OP_COUNT] = {
#define UN(s, n, ...)     [OP_##s##_##n] = {FAMILY_UN, IR_##s##_##n##_s_s},
#define UN_TRAP           UN
#define IBIN(s, n, ...)   [OP_##s##_##n] = {FAMILY_IBIN, IR_##s##_##n##_ss_s},
#define BIN_TRAP          IBIN
#define FBIN(s, n, ...)   [OP_##s##_##n] = {FAMILY_FBIN, IR_##s##_##n##_ss_s},
#define ICMP(s, n, ...)   [OP_##s##_##n] = {FAMILY_ICMP, IR_##s##_##n##_ss_s},
#define FCMP(s, n, ...)   [OP_##s##_##n] = {FAMILY_FCMP, IR_##s##_##n##_ss_s},
#define LOAD(s, n, ...)   [OP_##s##_##n] = {FAMILY_LOAD, IR_##s##_##n##_s_s},
#define STORE(s, n, ...)  [OP_##s##_##n] = {FAMILY_STORE, IR_##s##_##n##_ss},
#define V_UN(s, n, ...)   [OP_##s##_##n] = {FAMILY_VECTOR, IR_##s##_##n},
#define V_BIN             V_UN
#define V_TER             V_UN
#define V_SHIFT           V_UN
#define V_TEST            V_UN
#define V_SPLAT           V_UN
#define V_GET             V_UN
#define V_SET             V_UN
#define A_LOAD(s, n, ...) [OP_##s##_##n] = {FAMILY_ATOMIC, IR_##s##_##n},
#define A_STORE           A_LOAD
#define A_RMW             A_LOAD
#define A_CMPXCHG         A_LOAD
#include "wasm/opcodes.def"
	[OP_memory_atomic_notify] = {FAMILY_ATOMIC, IR_atomic_notify},
	[OP_memory_atomic_wait32] = {FAMILY_ATOMIC, IR_atomic_wait32},
	[OP_memory_atomic_wait64] = {FAMILY_ATOMIC, IR_atomic_wait64},
};

/* --- emitting ------------------------------------------------------------ */

static bool code_reserve(struct compiler *c, uint32_t words)
{
	struct func_code *out;
	uint32_t cap;

	if (c->n + words <= c->cap)
		return true;
	cap = c->cap + c->cap / 2 + words + 64;
	out = realloc(c->out,
		      sizeof(*out) + (size_t)cap * sizeof(out->code[0]));
	if (!out) {
		c->rc = -ENOMEM;
		return false;
	}
	if (!c->out)
		memset(out, 0, sizeof(*out));
	c->out = out;
	c->cap = cap;
	return true;
}

static void note_ir(struct compiler *c, enum ir ir)
{
	struct code_map *map = c->map;

	if (map->n_ir == map->ir_cap) {
		uint32_t cap = map->ir_cap ? map->ir_cap * 2 : 64;
		void *p = realloc(map->ir, cap * sizeof(map->ir[0]));

		if (!p) {
			c->rc = -ENOMEM;
			return;
		}
		map->ir = p;
		map->ir_cap = cap;
	}
	/* A fused instruction took the place of the last one. */
	while (map->n_ir && map->ir[map->n_ir - 1].word >= c->n)
		map->n_ir--;
	map->ir[map->n_ir].word = c->n;
	map->ir[map->n_ir++].ir = (uint16_t)ir;
}

/* The last instruction turned out to be another one of the same size. */
void change_last(struct compiler *c, enum ir ir)
{
	if (c->rc)
		return;
	c->last_ir = ir;
	c->out->code[c->last].handler = ir_handlers[ir];
	if (c->map && c->map->n_ir)
		c->map->ir[c->map->n_ir - 1].ir = (uint16_t)ir;
}

union code *emit(struct compiler *c, enum ir ir, uint32_t words)
{
	union code *ins = c->scratch;

	c->seq++;
	/* What is emitted where the last one was replaces it. */
	c->prev_ir = c->last == c->n ? IR_COUNT : c->last_ir;
	c->prev = c->last;
	c->last = c->n;
	c->last_ir = ir;
	c->last_acc = c->last_dst = c->last_has_r = false;
	c->last_cmp = OP_invalid;
	if (!code_reserve(c, words))
		return ins;
	ins = &c->out->code[c->n];
	memset(ins, 0, words * sizeof(*ins));
	ins->handler = ir_handlers[ir];
	if (c->map)
		note_ir(c, ir);
	c->n += words;
	return ins;
}

void barrier(struct compiler *c)
{
	c->seq++;
	c->last_ir = IR_COUNT;
	c->last_acc = c->last_dst = c->last_has_r = false;
	c->last_cmp = OP_invalid;
}

/* --- the stack ----------------------------------------------------------- */

struct entry *push(struct compiler *c, uint8_t type)
{
	struct entry *e;

	if (c->depth == c->stack_cap) {
		uint32_t cap = c->stack_cap * 2;

		e = realloc(c->stack, cap * sizeof(*e));
		if (!e) {
			c->rc = -ENOMEM;
			c->depth--;
		} else {
			c->stack = e;
			c->stack_cap = cap;
		}
	}
	e = &c->stack[c->depth++];
	e->where = IN_HOME;
	e->type = type;
	e->slot = e->home = (uint16_t)c->top;
	e->seq = 0;
	e->k = 0;
	c->top += entry_slots(type);
	if (c->top > c->max_slots)
		c->max_slots = c->top;
	return e;
}

void push_result(struct compiler *c, union code *ins, uint8_t type, bool acc,
		 bool has_r)
{
	struct entry *e = push(c, type);

	ins[1].u16[0] = e->home;
	e->seq = c->seq;
	c->last_acc = acc;
	c->last_has_r = has_r;
	c->last_dst = true;
}

void push_const(struct compiler *c, uint8_t type, uint64_t k)
{
	struct entry *e = push(c, type);

	e->where = IN_CONST;
	e->k = k;
}

struct entry pop(struct compiler *c)
{
	struct entry e = c->stack[--c->depth];

	c->top = e.home;
	if (c->n_refs && c->refs[c->n_refs - 1] == c->depth)
		c->n_refs--;
	return e;
}

void take_acc(struct compiler *c, const struct entry *e)
{
	if (e->where == IN_HOME && c->last_has_r)
		change_last(c, c->last_ir + 1);
}

bool const_fits(const struct entry *e)
{
	if (e->where != IN_CONST)
		return false;
	return e->type == WASM_I32 || (int64_t)e->k == (int32_t)e->k;
}

/* Up to four plain copies in a row are one instruction. */
static bool append_copy(struct compiler *c, uint16_t to, uint16_t from)
{
	unsigned int n = c->last_ir - IR_copy + 1;
	uint16_t *pair;

	if (c->last_ir < IR_copy || c->last_ir > IR_copy3 || c->rc)
		return false;
	if (n == 2) {
		if (!code_reserve(c, 1))
			return false;
		c->out->code[c->n++].u64 = 0;
	}
	pair = &c->out->code[c->last + 1].u16[2 * n];
	pair[0] = to;
	pair[1] = from;
	change_last(c, c->last_ir + 1);
	c->seq++;
	return true;
}

static void emit_copy(struct compiler *c, uint16_t to, const struct entry *e)
{
	union code *ins;

	if (e->type != WASM_V128 && e->type != WASM_F32 &&
	    append_copy(c, to, e->slot))
		return;
	ins = emit(c,
		   e->type == WASM_V128  ? IR_copy_v128
		   : e->type == WASM_F32 ? IR_copy_f32
					 : IR_copy,
		   2);
	ins[1].u16[0] = to;
	ins[1].u16[1] = e->slot;
}

void move_to(struct compiler *c, uint16_t slot, const struct entry *e)
{
	union code *ins;

	if (e->where != IN_CONST) {
		if (e->slot != slot)
			emit_copy(c, slot, e);
		return;
	}
	if (const_fits(e)) {
		ins = emit(c, IR_const32, 2);
		ins[1].u32[1] = (uint32_t)e->k;
	} else {
		ins = emit(c, IR_const64, 3);
		ins[2].u64 = e->k;
	}
	ins[1].u16[0] = slot;
}

uint16_t slot_of(struct compiler *c, const struct entry *e)
{
	if (e->where != IN_CONST)
		return e->slot;
	move_to(c, e->home, e);
	return e->home;
}

static void settle_one(struct compiler *c, struct entry *e)
{
	if (e->where == IN_HOME)
		return;
	move_to(c, e->home, e);
	e->where = IN_HOME;
	e->slot = e->home;
	e->seq = 0;
}

void settle(struct compiler *c, uint32_t n)
{
	for (uint32_t i = c->depth - n; i < c->depth; i++)
		settle_one(c, &c->stack[i]);
	while (c->n_refs && c->refs[c->n_refs - 1] >= c->depth - n)
		c->n_refs--;
}

void settle_locals(struct compiler *c)
{
	for (uint32_t i = 0; i < c->n_refs; i++)
		settle_one(c, &c->stack[c->refs[i]]);
	c->n_refs = 0;
}

/* --- locals -------------------------------------------------------------- */

static void settle_local(struct compiler *c, uint16_t slot)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n_refs; i++) {
		struct entry *e = &c->stack[c->refs[i]];

		if (e->slot == slot)
			settle_one(c, e);
		else
			c->refs[kept++] = c->refs[i];
	}
	c->n_refs = kept;
}

static void push_local(struct compiler *c, uint32_t local)
{
	struct entry *e = push(c, c->local_type[local]);
	struct entry source = *e;

	source.where = IN_LOCAL;
	source.slot = (uint16_t)c->local_slot[local];
	if (c->n_refs == MAX_LOCAL_REFS) {
		move_to(c, e->home, &source);
		return;
	}
	c->refs[c->n_refs++] = c->depth - 1;
	if (c->acc_local == local && c->acc_local_seq == c->seq)
		source.seq = c->seq;
	*e = source;
}

static void set_local(struct compiler *c, uint32_t local, const struct entry *e)
{
	uint16_t slot = (uint16_t)c->local_slot[local];

	if (e->where == IN_LOCAL && e->slot == slot)
		return;
	settle_local(c, slot);
	if (e->where == IN_HOME && e->seq == c->seq && c->last_dst && !c->rc) {
		/* The last instruction may write there itself. */
		c->out->code[c->last + 1].u16[0] = slot;
		c->last_dst = false;
		c->acc_local = local;
		c->acc_local_seq = c->last_acc ? c->seq : 0;
		return;
	}
	move_to(c, slot, e);
}

void compile_variable(struct compiler *c)
{
	uint32_t local = read_u32(&c->r);
	struct entry e;

	switch (c->op) {
	case OP_local_get:
		push_local(c, local);
		return;
	case OP_local_set:
		e = pop(c);
		set_local(c, local, &e);
		return;
	default:
		e = pop(c);
		set_local(c, local, &e);
		if (e.where == IN_CONST)
			push_const(c, e.type, e.k);
		else
			push_local(c, local);
	}
}

/* --- functions ----------------------------------------------------------- */

static void compile_op(struct compiler *c)
{
	switch (op_compile_table[c->op].family) {
	case FAMILY_NONE:
		break;
	case FAMILY_LOAD:
	case FAMILY_STORE:
		compile_access(c);
		return;
	default:
		compile_simple(c);
		return;
	}
	switch (c->op) {
	case OP_local_get:
	case OP_local_set:
	case OP_local_tee:
		compile_variable(c);
		return;
	case OP_i32_const:
		push_const(c, WASM_I32, (uint32_t)read_s32(&c->r));
		return;
	case OP_i64_const:
		push_const(c, WASM_I64, (uint64_t)read_s64(&c->r));
		return;
	case OP_call:
	case OP_call_indirect:
	case OP_call_ref:
	case OP_return_call:
	case OP_return_call_indirect:
	case OP_return_call_ref:
		compile_call(c);
		return;
	default:
		if (c->op < OP_local_get)
			compile_control(c);
		else if (c->op >= OP_struct_new && c->op <= OP_i31_get_u)
			compile_gc(c);
		else if (c->op >= OP_ref_null && c->op <= OP_br_on_non_null)
			compile_ref(c);
		else if (op_info[c->op].sig[0])
			compile_simple(c);
		else
			compile_bulk(c);
	}
}

static void note_position(struct compiler *c, uint32_t offset)
{
	struct code_map *map = c->map;

	if (map->n == map->cap) {
		uint32_t cap = map->cap ? map->cap * 2 : 64;
		void *p = realloc(map->entries, cap * sizeof(map->entries[0]));

		if (!p) {
			c->rc = -ENOMEM;
			return;
		}
		map->entries = p;
		map->cap = cap;
	}
	map->entries[map->n].word = c->n;
	map->entries[map->n++].offset = offset;
}

/* In unreachable code only the nesting of blocks matters. */
static void skip_dead(struct compiler *c)
{
	if (c->op == OP_end && c->dead == 1) {
		compile_end(c);
		return;
	}
	if (c->op == OP_else && c->dead == 1) {
		compile_else(c);
		return;
	}
	if (c->op == OP_end)
		c->dead--;
	else if (c->op == OP_block || c->op == OP_loop || c->op == OP_if ||
		 c->op == OP_try_table)
		c->dead++;
	skip_immediates(&c->r, c->m, op_info[c->op].imm);
}

static void compile_body(struct compiler *c)
{
	while (c->n_labels && !c->rc) {
		uint32_t offset = reader_offset(&c->r);

		c->op = read_op(&c->r);
		if (c->r.rc) {
			c->rc = c->r.rc;
			return;
		}
		if (c->map)
			note_position(c, offset);
		if (c->dead) {
			skip_dead(c);
			continue;
		}
		if (c->fuel)
			c->out->code[c->fuel].u32[1]++;
		compile_op(c);
	}
}

static void add_local(struct compiler *c, wasm_type t)
{
	c->local_slot[c->n_locals] = c->top;
	c->local_type[c->n_locals++] = entry_type(t);
	c->top += wasm_type_slots(t);
}

/* Parameters, then the declared locals.  They were validated, so there is no
 * error but memory. */
static void read_locals(struct compiler *c)
{
	const struct wasm_functype *ft = &c->func->type->func;
	const uint8_t *start = c->r.p;
	uint64_t total = ft->n_params;
	uint32_t groups = read_u32(&c->r);

	for (uint32_t i = 0; i < groups; i++) {
		total += read_u32(&c->r);
		read_value_type(&c->r, c->m);
	}
	c->local_slot = malloc(total * sizeof(c->local_slot[0]) + 1);
	c->local_type = malloc(total + 1);
	if (!c->local_slot || !c->local_type) {
		c->rc = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < ft->n_params; i++)
		add_local(c, ft->params[i]);
	c->r.p = start;
	read_u32(&c->r);
	for (uint32_t i = 0; i < groups; i++) {
		uint32_t n = read_u32(&c->r);
		wasm_type t = read_value_type(&c->r, c->m);

		while (n--)
			add_local(c, t);
	}
	c->max_slots = c->top;
}

static void begin_function(struct compiler *c)
{
	const struct wasm_functype *ft = &c->func->type->func;
	uint32_t params = ft->param_slots;

	read_locals(c);
	if (c->rc)
		return;
	c->labels = malloc(16 * sizeof(c->labels[0]));
	c->stack = malloc(64 * sizeof(c->stack[0]));
	c->stack_cap = 64;
	if (!c->labels || !c->stack || !code_reserve(c, 16)) {
		c->rc = -ENOMEM;
		return;
	}
	c->labels_cap = 16;
	c->labels[0] = (struct label){
		.op = OP_block,
		.type = {ft, 0},
		.base = (uint16_t)c->top,
	};
	c->n_labels = 1;
	if (c->top > params) {
		union code *ins = emit(c, IR_zero, 2);

		ins[1].u16[0] = (uint16_t)params;
		ins[1].u32[1] = c->top - params;
	}
	if (c->inst->store->cfg.fuel) {
		emit(c, IR_fuel, 2);
		c->fuel = c->last + 1;
	}
	barrier(c);
}

static void release(struct compiler *c)
{
	free(c->stack);
	free(c->labels);
	free(c->local_slot);
	free(c->local_type);
	free(c->pending);
	if (c->out && c->rc) {
		free(c->out->regions);
		free(c->out->clauses);
		free(c->out);
		c->out = NULL;
	}
}

int compile_to(struct wasm_func *f, struct code_map *map,
	       struct func_code **ret, struct err *err)
{
	const struct wasm_module *m = f->inst->module;
	const struct body *b = &m->bodies[f->index - m->n_imported_funcs];
	struct compiler c = {
		.r = {.base = m->bytes,
		      .p = m->bytes + b->start,
		      .end = m->bytes + b->end,
		      .module = m,
		      .func = f->index},
		.m = m,
		.inst = f->inst,
		.func = f,
		.acc_local = UINT32_MAX,
		.seq = 1,
		.map = map,
	};
	uint32_t results = f->type->func.result_slots;

	begin_function(&c);
	compile_body(&c);
	if (c.max_slots < results)
		c.max_slots = results;
	if (!c.rc && c.max_slots > MAX_SLOTS)
		c.rc = -ENOTSUP;
	release(&c);
	if (c.rc)
		return err_say(err, c.rc, "function %u: %s", f->index,
			       c.rc == -ENOTSUP ? "too many stack slots"
						: "out of memory");
	c.out->func = f;
	c.out->n_words = c.n;
	f->frame_slots = c.max_slots;
	*ret = c.out;
	return 0;
}

int compile_function(struct wasm_func *f, struct code_map *map, struct err *err)
{
	struct func_code *code, *fit;
	int rc = compile_to(f, map, &code, err);

	if (rc < 0)
		return rc;
	if (map) {
		func_code_free(code);
		return 0;
	}
	fit = realloc(code,
		      sizeof(*code) + code->n_words * sizeof(code->code[0]));
	if (fit)
		code = fit;
	code->next = f->inst->code;
	f->inst->code = code;
	f->code = code->code;
	return 0;
}

void func_code_free(struct func_code *code)
{
	free(code->regions);
	free(code->clauses);
	free(code);
}

void code_map_free(struct code_map *map)
{
	free(map->entries);
	free(map->ir);
}

const char *ir_name(enum ir ir)
{
	static const char names[IR_COUNT][36] = {
#define IR(name) #name,
#include "wasm/ir.def"
	};

	return names[ir];
}
