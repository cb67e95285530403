/* Exceptions for compiled code.  One that is on its way is exec.exception, as
 * in the interpreter, so that it may pass through code of both kinds. */
#include "wasm/aot_help.h"
#include "wasm/throw.h"

uint32_t aot_help_exception_new(struct wasm_instance *inst, uint32_t tag,
				const union wasm_value *v)
{
	gc_ref ref = exception_new(inst->store, inst->tag[tag], v);

	if (!ref)
		return WASM_TRAP_HEAP_FULL;
	inst->store->exec.exception = ref;
	return WASM_TRAP_NONE;
}

uint32_t aot_help_exception_set(struct wasm_instance *inst, gc_ref ref)
{
	if (!ref)
		return WASM_TRAP_NULL_EXN;
	inst->store->exec.exception = ref;
	return WASM_TRAP_NONE;
}

const struct wasm_tag *aot_help_exception_tag(struct wasm_instance *inst)
{
	return exception_tag(inst->store->exec.exception);
}

/* `v` is NULL if nobody asks for the values. */
uint64_t aot_help_exception_take(struct wasm_instance *inst,
				 union wasm_value *v)
{
	struct exec *x = &inst->store->exec;
	gc_ref ref = x->exception;

	if (v)
		exception_load(x->store, ref, v);
	x->exception = 0;
	return ref;
}
