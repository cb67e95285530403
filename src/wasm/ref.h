/* wasm/ref.h
 * What references refer to: tests of their type, and fields as slots. */
#pragma once

#include "wasm/store.h"

/* Is `ref`, not null, of heap type `heap`?  `func` tells its hierarchy: a
 * function is no object of the heap. */
bool ref_matches(const struct type_table *t, uint64_t ref, uint32_t heap,
		 bool func);

/* A slot to a field and back; they return how many slots (1 or 2). */
unsigned int field_store(void *field, enum gc_storage s,
			 const union wasm_value *v);
unsigned int field_load(const void *field, enum gc_storage s,
			union wasm_value *v);

/* Objects, 0 if the heap is full.  `v` are the fields' values, as slots;
 * NULL for defaults. */
gc_ref struct_new(struct wasm_store *store, const struct gc_layout *layout,
		  const union wasm_value *v);
gc_ref array_new(struct wasm_store *store, const struct gc_layout *layout,
		 const union wasm_value *init, uint32_t n);
/* `n` values of their own. */
gc_ref array_new_fixed(struct wasm_store *store, const struct gc_layout *layout,
		       const union wasm_value *v, uint32_t n);
enum wasm_trap array_new_data(struct wasm_store *store,
			      const struct gc_layout *layout,
			      const struct data_seg *s, uint32_t from,
			      uint32_t n, gc_ref *ret);
enum wasm_trap array_new_elem(struct wasm_store *store,
			      const struct gc_layout *layout,
			      const struct elem_seg *s, uint32_t from,
			      uint32_t n, gc_ref *ret);
enum wasm_trap array_init_data(gc_ref array, uint32_t at,
			       const struct data_seg *s, uint32_t from,
			       uint32_t n);
enum wasm_trap array_init_elem(gc_ref array, uint32_t at,
			       const struct elem_seg *s, uint32_t from,
			       uint32_t n);
enum wasm_trap array_fill(gc_ref array, uint32_t at, const union wasm_value *v,
			  uint32_t n);
enum wasm_trap array_copy(gc_ref to, uint32_t to_at, gc_ref from,
			  uint32_t from_at, uint32_t n);
