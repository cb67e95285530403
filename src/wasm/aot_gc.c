/* Objects for compiled code.  It says what it means by indices of its module,
 * of which the instance knows what they are in this store. */
#include "wasm/aot_help.h"
#include "wasm/ref.h"
#include "wasm/store.h"

/* Compiled code stores the values itself. */
uint64_t aot_help_struct_new(struct wasm_instance *inst, uint32_t type)
{
	return struct_new(inst->store, inst->types[type]->layout, NULL);
}

uint64_t aot_help_array_new(struct wasm_instance *inst, uint32_t type,
			    const union wasm_value *init, uint32_t n)
{
	return array_new(inst->store, inst->types[type]->layout, init, n);
}

uint32_t aot_help_array_new_data(struct wasm_instance *inst, uint32_t type,
				 uint32_t segment, uint32_t from, uint32_t n,
				 uint64_t *ret)
{
	return array_new_data(inst->store, inst->types[type]->layout,
			      &inst->data[segment], from, n, ret);
}

uint32_t aot_help_array_new_elem(struct wasm_instance *inst, uint32_t type,
				 uint32_t segment, uint32_t from, uint32_t n,
				 uint64_t *ret)
{
	return array_new_elem(inst->store, inst->types[type]->layout,
			      &inst->elem[segment], from, n, ret);
}

uint32_t aot_help_array_fill(struct wasm_instance *inst, uint64_t array,
			     uint32_t at, const union wasm_value *v, uint32_t n)
{
	(void)inst;
	return array_fill(array, at, v, n);
}

uint32_t aot_help_array_copy(struct wasm_instance *inst, uint64_t to,
			     uint32_t to_at, uint64_t from, uint32_t from_at,
			     uint32_t n)
{
	(void)inst;
	return array_copy(to, to_at, from, from_at, n);
}

uint32_t aot_help_array_init_data(struct wasm_instance *inst, uint64_t array,
				  uint32_t at, uint32_t segment, uint32_t from,
				  uint32_t n)
{
	return array_init_data(array, at, &inst->data[segment], from, n);
}

uint32_t aot_help_array_init_elem(struct wasm_instance *inst, uint64_t array,
				  uint32_t at, uint32_t segment, uint32_t from,
				  uint32_t n)
{
	return array_init_elem(array, at, &inst->elem[segment], from, n);
}

uint32_t aot_help_ref_test(struct wasm_instance *inst, uint64_t ref,
			   uint32_t heap, uint32_t func)
{
	if (!(heap & WASM_HEAP_ABSTRACT))
		heap = inst->types[heap]->id;
	return ref_matches(&inst->store->types, ref, heap, func);
}
