/* Vectors of floats, and conversions. */
#include "wasmc/gen_simd.h"

#include <string.h>

/* --- constants that LLVM must not see --------------------------------------------- */

/* x + 0, x - 0, x * 1, x / 1 and such are x for LLVM, also where x is a
 * signalling NaN, which has to come out quiet. */
static bool is_special(double d)
{
	return d != d || d == 0 || d == 1 || d == -1;
}

/* `from` has lanes of 64 bits; t says what they are. */
static bool has_special_bits(const struct gen *g, LLVMValueRef from,
			     LLVMTypeRef t)
{
	bool is_float = LLVMGetElementType(t) == g->f32;

	for (unsigned int i = 0; i < 2; i++) {
		LLVMValueRef lane = LLVMGetAggregateElement(from, i);
		uint64_t bits;
		double d;
		float f[2];

		if (!lane || !LLVMIsAConstantInt(lane))
			return true;
		bits = LLVMConstIntGetZExtValue(lane);
		memcpy(&d, &bits, sizeof(d));
		memcpy(f, &bits, sizeof(f));
		if (is_float ? is_special((double)f[0]) ||
				       is_special((double)f[1])
			     : is_special(d))
			return true;
	}
	return false;
}

static bool has_special_lane(const struct gen *g, LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);
	LLVMBool inexact;

	/* v128.const is the cast of integers. */
	if (LLVMIsAConstantExpr(v) && LLVMGetConstOpcode(v) == LLVMBitCast &&
	    LLVMTypeOf(LLVMGetOperand(v, 0)) == g->v128)
		return has_special_bits(g, LLVMGetOperand(v, 0), t);
	for (unsigned int i = 0; i < simd_lanes(v); i++) {
		LLVMValueRef lane = LLVMGetAggregateElement(v, i);

		if (!lane || !LLVMIsAConstantFP(lane) ||
		    is_special(LLVMConstRealGetDouble(lane, &inexact)))
			return true;
	}
	return false;
}

static LLVMValueRef hidden(struct gen *g, LLVMValueRef v)
{
	if (!LLVMIsConstant(v) || !has_special_lane(g, v))
		return v;
	return simd_generic(g, "llvm.arithmetic.fence", &v, 1);
}

/* --- arithmetic ---------------------------------------------------------------- */

SIMD_MAKE(float_binary)
{
	return LLVMBuildBinOp(g->b, (LLVMOpcode)op->arg, hidden(g, v[0]),
			      hidden(g, v[1]), "");
}

/* a < b ? a : b, or a > b ? a : b: x86's minimum and maximum.  A selection of
 * two doubles LLVM would take for one of integers, and not find them. */
static LLVMValueRef first_if(struct gen *g, bool greater, LLVMValueRef a,
			     LLVMValueRef b)
{
	static const char *const names[2][2] = {
		{"llvm.x86.sse2.min.pd", "llvm.x86.sse.min.ps"},
		{"llvm.x86.sse2.max.pd", "llvm.x86.sse.max.ps"},
	};
	LLVMRealPredicate p = greater ? LLVMRealOGT : LLVMRealOLT;
	LLVMValueRef args[2] = {a, b};

	if (simd_is_arm(g))
		return simd_choose(g, LLVMBuildFCmp(g->b, p, a, b, ""), a, b);
	return simd_machine(g, names[greater][simd_lanes(a) == 4], args, 2);
}

/* In either order the result is the same but for zeros, whose signs the bits
 * of both tell, and NaNs, of which the sum makes a quiet one. */
static LLVMValueRef extreme_x86(struct gen *g, bool max, LLVMValueRef a,
				LLVMValueRef b)
{
	LLVMValueRef x = gen_as(g, first_if(g, max, a, b), g->v128);
	LLVMValueRef y = gen_as(g, first_if(g, max, b, a), g->v128);
	LLVMValueRef nan = LLVMBuildFCmp(g->b, LLVMRealUNO, a, b, "");
	LLVMValueRef sum = LLVMBuildFAdd(g->b, hidden(g, a), hidden(g, b), "");

	x = max ? LLVMBuildAnd(g->b, x, y, "") : LLVMBuildOr(g->b, x, y, "");
	return simd_choose(g, nan, sum, gen_as(g, x, LLVMTypeOf(a)));
}

SIMD_MAKE(extreme)
{
	if (simd_is_arm(g))
		return simd_generic(
			g, op->flag ? "llvm.maximum" : "llvm.minimum", v, 2);
	return extreme_x86(g, op->flag, v[0], v[1]);
}

/* b < a ? b : a */
SIMD_MAKE(pseudo_extreme)
{
	return first_if(g, op->flag, v[1], v[0]);
}

/* Without an instruction for it, the engine computes it as it does when it
 * interprets: v[0] becomes the result. */
static LLVMValueRef madd_by_helper(struct gen *g, enum simd_shape shape,
				   LLVMValueRef *v)
{
	LLVMValueRef slots = gen_slots(g, 6);

	for (unsigned int i = 0; i < 3; i++)
		gen_state_store(g, v[i], gen_at(g, slots, i * 16ull));
	gen_helper(g, shape == SIMD_F32X4 ? GEN_f32x4_madd : GEN_f64x2_madd,
		   &slots, 1);
	return gen_state_load(g, LLVMTypeOf(v[0]), slots);
}

SIMD_MAKE(madd)
{
	if (op->flag)
		v[0] = LLVMBuildFNeg(g->b, v[0], "");
	if (g->opt->cpu == AOT_X86_64_V2)
		return madd_by_helper(g, (enum simd_shape)op->shape, v);
	return simd_generic(g, "llvm.fma", v, 3);
}

/* --- from integers, and between the floats ------------------------------------------ */

static LLVMValueRef from_int(struct gen *g, LLVMValueRef v, LLVMTypeRef lane,
			     bool is_signed)
{
	LLVMTypeRef t = simd_lanes_of(v, lane);

	return is_signed ? LLVMBuildSIToFP(g->b, v, t, "")
			 : LLVMBuildUIToFP(g->b, v, t, "");
}

SIMD_MAKE(convert)
{
	return from_int(g, v[0], g->f32, op->flag);
}

SIMD_MAKE(convert_low)
{
	return from_int(g, simd_pick(g, v[0], v[0], 0, 1, 2), g->f64, op->flag);
}

/* Two lanes, and two that are zero. */
static LLVMValueRef and_zeros(struct gen *g, LLVMValueRef v)
{
	return simd_pick(g, v, LLVMConstNull(LLVMTypeOf(v)), 0, 1, 4);
}

/* What was promoted must not come back as it was, if that is a signalling
 * NaN. */
SIMD_MAKE(demote)
{
	LLVMTypeRef t = simd_lanes_of(v[0], g->f32);

	(void)op;
	v[0] = simd_generic(g, "llvm.arithmetic.fence", v, 1);
	return and_zeros(g, LLVMBuildFPTrunc(g->b, v[0], t, ""));
}

SIMD_MAKE(promote)
{
	LLVMValueRef low = simd_pick(g, v[0], v[0], 0, 1, 2);

	(void)op;
	return LLVMBuildFPExt(g->b, low, simd_lanes_of(low, g->f64), "");
}

/* --- to integers ----------------------------------------------------------------------- */

/* To integers of the same width, as arm64 has it. */
static LLVMValueRef trunc_arm(struct gen *g, LLVMValueRef v, LLVMTypeRef lane,
			      bool is_signed)
{
	LLVMTypeRef types[2] = {simd_lanes_of(v, lane), LLVMTypeOf(v)};

	return gen_intrinsic(g,
			     is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat",
			     types, 2, &v, 1);
}

/* x86 makes 0x80000000 of NaNs, and of what is out of range. */
static LLVMValueRef to_int_x86(struct gen *g, LLVMValueRef v)
{
	return simd_machine(g,
			    simd_lanes(v) == 4 ? "llvm.x86.sse2.cvttps2dq"
					       : "llvm.x86.sse2.cvttpd2dq",
			    &v, 1);
}

/* All ones in the lanes that are at least 2^31. */
static LLVMValueRef is_large(struct gen *g, LLVMValueRef v)
{
	LLVMValueRef large = LLVMBuildFCmp(g->b, LLVMRealOGE, v,
					   simd_all_float(v, 0x1p31), "");

	return LLVMBuildSExt(g->b, large, simd_type(g, SIMD_I32X4), "");
}

static LLVMValueRef trunc_s_x86(struct gen *g, LLVMValueRef v)
{
	LLVMValueRef number = LLVMBuildFCmp(g->b, LLVMRealORD, v, v, ""), r;

	r = to_int_x86(g,
		       simd_choose(g, number, v, LLVMConstNull(LLVMTypeOf(v))));
	return LLVMBuildXor(g->b, r, is_large(g, v), "");
}

/* v, or 0 where that is negative or no number. */
static LLVMValueRef not_negative(struct gen *g, LLVMValueRef v)
{
	return first_if(g, true, v, LLVMConstNull(LLVMTypeOf(v)));
}

/* Up to 2^31 as a signed number, and the same of what is above: the former is
 * 2^31 when it is larger, and the latter negative when it is less. */
static LLVMValueRef trunc_u_x86(struct gen *g, LLVMValueRef v)
{
	LLVMValueRef low, above, args[2];

	v = not_negative(g, v);
	low = to_int_x86(g, v);
	above = LLVMBuildFSub(g->b, v, simd_all_float(v, 0x1p31), "");
	args[0] = LLVMBuildXor(g->b, to_int_x86(g, above), is_large(g, above),
			       "");
	args[1] = LLVMConstNull(LLVMTypeOf(low));
	return LLVMBuildAdd(g->b, low, simd_generic(g, "llvm.smax", args, 2),
			    "");
}

SIMD_MAKE(trunc_sat)
{
	if (simd_is_arm(g))
		return trunc_arm(g, v[0], g->i32, op->flag);
	return op->flag ? trunc_s_x86(g, v[0]) : trunc_u_x86(g, v[0]);
}

/* What is too small becomes the least integer by itself. */
static LLVMValueRef trunc_s_zero_x86(struct gen *g, LLVMValueRef v)
{
	LLVMValueRef number = LLVMBuildFCmp(g->b, LLVMRealORD, v, v, "");
	LLVMValueRef most =
		simd_choose(g, number, simd_all_float(v, 2147483647.0),
			    LLVMConstNull(LLVMTypeOf(v)));

	return to_int_x86(g, first_if(g, false, v, most));
}

/* The lower word of 2^52 + n is n. */
static LLVMValueRef trunc_u_zero_x86(struct gen *g, LLVMValueRef v)
{
	LLVMValueRef zero = LLVMConstNull(simd_type(g, SIMD_I32X4));
	LLVMValueRef most = simd_all_float(v, 4294967295.0);

	v = first_if(g, false, not_negative(g, v), most);
	v = simd_generic(g, "llvm.trunc", &v, 1);
	v = LLVMBuildFAdd(g->b, v, simd_all_float(v, 0x1p52), "");
	v = gen_as(g, v, LLVMTypeOf(zero));
	v = simd_pick(g, v, zero, 0, 2, 4);
	return v;
}

static LLVMValueRef trunc_zero_arm(struct gen *g, LLVMValueRef v,
				   bool is_signed)
{
	LLVMTypeRef t = simd_lanes_of(v, g->i32);

	v = trunc_arm(g, v, g->i64, is_signed);
	v = gen_intrinsic(g,
			  is_signed ? "llvm.aarch64.neon.sqxtn"
				    : "llvm.aarch64.neon.uqxtn",
			  &t, 1, &v, 1);
	return and_zeros(g, v);
}

SIMD_MAKE(trunc_sat_zero)
{
	if (simd_is_arm(g))
		return trunc_zero_arm(g, v[0], op->flag);
	return op->flag ? trunc_s_zero_x86(g, v[0]) : trunc_u_zero_x86(g, v[0]);
}
