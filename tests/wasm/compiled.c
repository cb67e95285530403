#include "compiled.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifdef HAVE_WASMC
#include "wasmc/compile.h"

static int compile(const struct compile_job *job, int fd, struct err *err)
{
	const struct wasm_module *m = job->module;
	struct compile_objects objects = {0};
	int rc = compile_objects(job, &objects, err);
	struct link_job link = {
		.module = m->bytes,
		.module_len = m->len,
		.objects = objects.objects,
		.n_objects = objects.n,
		.n_funcs = m->n_funcs,
		.n_imported = m->n_imported_funcs,
		.n_types = m->n_types,
		.cpu = job->gen.cpu,
		.flags = job->gen.strict ? AOT_STRICT : 0,
	};

	if (rc == 0)
		rc = link_image(&link, fd, err);
	free(objects.objects);
	return rc;
}

int compiled_load_on(enum aot_cpu cpu, int how, struct wasm_store *store,
		     const uint8_t *bytes, size_t len, struct wasm_module **ret,
		     struct err *err)
{
	_cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
	struct compile_job job = {
		.level = how == COMPILED_STRICT ? 1 : 2,
		.jobs = 1,
		.gen = {.cpu = cpu, .strict = how == COMPILED_STRICT}};
	struct wasm_store *own = NULL;
	struct wasm_module *m = NULL;
	struct aot_image *image = NULL;
	int rc = fd < 0 || fchmod(fd, 0600) < 0 ? -errno : 0;

	if (rc == 0)
		rc = wasm_store_new(NULL, &own, err);
	if (rc == 0)
		rc = wasm_module_load(own, bytes, len, &m, err);
	if (rc == 0) {
		job.module = m;
		job.gen.convention = gen_convention(m);
		rc = compile(&job, fd, err);
	}
	wasm_store_free(own);
	if (rc == 0)
		rc = aot_image_open(fd, AOT_CHECK_ALL, &image, err);
	if (rc == 0)
		rc = wasm_module_load_image(store, image, ret, err);
	return rc;
}
#else
int compiled_load_on(enum aot_cpu cpu, int how, struct wasm_store *store,
		     const uint8_t *bytes, size_t len, struct wasm_module **ret,
		     struct err *err)
{
	return err_say(err, -ENOSYS, "built without LLVM");
}
#endif

int compiled_load(int how, struct wasm_store *store, const uint8_t *bytes,
		  size_t len, struct wasm_module **ret, struct err *err)
{
	return compiled_load_on(aot_cpu_native(), how, store, bytes, len, ret,
				err);
}
