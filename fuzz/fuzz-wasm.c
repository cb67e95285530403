/* A module of any kind: decoded, validated, and, if it is valid and needs no
 * imports, run.  Every exported function is called once with zeros, with
 * little fuel, memory and stack. */
#include <stdint.h>
#include <stdlib.h>

#include "wasm/wasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUEL = 20000, MAX_SLOTS = 1000 };

static const struct wasm_config config = {
	.memory_bytes = 4 << 20,
	.table_elems = 10000,
	.heap_bytes = 1 << 20,
	.stack_bytes = 64 << 10,
	.call_depth = 100,
	.fuel = true,
};

static void call(struct wasm_store *store, struct wasm_func *func)
{
	const struct wasm_functype *t = wasm_func_type(func);
	union wasm_value v[MAX_SLOTS] = {0};
	struct err err = {0};

	if (t->param_slots > MAX_SLOTS || t->result_slots > MAX_SLOTS)
		return;
	wasm_store_set_fuel(store, FUEL);
	if (wasm_call(func, v, &err) < 0 && !err.msg[0])
		abort();
}

static void run(struct wasm_store *store, struct wasm_module *module)
{
	struct wasm_instance *inst = NULL;
	struct wasm_linker *linker;
	struct err err = {0};

	wasm_store_set_fuel(store, FUEL);
	if (wasm_linker_new(store, &linker, &err) != 0 ||
	    wasm_instantiate(store, module, linker, &inst, &err) != 0)
		return;
	for (uint32_t i = 0; i < wasm_module_n_exports(module); i++) {
		struct wasm_export e;
		struct wasm_extern ext;

		wasm_module_export(module, i, &e);
		if (e.type.kind == WASM_FUNC &&
		    wasm_instance_export(inst, e.name, &ext))
			call(store, ext.func);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wasm_module *module = NULL;
	struct wasm_store *store = NULL;
	struct err err = {0};
	int rc;

	if (wasm_store_new(&config, &store, &err) != 0)
		abort();
	rc = wasm_module_load(store, data, size, &module, &err);
	/* Whoever refuses a module says why. */
	if (rc != 0 && !err.msg[0])
		abort();
	if (rc == 0)
		run(store, module);
	wasm_store_free(store);
	return 0;
}
