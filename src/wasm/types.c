#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/types.h"

/* --- equality of groups -------------------------------------------------- */

/* `group` refers to its own members by position; a registered one by id.
 * Bring the latter to the former's form. */
static uint32_t relative_heap(const struct type *of, uint32_t heap)
{
	if (!(heap & (WASM_HEAP_ABSTRACT | HEAP_REC)) &&
	    heap - of->group_start < of->group_len)
		return HEAP_REC | (heap - of->group_start);
	return heap;
}

static wasm_type relative(const struct type *of, wasm_type t)
{
	if (!wasm_type_is_ref(t))
		return t;
	return (t & 0xff) | relative_heap(of, wasm_type_heap(t)) << 8;
}

static uint32_t mix(uint32_t h, uint32_t v)
{
	return (h ^ v) * 0x9e3779b1u + (h >> 15);
}

static uint32_t group_hash(const struct type *group, uint32_t n)
{
	uint32_t h = n;

	for (uint32_t i = 0; i < n; i++) {
		const struct type *t = &group[i];

		h = mix(h, t->kind | (uint32_t)t->final << 8);
		h = mix(h, t->super);
		for (uint32_t j = 0; j < t->n_fields; j++)
			h = mix(h, t->fields[j].type * 2 +
					   t->fields[j].is_mutable);
		h = mix(h, t->func.n_params << 16 | t->func.n_results);
		for (uint32_t j = 0; j < t->func.n_params; j++)
			h = mix(h, t->func.params[j]);
		for (uint32_t j = 0; j < t->func.n_results; j++)
			h = mix(h, t->func.results[j]);
	}
	return h ^ h >> 16;
}

static bool same_types(const struct type *known, const wasm_type *a,
		       const wasm_type *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (relative(known, a[i]) != b[i])
			return false;
	return true;
}

static bool same_type(const struct type *known, const struct type *b)
{
	uint32_t super = known->super;

	if (super != TYPE_NONE)
		super = relative_heap(known, super);
	if (known->kind != b->kind || known->final != b->final ||
	    super != b->super || known->n_fields != b->n_fields ||
	    known->func.n_params != b->func.n_params ||
	    known->func.n_results != b->func.n_results)
		return false;
	for (uint32_t i = 0; i < b->n_fields; i++)
		if (known->fields[i].is_mutable != b->fields[i].is_mutable ||
		    relative(known, known->fields[i].type) != b->fields[i].type)
			return false;
	return same_types(known, known->func.params, b->func.params,
			  b->func.n_params) &&
	       same_types(known, known->func.results, b->func.results,
			  b->func.n_results);
}

static bool same_group(const struct type_table *t, uint32_t start,
		       const struct type *group, uint32_t n)
{
	if (t->types[start]->group_len != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!same_type(t->types[start + i], &group[i]))
			return false;
	return true;
}

/* --- the table ------------------------------------------------------------ */

void type_group_free(struct type *group, uint32_t n)
{
	for (uint32_t i = 0; group && i < n; i++) {
		free(group[i].fields);
		free((void *)group[i].func.params);
		free((void *)group[i].func.results);
		if (group[i].layout)
			free((void *)group[i].layout->supers);
		free(group[i].layout);
	}
	free(group);
}

void type_table_free(struct type_table *t)
{
	for (uint32_t i = 0; i < t->n;) {
		uint32_t len = t->types[i]->group_len;

		type_group_free(t->types[i], len);
		i += len;
	}
	free(t->types);
	free(t->buckets);
}

static bool table_reserve(struct type_table *t, uint32_t n)
{
	if (t->n + n > t->cap) {
		uint32_t cap = (t->n + n) * 2 + 16;
		struct type **types = realloc(t->types, cap * sizeof(types[0]));

		if (!types)
			return false;
		t->types = types;
		t->cap = cap;
	}
	if ((t->n_groups + 1) * 2 > t->n_buckets) {
		uint32_t size = t->n_buckets ? t->n_buckets * 2 : 64;
		uint32_t *buckets = calloc(size, sizeof(buckets[0]));

		if (!buckets)
			return false;
		for (uint32_t i = 0; i < t->n; i += t->types[i]->group_len) {
			uint32_t at = t->types[i]->hash & (size - 1);

			while (buckets[at])
				at = (at + 1) & (size - 1);
			buckets[at] = i + 1;
		}
		free(t->buckets);
		t->buckets = buckets;
		t->n_buckets = size;
	}
	return true;
}

static wasm_type absolute(wasm_type t, uint32_t start)
{
	uint32_t heap = wasm_type_heap(t);

	if (!wasm_type_is_ref(t) || heap & WASM_HEAP_ABSTRACT ||
	    !(heap & HEAP_REC))
		return t;
	return (t & 0xff) | ((heap & ~HEAP_REC) + start) << 8;
}

static void make_absolute(struct type *t, uint32_t start)
{
	wasm_type *params = (wasm_type *)t->func.params;
	wasm_type *results = (wasm_type *)t->func.results;

	if (t->super != TYPE_NONE && t->super & HEAP_REC)
		t->super = (t->super & ~HEAP_REC) + start;
	for (uint32_t i = 0; i < t->n_fields; i++)
		t->fields[i].type = absolute(t->fields[i].type, start);
	for (uint32_t i = 0; i < t->func.n_params; i++)
		params[i] = absolute(params[i], start);
	for (uint32_t i = 0; i < t->func.n_results; i++)
		results[i] = absolute(results[i], start);
}

static bool make_supers(struct type *t, const struct type *super)
{
	const void **supers = calloc(t->depth + 1ul, sizeof(*supers));

	if (!supers)
		return false;
	/* One of another kind is an error, but found later. */
	if (super && super->layout)
		memcpy(supers, super->layout->supers,
		       t->depth * sizeof(*supers));
	supers[t->depth] = t;
	t->layout->supers = supers;
	t->layout->n_supers = t->depth + 1u;
	return true;
}

static bool make_fields(const struct type_table *table, struct type *t)
{
	enum gc_storage *fields;

	if (t->kind == TYPE_ARRAY) {
		t->layout = gc_layout_array(
			t, type_storage(table, t->fields[0].type));
		return t->layout;
	}
	fields = malloc((t->n_fields + 1) * sizeof(fields[0]));
	if (!fields)
		return false;
	for (uint32_t i = 0; i < t->n_fields; i++)
		fields[i] = type_storage(table, t->fields[i].type);
	t->layout = gc_layout_fields(GC_STRUCT, t, fields, t->n_fields);
	free(fields);
	return t->layout;
}

static bool make_layout(const struct type_table *table, struct type *t,
			const struct type *super)
{
	return t->kind == TYPE_FUNC ||
	       (make_fields(table, t) && make_supers(t, super));
}

int64_t type_table_add(struct type_table *t, struct type *group, uint32_t n)
{
	uint32_t hash = group_hash(group, n), at, start = t->n;

	if (!table_reserve(t, n))
		return -ENOMEM;
	if (start + n >= HEAP_REC)
		return -ENOTSUP;
	for (at = hash & (t->n_buckets - 1); t->buckets[at];
	     at = (at + 1) & (t->n_buckets - 1)) {
		uint32_t known = t->buckets[at] - 1;

		if (t->types[known]->hash == hash &&
		    same_group(t, known, group, n)) {
			type_group_free(group, n);
			return known;
		}
	}
	group[0].hash = hash;
	for (uint32_t i = 0; i < n; i++) {
		group[i].id = start + i;
		group[i].group_start = start;
		group[i].group_len = n;
		make_absolute(&group[i], start);
		t->types[start + i] = &group[i];
	}
	/* Layouts need the members' kinds: once all are in place. */
	for (uint32_t i = 0; i < n; i++) {
		const struct type *super = group[i].super == TYPE_NONE
						   ? NULL
						   : t->types[group[i].super];

		group[i].depth = super ? super->depth + 1 : 0;
		if (group[i].depth > TYPE_MAX_DEPTH)
			return -ENOTSUP;
		if (!make_layout(t, &group[i], super))
			return -ENOMEM;
	}
	t->buckets[at] = start + 1;
	t->n_groups++;
	t->n += n;
	return start;
}

/* --- subtyping ----------------------------------------------------------- */

uint32_t heap_top(const struct type_table *t, uint32_t heap)
{
	if (!(heap & WASM_HEAP_ABSTRACT))
		return t->types[heap]->kind == TYPE_FUNC ? WASM_HEAP_FUNC
							 : WASM_HEAP_ANY;
	switch (heap) {
	case WASM_HEAP_NOFUNC:
	case WASM_HEAP_FUNC:
		return WASM_HEAP_FUNC;
	case WASM_HEAP_NOEXTERN:
	case WASM_HEAP_EXTERN:
		return WASM_HEAP_EXTERN;
	case WASM_HEAP_NOEXN:
	case WASM_HEAP_EXN:
		return WASM_HEAP_EXN;
	default:
		return WASM_HEAP_ANY;
	}
}

bool heap_matches(const struct type_table *t, uint32_t a, uint32_t b)
{
	if (a == b)
		return true;
	if (!(b & WASM_HEAP_ABSTRACT)) {
		if (!(a & WASM_HEAP_ABSTRACT))
			return type_id_matches(t, a, b);
		return t->types[b]->kind == TYPE_FUNC ? a == WASM_HEAP_NOFUNC
						      : a == WASM_HEAP_NONE;
	}
	switch (b) {
	case WASM_HEAP_ANY:
	case WASM_HEAP_FUNC:
	case WASM_HEAP_EXTERN:
	case WASM_HEAP_EXN:
		return heap_top(t, a) == b;
	case WASM_HEAP_EQ:
		return a != WASM_HEAP_ANY && heap_top(t, a) == WASM_HEAP_ANY;
	case WASM_HEAP_STRUCT:
	case WASM_HEAP_ARRAY:
		if (a & WASM_HEAP_ABSTRACT)
			return a == WASM_HEAP_NONE;
		return t->types[a]->kind ==
		       (b == WASM_HEAP_STRUCT ? TYPE_STRUCT : TYPE_ARRAY);
	case WASM_HEAP_I31:
		return a == WASM_HEAP_NONE;
	default:
		return false;
	}
}

bool type_matches_slow(const struct type_table *t, wasm_type a, wasm_type b)
{
	if (a == b || a == 0)
		return true;
	if (!wasm_type_is_ref(a) || !wasm_type_is_ref(b))
		return false;
	if ((a & 0xff) == WASM_REF_NULL && (b & 0xff) == WASM_REF)
		return false;
	return heap_matches(t, wasm_type_heap(a), wasm_type_heap(b));
}

bool functype_matches(const struct type_table *t, const struct wasm_functype *a,
		      const struct wasm_functype *b)
{
	if (a->n_params != b->n_params || a->n_results != b->n_results)
		return false;
	for (uint32_t i = 0; i < a->n_params; i++)
		if (!type_matches(t, b->params[i], a->params[i]))
			return false;
	for (uint32_t i = 0; i < a->n_results; i++)
		if (!type_matches(t, a->results[i], b->results[i]))
			return false;
	return true;
}

static bool field_matches(const struct type_table *t, const struct field *a,
			  const struct field *b)
{
	if (a->is_mutable != b->is_mutable)
		return false;
	if (a->is_mutable)
		return a->type == b->type;
	return type_matches(t, a->type, b->type);
}

bool type_extends(const struct type_table *t, const struct type *sub,
		  const struct type *super)
{
	if (super->final || sub->kind != super->kind)
		return false;
	if (sub->kind == TYPE_FUNC)
		return functype_matches(t, &sub->func, &super->func);
	if (sub->n_fields < super->n_fields)
		return false;
	for (uint32_t i = 0; i < super->n_fields; i++)
		if (!field_matches(t, &sub->fields[i], &super->fields[i]))
			return false;
	return true;
}

enum gc_storage type_storage(const struct type_table *t, wasm_type type)
{
	switch (type & 0xff) {
	case WASM_I8:
		return GC_STORE_8;
	case WASM_I16:
		return GC_STORE_16;
	case WASM_I32:
	case WASM_F32:
		return GC_STORE_32;
	case WASM_I64:
	case WASM_F64:
		return GC_STORE_64;
	case WASM_V128:
		return GC_STORE_128;
	default:
		return heap_top(t, wasm_type_heap(type)) == WASM_HEAP_FUNC
			       ? GC_STORE_FUNC
			       : GC_STORE_REF;
	}
}

/* --- text ---------------------------------------------------------------- */

static const char *heap_name(uint32_t heap, char *buf, size_t size)
{
	static const char names[][9] = {"exn",  "array",    "struct", "i31",
					"eq",   "any",      "extern", "func",
					"none", "noextern", "nofunc", "noexn"};

	if (heap & WASM_HEAP_ABSTRACT)
		return names[(heap & 0xff) - 0x69];
	snprintf(buf, size, "%u", heap);
	return buf;
}

const char *wasm_type_name(wasm_type t, char *buf, size_t size)
{
	char heap[16];
	const char *plain = NULL;

	switch (t & 0xff) {
	case 0:
		plain = "unknown";
		break;
	case WASM_I32:
		plain = "i32";
		break;
	case WASM_I64:
		plain = "i64";
		break;
	case WASM_F32:
		plain = "f32";
		break;
	case WASM_F64:
		plain = "f64";
		break;
	case WASM_V128:
		plain = "v128";
		break;
	case WASM_I8:
		plain = "i8";
		break;
	case WASM_I16:
		plain = "i16";
		break;
	}
	if (plain)
		snprintf(buf, size, "%s", plain);
	else
		snprintf(buf, size, "(ref %s%s)",
			 (t & 0xff) == WASM_REF_NULL ? "null " : "",
			 heap_name(wasm_type_heap(t), heap, sizeof(heap)));
	return buf;
}
