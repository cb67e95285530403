/* wasm/instance.h
 * What runs: the layouts that the interpreter, compiled code and the
 * instantiator share.  Offsets of members marked [aot] are part of the format
 * of compiled images.
 *
 *	store ── instances ── struct wasm_instance
 *	                        funcs[]     the functions it defines
 *	                        func_ptr[]  all, imports first
 *	                        memories[] tables[] globals[] tags[]   pointers,
 *	                                    imports first
 *
 * A function reference is a struct wasm_func *.  Since it leads to its
 * instance, calls need no other context. */
#pragma once

#include "wasm/arena.h"
#include "wasm/gc.h"
#include "wasm/memory.h"
#include "wasm/wasm.h"

struct type;

/* One word of register code: the address of a handler, or operands. */
union code {
	const void *handler;
	uint64_t u64;
	int64_t s64;
	double f64;
	float f32;
	const void *ptr;
	uint32_t u32[2];
	uint16_t u16[4];
};

struct wasm_func {
	const union code *code; /* where calls go; compiles itself at first */
	struct wasm_instance *inst; /* NULL of a host function */
	const struct type *type;    /* [aot] */
	/* [aot] Of compiled code: instance and type in one, the address of a
	 * byte of inst->signatures. */
	const void *signature;
	const void *native;   /* [aot] compiled code, or NULL */
	uint32_t frame_slots; /* of the value stack, all included */
	uint32_t index;       /* in its module */
	uint32_t param_slots, result_slots;
	wasm_host_fn host; /* instead of code of a module */
	void *data;
	struct wasm_store *store;
};

struct wasm_table {
	uint64_t *elems; /* [aot] references */
	uint64_t len;    /* [aot] */
	uint64_t cap;    /* elements mapped at elems */
	uint64_t limit;  /* the embedder's */
	wasm_type elem;
	struct wasm_limits type;
};

struct wasm_global {
	union wasm_value v[2]; /* [aot] first: its address is the global's */
	wasm_type type;
	bool is_mutable;
};

struct wasm_tag {
	const struct type *type;
	const struct gc_layout *layout; /* of its exceptions */
};

/* A passive segment; len is 0 once dropped. */
struct data_seg {
	const uint8_t *data;
	uint64_t len;
};

struct elem_seg {
	uint64_t *refs;
	uint64_t len;
};

struct wasm_instance {
	uint8_t *mem0_base;              /* [aot] of a guarded memory 0 */
	struct wasm_memory **memory;     /* [aot] */
	struct wasm_table **table;       /* [aot] */
	struct wasm_global **global;     /* [aot] */
	struct wasm_func **func;         /* [aot] */
	struct wasm_tag **tag;           /* [aot] */
	struct wasm_store *store;        /* [aot] */
	struct wasm_global *own_globals; /* [aot] those it defines */
	const struct type *const *types; /* [aot] by the module's index */
	const char *signatures;          /* [aot] one for each type */
	const void *const *helpers;      /* [aot] aot.def */
	union wasm_value *results;       /* [aot] all but the first */
	uintptr_t stack_limit; /* [aot] where the native stack must not be */
	struct wasm_module *module;
	struct data_seg *data;
	struct elem_seg *elem;
	struct wasm_instance *next;
	struct wasm_memory *caller_memory; /* see wasm_caller_memory() */
	struct func_code *code; /* of the functions compiled so far */
	struct arena arena;     /* of all these arrays */
	/* What it owns, as opposed to imports. */
	struct wasm_func *own_funcs;
	struct wasm_memory *own_memories;
	struct wasm_table *own_tables;
	struct wasm_tag *own_tags;
};

/* table.c: tables grow in place where they can.  `limit` in elements. */
int wasm_table_init(struct wasm_table *t, wasm_type elem,
		    const struct wasm_limits *type, uint64_t limit,
		    uint64_t init_ref, struct err *err);
void wasm_table_destroy(struct wasm_table *t);
/* The old length, or -1. */
int64_t wasm_table_grow(struct wasm_table *t, uint64_t n, uint64_t init_ref);
enum wasm_trap wasm_table_fill(struct wasm_table *t, uint64_t at, uint64_t ref,
			       uint64_t n);
enum wasm_trap wasm_table_copy(struct wasm_table *to, uint64_t to_at,
			       const struct wasm_table *from, uint64_t from_at,
			       uint64_t n);
enum wasm_trap wasm_table_copy_in(struct wasm_table *t, uint64_t at,
				  const uint64_t *refs, uint64_t n_refs,
				  uint64_t from, uint64_t n);

struct wasm_caller {
	struct wasm_store *store;
	struct wasm_instance *inst; /* NULL when the host calls */
};
