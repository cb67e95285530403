/* wasmc/link.h
 * From objects to an image (wasm/aot.h): sections are put side by side,
 * relocations resolved, tables made.  Private to hull-wasmc.
 *
 * Objects are relocatable ELF, position independent, for x86-64 or arm64, and
 * refer to nothing outside of themselves and each other.  They define
 *	f<N>		function N of the module (imports counted)
 *	enter<N>	the thunk by which the engine enters functions of type N
 * and have .text*, .rodata*, .eh_frame, .gcc_except_table, and a .debug_line
 * of DWARF 4 in which a line is an offset in the module. */
#pragma once

#include "wasm/aot.h"

struct link_object {
	const uint8_t *bytes;
	size_t len;
};

struct link_job {
	const uint8_t *module;
	size_t module_len;
	const struct link_object *objects;
	size_t n_objects;
	uint32_t n_funcs; /* with imports */
	uint32_t n_imported, n_types;
	enum aot_cpu cpu;
	uint32_t flags; /* enum aot_flags */
	/* What memory 0 begins with, or NULL; whole pages of the system. */
	const uint8_t *memory;
	size_t memory_len;
	/* For the symbol table; may be NULL.  `buf` of 256 bytes. */
	const char *(*func_name)(void *ctx, uint32_t func, char *buf);
	void *ctx;
};

/* Write it to `fd`, an empty file.  -EINVAL with a sentence for an object
 * that breaks the rules above, -EFBIG for more than 2 GiB of code. */
int link_image(const struct link_job *job, int fd, struct err *err);
