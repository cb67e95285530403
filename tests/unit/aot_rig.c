#include "aot_rig.h"

#include <elf.h>
#include <string.h>

static const uint8_t module[] = {0, 'a', 's', 'm', 1, 0, 0, 0};

#if defined(__aarch64__)
static const uint8_t answer[] = {0x40, 0x05, 0x80, 0x52,  /* mov w0, #42 */
				 0xc0, 0x03, 0x5f, 0xd6}; /* ret */
enum {
	MACHINE = EM_AARCH64,
	RELATIVE = R_AARCH64_PREL32,
	RETURN_REG = 30,
	STACK_REG = 31,
	STACK_OFFSET = 0,
};
#else
static const uint8_t answer[] = {0xb8, 42,   0,   0, 0, /* mov $42, %eax */
				 0xc3, 0xcc, 0xcc};     /* ret */
enum {
	MACHINE = EM_X86_64,
	RELATIVE = R_X86_64_PC32,
	RETURN_REG = 16,
	STACK_REG = 7,
	STACK_OFFSET = 8,
};
#endif

enum {
	TEXT = 1,
	EH_FRAME,
	RELA,
	SYMTAB,
	STRTAB,
	SHSTRTAB,
	N_SECTIONS,
};

static const struct {
	const char *name;
	Elf64_Shdr h;
} sections[N_SECTIONS] = {
	[0] = {"", {0}},
	[TEXT] = {".text",
		  {.sh_type = SHT_PROGBITS,
		   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		   .sh_addralign = 16}},
	[EH_FRAME] = {".eh_frame",
		      {.sh_type = SHT_PROGBITS,
		       .sh_flags = SHF_ALLOC,
		       .sh_addralign = 8}},
	[RELA] = {".rela.eh_frame",
		  {.sh_type = SHT_RELA,
		   .sh_link = SYMTAB,
		   .sh_info = EH_FRAME,
		   .sh_entsize = sizeof(Elf64_Rela)}},
	[SYMTAB] = {".symtab",
		    {.sh_type = SHT_SYMTAB,
		     .sh_link = STRTAB,
		     .sh_info = 2,
		     .sh_entsize = sizeof(Elf64_Sym)}},
	[STRTAB] = {".strtab", {.sh_type = SHT_STRTAB}},
	[SHSTRTAB] = {".shstrtab", {.sh_type = SHT_STRTAB}},
};

static void add32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof(v));
}

/* The CIE: at the first instruction the return address is where the call left
 * it. */
static void add_cie(struct buf *b)
{
	const uint8_t rest[16] = {
		1,
		'z',
		'R',
		0,
		1,
		0x78,
		RETURN_REG,
		1,
		0x1b,
		0x0c,
		STACK_REG,
		STACK_OFFSET,
		STACK_OFFSET ? 0x80 | RETURN_REG : 0,
		STACK_OFFSET ? 1 : 0,
	};

	add32(b, 4 + sizeof(rest));
	add32(b, 0);
	buf_add(b, rest, sizeof(rest));
}

static void add_func(struct buf part[N_SECTIONS], uint32_t i)
{
	Elf64_Sym sym = {
		.st_name = (uint32_t)part[STRTAB].len,
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = TEXT,
		.st_value = part[TEXT].len,
		.st_size = sizeof(answer),
	};
	Elf64_Rela rela = {
		.r_offset = part[EH_FRAME].len + 8,
		.r_info = ELF64_R_INFO(1, RELATIVE),
		.r_addend = (int64_t)part[TEXT].len,
	};

	buf_printf(&part[STRTAB], "f%u", i);
	buf_addc(&part[STRTAB], '\0');
	buf_add(&part[SYMTAB], &sym, sizeof(sym));
	buf_add(&part[RELA], &rela, sizeof(rela));
	add32(&part[EH_FRAME], 16);
	add32(&part[EH_FRAME], (uint32_t)part[EH_FRAME].len);
	add32(&part[EH_FRAME], 0); /* the relocation's */
	add32(&part[EH_FRAME], sizeof(answer));
	add32(&part[EH_FRAME], 0); /* no augmentation; nothing changes */
	buf_add(&part[TEXT], answer, sizeof(answer));
}

static void join(struct buf *ret, struct buf part[N_SECTIONS])
{
	Elf64_Ehdr e = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			    ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_REL,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_shoff = sizeof(e),
		.e_ehsize = sizeof(e),
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = N_SECTIONS,
		.e_shstrndx = SHSTRTAB,
	};
	uint64_t at = sizeof(e) + N_SECTIONS * sizeof(Elf64_Shdr);
	uint32_t names[N_SECTIONS];

	for (int i = 0; i < N_SECTIONS; i++) {
		names[i] = (uint32_t)part[SHSTRTAB].len;
		buf_adds(&part[SHSTRTAB], sections[i].name);
		buf_addc(&part[SHSTRTAB], '\0');
	}
	buf_add(ret, &e, sizeof(e));
	for (int i = 0; i < N_SECTIONS; i++) {
		Elf64_Shdr h = sections[i].h;

		h.sh_name = names[i];
		h.sh_offset = at;
		h.sh_size = part[i].len;
		at += part[i].len;
		buf_add(ret, &h, sizeof(h));
	}
	for (int i = 0; i < N_SECTIONS; i++)
		buf_add(ret, part[i].data, part[i].len);
}

void rig_object(struct buf *ret, uint32_t n_funcs)
{
	struct buf part[N_SECTIONS] = {0};
	Elf64_Sym syms[] = {
		{0},
		{.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
		 .st_shndx = TEXT},
	};

	buf_add(&part[SYMTAB], syms, sizeof(syms));
	buf_addc(&part[STRTAB], '\0');
	add_cie(&part[EH_FRAME]);
	for (uint32_t i = 0; i < n_funcs; i++)
		add_func(part, i);
	join(ret, part);
	for (int i = 0; i < N_SECTIONS; i++)
		buf_free(&part[i]);
}

struct link_job rig_job(const struct link_object *object, uint32_t n_funcs)
{
	return (struct link_job){
		.module = module,
		.module_len = sizeof(module),
		.objects = object,
		.n_objects = 1,
		.n_funcs = n_funcs,
		.cpu = MACHINE == EM_AARCH64 ? AOT_ARM64_V8 : AOT_X86_64_V2,
	};
}
