/* wasm/compile.h
 * From stack code to register code, in one pass.
 *
 * The operand stack exists only here.  Each entry knows where its value is:
 * in its home slot, in a local that it is a copy of, or nowhere yet, because
 * it is a constant.  So local.get and const emit nothing, and become operands
 * of what uses them.
 *
 *	1. An IN_LOCAL entry goes home before its local changes, and before a
 *	   block begins: what is below a block is in the same place on all
 *	   ways out of it.
 *	2. An instruction writes its result to the home of the entry.  If the
 *	   next one to be emitted consumes it, it finds it in the accumulator,
 *	   and the store is taken back (_s becomes _r).  If local.set or
 *	   local.tee consumes it, the store goes to the local instead.
 *	3. At a label every value that the label takes is in its home.
 *
 * `seq` counts emitted instructions and labels: an entry whose seq is the
 * current one is the result of the last instruction. */
#pragma once

#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/opcodes.h"
#include "wasm/store.h"
#include "wasm/validate.h"

enum where { IN_HOME, IN_LOCAL, IN_CONST };

struct entry {
	uint8_t where;
	uint8_t type;  /* a value type's byte; WASM_REF for all references */
	uint16_t slot; /* the home's or the local's */
	uint16_t home;
	uint32_t seq;
	uint64_t k; /* IN_CONST: the bits */
};

struct label {
	enum op op;
	bool reached; /* by a branch */
	struct block_type type;
	uint32_t height;  /* entries below the block */
	uint16_t base;    /* home of the first value above them */
	uint32_t target;  /* of a loop */
	uint32_t fixups;  /* words to patch, a list by index + 1 */
	uint32_t to_else; /* the same for the branch to else or end */
	uint32_t region_start, first_clause; /* try_table */
	uint32_t n_clauses;
};

struct pending_clause {
	const struct type *tag_type;
	uint32_t label;
};

enum { MAX_LOCAL_REFS = 16 };

struct compiler {
	struct reader r;
	const struct wasm_module *m;
	struct wasm_instance *inst;
	struct wasm_func *func;
	enum op op;
	int rc;

	struct func_code *out; /* grows; its code[] has room for cap words */
	uint32_t n, cap;
	union code scratch[8]; /* written to once there is no memory */

	struct entry *stack;
	uint32_t depth, stack_cap;
	uint32_t top, max_slots; /* next free home; highest ever */
	struct label *labels;
	uint32_t n_labels, labels_cap;
	uint32_t dead; /* > 0: in unreachable code, blocks deep */

	/* Stack entries that are IN_LOCAL, lowest first. */
	uint32_t refs[MAX_LOCAL_REFS];
	uint32_t n_refs;

	uint32_t *local_slot; /* and types */
	uint8_t *local_type;
	uint32_t n_locals;

	/* The last instruction, while nothing came in between. */
	uint32_t seq, last;
	enum ir last_ir;
	/* And the one before it, likewise; IR_COUNT if there is none. */
	uint32_t prev;
	enum ir prev_ir;
	bool last_acc;    /* leaves its result in the accumulator */
	bool last_dst;    /* result goes to field 0 of word 1 */
	bool last_has_r;  /* last_ir + 1 does not store */
	enum op last_cmp; /* a comparison that can be fused, or 0 */
	uint8_t last_variant;
	uint32_t acc_local; /* the local that has it, too */
	uint32_t acc_local_seq;

	struct pending_clause *pending;
	uint32_t n_clauses, clauses_cap;
	uint32_t regions_cap;
	uint32_t fuel; /* word 1 of the current fuel instruction, or 0 */
	struct code_map *map;
};

/* --- emitting ------------------------------------------------------------ */

/* `words` words, zeroed but for the handler.  Never NULL; do not keep. */
union code *emit(struct compiler *c, enum ir ir, uint32_t words);
/* The last instruction turned out to be another one of the same size. */
void change_last(struct compiler *c, enum ir ir);
/* Anything may come from elsewhere to what is emitted next. */
void barrier(struct compiler *c);

/* --- the stack ----------------------------------------------------------- */

struct entry *push(struct compiler *c, uint8_t type);
/* The result of the instruction at `ins`, which was just emitted: its home
 * becomes field 0.  `acc`: it is in the accumulator, `has_r`: there is a form
 * that does not store it. */
void push_result(struct compiler *c, union code *ins, uint8_t type, bool acc,
		 bool has_r);
void push_const(struct compiler *c, uint8_t type, uint64_t k);
struct entry pop(struct compiler *c);

/* Is it what the last instruction left in the accumulator? */
static inline bool in_acc(const struct compiler *c, const struct entry *e)
{
	return c->last_acc && e->seq == c->seq;
}

/* Take it from there: then nobody else needs its home. */
void take_acc(struct compiler *c, const struct entry *e);
/* The slot where it is; brings a constant home. */
uint16_t slot_of(struct compiler *c, const struct entry *e);
bool const_fits(const struct entry *e);
void move_to(struct compiler *c, uint16_t slot, const struct entry *e);
/* The top `n` entries go home. */
void settle(struct compiler *c, uint32_t n);
void settle_locals(struct compiler *c);

static inline uint8_t entry_type(wasm_type t)
{
	return wasm_type_is_ref(t) ? WASM_REF : (uint8_t)t;
}

static inline unsigned int entry_slots(uint8_t type)
{
	return type == WASM_V128 ? 2 : 1;
}

/* --- branches ------------------------------------------------------------ */

/* Where a word at `word` has to lead: the distance from `from`. */
void branch_to(struct compiler *c, uint32_t label, uint32_t from,
	       uint32_t word);
/* A conditional branch on `e`, an i32; returns its position.  The distance
 * belongs in the word 2 behind. */
uint32_t emit_cond(struct compiler *c, const struct entry *e, bool sense);
bool needs_moves(const struct compiler *c, uint32_t label);
void emit_moves(struct compiler *c, uint32_t label);
void emit_br(struct compiler *c, uint32_t label);
void patch(struct compiler *c, uint32_t list, uint32_t target);
void start_dead(struct compiler *c);
/* `n` arguments go home; where the first of them is. */
uint16_t settle_args(struct compiler *c, uint32_t n);

/* By family; c->op is the instruction. */
void compile_simple(struct compiler *c);
void compile_control(struct compiler *c);
void compile_call(struct compiler *c);
void compile_variable(struct compiler *c);
void compile_access(struct compiler *c);
void compile_bulk(struct compiler *c);
void compile_ref(struct compiler *c);
void compile_gc(struct compiler *c);
void compile_end(struct compiler *c);
void compile_else(struct compiler *c);
void compile_return(struct compiler *c);

/* What a memarg says; `fast` if memory 0 is guarded. */
struct memarg {
	struct wasm_memory *memory;
	uint64_t offset;
	bool fast;
};
struct memarg read_memarg(struct compiler *c);

/* Families, and the first register instruction of each instruction. */
enum family {
	FAMILY_NONE,
	FAMILY_UN,
	FAMILY_IBIN,
	FAMILY_FBIN,
	FAMILY_ICMP,
	FAMILY_FCMP,
	FAMILY_LOAD,
	FAMILY_STORE,
	FAMILY_VECTOR,
	FAMILY_ATOMIC,
};

struct op_compile {
	uint8_t family;
	uint16_t ir;
};
extern const struct op_compile op_compile_table[OP_COUNT];

/* imm.c: step over what follows an opcode. */
void skip_immediates(struct reader *r, const struct wasm_module *m,
		     enum imm imm);
enum op read_op(struct reader *r);
