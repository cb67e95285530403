/* sandbox/wasm_code.h
 * What is run: a module, or an image that brings its module along, so that
 * the bytes always belong to the code. */
#pragma once

#include "wasm/aot.h"
#include "wasm/wasi_run.h"

/* One of the two. */
struct wasm_code {
	struct wasm_file file;
	struct aot_image *image;
};

/* A file that somebody named: a module or an image, as wasm_file_map() and
 * aot_image_open() take it. */
int wasm_code_map(int fd, const char *name, bool isolate, struct wasm_code *ret,
		  struct err *err);
/* Takes a zeroed one. */
void wasm_code_close(struct wasm_code *code);
