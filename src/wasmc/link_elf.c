#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wasmc/link_internal.h"

/* Whether [at, at + n) is within `len`. */
static bool within(uint64_t at, uint64_t n, uint64_t len)
{
	return at <= len && n <= len - at;
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int bad(struct linking *l, const struct link_obj *o, const char *what)
{
	return err_say(l->err, -EINVAL, "object %u: %s", o->number, what);
}

/* --- sections ------------------------------------------------------------ */

static int read_ehdr(struct linking *l, struct link_obj *o, Elf64_Ehdr *ret)
{
	static const unsigned char ident[] = {ELFMAG0, ELFMAG1,    ELFMAG2,
					      ELFMAG3, ELFCLASS64, ELFDATA2LSB};
	Elf64_Ehdr e;

	if (o->len < sizeof(e))
		return bad(l, o, "too short for an ELF file");
	memcpy(&e, o->bytes, sizeof(e));
	if (memcmp(e.e_ident, ident, sizeof(ident)) != 0 || e.e_type != ET_REL)
		return bad(l, o, "not a relocatable 64-bit ELF file");
	if (e.e_machine != l->machine)
		return err_say(l->err, -EINVAL,
			       "object %u is for machine %u of ELF, not %u",
			       o->number, e.e_machine, l->machine);
	if (e.e_shentsize != sizeof(Elf64_Shdr) ||
	    !within(e.e_shoff, sizeof(Elf64_Shdr), o->len))
		return bad(l, o, "it has no section headers");
	*ret = e;
	return 0;
}

/* Where a name is in a table of strings, NULL if it does not end there. */
static const char *string_at(const char *tab, uint64_t len, uint64_t at)
{
	if (at >= len || !memchr(tab + at, '\0', len - at))
		return NULL;
	return tab + at;
}

static enum link_part place_of(const struct link_section *s)
{
	bool alloc = s->h.sh_flags & SHF_ALLOC;

	if (strcmp(s->name, ".debug_line") == 0 && s->h.sh_type == SHT_PROGBITS)
		return PART_LINE;
	if (!alloc || s->h.sh_size == 0 || s->h.sh_flags & SHF_WRITE ||
	    s->h.sh_type == SHT_NOTE || s->h.sh_type == SHT_NOBITS)
		return PART_NONE;
	if (strcmp(s->name, ".eh_frame") == 0)
		return PART_EH_FRAME;
	if (starts_with(s->name, ".gcc_except_table"))
		return PART_LSDA;
	return s->h.sh_flags & SHF_EXECINSTR ? PART_TEXT : PART_RODATA;
}

/* Only what the C++ runtime would read may be writable data. */
static bool is_writable(const struct link_section *s)
{
	return s->h.sh_flags & SHF_ALLOC && s->h.sh_flags & SHF_WRITE &&
	       s->h.sh_size && !strstr(s->name, "DW.ref.");
}

static int place(struct linking *l, struct link_obj *o, struct link_section *s)
{
	uint64_t align = s->h.sh_addralign;

	if (align > AOT_PAGE || (align & (align - 1)))
		return err_say(l->err, -EINVAL,
			       "object %u: section %s has an alignment of %llu",
			       o->number, s->name, (unsigned long long)align);
	if (is_writable(s))
		return err_say(l->err, -EINVAL,
			       "object %u has writable data (section %s): "
			       "images have none",
			       o->number, s->name);
	s->part = place_of(s);
	switch (s->part) {
	case PART_NONE:
	case PART_LINE:
		return 0;
	case PART_TEXT:
		align = align < 16 ? 16 : align;
		break;
	case PART_EH_FRAME:
		/* A gap would be a record of length 0, which ends the table
		 * for its readers. */
		if (s->h.sh_size % 4)
			return bad(l, o, "its .eh_frame is not of words");
		align = 4;
		break;
	default:
		align = align ? align : 1;
		break;
	}
	s->at = align_up(l->size[s->part], align);
	l->size[s->part] = s->at + s->h.sh_size;
	if (l->size[s->part] > INT32_MAX)
		return err_say(l->err, -EFBIG,
			       "more than 2 GiB of compiled code");
	return 0;
}

static int read_sections(struct linking *l, struct link_obj *o,
			 const Elf64_Ehdr *e)
{
	const uint8_t *table = o->bytes + e->e_shoff;
	uint64_t n = e->e_shnum, names = e->e_shstrndx;
	const struct link_section *str;

	/* 0 if there are more than 16 bits can count. */
	if (n == 0)
		return bad(l, o, "it has too many sections");
	if (n > (o->len - e->e_shoff) / sizeof(Elf64_Shdr) || names >= n)
		return bad(l, o, "its section headers are not in the file");
	o->sections = xcalloc(n, sizeof(*o->sections));
	o->n_sections = (uint32_t)n;
	for (uint32_t i = 0; i < n; i++) {
		struct link_section *s = &o->sections[i];

		memcpy(&s->h, table + i * sizeof(s->h), sizeof(s->h));
		if (i == 0)
			s->h = (Elf64_Shdr){0};
		if (s->h.sh_type != SHT_NOBITS &&
		    !within(s->h.sh_offset, s->h.sh_size, o->len))
			return bad(l, o, "a section is not in the file");
	}
	str = &o->sections[names];
	for (uint32_t i = 0; i < n; i++) {
		struct link_section *s = &o->sections[i];

		s->name = str->h.sh_type == SHT_STRTAB
				  ? string_at((const char *)link_section_bytes(
						      o, str),
					      str->h.sh_size, s->h.sh_name)
				  : NULL;
		if (!s->name)
			return bad(l, o, "a section has no name");
	}
	return 0;
}

static int find_symtab(struct linking *l, struct link_obj *o)
{
	for (uint32_t i = 0; i < o->n_sections; i++) {
		const struct link_section *s = &o->sections[i], *str;

		if (s->h.sh_type != SHT_SYMTAB)
			continue;
		if (o->symtab || s->h.sh_link >= o->n_sections ||
		    s->h.sh_size / sizeof(Elf64_Sym) > UINT32_MAX)
			return bad(l, o, "its symbol table is damaged");
		str = &o->sections[s->h.sh_link];
		if (str->h.sh_type != SHT_STRTAB)
			return bad(l, o, "its symbols have no names");
		o->symtab = link_section_bytes(o, s);
		o->n_syms = (uint32_t)(s->h.sh_size / sizeof(Elf64_Sym));
		o->strtab = (const char *)link_section_bytes(o, str);
		o->strtab_len = str->h.sh_size;
	}
	return o->symtab ? 0 : bad(l, o, "it has no symbols");
}

int link_obj_read(struct linking *l, struct link_obj *o)
{
	Elf64_Ehdr e = {0};
	int rc;

	rc = read_ehdr(l, o, &e);
	if (rc == 0)
		rc = read_sections(l, o, &e);
	if (rc == 0)
		rc = find_symtab(l, o);
	for (uint32_t i = 0; rc == 0 && i < o->n_sections; i++)
		rc = place(l, o, &o->sections[i]);
	return rc;
}

/* --- symbols ------------------------------------------------------------- */

static uint64_t hash_name(const char *name)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3;
	return h ^ h >> 32;
}

/* The place for a name: with it, or empty. */
static struct link_global *global_slot(const struct linking *l,
				       const char *name)
{
	size_t i = hash_name(name) & (l->globals_cap - 1);

	while (l->globals[i].name && strcmp(l->globals[i].name, name) != 0)
		i = (i + 1) & (l->globals_cap - 1);
	return &l->globals[i];
}

static void globals_grow(struct linking *l)
{
	struct link_global *old = l->globals;
	size_t n = l->globals_cap;

	l->globals_cap = n ? n * 2 : 1024;
	l->globals = xcalloc(l->globals_cap, sizeof(*l->globals));
	for (size_t i = 0; i < n; i++) {
		if (old[i].name)
			*global_slot(l, old[i].name) = old[i];
	}
	free(old);
}

static int add_global(struct linking *l, const struct link_obj *o,
		      const struct link_global *g)
{
	struct link_global *slot;

	if (l->n_globals * 2 >= l->globals_cap)
		globals_grow(l);
	slot = global_slot(l, g->name);
	if (slot->name)
		return err_say(l->err, -EINVAL,
			       "object %u defines %s a second time", o->number,
			       g->name);
	*slot = *g;
	l->n_globals++;
	return 0;
}

static const char *read_sym(struct linking *l, const struct link_obj *o,
			    uint32_t i, Elf64_Sym *ret)
{
	const char *name;

	memcpy(ret, o->symtab + i * sizeof(*ret), sizeof(*ret));
	name = string_at(o->strtab, o->strtab_len, ret->st_name);
	if (!name)
		bad(l, o, "a symbol has no name");
	return name;
}

/* N of "<prefix>N", which a suffix of the compiler may follow (".cold"). */
static bool numbered(const char *name, const char *prefix, uint32_t *ret,
		     bool *whole)
{
	size_t n = strlen(prefix);
	unsigned long v;
	char *end;

	if (!starts_with(name, prefix) || name[n] < '0' || name[n] > '9')
		return false;
	errno = 0;
	v = strtoul(name + n, &end, 10);
	if (errno || v >= UINT32_MAX || (*end && *end != '.'))
		return false;
	*ret = (uint32_t)v;
	*whole = !*end;
	return true;
}

/* Note a function's entry, if it is one that the engine calls by number. */
static int add_entry(struct linking *l, struct link_func *f)
{
	uint32_t imported = l->job->n_imported, n = 0;
	uint32_t defined = l->job->n_funcs - imported;
	bool whole;

	if (numbered(f->name, "f", &n, &whole)) {
		if (n < imported || n >= l->job->n_funcs)
			return err_say(l->err, -EINVAL,
				       "%s: the module defines functions %u to "
				       "%u",
				       f->name, imported, l->job->n_funcs);
		f->f.func = n;
		if (whole)
			l->entries[n - imported] = f->f.code;
	} else if (numbered(f->name, "enter", &n, &whole) && whole) {
		if (n >= l->job->n_types)
			return err_say(l->err, -EINVAL,
				       "%s: the module has %u types", f->name,
				       l->job->n_types);
		l->entries[defined + n] = f->f.code;
	}
	return 0;
}

static int add_func(struct linking *l, const struct link_obj *o,
		    const Elf64_Sym *sym, const struct link_section *s,
		    const char *name)
{
	struct link_func f = {
		.f = {.func = UINT32_MAX,
		      .fde = UINT32_MAX,
		      .lsda = UINT32_MAX},
		.name = name,
	};

	if (!within(sym->st_value, sym->st_size, s->h.sh_size))
		return err_say(l->err, -EINVAL,
			       "object %u: %s is larger than its section",
			       o->number, name);
	f.f.code = (uint32_t)(s->at + sym->st_value);
	f.f.size = (uint32_t)sym->st_size;
	if (l->n_funcs == l->funcs_cap) {
		l->funcs_cap = l->funcs_cap ? l->funcs_cap * 2 : 1024;
		l->funcs = xrealloc(l->funcs, l->funcs_cap, sizeof(*l->funcs));
	}
	l->funcs[l->n_funcs] = f;
	return add_entry(l, &l->funcs[l->n_funcs++]);
}

int link_obj_symbols(struct linking *l, struct link_obj *o)
{
	int rc = 0;

	for (uint32_t i = 1; rc == 0 && i < o->n_syms; i++) {
		const struct link_section *s;
		Elf64_Sym sym;
		const char *name = read_sym(l, o, i, &sym);

		if (!name)
			return -EINVAL;
		if (sym.st_shndx == SHN_UNDEF || sym.st_shndx >= o->n_sections)
			continue;
		s = &o->sections[sym.st_shndx];
		if (s->part == PART_TEXT &&
		    ELF64_ST_TYPE(sym.st_info) == STT_FUNC)
			rc = add_func(l, o, &sym, s, name);
		if (rc == 0 && ELF64_ST_BIND(sym.st_info) != STB_LOCAL &&
		    s->part != PART_NONE)
			rc = add_global(
				l, o,
				&(struct link_global){name, s->part,
						      s->at + sym.st_value});
	}
	return rc;
}

/* The personality says which runtime reads the LSDA: ours knows. */
static bool is_personality(const char *name)
{
	return strcmp(name, "__gxx_personality_v0") == 0 ||
	       starts_with(name, "DW.ref.");
}

int link_obj_target(struct linking *l, const struct link_obj *o, uint32_t i,
		    struct link_target *ret)
{
	const struct link_section *s;
	const struct link_global *g;
	Elf64_Sym sym;
	const char *name;

	if (i >= o->n_syms)
		return bad(l, o, "a relocation has no symbol");
	name = read_sym(l, o, i, &sym);
	if (!name)
		return -EINVAL;
	*ret = (struct link_target){.part = PART_NONE, .name = name};
	if (is_personality(name))
		return 0;
	if (sym.st_shndx == SHN_UNDEF) {
		g = l->n_globals ? global_slot(l, name) : NULL;
		if (!g || !g->name)
			return err_say(l->err, -EINVAL,
				       "object %u refers to %s, which no "
				       "object defines",
				       o->number, *name ? name : "symbol 0");
		ret->part = g->part;
		ret->off = g->off;
		return 0;
	}
	if (sym.st_shndx >= o->n_sections)
		return err_say(l->err, -EINVAL,
			       "object %u: symbol %s is in no section",
			       o->number, name);
	s = &o->sections[sym.st_shndx];
	if (s->part == PART_NONE || s->part == PART_LINE)
		return err_say(l->err, -EINVAL,
			       "object %u refers to section %s, which images "
			       "do not have",
			       o->number, s->name);
	ret->part = s->part;
	ret->off = s->at + sym.st_value;
	return 0;
}
