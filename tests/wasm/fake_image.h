/* tests/wasm/fake_image.h: the smallest image that the loader takes, of any
 * module; its code is one page of nothing.  For tests of who keeps, checks and
 * hands on images, not of what is in them. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wasm/aot.h"

static inline uint64_t fake_round(uint64_t n, uint64_t page)
{
	return (n + page - 1) / page * page;
}

/* 0, or -1 when it cannot be written. */
static inline int fake_image(int fd, const uint8_t *module, size_t len,
			     uint32_t cpu, uint32_t flags)
{
	uint64_t page = aot_cpu_page((enum aot_cpu)cpu);
	uint64_t at = AOT_HEADER_AT + AOT_PAGE;
	uint64_t text = fake_round(at + len, page), size = text + page;
	uint8_t *file = calloc(1, size);
	struct aot_header h = {
		.magic = {'h', 'u', 'l', 'l', '-', 'a', 'o', 't'},
		.version = AOT_VERSION,
		.cpu = cpu,
		.flags = flags,
		.file_size = size,
		.module = {at, len},
		.text = {text, page},
	};
	struct aot_part *empty[] = {&h.entries,  &h.funcs, &h.lines,
				    &h.eh_frame, &h.lsda,  &h.memory};
	int ok;

	if (!file)
		return -1;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		empty[i]->at = text;
	sha256(module, len, h.module_sha256);
	memcpy(h.engine, aot_engine_id(), SHA256_SIZE);
	memcpy(file + AOT_HEADER_AT, &h, sizeof(h));
	if (len)
		memcpy(file + at, module, len);
	sha256(file, size, h.sha256);
	memcpy(file + AOT_HEADER_AT, &h, sizeof(h));
	ok = write(fd, file, size) == (ssize_t)size;
	free(file);
	return ok ? 0 : -1;
}
