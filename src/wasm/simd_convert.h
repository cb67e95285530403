/* wasm/simd_convert.h
 * Conversions between vectors of integers and of floats.  Included by
 * simd.h. */
#pragma once

/* The first N lanes; lanes of the result that have no source are 0. */
#define SIMD_CONVERT(name, V, W, N, fn)        \
	static inline v128 simd_##name(v128 a) \
	{                                      \
		V v = (V)a;                    \
		W r = {0};                     \
                                               \
		for (size_t i = 0; i < N; i++) \
			r[i] = fn(v[i]);       \
		return (v128)r;                \
	}

SIMD_CONVERT(f32x4_convert_i32x4_s, u32x4, f32x4, 4, num_f32_convert_i32_s)
SIMD_CONVERT(f32x4_convert_i32x4_u, u32x4, f32x4, 4, num_f32_convert_i32_u)
SIMD_CONVERT(f64x2_convert_low_i32x4_s, u32x4, f64x2, 2, num_f64_convert_i32_s)
SIMD_CONVERT(f64x2_convert_low_i32x4_u, u32x4, f64x2, 2, num_f64_convert_i32_u)

SIMD_CONVERT(i32x4_trunc_sat_f32x4_s, f32x4, u32x4, 4, num_i32_trunc_sat_f32_s)
SIMD_CONVERT(i32x4_trunc_sat_f32x4_u, f32x4, u32x4, 4, num_i32_trunc_sat_f32_u)
SIMD_CONVERT(i32x4_trunc_sat_f64x2_s_zero, f64x2, u32x4, 2,
	     num_i32_trunc_sat_f64_s)
SIMD_CONVERT(i32x4_trunc_sat_f64x2_u_zero, f64x2, u32x4, 2,
	     num_i32_trunc_sat_f64_u)

SIMD_CONVERT(f32x4_demote_f64x2_zero, f64x2, f32x4, 2, num_f32_demote_f64)
SIMD_CONVERT(f64x2_promote_low_f32x4, f32x4, f64x2, 2, num_f64_promote_f32)

#undef SIMD_CONVERT
