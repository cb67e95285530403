#include "sandbox/wasm_code.h"

#include "base/err.h"

int wasm_code_map(int fd, const char *name, bool isolate, struct wasm_code *ret,
		  struct err *err)
{
	int rc;

	if (!aot_image_probe(fd))
		return wasm_file_map(fd, name, isolate, &ret->file, err);
	rc = aot_image_open(fd, AOT_CHECK_ALL, &ret->image, err);
	return rc < 0 ? err_wrap(err, "%s", name) : 0;
}

void wasm_code_close(struct wasm_code *code)
{
	aot_image_close(code->image);
	wasm_file_unmap(&code->file);
	code->image = NULL;
}
