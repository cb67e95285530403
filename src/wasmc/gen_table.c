/* Locals, globals, tables. */
#include "wasmc/gen.h"

#include <string.h>

#define TABLE_AT(field) offsetof(struct wasm_table, field)

/* --- locals and globals --------------------------------------------------------- */

static void local_get(struct gen *g)
{
	uint32_t i = read_u32(&g->r);

	gen_push(g, LLVMBuildLoad2(g->b, gen_type(g, g->local_types[i]),
				   g->locals[i], ""));
}

static void local_set(struct gen *g, bool tee)
{
	uint32_t i = read_u32(&g->r);
	LLVMValueRef v = gen_as(g, gen_pop(g), gen_type(g, g->local_types[i]));

	LLVMBuildStore(g->b, v, g->locals[i]);
	if (tee)
		gen_push(g, v);
}

/* Those that the module defines lie side by side. */
static LLVMValueRef global_at(struct gen *g, uint32_t i)
{
	uint32_t imported = g->m->n_imported_globals;
	LLVMValueRef own;

	if (i < imported)
		return GEN_ENTRY(g, global, i);
	own = gen_const_load(g, g->ptr, g->inst,
			     offsetof(struct wasm_instance, own_globals));
	return gen_at(g, own,
		      (uint64_t)(i - imported) * sizeof(struct wasm_global));
}

static void global_get(struct gen *g)
{
	uint32_t i = read_u32(&g->r);
	const struct global_desc *d = &g->m->globals[i];
	LLVMTypeRef t = gen_type(g, d->type);
	LLVMValueRef at = global_at(g, i), v;

	v = d->is_mutable ? gen_state_load(g, t, at)
			  : gen_const_load(g, t, at, 0);
	gen_push(g, v);
}

static void global_set(struct gen *g)
{
	uint32_t i = read_u32(&g->r);
	LLVMTypeRef t = gen_type(g, g->m->globals[i].type);

	gen_state_store(g, gen_as(g, gen_pop(g), t), global_at(g, i));
}

/* --- tables ----------------------------------------------------------------------- */

/* One that can't grow has its length in the code, and stays where it is. */
static bool is_fixed(const struct gen *g, uint32_t table)
{
	const struct wasm_limits *l = &g->m->tables[table].limits;

	return l->has_max && l->min == l->max;
}

static LLVMValueRef table_length(struct gen *g, uint32_t table)
{
	if (is_fixed(g, table))
		return gen_i64(g, g->m->tables[table].limits.min);
	return gen_state_load(
		g, g->i64,
		gen_at(g, GEN_ENTRY(g, table, table), TABLE_AT(len)));
}

LLVMValueRef gen_table_element(struct gen *g, uint32_t table,
			       LLVMValueRef index, enum wasm_trap trap)
{
	LLVMValueRef t, elems;

	gen_trap_if(g,
		    LLVMBuildICmp(g->b, LLVMIntUGE, index,
				  table_length(g, table), ""),
		    trap);
	t = GEN_ENTRY(g, table, table);
	elems = is_fixed(g, table)
			? gen_const_load(g, g->ptr, t, TABLE_AT(elems))
			: gen_state_load(g, g->ptr,
					 gen_at(g, t, TABLE_AT(elems)));
	return LLVMBuildGEP2(g->b, g->i64, elems, &index, 1, "");
}

static void table_get(struct gen *g)
{
	uint32_t table = read_u32(&g->r);
	LLVMValueRef at = gen_table_element(g, table, gen_wide(g, gen_pop(g)),
					    WASM_TRAP_TABLE_BOUNDS);

	gen_push(g, gen_state_load(g, g->i64, at));
}

static void table_set(struct gen *g)
{
	uint32_t table = read_u32(&g->r);
	LLVMValueRef v = gen_pop(g), at;

	at = gen_table_element(g, table, gen_wide(g, gen_pop(g)),
			       WASM_TRAP_TABLE_BOUNDS);
	gen_state_store(g, v, at);
}

static LLVMValueRef narrow(struct gen *g, LLVMValueRef v, uint32_t table)
{
	return g->m->tables[table].limits.is64
		       ? v
		       : LLVMBuildTrunc(g->b, v, g->i32, "");
}

static void table_grow(struct gen *g)
{
	uint32_t table = read_u32(&g->r);
	LLVMValueRef args[3] = {gen_i32(g, table)};

	args[1] = gen_wide(g, gen_pop(g));
	args[2] = gen_pop(g);
	gen_push(g, narrow(g, gen_helper(g, GEN_table_grow, args, 3), table));
}

bool gen_table(struct gen *g)
{
	uint32_t table;

	switch (g->op) {
	case OP_table_size:
		table = read_u32(&g->r);
		gen_push(g, narrow(g, table_length(g, table), table));
		return true;
	case OP_table_grow:
		table_grow(g);
		return true;
	default:
		return false;
	}
}

void gen_variable(struct gen *g)
{
	switch (g->op) {
	case OP_local_get:
		local_get(g);
		break;
	case OP_local_set:
		local_set(g, false);
		break;
	case OP_local_tee:
		local_set(g, true);
		break;
	case OP_global_get:
		global_get(g);
		break;
	case OP_global_set:
		global_set(g);
		break;
	case OP_table_get:
		table_get(g);
		break;
	default:
		table_set(g);
	}
}
