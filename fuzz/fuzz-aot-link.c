/* An object for hull-wasmc's linker.  What it makes of one that it takes must
 * be an image: it is opened, and its tables are read. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "wasmc/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t module[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

/* Where everything is, as far as the tables say. */
static void look(int fd, bool runs)
{
	struct aot_image *image = NULL;
	struct err err = {0};

	if (aot_image_open(fd, AOT_CHECK_ALL, &image, &err) < 0) {
		if (runs)
			abort();
		return;
	}
	for (uint32_t i = 0; i < image->n_func; i++) {
		const struct aot_func *f = &image->func[i];
		uintptr_t pc = (uintptr_t)image->text + f->code;

		if (f->size && aot_image_func(image, pc) != f)
			abort();
		aot_image_line(image, pc);
	}
	aot_image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* e_machine: which of the two the object says it is for. */
	bool arm64 = size > 18 && data[18] == 183;
	const struct link_object object = {data, size};
	const struct link_job job = {
		.module = module,
		.module_len = sizeof(module),
		.objects = &object,
		.n_objects = 1,
		.n_funcs = 4,
		.n_types = 1,
		.cpu = arm64 ? AOT_ARM64_V8 : AOT_X86_64_V2,
	};
	struct err err = {0};
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		abort();
	if (link_image(&job, fd, &err) == 0)
		look(fd, aot_cpu_runs(job.cpu));
	else if (!err.msg[0])
		abort();
	close(fd);
	return 0;
}
