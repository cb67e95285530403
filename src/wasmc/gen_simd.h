/* wasmc/gen_simd.h
 * Vector instructions, whose families gen_simd.c tabulates.  What a function
 * here makes is what the one of its name in wasm/simd.h computes, bit for bit
 * but for signs and payloads of NaNs.
 *
 * Each gets its vectors in the shape of its row of the table, and returns one
 * of any shape, or a scalar. */
#pragma once

#include "wasmc/gen.h"

enum simd_shape {
	SIMD_I8X16,
	SIMD_I16X8,
	SIMD_I32X4,
	SIMD_I64X2,
	SIMD_F32X4,
	SIMD_F64X2,
};

struct simd_op {
	LLVMValueRef (*make)(struct gen *g, const struct simd_op *op,
			     LLVMValueRef *v);
	const char *name; /* of an intrinsic */
	uint8_t shape;
	uint8_t arg; /* what the family takes it for */
	bool flag;   /* the same */
};

/* --- types and lanes ------------------------------------------------------- */

LLVMTypeRef simd_type(const struct gen *g, enum simd_shape shape);
unsigned int simd_lanes(LLVMValueRef v);
/* The same number of lanes, of another type. */
LLVMTypeRef simd_lanes_of(LLVMValueRef v, LLVMTypeRef lane);
/* A constant in each lane of a vector like `v`. */
LLVMValueRef simd_all(LLVMValueRef v, uint64_t k);
LLVMValueRef simd_all_float(LLVMValueRef v, double k);
LLVMValueRef simd_splat(struct gen *g, LLVMValueRef scalar, unsigned int n);
/* n lanes of the two, which are of one type: first, first + step, ... */
LLVMValueRef simd_pick(struct gen *g, LLVMValueRef a, LLVMValueRef b,
		       unsigned int first, unsigned int step, unsigned int n);

/* --- instructions ----------------------------------------------------------- */

static inline bool simd_is_arm(const struct gen *g)
{
	return g->opt->cpu >= AOT_ARM64_V8;
}

/* An intrinsic that is not overloaded, such as those of one machine, and one
 * that is, with the type of its first operand. */
LLVMValueRef simd_machine(struct gen *g, const char *name, LLVMValueRef *v,
			  unsigned int n);
LLVMValueRef simd_generic(struct gen *g, const char *name, LLVMValueRef *v,
			  unsigned int n);
/* cond, lane by lane, ? a : b */
LLVMValueRef simd_choose(struct gen *g, LLVMValueRef cond, LLVMValueRef a,
			 LLVMValueRef b);

#define SIMD_MAKE(name)                                                   \
	LLVMValueRef simd_##name(struct gen *g, const struct simd_op *op, \
				 LLVMValueRef *v)
/* gen_simd_int.c */
SIMD_MAKE(int_abs);
SIMD_MAKE(avgr);
SIMD_MAKE(q15mulr);
SIMD_MAKE(narrow);
SIMD_MAKE(extend);
SIMD_MAKE(extmul);
SIMD_MAKE(extadd);
SIMD_MAKE(dot);
SIMD_MAKE(dot_i7);
SIMD_MAKE(dot_i7_add);
SIMD_MAKE(swizzle);
SIMD_MAKE(bitmask);
SIMD_MAKE(all_true);
SIMD_MAKE(any_true);
/* gen_simd_float.c */
SIMD_MAKE(float_binary);
SIMD_MAKE(extreme);
SIMD_MAKE(pseudo_extreme);
SIMD_MAKE(madd);
SIMD_MAKE(convert);
SIMD_MAKE(convert_low);
SIMD_MAKE(demote);
SIMD_MAKE(promote);
SIMD_MAKE(trunc_sat);
SIMD_MAKE(trunc_sat_zero);
