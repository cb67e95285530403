/* wasm/simd_float.h
 * Vectors of floats: each lane is what numeric.h computes for a scalar, but
 * without branches, so that all lanes are computed at once.  Included by
 * simd.h. */
#pragma once

#define SIMD_UNARY(shape, name, V, N, fn)                \
	static inline v128 simd_##shape##_##name(v128 a) \
	{                                                \
		V v = (V)a, r;                           \
                                                         \
		for (size_t i = 0; i < N; i++)           \
			r[i] = fn(v[i]);                 \
		return (v128)r;                          \
	}

#define SIMD_OPERATOR(shape, name, V, op)                        \
	static inline v128 simd_##shape##_##name(v128 a, v128 b) \
	{                                                        \
		return (v128)((V)a op(V) b);                     \
	}

/* Rounding adds and removes `whole`, 2^(digits - 1), as numeric.h explains.
 * From there on, and for NaNs, which are made quiet, the lane stays. */
#define SIMD_ROUND(shape, V, U, whole, quiet, sign_bit)                       \
	static inline v128 simd_##shape##_rounded(v128 a, V magnitude)        \
	{                                                                     \
		v128 sign = (v128)((U)a & (sign_bit));                        \
		v128 small = (v128)((V)simd_##shape##_abs(a) < (whole));      \
		v128 nan = (v128)((V)a != (V)a);                              \
		v128 other = a | (nan & (v128)((U){0} + (quiet)));            \
                                                                              \
		return simd_v128_bitselect((v128)magnitude | sign, other,     \
					   small);                            \
	}                                                                     \
	/* |a| to the nearest whole number, where |a| < whole. */             \
	static inline V simd_##shape##_whole(v128 a)                          \
	{                                                                     \
		return (V)simd_##shape##_abs(a) + (whole) - (whole);          \
	}                                                                     \
	/* 1 in the lanes of a mask, else 0. */                               \
	static inline V simd_##shape##_one(v128 mask)                         \
	{                                                                     \
		return (V)(mask & (v128)((V){0} + 1));                        \
	}                                                                     \
	static inline v128 simd_##shape##_nearest(v128 a)                     \
	{                                                                     \
		return simd_##shape##_rounded(a, simd_##shape##_whole(a));    \
	}                                                                     \
	static inline v128 simd_##shape##_trunc(v128 a)                       \
	{                                                                     \
		V w = simd_##shape##_whole(a);                                \
		v128 above = (v128)(w > (V)simd_##shape##_abs(a));            \
                                                                              \
		return simd_##shape##_rounded(a,                              \
					      w - simd_##shape##_one(above)); \
	}                                                                     \
	/* Down for a positive lane, up in magnitude for a negative one. */   \
	static inline v128 simd_##shape##_floor(v128 a)                       \
	{                                                                     \
		V t = (V)simd_##shape##_trunc(a);                             \
		v128 above = (v128)(t > (V)a);                                \
                                                                              \
		return simd_##shape##_rounded(                                \
			a, (V)simd_##shape##_abs((v128)t) +                   \
				   simd_##shape##_one(above));                \
	}                                                                     \
	static inline v128 simd_##shape##_ceil(v128 a)                        \
	{                                                                     \
		return simd_##shape##_neg(                                    \
			simd_##shape##_floor(simd_##shape##_neg(a)));         \
	}

/* Equal lanes are the same number or two zeros, whose signs decide by a bit
 * operation; a sum is a quiet NaN if one of its operands is a NaN. */
#define SIMD_EXTREME(shape, name, V, less, zeros)                            \
	static inline v128 simd_##shape##_##name(v128 a, v128 b)             \
	{                                                                    \
		v128 ordered = (v128)((V)a == (V)a) & (v128)((V)b == (V)b);  \
		v128 r = simd_v128_bitselect(a, b, (v128)((V)a less(V) b));  \
                                                                             \
		r = simd_v128_bitselect(a zeros b, r, (v128)((V)a == (V)b)); \
		return simd_v128_bitselect(r, (v128)((V)a + (V)b), ordered); \
	}

/* pmin and pmax are b < a ? b : a, with a NaN or two zeros giving a. */
#define SIMD_FLOAT(shape, V, U, F, T, N, whole, quiet, sign_bit)               \
	static inline v128 simd_##shape##_splat(F a)                           \
	{                                                                      \
		V r;                                                           \
                                                                               \
		for (size_t i = 0; i < N; i++)                                 \
			r[i] = a;                                              \
		return (v128)r;                                                \
	}                                                                      \
	static inline F simd_##shape##_extract_lane(v128 a, unsigned int lane) \
	{                                                                      \
		return ((V)a)[lane];                                           \
	}                                                                      \
	static inline v128 simd_##shape##_replace_lane(v128 a, F b,            \
						       unsigned int lane)      \
	{                                                                      \
		V r = (V)a;                                                    \
                                                                               \
		r[lane] = b;                                                   \
		return (v128)r;                                                \
	}                                                                      \
	static inline v128 simd_##shape##_abs(v128 a)                          \
	{                                                                      \
		return (v128)((U)a & ~(sign_bit));                             \
	}                                                                      \
	static inline v128 simd_##shape##_neg(v128 a)                          \
	{                                                                      \
		return (v128)((U)a ^ (sign_bit));                              \
	}                                                                      \
	static inline v128 simd_##shape##_pmin(v128 a, v128 b)                 \
	{                                                                      \
		return simd_v128_bitselect(b, a, (v128)((V)b < (V)a));         \
	}                                                                      \
	static inline v128 simd_##shape##_pmax(v128 a, v128 b)                 \
	{                                                                      \
		return simd_v128_bitselect(b, a, (v128)((V)a < (V)b));         \
	}                                                                      \
	SIMD_UNARY(shape, sqrt, V, N, num_##T##_sqrt)                          \
	SIMD_ROUND(shape, V, U, whole, quiet, sign_bit)                        \
	SIMD_EXTREME(shape, min, V, <, |)                                      \
	SIMD_EXTREME(shape, max, V, >, &)                                      \
	SIMD_OPERATOR(shape, add, V, +)                                        \
	SIMD_OPERATOR(shape, sub, V, -)                                        \
	SIMD_OPERATOR(shape, mul, V, *)                                        \
	SIMD_OPERATOR(shape, div, V, /)                                        \
	SIMD_OPERATOR(shape, eq, V, ==)                                        \
	SIMD_OPERATOR(shape, ne, V, !=)                                        \
	SIMD_OPERATOR(shape, lt, V, <)                                         \
	SIMD_OPERATOR(shape, gt, V, >)                                         \
	SIMD_OPERATOR(shape, le, V, <=)                                        \
	SIMD_OPERATOR(shape, ge, V, >=)

SIMD_FLOAT(f32x4, f32x4, u32x4, float, f32, 4, 0x1p23f, UINT32_C(1) << 22,
	   UINT32_C(1) << 31)
SIMD_FLOAT(f64x2, f64x2, u64x2, double, f64, 2, 0x1p52, UINT64_C(1) << 51,
	   UINT64_C(1) << 63)

#undef SIMD_UNARY
#undef SIMD_ROUND
#undef SIMD_EXTREME
#undef SIMD_OPERATOR
#undef SIMD_FLOAT
