/* Vectors of integers: what takes more than one of LLVM's instructions.  The
 * idioms are those of which it makes one of the machine's. */
#include "wasmc/gen_simd.h"

static LLVMTypeRef wide_lane(const struct gen *g, LLVMValueRef v)
{
	return LLVMIntTypeInContext(
		g->lc,
		2 * LLVMGetIntTypeWidth(LLVMGetElementType(LLVMTypeOf(v))));
}

static LLVMTypeRef narrow_lane(const struct gen *g, LLVMValueRef v)
{
	return LLVMIntTypeInContext(
		g->lc,
		LLVMGetIntTypeWidth(LLVMGetElementType(LLVMTypeOf(v))) / 2);
}

/* Every lane twice as wide. */
static LLVMValueRef widen(struct gen *g, LLVMValueRef v, bool is_signed)
{
	LLVMTypeRef t = simd_lanes_of(v, wide_lane(g, v));

	return is_signed ? LLVMBuildSExt(g->b, v, t, "")
			 : LLVMBuildZExt(g->b, v, t, "");
}

static LLVMValueRef low_or_high(struct gen *g, LLVMValueRef v, bool high)
{
	unsigned int n = simd_lanes(v) / 2;

	return simd_pick(g, v, v, high ? n : 0, 1, n);
}

/* The sums of lanes 0 and 1, 2 and 3, ... */
static LLVMValueRef add_pairs(struct gen *g, LLVMValueRef v)
{
	unsigned int n = simd_lanes(v) / 2;

	return LLVMBuildAdd(g->b, simd_pick(g, v, v, 0, 2, n),
			    simd_pick(g, v, v, 1, 2, n), "");
}

/* --- arithmetic ---------------------------------------------------------------- */

/* The least number stays what it is. */
SIMD_MAKE(int_abs)
{
	LLVMValueRef args[2] = {v[0], LLVMConstNull(g->i1)};

	(void)op;
	return simd_generic(g, "llvm.abs", args, 2);
}

SIMD_MAKE(avgr)
{
	LLVMValueRef sum = LLVMBuildAdd(g->b, widen(g, v[0], false),
					widen(g, v[1], false), "");
	LLVMValueRef one = simd_all(sum, 1);

	(void)op;
	sum = LLVMBuildLShr(g->b, LLVMBuildAdd(g->b, sum, one, ""), one, "");
	return LLVMBuildTrunc(g->b, sum, LLVMTypeOf(v[0]), "");
}

/* x86 wraps around where the product is 1: then it is made the largest. */
SIMD_MAKE(q15mulr)
{
	LLVMValueRef r, wrapped;

	(void)op;
	if (simd_is_arm(g))
		return simd_generic(g, "llvm.aarch64.neon.sqrdmulh", v, 2);
	r = simd_machine(g, "llvm.x86.ssse3.pmul.hr.sw.128", v, 2);
	wrapped = LLVMBuildICmp(g->b, LLVMIntEQ, r,
				simd_all(r, (uint64_t)INT16_MIN), "");
	wrapped = LLVMBuildSExt(g->b, wrapped, LLVMTypeOf(r), "");
	return LLVMBuildXor(g->b, r, wrapped, "");
}

/* --- between the shapes ------------------------------------------------------------ */

/* LLVM finds the instructions, but for arm64's from signed to unsigned. */
static LLVMValueRef narrow_u_arm(struct gen *g, LLVMValueRef v)
{
	LLVMTypeRef t = simd_lanes_of(v, narrow_lane(g, v));

	return gen_intrinsic(g, "llvm.aarch64.neon.sqxtun", &t, 1, &v, 1);
}

/* The lanes of both, which are signed, into the range of half their width. */
SIMD_MAKE(narrow)
{
	unsigned int n = simd_lanes(v[0]);
	LLVMTypeRef half = narrow_lane(g, v[0]);
	unsigned int bits = LLVMGetIntTypeWidth(half);
	int64_t low = op->flag ? -(1ll << (bits - 1)) : 0;
	int64_t high = (1ll << (op->flag ? bits - 1 : bits)) - 1;
	LLVMValueRef args[2];

	if (simd_is_arm(g) && !op->flag)
		return simd_pick(g, narrow_u_arm(g, v[0]),
				 narrow_u_arm(g, v[1]), 0, 1, 2 * n);
	args[0] = simd_pick(g, v[0], v[1], 0, 1, 2 * n);
	args[1] = simd_all(args[0], (uint64_t)low);
	args[0] = simd_generic(g, "llvm.smax", args, 2);
	args[1] = simd_all(args[0], (uint64_t)high);
	args[0] = simd_generic(g, "llvm.smin", args, 2);
	return LLVMBuildTrunc(g->b, args[0], LLVMVectorType(half, 2 * n), "");
}

SIMD_MAKE(extend)
{
	return widen(g, low_or_high(g, v[0], op->arg), op->flag);
}

SIMD_MAKE(extmul)
{
	LLVMValueRef a = widen(g, low_or_high(g, v[0], op->arg), op->flag);
	LLVMValueRef b = widen(g, low_or_high(g, v[1], op->arg), op->flag);

	return LLVMBuildMul(g->b, a, b, "");
}

/* x86 has sums of products, of which one factor is 1 here: of bytes unsigned
 * with signed ones, and of signed words. */
static LLVMValueRef extadd_x86(struct gen *g, LLVMValueRef v, bool is_signed)
{
	LLVMValueRef args[2] = {v, simd_all(v, 1)};

	if (simd_lanes(v) == 8)
		return simd_machine(g, "llvm.x86.sse2.pmadd.wd", args, 2);
	if (is_signed) {
		args[0] = args[1];
		args[1] = v;
	}
	return simd_machine(g, "llvm.x86.ssse3.pmadd.ub.sw.128", args, 2);
}

SIMD_MAKE(extadd)
{
	LLVMTypeRef types[2] = {
		LLVMVectorType(wide_lane(g, v[0]), simd_lanes(v[0]) / 2),
		LLVMTypeOf(v[0])};
	LLVMValueRef words, low;

	if (simd_is_arm(g))
		return gen_intrinsic(g,
				     op->flag ? "llvm.aarch64.neon.saddlp"
					      : "llvm.aarch64.neon.uaddlp",
				     types, 2, v, 1);
	if (op->flag || op->shape == SIMD_I8X16)
		return extadd_x86(g, v[0], op->flag);
	words = LLVMBuildBitCast(g->b, v[0], types[0], "");
	low = LLVMBuildAnd(g->b, words, simd_all(words, 0xffff), "");
	words = LLVMBuildLShr(g->b, words, simd_all(words, 16), "");
	return LLVMBuildAdd(g->b, low, words, "");
}

static LLVMValueRef dot_product(struct gen *g, LLVMValueRef a, LLVMValueRef b)
{
	return add_pairs(g, LLVMBuildMul(g->b, widen(g, a, true),
					 widen(g, b, true), ""));
}

SIMD_MAKE(dot)
{
	(void)op;
	return dot_product(g, v[0], v[1]);
}

SIMD_MAKE(dot_i7)
{
	(void)op;
	return dot_product(g, v[0], v[1]);
}

/* The sums of pairs are wrapped to 16 bits before they are added up. */
SIMD_MAKE(dot_i7_add)
{
	const struct simd_op extadd = {.shape = SIMD_I16X8, .flag = true};
	LLVMValueRef pairs = dot_product(g, v[0], v[1]);
	LLVMValueRef sums = simd_extadd(g, &extadd, &pairs);

	(void)op;
	return LLVMBuildAdd(g->b, sums, gen_as(g, v[2], LLVMTypeOf(sums)), "");
}

/* --- bytes by index ------------------------------------------------------------------ */

/* x86 takes the index modulo 16, or gives 0 if its top bit is set: it is for
 * all from 16 on when 0x70 is added, no further than 0xff. */
SIMD_MAKE(swizzle)
{
	LLVMValueRef args[2] = {v[1], simd_all(v[1], 0x70)};

	(void)op;
	if (simd_is_arm(g))
		return simd_generic(g, "llvm.aarch64.neon.tbl1", v, 2);
	args[1] = simd_generic(g, "llvm.uadd.sat", args, 2);
	args[0] = v[0];
	return simd_machine(g, "llvm.x86.ssse3.pshuf.b.128", args, 2);
}

/* --- tests --------------------------------------------------------------------------- */

static LLVMValueRef as_i32(struct gen *g, LLVMValueRef bit)
{
	return LLVMBuildZExt(g->b, bit, g->i32, "");
}

/* Lanes of 1 bit as a number. */
static LLVMValueRef lane_bits(struct gen *g, LLVMValueRef lanes)
{
	LLVMTypeRef t = LLVMIntTypeInContext(g->lc, simd_lanes(lanes));

	return LLVMBuildBitCast(g->b, lanes, t, "");
}

SIMD_MAKE(bitmask)
{
	LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(v[0]));

	(void)op;
	return as_i32(g, lane_bits(g, LLVMBuildICmp(g->b, LLVMIntSLT, v[0],
						    zero, "")));
}

/* arm64 has the least of all lanes in one instruction, but no mask of their
 * signs. */
SIMD_MAKE(all_true)
{
	LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(v[0])), r;

	if (simd_is_arm(g) && op->shape != SIMD_I64X2) {
		r = simd_generic(g, "llvm.vector.reduce.umin", v, 1);
		r = LLVMBuildIsNotNull(g->b, r, "");
	} else {
		r = lane_bits(g,
			      LLVMBuildICmp(g->b, LLVMIntEQ, v[0], zero, ""));
		r = LLVMBuildIsNull(g->b, r, "");
	}
	return as_i32(g, r);
}

SIMD_MAKE(any_true)
{
	LLVMValueRef r;

	(void)op;
	if (simd_is_arm(g)) {
		r = gen_as(g, v[0], simd_type(g, SIMD_I32X4));
		r = simd_generic(g, "llvm.vector.reduce.umax", &r, 1);
	} else {
		r = LLVMBuildBitCast(g->b, v[0],
				     LLVMIntTypeInContext(g->lc, 128), "");
	}
	return as_i32(g, LLVMBuildIsNotNull(g->b, r, ""));
}
