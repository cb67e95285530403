#include <errno.h>
#include <string.h>

#include "wasmc/link_internal.h"

/* A relocation that is being resolved. */
struct fixup {
	uint32_t type;
	uint64_t at;    /* address of the place */
	uint64_t value; /* S + A */
	uint8_t *place;
	size_t room;     /* bytes from the place to the end of its section */
	const char *why; /* why it cannot be done, if not NULL */
};

/* Sources: x86-64 psABI, 4.4.1; AAELF64, 5.7. */

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void put32(struct fixup *x, uint32_t v)
{
	memcpy(x->place, &v, sizeof(v));
}

static bool has_room(struct fixup *x, size_t n)
{
	if (x->room < n)
		x->why = "its place is outside of the section";
	return x->room >= n;
}

/* Does it fit into a field of so many bits? */
static bool fits(struct fixup *x, int64_t v, int bits)
{
	bool ok = v >= -(1ll << (bits - 1)) && v < 1ll << (bits - 1);

	if (!ok)
		x->why = "it is too far away";
	return ok;
}

static void relative32(struct fixup *x)
{
	int64_t v = (int64_t)(x->value - x->at);

	if (has_room(x, 4) && fits(x, v, 32))
		put32(x, (uint32_t)v);
}

static void relative64(struct fixup *x)
{
	uint64_t v = x->value - x->at;

	if (has_room(x, 8))
		memcpy(x->place, &v, sizeof(v));
}

static void relocate_x86_64(struct fixup *x)
{
	switch (x->type) {
	case R_X86_64_NONE:
		return;
	case R_X86_64_PC32:
	case R_X86_64_PLT32: /* there is no PLT: all is in one piece */
		relative32(x);
		return;
	case R_X86_64_PC64:
		relative64(x);
		return;
	case R_X86_64_GOTPCREL:
	case R_X86_64_GOTPCRELX:
	case R_X86_64_REX_GOTPCRELX:
		x->why = "it goes through a GOT, which images do not have: "
			 "symbols must be hidden";
		return;
	default:
		x->why = "images cannot have relocations of this type";
		return;
	}
}

/* A branch: `bits` of a distance in instructions, at bit `shift`. */
static void branch(struct fixup *x, int bits, int shift)
{
	int64_t v = (int64_t)(x->value - x->at);
	uint32_t mask = (1u << bits) - 1;

	if (!has_room(x, 4) || !fits(x, v, bits + 2))
		return;
	if (v % 4) {
		x->why = "it is not an instruction";
		return;
	}
	put32(x, (get32(x->place) & ~(mask << shift)) |
			 ((uint32_t)(v / 4) & mask) << shift);
}

/* ADR, ADRP: 21 bits, of which the lower two are at bit 29. */
static void adr(struct fixup *x, int64_t v)
{
	uint32_t u = (uint32_t)v;

	if (has_room(x, 4) && fits(x, v, 21))
		put32(x, (get32(x->place) & 0x9f00001f) | (u & 3) << 29 |
				 (u >> 2 & 0x7ffff) << 5);
}

/* The lower 12 bits of an address, in units of 1 << `scale` bytes. */
static void low12(struct fixup *x, int scale)
{
	uint32_t v = x->value & 0xfff;

	if (!has_room(x, 4))
		return;
	if (v & ((1u << scale) - 1)) {
		x->why = "it is not aligned";
		return;
	}
	put32(x, (get32(x->place) & ~(0xfffu << 10)) | v >> scale << 10);
}

static void relocate_arm64(struct fixup *x)
{
	switch (x->type) {
	case R_AARCH64_NONE:
		return;
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
		branch(x, 26, 0);
		return;
	case R_AARCH64_CONDBR19:
		branch(x, 19, 5);
		return;
	case R_AARCH64_TSTBR14:
		branch(x, 14, 5);
		return;
	case R_AARCH64_ADR_PREL_LO21:
		adr(x, (int64_t)(x->value - x->at));
		return;
	case R_AARCH64_ADR_PREL_PG_HI21:
		/* Parts are on pages: here as in memory. */
		adr(x, (int64_t)(x->value >> 12) - (int64_t)(x->at >> 12));
		return;
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
		low12(x, 0);
		return;
	case R_AARCH64_LDST16_ABS_LO12_NC:
		low12(x, 1);
		return;
	case R_AARCH64_LDST32_ABS_LO12_NC:
		low12(x, 2);
		return;
	case R_AARCH64_LDST64_ABS_LO12_NC:
		low12(x, 3);
		return;
	case R_AARCH64_LDST128_ABS_LO12_NC:
		low12(x, 4);
		return;
	case R_AARCH64_PREL32:
		relative32(x);
		return;
	case R_AARCH64_PREL64:
		relative64(x);
		return;
	case R_AARCH64_ADR_GOT_PAGE:
	case R_AARCH64_LD64_GOT_LO12_NC:
		x->why = "it goes through a GOT, which images do not have: "
			 "symbols must be hidden";
		return;
	default:
		x->why = "images cannot have relocations of this type";
		return;
	}
}

static int relocate_one(struct linking *l, const struct link_obj *o,
			const struct link_section *s, const Elf64_Rela *r)
{
	struct link_target to;
	struct fixup x = {.type = ELF64_R_TYPE(r->r_info)};
	int rc;

	if (x.type == R_X86_64_NONE) /* as in AAELF64 */
		return 0;
	rc = link_obj_target(l, o, ELF64_R_SYM(r->r_info), &to);
	if (rc)
		return rc;
	if (to.part == PART_NONE) {
		if (s->part == PART_EH_FRAME)
			return 0;
		return err_say(l->err, -EINVAL,
			       "object %u: %s refers to %s outside of unwind "
			       "tables",
			       o->number, s->name, to.name);
	}
	if (r->r_offset < s->h.sh_size) {
		x.room = s->h.sh_size - r->r_offset;
		x.at = l->base[s->part] + s->at + r->r_offset;
		x.place = l->out + x.at;
	}
	x.value = l->base[to.part] + to.off + (uint64_t)r->r_addend;
	if (l->machine == EM_X86_64)
		relocate_x86_64(&x);
	else
		relocate_arm64(&x);
	if (x.why)
		return err_say(l->err, -EINVAL,
			       "object %u: relocation of type %u in %s at "
			       "%#llx, to %s: %s",
			       o->number, x.type, s->name,
			       (unsigned long long)r->r_offset,
			       *to.name ? to.name : "a section", x.why);
	return 0;
}

int link_relocate(struct linking *l, const struct link_obj *o)
{
	for (uint32_t i = 0; i < o->n_sections; i++) {
		const struct link_section *rel = &o->sections[i], *s;
		Elf64_Rela r;

		if (rel->h.sh_type != SHT_RELA && rel->h.sh_type != SHT_REL)
			continue;
		if (rel->h.sh_info >= o->n_sections)
			return err_say(l->err, -EINVAL,
				       "object %u: %s belongs to no section",
				       o->number, rel->name);
		s = &o->sections[rel->h.sh_info];
		if (s->part == PART_NONE || s->part == PART_LINE)
			continue;
		if (rel->h.sh_type == SHT_REL)
			return err_say(l->err, -EINVAL,
				       "object %u: %s has no addends",
				       o->number, rel->name);
		for (uint64_t at = 0; at + sizeof(r) <= rel->h.sh_size;
		     at += sizeof(r)) {
			int rc;

			memcpy(&r, link_section_bytes(o, rel) + at, sizeof(r));
			rc = relocate_one(l, o, s, &r);
			if (rc)
				return rc;
		}
	}
	return 0;
}
