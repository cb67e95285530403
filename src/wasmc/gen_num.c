/* Numbers: constants, arithmetic, conversions; and drop and select. */
#include "wasmc/gen.h"

#include <stdlib.h>
#include <string.h>

/* --- constants ---------------------------------------------------------------- */

static LLVMValueRef float_bits(struct gen *g, LLVMTypeRef t, uint64_t bits)
{
	LLVMTypeRef of = t == g->f32 ? g->i32 : g->i64;

	/* By way of its bits, so that a NaN keeps them. */
	return LLVMConstBitCast(LLVMConstInt(of, bits, false), t);
}

static LLVMValueRef constant(struct gen *g)
{
	uint64_t bits = 0;

	switch (g->op) {
	case OP_i32_const:
		return gen_i32(g, (uint32_t)read_s32(&g->r));
	case OP_i64_const:
		return gen_i64(g, (uint64_t)read_s64(&g->r));
	case OP_f32_const:
		memcpy(&bits, read_bytes(&g->r, 4), 4);
		return float_bits(g, g->f32, bits);
	default:
		memcpy(&bits, read_bytes(&g->r, 8), 8);
		return float_bits(g, g->f64, bits);
	}
}

/* --- integers ------------------------------------------------------------------ */

static LLVMValueRef int_like(LLVMValueRef v, uint64_t k)
{
	return LLVMConstInt(LLVMTypeOf(v), k, false);
}

static LLVMValueRef shift_count(struct gen *g, LLVMValueRef n)
{
	uint64_t mask = LLVMGetIntTypeWidth(LLVMTypeOf(n)) - 1;

	return LLVMBuildAnd(g->b, n, int_like(n, mask), "");
}

static LLVMValueRef rotate(struct gen *g, const char *name, LLVMValueRef a,
			   LLVMValueRef n)
{
	LLVMTypeRef t = LLVMTypeOf(a);
	LLVMValueRef args[3] = {a, a, n};

	return gen_intrinsic(g, name, &t, 1, args, 3);
}

static LLVMValueRef is_zero(struct gen *g, LLVMValueRef v)
{
	return LLVMBuildIsNull(g->b, v, "");
}

static LLVMValueRef is_minus_one(struct gen *g, LLVMValueRef v)
{
	return LLVMBuildICmp(g->b, LLVMIntEQ, v,
			     LLVMConstAllOnes(LLVMTypeOf(v)), "");
}

static LLVMValueRef div_s(struct gen *g, LLVMValueRef a, LLVMValueRef b)
{
	uint64_t min = 1ull << (LLVMGetIntTypeWidth(LLVMTypeOf(a)) - 1);
	LLVMValueRef is_min =
		LLVMBuildICmp(g->b, LLVMIntEQ, a, int_like(a, min), "");

	gen_trap_if(g, is_zero(g, b), WASM_TRAP_DIV_ZERO);
	gen_trap_if(g, LLVMBuildAnd(g->b, is_min, is_minus_one(g, b), ""),
		    WASM_TRAP_INT_OVERFLOW);
	return LLVMBuildSDiv(g->b, a, b, "");
}

/* INT_MIN rem -1 is 0, but undefined in LLVM: anything rem 1 is, too. */
static LLVMValueRef rem_s(struct gen *g, LLVMValueRef a, LLVMValueRef b)
{
	gen_trap_if(g, is_zero(g, b), WASM_TRAP_DIV_ZERO);
	b = LLVMBuildSelect(g->b, is_minus_one(g, b), int_like(b, 1), b, "");
	return LLVMBuildSRem(g->b, a, b, "");
}

static LLVMValueRef div_u(struct gen *g, LLVMValueRef a, LLVMValueRef b,
			  bool rem)
{
	gen_trap_if(g, is_zero(g, b), WASM_TRAP_DIV_ZERO);
	return rem ? LLVMBuildURem(g->b, a, b, "")
		   : LLVMBuildUDiv(g->b, a, b, "");
}

/* Behind each other in opcodes.def, from clz (unary) and add on. */
static LLVMValueRef int_unary(struct gen *g, unsigned int which, LLVMValueRef a)
{
	static const char *const names[] = {"llvm.ctlz", "llvm.cttz",
					    "llvm.ctpop"};
	LLVMTypeRef t = LLVMTypeOf(a);
	LLVMValueRef args[2] = {a, LLVMConstNull(g->i1)};

	return gen_intrinsic(g, names[which], &t, 1, args, which == 2 ? 1 : 2);
}

static LLVMValueRef int_binary(struct gen *g, unsigned int which,
			       LLVMValueRef a, LLVMValueRef b)
{
	switch (OP_i32_add + which) {
	case OP_i32_add:
		return LLVMBuildAdd(g->b, a, b, "");
	case OP_i32_sub:
		return LLVMBuildSub(g->b, a, b, "");
	case OP_i32_mul:
		return LLVMBuildMul(g->b, a, b, "");
	case OP_i32_div_s:
		return div_s(g, a, b);
	case OP_i32_div_u:
		return div_u(g, a, b, false);
	case OP_i32_rem_s:
		return rem_s(g, a, b);
	case OP_i32_rem_u:
		return div_u(g, a, b, true);
	case OP_i32_and:
		return LLVMBuildAnd(g->b, a, b, "");
	case OP_i32_or:
		return LLVMBuildOr(g->b, a, b, "");
	case OP_i32_xor:
		return LLVMBuildXor(g->b, a, b, "");
	case OP_i32_shl:
		return LLVMBuildShl(g->b, a, shift_count(g, b), "");
	case OP_i32_shr_s:
		return LLVMBuildAShr(g->b, a, shift_count(g, b), "");
	case OP_i32_shr_u:
		return LLVMBuildLShr(g->b, a, shift_count(g, b), "");
	case OP_i32_rotl:
		return rotate(g, "llvm.fshl", a, b);
	default:
		return rotate(g, "llvm.fshr", a, b);
	}
}

static const LLVMIntPredicate int_predicates[] = {
	LLVMIntEQ,  LLVMIntNE,  LLVMIntSLT, LLVMIntULT, LLVMIntSGT,
	LLVMIntUGT, LLVMIntSLE, LLVMIntULE, LLVMIntSGE, LLVMIntUGE,
};

static LLVMValueRef as_i32(struct gen *g, LLVMValueRef bit)
{
	return LLVMBuildZExt(g->b, bit, g->i32, "");
}

static LLVMValueRef sign_extend(struct gen *g, LLVMValueRef a, LLVMTypeRef from,
				LLVMTypeRef to)
{
	return LLVMBuildSExt(g->b, LLVMBuildTrunc(g->b, a, from, ""), to, "");
}

/* --- floats --------------------------------------------------------------------- */

/* LLVM takes x * 1.0 for x, also when x is a signalling NaN, which has to
 * come out quiet.  Behind a fence it does not see the constant. */
static LLVMValueRef fence(struct gen *g, LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);

	return gen_intrinsic(g, "llvm.arithmetic.fence", &t, 1, &v, 1);
}

static LLVMValueRef hide_constant(struct gen *g, LLVMValueRef v)
{
	return LLVMIsConstant(v) ? fence(g, v) : v;
}

static LLVMValueRef float_unary(struct gen *g, unsigned int which,
				LLVMValueRef a)
{
	static const char *const names[] = {"llvm.fabs",  NULL,
					    "llvm.ceil",  "llvm.floor",
					    "llvm.trunc", "llvm.roundeven",
					    "llvm.sqrt"};
	LLVMTypeRef t = LLVMTypeOf(a);

	if (!names[which])
		return LLVMBuildFNeg(g->b, a, "");
	return gen_intrinsic(g, names[which], &t, 1, &a, 1);
}

/* llvm.minimum may hand on a signalling NaN, which an addition makes quiet;
 * Arm64's instruction does that itself. */
LLVMValueRef gen_min_max(struct gen *g, const char *name, LLVMValueRef a,
			 LLVMValueRef b)
{
	LLVMTypeRef t = LLVMTypeOf(a);
	LLVMValueRef args[2] = {a, b}, v;

	v = gen_intrinsic(g, name, &t, 1, args, 2);
	if (g->opt->cpu >= AOT_ARM64_V8)
		return v;
	LLVMSetFastMathFlags(v, LLVMFastMathNoNaNs);
	return LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, a, b, ""),
			       LLVMBuildFAdd(g->b, a, b, ""), v, "");
}

static LLVMValueRef float_binary(struct gen *g, unsigned int which,
				 LLVMValueRef a, LLVMValueRef b)
{
	LLVMTypeRef t = LLVMTypeOf(a);
	LLVMValueRef args[2] = {a, b};

	switch (OP_f32_add + which) {
	case OP_f32_add:
		return LLVMBuildFAdd(g->b, hide_constant(g, a),
				     hide_constant(g, b), "");
	case OP_f32_sub:
		return LLVMBuildFSub(g->b, hide_constant(g, a),
				     hide_constant(g, b), "");
	case OP_f32_mul:
		return LLVMBuildFMul(g->b, hide_constant(g, a),
				     hide_constant(g, b), "");
	case OP_f32_div:
		return LLVMBuildFDiv(g->b, a, hide_constant(g, b), "");
	case OP_f32_min:
		return gen_min_max(g, "llvm.minimum", a, b);
	case OP_f32_max:
		return gen_min_max(g, "llvm.maximum", a, b);
	default:
		return gen_intrinsic(g, "llvm.copysign", &t, 1, args, 2);
	}
}

static const LLVMRealPredicate float_predicates[] = {
	LLVMRealOEQ, LLVMRealUNE, LLVMRealOLT,
	LLVMRealOGT, LLVMRealOLE, LLVMRealOGE,
};

/* --- conversions ------------------------------------------------------------------ */

/* The smallest float that is too large, and the largest that is too small, of
 * each of trunc_{f32,f64}_{s,u} to 32 and 64 bits; exact in their type. */
struct range {
	double low, high; /* valid: low < x < high */
	bool low_is_valid;
};

static struct range trunc_range(bool to64, bool from64, bool is_signed)
{
	if (!is_signed)
		return (struct range){-1.0, to64 ? 0x1p64 : 0x1p32, false};
	if (to64)
		return (struct range){-0x1p63, 0x1p63, true};
	if (from64)
		return (struct range){-0x1p31 - 1, 0x1p31, false};
	return (struct range){-0x1p31, 0x1p31, true};
}

static LLVMValueRef trunc_float(struct gen *g, LLVMValueRef a, LLVMTypeRef to,
				bool is_signed)
{
	LLVMTypeRef from = LLVMTypeOf(a);
	struct range r = trunc_range(to == g->i64, from == g->f64, is_signed);
	LLVMValueRef low = LLVMConstReal(from, r.low),
		     high = LLVMConstReal(from, r.high), bad;

	gen_trap_if(g, LLVMBuildFCmp(g->b, LLVMRealUNO, a, a, ""),
		    WASM_TRAP_CONVERSION);
	bad = LLVMBuildOr(
		g->b,
		LLVMBuildFCmp(g->b, r.low_is_valid ? LLVMRealOLT : LLVMRealOLE,
			      a, low, ""),
		LLVMBuildFCmp(g->b, LLVMRealOGE, a, high, ""), "");
	gen_trap_if(g, bad, WASM_TRAP_INT_OVERFLOW);
	return is_signed ? LLVMBuildFPToSI(g->b, a, to, "")
			 : LLVMBuildFPToUI(g->b, a, to, "");
}

static LLVMValueRef trunc_sat(struct gen *g, LLVMValueRef a, LLVMTypeRef to,
			      bool is_signed)
{
	LLVMTypeRef types[2] = {to, LLVMTypeOf(a)};

	return gen_intrinsic(g,
			     is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat",
			     types, 2, &a, 1);
}

static LLVMValueRef from_int(struct gen *g, LLVMValueRef a, LLVMTypeRef to,
			     bool is_signed)
{
	return is_signed ? LLVMBuildSIToFP(g->b, a, to, "")
			 : LLVMBuildUIToFP(g->b, a, to, "");
}

static LLVMValueRef conversion(struct gen *g, LLVMValueRef a)
{
	LLVMTypeRef wide =
		g->op >= OP_i64_trunc_f32_s && g->op <= OP_i64_trunc_f64_u
			? g->i64
			: g->i32;

	switch (g->op) {
	case OP_i32_wrap_i64:
		return LLVMBuildTrunc(g->b, a, g->i32, "");
	case OP_i32_trunc_f32_s:
	case OP_i32_trunc_f64_s:
	case OP_i64_trunc_f32_s:
	case OP_i64_trunc_f64_s:
		return trunc_float(g, a, wide, true);
	case OP_i32_trunc_f32_u:
	case OP_i32_trunc_f64_u:
	case OP_i64_trunc_f32_u:
	case OP_i64_trunc_f64_u:
		return trunc_float(g, a, wide, false);
	case OP_i64_extend_i32_s:
		return LLVMBuildSExt(g->b, a, g->i64, "");
	case OP_i64_extend_i32_u:
		return LLVMBuildZExt(g->b, a, g->i64, "");
	case OP_f32_convert_i32_s:
	case OP_f32_convert_i64_s:
		return from_int(g, a, g->f32, true);
	case OP_f32_convert_i32_u:
	case OP_f32_convert_i64_u:
		return from_int(g, a, g->f32, false);
	case OP_f64_convert_i32_s:
	case OP_f64_convert_i64_s:
		return from_int(g, a, g->f64, true);
	case OP_f64_convert_i32_u:
	case OP_f64_convert_i64_u:
		return from_int(g, a, g->f64, false);
	case OP_f32_demote_f64:
		/* Or what was promoted would come back as it was. */
		return LLVMBuildFPTrunc(g->b, fence(g, a), g->f32, "");
	case OP_f64_promote_f32:
		return LLVMBuildFPExt(g->b, a, g->f64, "");
	case OP_i32_reinterpret_f32:
		return LLVMBuildBitCast(g->b, a, g->i32, "");
	case OP_i64_reinterpret_f64:
		return LLVMBuildBitCast(g->b, a, g->i64, "");
	case OP_f32_reinterpret_i32:
		return LLVMBuildBitCast(g->b, a, g->f32, "");
	case OP_f64_reinterpret_i64:
		return LLVMBuildBitCast(g->b, a, g->f64, "");
	case OP_i32_extend8_s:
		return sign_extend(g, a, g->i8, g->i32);
	case OP_i32_extend16_s:
		return sign_extend(g, a, g->i16, g->i32);
	case OP_i64_extend8_s:
		return sign_extend(g, a, g->i8, g->i64);
	case OP_i64_extend16_s:
		return sign_extend(g, a, g->i16, g->i64);
	default:
		return sign_extend(g, a, g->i32, g->i64);
	}
}

static LLVMValueRef saturating(struct gen *g, LLVMValueRef a)
{
	bool is_signed = (g->op - OP_i32_trunc_sat_f32_s) % 2 == 0;

	return trunc_sat(g, a,
			 g->op >= OP_i64_trunc_sat_f32_s ? g->i64 : g->i32,
			 is_signed);
}

/* --- all of them ------------------------------------------------------------------- */

static void select_one(struct gen *g)
{
	LLVMValueRef cond, a, b;

	if (g->op == OP_select_t)
		skip_immediates(&g->r, g->m, IMM_TYPES);
	cond = LLVMBuildICmp(g->b, LLVMIntNE, gen_pop(g), gen_i32(g, 0), "");
	b = gen_pop(g);
	a = gen_pop(g);
	/* Both are vectors, but perhaps not of the same shape. */
	b = gen_as(g, b, LLVMTypeOf(a));
	gen_push(g, LLVMBuildSelect(g->b, cond, a, b, ""));
}

static void binary(struct gen *g)
{
	enum op op = g->op;
	LLVMValueRef b = gen_pop(g), a = gen_pop(g), v;

	if (op >= OP_i32_eq && op <= OP_i32_ge_u)
		v = as_i32(g,
			   LLVMBuildICmp(g->b, int_predicates[op - OP_i32_eq],
					 a, b, ""));
	else if (op >= OP_i64_eq && op <= OP_i64_ge_u)
		v = as_i32(g,
			   LLVMBuildICmp(g->b, int_predicates[op - OP_i64_eq],
					 a, b, ""));
	else if (op >= OP_f32_eq && op <= OP_f32_ge)
		v = as_i32(g,
			   LLVMBuildFCmp(g->b, float_predicates[op - OP_f32_eq],
					 a, b, ""));
	else if (op >= OP_f64_eq && op <= OP_f64_ge)
		v = as_i32(g,
			   LLVMBuildFCmp(g->b, float_predicates[op - OP_f64_eq],
					 a, b, ""));
	else if (op >= OP_i32_add && op <= OP_i32_rotr)
		v = int_binary(g, op - OP_i32_add, a, b);
	else if (op >= OP_i64_add && op <= OP_i64_rotr)
		v = int_binary(g, op - OP_i64_add, a, b);
	else if (op >= OP_f32_add && op <= OP_f32_copysign)
		v = float_binary(g, op - OP_f32_add, a, b);
	else
		v = float_binary(g, op - OP_f64_add, a, b);
	gen_push(g, v);
}

static void unary(struct gen *g)
{
	enum op op = g->op;
	LLVMValueRef a = gen_pop(g), v;

	if (op == OP_i32_eqz || op == OP_i64_eqz)
		v = as_i32(g, is_zero(g, a));
	else if (op >= OP_i32_clz && op <= OP_i32_popcnt)
		v = int_unary(g, op - OP_i32_clz, a);
	else if (op >= OP_i64_clz && op <= OP_i64_popcnt)
		v = int_unary(g, op - OP_i64_clz, a);
	else if (op >= OP_f32_abs && op <= OP_f32_sqrt)
		v = float_unary(g, op - OP_f32_abs, a);
	else if (op >= OP_f64_abs && op <= OP_f64_sqrt)
		v = float_unary(g, op - OP_f64_abs, a);
	else if (op >= OP_i32_trunc_sat_f32_s && op <= OP_i64_trunc_sat_f64_u)
		v = saturating(g, a);
	else
		v = conversion(g, a);
	gen_push(g, v);
}

bool gen_numeric(struct gen *g)
{
	if (g->op == OP_drop) {
		gen_pop(g);
	} else if (g->op == OP_select || g->op == OP_select_t) {
		select_one(g);
	} else if (g->op >= OP_i32_const && g->op <= OP_f64_const) {
		gen_push(g, constant(g));
	} else if ((g->op >= OP_i32_eqz && g->op <= OP_i64_extend32_s) ||
		   (g->op >= OP_i32_trunc_sat_f32_s &&
		    g->op <= OP_i64_trunc_sat_f64_u)) {
		/* "ii>i" or "i>i" */
		if (op_info[g->op].sig[1] == '>')
			unary(g);
		else
			binary(g);
	} else {
		return false;
	}
	return true;
}
