/* An image is an ELF shared object as well, for objdump, perf and gdb: with a
 * segment for what is mapped, sections for the parts, and a symbol for each
 * function.  Addresses are offsets in the file.  Nothing of this is read by
 * hull. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "wasmc/link_internal.h"

struct part_section {
	const char *name;
	uint64_t at, size;
	uint32_t type;
	uint64_t flags;
};

enum {
	N_PART_SECTIONS = 10,
	SECTION_TEXT = 1, /* after section 0 */
	SECTION_SYMTAB = 1 + N_PART_SECTIONS,
	SECTION_STRTAB,
	SECTION_SHSTRTAB,
	N_SECTIONS,
	N_SEGMENTS = 4,
};

static void list_parts(const struct linking *l,
		       struct part_section ret[N_PART_SECTIONS])
{
	const struct aot_header *h = &l->h;
	uint64_t code = l->size[PART_TEXT];
	uint64_t ro = l->base[PART_RODATA];
	const struct part_section parts[N_PART_SECTIONS] = {
		{".text", h->text.at, code, SHT_PROGBITS,
		 SHF_ALLOC | SHF_EXECINSTR},
		{".rodata", ro, l->size[PART_RODATA], SHT_PROGBITS, SHF_ALLOC},
		{".eh_frame", h->eh_frame.at, h->eh_frame.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".eh_frame_hdr", l->frame_index.at, l->frame_index.size,
		 SHT_PROGBITS, SHF_ALLOC},
		{".gcc_except_table", h->lsda.at, h->lsda.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".hull.module", h->module.at, h->module.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".hull.entries", h->entries.at, h->entries.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".hull.funcs", h->funcs.at, h->funcs.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".hull.lines", h->lines.at, h->lines.size, SHT_PROGBITS,
		 SHF_ALLOC},
		{".hull.memory", h->memory.at, h->memory.size, SHT_PROGBITS,
		 SHF_ALLOC},
	};

	memcpy(ret, parts, sizeof(parts));
}

/* LSB core 5.0, 10.6.2: a header, then two words for each function, relative
 * to the header. */
enum { INDEX_HEADER = 12, INDEX_ENTRY = 8 };

static size_t count_frames(const struct linking *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_funcs; i++)
		n += l->funcs[i].f.fde != UINT32_MAX;
	return n;
}

/* What a table of all functions would take: which have a frame is known only
 * once .eh_frame is relocated. */
uint64_t link_frame_index_size(const struct linking *l)
{
	return INDEX_HEADER + l->n_funcs * INDEX_ENTRY;
}

static void put32(uint8_t *p, uint64_t v)
{
	uint32_t word = (uint32_t)v;

	memcpy(p, &word, sizeof(word));
}

void link_frame_index(const struct linking *l)
{
	/* Version; the pointer is relative to its place, the count is not,
	 * entries are to the header: 4 bytes each. */
	static const uint8_t first[] = {1, 0x1b, 0x03, 0x3b};
	uint64_t at = l->frame_index.at;
	uint8_t *p = l->out + at;

	memcpy(p, first, sizeof(first));
	put32(p + 4, l->h.eh_frame.at - (at + 4));
	put32(p + 8, count_frames(l));
	p += INDEX_HEADER;
	for (size_t i = 0; i < l->n_funcs; i++) {
		const struct aot_func *f = &l->funcs[i].f;

		if (f->fde == UINT32_MAX)
			continue;
		put32(p, l->h.text.at + f->code - at);
		put32(p + 4, l->h.eh_frame.at + f->fde - at);
		p += INDEX_ENTRY;
	}
}

/* Names are a stranger's: what would break a line or a column of a tool's
 * output becomes `_`. */
static void add_name(struct buf *b, const char *name)
{
	for (const char *c = name; *c; c++)
		buf_addc(b, *c > ' ' && *c != 0x7f ? *c : '_');
	buf_addc(b, '\0');
}

static const char *func_name(const struct linking *l, const struct link_func *f,
			     char *buf)
{
	const char *name = NULL;

	/* Only the function itself has its name: not, say, "f7.cold". */
	if (l->job->func_name && f->f.func != UINT32_MAX &&
	    !strchr(f->name, '.'))
		name = l->job->func_name(l->job->ctx, f->f.func, buf);
	return name && *name ? name : f->name;
}

static void write_symbols(const struct linking *l, struct buf *syms,
			  struct buf *names)
{
	Elf64_Sym none = {0};
	char name[256];

	buf_add(syms, &none, sizeof(none));
	buf_addc(names, '\0');
	for (size_t i = 0; i < l->n_funcs; i++) {
		const struct link_func *f = &l->funcs[i];
		Elf64_Sym sym = {
			.st_name = (uint32_t)names->len,
			.st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
			.st_shndx = SECTION_TEXT,
			.st_value = l->h.text.at + f->f.code,
			.st_size = f->f.size,
		};

		buf_add(syms, &sym, sizeof(sym));
		add_name(names, func_name(l, f, name));
	}
}

static Elf64_Ehdr elf_header(const struct linking *l, uint64_t sections_at)
{
	return (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = l->machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = sections_at,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = N_SEGMENTS,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = N_SECTIONS,
		.e_shstrndx = SECTION_SHSTRTAB,
	};
}

static Elf64_Phdr segment(uint32_t type, uint32_t flags, uint64_t at,
			  uint64_t size, uint64_t align)
{
	return (Elf64_Phdr){
		.p_type = type,
		.p_flags = flags,
		.p_offset = at,
		.p_vaddr = at,
		.p_paddr = at,
		.p_filesz = size,
		.p_memsz = size,
		.p_align = align,
	};
}

static void write_headers(const struct linking *l, uint8_t *out,
			  uint64_t sections_at)
{
	uint64_t page = aot_cpu_page((enum aot_cpu)l->h.cpu);
	const Elf64_Ehdr e = elf_header(l, sections_at);
	const Elf64_Phdr p[N_SEGMENTS] = {
		segment(PT_LOAD, PF_R, 0, l->h.text.at, page),
		segment(PT_LOAD, PF_R | PF_X, l->h.text.at, l->h.text.size,
			page),
		segment(PT_GNU_EH_FRAME, PF_R, l->frame_index.at,
			l->frame_index.size, 4),
		segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 16),
	};

	memcpy(out, &e, sizeof(e));
	memcpy(out + sizeof(e), p, sizeof(p));
}

/* Section headers, their names, symbols, their names: at these places behind
 * the text. */
struct tail {
	struct buf syms, names, section_names;
	Elf64_Shdr sections[N_SECTIONS];
	uint64_t size;
};

static void tail_free(struct tail *t)
{
	buf_free(&t->syms);
	buf_free(&t->names);
	buf_free(&t->section_names);
}

static void tail_section(struct tail *t, unsigned int i, const char *name,
			 Elf64_Shdr h)
{
	h.sh_name = (uint32_t)t->section_names.len;
	add_name(&t->section_names, name);
	t->sections[i] = h;
}

static void tail_make(const struct linking *l, struct tail *t, uint64_t at)
{
	struct part_section parts[N_PART_SECTIONS];
	Elf64_Shdr *s = t->sections;

	write_symbols(l, &t->syms, &t->names);
	list_parts(l, parts);
	buf_addc(&t->section_names, '\0');
	for (unsigned int i = 0; i < N_PART_SECTIONS; i++)
		tail_section(t, 1 + i, parts[i].name,
			     (Elf64_Shdr){.sh_type = parts[i].type,
					  .sh_flags = parts[i].flags,
					  .sh_addr = parts[i].at,
					  .sh_offset = parts[i].at,
					  .sh_size = parts[i].size,
					  .sh_addralign = 16});
	tail_section(t, SECTION_SYMTAB, ".symtab",
		     (Elf64_Shdr){.sh_type = SHT_SYMTAB,
				  .sh_offset = at + sizeof(t->sections),
				  .sh_size = t->syms.len,
				  .sh_link = SECTION_STRTAB,
				  .sh_info = (uint32_t)(t->syms.len /
							sizeof(Elf64_Sym)),
				  .sh_addralign = 8,
				  .sh_entsize = sizeof(Elf64_Sym)});
	tail_section(t, SECTION_STRTAB, ".strtab",
		     (Elf64_Shdr){.sh_type = SHT_STRTAB,
				  .sh_offset = s[SECTION_SYMTAB].sh_offset +
					       t->syms.len,
				  .sh_size = t->names.len,
				  .sh_addralign = 1});
	tail_section(t, SECTION_SHSTRTAB, ".shstrtab",
		     (Elf64_Shdr){.sh_type = SHT_STRTAB,
				  .sh_offset = s[SECTION_STRTAB].sh_offset +
					       t->names.len,
				  .sh_addralign = 1});
	s[SECTION_SHSTRTAB].sh_size = t->section_names.len;
	t->size = s[SECTION_SHSTRTAB].sh_offset + t->section_names.len - at;
}

uint64_t link_elf_size(struct linking *l)
{
	_cleanup_(tail_free) struct tail t = {0};

	tail_make(l, &t, 0);
	return t.size;
}

void link_elf_write(struct linking *l, uint64_t at)
{
	_cleanup_(tail_free) struct tail t = {0};
	const Elf64_Shdr *s = t.sections;

	tail_make(l, &t, at);
	write_headers(l, l->out, at);
	memcpy(l->out + at, s, sizeof(t.sections));
	memcpy(l->out + s[SECTION_SYMTAB].sh_offset, t.syms.data, t.syms.len);
	memcpy(l->out + s[SECTION_STRTAB].sh_offset, t.names.data, t.names.len);
	memcpy(l->out + s[SECTION_SHSTRTAB].sh_offset, t.section_names.data,
	       t.section_names.len);
}
