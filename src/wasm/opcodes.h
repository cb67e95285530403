/* wasm/opcodes.h
 * The instruction table (opcodes.def) as constants and look-ups. */
#pragma once

#include <stdint.h>

enum op {
	OP_invalid,
#define OP(id, text, code, imm, sig, aux) OP_##id,
#include "wasm/opcodes.def"
	OP_COUNT
};

/* What follows an opcode. */
enum imm {
	IMM_NONE,
	IMM_BLOCK,     /* block type */
	IMM_TRY_TABLE, /* block type, catch clauses */
	IMM_LABEL,
	IMM_BR_TABLE, /* labels, default label */
	IMM_BR_CAST,  /* flags, label, two heap types */
	IMM_FUNC,
	IMM_TYPE_TABLE,
	IMM_TYPE,
	IMM_TAG,
	IMM_TYPES, /* value types */
	IMM_LOCAL,
	IMM_GLOBAL,
	IMM_TABLE,
	IMM_ELEM_TABLE,
	IMM_ELEM,
	IMM_TABLE_TABLE,
	IMM_MEMARG,
	IMM_MEMARG_LANE,
	IMM_ATOMIC, /* a memarg whose alignment is exact */
	IMM_FENCE,  /* a zero byte */
	IMM_MEMORY,
	IMM_MEMORY_MEMORY,
	IMM_DATA_MEMORY,
	IMM_DATA,
	IMM_I32,
	IMM_I64,
	IMM_F32,
	IMM_F64,
	IMM_V128,
	IMM_LANE,
	IMM_SHUFFLE, /* 16 lanes */
	IMM_HEAP,
	IMM_TYPE_FIELD,
	IMM_TYPE_N,
	IMM_TYPE_DATA,
	IMM_TYPE_ELEM,
	IMM_TYPE_TYPE,
};

struct op_info {
	uint8_t imm;
	uint8_t aux;
	char sig[6]; /* "" when the instruction has a rule of its own */
};

extern const struct op_info op_info[OP_COUNT];
/* By opcode byte, and by number behind the prefixes. */
extern const uint16_t op_plain[257];

enum op op_prefixed(uint8_t prefix, uint32_t number);
const char *op_name(enum op op);
