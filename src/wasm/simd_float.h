/* wasm/simd_float.h
 * Vectors of floats: each lane is what numeric.h computes for a scalar.
 * Included by simd.h. */
#pragma once

#define SIMD_UNARY(shape, name, V, N, fn)                   \
	static inline v128 simd_##shape##_##name(v128 a)    \
	{                                                   \
		V v = (V)a, r;                              \
                                                            \
		for (size_t i = 0; i < N; i++)              \
			r[i] = fn(v[i]);                    \
		return (v128)r;                             \
	}

#define SIMD_BINARY(shape, name, V, N, fn)                       \
	static inline v128 simd_##shape##_##name(v128 a, v128 b) \
	{                                                        \
		V va = (V)a, vb = (V)b, r;                       \
                                                                 \
		for (size_t i = 0; i < N; i++)                   \
			r[i] = fn(va[i], vb[i]);                 \
		return (v128)r;                                  \
	}

#define SIMD_OPERATOR(shape, name, V, op)                        \
	static inline v128 simd_##shape##_##name(v128 a, v128 b) \
	{                                                        \
		return (v128)((V)a op(V) b);                     \
	}

/* pmin and pmax are b < a ? b : a, with a NaN or two zeros giving a. */
#define SIMD_FLOAT(shape, V, U, F, T, N, sign_bit)                          \
	static inline v128 simd_##shape##_splat(F a)                        \
	{                                                                   \
		V r;                                                        \
                                                                            \
		for (size_t i = 0; i < N; i++)                              \
			r[i] = a;                                           \
		return (v128)r;                                             \
	}                                                                   \
	static inline F simd_##shape##_extract_lane(v128 a,                 \
						    unsigned int lane)      \
	{                                                                   \
		return ((V)a)[lane];                                        \
	}                                                                   \
	static inline v128 simd_##shape##_replace_lane(v128 a, F b,         \
						       unsigned int lane)   \
	{                                                                   \
		V r = (V)a;                                                 \
                                                                            \
		r[lane] = b;                                                \
		return (v128)r;                                             \
	}                                                                   \
	static inline v128 simd_##shape##_abs(v128 a)                       \
	{                                                                   \
		return (v128)((U)a & ~(sign_bit));                          \
	}                                                                   \
	static inline v128 simd_##shape##_neg(v128 a)                       \
	{                                                                   \
		return (v128)((U)a ^ (sign_bit));                           \
	}                                                                   \
	static inline v128 simd_##shape##_pmin(v128 a, v128 b)              \
	{                                                                   \
		return simd_v128_bitselect(b, a, (v128)((V)b < (V)a));      \
	}                                                                   \
	static inline v128 simd_##shape##_pmax(v128 a, v128 b)              \
	{                                                                   \
		return simd_v128_bitselect(b, a, (v128)((V)a < (V)b));      \
	}                                                                   \
	SIMD_UNARY(shape, sqrt, V, N, num_##T##_sqrt)                       \
	SIMD_UNARY(shape, ceil, V, N, num_##T##_ceil)                       \
	SIMD_UNARY(shape, floor, V, N, num_##T##_floor)                     \
	SIMD_UNARY(shape, trunc, V, N, num_##T##_trunc)                     \
	SIMD_UNARY(shape, nearest, V, N, num_##T##_nearest)                 \
	SIMD_BINARY(shape, min, V, N, num_##T##_min)                        \
	SIMD_BINARY(shape, max, V, N, num_##T##_max)                        \
	SIMD_OPERATOR(shape, add, V, +)                                     \
	SIMD_OPERATOR(shape, sub, V, -)                                     \
	SIMD_OPERATOR(shape, mul, V, *)                                     \
	SIMD_OPERATOR(shape, div, V, /)                                     \
	SIMD_OPERATOR(shape, eq, V, ==)                                     \
	SIMD_OPERATOR(shape, ne, V, !=)                                     \
	SIMD_OPERATOR(shape, lt, V, <)                                      \
	SIMD_OPERATOR(shape, gt, V, >)                                      \
	SIMD_OPERATOR(shape, le, V, <=)                                     \
	SIMD_OPERATOR(shape, ge, V, >=)

SIMD_FLOAT(f32x4, f32x4, u32x4, float, f32, 4, UINT32_C(1) << 31)
SIMD_FLOAT(f64x2, f64x2, u64x2, double, f64, 2, UINT64_C(1) << 63)

#undef SIMD_UNARY
#undef SIMD_BINARY
#undef SIMD_OPERATOR
#undef SIMD_FLOAT
