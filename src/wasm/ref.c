#include "wasm/ref.h"

bool ref_matches(const struct type_table *t, uint64_t ref, uint32_t heap,
		 bool func)
{
	const struct gc_layout *layout;

	if (func) {
		if (heap & WASM_HEAP_ABSTRACT)
			return heap == WASM_HEAP_FUNC;
		return type_id_matches(
			t, ((struct wasm_func *)(uintptr_t)ref)->type->id,
			heap);
	}
	switch (heap) {
	case WASM_HEAP_ANY:
	case WASM_HEAP_EXTERN:
	case WASM_HEAP_EXN:
		return true;
	case WASM_HEAP_I31:
		return gc_is_i31(ref);
	case WASM_HEAP_NONE:
	case WASM_HEAP_NOEXTERN:
	case WASM_HEAP_NOEXN:
		return false;
	}
	if (gc_is_i31(ref))
		return heap == WASM_HEAP_EQ;
	layout = gc_object(ref)->layout;
	if (layout->kind != GC_STRUCT && layout->kind != GC_ARRAY)
		return false;
	if (heap == WASM_HEAP_EQ)
		return true;
	if (heap == WASM_HEAP_STRUCT)
		return layout->kind == GC_STRUCT;
	if (heap == WASM_HEAP_ARRAY)
		return layout->kind == GC_ARRAY;
	return type_id_matches(t, ((const struct type *)layout->type)->id,
			       heap);
}

bool wasm_ref_is(struct wasm_store *store, uint64_t ref, wasm_type ref_type,
		 enum wasm_heap heap)
{
	bool func = heap_top(&store->types, wasm_type_heap(ref_type)) ==
		    WASM_HEAP_FUNC;

	return ref && ref_matches(&store->types, ref, heap, func);
}

/* --- fields -------------------------------------------------------------- */

unsigned int field_store(void *field, enum gc_storage s,
			 const union wasm_value *v)
{
	switch (s) {
	case GC_STORE_8:
		*(uint8_t *)field = (uint8_t)v->i32;
		return 1;
	case GC_STORE_16:
		*(uint16_t *)field = (uint16_t)v->i32;
		return 1;
	case GC_STORE_32:
		*(uint32_t *)field = v->i32;
		return 1;
	case GC_STORE_128:
		memcpy(field, v, 16);
		return 2;
	default:
		*(uint64_t *)field = v->i64;
		return 1;
	}
}

unsigned int field_load(const void *field, enum gc_storage s,
			union wasm_value *v)
{
	switch (s) {
	case GC_STORE_8:
		v->i64 = *(const uint8_t *)field;
		return 1;
	case GC_STORE_16:
		v->i64 = *(const uint16_t *)field;
		return 1;
	case GC_STORE_32:
		v->i64 = *(const uint32_t *)field;
		return 1;
	case GC_STORE_128:
		memcpy(v, field, 16);
		return 2;
	default:
		v->i64 = *(const uint64_t *)field;
		return 1;
	}
}

gc_ref struct_new(struct wasm_store *store, const struct gc_layout *layout,
		  const union wasm_value *v)
{
	const struct type *t = layout->type;
	struct gc_heap *heap = store_heap(store);
	gc_ref ref = heap ? gc_new(heap, layout) : 0;

	for (uint32_t i = 0; v && ref && i < layout->n_fields; i++)
		v += field_store(gc_field(ref, i),
				 type_storage(&store->types, t->fields[i].type),
				 v);
	return ref;
}

/* --- arrays -------------------------------------------------------------- */

static void fill(gc_ref array, uint32_t at, const union wasm_value *v,
		 uint32_t n)
{
	enum gc_storage s = gc_object(array)->layout->element;

	for (uint32_t i = 0; i < n; i++)
		field_store(gc_element(array, at + i), s, v);
}

gc_ref array_new(struct wasm_store *store, const struct gc_layout *layout,
		 const union wasm_value *init, uint32_t n)
{
	struct gc_heap *heap = store_heap(store);
	gc_ref ref = heap ? gc_new_array(heap, layout, n) : 0;

	if (ref && init)
		fill(ref, 0, init, n);
	return ref;
}

gc_ref array_new_fixed(struct wasm_store *store, const struct gc_layout *layout,
		       const union wasm_value *v, uint32_t n)
{
	struct gc_heap *heap = store_heap(store);
	gc_ref ref = heap ? gc_new_array(heap, layout, n) : 0;

	for (uint32_t i = 0; ref && i < n; i++)
		v += field_store(gc_element(ref, i), layout->element, v);
	return ref;
}

static bool out_of(uint64_t size, uint64_t at, uint64_t n)
{
	return at > size || n > size - at;
}

static uint64_t element_size(const struct gc_layout *layout)
{
	return UINT64_C(1) << gc_storage_shift(layout->element);
}

enum wasm_trap array_new_data(struct wasm_store *store,
			      const struct gc_layout *layout,
			      const struct data_seg *s, uint32_t from,
			      uint32_t n, gc_ref *ret)
{
	uint64_t bytes = n * element_size(layout);

	if (out_of(s->len, from, bytes))
		return WASM_TRAP_MEMORY_BOUNDS;
	*ret = array_new(store, layout, NULL, n);
	if (!*ret)
		return WASM_TRAP_HEAP_FULL;
	if (n)
		memcpy(gc_array(*ret)->data, s->data + from, bytes);
	return WASM_TRAP_NONE;
}

enum wasm_trap array_new_elem(struct wasm_store *store,
			      const struct gc_layout *layout,
			      const struct elem_seg *s, uint32_t from,
			      uint32_t n, gc_ref *ret)
{
	if (out_of(s->len, from, n))
		return WASM_TRAP_TABLE_BOUNDS;
	*ret = array_new(store, layout, NULL, n);
	if (!*ret)
		return WASM_TRAP_HEAP_FULL;
	if (n)
		memcpy(gc_array(*ret)->data, s->refs + from, n * 8ul);
	return WASM_TRAP_NONE;
}

enum wasm_trap array_init_data(gc_ref array, uint32_t at,
			       const struct data_seg *s, uint32_t from,
			       uint32_t n)
{
	uint64_t bytes;

	if (!array)
		return WASM_TRAP_NULL_ARRAY;
	bytes = n * element_size(gc_object(array)->layout);
	if (out_of(gc_array(array)->length, at, n))
		return WASM_TRAP_ARRAY_BOUNDS;
	if (out_of(s->len, from, bytes))
		return WASM_TRAP_MEMORY_BOUNDS;
	if (n)
		memcpy(gc_element(array, at), s->data + from, bytes);
	return WASM_TRAP_NONE;
}

enum wasm_trap array_init_elem(gc_ref array, uint32_t at,
			       const struct elem_seg *s, uint32_t from,
			       uint32_t n)
{
	if (!array)
		return WASM_TRAP_NULL_ARRAY;
	if (out_of(gc_array(array)->length, at, n))
		return WASM_TRAP_ARRAY_BOUNDS;
	if (out_of(s->len, from, n))
		return WASM_TRAP_TABLE_BOUNDS;
	if (n)
		memcpy(gc_element(array, at), s->refs + from, n * 8ul);
	return WASM_TRAP_NONE;
}

enum wasm_trap array_fill(gc_ref array, uint32_t at, const union wasm_value *v,
			  uint32_t n)
{
	if (!array)
		return WASM_TRAP_NULL_ARRAY;
	if (out_of(gc_array(array)->length, at, n))
		return WASM_TRAP_ARRAY_BOUNDS;
	fill(array, at, v, n);
	return WASM_TRAP_NONE;
}

enum wasm_trap array_copy(gc_ref to, uint32_t to_at, gc_ref from,
			  uint32_t from_at, uint32_t n)
{
	if (!to || !from)
		return WASM_TRAP_NULL_ARRAY;
	if (out_of(gc_array(to)->length, to_at, n) ||
	    out_of(gc_array(from)->length, from_at, n))
		return WASM_TRAP_ARRAY_BOUNDS;
	if (n)
		memmove(gc_element(to, to_at), gc_element(from, from_at),
			n * element_size(gc_object(to)->layout));
	return WASM_TRAP_NONE;
}
