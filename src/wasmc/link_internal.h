/* wasmc/link_internal.h
 * What the parts of the linker share.
 *
 *	link_elf.c    objects: sections, symbols, what is where
 *	link_reloc.c  relocations
 *	link_lines.c  .debug_line
 *	link_out.c    the image as an ELF file
 *	link.c        the order of it all
 *
 * Every section that the image keeps is at `at` in one of the parts; until
 * the parts have their places, addresses are (part, offset). */
#pragma once

#include <elf.h>

#include "base/err.h"
#include "wasmc/link.h"

enum link_part {
	PART_NONE, /* not kept */
	PART_TEXT,
	PART_RODATA, /* behind the code, in the same part of the file */
	PART_EH_FRAME,
	PART_LSDA,
	PART_LINE, /* read, not kept */
	N_PARTS
};

struct link_section {
	Elf64_Shdr h; /* its bytes are in the object */
	const char *name;
	enum link_part part;
	uint64_t at;
};

struct link_obj {
	const uint8_t *bytes;
	size_t len;
	unsigned int number; /* for messages, from 1 */
	struct link_section *sections;
	uint32_t n_sections;
	const uint8_t *symtab; /* of Elf64_Sym, unaligned */
	uint32_t n_syms;
	const char *strtab; /* ends in NUL */
	size_t strtab_len;
};

/* A function or thunk of an image, while it is made. */
struct link_func {
	struct aot_func f;
	const char *name;
};

/* A global symbol by name. */
struct link_global {
	const char *name;
	enum link_part part;
	uint64_t off;
};

struct linking {
	const struct link_job *job;
	struct err *err;
	uint16_t machine; /* EM_* */
	struct link_obj *objs;
	uint64_t size[N_PARTS];
	struct link_global *globals; /* hashed, empty: no name */
	size_t globals_cap, n_globals;
	struct link_func *funcs; /* by code */
	size_t n_funcs, funcs_cap;
	uint32_t *entries;
	struct aot_line *lines; /* by code */
	size_t n_lines, lines_cap;

	/* Once the parts have their places: */
	struct aot_header h;
	struct aot_part frame_index; /* .eh_frame_hdr: for perf */
	uint8_t *out;
	uint64_t base[N_PARTS]; /* in the file; addresses are the same */
};

static inline uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) / to * to;
}

/* The value of a symbol: where it is.  `part` is PART_NONE for one that needs
 * no place: what only the C++ runtime would look at. */
struct link_target {
	enum link_part part;
	uint64_t off;
	const char *name; /* "" of a section */
};

/* Check an object's headers and give its sections a place. */
int link_obj_read(struct linking *l, struct link_obj *o);
/* Collect its functions and other global symbols. */
int link_obj_symbols(struct linking *l, struct link_obj *o);
int link_obj_target(struct linking *l, const struct link_obj *o, uint32_t sym,
		    struct link_target *ret);
static inline const uint8_t *link_section_bytes(const struct link_obj *o,
						const struct link_section *s)
{
	return o->bytes + s->h.sh_offset;
}

/* Resolve all that point from what the image keeps. */
int link_relocate(struct linking *l, const struct link_obj *o);
/* Add the rows of an object's line table. */
int link_lines(struct linking *l, const struct link_obj *o);
/* Note in l->funcs where the unwind tables of each are. */
int link_frames(struct linking *l);
/* .eh_frame_hdr, a sorted index of .eh_frame. */
uint64_t link_frame_index_size(const struct linking *l);
void link_frame_index(const struct linking *l);
/* ELF's headers, sections and symbols: `symbols_at` is where the last go. */
uint64_t link_elf_size(struct linking *l);
void link_elf_write(struct linking *l, uint64_t symbols_at);
