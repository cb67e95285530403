/* Unwind tables and landing pads, damaged.  The input is what an image has of
 * them:
 *
 *	0   2   the function's record in .eh_frame
 *	2   2   its table in .gcc_except_table
 *	4   2   bytes of .eh_frame
 *	6       .eh_frame, then .gcc_except_table
 *
 * The image's one function is walked from, at each of its addresses, on a
 * stack that is full of return addresses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "wasm/aot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TABLES = 3 * 4096, /* behind the header and the table of functions */
	ROOM = 16 * 4096,  /* for each of the two */
	TEXT = TABLES + 2 * ROOM,
	CODE = 64,
	CODE_SIZE = 192,
	FILE_SIZE = TEXT + 4096,
	STACK_FULL = 4096,      /* bytes of return addresses */
	STACK_ROOM = 256 << 20, /* a frame may be large, twice */
};

static int file = -1;
static uint8_t *stack;

static const struct aot_header header = {
	.magic = "hull-aot",
	.version = AOT_VERSION,
	.file_size = FILE_SIZE,
	.module = {2 * 4096, 0},
	.entries = {2 * 4096, 0},
	.funcs = {2 * 4096, sizeof(struct aot_func)},
	.lines = {TABLES, 0},
	.eh_frame = {TABLES, 0},
	.lsda = {TABLES + ROOM, 0},
	.memory = {TEXT, 0},
	.text = {TEXT, CODE + CODE_SIZE},
};

static void put(const void *data, size_t len, off_t at)
{
	if (pwrite(file, data, len, at) != (ssize_t)len)
		abort();
}

static void prepare(void)
{
	file = memfd_create("image", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, FILE_SIZE) < 0 ||
	    fchmod(file, 0600) < 0)
		abort();
	stack = mmap(NULL, STACK_ROOM, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (stack == MAP_FAILED)
		abort();
}

static struct aot_image *make(const uint8_t *data, size_t size)
{
	uint16_t in[3] = {0};
	struct aot_header h = header;
	struct aot_func f = {.code = CODE, .size = CODE_SIZE};
	struct aot_image *image = NULL;
	struct err err = {0};

	if (size < sizeof(in))
		return NULL;
	memcpy(in, data, sizeof(in));
	data += sizeof(in);
	size -= sizeof(in);
	f.fde = in[0];
	f.lsda = in[1];
	h.eh_frame.size = in[2] < size ? in[2] : size;
	h.lsda.size = size - h.eh_frame.size;
	if (h.eh_frame.size > ROOM || h.lsda.size > ROOM)
		return NULL;
	h.cpu = aot_cpu_native();
	memcpy(h.engine, aot_engine_id(), SHA256_SIZE);
	put(&h, sizeof(h), AOT_HEADER_AT);
	put(&f, sizeof(f), (off_t)h.funcs.at);
	put(data, h.eh_frame.size, (off_t)h.eh_frame.at);
	put(data + h.eh_frame.size, h.lsda.size, (off_t)h.lsda.at);
	if (aot_image_open(file, AOT_CHECK_HEADER, &image, &err) < 0)
		abort();
	return image;
}

static void walk(const struct aot_image *image, uint32_t at, bool exact)
{
	const struct aot_func *f = image->func;
	uintptr_t code = (uintptr_t)image->text + f->code;
	struct aot_regs regs = {.pc = code + at, .sp = (uintptr_t)stack + 1024};

	for (size_t i = 0; i < 32; i++)
		regs.reg[i] = regs.sp + i * sizeof(uintptr_t);
	for (int i = 0; i < 32; i++) {
		struct aot_regs pad = regs;

		if (!exact && aot_landing_pad(&pad) &&
		    (pad.pc <= code || pad.pc >= code + f->size))
			abort();
		if (!aot_unwind(&regs, exact))
			return;
		if (regs.sp < (uintptr_t)stack + 1024)
			abort();
		exact = false;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aot_image *image;
	uintptr_t pc;

	if (!stack)
		prepare();
	image = make(data, size);
	if (!image)
		return 0;
	pc = (uintptr_t)image->text + CODE + 17;
	for (size_t i = 0; i < STACK_FULL; i += sizeof(pc))
		memcpy(stack + i, &pc, sizeof(pc));
	for (uint32_t at = 0; at < CODE_SIZE; at += 7) {
		walk(image, at, true);
		walk(image, at + 1, false);
	}
	aot_image_close(image);
	return 0;
}
