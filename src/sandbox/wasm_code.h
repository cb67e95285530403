/* sandbox/wasm_code.h
 * What is run: a module's bytes, and compiled code for them where there is
 * some.  An image brings its module along, so the bytes always belong to the
 * code. */
#pragma once

#include "wasm/aot.h"
#include "wasm/wasi_run.h"

struct wasm_code {
	struct wasm_file file;
	struct aot_image *image; /* or NULL */
	bool interpret;          /* for all that */
};

/* A module or an image, as wasm_file_map() and aot_image_open() take it. */
int wasm_code_map(int fd, const char *name, bool isolate, struct wasm_code *ret,
		  struct err *err);
/* An image.  */
int wasm_code_open_image(int fd, enum aot_check check, struct wasm_code *ret,
			 struct err *err);
/* Takes a zeroed one. */
void wasm_code_close(struct wasm_code *code);
