/* wasm/types.h
 * Types of a store.  Each is known by a number, its id, that is the same for
 * equal types of all modules: recursion groups are compared as a whole when a
 * module declares one (core specification, "Recursive types"), so equality of
 * types is equality of ids from then on, and of value types, equality of
 * their 32 bits. */
#pragma once

#include "wasm/gc.h"
#include "wasm/reader.h"
#include "wasm/wasm.h"

enum type_kind { TYPE_FUNC, TYPE_STRUCT, TYPE_ARRAY };

#define TYPE_NONE UINT32_MAX
/* While a group is being read, its members have no ids yet: heap types refer
 * to them by position. */
#define HEAP_REC 0x400000u

/* More would make subtype tests slow. */
enum { TYPE_MAX_DEPTH = 63, TYPE_MAX_FIELDS = 10000, TYPE_MAX_PARAMS = 1000 };

struct field {
	wasm_type type;
	bool is_mutable;
};

struct type {
	uint8_t kind;
	bool final;
	uint8_t depth; /* number of supertypes */
	uint32_t id;
	uint32_t super; /* id, or position in the group | HEAP_REC, or NONE */
	uint32_t group_start, group_len;
	uint32_t hash;     /* of the group, in its first member */
	uint32_t n_fields; /* structs; 1 for arrays */
	struct field *fields;
	struct wasm_functype func;
	struct gc_layout *layout; /* structs and arrays */
};

struct type_table {
	struct type **types;
	uint32_t n, cap;
	/* Groups by hash: id of the first member + 1, 0 is free. */
	uint32_t *buckets;
	uint32_t n_groups, n_buckets;
};

void type_table_free(struct type_table *t);
/* Take over `group`, an array of `n` types with malloc()ed parts, and return
 * the id of its first member: new, or of the equal group that was there.
 * -ENOMEM or -ENOTSUP leave the group to the caller. */
int64_t type_table_add(struct type_table *t, struct type *group, uint32_t n);
void type_group_free(struct type *group, uint32_t n);

static inline const struct type *type_get(const struct type_table *t,
					  uint32_t id)
{
	return t->types[id];
}

/* Is id `a` the same as `b` or declared below it? */
static inline bool type_id_matches(const struct type_table *t, uint32_t a,
				   uint32_t b)
{
	unsigned int depth;

	if (a == b)
		return true;
	depth = t->types[b]->depth;
	while (t->types[a]->depth > depth)
		a = t->types[a]->super;
	return a == b;
}

/* Is `a` a subtype of `b`?  Of heap types, and of value types, where 0 is the
 * bottom type of unreachable code. */
bool heap_matches(const struct type_table *t, uint32_t a, uint32_t b);
bool type_matches_slow(const struct type_table *t, wasm_type a, wasm_type b);

static inline bool type_matches(const struct type_table *t, wasm_type a,
				wasm_type b)
{
	return a == b || type_matches_slow(t, a, b);
}

bool functype_matches(const struct type_table *t, const struct wasm_functype *a,
		      const struct wasm_functype *b);
/* May `sub` be declared with this supertype? */
bool type_extends(const struct type_table *t, const struct type *sub,
		  const struct type *super);

/* WASM_HEAP_ANY, _FUNC, _EXTERN or _EXN: the hierarchy of a heap type. */
uint32_t heap_top(const struct type_table *t, uint32_t heap);
/* Has it a default value (zero or null)? */
static inline bool type_defaultable(wasm_type t)
{
	return (t & 0xff) != WASM_REF;
}

static inline bool type_is_packed(wasm_type t)
{
	return t == WASM_I8 || t == WASM_I16;
}

/* What a field's value is on the stack. */
static inline wasm_type type_unpacked(wasm_type t)
{
	return type_is_packed(t) ? WASM_I32 : t;
}

enum gc_storage type_storage(const struct type_table *t, wasm_type type);
