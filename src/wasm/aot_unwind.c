/* Walking the stack of compiled code.
 *
 * The tables are those that LLVM writes for any language (.eh_frame,
 * .gcc_except_table), so the code pays nothing until something is thrown.
 * They are read here and not by libgcc, which would want to know every image
 * and to run a personality, and which cannot be linked without a libc that
 * loads; and because ours has bounds: a damaged table ends the walk.
 *
 * Sources: DWARF 4, 6.4; LSB core 5.0, 10.6; the Itanium C++ ABI's
 * "Exception Handling Tables". */
#include <string.h>

#include "wasm/aot.h"
#include "wasm/aot_eh.h"

_Static_assert(offsetof(struct aot_regs, sp) == 8 &&
		       offsetof(struct aot_regs, reg) == 16 &&
		       offsetof(struct aot_regs, fp) == 272 &&
		       sizeof(struct aot_regs) == 336,
	       "aot_asm.S knows these");

#if defined(__aarch64__)
enum { REG_SP = 31, REG_FP_FIRST = 64 + 8 };
#else
enum { REG_SP = 7, REG_FP_FIRST = 64 + 8 };
#endif

enum {
	N_REGS = 40,        /* 0..31, then those of struct aot_regs.fp */
	MAX_REMEMBERED = 8, /* LLVM nests none */
	/* A register that an epilogue has loaded already is below the stack
	 * pointer, and still where the table says. */
	POPPED = 256,
	MAX_FRAME = 64 << 20, /* bytes; no stack is that large */
};

enum cfa_op {
	CFA_ADVANCE_LOC = 0x40, /* with an operand in the lower 6 bits */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0,
	CFA_ADVANCE_LOC1 = 2,
	CFA_ADVANCE_LOC2 = 3,
	CFA_ADVANCE_LOC4 = 4,
	CFA_OFFSET_EXTENDED = 5,
	CFA_RESTORE_EXTENDED = 6,
	CFA_UNDEFINED = 7,
	CFA_SAME_VALUE = 8,
	CFA_REMEMBER_STATE = 0xa,
	CFA_RESTORE_STATE = 0xb,
	CFA_DEF_CFA = 0xc,
	CFA_DEF_CFA_REGISTER = 0xd,
	CFA_DEF_CFA_OFFSET = 0xe,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_AARCH64_NEGATE_RA_STATE = 0x2d,
	CFA_GNU_ARGS_SIZE = 0x2e,
};

/* Where the caller's registers are. */
struct row {
	uint64_t cfa_reg;
	int64_t cfa_offset;
	uint64_t saved;     /* a bit for each that is in memory */
	int64_t at[N_REGS]; /* from the CFA */
};

struct machine {
	const struct aot_fde *fde;
	struct aot_bytes in;
	uint64_t loc, want; /* from the function's first byte */
	bool found;         /* the next row is for what follows `want` */
	uint64_t args_size;
	struct row row, first; /* `first`: as the CIE leaves it */
	unsigned int depth;
	struct row stack[MAX_REMEMBERED]; /* last, as it is not cleared */
};

/* A register's place in arrays of N_REGS; N_REGS if we do not know it, as
 * the sign state of arm64, which only signed return addresses need. */
static unsigned int reg_index(uint64_t reg)
{
	if (reg < 32)
		return (unsigned int)reg;
	if (reg >= REG_FP_FIRST && reg < REG_FP_FIRST + 8)
		return (unsigned int)(32 + reg - REG_FP_FIRST);
	return N_REGS;
}

static void set_saved(struct machine *m, uint64_t reg, int64_t factored)
{
	unsigned int i = reg_index(reg);

	if (i == N_REGS) {
		m->in.bad = true;
		return;
	}
	m->row.saved |= 1ull << i;
	m->row.at[i] =
		(int64_t)((uint64_t)factored * (uint64_t)m->fde->data_align);
}

static void set_same(struct machine *m, uint64_t reg)
{
	unsigned int i = reg_index(reg);

	if (i < N_REGS)
		m->row.saved &= ~(1ull << i);
}

static void set_first(struct machine *m, uint64_t reg)
{
	unsigned int i = reg_index(reg);

	if (i == N_REGS)
		return;
	m->row.saved =
		(m->row.saved & ~(1ull << i)) | (m->first.saved & 1ull << i);
	m->row.at[i] = m->first.at[i];
}

static void remember(struct machine *m)
{
	if (m->depth == MAX_REMEMBERED)
		m->in.bad = true;
	else
		m->stack[m->depth++] = m->row;
}

static void restore(struct machine *m)
{
	if (m->depth == 0)
		m->in.bad = true;
	else
		m->row = m->stack[--m->depth];
}

static void advance(struct machine *m, uint64_t delta)
{
	m->loc += delta * m->fde->code_align;
	m->found = m->loc > m->want;
}

static void step_cfa(struct machine *m, uint8_t op)
{
	struct aot_bytes *in = &m->in;
	uint64_t align = (uint64_t)m->fde->data_align;

	switch (op) {
	case CFA_DEF_CFA:
		m->row.cfa_reg = aot_take_uleb(in);
		m->row.cfa_offset = (int64_t)aot_take_uleb(in);
		return;
	case CFA_DEF_CFA_SF:
		m->row.cfa_reg = aot_take_uleb(in);
		m->row.cfa_offset =
			(int64_t)((uint64_t)aot_take_sleb(in) * align);
		return;
	case CFA_DEF_CFA_REGISTER:
		m->row.cfa_reg = aot_take_uleb(in);
		return;
	case CFA_DEF_CFA_OFFSET:
		m->row.cfa_offset = (int64_t)aot_take_uleb(in);
		return;
	case CFA_DEF_CFA_OFFSET_SF:
		m->row.cfa_offset =
			(int64_t)((uint64_t)aot_take_sleb(in) * align);
		return;
	default: /* expressions among them, which LLVM writes for none */
		in->bad = true;
		return;
	}
}

static void step(struct machine *m)
{
	struct aot_bytes *in = &m->in;
	uint8_t op = (uint8_t)aot_take(in, 1), low = op & 0x3f;
	uint64_t reg;

	switch (op & 0xc0 ? op & 0xc0 : op) {
	case CFA_ADVANCE_LOC:
		advance(m, low);
		return;
	case CFA_OFFSET:
		set_saved(m, low, (int64_t)aot_take_uleb(in));
		return;
	case CFA_RESTORE:
		set_first(m, low);
		return;
	case CFA_NOP:
	case CFA_AARCH64_NEGATE_RA_STATE:
		return;
	case CFA_ADVANCE_LOC1:
		advance(m, aot_take(in, 1));
		return;
	case CFA_ADVANCE_LOC2:
		advance(m, aot_take(in, 2));
		return;
	case CFA_ADVANCE_LOC4:
		advance(m, aot_take(in, 4));
		return;
	case CFA_OFFSET_EXTENDED:
		reg = aot_take_uleb(in);
		set_saved(m, reg, (int64_t)aot_take_uleb(in));
		return;
	case CFA_OFFSET_EXTENDED_SF:
		reg = aot_take_uleb(in);
		set_saved(m, reg, aot_take_sleb(in));
		return;
	case CFA_RESTORE_EXTENDED:
		set_first(m, aot_take_uleb(in));
		return;
	case CFA_UNDEFINED:
	case CFA_SAME_VALUE:
		set_same(m, aot_take_uleb(in));
		return;
	case CFA_REMEMBER_STATE:
		remember(m);
		return;
	case CFA_RESTORE_STATE:
		restore(m);
		return;
	case CFA_GNU_ARGS_SIZE:
		m->args_size = aot_take_uleb(in);
		return;
	default:
		step_cfa(m, op);
		return;
	}
}

/* The row that holds at `want`. */
static bool run(struct machine *m, const struct aot_fde *fde, uint64_t want)
{
	memset(m, 0, offsetof(struct machine, stack));
	m->fde = fde;
	m->want = want;
	m->in = fde->init;
	while (m->in.p < m->in.end && !m->in.bad)
		step(m);
	if (m->in.bad || m->loc)
		return false;
	m->first = m->row;
	m->in = fde->rows;
	while (m->in.p < m->in.end && !m->in.bad && !m->found)
		step(m);
	return !m->in.bad;
}

/* The row of a frame.  A return address is behind the call, where already
 * another may hold, or another function be. */
static bool find_row(struct machine *m, struct aot_fde *fde,
		     const struct aot_regs *regs, bool exact)
{
	uintptr_t pc = regs->pc - !exact;
	const struct aot_image *image = aot_image_at(pc);
	const struct aot_func *func = image ? aot_image_func(image, pc) : NULL;
	const struct aot_part *part;
	size_t next;

	if (!func || func->fde == UINT32_MAX)
		return false;
	part = &image->h->eh_frame;
	if (aot_eh_read(image->map + part->at, part->size, func->fde, fde,
			&next) != AOT_EH_FDE)
		return false;
	return run(m, fde, pc - (uintptr_t)image->text - func->code);
}

static uintptr_t get_reg(const struct aot_regs *regs, uint64_t reg)
{
	return reg == REG_SP ? regs->sp : regs->reg[reg];
}

/* What was saved there.  It must be in the frame: a table that says anything
 * else is damaged, and would have us read anywhere. */
static bool load(uintptr_t at, uintptr_t sp, uintptr_t cfa, uint64_t *ret)
{
	if (at % sizeof(*ret) || at + POPPED < sp || at > cfa - sizeof(*ret))
		return false;
	memcpy(ret, (const void *)at, sizeof(*ret));
	return true;
}

bool aot_unwind(struct aot_regs *regs, bool exact)
{
	struct machine m;
	struct aot_regs out = *regs;
	struct aot_fde fde;
	uintptr_t cfa;

	if (!find_row(&m, &fde, regs, exact) || m.row.cfa_reg >= 32 ||
	    fde.ra >= 32)
		return false;
	cfa = get_reg(regs, m.row.cfa_reg) + (uintptr_t)m.row.cfa_offset;
	/* A frame that takes no stack is possible only where the return
	 * address is in a register, and only at the top. */
	if (cfa < regs->sp || cfa - regs->sp > MAX_FRAME ||
	    cfa % sizeof(uint64_t) || (cfa == regs->sp && !exact))
		return false;
	for (unsigned int i = 0; i < N_REGS; i++) {
		uint64_t v;

		if (!(m.row.saved & 1ull << i))
			continue;
		if (!load(cfa + (uintptr_t)m.row.at[i], regs->sp, cfa, &v))
			return false;
		if (i < 32)
			out.reg[i] = v;
		else
			out.fp[i - 32] = v;
	}
	out.pc = out.reg[fde.ra];
	out.sp = cfa;
	*regs = out;
	return true;
}

/* --- landing pads -------------------------------------------------------- */

/* Numbers of a call-site table. */
static uint64_t take_site(struct aot_bytes *b, uint8_t enc)
{
	switch (enc) {
	case EH_ULEB:
		return aot_take_uleb(b);
	case EH_UDATA4:
		return aot_take(b, 4);
	default:
		b->bad = true;
		return 0;
	}
}

/* The table of call sites alone, and how its numbers are written. */
static struct aot_bytes site_table(const struct aot_image *image,
				   const struct aot_func *func,
				   uint8_t *ret_enc)
{
	const struct aot_part *part = &image->h->lsda;
	const uint8_t *lsda = image->map + part->at;
	struct aot_bytes b = {lsda, lsda + part->size, false};
	uint64_t len;

	if (func->lsda >= part->size) {
		b.bad = true;
		return b;
	}
	b.p += func->lsda;
	if (aot_take(&b, 1) != EH_OMIT) /* pads of another function */
		b.bad = true;
	if (aot_take(&b, 1) != EH_OMIT) /* types: every pad takes all */
		aot_take_uleb(&b);
	*ret_enc = (uint8_t)aot_take(&b, 1);
	len = aot_take_uleb(&b);
	if (len > (uint64_t)(b.end - b.p))
		b.bad = true;
	else
		b.end = b.p + len;
	return b;
}

bool aot_landing_pad(struct aot_regs *regs)
{
	uintptr_t pc = regs->pc - 1;
	const struct aot_image *image = aot_image_at(pc);
	const struct aot_func *func = image ? aot_image_func(image, pc) : NULL;
	struct machine m;
	struct aot_bytes b;
	struct aot_fde fde;
	uint64_t at;
	uint8_t enc = 0;

	if (!func || func->lsda == UINT32_MAX)
		return false;
	at = pc - (uintptr_t)image->text - func->code;
	b = site_table(image, func, &enc);
	while (!b.bad && b.p < b.end) {
		uint64_t start = take_site(&b, enc), len = take_site(&b, enc);
		uint64_t pad = take_site(&b, enc);

		aot_take_uleb(&b); /* the action: to take it */
		if (b.bad || at < start)
			return false;
		if (at - start >= len)
			continue;
		if (pad == 0 || pad >= func->size ||
		    !find_row(&m, &fde, regs, false))
			return false;
		regs->sp += m.args_size;
		regs->pc = (uintptr_t)image->text + func->code + pad;
		return true;
	}
	return false;
}
