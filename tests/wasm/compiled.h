/* A module, compiled on the spot, for runners of tests. */
#pragma once

#include "wasm/aot.h"
#include "wasm/wasm.h"

enum { COMPILED = 1, COMPILED_STRICT = 2 };

/* As wasm_module_load(), but with an image.  Without LLVM in the build,
 * -ENOSYS. */
int compiled_load(int how, struct wasm_store *store, const uint8_t *bytes,
		  size_t len, struct wasm_module **ret, struct err *err);
/* The same for a processor that is not this one, but is included in it. */
int compiled_load_on(enum aot_cpu cpu, int how, struct wasm_store *store,
		     const uint8_t *bytes, size_t len, struct wasm_module **ret,
		     struct err *err);
