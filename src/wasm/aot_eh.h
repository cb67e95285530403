/* wasm/aot_eh.h
 * Records of .eh_frame, read without trust: LSB core 5.0, 10.6; DWARF 4,
 * 6.4.1.  Used by the unwinder, and by the linker, which notes where each
 * function's record is.  Nothing allocates. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that end: reading past them gives 0 and sets `bad`. */
struct aot_bytes {
	const uint8_t *p, *end;
	bool bad;
};

uint64_t aot_take(struct aot_bytes *b, size_t n); /* at most 8, little-endian */
uint64_t aot_take_uleb(struct aot_bytes *b);
int64_t aot_take_sleb(struct aot_bytes *b);

/* DW_EH_PE_*, those that LLVM writes. */
enum {
	EH_ULEB = 0x01,
	EH_UDATA4 = 0x03,
	EH_SDATA4 = 0x0b,
	EH_SDATA8 = 0x0c,
	EH_PCREL = 0x10,
	EH_OMIT = 0xff,
};

/* A function's record (FDE) with what its CIE says. */
struct aot_fde {
	struct aot_bytes init, rows; /* instructions: of the CIE, its own */
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra; /* the register of the return address */
	bool signal_frame;
	/* Offsets in the table of what the pointers lead to, which may be
	 * outside of it; `has_lsda` if there is a pointer to an LSDA. */
	int64_t code, lsda;
	bool has_lsda;
};

enum aot_eh { AOT_EH_END, AOT_EH_CIE, AOT_EH_FDE, AOT_EH_BAD };

/* The record at `at`, and where the next one is. */
enum aot_eh aot_eh_read(const uint8_t *table, size_t len, size_t at,
			struct aot_fde *ret, size_t *ret_next);
