/* cli/wasm_validate.c: is this a WebAssembly module? */
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/wasm_open.h"

int wasm_open(const char *path, struct wasm_opened *ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "open %s", path);
	rc = wasm_file_map(fd, path, false, &ret->file, err);
	if (rc == 0)
		rc = wasm_store_new(NULL, &ret->store, err);
	if (rc < 0)
		return rc;
	rc = wasm_module_load(ret->store, ret->file.bytes, ret->file.len,
			      &ret->module, err);
	return rc < 0 ? err_wrap(err, "%s", path) : 0;
}

void wasm_opened_close(struct wasm_opened *o)
{
	wasm_store_free(o->store);
	wasm_file_unmap(&o->file);
}

int cmd_wasm_validate(const struct args *args)
{
	int status = 0;

	STRV_FOREACH (path, args->rest) {
		_cleanup_(wasm_opened_close) struct wasm_opened o = {0};
		struct err err = {0};

		if (wasm_open(*path, &o, &err) < 0)
			status = cli_fail(&err, 1);
	}
	return status;
}
