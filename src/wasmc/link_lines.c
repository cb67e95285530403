/* The line number program of DWARF 4 (section 6.2).  A line is an offset in
 * the module; files, columns and statements do not matter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "wasm/aot_eh.h"
#include "wasmc/link_internal.h"

enum {
	LNS_COPY = 1,
	LNS_ADVANCE_PC,
	LNS_ADVANCE_LINE,
	LNS_SET_FILE,
	LNS_SET_COLUMN,
	LNS_NEGATE_STMT,
	LNS_SET_BASIC_BLOCK,
	LNS_CONST_ADD_PC,
	LNS_FIXED_ADVANCE_PC,
	LNE_END_SEQUENCE = 1,
	LNE_SET_ADDRESS = 2,
};

struct program {
	struct linking *l;
	const struct link_obj *o;
	const struct link_section *s;
	const Elf64_Shdr *rela; /* of .debug_line, NULL if there is none */
	uint64_t rela_next;     /* relocations come in the order of places */
	struct aot_bytes in;
	uint8_t min_len, line_range, opcode_base;
	int8_t line_base;
	uint8_t operands[256]; /* of standard opcodes */
	/* Registers. */
	uint64_t addr; /* in text */
	bool placed;   /* addr is in text */
	uint32_t line;
};

static void add_row(struct program *p)
{
	struct linking *l = p->l;

	if (!p->placed || p->addr >= l->size[PART_TEXT])
		return;
	if (l->n_lines == l->lines_cap) {
		l->lines_cap = l->lines_cap ? l->lines_cap * 2 : 4096;
		l->lines = xrealloc(l->lines, l->lines_cap, sizeof(*l->lines));
	}
	l->lines[l->n_lines++] = (struct aot_line){(uint32_t)p->addr, p->line};
}

static void reset(struct program *p)
{
	p->addr = 0;
	p->placed = false;
	p->line = 1;
}

/* An address is what its relocation says; only it has one. */
static int set_address(struct program *p)
{
	uint64_t at = (uint64_t)(p->in.p - link_section_bytes(p->o, p->s));
	struct link_target to;
	Elf64_Rela r;
	int rc;

	aot_take(&p->in, 8);
	for (; p->rela && p->rela_next + sizeof(r) <= p->rela->sh_size;
	     p->rela_next += sizeof(r)) {
		memcpy(&r, p->o->bytes + p->rela->sh_offset + p->rela_next,
		       sizeof(r));
		if (r.r_offset >= at)
			break;
	}
	if (!p->rela || p->rela_next + sizeof(r) > p->rela->sh_size ||
	    r.r_offset != at)
		return err_say(p->l->err, -EINVAL,
			       "object %u: an address in .debug_line has no "
			       "relocation",
			       p->o->number);
	rc = link_obj_target(p->l, p->o, ELF64_R_SYM(r.r_info), &to);
	if (rc)
		return rc;
	p->addr = to.off + (uint64_t)r.r_addend;
	p->placed = to.part == PART_TEXT;
	return 0;
}

static int extended(struct program *p)
{
	uint64_t len = aot_take_uleb(&p->in);
	const uint8_t *next = p->in.p + len;
	uint8_t op;
	int rc = 0;

	if (len == 0 || len > (uint64_t)(p->in.end - p->in.p)) {
		p->in.bad = true;
		return 0;
	}
	op = (uint8_t)aot_take(&p->in, 1);
	if (op == LNE_END_SEQUENCE)
		reset(p);
	else if (op == LNE_SET_ADDRESS && len == 9)
		rc = set_address(p);
	p->in.p = next;
	return rc;
}

static void special(struct program *p, uint8_t op)
{
	uint8_t v = (uint8_t)(op - p->opcode_base);

	p->addr += (uint64_t)(v / p->line_range) * p->min_len;
	p->line += (uint32_t)(p->line_base + v % p->line_range);
	add_row(p);
}

static int step(struct program *p)
{
	uint8_t op = (uint8_t)aot_take(&p->in, 1);

	if (op >= p->opcode_base) {
		special(p, op);
		return 0;
	}
	switch (op) {
	case 0:
		return extended(p);
	case LNS_COPY:
		add_row(p);
		return 0;
	case LNS_ADVANCE_PC:
		p->addr += aot_take_uleb(&p->in) * p->min_len;
		return 0;
	case LNS_ADVANCE_LINE:
		p->line += (uint32_t)aot_take_sleb(&p->in);
		return 0;
	case LNS_CONST_ADD_PC:
		p->addr += (uint64_t)((255 - p->opcode_base) / p->line_range) *
			   p->min_len;
		return 0;
	case LNS_FIXED_ADVANCE_PC:
		p->addr += aot_take(&p->in, 2);
		return 0;
	default: /* what does not move */
		for (uint8_t i = 0; i < p->operands[op]; i++)
			aot_take_uleb(&p->in);
		return 0;
	}
}

/* The header up to the program, which it then points to. */
static void header(struct program *p, uint16_t *ret_version)
{
	uint64_t len;
	const uint8_t *program;

	*ret_version = (uint16_t)aot_take(&p->in, 2);
	len = aot_take(&p->in, 4);
	if (len > (uint64_t)(p->in.end - p->in.p)) {
		p->in.bad = true;
		return;
	}
	program = p->in.p + len;
	p->min_len = (uint8_t)aot_take(&p->in, 1);
	if (*ret_version >= 4)
		aot_take(&p->in, 1); /* operations per instruction: VLIW */
	aot_take(&p->in, 1);         /* is it a statement */
	p->line_base = (int8_t)aot_take(&p->in, 1);
	p->line_range = (uint8_t)aot_take(&p->in, 1);
	p->opcode_base = (uint8_t)aot_take(&p->in, 1);
	for (unsigned int i = 1; i < p->opcode_base; i++)
		p->operands[i] = (uint8_t)aot_take(&p->in, 1);
	p->in.p = program;
	if (p->line_range == 0 || p->opcode_base == 0)
		p->in.bad = true;
}

static int malformed(const struct program *p)
{
	return err_say(p->l->err, -EINVAL,
		       "object %u: its .debug_line is not of DWARF 4",
		       p->o->number);
}

/* All programs of a section. */
static int section(struct program *p)
{
	const uint8_t *end = link_section_bytes(p->o, p->s) + p->s->h.sh_size;

	p->in.p = link_section_bytes(p->o, p->s);
	while (p->in.p < end) {
		uint16_t version = 0;
		uint64_t len;
		int rc = 0;

		p->in.end = end;
		len = aot_take(&p->in, 4);
		if (p->in.bad || len > (uint64_t)(end - p->in.p))
			return malformed(p);
		p->in.end = p->in.p + len;
		header(p, &version);
		if (p->in.bad || version < 2 || version > 4)
			return malformed(p);
		reset(p);
		while (rc == 0 && !p->in.bad && p->in.p < p->in.end)
			rc = step(p);
		if (rc || p->in.bad)
			return rc ? rc : malformed(p);
	}
	return 0;
}

static const Elf64_Shdr *find_rela(const struct link_obj *o, uint32_t of)
{
	for (uint32_t i = 0; i < o->n_sections; i++) {
		const Elf64_Shdr *h = &o->sections[i].h;

		if (h->sh_type == SHT_RELA && h->sh_info == of)
			return h;
	}
	return NULL;
}

int link_lines(struct linking *l, const struct link_obj *o)
{
	for (uint32_t i = 0; i < o->n_sections; i++) {
		struct program p = {.l = l, .o = o, .s = &o->sections[i]};
		int rc;

		if (p.s->part != PART_LINE)
			continue;
		p.rela = find_rela(o, i);
		rc = section(&p);
		if (rc)
			return rc;
	}
	return 0;
}
