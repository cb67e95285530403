/* wasm/gc.h
 * References, and the heap for what they refer to: structs, arrays,
 * exceptions and host objects.
 *
 * A reference is one 64-bit word:
 *	0		null, of every type
 *	...xxx1		an i31 in the upper bits: (value << 1) | 1
 *	else		a pointer: to a gc_object, or, in the func hierarchy,
 *			to a function, which the heap does not own
 * any.convert_extern and extern.convert_any change nothing.
 *
 * The collector marks and sweeps, and objects never move.  Objects and the
 * containers the embedder names are scanned precisely; value stacks are
 * scanned word by word, and a word that happens to look like an object
 * keeps it.  Only a pointer to an object's first byte counts, so a reference
 * must be in a slot, a global, a table, an object or a root whenever
 * something is allocated.
 *
 * A collection stops the program for about 50 ms per million live objects,
 * and is not interrupted.
 *
 * The heap has a hard limit.  Where a collection does not make room,
 * allocation returns 0 and the instruction traps with WASM_TRAP_HEAP_FULL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t gc_ref;

static inline bool gc_is_i31(gc_ref ref)
{
	return ref & 1;
}

static inline gc_ref gc_i31(uint32_t value)
{
	return (gc_ref)(value & 0x7fffffff) << 1 | 1;
}

static inline uint32_t gc_i31_get_u(gc_ref ref)
{
	return (uint32_t)(ref >> 1);
}

static inline uint32_t gc_i31_get_s(gc_ref ref)
{
	return (uint32_t)((int32_t)((uint32_t)(ref >> 1) << 1) >> 1);
}

/* --- layouts ---------------------------------------------------------- */

enum gc_kind { GC_STRUCT, GC_ARRAY, GC_EXCEPTION, GC_HOST };

enum gc_storage {
	GC_STORE_8,
	GC_STORE_16,
	GC_STORE_32,
	GC_STORE_64,
	GC_STORE_128,
	GC_STORE_REF,  /* followed by the collector */
	GC_STORE_FUNC, /* a function: not followed */
};

/* One per type: where its fields are and which of them are references.  It
 * must outlive the heap's objects. */
struct gc_layout {
	enum gc_kind kind;
	enum gc_storage element; /* of arrays */
	const void *type;        /* the engine's own: rtt, tag, ... */
	/* Types that this one is a subtype of, from the root of their tree
	 * down to itself, so that a cast is one look at the place where its
	 * type would be.  The engine's to fill, and to free. */
	const void *const *supers;
	uint32_t n_supers;
	uint32_t size; /* in bytes with the header; of an array, without
			* its elements */
	uint32_t n_fields;
	uint32_t n_refs;
	const uint32_t *offset; /* of each field, from the object's start */
	const uint32_t *refs;   /* offsets of the references among them */
};

/* malloc()ed as one block, NULL without memory; free() it.  The fields of a
 * supertype, a prefix, have the same offsets in its subtypes. */
struct gc_layout *gc_layout_fields(enum gc_kind kind, const void *type,
				   const enum gc_storage *fields, uint32_t n);
struct gc_layout *gc_layout_array(const void *type, enum gc_storage element);

/* --- objects ---------------------------------------------------------- */

/* The header of every object; the fields of a struct or exception follow it,
 * those of an array follow its length. */
struct gc_object {
	const struct gc_layout *layout;
};

struct gc_array {
	struct gc_object object;
	uint32_t length; /* in elements */
	uint32_t unused;
	char data[];
};

static inline struct gc_object *gc_object(gc_ref ref)
{
	return (struct gc_object *)(uintptr_t)ref;
}

static inline void *gc_field(gc_ref ref, uint32_t field)
{
	return (char *)gc_object(ref) + gc_object(ref)->layout->offset[field];
}

static inline struct gc_array *gc_array(gc_ref ref)
{
	return (struct gc_array *)(uintptr_t)ref;
}

static inline unsigned int gc_storage_shift(enum gc_storage s)
{
	/* log2 of 1 2 4 8 16 8 8 bytes, four bits each */
	return 0x3343210u >> (4 * s) & 15;
}

/* Where the element is; the caller has compared it with the length. */
static inline void *gc_element(gc_ref ref, uint32_t index)
{
	struct gc_array *a = gc_array(ref);

	return a->data +
	       ((size_t)index << gc_storage_shift(a->object.layout->element));
}

/* --- the heap --------------------------------------------------------- */

struct gc_heap;

/* Called during a collection: mark what is reachable from outside, with
 * gc_mark() and gc_mark_words(). */
typedef void gc_roots_fn(struct gc_heap *heap, void *context);

/* `limit` in bytes, rounded up to blocks.  Reserves address space only.
 * NULL when there is none. */
struct gc_heap *gc_heap_new(uint64_t limit, gc_roots_fn *roots, void *context);
void gc_heap_free(struct gc_heap *heap);
/* For tests: collect before every allocation, and overwrite what is freed, so
 * that a reference which the roots do not lead to shows at once. */
void gc_heap_torture(struct gc_heap *heap);

/* A zeroed object of a struct or exception; 0 when the heap is full. */
gc_ref gc_new(struct gc_heap *heap, const struct gc_layout *layout);
/* A zeroed array; 0 when the heap is full or could never hold it. */
gc_ref gc_new_array(struct gc_heap *heap, const struct gc_layout *layout,
		    uint32_t length);
/* A reference to something of the host's, seen as externref or, converted,
 * as anyref.  Two calls make two references. */
gc_ref gc_new_host(struct gc_heap *heap, void *data);
bool gc_is_host(gc_ref ref);
void *gc_host_data(gc_ref ref);

/* Keep `*slot` alive from now on, for references that the host holds. */
struct gc_root {
	gc_ref ref;
	struct gc_root *next, **link;
};
void gc_root_add(struct gc_heap *heap, struct gc_root *root, gc_ref ref);
void gc_root_remove(struct gc_root *root);

void gc_collect(struct gc_heap *heap);
/* From within gc_roots_fn.  What is no object of this heap (null, an i31, a
 * function, a number) is ignored. */
void gc_mark(struct gc_heap *heap, gc_ref ref);
void gc_mark_words(struct gc_heap *heap, const void *start, size_t bytes);

/* The same, but a word that points anywhere into an object keeps it. */
void gc_mark_inside(struct gc_heap *heap, const void *start, size_t bytes);

struct gc_stats {
	uint64_t limit, used; /* bytes; `used` counts garbage not yet found */
	uint64_t collections;
	uint64_t live_objects; /* after the last collection */
};
void gc_heap_stats(const struct gc_heap *heap, struct gc_stats *ret);
