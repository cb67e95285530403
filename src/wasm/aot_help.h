/* wasm/aot_help.h
 * The helpers of aot.def, as C has them.  An `inst` is the caller's; slots
 * are as of wasm_call(). */
#pragma once

#include "wasm/aot.h"
#include "wasm/instance.h"

/* All of them, by their order in aot.def. */
extern const void *const aot_helpers[];

/* aot_help.c */
uint32_t aot_help_call(struct wasm_instance *inst, struct wasm_func *func,
		       union wasm_value *v);
uint32_t aot_help_type_check(struct wasm_instance *inst, struct wasm_func *func,
			     uint32_t type);
int64_t aot_help_memory_grow(struct wasm_instance *inst, uint32_t memory,
			     uint64_t pages);
uint32_t aot_help_memory_fill(struct wasm_instance *inst, uint32_t memory,
			      uint64_t at, uint32_t value, uint64_t len);
uint32_t aot_help_memory_copy(struct wasm_instance *inst, uint32_t to,
			      uint32_t from, uint64_t to_at, uint64_t from_at,
			      uint64_t len);
uint32_t aot_help_memory_init(struct wasm_instance *inst, uint32_t memory,
			      uint32_t segment, uint64_t to, uint32_t from,
			      uint32_t len);
void aot_help_data_drop(struct wasm_instance *inst, uint32_t segment);
int64_t aot_help_table_grow(struct wasm_instance *inst, uint32_t table,
			    uint64_t n, uint64_t ref);
uint32_t aot_help_table_fill(struct wasm_instance *inst, uint32_t table,
			     uint64_t at, uint64_t ref, uint64_t n);
uint32_t aot_help_table_copy(struct wasm_instance *inst, uint32_t to,
			     uint32_t from, uint64_t to_at, uint64_t from_at,
			     uint64_t n);
uint32_t aot_help_table_init(struct wasm_instance *inst, uint32_t table,
			     uint32_t segment, uint64_t to, uint32_t from,
			     uint32_t n);
void aot_help_elem_drop(struct wasm_instance *inst, uint32_t segment);
/* Addresses are effective, and aligned (memory.atomic.*). */
uint32_t aot_help_wait32(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint32_t expected, int64_t timeout,
			 uint32_t *ret);
uint32_t aot_help_wait64(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint64_t expected, int64_t timeout,
			 uint32_t *ret);
uint32_t aot_help_notify(struct wasm_instance *inst, uint32_t memory,
			 uint64_t address, uint32_t count, uint32_t *ret);
/* a, b and c are six slots, of which the result takes the first two. */
void aot_help_f32x4_madd(struct wasm_instance *inst, union wasm_value *v);
void aot_help_f64x2_madd(struct wasm_instance *inst, union wasm_value *v);

/* aot_gc.c */
uint64_t aot_help_struct_new(struct wasm_instance *inst, uint32_t type);
uint64_t aot_help_array_new(struct wasm_instance *inst, uint32_t type,
			    const union wasm_value *v, uint32_t n);
uint32_t aot_help_array_new_data(struct wasm_instance *inst, uint32_t type,
				 uint32_t segment, uint32_t from, uint32_t n,
				 uint64_t *ret);
uint32_t aot_help_array_new_elem(struct wasm_instance *inst, uint32_t type,
				 uint32_t segment, uint32_t from, uint32_t n,
				 uint64_t *ret);
uint32_t aot_help_array_fill(struct wasm_instance *inst, uint64_t array,
			     uint32_t at, const union wasm_value *v,
			     uint32_t n);
uint32_t aot_help_array_copy(struct wasm_instance *inst, uint64_t to,
			     uint32_t to_at, uint64_t from, uint32_t from_at,
			     uint32_t n);
uint32_t aot_help_array_init_data(struct wasm_instance *inst, uint64_t array,
				  uint32_t at, uint32_t segment, uint32_t from,
				  uint32_t n);
uint32_t aot_help_array_init_elem(struct wasm_instance *inst, uint64_t array,
				  uint32_t at, uint32_t segment, uint32_t from,
				  uint32_t n);
uint32_t aot_help_ref_test(struct wasm_instance *inst, uint64_t ref,
			   uint32_t heap, uint32_t func);

/* aot_except.c; `throw` is aot_throw() of aot.h */
uint32_t aot_help_exception_new(struct wasm_instance *inst, uint32_t tag,
				const union wasm_value *v);
uint32_t aot_help_exception_set(struct wasm_instance *inst, uint64_t ref);
const struct wasm_tag *aot_help_exception_tag(struct wasm_instance *inst);
uint64_t aot_help_exception_take(struct wasm_instance *inst,
				 union wasm_value *v);
