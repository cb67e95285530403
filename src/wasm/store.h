/* wasm/store.h
 * The inside of a store, and the state of what runs in it. */
#pragma once

#include "wasm/instance.h"
#include "wasm/types.h"

/* One call in progress.  `func` is NULL for the records that aren't frames
 * of a function: the outermost of each wasm_call(), and those that bring the
 * instance's memory back after a call to another one. */
struct frame {
	const union code *ret;  /* where the caller goes on */
	union wasm_value *fp;   /* of the caller */
	struct wasm_func *func; /* that this frame executes */
};

/* See interp.h: only where handlers are called from a loop. */
struct saved_registers {
	const union code *ip;
	union wasm_value *fp;
	uint8_t *mem;
	uint64_t r0;
	float f0;
	double d0;
};

/* The interpreter's state, but for what it keeps in registers. */
struct exec {
	struct frame *frame; /* the innermost */
	struct frame *frame_limit;
	union wasm_value *stack_limit;
	uint32_t interrupt; /* written by others */
	uint32_t trap;
	uint32_t pending; /* [aot] before AOT_TRAP_PENDING */
	uint32_t nesting; /* of wasm_call() */
	const union code *trap_ip;
	uint64_t fuel;    /* [aot] */
	gc_ref exception; /* thrown and not yet caught */
	void *native_top; /* of the stack that compiled code uses, or NULL */
	union wasm_value *results; /* wasm_instance.results */
	int thread, timer;         /* aot_interrupt() */
	bool has_timer;
	union wasm_value *sp; /* first free slot, while host code runs */
	struct frame *frames; /* lowest */
	union wasm_value *stack;
	struct wasm_store *store;
	struct saved_registers saved;
};

/* Frames that a trace remembers. */
enum { MAX_TRACE = 64 };

struct trace_frame {
	struct wasm_func *func;
	uint32_t word;   /* of its code, UINT32_MAX if unknown */
	uint32_t offset; /* or in the module, if that is known */
};

struct wasm_store {
	struct exec exec;
	struct wasm_config cfg;
	struct type_table types;
	struct gc_heap *heap; /* made when first needed */
	struct wasm_module *modules;
	struct wasm_instance *instances;
	/* Made by the host, freed with the store. */
	struct host_object *objects;
	/* Of the last trap: positions, and what they mean once asked for. */
	struct trace_frame *trace;
	struct wasm_frame *backtrace;
	size_t n_trace, trace_depth;
	size_t stack_mapped;
	char fail[200]; /* from wasm_caller_fail() */
};

struct gc_heap *store_heap(struct wasm_store *store);
/* `size` zeroed bytes that live as long as the store.  Either function may be
 * NULL; `mark` marks the references that the object holds. */
void *store_alloc(struct wasm_store *store, size_t size,
		  void (*destroy)(void *object),
		  void (*mark)(struct gc_heap *heap, void *object));
bool store_prepare_stack(struct wasm_store *store);
void instance_free(struct wasm_instance *inst);
/* A function type by its letters, see wasm_linker_func(). */
int store_functype(struct wasm_store *store, const char *sig,
		   const struct type **ret, struct err *err);
/* Remember the frames above `bottom` for wasm_store_backtrace(), behind those
 * of compiled code that were added.  Neither of the others allocates. */
void store_trace(struct wasm_store *store, const struct frame *bottom);
void store_trace_begin(struct wasm_store *store);
void store_trace_add(struct wasm_store *store, struct wasm_func *func,
		     uint32_t offset);

/* false if there is none. */
bool linker_resolve(const struct wasm_linker *l, struct wasm_str module,
		    struct wasm_str name, struct wasm_extern *ret);
/* A constant expression; 0, a trap, or a negative errno. */
int const_eval(struct wasm_instance *inst, uint32_t offset,
	       union wasm_value v[2]);
/* The same, at the reader, for one of several in a row. */
int const_eval_at(struct wasm_instance *inst, struct reader *r,
		  union wasm_value v[2]);
