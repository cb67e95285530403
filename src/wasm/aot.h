/* wasm/aot.h
 * Images: modules that hull-wasmc has compiled, as files.
 *
 * An image is an ELF shared object, so that objdump, perf and gdb can read
 * it, with a header of ours at a fixed place, so that we need not.  It holds
 * the module's bytes as well: whoever has the image needs nothing else, and
 * can fall back to the interpreter.  Everything in it is relative to itself.
 *
 *	0        ELF header, program headers
 *	4096     struct aot_header
 *	         module      the bytes of the module
 *	         entries     u32 per defined function, u32 per type: offsets
 *	                     in text of its code, of its `enter` thunk
 *	         funcs       struct aot_func, sorted by code
 *	         lines       struct aot_line, sorted by code
 *	         eh_frame, lsda
 *	         memory      what memory 0 begins with, if that is worth it
 *	         text        code, and behind it what it reads (rodata)
 *	         symbols     .symtab, .strtab, section headers: for people
 *
 * Each part begins on a page, `text` and `memory` on one of the largest size
 * that the architecture has (aot_cpu_page()).  No function is at 0 in text,
 * so that 0 can mean "none".
 *
 * The code is what a trusted compiler made of a valid module: an image is
 * code like any program's, so it must come from someone whose programs one
 * would run, and be whole (aot_image_open()). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

struct err;

enum { AOT_HEADER_AT = 4096, AOT_PAGE = 4096 };

/* Counts up with every change of the header, of a helper (aot.def), of the
 * layout of what is marked [aot] in instance.h, or of generated code. */
enum { AOT_VERSION = 1 };

/* What the code needs of the processor: each level includes those before it
 * of its architecture. */
enum aot_cpu {
	AOT_X86_64_V2 = 1, /* SSE4.2, POPCNT */
	AOT_X86_64_V3,     /* AVX2, BMI2, FMA, LZCNT, MOVBE */
	AOT_X86_64_V4,     /* AVX-512 F BW CD DQ VL */
	AOT_ARM64_V8 = 16, /* Armv8.0-A */
	AOT_ARM64_V8_1,    /* LSE */
};

/* The best that this processor has, and the name of one, "x86-64-v3"; of the
 * baseline of an architecture; NULL and 0 for what is unknown. */
enum aot_cpu aot_cpu_native(void);
const char *aot_cpu_name(enum aot_cpu cpu);
int aot_cpu_find(const char *name);
/* Can this processor run it? */
bool aot_cpu_runs(enum aot_cpu cpu);
/* The largest page of its architecture. */
size_t aot_cpu_page(enum aot_cpu cpu);

enum aot_flags {
	AOT_STRICT = 1, /* every load that may trap is kept */
	AOT_FUEL = 2,   /* counts fuel */
};

/* What llvm.ubsantrap says beside enum wasm_trap: that the trap is in
 * exec.pending. */
enum { AOT_TRAP_PENDING = 255 };

struct aot_part {
	uint64_t at, size; /* in the file, bytes */
};

struct aot_header {
	char magic[8]; /* "hull-aot" */
	/* `n_funcs` with imports. */
	uint32_t version, cpu, flags, n_funcs, n_types, n_lines, n_imported;
	uint32_t memory_pages; /* of AOT_PAGE in `memory`, 0: there is none */
	uint64_t file_size;
	uint8_t module_sha256[SHA256_SIZE];
	struct aot_part module, entries, funcs, lines, eh_frame, lsda, memory,
		text;
	uint8_t engine[SHA256_SIZE]; /* aot_engine_id(): layouts and helpers */
	uint8_t sha256[SHA256_SIZE]; /* of the file with this field zero */
};

struct aot_func {
	uint32_t code, size; /* in text */
	uint32_t func;       /* its index, or UINT32_MAX for a thunk */
	uint32_t fde;        /* in eh_frame, UINT32_MAX if there is none */
	uint32_t lsda;       /* in lsda, UINT32_MAX if there is none */
};

/* From `code` on, the instruction at this offset of the module. */
struct aot_line {
	uint32_t code, offset;
};

/* A mapped image. */
struct aot_image {
	const struct aot_header *h;
	const uint8_t *map; /* of the whole file */
	const uint8_t *module;
	const uint8_t *text;
	const uint32_t *func_entry; /* of defined functions */
	const uint32_t *type_entry; /* `enter` thunks, 0 if there is none */
	const struct aot_func *func;
	const struct aot_line *line;
	size_t map_len;      /* without the symbols */
	uint32_t n_func;     /* entries of `func`: thunks are among them */
	bool memory_is_gone; /* to the first instance */
};

enum aot_check {
	AOT_CHECK_HEADER, /* the caller vouches for owner and contents */
	AOT_CHECK_ALL,    /* compare the checksum of all of it */
};

/* Map an image.  Before anything becomes executable: magic, version, engine,
 * processor, sizes, that every part lies in the file, and with AOT_CHECK_ALL
 * that the file belongs to root or to us, that nobody else may write to it,
 * and the checksum.  -ENOEXEC: no image, or damaged; -ESTALE: of another
 * engine or processor; -EPERM: not trusted.  `fd` stays the caller's. */
int aot_image_open(int fd, enum aot_check check, struct aot_image **ret,
		   struct err *err);
/* Accepts NULL. */
void aot_image_close(struct aot_image *image);
/* Does the file begin as an image does? */
bool aot_image_probe(int fd);

/* The image that has this address in its code, or NULL.  May be called from
 * a signal handler. */
const struct aot_image *aot_image_at(uintptr_t pc);
/* Which function is there, NULL if none; and which instruction of the module,
 * 0 if unknown. */
const struct aot_func *aot_image_func(const struct aot_image *image,
				      uintptr_t pc);
uint32_t aot_image_line(const struct aot_image *image, uintptr_t pc);

/* SHA-256 over everything that code and engine must agree on. */
const uint8_t *aot_engine_id(void);

/* --- walking the stack ---------------------------------------------------
 *
 * A frame's callers are found only if no function takes arguments on the
 * stack: a tail call to one that takes more of them than its caller moves the
 * return address down (LLVM's tailcc), and no table says by how much.  What
 * registers cannot hold goes through memory of the instance. */

/* Registers of a frame, by DWARF's numbers (x86-64: 0..16 with the return
 * address as 16; arm64: x0..x30, sp = 31, d8..d15 at 64 + 8 .. 64 + 15). */
struct aot_regs {
	uintptr_t pc, sp;
	uintptr_t reg[32];
	uint64_t fp[8]; /* arm64: d8..d15 */
};

/* To the caller's frame.  `exact`: pc is the instruction itself, as after a
 * fault, and not a return address.  false at the end: pc is in no image, or
 * its unwind table makes no sense. */
bool aot_unwind(struct aot_regs *regs, bool exact);
/* Is an exception that passes this call caught in this frame?  Then `pc` and
 * `sp` are set to where, for aot_resume(). */
bool aot_landing_pad(struct aot_regs *regs);
/* Go on there, with these registers.  (aot_asm.S) */
void aot_resume(const struct aot_regs *regs) __attribute__((noreturn));
/* Called by code to throw: collects the caller's registers, and calls
 * aot_throw_from(regs, inst).  (aot_asm.S) */
struct wasm_instance;
void aot_throw(struct wasm_instance *inst);
void aot_throw_from(struct aot_regs *regs, struct wasm_instance *inst)
	__attribute__((noreturn));
