/* Immediates of validated code, for those who only step over them. */
#include "wasm/compile.h"

static void skip_labels(struct reader *r)
{
	for (uint32_t n = read_u32(r) + 1; n; n--)
		read_u32(r);
}

static void skip_try_table(struct reader *r, const struct wasm_module *m)
{
	struct block_type type;

	read_block_type(r, m, &type);
	for (uint32_t n = read_u32(r); n; n--) {
		if (read_byte(r) < 2)
			read_u32(r);
		read_u32(r);
	}
}

static void skip_memarg(struct reader *r)
{
	if (read_u32(r) >= 64)
		read_u32(r);
	read_u64(r);
}

void skip_immediates(struct reader *r, const struct wasm_module *m,
		     enum imm imm)
{
	struct block_type type;

	switch (imm) {
	case IMM_NONE:
		break;
	case IMM_BLOCK:
		read_block_type(r, m, &type);
		break;
	case IMM_TRY_TABLE:
		skip_try_table(r, m);
		break;
	case IMM_BR_TABLE:
		skip_labels(r);
		break;
	case IMM_BR_CAST:
		read_byte(r);
		read_u32(r);
		read_heap_type(r, m);
		read_heap_type(r, m);
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
		read_u32(r);
		read_u32(r);
		break;
	case IMM_LABEL:
	case IMM_FUNC:
	case IMM_TYPE:
	case IMM_TAG:
	case IMM_LOCAL:
	case IMM_GLOBAL:
	case IMM_TABLE:
	case IMM_ELEM:
	case IMM_MEMORY:
	case IMM_DATA:
		read_u32(r);
		break;
	case IMM_TYPES:
		for (uint32_t n = read_u32(r); n; n--)
			read_value_type(r, m);
		break;
	case IMM_MEMARG:
	case IMM_ATOMIC:
		skip_memarg(r);
		break;
	case IMM_MEMARG_LANE:
		skip_memarg(r);
		read_byte(r);
		break;
	case IMM_FENCE:
	case IMM_LANE:
		read_byte(r);
		break;
	case IMM_I32:
		read_s32(r);
		break;
	case IMM_I64:
		read_s64(r);
		break;
	case IMM_F32:
		read_bytes(r, 4);
		break;
	case IMM_F64:
		read_bytes(r, 8);
		break;
	case IMM_V128:
	case IMM_SHUFFLE:
		read_bytes(r, 16);
		break;
	case IMM_HEAP:
		read_heap_type(r, m);
		break;
	}
}

enum op read_op(struct reader *r)
{
	uint8_t byte = read_byte(r);

	if (byte >= 0xfb && byte <= 0xfe)
		return op_prefixed(byte, read_u32(r));
	return op_plain[byte];
}
