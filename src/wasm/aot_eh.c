#include "wasm/aot_eh.h"

#include <string.h>

uint64_t aot_take(struct aot_bytes *b, size_t n)
{
	uint64_t v = 0;

	if ((size_t)(b->end - b->p) < n) {
		b->bad = true;
		b->p = b->end;
		return 0;
	}
	memcpy(&v, b->p, n);
	b->p += n;
	return v;
}

static uint64_t take_leb(struct aot_bytes *b, bool is_signed)
{
	uint64_t v = 0;
	unsigned int shift = 0;
	uint8_t c;

	do {
		c = (uint8_t)aot_take(b, 1);
		if (shift < 64)
			v |= (uint64_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	if (is_signed && shift < 64 && c & 0x40)
		v |= ~(uint64_t)0 << shift;
	return v;
}

uint64_t aot_take_uleb(struct aot_bytes *b)
{
	return take_leb(b, false);
}

int64_t aot_take_sleb(struct aot_bytes *b)
{
	return (int64_t)take_leb(b, true);
}

/* How the pointers of a CIE's FDEs are written. */
struct cie {
	uint8_t code_enc, lsda_enc;
	bool augmented;
};

/* To where a pointer leads; `table` begins at 0.  Absolute ones do not occur:
 * an image does not know where it will be. */
static int64_t take_pointer(struct aot_bytes *b, const uint8_t *table,
			    uint8_t enc)
{
	int64_t here = b->p - table;

	switch (enc) {
	case EH_PCREL | EH_SDATA4:
		return here + (int32_t)aot_take(b, 4);
	case EH_PCREL | EH_SDATA8:
		return here + (int64_t)aot_take(b, 8);
	default:
		b->bad = true;
		return 0;
	}
}

static void skip(struct aot_bytes *b, size_t n)
{
	if ((size_t)(b->end - b->p) < n) {
		b->bad = true;
		n = 0;
	}
	b->p += n;
}

/* The letters of an augmentation, of which `z` is the first: how long what
 * belongs to them is. */
static void read_augmentation(struct aot_bytes *b, const char *letters,
			      struct cie *cie, struct aot_fde *ret)
{
	uint64_t len = aot_take_uleb(b);
	struct aot_bytes data = *b;

	skip(b, len);
	if (b->bad)
		return;
	data.end = b->p;
	for (const char *c = letters + 1; *c; c++) {
		switch (*c) {
		case 'R':
			cie->code_enc = (uint8_t)aot_take(&data, 1);
			break;
		case 'L':
			cie->lsda_enc = (uint8_t)aot_take(&data, 1);
			break;
		case 'P': /* the personality, always ours */
			skip(&data, (aot_take(&data, 1) & 7) == 4 ? 8 : 4);
			break;
		case 'S':
			ret->signal_frame = true;
			break;
		case 'B': /* pointers are signed with key B */
			break;
		default:
			b->bad = true;
			return;
		}
	}
	b->bad |= data.bad;
	cie->augmented = true;
}

static void read_cie(struct aot_bytes b, struct cie *cie, struct aot_fde *ret)
{
	const char *letters;
	size_t room;
	uint8_t version;

	aot_take(&b, 4); /* its mark */
	version = (uint8_t)aot_take(&b, 1);
	letters = (const char *)b.p;
	room = (size_t)(b.end - b.p);
	skip(&b, strnlen(letters, room) + 1);
	ret->code_align = aot_take_uleb(&b);
	ret->data_align = aot_take_sleb(&b);
	ret->ra = version == 1 ? aot_take(&b, 1) : aot_take_uleb(&b);
	if (b.bad || (version != 1 && version != 3)) {
		b.bad = true;
	} else if (letters[0] == 'z') {
		read_augmentation(&b, letters, cie, ret);
	} else if (letters[0]) {
		b.bad = true;
	}
	ret->init = b;
}

/* The content of the record at `at`: past its length.  Empty at the end. */
static struct aot_bytes record(const uint8_t *table, size_t len, size_t at)
{
	struct aot_bytes b = {table + at, table + len, false};
	uint64_t n;

	if (at > len)
		return (struct aot_bytes){table, table, true};
	if (at == len)
		return b;
	n = aot_take(&b, 4);
	/* 0xffffffff would be the mark of a length of 64 bits. */
	if (n > (uint64_t)(b.end - b.p) || (n && n < 4))
		b.bad = true;
	else
		b.end = b.p + n;
	return b;
}

static void read_fde(const uint8_t *table, struct aot_bytes *b,
		     const struct cie *cie, struct aot_fde *ret)
{
	struct aot_bytes data;
	uint64_t len;

	ret->code = take_pointer(b, table, cie->code_enc);
	aot_take(b, (cie->code_enc & 15) == EH_SDATA8 ? 8 : 4); /* its size */
	if (cie->augmented) {
		len = aot_take_uleb(b);
		data = *b;
		skip(b, len);
		data.end = b->p;
		/* A relative pointer is null if its bytes are. */
		if (cie->lsda_enc != EH_OMIT && !b->bad) {
			struct aot_bytes raw = data;
			size_t n = (cie->lsda_enc & 15) == EH_SDATA8 ? 8 : 4;

			ret->has_lsda = aot_take(&raw, n) != 0;
			ret->lsda = take_pointer(&data, table, cie->lsda_enc);
			b->bad |= data.bad;
		}
	}
	ret->rows = *b;
}

enum aot_eh aot_eh_read(const uint8_t *table, size_t len, size_t at,
			struct aot_fde *ret, size_t *ret_next)
{
	struct aot_bytes b = record(table, len, at), c;
	struct cie cie = {.code_enc = EH_OMIT, .lsda_enc = EH_OMIT};
	size_t mark_at;
	uint64_t mark;

	*ret = (struct aot_fde){0};
	if (b.bad)
		return AOT_EH_BAD;
	if (b.p == b.end)
		return AOT_EH_END;
	*ret_next = (size_t)(b.end - table);
	mark_at = (size_t)(b.p - table);
	mark = aot_take(&b, 4);
	if (mark == 0) {
		b.p -= 4;
		read_cie(b, &cie, ret);
		return ret->init.bad ? AOT_EH_BAD : AOT_EH_CIE;
	}
	/* How far before the mark its CIE is. */
	if (mark > mark_at)
		return AOT_EH_BAD;
	c = record(table, len, mark_at - mark);
	if (c.bad || c.p == c.end)
		return AOT_EH_BAD;
	if (aot_take(&(struct aot_bytes){c.p, c.end, false}, 4) != 0)
		return AOT_EH_BAD;
	read_cie(c, &cie, ret);
	if (!ret->init.bad)
		read_fde(table, &b, &cie, ret);
	return ret->init.bad || b.bad ? AOT_EH_BAD : AOT_EH_FDE;
}
