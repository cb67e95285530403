/* cli/wasm_open.h
 * A module that is looked at, not run. */
#pragma once

#include "wasm/wasi_run.h"

struct wasm_opened {
	struct wasm_file file;
	struct wasm_store *store;
	struct wasm_module *module;
};

/* Decode and validate it; to be closed whatever is returned. */
int wasm_open(const char *path, struct wasm_opened *ret, struct err *err);
/* Takes a zeroed one. */
void wasm_opened_close(struct wasm_opened *o);
