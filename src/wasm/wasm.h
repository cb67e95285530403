/* wasm/wasm.h
 * The WebAssembly engine, as an embedder sees it.  Needs nothing of hull but
 * base/err.h, and keeps no state of its own beside the process's handler for
 * SIGSEGV (trap.h).
 *
 *	store     holds all there is: types, instances, their memories, the
 *	          stack, the heap.  One thread at a time may use it.
 *	module    decoded and validated; the bytes stay the embedder's, are
 *	          never copied, and must outlive the store.
 *	linker    what imports resolve to: functions of the host, instances.
 *	instance  a module with its imports, ready to be called.
 *
 * Everything belongs to the store and ends with it.
 *
 *	wasm_store_new(NULL, &store, &err);
 *	wasm_module_load(store, bytes, len, &module, &err);
 *	wasm_linker_new(store, &linker, &err);
 *	wasm_linker_func(linker, "env", "add", "ii:i", add, NULL, &err);
 *	wasm_instantiate(store, module, linker, &instance, &err);
 *	wasm_instance_export(instance, wasm_str("run"), &ext);
 *	rc = wasm_call(ext.func, args, &err);
 *
 * Functions return 0 or a negative errno with a sentence in `err`; those that
 * run code may also return a trap, which is positive (enum wasm_trap). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "wasm/trap.h"

struct wasm_store;
struct wasm_module;
struct wasm_linker;
struct wasm_instance;
struct wasm_func;
struct wasm_table;
struct wasm_memory;
struct wasm_global;
struct wasm_tag;

/* --- values ------------------------------------------------------------ */

/* One slot.  A v128 takes two, the low half first.  The upper half of an i32
 * or f32 means nothing.  References are described in gc.h; 0 is null. */
union wasm_value {
	uint32_t i32;
	uint64_t i64;
	float f32;
	double f64;
	uint64_t ref;
};

/* A value type: its byte in the binary format, and for references (WASM_REF,
 * WASM_REF_NULL) the heap type above it: a type of the store or one of
 * enum wasm_heap. */
typedef uint32_t wasm_type;

#define WASM_I32      0x7fu
#define WASM_I64      0x7eu
#define WASM_F32      0x7du
#define WASM_F64      0x7cu
#define WASM_V128     0x7bu
#define WASM_I8       0x78u /* fields only */
#define WASM_I16      0x77u
#define WASM_REF      0x64u
#define WASM_REF_NULL 0x63u

/* Abstract heap types: their byte in the binary format, and this bit. */
#define WASM_HEAP_ABSTRACT 0x800000u

enum wasm_heap {
	WASM_HEAP_NOEXN = WASM_HEAP_ABSTRACT | 0x74,
	WASM_HEAP_NOFUNC = WASM_HEAP_ABSTRACT | 0x73,
	WASM_HEAP_NOEXTERN = WASM_HEAP_ABSTRACT | 0x72,
	WASM_HEAP_NONE = WASM_HEAP_ABSTRACT | 0x71,
	WASM_HEAP_FUNC = WASM_HEAP_ABSTRACT | 0x70,
	WASM_HEAP_EXTERN = WASM_HEAP_ABSTRACT | 0x6f,
	WASM_HEAP_ANY = WASM_HEAP_ABSTRACT | 0x6e,
	WASM_HEAP_EQ = WASM_HEAP_ABSTRACT | 0x6d,
	WASM_HEAP_I31 = WASM_HEAP_ABSTRACT | 0x6c,
	WASM_HEAP_STRUCT = WASM_HEAP_ABSTRACT | 0x6b,
	WASM_HEAP_ARRAY = WASM_HEAP_ABSTRACT | 0x6a,
	WASM_HEAP_EXN = WASM_HEAP_ABSTRACT | 0x69,
};

#define WASM_FUNCREF   (WASM_REF_NULL | (uint32_t)WASM_HEAP_FUNC << 8)
#define WASM_EXTERNREF (WASM_REF_NULL | (uint32_t)WASM_HEAP_EXTERN << 8)
#define WASM_ANYREF    (WASM_REF_NULL | (uint32_t)WASM_HEAP_ANY << 8)

static inline bool wasm_type_is_ref(wasm_type t)
{
	return (t & 0xff) == WASM_REF || (t & 0xff) == WASM_REF_NULL;
}

static inline uint32_t wasm_type_heap(wasm_type t)
{
	return t >> 8;
}

static inline unsigned int wasm_type_slots(wasm_type t)
{
	return t == WASM_V128 ? 2 : 1;
}

/* "i32", "(ref null func)": text for messages, into `buf`, which is returned.
 * 32 bytes suffice. */
const char *wasm_type_name(wasm_type t, char *buf, size_t size);

struct wasm_functype {
	uint32_t n_params, n_results;
	uint32_t param_slots, result_slots;
	const wasm_type *params, *results;
};

/* Text of a module: not NUL-terminated, and may contain NUL. */
struct wasm_str {
	const char *data;
	size_t len;
};

static inline struct wasm_str wasm_str(const char *s)
{
	return (struct wasm_str){s, strlen(s)};
}

static inline bool wasm_str_eq(struct wasm_str a, struct wasm_str b)
{
	return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

/* --- stores ------------------------------------------------------------ */

/* Zero means the default. */
struct wasm_config {
	uint64_t memory_bytes; /* limit of one memory; default: none */
	uint64_t table_elems;  /* limit of one table; default 10,000,000 */
	uint64_t heap_bytes;   /* limit of the GC heap; default 1 GiB */
	uint32_t stack_bytes;  /* of values; default 4 MiB */
	uint32_t call_depth;   /* default 65,536 */
	bool fuel;             /* count it: wasm_store_set_fuel() */
	bool checked;    /* compare each access with the memory's size, and
			  * reserve no address space for guard pages */
	bool gc_torture; /* for tests: gc_heap_torture() */
};

int wasm_store_new(const struct wasm_config *cfg, struct wasm_store **ret,
		   struct err *err);
/* Accepts NULL. */
void wasm_store_free(struct wasm_store *store);

/* Make the running call trap with WASM_TRAP_INTERRUPTED, within 10 ms.  May
 * be called from a signal handler or another thread.  Stays in force until
 * wasm_store_resume(). */
void wasm_store_interrupt(struct wasm_store *store);
void wasm_store_resume(struct wasm_store *store);

/* About one unit per instruction.  At 0 the call traps with WASM_TRAP_FUEL. */
void wasm_store_set_fuel(struct wasm_store *store, uint64_t fuel);
uint64_t wasm_store_fuel(const struct wasm_store *store);

/* Where the last trap happened, innermost frame first. */
struct wasm_frame {
	const struct wasm_instance *instance;
	uint32_t func;        /* index in its module */
	uint32_t offset;      /* in the module's bytes; 0 if unknown */
	struct wasm_str name; /* of the name section or an export, or empty */
};
/* Returns how many frames are in `*ret`, at most 64; `*total` (may be NULL)
 * is the true depth.  Valid until the next call into the store. */
size_t wasm_store_backtrace(const struct wasm_store *store,
			    const struct wasm_frame **ret, size_t *total);

/* References to what the host owns, seen as externref.  0 without memory.
 * Whatever allocates next may collect it, unless it is in a table, a global,
 * an argument of a running call, or held. */
uint64_t wasm_ref_new_host(struct wasm_store *store, void *data);
/* Keep alive what `ref` leads to, until gc_root_remove(root) (gc.h). */
struct gc_root;
void wasm_ref_hold(struct wasm_store *store, struct gc_root *root,
		   uint64_t ref);
/* The `data` of wasm_ref_new_host(); NULL for anything else. */
void *wasm_ref_host(uint64_t ref);
/* Is the reference (not null) of this type?  Functions need to be told apart
 * by `ref_type`, the static type of the value. */
bool wasm_ref_is(struct wasm_store *store, uint64_t ref, wasm_type ref_type,
		 enum wasm_heap heap);

/* --- modules ----------------------------------------------------------- */

enum wasm_kind {
	WASM_FUNC,
	WASM_TABLE,
	WASM_MEMORY,
	WASM_GLOBAL,
	WASM_TAG,
};

/* "func", "table", ... */
const char *wasm_kind_name(enum wasm_kind kind);

struct wasm_limits {
	uint64_t min, max; /* max: if has_max */
	bool has_max;
	bool is64;
	bool shared;
};

/* The type of an import or export. */
struct wasm_externtype {
	enum wasm_kind kind;
	bool is_mutable;           /* global */
	wasm_type value;           /* global; element of a table */
	uint32_t func;             /* func, tag: wasm_store_functype() */
	struct wasm_limits limits; /* table, memory */
};

struct wasm_import {
	struct wasm_str module, name;
	struct wasm_externtype type;
};

struct wasm_export {
	struct wasm_str name;
	uint32_t index;
	struct wasm_externtype type;
};

/* Decode and validate all of it.  -ENOEXEC: malformed; -EINVAL: invalid;
 * -ENOTSUP: beyond a limit of this engine; -ENOMEM. */
int wasm_module_load(struct wasm_store *store, const uint8_t *bytes, size_t len,
		     struct wasm_module **ret, struct err *err);

/* The same of an image (aot.h), which knows its module and that it is valid.
 * On success the image is the module's; the embedder's bytes are not needed.
 * Instances run compiled where they can: with fuel, or without guard pages,
 * the interpreter is used if the image was not made for that. */
struct aot_image;
int wasm_module_load_image(struct wasm_store *store, struct aot_image *image,
			   struct wasm_module **ret, struct err *err);

uint32_t wasm_module_n_imports(const struct wasm_module *m);
uint32_t wasm_module_n_exports(const struct wasm_module *m);
/* Functions, imported ones counted. */
uint32_t wasm_module_n_funcs(const struct wasm_module *m);
void wasm_module_import(const struct wasm_module *m, uint32_t i,
			struct wasm_import *ret);
void wasm_module_export(const struct wasm_module *m, uint32_t i,
			struct wasm_export *ret);

const struct wasm_functype *wasm_store_functype(const struct wasm_store *store,
						uint32_t type);

/* The sections of a file that need not be valid, in order, for people who
 * look into one.  `*pos` is 0 at first; returns 1, 0 at the end, -ENOEXEC. */
struct wasm_section {
	uint8_t id;
	size_t offset, size; /* of the contents */
	struct wasm_str name;
};
int wasm_section_next(const uint8_t *bytes, size_t len, size_t *pos,
		      struct wasm_section *ret);

/* --- linking ----------------------------------------------------------- */

/* A host function finds its arguments in `v`, packed as slots, and leaves its
 * results there, from the start.  It returns 0, or the trap that ends the
 * call; wasm_caller_fail() adds a sentence. */
struct wasm_caller;
typedef enum wasm_trap (*wasm_host_fn)(struct wasm_caller *c, void *data,
				       union wasm_value *v);

/* The memory that the calling instance exports as "memory", else its first;
 * NULL and 0 if it has none.  Valid until wasm code runs again. */
uint8_t *wasm_caller_memory(struct wasm_caller *c, uint64_t *len);
struct wasm_instance *wasm_caller_instance(struct wasm_caller *c);
struct wasm_store *wasm_caller_store(struct wasm_caller *c);
/* Sets the error's text and returns WASM_TRAP_HOST. */
enum wasm_trap wasm_caller_fail(struct wasm_caller *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* `len` bytes of guest memory at `at`, or NULL if they are not all there. */
static inline void *wasm_caller_at(struct wasm_caller *c, uint64_t at,
				   uint64_t len)
{
	uint64_t size;
	uint8_t *base = wasm_caller_memory(c, &size);

	return base && at <= size && len <= size - at ? base + at : NULL;
}

int wasm_linker_new(struct wasm_store *store, struct wasm_linker **ret,
		    struct err *err);
/* `sig` has a letter per parameter, a colon, and one per result: i I f F for
 * i32 i64 f32 f64, v for v128, r for externref, n for funcref: "iiI:i".
 * A later definition of the same name replaces an earlier one. */
int wasm_linker_func(struct wasm_linker *l, const char *module,
		     const char *name, const char *sig, wasm_host_fn fn,
		     void *data, struct err *err);
/* Every export of the instance, under this module name. */
int wasm_linker_instance(struct wasm_linker *l, struct wasm_str module,
			 struct wasm_instance *inst, struct err *err);

struct wasm_extern {
	enum wasm_kind kind;
	union {
		struct wasm_func *func;
		struct wasm_table *table;
		struct wasm_memory *memory;
		struct wasm_global *global;
		struct wasm_tag *tag;
	};
};
int wasm_linker_extern(struct wasm_linker *l, struct wasm_str module,
		       struct wasm_str name, struct wasm_extern ext,
		       struct err *err);

/* Things made by the host. */
int wasm_global_new(struct wasm_store *store, wasm_type type, bool is_mutable,
		    const union wasm_value *v, struct wasm_global **ret,
		    struct err *err);
int wasm_table_new(struct wasm_store *store, wasm_type elem,
		   const struct wasm_limits *limits, struct wasm_table **ret,
		   struct err *err);
int wasm_memory_new(struct wasm_store *store, const struct wasm_limits *limits,
		    struct wasm_memory **ret, struct err *err);

/* --- instances --------------------------------------------------------- */

/* Resolve the imports, initialise, and run the start function.  -ENOLINK: an
 * import is missing or of another type.  After a trap *ret is NULL, though
 * what was written to imported tables and memories stays. */
int wasm_instantiate(struct wasm_store *store, struct wasm_module *module,
		     struct wasm_linker *linker, struct wasm_instance **ret,
		     struct err *err);

struct wasm_module *wasm_instance_module(const struct wasm_instance *inst);
/* false if there is none. */
bool wasm_instance_export(const struct wasm_instance *inst,
			  struct wasm_str name, struct wasm_extern *ret);

const struct wasm_functype *wasm_func_type(const struct wasm_func *func);
/* `v` holds the arguments, packed, and then the results; it has room for the
 * larger of both.  Host functions may call this too. */
int wasm_call(struct wasm_func *func, union wasm_value *v, struct err *err);

wasm_type wasm_global_type(const struct wasm_global *g, bool *is_mutable);
void wasm_global_get(const struct wasm_global *g, union wasm_value v[2]);
void wasm_global_set(struct wasm_global *g, const union wasm_value v[2]);
uint8_t *wasm_memory_data(struct wasm_memory *m, uint64_t *len);

/* --- disassembly ------------------------------------------------------- */

/* Called once per line, without its \n. */
typedef void wasm_line_fn(void *ctx, const char *line);
/* Function `index` (imports counted), one instruction per line with its
 * offset; with an instance (may be NULL) also the register code that the
 * interpreter runs. */
int wasm_disasm(struct wasm_module *m, struct wasm_instance *inst,
		uint32_t index, wasm_line_fn *line, void *ctx, struct err *err);
