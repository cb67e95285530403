/* Vectors: the table of all instructions, and what needs no more than LLVM's
 * own: lanes, bits, shifts, comparisons, memory. */
#include "wasmc/gen_simd.h"

#include <string.h>

/* --- types and lanes ---------------------------------------------------------- */

LLVMTypeRef simd_type(const struct gen *g, enum simd_shape shape)
{
	switch (shape) {
	case SIMD_I8X16:
		return LLVMVectorType(g->i8, 16);
	case SIMD_I16X8:
		return LLVMVectorType(g->i16, 8);
	case SIMD_I32X4:
		return LLVMVectorType(g->i32, 4);
	case SIMD_I64X2:
		return LLVMVectorType(g->i64, 2);
	case SIMD_F32X4:
		return LLVMVectorType(g->f32, 4);
	default:
		return LLVMVectorType(g->f64, 2);
	}
}

unsigned int simd_lanes(LLVMValueRef v)
{
	return LLVMGetVectorSize(LLVMTypeOf(v));
}

LLVMTypeRef simd_lanes_of(LLVMValueRef v, LLVMTypeRef lane)
{
	return LLVMVectorType(lane, simd_lanes(v));
}

static LLVMValueRef all_of(LLVMValueRef lane, unsigned int n)
{
	LLVMValueRef lanes[32];

	for (unsigned int i = 0; i < n; i++)
		lanes[i] = lane;
	return LLVMConstVector(lanes, n);
}

LLVMValueRef simd_all(LLVMValueRef v, uint64_t k)
{
	LLVMTypeRef lane = LLVMGetElementType(LLVMTypeOf(v));

	return all_of(LLVMConstInt(lane, k, true), simd_lanes(v));
}

LLVMValueRef simd_all_float(LLVMValueRef v, double k)
{
	LLVMTypeRef lane = LLVMGetElementType(LLVMTypeOf(v));

	return all_of(LLVMConstReal(lane, k), simd_lanes(v));
}

static LLVMValueRef shuffle(struct gen *g, LLVMValueRef a, LLVMValueRef b,
			    const uint8_t *lanes, unsigned int n)
{
	LLVMValueRef mask[32];

	for (unsigned int i = 0; i < n; i++)
		mask[i] = gen_i32(g, lanes[i]);
	return LLVMBuildShuffleVector(g->b, a, b, LLVMConstVector(mask, n), "");
}

LLVMValueRef simd_pick(struct gen *g, LLVMValueRef a, LLVMValueRef b,
		       unsigned int first, unsigned int step, unsigned int n)
{
	uint8_t lanes[32];

	for (unsigned int i = 0; i < n; i++)
		lanes[i] = (uint8_t)(first + i * step);
	return shuffle(g, a, b, lanes, n);
}

LLVMValueRef simd_splat(struct gen *g, LLVMValueRef scalar, unsigned int n)
{
	LLVMTypeRef t = LLVMVectorType(LLVMTypeOf(scalar), n);
	LLVMValueRef one = LLVMBuildInsertElement(g->b, LLVMGetPoison(t),
						  scalar, gen_i32(g, 0), "");

	return simd_pick(g, one, LLVMGetPoison(t), 0, 0, n);
}

/* --- instructions ---------------------------------------------------------------- */

LLVMValueRef simd_machine(struct gen *g, const char *name, LLVMValueRef *v,
			  unsigned int n)
{
	return gen_intrinsic(g, name, NULL, 0, v, n);
}

LLVMValueRef simd_generic(struct gen *g, const char *name, LLVMValueRef *v,
			  unsigned int n)
{
	LLVMTypeRef t = LLVMTypeOf(v[0]);

	return gen_intrinsic(g, name, &t, 1, v, n);
}

LLVMValueRef simd_choose(struct gen *g, LLVMValueRef cond, LLVMValueRef a,
			 LLVMValueRef b)
{
	return LLVMBuildSelect(g->b, cond, a, b, "");
}

static LLVMValueRef binary(struct gen *g, const struct simd_op *op,
			   LLVMValueRef *v)
{
	return LLVMBuildBinOp(g->b, (LLVMOpcode)op->arg, v[0], v[1], "");
}

/* As many operands as `arg` says. */
static LLVMValueRef intrinsic(struct gen *g, const struct simd_op *op,
			      LLVMValueRef *v)
{
	return simd_generic(g, op->name, v, op->arg);
}

static LLVMValueRef int_compare(struct gen *g, const struct simd_op *op,
				LLVMValueRef *v)
{
	LLVMValueRef bits =
		LLVMBuildICmp(g->b, (LLVMIntPredicate)op->arg, v[0], v[1], "");

	return LLVMBuildSExt(g->b, bits, LLVMTypeOf(v[0]), "");
}

static LLVMValueRef float_compare(struct gen *g, const struct simd_op *op,
				  LLVMValueRef *v)
{
	LLVMTypeRef lane = op->shape == SIMD_F32X4 ? g->i32 : g->i64;
	LLVMValueRef bits =
		LLVMBuildFCmp(g->b, (LLVMRealPredicate)op->arg, v[0], v[1], "");

	return LLVMBuildSExt(g->b, bits, simd_lanes_of(v[0], lane), "");
}

static LLVMValueRef int_neg(struct gen *g, const struct simd_op *op,
			    LLVMValueRef *v)
{
	(void)op;
	return LLVMBuildNeg(g->b, v[0], "");
}

static LLVMValueRef float_neg(struct gen *g, const struct simd_op *op,
			      LLVMValueRef *v)
{
	(void)op;
	return LLVMBuildFNeg(g->b, v[0], "");
}

/* All lanes by one count, modulo their width. */
static LLVMValueRef shift(struct gen *g, const struct simd_op *op,
			  LLVMValueRef *v)
{
	LLVMTypeRef lane = LLVMGetElementType(LLVMTypeOf(v[0]));
	unsigned int bits = LLVMGetIntTypeWidth(lane);
	LLVMValueRef n = LLVMBuildAnd(g->b, v[1], gen_i32(g, bits - 1), "");

	n = bits == 64 ? LLVMBuildZExt(g->b, n, lane, "")
		       : LLVMBuildTrunc(g->b, n, lane, "");
	n = simd_splat(g, n, simd_lanes(v[0]));
	return LLVMBuildBinOp(g->b, (LLVMOpcode)op->arg, v[0], n, "");
}

/* --- bits -------------------------------------------------------------------------- */

static LLVMValueRef bit_not(struct gen *g, const struct simd_op *op,
			    LLVMValueRef *v)
{
	(void)op;
	return LLVMBuildNot(g->b, v[0], "");
}

static LLVMValueRef bit_andnot(struct gen *g, const struct simd_op *op,
			       LLVMValueRef *v)
{
	(void)op;
	return LLVMBuildAnd(g->b, v[0], LLVMBuildNot(g->b, v[1], ""), "");
}

static LLVMValueRef bit_select(struct gen *g, const struct simd_op *op,
			       LLVMValueRef *v)
{
	LLVMValueRef a = LLVMBuildAnd(g->b, v[0], v[2], ""), b;

	(void)op;
	b = LLVMBuildAnd(g->b, v[1], LLVMBuildNot(g->b, v[2], ""), "");
	return LLVMBuildOr(g->b, a, b, "");
}

/* --- lanes -------------------------------------------------------------------------- */

/* An i32 as a lane of this type; others are one already. */
static LLVMValueRef as_lane(struct gen *g, LLVMValueRef v, LLVMTypeRef lane)
{
	return LLVMTypeOf(v) == lane ? v : LLVMBuildTrunc(g->b, v, lane, "");
}

static LLVMValueRef splat(struct gen *g, const struct simd_op *op,
			  LLVMValueRef *v)
{
	LLVMTypeRef t = simd_type(g, (enum simd_shape)op->shape);

	return simd_splat(g, as_lane(g, v[0], LLVMGetElementType(t)),
			  LLVMGetVectorSize(t));
}

static LLVMValueRef extract(struct gen *g, const struct simd_op *op,
			    LLVMValueRef *v)
{
	LLVMValueRef lane = LLVMBuildExtractElement(
		g->b, v[0], gen_i32(g, read_byte(&g->r)), "");

	if (op->shape > SIMD_I16X8)
		return lane;
	return op->flag ? LLVMBuildSExt(g->b, lane, g->i32, "")
			: LLVMBuildZExt(g->b, lane, g->i32, "");
}

static LLVMValueRef replace(struct gen *g, const struct simd_op *op,
			    LLVMValueRef *v)
{
	LLVMTypeRef lane = LLVMGetElementType(LLVMTypeOf(v[0]));

	(void)op;
	return LLVMBuildInsertElement(g->b, v[0], as_lane(g, v[1], lane),
				      gen_i32(g, read_byte(&g->r)), "");
}

static LLVMValueRef shuffle_bytes(struct gen *g, const struct simd_op *op,
				  LLVMValueRef *v)
{
	(void)op;
	return shuffle(g, v[0], v[1], read_bytes(&g->r, 16), 16);
}

static LLVMValueRef constant(struct gen *g, const struct simd_op *op,
			     LLVMValueRef *v)
{
	LLVMValueRef lanes[2];
	uint64_t bits[2];

	(void)op;
	(void)v;
	memcpy(bits, read_bytes(&g->r, 16), 16);
	lanes[0] = gen_i64(g, bits[0]);
	lanes[1] = gen_i64(g, bits[1]);
	return LLVMConstVector(lanes, 2);
}

/* --- memory --------------------------------------------------------------------------- */

/* Half as many bytes as a vector, each lane made twice as wide. */
static LLVMValueRef load_extend(struct gen *g, const struct gen_access *a,
				LLVMTypeRef from, LLVMTypeRef to,
				unsigned int n, bool is_signed)
{
	LLVMValueRef v = gen_load(g, LLVMVectorType(from, n), a);

	return is_signed ? LLVMBuildSExt(g->b, v, LLVMVectorType(to, n), "")
			 : LLVMBuildZExt(g->b, v, LLVMVectorType(to, n), "");
}

static LLVMValueRef load_zero(struct gen *g, const struct gen_access *a,
			      LLVMTypeRef lane, unsigned int n)
{
	LLVMValueRef zero = LLVMConstNull(LLVMVectorType(lane, n));

	return LLVMBuildInsertElement(g->b, zero, gen_load(g, lane, a),
				      gen_i32(g, 0), "");
}

static LLVMValueRef load_splat(struct gen *g, const struct gen_access *a,
			       LLVMTypeRef lane, unsigned int n)
{
	return simd_splat(g, gen_load(g, lane, a), n);
}

static LLVMValueRef load_from(struct gen *g, const struct gen_access *a)
{
	switch (g->op) {
	case OP_v128_load8x8_s:
		return load_extend(g, a, g->i8, g->i16, 8, true);
	case OP_v128_load8x8_u:
		return load_extend(g, a, g->i8, g->i16, 8, false);
	case OP_v128_load16x4_s:
		return load_extend(g, a, g->i16, g->i32, 4, true);
	case OP_v128_load16x4_u:
		return load_extend(g, a, g->i16, g->i32, 4, false);
	case OP_v128_load32x2_s:
		return load_extend(g, a, g->i32, g->i64, 2, true);
	case OP_v128_load32x2_u:
		return load_extend(g, a, g->i32, g->i64, 2, false);
	case OP_v128_load8_splat:
		return load_splat(g, a, g->i8, 16);
	case OP_v128_load16_splat:
		return load_splat(g, a, g->i16, 8);
	case OP_v128_load32_splat:
		return load_splat(g, a, g->i32, 4);
	case OP_v128_load64_splat:
		return load_splat(g, a, g->i64, 2);
	case OP_v128_load32_zero:
		return load_zero(g, a, g->i32, 4);
	case OP_v128_load64_zero:
		return load_zero(g, a, g->i64, 2);
	default:
		return gen_load(g, g->v128, a);
	}
}

static void load(struct gen *g)
{
	struct gen_access a = gen_address(g, 1u << op_info[g->op].aux);

	gen_push(g, load_from(g, &a));
}

static void store(struct gen *g)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef v = gen_pop(g);

	gen_resolve(g, &a, 16);
	gen_store(g, v, &a);
}

/* One lane to or from memory; `shape` has lanes of that width. */
static void lane_access(struct gen *g, enum simd_shape shape, bool is_store)
{
	struct gen_access a = gen_memarg(g);
	LLVMValueRef lane = gen_i32(g, read_byte(&g->r));
	LLVMTypeRef t = simd_type(g, shape);
	LLVMValueRef v = gen_as(g, gen_pop(g), t);

	gen_resolve(g, &a, 1u << op_info[g->op].aux);
	if (is_store) {
		v = LLVMBuildExtractElement(g->b, v, lane, "");
		gen_store(g, v, &a);
		return;
	}
	v = LLVMBuildInsertElement(
		g->b, v, gen_load(g, LLVMGetElementType(t), &a), lane, "");
	gen_push(g, v);
}

static bool memory(struct gen *g)
{
	if (g->op == OP_v128_store)
		store(g);
	else if (g->op >= OP_v128_load8_lane && g->op <= OP_v128_load64_lane)
		lane_access(g, (enum simd_shape)op_info[g->op].aux, false);
	else if (g->op >= OP_v128_store8_lane && g->op <= OP_v128_store64_lane)
		lane_access(g, (enum simd_shape)op_info[g->op].aux, true);
	else if (op_info[g->op].imm == IMM_MEMARG)
		load(g);
	else
		return false;
	return true;
}

/* --- all of them ------------------------------------------------------------------------ */

#define FIRST OP_v128_load
#define LAST  OP_i32x4_relaxed_dot_i8x16_i7x16_add_s

#define ROW(id, ...)                  [OP_##id - FIRST] = {__VA_ARGS__}
#define BINARY(id, shape, opcode)     ROW(id, binary, NULL, shape, opcode, false)
#define INTRINSIC(id, shape, name, n) ROW(id, intrinsic, name, shape, n, false)
#define PLAIN(id, make, shape)        ROW(id, make, NULL, shape, 0, false)
#define FLAG(id, make, shape, flag)   ROW(id, make, NULL, shape, 0, flag)

#define INT(id, S)                                                             \
	PLAIN(id##_splat, splat, S), PLAIN(id##_replace_lane, replace, S),     \
		ROW(id##_eq, int_compare, NULL, S, LLVMIntEQ, false),          \
		ROW(id##_ne, int_compare, NULL, S, LLVMIntNE, false),          \
		ROW(id##_lt_s, int_compare, NULL, S, LLVMIntSLT, false),       \
		ROW(id##_gt_s, int_compare, NULL, S, LLVMIntSGT, false),       \
		ROW(id##_le_s, int_compare, NULL, S, LLVMIntSLE, false),       \
		ROW(id##_ge_s, int_compare, NULL, S, LLVMIntSGE, false),       \
		PLAIN(id##_abs, simd_int_abs, S), PLAIN(id##_neg, int_neg, S), \
		PLAIN(id##_all_true, simd_all_true, S),                        \
		PLAIN(id##_bitmask, simd_bitmask, S),                          \
		ROW(id##_shl, shift, NULL, S, LLVMShl, false),                 \
		ROW(id##_shr_s, shift, NULL, S, LLVMAShr, false),              \
		ROW(id##_shr_u, shift, NULL, S, LLVMLShr, false),              \
		BINARY(id##_add, S, LLVMAdd), BINARY(id##_sub, S, LLVMSub),    \
		PLAIN(id##_relaxed_laneselect, bit_select, S)
#define INT_TO_32(id, S)                                                     \
	INT(id, S), ROW(id##_lt_u, int_compare, NULL, S, LLVMIntULT, false), \
		ROW(id##_gt_u, int_compare, NULL, S, LLVMIntUGT, false),     \
		ROW(id##_le_u, int_compare, NULL, S, LLVMIntULE, false),     \
		ROW(id##_ge_u, int_compare, NULL, S, LLVMIntUGE, false),     \
		INTRINSIC(id##_min_s, S, "llvm.smin", 2),                    \
		INTRINSIC(id##_min_u, S, "llvm.umin", 2),                    \
		INTRINSIC(id##_max_s, S, "llvm.smax", 2),                    \
		INTRINSIC(id##_max_u, S, "llvm.umax", 2)
#define INT_TO_16(id, S)                                               \
	INT_TO_32(id, S), FLAG(id##_extract_lane_s, extract, S, true), \
		FLAG(id##_extract_lane_u, extract, S, false),          \
		INTRINSIC(id##_add_sat_s, S, "llvm.sadd.sat", 2),      \
		INTRINSIC(id##_add_sat_u, S, "llvm.uadd.sat", 2),      \
		INTRINSIC(id##_sub_sat_s, S, "llvm.ssub.sat", 2),      \
		INTRINSIC(id##_sub_sat_u, S, "llvm.usub.sat", 2),      \
		PLAIN(id##_avgr_u, simd_avgr, S)
/* arg: the high half; flag: signed */
#define WIDEN(wide, narrow, S)                                                \
	ROW(wide##_extend_low_##narrow##_s, simd_extend, NULL, S, 0, true),   \
		ROW(wide##_extend_high_##narrow##_s, simd_extend, NULL, S, 1, \
		    true),                                                    \
		ROW(wide##_extend_low_##narrow##_u, simd_extend, NULL, S, 0,  \
		    false),                                                   \
		ROW(wide##_extend_high_##narrow##_u, simd_extend, NULL, S, 1, \
		    false),                                                   \
		ROW(wide##_extmul_low_##narrow##_s, simd_extmul, NULL, S, 0,  \
		    true),                                                    \
		ROW(wide##_extmul_high_##narrow##_s, simd_extmul, NULL, S, 1, \
		    true),                                                    \
		ROW(wide##_extmul_low_##narrow##_u, simd_extmul, NULL, S, 0,  \
		    false),                                                   \
		ROW(wide##_extmul_high_##narrow##_u, simd_extmul, NULL, S, 1, \
		    false)
#define FLOAT(id, S)                                                        \
	PLAIN(id##_splat, splat, S), PLAIN(id##_extract_lane, extract, S),  \
		PLAIN(id##_replace_lane, replace, S),                       \
		ROW(id##_eq, float_compare, NULL, S, LLVMRealOEQ, false),   \
		ROW(id##_ne, float_compare, NULL, S, LLVMRealUNE, false),   \
		ROW(id##_lt, float_compare, NULL, S, LLVMRealOLT, false),   \
		ROW(id##_gt, float_compare, NULL, S, LLVMRealOGT, false),   \
		ROW(id##_le, float_compare, NULL, S, LLVMRealOLE, false),   \
		ROW(id##_ge, float_compare, NULL, S, LLVMRealOGE, false),   \
		INTRINSIC(id##_ceil, S, "llvm.ceil", 1),                    \
		INTRINSIC(id##_floor, S, "llvm.floor", 1),                  \
		INTRINSIC(id##_trunc, S, "llvm.trunc", 1),                  \
		INTRINSIC(id##_nearest, S, "llvm.roundeven", 1),            \
		INTRINSIC(id##_abs, S, "llvm.fabs", 1),                     \
		INTRINSIC(id##_sqrt, S, "llvm.sqrt", 1),                    \
		PLAIN(id##_neg, float_neg, S),                              \
		ROW(id##_add, simd_float_binary, NULL, S, LLVMFAdd, false), \
		ROW(id##_sub, simd_float_binary, NULL, S, LLVMFSub, false), \
		ROW(id##_mul, simd_float_binary, NULL, S, LLVMFMul, false), \
		ROW(id##_div, simd_float_binary, NULL, S, LLVMFDiv, false), \
		FLAG(id##_min, simd_extreme, S, false),                     \
		FLAG(id##_max, simd_extreme, S, true),                      \
		FLAG(id##_pmin, simd_pseudo_extreme, S, false),             \
		FLAG(id##_pmax, simd_pseudo_extreme, S, true),              \
		FLAG(id##_relaxed_min, simd_extreme, S, false),             \
		FLAG(id##_relaxed_max, simd_extreme, S, true),              \
		FLAG(id##_relaxed_madd, simd_madd, S, false),               \
		FLAG(id##_relaxed_nmadd, simd_madd, S, true)

/* The shape is that of the operands. */
static const struct simd_op ops[LAST - FIRST + 1] = {
	PLAIN(v128_const, constant, SIMD_I64X2),
	PLAIN(v128_not, bit_not, SIMD_I64X2),
	BINARY(v128_and, SIMD_I64X2, LLVMAnd),
	PLAIN(v128_andnot, bit_andnot, SIMD_I64X2),
	BINARY(v128_or, SIMD_I64X2, LLVMOr),
	BINARY(v128_xor, SIMD_I64X2, LLVMXor),
	PLAIN(v128_bitselect, bit_select, SIMD_I64X2),
	PLAIN(v128_any_true, simd_any_true, SIMD_I64X2),

	INT_TO_16(i8x16, SIMD_I8X16),
	PLAIN(i8x16_shuffle, shuffle_bytes, SIMD_I8X16),
	PLAIN(i8x16_swizzle, simd_swizzle, SIMD_I8X16),
	PLAIN(i8x16_relaxed_swizzle, simd_swizzle, SIMD_I8X16),
	INTRINSIC(i8x16_popcnt, SIMD_I8X16, "llvm.ctpop", 1),
	FLAG(i8x16_narrow_i16x8_s, simd_narrow, SIMD_I16X8, true),
	FLAG(i8x16_narrow_i16x8_u, simd_narrow, SIMD_I16X8, false),

	INT_TO_16(i16x8, SIMD_I16X8),
	BINARY(i16x8_mul, SIMD_I16X8, LLVMMul),
	WIDEN(i16x8, i8x16, SIMD_I8X16),
	FLAG(i16x8_extadd_pairwise_i8x16_s, simd_extadd, SIMD_I8X16, true),
	FLAG(i16x8_extadd_pairwise_i8x16_u, simd_extadd, SIMD_I8X16, false),
	PLAIN(i16x8_q15mulr_sat_s, simd_q15mulr, SIMD_I16X8),
	PLAIN(i16x8_relaxed_q15mulr_s, simd_q15mulr, SIMD_I16X8),
	PLAIN(i16x8_relaxed_dot_i8x16_i7x16_s, simd_dot_i7, SIMD_I8X16),
	FLAG(i16x8_narrow_i32x4_s, simd_narrow, SIMD_I32X4, true),
	FLAG(i16x8_narrow_i32x4_u, simd_narrow, SIMD_I32X4, false),

	INT_TO_32(i32x4, SIMD_I32X4),
	PLAIN(i32x4_extract_lane, extract, SIMD_I32X4),
	BINARY(i32x4_mul, SIMD_I32X4, LLVMMul),
	WIDEN(i32x4, i16x8, SIMD_I16X8),
	FLAG(i32x4_extadd_pairwise_i16x8_s, simd_extadd, SIMD_I16X8, true),
	FLAG(i32x4_extadd_pairwise_i16x8_u, simd_extadd, SIMD_I16X8, false),
	PLAIN(i32x4_dot_i16x8_s, simd_dot, SIMD_I16X8),
	PLAIN(i32x4_relaxed_dot_i8x16_i7x16_add_s, simd_dot_i7_add, SIMD_I8X16),
	FLAG(i32x4_trunc_sat_f32x4_s, simd_trunc_sat, SIMD_F32X4, true),
	FLAG(i32x4_trunc_sat_f32x4_u, simd_trunc_sat, SIMD_F32X4, false),
	FLAG(i32x4_relaxed_trunc_f32x4_s, simd_trunc_sat, SIMD_F32X4, true),
	FLAG(i32x4_relaxed_trunc_f32x4_u, simd_trunc_sat, SIMD_F32X4, false),
	FLAG(i32x4_trunc_sat_f64x2_s_zero, simd_trunc_sat_zero, SIMD_F64X2,
	     true),
	FLAG(i32x4_trunc_sat_f64x2_u_zero, simd_trunc_sat_zero, SIMD_F64X2,
	     false),
	FLAG(i32x4_relaxed_trunc_f64x2_s_zero, simd_trunc_sat_zero, SIMD_F64X2,
	     true),
	FLAG(i32x4_relaxed_trunc_f64x2_u_zero, simd_trunc_sat_zero, SIMD_F64X2,
	     false),

	INT(i64x2, SIMD_I64X2),
	PLAIN(i64x2_extract_lane, extract, SIMD_I64X2),
	BINARY(i64x2_mul, SIMD_I64X2, LLVMMul),
	WIDEN(i64x2, i32x4, SIMD_I32X4),

	FLOAT(f32x4, SIMD_F32X4),
	FLAG(f32x4_convert_i32x4_s, simd_convert, SIMD_I32X4, true),
	FLAG(f32x4_convert_i32x4_u, simd_convert, SIMD_I32X4, false),
	PLAIN(f32x4_demote_f64x2_zero, simd_demote, SIMD_F64X2),

	FLOAT(f64x2, SIMD_F64X2),
	FLAG(f64x2_convert_low_i32x4_s, simd_convert_low, SIMD_I32X4, true),
	FLAG(f64x2_convert_low_i32x4_u, simd_convert_low, SIMD_I32X4, false),
	PLAIN(f64x2_promote_low_f32x4, simd_promote, SIMD_F32X4),
};

/* How many operands: those before the `>` of the signature. */
static unsigned int n_operands(enum op op)
{
	const char *end = strchr(op_info[op].sig, '>');

	return end ? (unsigned int)(end - op_info[op].sig) : 0;
}

bool gen_vector(struct gen *g)
{
	const struct simd_op *op;
	LLVMValueRef v[3];
	LLVMTypeRef t;

	if (g->op < FIRST || g->op > LAST)
		return false;
	if (memory(g))
		return true;
	op = &ops[g->op - FIRST];
	if (!op->make)
		return false;
	t = simd_type(g, (enum simd_shape)op->shape);
	for (unsigned int i = n_operands(g->op); i-- > 0;) {
		v[i] = gen_pop(g);
		if (op_info[g->op].sig[i] == 'v')
			v[i] = gen_as(g, v[i], t);
	}
	gen_push(g, op->make(g, op, v));
	return true;
}
