#include <stdlib.h>

#include "wasm/gc.h"

struct gc_layout *gc_layout_fields(enum gc_kind kind, const void *type,
				   const enum gc_storage *fields, uint32_t n)
{
	size_t at = sizeof(struct gc_object);
	uint32_t n_refs = 0, *offset, *refs;
	struct gc_layout *l;

	l = malloc(sizeof(*l) + 2 * (size_t)n * sizeof(uint32_t));
	if (!l)
		return NULL;
	offset = (uint32_t *)(l + 1);
	refs = offset + n;
	for (uint32_t i = 0; i < n; i++) {
		size_t bytes = (size_t)1 << gc_storage_shift(fields[i]);
		size_t align = bytes < 8 ? bytes : 8;

		at = (at + align - 1) & ~(align - 1);
		offset[i] = (uint32_t)at;
		if (fields[i] == GC_STORE_REF)
			refs[n_refs++] = (uint32_t)at;
		at += bytes;
	}
	*l = (struct gc_layout){
		.kind = kind,
		.type = type,
		.size = (uint32_t)at,
		.n_fields = n,
		.n_refs = n_refs,
		.offset = offset,
		.refs = refs,
	};
	return l;
}

struct gc_layout *gc_layout_array(const void *type, enum gc_storage element)
{
	struct gc_layout *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->kind = GC_ARRAY;
	l->type = type;
	l->element = element;
	l->size = sizeof(struct gc_array);
	return l;
}
