/* wasm/validate.h
 * The validation algorithm of the core specification's appendix: a stack of
 * operand types and a stack of control frames, in one pass over the code.
 * Type 0 is the unknown type below an unreachable instruction. */
#pragma once

#include "wasm/module.h"
#include "wasm/opcodes.h"

/* What a block takes and gives: a function type, or at most one result. */
struct block_type {
	const struct wasm_functype *func; /* NULL: none > single, if not 0 */
	wasm_type single;
};

static inline uint32_t block_n_params(const struct block_type *b)
{
	return b->func ? b->func->n_params : 0;
}

static inline uint32_t block_n_results(const struct block_type *b)
{
	return b->func ? b->func->n_results : b->single != 0;
}

static inline const wasm_type *block_params(const struct block_type *b)
{
	return b->func ? b->func->params : NULL;
}

static inline const wasm_type *block_results(const struct block_type *b)
{
	return b->func ? b->func->results : &b->single;
}

struct ctrl {
	enum op op; /* block, loop, if, else, try_table */
	bool unreachable;
	struct block_type type;
	uint32_t height;      /* of the operand stack below the block */
	uint32_t init_height; /* of the list of initialised locals */
};

struct validator {
	struct reader r;
	struct wasm_module *m;
	const struct type_table *types;
	const uint8_t *at; /* the current instruction */
	enum op op;
	bool constant;      /* a constant expression ... */
	uint32_t n_globals; /* ... which may use globals below this */

	/* `peak` is the most that n has been in this function, rounded up. */
	wasm_type *stack;
	uint32_t n, peak, cap;
	struct ctrl *ctrls;
	uint32_t n_ctrls, ctrls_cap;
	wasm_type *locals;
	uint32_t n_locals, locals_cap;
	uint64_t local_slots;
	/* Locals without a default value, once they were set. */
	uint8_t *is_set;
	uint32_t *set_list;
	uint32_t n_set, set_cap;
	const struct wasm_functype *func;
};

/* Returns v->r.rc. */
int v_fail(struct validator *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));
int v_mismatch(struct validator *v, wasm_type want, wasm_type found)
	__attribute__((cold));
int v_grow(struct validator *v);
wasm_type v_pop_slow(struct validator *v, wasm_type want);

static inline void v_push(struct validator *v, wasm_type t)
{
	if (v->n < v->peak || v_grow(v) == 0)
		v->stack[v->n++] = t;
}

/* Pop a subtype of `want` (0: anything); yields what it really was. */
static inline wasm_type v_pop(struct validator *v, wasm_type want)
{
	if (v->n > v->ctrls[v->n_ctrls - 1].height &&
	    v->stack[v->n - 1] == want)
		return v->stack[--v->n];
	return v_pop_slow(v, want);
}

void v_push_all(struct validator *v, const wasm_type *types, uint32_t n);
void v_pop_all(struct validator *v, const wasm_type *types, uint32_t n);
/* Any reference; yields its type, 0 if unknown. */
wasm_type v_pop_ref(struct validator *v);
/* The rest of the block is never reached. */
void v_unreachable(struct validator *v);

static inline wasm_type ref_to(uint32_t heap, bool null)
{
	return (null ? WASM_REF_NULL : WASM_REF) | heap << 8;
}

/* Immediates, checked; they fail with "unknown table 3" and the like. */
const struct type *v_read_type(struct validator *v, int kind);
wasm_type v_read_table(struct validator *v, bool *is64);
wasm_type v_read_memory(struct validator *v);
uint32_t v_read_elem(struct validator *v);
uint32_t v_read_data(struct validator *v);
struct ctrl *v_read_label(struct validator *v);
uint32_t v_read_func(struct validator *v);
wasm_type v_read_memarg(struct validator *v, unsigned int log2, bool exact);
bool read_block_type(struct reader *r, const struct wasm_module *m,
		     struct block_type *ret);

static inline uint32_t label_arity(const struct ctrl *c)
{
	return c->op == OP_loop ? block_n_params(&c->type)
				: block_n_results(&c->type);
}

static inline const wasm_type *label_types(const struct ctrl *c)
{
	return c->op == OP_loop ? block_params(&c->type)
				: block_results(&c->type);
}

/* One instruction of each family; `v->op` is read, its immediates not. */
int v_instruction(struct validator *v);
int validate_control(struct validator *v);
int validate_call(struct validator *v);
int validate_variable(struct validator *v);
int validate_bulk(struct validator *v);
int validate_ref(struct validator *v);
int validate_gc(struct validator *v);

int v_push_ctrl(struct validator *v, enum op op, const struct block_type *type);
void v_free(struct validator *v);
/* Reads an opcode into v->op. */
bool v_read_op(struct validator *v);
