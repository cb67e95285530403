#include <stdlib.h>
#include "wasm/aot_help.h"
#define W __attribute__((weak))
W uint64_t aot_help_struct_new(struct wasm_instance *inst, uint32_t type, const union wasm_value *v){abort();}
W uint64_t aot_help_array_new(struct wasm_instance *inst, uint32_t type, const union wasm_value *v, uint32_t n){abort();}
W uint64_t aot_help_array_new_fixed(struct wasm_instance *inst, uint32_t type, const union wasm_value *v, uint32_t n){abort();}
W uint32_t aot_help_array_new_data(struct wasm_instance *inst, uint32_t type, uint32_t segment, uint32_t from, uint32_t n, uint64_t *ret){abort();}
W uint32_t aot_help_array_new_elem(struct wasm_instance *inst, uint32_t type, uint32_t segment, uint32_t from, uint32_t n, uint64_t *ret){abort();}
W uint32_t aot_help_array_fill(struct wasm_instance *inst, uint64_t array, uint32_t at, const union wasm_value *v, uint32_t n){abort();}
W uint32_t aot_help_array_copy(struct wasm_instance *inst, uint64_t to, uint32_t to_at, uint64_t from, uint32_t from_at, uint32_t n){abort();}
W uint32_t aot_help_array_init_data(struct wasm_instance *inst, uint64_t array, uint32_t at, uint32_t segment, uint32_t from, uint32_t n){abort();}
W uint32_t aot_help_array_init_elem(struct wasm_instance *inst, uint64_t array, uint32_t at, uint32_t segment, uint32_t from, uint32_t n){abort();}
W uint32_t aot_help_ref_test(struct wasm_instance *inst, uint64_t ref, uint32_t heap, uint32_t func){abort();}
W uint32_t aot_help_exception_new(struct wasm_instance *inst, uint32_t tag, const union wasm_value *v){abort();}
W uint32_t aot_help_exception_set(struct wasm_instance *inst, uint64_t ref){abort();}
W const struct wasm_tag *aot_help_exception_tag(struct wasm_instance *inst){abort();}
W uint64_t aot_help_exception_take(struct wasm_instance *inst, union wasm_value *v){abort();}
