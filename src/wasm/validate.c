/* Function bodies: the loop, and instructions that their signature describes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "wasm/store.h"
#include "wasm/validate.h"

int v_fail(struct validator *v, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return reader_fail(&v->r, v->at, -EINVAL, "%s", text);
}

int v_mismatch(struct validator *v, wasm_type want, wasm_type found)
{
	char a[40], b[40];

	return v_fail(v, "type mismatch: expected %s, found %s",
		      wasm_type_name(want, a, sizeof(a)),
		      wasm_type_name(found, b, sizeof(b)));
}

static int no_memory(struct validator *v)
{
	return reader_fail(&v->r, v->at, -ENOMEM, "out of memory");
}

/* --- the operand stack ---------------------------------------------------- */

enum { PEAK_STEP = 64 };

int v_grow(struct validator *v)
{
	v->peak += PEAK_STEP;
	if (v->peak > v->cap) {
		uint32_t cap = v->cap * 2 + PEAK_STEP;
		wasm_type *stack = realloc(v->stack, cap * sizeof(stack[0]));

		if (!stack)
			return no_memory(v);
		v->stack = stack;
		v->cap = cap;
	}
	if (v->local_slots + 2 * v->peak > MAX_FRAME)
		return reader_fail(&v->r, v->at, -ENOTSUP,
				   "a frame of more than %d slots", MAX_FRAME);
	return 0;
}

wasm_type v_pop_slow(struct validator *v, wasm_type want)
{
	const struct ctrl *c = &v->ctrls[v->n_ctrls - 1];
	wasm_type t;
	char name[40];

	if (v->n == c->height) {
		if (!c->unreachable && want)
			v_fail(v,
			       "type mismatch: expected %s, but the stack "
			       "is empty",
			       wasm_type_name(want, name, sizeof(name)));
		else if (!c->unreachable)
			v_fail(v, "type mismatch: the stack is empty");
		return 0;
	}
	t = v->stack[--v->n];
	if (want && !type_matches(v->types, t, want))
		v_mismatch(v, want, t);
	return t;
}

void v_push_all(struct validator *v, const wasm_type *types, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		v_push(v, types[i]);
}

void v_pop_all(struct validator *v, const wasm_type *types, uint32_t n)
{
	while (n--)
		v_pop(v, types[n]);
}

wasm_type v_pop_ref(struct validator *v)
{
	wasm_type t = v_pop(v, 0);
	char name[40];

	if (t && !wasm_type_is_ref(t))
		v_fail(v, "type mismatch: expected a reference, found %s",
		       wasm_type_name(t, name, sizeof(name)));
	return t;
}

void v_unreachable(struct validator *v)
{
	struct ctrl *c = &v->ctrls[v->n_ctrls - 1];

	v->n = c->height;
	c->unreachable = true;
}

int v_push_ctrl(struct validator *v, enum op op, const struct block_type *type)
{
	struct ctrl *c;

	if (v->n_ctrls == v->ctrls_cap) {
		uint32_t cap = v->ctrls_cap ? v->ctrls_cap * 2 : 16;

		c = realloc(v->ctrls, cap * sizeof(*c));
		if (!c)
			return no_memory(v);
		v->ctrls = c;
		v->ctrls_cap = cap;
	}
	c = &v->ctrls[v->n_ctrls++];
	c->op = op;
	c->unreachable = false;
	c->type = *type;
	c->height = v->n;
	c->init_height = v->n_set;
	return 0;
}

/* --- immediates ---------------------------------------------------------- */

const struct type *v_read_type(struct validator *v, int kind)
{
	static const char kinds[][9] = {"function", "struct", "array"};
	uint32_t index = read_u32(&v->r);

	if (v->r.rc)
		return NULL;
	if (index >= v->m->n_types) {
		v_fail(v, "unknown type %u", index);
		return NULL;
	}
	if (v->m->types[index]->kind != kind) {
		v_fail(v, "type mismatch: type %u is not a%s %s type", index,
		       kind == TYPE_ARRAY ? "n" : "", kinds[kind]);
		return NULL;
	}
	return v->m->types[index];
}

wasm_type v_read_table(struct validator *v, bool *is64)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && index >= v->m->n_tables)
		v_fail(v, "unknown table %u", index);
	if (v->r.rc)
		return WASM_FUNCREF;
	*is64 = v->m->tables[index].limits.is64;
	return v->m->tables[index].elem;
}

static wasm_type memory_address(struct validator *v, uint32_t index)
{
	if (!v->r.rc && index >= v->m->n_memories)
		v_fail(v, "unknown memory %u", index);
	if (v->r.rc)
		return WASM_I32;
	return v->m->memories[index].is64 ? WASM_I64 : WASM_I32;
}

wasm_type v_read_memory(struct validator *v)
{
	return memory_address(v, read_u32(&v->r));
}

uint32_t v_read_elem(struct validator *v)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && index >= v->m->n_elems)
		v_fail(v, "unknown elem segment %u", index);
	return index;
}

uint32_t v_read_data(struct validator *v)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && !v->m->has_data_count)
		reader_fail(&v->r, v->at, -ENOEXEC,
			    "data count section required");
	if (!v->r.rc && index >= v->m->n_datas)
		v_fail(v, "unknown data segment %u", index);
	return index;
}

struct ctrl *v_read_label(struct validator *v)
{
	uint32_t depth = read_u32(&v->r);

	if (!v->r.rc && depth >= v->n_ctrls)
		v_fail(v, "unknown label %u", depth);
	if (v->r.rc)
		return &v->ctrls[0];
	return &v->ctrls[v->n_ctrls - 1 - depth];
}

uint32_t v_read_func(struct validator *v)
{
	uint32_t index = read_u32(&v->r);

	if (!v->r.rc && index >= v->m->n_funcs)
		v_fail(v, "unknown function %u", index);
	return index;
}

wasm_type v_read_memarg(struct validator *v, unsigned int log2, bool exact)
{
	const uint8_t *at = v->r.p;
	uint32_t align = read_u32(&v->r), memory = 0;
	wasm_type address;
	uint64_t offset;

	if (align >= 64) {
		if (align >= 128)
			reader_fail(&v->r, at, -ENOEXEC,
				    "malformed memop flags");
		align -= 64;
		memory = read_u32(&v->r);
	}
	address = memory_address(v, memory);
	at = v->r.p;
	offset = read_u64(&v->r);
	if (v->r.rc)
		return address;
	if (align >= 32 && address == WASM_I32)
		reader_fail(&v->r, at, -ENOEXEC, "malformed memop flags");
	else if (exact ? align != log2 : align > log2)
		v_fail(v,
		       exact ? "alignment must be %u for this access"
			     : "alignment must not be larger than "
			       "natural (%u)",
		       1u << log2);
	else if (address == WASM_I32 && offset > UINT32_MAX)
		v_fail(v, "offset out of range");
	return address;
}

bool read_block_type(struct reader *r, const struct wasm_module *m,
		     struct block_type *ret)
{
	const uint8_t *at = r->p;
	int64_t index;

	ret->func = NULL;
	ret->single = 0;
	if (r->p < r->end && *r->p == 0x40) {
		r->p++;
		return true;
	}
	if (r->p < r->end && is_value_type_byte(*r->p)) {
		ret->single = read_value_type(r, m);
		return !r->rc;
	}
	index = reader_leb_s(r, 33);
	if (r->rc)
		return false;
	if (index < 0) {
		reader_fail(r, at, -ENOEXEC, "malformed block type");
		return false;
	}
	if (index >= m->n_types || m->types[index]->kind != TYPE_FUNC) {
		reader_fail(r, at, -EINVAL, "unknown type %lld",
			    (long long)index);
		return false;
	}
	ret->func = &m->types[index]->func;
	return true;
}

/* --- instructions -------------------------------------------------------- */

static wasm_type letter_type(char c, wasm_type address)
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
	case 'v':
		return WASM_V128;
	default:
		return address;
	}
}

static void read_lane(struct validator *v, unsigned int lanes)
{
	uint8_t lane = read_byte(&v->r);

	if (!v->r.rc && lane >= lanes)
		v_fail(v, "invalid lane index %u", lane);
}

static wasm_type read_plain_imm(struct validator *v, const struct op_info *info)
{
	wasm_type address = WASM_I32;

	switch (info->imm) {
	case IMM_MEMARG:
		return v_read_memarg(v, info->aux, false);
	case IMM_ATOMIC:
		return v_read_memarg(v, info->aux, true);
	case IMM_MEMARG_LANE:
		address = v_read_memarg(v, info->aux, false);
		read_lane(v, 16u >> info->aux);
		break;
	case IMM_LANE:
		read_lane(v, info->aux);
		break;
	case IMM_SHUFFLE:
		for (int i = 0; i < 16; i++)
			read_lane(v, 32);
		break;
	}
	return address;
}

/* "ai>i" and the like. */
static int by_signature(struct validator *v, const struct op_info *info)
{
	wasm_type address = WASM_I32;
	unsigned int n = 0;

	if (info->imm != IMM_NONE)
		address = read_plain_imm(v, info);
	while (info->sig[n] != '>')
		n++;
	for (unsigned int i = n; i-- > 0;)
		v_pop(v, letter_type(info->sig[i], address));
	if (n + 1 < sizeof(info->sig) && info->sig[n + 1])
		v_push(v, letter_type(info->sig[n + 1], address));
	return v->r.rc;
}

bool v_read_op(struct validator *v)
{
	uint8_t byte;

	v->at = v->r.p;
	byte = read_byte(&v->r);
	v->op = op_plain[byte];
	if (byte >= 0xfb && byte <= 0xfe) {
		uint32_t number = read_u32(&v->r);

		v->op = op_prefixed(byte, number);
		if (v->op == OP_invalid)
			reader_fail(&v->r, v->at, -ENOEXEC,
				    "illegal opcode %02x %02x", byte, number);
	} else if (v->op == OP_invalid) {
		reader_fail(&v->r, v->at, -ENOEXEC, "illegal opcode %02x",
			    byte);
	}
	return !v->r.rc;
}

int v_instruction(struct validator *v)
{
	const struct op_info *info = &op_info[v->op];

	if (info->sig[0])
		return by_signature(v, info);
	switch (v->op) {
	case OP_i32_const:
		read_s32(&v->r);
		v_push(v, WASM_I32);
		break;
	case OP_i64_const:
		read_s64(&v->r);
		v_push(v, WASM_I64);
		break;
	case OP_f32_const:
		read_bytes(&v->r, 4);
		v_push(v, WASM_F32);
		break;
	case OP_f64_const:
		read_bytes(&v->r, 8);
		v_push(v, WASM_F64);
		break;
	case OP_v128_const:
		read_bytes(&v->r, 16);
		v_push(v, WASM_V128);
		break;
	case OP_atomic_fence:
		if (read_byte(&v->r) != 0)
			reader_fail(&v->r, v->at, -ENOEXEC,
				    "zero byte expected");
		break;
	case OP_call:
	case OP_call_indirect:
	case OP_call_ref:
	case OP_return_call:
	case OP_return_call_indirect:
	case OP_return_call_ref:
		return validate_call(v);
	case OP_local_get:
	case OP_local_set:
	case OP_local_tee:
	case OP_global_get:
	case OP_global_set:
		return validate_variable(v);
	default:
		if (v->op < OP_local_get)
			return validate_control(v);
		if (v->op >= OP_struct_new && v->op <= OP_i31_get_u)
			return validate_gc(v);
		if (v->op >= OP_ref_null && v->op <= OP_br_on_non_null)
			return validate_ref(v);
		return validate_bulk(v);
	}
	return v->r.rc;
}

/* --- functions ----------------------------------------------------------- */

static bool locals_reserve(struct validator *v, uint32_t n)
{
	uint32_t cap = n + n / 2 + 16;
	wasm_type *locals;
	uint8_t *is_set;

	if (n <= v->locals_cap)
		return true;
	locals = realloc(v->locals, cap * sizeof(locals[0]));
	if (locals)
		v->locals = locals;
	is_set = realloc(v->is_set, cap);
	if (is_set)
		v->is_set = is_set;
	if (!locals || !is_set) {
		no_memory(v);
		return false;
	}
	v->locals_cap = cap;
	return true;
}

static int read_locals(struct validator *v)
{
	uint32_t groups;
	uint64_t total = v->func->n_params;

	if (!locals_reserve(v, v->func->n_params))
		return v->r.rc;
	for (uint32_t i = 0; i < v->func->n_params; i++) {
		v->locals[i] = v->func->params[i];
		v->is_set[i] = 1;
	}
	v->n_locals = v->func->n_params;
	v->local_slots = v->func->param_slots;
	v->at = v->r.p;
	groups = read_count(&v->r, 2, "local declarations");
	for (uint32_t g = 0; g < groups && !v->r.rc; g++) {
		uint32_t n;
		wasm_type t;

		v->at = v->r.p;
		n = read_u32(&v->r);
		t = read_value_type(&v->r, v->m);
		total += n;
		v->local_slots += (uint64_t)n * wasm_type_slots(t);
		if (total > UINT32_MAX)
			return reader_fail(&v->r, v->at, -ENOEXEC,
					   "too many locals");
		if (total > MAX_LOCALS)
			continue;
		if (!locals_reserve(v, (uint32_t)total))
			return v->r.rc;
		while (v->n_locals < total) {
			v->is_set[v->n_locals] = type_defaultable(t);
			v->locals[v->n_locals++] = t;
		}
	}
	if (total > MAX_LOCALS)
		return reader_fail(&v->r, v->at, -ENOTSUP,
				   "%llu locals, at most %d are supported",
				   (unsigned long long)total, MAX_LOCALS);
	return v->r.rc ? v->r.rc : v_grow(v);
}

static int validate_function(struct validator *v, uint32_t index)
{
	struct wasm_module *m = v->m;
	const struct body *b = &m->bodies[index - m->n_imported_funcs];
	struct block_type whole = {NULL, 0};
	struct wasm_functype as_block;

	v->r.p = m->bytes + b->start;
	v->r.end = m->bytes + b->end;
	v->r.func = index;
	v->func = &m->funcs[index]->func;
	v->n = v->n_ctrls = v->n_set = v->peak = 0;
	if (read_locals(v))
		return v->r.rc;
	as_block = *v->func;
	as_block.n_params = 0;
	whole.func = &as_block;
	v_push_ctrl(v, OP_block, &whole);
	while (v->n_ctrls && v_read_op(v) && v_instruction(v) == 0)
		;
	if (!v->r.rc && v->r.p != v->r.end)
		return reader_fail(&v->r, v->r.p, -ENOEXEC,
				   "operators remaining after end of function");
	return v->r.rc;
}

void v_free(struct validator *v)
{
	free(v->stack);
	free(v->ctrls);
	free(v->locals);
	free(v->is_set);
	free(v->set_list);
}

int validate_code(struct wasm_module *m, struct err *err)
{
	struct validator v = {
		.r = {.base = m->bytes, .err = err, .module = m},
		.m = m,
		.types = module_types(m),
	};

	for (uint32_t i = m->n_imported_funcs; i < m->n_funcs && !v.r.rc; i++)
		validate_function(&v, i);
	v_free(&v);
	return v.r.rc;
}
