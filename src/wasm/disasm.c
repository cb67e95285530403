/* Listings of functions: "hull wasm disasm". */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "wasm/compile.h"

struct listing {
	struct reader r;
	const struct wasm_module *m;
	wasm_line_fn *line;
	void *ctx;
	char text[512];
	size_t len;
	unsigned int depth;
};

static void put(struct listing *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void put(struct listing *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void flush(struct listing *l)
{
	l->line(l->ctx, l->text);
	l->len = 0;
	l->text[0] = 0;
}

/* --- immediates ---------------------------------------------------------- */

static void put_types(struct listing *l, const char *what,
		      const wasm_type *types, uint32_t n)
{
	char name[40];

	if (!n)
		return;
	put(l, " (%s", what);
	for (uint32_t i = 0; i < n; i++)
		put(l, " %s", wasm_type_name(types[i], name, sizeof(name)));
	put(l, ")");
}

static void put_block_type(struct listing *l)
{
	struct block_type t;

	if (!read_block_type(&l->r, l->m, &t))
		return;
	put_types(l, "param", block_params(&t), block_n_params(&t));
	put_types(l, "result", block_results(&t), block_n_results(&t));
}

static void put_u32(struct listing *l, unsigned int n)
{
	while (n--)
		put(l, " %u", read_u32(&l->r));
}

static void put_try_table(struct listing *l)
{
	static const char names[][14] = {"catch", "catch_ref", "catch_all",
					 "catch_all_ref"};

	put_block_type(l);
	for (uint32_t n = read_u32(&l->r); n && !l->r.rc; n--) {
		uint8_t kind = read_byte(&l->r) & 3;

		put(l, " (%s", names[kind]);
		put_u32(l, kind < 2 ? 2 : 1);
		put(l, ")");
	}
}

static void put_memarg(struct listing *l)
{
	uint32_t align = read_u32(&l->r);
	uint64_t offset;

	if (align >= 64)
		put(l, " memory=%u", read_u32(&l->r));
	offset = read_u64(&l->r);
	if (offset)
		put(l, " offset=%" PRIu64, offset);
	put(l, " align=%" PRIu64, UINT64_C(1) << (align & 63));
}

static void put_bytes(struct listing *l, unsigned int n)
{
	while (n--)
		put(l, " %u", read_byte(&l->r));
}

static void put_float(struct listing *l, bool wide)
{
	const uint8_t *p = read_bytes(&l->r, wide ? 8 : 4);
	double d = 0;
	float f = 0;

	if (p && wide)
		memcpy(&d, p, 8);
	else if (p)
		memcpy(&f, p, 4);
	put(l, " %a", wide ? d : (double)f);
}

static void put_heap(struct listing *l)
{
	char name[40];
	uint32_t heap = read_heap_type(&l->r, l->m);

	put(l, " %s", wasm_type_name(ref_to(heap, true), name, sizeof(name)));
}

static void put_immediates(struct listing *l, enum imm imm)
{
	wasm_type t;

	switch (imm) {
	case IMM_BLOCK:
		put_block_type(l);
		break;
	case IMM_TRY_TABLE:
		put_try_table(l);
		break;
	case IMM_BR_TABLE:
		for (uint32_t n = read_u32(&l->r) + 1; n && !l->r.rc; n--)
			put(l, " %u", read_u32(&l->r));
		break;
	case IMM_BR_CAST:
		put_bytes(l, 1);
		put_u32(l, 1);
		put_heap(l);
		put_heap(l);
		break;
	case IMM_I32:
		put(l, " %d", read_s32(&l->r));
		break;
	case IMM_I64:
		put(l, " %" PRId64, read_s64(&l->r));
		break;
	case IMM_F32:
	case IMM_F64:
		put_float(l, imm == IMM_F64);
		break;
	case IMM_MEMARG:
	case IMM_ATOMIC:
		put_memarg(l);
		break;
	case IMM_MEMARG_LANE:
		put_memarg(l);
		put_bytes(l, 1);
		break;
	case IMM_V128:
	case IMM_SHUFFLE:
		put_bytes(l, 16);
		break;
	case IMM_FENCE:
	case IMM_LANE:
		put_bytes(l, 1);
		break;
	case IMM_HEAP:
		put_heap(l);
		break;
	case IMM_TYPES:
		for (uint32_t n = read_u32(&l->r); n && !l->r.rc; n--) {
			t = read_value_type(&l->r, l->m);
			put_types(l, "result", &t, 1);
		}
		break;
	case IMM_NONE:
		break;
	case IMM_TYPE_TABLE:
	case IMM_ELEM_TABLE:
	case IMM_TABLE_TABLE:
	case IMM_MEMORY_MEMORY:
	case IMM_DATA_MEMORY:
	case IMM_TYPE_FIELD:
	case IMM_TYPE_N:
	case IMM_TYPE_DATA:
	case IMM_TYPE_ELEM:
	case IMM_TYPE_TYPE:
		put_u32(l, 2);
		break;
	default:
		put_u32(l, 1);
	}
}

/* --- stack code ---------------------------------------------------------- */

static void put_header(struct listing *l, uint32_t index)
{
	const struct wasm_functype *ft = &l->m->funcs[index]->func;
	struct wasm_str name = module_func_name(l->m, index);

	put(l, "function %u", index);
	if (name.len)
		put(l, " \"%.*s\"", (int)name.len, name.data);
	put_types(l, "param", ft->params, ft->n_params);
	put_types(l, "result", ft->results, ft->n_results);
	flush(l);
}

static void put_locals(struct listing *l)
{
	char name[40];

	for (uint32_t n = read_u32(&l->r); n && !l->r.rc; n--) {
		uint32_t count = read_u32(&l->r);
		wasm_type t = read_value_type(&l->r, l->m);

		put(l, "          local %u x %s", count,
		    wasm_type_name(t, name, sizeof(name)));
		flush(l);
	}
}

static void put_instruction(struct listing *l)
{
	uint32_t offset = reader_offset(&l->r);
	enum op op = read_op(&l->r);
	unsigned int indent;

	if ((op == OP_end || op == OP_else) && l->depth)
		l->depth--;
	indent = l->depth < 30 ? l->depth : 30;
	put(l, "%8x  %*s%s", offset, (int)indent * 2, "", op_name(op));
	put_immediates(l, op_info[op].imm);
	flush(l);
	if (op_info[op].imm == IMM_BLOCK || op == OP_try_table || op == OP_else)
		l->depth++;
}

/* --- register code ------------------------------------------------------- */

static void put_register_code(struct listing *l, const struct func_code *code,
			      const struct code_map *map, uint32_t from,
			      uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		uint32_t at = map->ir[i].word;
		uint32_t end =
			i + 1 < map->n_ir ? map->ir[i + 1].word : code->n_words;

		put(l, "            %6u: %-24s", at, ir_name(map->ir[i].ir));
		if (at + 1 < end)
			put(l, " %u %u %u %u", code->code[at + 1].u16[0],
			    code->code[at + 1].u16[1],
			    code->code[at + 1].u16[2],
			    code->code[at + 1].u16[3]);
		for (uint32_t w = at + 2; w < end && w < at + 6; w++)
			put(l, " %" PRIx64, code->code[w].u64);
		flush(l);
	}
}

/* Each instruction, and behind it the register code that it made.  Fused
 * ones are listed with the last of those they came from. */
static void list_both(struct listing *l, const struct func_code *code,
		      const struct code_map *map)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < map->n && !l->r.rc; i++) {
		uint32_t end =
			i + 1 < map->n ? map->entries[i + 1].word : UINT32_MAX;
		uint32_t upto = done;

		put_instruction(l);
		while (upto < map->n_ir && map->ir[upto].word < end)
			upto++;
		put_register_code(l, code, map, done, upto);
		done = upto;
	}
}

/* Compiled for an instance, since addresses are part of the code. */
static int list_ir(struct listing *l, struct wasm_instance *inst,
		   uint32_t index, struct err *err)
{
	struct wasm_func f = {
		.inst = inst,
		.store = inst->store,
		.type = l->m->funcs[index],
		.index = index,
	};
	struct code_map map = {0};
	struct func_code *code;
	int rc = compile_to(&f, &map, &code, err);

	if (rc == 0) {
		list_both(l, code, &map);
		func_code_free(code);
	}
	code_map_free(&map);
	return rc;
}

int wasm_disasm(struct wasm_module *m, struct wasm_instance *inst,
		uint32_t index, wasm_line_fn *line, void *ctx, struct err *err)
{
	struct listing l = {.m = m, .line = line, .ctx = ctx, .depth = 1};
	const struct body *b;

	if (index >= m->n_funcs || index < m->n_imported_funcs)
		return err_say(err, -EINVAL, "function %u is %s", index,
			       index >= m->n_funcs ? "not there" : "imported");
	b = &m->bodies[index - m->n_imported_funcs];
	l.r = (struct reader){.base = m->bytes,
			      .p = m->bytes + b->start,
			      .end = m->bytes + b->end,
			      .where = "code section",
			      .err = err,
			      .func = UINT32_MAX};
	put_header(&l, index);
	put_locals(&l);
	if (inst)
		return list_ir(&l, inst, index, err);
	while (!l.r.rc && reader_left(&l.r))
		put_instruction(&l);
	return l.r.rc;
}
