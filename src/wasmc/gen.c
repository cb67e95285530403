/* Modules and functions: what all families of instructions are called by. */
#include "wasmc/gen.h"

#include <limits.h>
#include <errno.h>
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* --- one function ------------------------------------------------------------------- */

/* Registers left for parameters.  Two of those for integers are the
 * instance's and, in `leave` thunks, the function's: x86-64 has 6 and 8. */
struct registers {
	int integers, floats;
};

static struct registers registers(const struct gen *g)
{
	if (g->opt->convention != GEN_CC_TAIL)
		return (struct registers){INT_MAX, INT_MAX};
	return (struct registers){4, 8};
}

static bool takes_register(const struct gen *g, struct registers *left,
			   wasm_type type)
{
	LLVMTypeRef t = gen_type(g, type);

	if (t == g->f32 || t == g->f64 || t == g->v128)
		return left->floats-- > 0;
	return left->integers-- > 0;
}

/* The place of a parameter that no register holds. */
static LLVMValueRef param_slot(struct gen *g, uint32_t slot)
{
	return gen_at(g,
		      gen_const_load(g, g->ptr, g->inst,
				     offsetof(struct wasm_instance, results)),
		      slot * 8ull);
}

uint32_t gen_param_types(const struct gen *g, const struct wasm_functype *ft,
			 LLVMTypeRef *types)
{
	struct registers left = registers(g);
	uint32_t n = 0;

	for (uint32_t i = 0; i < ft->n_params; i++)
		if (takes_register(g, &left, ft->params[i]))
			types[n++] = gen_type(g, ft->params[i]);
	return n;
}

uint32_t gen_pass(struct gen *g, const struct wasm_functype *ft,
		  LLVMValueRef *v, LLVMValueRef *args)
{
	struct registers left = registers(g);
	uint32_t n = 0, slot = 0;

	for (uint32_t i = 0; i < ft->n_params; i++) {
		if (takes_register(g, &left, ft->params[i]))
			args[n++] = v[i];
		else
			gen_state_store(g, v[i], param_slot(g, slot));
		slot += wasm_type_slots(ft->params[i]);
	}
	return n;
}

void gen_receive(struct gen *g, const struct wasm_functype *ft, LLVMValueRef fn,
		 unsigned int first)
{
	struct registers left = registers(g);
	uint32_t slot = 0;

	for (uint32_t i = 0; i < ft->n_params; i++) {
		if (takes_register(g, &left, ft->params[i]))
			gen_push(g, LLVMGetParam(fn, first++));
		else
			gen_push(g,
				 gen_state_load(g, gen_type(g, ft->params[i]),
						param_slot(g, slot)));
		slot += wasm_type_slots(ft->params[i]);
	}
}

LLVMTypeRef gen_function_type(const struct gen *g,
			      const struct wasm_functype *ft)
{
	LLVMTypeRef *params = xcalloc(ft->n_params + 1, sizeof(*params)), ret;
	uint32_t n = gen_param_types(g, ft, params + 1);

	params[0] = g->ptr;
	ret = LLVMFunctionType(ft->n_results ? gen_type(g, ft->results[0])
					     : g->none,
			       params, n + 1, false);
	free(params);
	return ret;
}

static void add_attribute(const struct gen *g, LLVMValueRef fn,
			  const char *name, uint64_t value)
{
	unsigned int kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	LLVMAddAttributeAtIndex(fn,
				(LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(g->lc, kind, value));
}

static void string_attribute(const struct gen *g, LLVMValueRef fn,
			     const char *name, const char *value)
{
	LLVMAddAttributeAtIndex(
		fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
		LLVMCreateStringAttribute(g->lc, name,
					  (unsigned int)strlen(name), value,
					  (unsigned int)strlen(value)));
}

/* uwtable 2: unwind tables that are right at every instruction, since traps
 * may be anywhere.  probe-stack: a frame larger than a page touches each, so
 * that it can't step over the guard below the stack.  no-builtins: nothing
 * becomes a call of memset.  null_pointer_is_valid: a null function's fields
 * are read, and fault (wasm/aot.c).
 *
 * Not nounwind, even if the module has no tags: what it imports may throw, and
 * the program would be undefined then.  LLVM finds out itself which functions
 * call nothing that could. */
void gen_attributes(const struct gen *g, LLVMValueRef fn)
{
	add_attribute(g, fn, "uwtable", 2);
	add_attribute(g, fn, "null_pointer_is_valid", 0);
	string_attribute(g, fn, "probe-stack", "inline-asm");
	string_attribute(g, fn, "no-builtins", "");
}

void gen_never_inline(const struct gen *g, LLVMValueRef fn)
{
	add_attribute(g, fn, "noinline", 0);
}

LLVMValueRef gen_declare(struct gen *g, uint32_t index)
{
	char name[16];
	LLVMValueRef fn;

	if (g->funcs[index])
		return g->funcs[index];
	snprintf(name, sizeof(name), "f%u", index);
	fn = LLVMAddFunction(g->mod, name,
			     gen_function_type(g, &g->m->funcs[index]->func));
	LLVMSetFunctionCallConv(fn, g->opt->convention);
	LLVMSetVisibility(fn, LLVMHiddenVisibility);
	gen_attributes(g, fn);
	if (!g->opt->inlines)
		gen_never_inline(g, fn);
	return g->funcs[index] = fn;
}

static LLVMValueRef zero_of(const struct gen *g, wasm_type t)
{
	return LLVMConstNull(gen_type(g, t));
}

static void add_local(struct gen *g, wasm_type t, LLVMValueRef v)
{
	LLVMValueRef at = LLVMBuildAlloca(g->b, gen_type(g, t), "");

	g->locals[g->n_locals] = at;
	g->local_types[g->n_locals++] = t;
	LLVMBuildStore(g->b, v, at);
}

/* Parameters, then what the body declares. */
static void begin_locals(struct gen *g)
{
	uint32_t groups, total = g->type->n_params;
	const uint8_t *start = g->r.p;

	groups = read_u32(&g->r);
	for (uint32_t i = 0; i < groups; i++) {
		total += read_u32(&g->r);
		read_value_type(&g->r, g->m);
	}
	g->r.p = start;
	g->n_locals = 0;
	g->locals = xrealloc(g->locals, total + 1, sizeof(*g->locals));
	g->local_types =
		xrealloc(g->local_types, total + 1, sizeof(*g->local_types));
	gen_receive(g, g->type, g->fn, 1);
	g->n -= g->type->n_params;
	for (uint32_t i = 0; i < g->type->n_params; i++)
		add_local(g, g->type->params[i], g->stack[g->n + i]);
	read_u32(&g->r);
	for (uint32_t i = 0; i < groups; i++) {
		uint32_t n = read_u32(&g->r);
		wasm_type t = read_value_type(&g->r, g->m);

		while (n--)
			add_local(g, t, zero_of(g, t));
	}
}

static void begin_debug(struct gen *g)
{
	LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(
		g->di, g->file, NULL, 0, LLVMDIFlagZero);
	size_t len;
	const char *name = LLVMGetValueName2(g->fn, &len);

	g->subprogram = LLVMDIBuilderCreateFunction(
		g->di, g->file, name, len, name, len, g->file, 0, type, false,
		true, 0, LLVMDIFlagZero, true);
	LLVMSetSubprogram(g->fn, g->subprogram);
}

/* What only computes: it never stops, and calls nothing. */
static const bool computes[OP_COUNT] = {
	[OP_nop] = true,           [OP_drop] = true,
	[OP_select] = true,        [OP_select_t] = true,
	[OP_local_get] = true,     [OP_local_set] = true,
	[OP_local_tee] = true,     [OP_i32_const] = true,
	[OP_i64_const] = true,     [OP_f32_const] = true,
	[OP_f64_const] = true,     [OP_i32_eqz] = true,
	[OP_i64_eqz] = true,       [OP_global_get] = true,
	[OP_global_set] = true,    [OP_v128_const] = true,
	[OP_i8x16_shuffle] = true,
#define COMPUTES(shape, name, ...) [OP_##shape##_##name] = true,
#define UN(shape, name, ...)       COMPUTES(shape, name)
#define IBIN(shape, name, ...)     COMPUTES(shape, name)
#define FBIN(shape, name, ...)     COMPUTES(shape, name)
#define ICMP(shape, name, ...)     COMPUTES(shape, name)
#define FCMP(shape, name, ...)     COMPUTES(shape, name)
#define V_UN(shape, name, ...)     COMPUTES(shape, name)
#define V_BIN(shape, name, ...)    COMPUTES(shape, name)
#define V_TER(shape, name, ...)    COMPUTES(shape, name)
#define V_SHIFT(shape, name, ...)  COMPUTES(shape, name)
#define V_TEST(shape, name, ...)   COMPUTES(shape, name)
#define V_SPLAT(shape, name, ...)  COMPUTES(shape, name)
#define V_GET(shape, name, ...)    COMPUTES(shape, name)
#define V_SET(shape, name, ...)    COMPUTES(shape, name)
#include "wasm/opcodes.def"
};

static void set_position(struct gen *g)
{
	uint32_t line = (uint32_t)(g->at - g->m->bytes);

	LLVMSetCurrentDebugLocation2(
		g->b, LLVMDIBuilderCreateDebugLocation(g->lc, line, 0,
						       g->subprogram, NULL));
}

static bool is_control(enum op op)
{
	return op <= OP_return || op == OP_try_table;
}

static void instruction(struct gen *g)
{
	if (!computes[g->op])
		set_position(g);
	if (g->op == OP_nop)
		return;
	if (is_control(g->op))
		gen_control(g);
	else if (g->op <= OP_return_call_ref)
		gen_calls(g);
	else if (g->op >= OP_local_get && g->op <= OP_table_set)
		gen_variable(g);
	else if (!(gen_numeric(g) || gen_memory(g) || gen_bulk(g) ||
		   gen_table(g) || gen_vector(g) || gen_atomic(g) ||
		   gen_reference(g)))
		abort(); /* validated, so known */
}

/* Unreachable: only its blocks are counted. */
static void skip(struct gen *g)
{
	switch (g->op) {
	case OP_block:
	case OP_loop:
	case OP_if:
	case OP_try_table:
		g->dead++;
		break;
	case OP_else:
		if (g->dead == 1) {
			gen_control(g);
			return;
		}
		break;
	case OP_end:
		if (g->dead == 1) {
			gen_control(g);
			return;
		}
		g->dead--;
		break;
	default:
		break;
	}
	skip_immediates(&g->r, g->m, (enum imm)op_info[g->op].imm);
}

/* --- fuel ------------------------------------------------------------------------------ */

/* Pay for what follows up to the next of these: the price is known then. */
void gen_fuel_settle(struct gen *g)
{
	if (!g->fuel)
		return;
	LLVMReplaceAllUsesWith(g->fuel, gen_i64(g, g->fuel_used));
	LLVMInstructionEraseFromParent(g->fuel);
	g->fuel = NULL;
}

void gen_fuel_start(struct gen *g)
{
	LLVMValueRef store, at, have, left;

	if (!g->opt->fuel)
		return;
	gen_fuel_settle(g);
	store = gen_const_load(g, g->ptr, g->inst,
			       offsetof(struct wasm_instance, store));
	at = gen_at(g, store, offsetof(struct wasm_store, exec.fuel));
	have = gen_state_load(g, g->i64, at);
	g->fuel = LLVMBuildLoad2(g->b, g->i64, at, "price");
	g->fuel_used = 0;
	gen_trap_if(g, LLVMBuildICmp(g->b, LLVMIntULT, have, g->fuel, ""),
		    WASM_TRAP_FUEL);
	left = LLVMBuildSub(g->b, have, g->fuel, "");
	gen_state_store(g, left, at);
}

static void body(struct gen *g)
{
	LLVMBasicBlockRef first;
	const struct body *b = &g->m->bodies[g->index - g->m->n_imported_funcs];

	g->r = (struct reader){.base = g->m->bytes,
			       .p = g->m->bytes + b->start,
			       .end = g->m->bytes + b->end,
			       .module = g->m,
			       .func = g->index};
	g->at = g->r.p;
	g->n = g->n_labels = g->dead = 0;
	g->slots = NULL;
	g->n_slots = 0;
	g->landing = NULL;
	g->fuel = NULL;
	g->inst = LLVMGetParam(g->fn, 0);
	g->entry = gen_block(g, "entry");
	begin_debug(g);
	LLVMPositionBuilderAtEnd(g->b, g->entry);
	set_position(g);
	begin_locals(g);
	first = gen_block(g, "body");
	LLVMBuildBr(g->b, first);
	LLVMPositionBuilderAtEnd(g->b, first);
	gen_begin_function(g);
	gen_fuel_start(g);
	while (g->n_labels) {
		g->at = g->r.p;
		g->op = read_op(&g->r);
		g->fuel_used++;
		if (g->dead)
			skip(g);
		else
			instruction(g);
	}
}

/* A convention for tail calls makes every call dearer: each callee removes
 * its arguments, and each call site keeps them aligned. */
unsigned int gen_convention(const struct wasm_module *m)
{
	struct reader r = {.base = m->bytes, .module = m};

	for (uint32_t i = 0; i < m->n_funcs - m->n_imported_funcs; i++) {
		r.p = m->bytes + m->bodies[i].start;
		r.end = m->bytes + m->bodies[i].end;
		for (uint32_t n = read_u32(&r); n; n--) {
			read_u32(&r);
			read_value_type(&r, m);
		}
		while (r.p < r.end) {
			enum op op = read_op(&r);

			if (op == OP_return_call || op == OP_return_call_ref ||
			    op == OP_return_call_indirect)
				return GEN_CC_TAIL;
			skip_immediates(&r, m, (enum imm)op_info[op].imm);
		}
	}
	return GEN_CC_C;
}

/* --- modules ---------------------------------------------------------------------------- */

static LLVMMetadataRef alias_scope(const struct gen *g, const char *name)
{
	LLVMMetadataRef d = LLVMMDStringInContext2(g->lc, "hull", 4);
	LLVMMetadataRef domain = LLVMMDNodeInContext2(g->lc, &d, 1);
	LLVMMetadataRef parts[2] = {
		LLVMMDStringInContext2(g->lc, name, strlen(name)), domain};

	return LLVMMDNodeInContext2(g->lc, parts, 2);
}

static LLVMValueRef scope_list(const struct gen *g, LLVMMetadataRef *scopes,
			       unsigned int n)
{
	return LLVMMetadataAsValue(g->lc,
				   LLVMMDNodeInContext2(g->lc, scopes, n));
}

/* What is in none of an access's `not` lists may be what it accesses.  It is
 * enough that one of two accesses says so of the other. */
static void make_scopes(struct gen *g)
{
	LLVMMetadataRef s[4] = {
		alias_scope(g, "memory"), alias_scope(g, "state"),
		alias_scope(g, "header"), alias_scope(g, "field")};

	g->memory_scope = scope_list(g, &s[0], 1);
	g->state_scope = scope_list(g, &s[1], 1);
	g->not_field = scope_list(g, s, 3);
	g->header_scope = scope_list(g, &s[2], 1);
	g->field_scope = scope_list(g, &s[3], 1);
	s[2] = s[3];
	g->not_header = scope_list(g, s, 3);
}

static LLVMValueRef weights(const struct gen *g, uint32_t yes, uint32_t no)
{
	LLVMMetadataRef parts[3] = {
		LLVMMDStringInContext2(g->lc, "branch_weights", 14),
		LLVMValueAsMetadata(gen_i32(g, yes)),
		LLVMValueAsMetadata(gen_i32(g, no))};

	return LLVMMetadataAsValue(g->lc,
				   LLVMMDNodeInContext2(g->lc, parts, 3));
}

static unsigned int md_kind(const struct gen *g, const char *name)
{
	return LLVMGetMDKindIDInContext(g->lc, name,
					(unsigned int)strlen(name));
}

static void module_flag(const struct gen *g, const char *name, uint32_t value)
{
	LLVMAddModuleFlag(g->mod, LLVMModuleFlagBehaviorWarning, name,
			  strlen(name), LLVMValueAsMetadata(gen_i32(g, value)));
}

static void begin_module(struct gen *g)
{
	g->none = LLVMVoidTypeInContext(g->lc);
	g->i1 = LLVMInt1TypeInContext(g->lc);
	g->i8 = LLVMInt8TypeInContext(g->lc);
	g->i16 = LLVMInt16TypeInContext(g->lc);
	g->i32 = LLVMInt32TypeInContext(g->lc);
	g->i64 = LLVMInt64TypeInContext(g->lc);
	g->f32 = LLVMFloatTypeInContext(g->lc);
	g->f64 = LLVMDoubleTypeInContext(g->lc);
	g->v128 = LLVMVectorType(g->i64, 2);
	g->ptr = LLVMPointerTypeInContext(g->lc, 0);
	g->md_invariant = md_kind(g, "invariant.load");
	g->md_scope = md_kind(g, "alias.scope");
	g->md_noalias = md_kind(g, "noalias");
	g->md_prof = md_kind(g, "prof");
	g->empty = LLVMMetadataAsValue(g->lc,
				       LLVMMDNodeInContext2(g->lc, NULL, 0));
	make_scopes(g);
	g->likely = weights(g, 1u << 20, 1);
	g->unlikely = weights(g, 1, 1u << 20);
	module_flag(g, "Dwarf Version", 4);
	module_flag(g, "Debug Info Version", LLVMDebugMetadataVersion());
	module_flag(g, "PIC Level", 2);
	g->di = LLVMCreateDIBuilder(g->mod);
	g->file = LLVMDIBuilderCreateFile(g->di, "module.wasm", 11, "", 0);
	LLVMDIBuilderCreateCompileUnit(g->di, LLVMDWARFSourceLanguageC, g->file,
				       "hull", 4, true, "", 0, 0, "", 0,
				       LLVMDWARFEmissionLineTablesOnly, 0,
				       false, false, "", 0, "", 0);
}

LLVMModuleRef gen_module(LLVMContextRef lc, const struct wasm_module *m,
			 const struct gen_options *opt, uint32_t from,
			 uint32_t to, bool thunks)
{
	struct gen g = {.lc = lc, .m = m, .opt = opt};

	g.mod = LLVMModuleCreateWithNameInContext("module", lc);
	g.b = LLVMCreateBuilderInContext(lc);
	g.funcs = xcalloc(m->n_funcs + 1, sizeof(*g.funcs));
	g.leaves = xcalloc(m->n_types + 1, sizeof(*g.leaves));
	begin_module(&g);
	for (uint32_t i = from; i < to; i++) {
		g.index = i;
		g.type = &m->funcs[i]->func;
		g.fn = gen_declare(&g, i);
		body(&g);
	}
	LLVMSetCurrentDebugLocation2(g.b, NULL);
	if (thunks)
		gen_enter_thunks(&g);
	LLVMDIBuilderFinalize(g.di);
	LLVMDisposeDIBuilder(g.di);
	LLVMDisposeBuilder(g.b);
	free(g.funcs);
	free(g.leaves);
	free(g.locals);
	free(g.local_types);
	free(g.stack);
	free(g.labels);
	return g.mod;
}
