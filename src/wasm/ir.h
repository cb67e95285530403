/* wasm/ir.h
 * Register code: what the compiler emits and the interpreter runs.
 *
 * A frame is an array of 64-bit slots: parameters, locals, then a home slot
 * for each position of the operand stack (two for a v128).  An instruction is
 * one word with its handler's address, then operands:
 *
 *	word 1	four 16-bit fields: most often d a b c, where d is the slot of
 *		the result; or d a and a 32-bit constant or offset
 *	word 2	if needed: a branch distance in words, a pointer, a constant
 *
 * Arguments of a call lie at the top of the caller's operand stack, where
 * they are the callee's first slots; results come back to the same place. */
#pragma once

#include "wasm/instance.h"

struct exec;

enum ir {
#define IR(name) IR_##name,
#include "wasm/ir.def"
	IR_COUNT
};

extern const void *const ir_handlers[IR_COUNT];
const char *ir_name(enum ir ir);

enum { MAX_SLOTS = 65000 };

/* Where an exception goes.  `tag` NULL catches all. */
struct catch_clause {
	const struct wasm_tag *tag;
	bool with_ref;
	uint16_t slot; /* for the tag's values, then the reference */
	uint32_t target;
};

/* From the end of the list outwards: the first that covers the instruction
 * is the innermost. */
struct try_region {
	uint32_t start, end; /* in words */
	uint32_t first, n;   /* clauses */
};

struct func_code {
	struct func_code *next; /* of the instance */
	struct wasm_func *func;
	struct try_region *regions;
	struct catch_clause *clauses;
	uint32_t n_regions;
	uint32_t n_words;
	union code code[];
};

static inline struct func_code *func_code(const struct wasm_func *f)
{
	return (struct func_code *)((char *)f->code -
				    offsetof(struct func_code, code));
}

/* Where the code of each instruction begins, and each register instruction,
 * for those who want to know. */
struct code_map {
	struct {
		uint32_t word, offset;
	} *entries;
	uint32_t n, cap;
	struct {
		uint32_t word;
		uint16_t ir;
	} *ir;
	uint32_t n_ir, ir_cap;
};

void code_map_free(struct code_map *map);

void func_code_free(struct func_code *code);

/* Compile a function of an instance.  With a map, the code is thrown away
 * and the map filled instead: the same code, so that its words correspond. */
int compile_function(struct wasm_func *f, struct code_map *map,
		     struct err *err);
/* For the disassembler: as above, but hand the code out. */
int compile_to(struct wasm_func *f, struct code_map *map,
	       struct func_code **ret, struct err *err);

/* interp.c: run until the code at `ip` comes to its end or traps. */
void interp_run(struct exec *x, const union code *ip, union wasm_value *fp,
		uint8_t *mem);
extern const union code code_compile[1], code_host[1], code_native[1],
	code_exit[1], code_restore[1], code_ret[1];
