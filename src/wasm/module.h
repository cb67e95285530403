/* wasm/module.h
 * A decoded module.  Offsets are into its bytes, which stay where they are;
 * types are those of the store, not indices of the module. */
#pragma once

#include "wasm/arena.h"
#include "wasm/reader.h"
#include "wasm/types.h"
#include "wasm/wasm.h"

/* Limits of this engine.  The specification allows them; those of functions
 * are the ones that browsers agreed on. */
enum {
	MAX_LOCALS = 50000,
	/* Slots of 64 bits; operands count double, as if all were v128.  Ours
	 * alone: register code has 16 bits for a slot (ir.h). */
	MAX_FRAME = 60000,
	MAX_BODY = 7654321,
	MAX_BR_TABLE = 65520,
	MAX_TYPES = 1000000,
};

struct body {
	uint32_t start, end; /* locals and code */
};

struct table_desc {
	wasm_type elem;
	struct wasm_limits limits;
	uint32_t init; /* offset of a constant expression, 0 for null */
};

struct global_desc {
	wasm_type type;
	bool is_mutable;
	uint32_t init;
};

struct import_desc {
	struct wasm_str module, name;
	uint8_t kind;
	uint32_t index; /* among those of its kind */
};

struct export_desc {
	struct wasm_str name;
	uint8_t kind;
	uint32_t index;
};

enum segment_mode { SEG_PASSIVE, SEG_ACTIVE, SEG_DECLARATIVE };

struct elem_desc {
	uint8_t mode;
	bool exprs; /* expressions, else function indices */
	uint32_t table;
	uint32_t offset; /* of the constant expression, if active */
	wasm_type type;
	uint32_t n;
	uint32_t start; /* of the first element */
};

struct data_desc {
	uint8_t mode;
	uint32_t memory;
	uint32_t offset;
	uint32_t start, len;
};

struct wasm_module {
	struct wasm_store *store;
	struct wasm_module *next;
	const uint8_t *bytes;
	size_t len;
	struct arena arena;

	const struct type **types;
	uint32_t n_types;
	struct import_desc *imports;
	uint32_t n_imports;
	struct export_desc *exports;
	uint32_t n_exports;

	/* Imports come first in each of these. */
	const struct type **funcs;
	uint32_t n_funcs, n_imported_funcs;
	struct table_desc *tables;
	uint32_t n_tables, n_imported_tables;
	struct wasm_limits *memories;
	uint32_t n_memories, n_imported_memories;
	struct global_desc *globals;
	uint32_t n_globals, n_imported_globals;
	const struct type **tags;
	uint32_t n_tags, n_imported_tags;

	struct body *bodies; /* of n_funcs - n_imported_funcs functions */
	struct elem_desc *elems;
	uint32_t n_elems;
	struct data_desc *datas;
	uint32_t n_datas;
	bool has_data_count;
	bool has_start;
	uint32_t start;
	/* Functions that ref.func may name, a bit each. */
	uint8_t *declared;

	struct wasm_str name_section;
	struct aot_image *image; /* its compiled code, or NULL */
};

const struct type_table *module_types(const struct wasm_module *m);
/* Of the name section, else of an export; empty if it has none. */
struct wasm_str module_func_name(const struct wasm_module *m, uint32_t func);
void module_free(struct wasm_module *m);

/* decode_types.c: pieces that code has, too. */
uint32_t read_heap_type(struct reader *r, const struct wasm_module *m);
wasm_type read_value_type(struct reader *r, const struct wasm_module *m);
/* The same for a type whose first byte was read. */
wasm_type read_value_type_rest(struct reader *r, const struct wasm_module *m,
			       uint8_t byte);
bool is_value_type_byte(uint8_t byte);
int decode_type_section(struct reader *r, struct wasm_module *m);
/* decode_segments.c */
int decode_elem_section(struct reader *r, struct wasm_module *m);
int decode_data_section(struct reader *r, struct wasm_module *m);

/* validate.c, validate_const.c */
int validate_code(struct wasm_module *m, struct err *err);
/* A constant expression at the reader, up to and with its end; it may use
 * globals below `n_globals`. */
int validate_const(struct reader *r, struct wasm_module *m, wasm_type want,
		   uint32_t n_globals);
