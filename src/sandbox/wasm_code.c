#include "sandbox/wasm_code.h"

#include "base/err.h"

int wasm_code_open_image(int fd, enum aot_check check, struct wasm_code *ret,
			 struct err *err)
{
	struct aot_image *image;
	int rc = aot_image_open(fd, check, &image, err);

	if (rc < 0)
		return rc;
	*ret = (struct wasm_code){
		.file = {image->module, image->h->module.size},
		.image = image,
	};
	return 0;
}

int wasm_code_map(int fd, const char *name, bool isolate, struct wasm_code *ret,
		  struct err *err)
{
	int rc;

	if (aot_image_probe(fd)) {
		rc = wasm_code_open_image(fd, AOT_CHECK_ALL, ret, err);
		return rc < 0 ? err_wrap(err, "%s", name) : 0;
	}
	*ret = (struct wasm_code){.image = NULL};
	return wasm_file_map(fd, name, isolate, &ret->file, err);
}

void wasm_code_close(struct wasm_code *code)
{
	if (code->image)
		aot_image_close(code->image); /* the module is a part of it */
	else
		wasm_file_unmap(&code->file);
	*code = (struct wasm_code){.image = NULL};
}
