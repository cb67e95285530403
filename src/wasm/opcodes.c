#include <stddef.h>

#include "wasm/opcodes.h"

/* Arrays of characters, not pointers: nothing to relocate at start-up. */
const struct op_info op_info[OP_COUNT] = {
#define OP(id, text, code, imm, sig, aux) [OP_##id] = {IMM_##imm, aux, sig},
#include "wasm/opcodes.def"
};

static const char names[OP_COUNT][44] = {
	[OP_invalid] = "invalid",
#define OP(id, text, code, imm, sig, aux) [OP_##id] = text,
#include "wasm/opcodes.def"
};

/* Each table is made from all rows: those with another prefix land in a last
 * element that nobody looks at. */
#define SLOT(prefix, size, code)                                        \
	[(uint32_t)(code) >> 16 == (prefix) ? (uint32_t)(code) & 0xffff \
					    : (size)]

enum { N_FB = 0x1f, N_FC = 0x12, N_FD = 0x114, N_FE = 0x4f };

#pragma GCC diagnostic ignored "-Woverride-init"

const uint16_t op_plain[257] = {
#define OP(id, text, code, imm, sig, aux) SLOT(0, 256, code) = OP_##id,
#include "wasm/opcodes.def"
};
static const uint16_t op_fb[N_FB + 1] = {
#define OP(id, text, code, imm, sig, aux) SLOT(0xfb, N_FB, code) = OP_##id,
#include "wasm/opcodes.def"
};
static const uint16_t op_fc[N_FC + 1] = {
#define OP(id, text, code, imm, sig, aux) SLOT(0xfc, N_FC, code) = OP_##id,
#include "wasm/opcodes.def"
};
static const uint16_t op_fd[N_FD + 1] = {
#define OP(id, text, code, imm, sig, aux) SLOT(0xfd, N_FD, code) = OP_##id,
#include "wasm/opcodes.def"
};
static const uint16_t op_fe[N_FE + 1] = {
#define OP(id, text, code, imm, sig, aux) SLOT(0xfe, N_FE, code) = OP_##id,
#include "wasm/opcodes.def"
};

enum op op_prefixed(uint8_t prefix, uint32_t number)
{
	switch (prefix) {
	case 0xfb:
		return number < N_FB ? op_fb[number] : OP_invalid;
	case 0xfc:
		return number < N_FC ? op_fc[number] : OP_invalid;
	case 0xfd:
		return number < N_FD ? op_fd[number] : OP_invalid;
	case 0xfe:
		return number < N_FE ? op_fe[number] : OP_invalid;
	default:
		return OP_invalid;
	}
}

const char *op_name(enum op op)
{
	return names[op];
}
