/* wasm/simd_relaxed.h
 * Relaxed SIMD: the specification leaves each of these a small choice so
 * that every machine can use its own instruction.  We choose the same on all
 * of them, the deterministic profile's answer, so that a module computes one
 * result whatever hardware it meets.  Included by simd.h. */
#pragma once

static inline v128 simd_i8x16_relaxed_swizzle(v128 a, v128 index)
{
	return simd_i8x16_swizzle(a, index);
}

static inline v128 simd_i32x4_relaxed_trunc_f32x4_s(v128 a)
{
	return simd_i32x4_trunc_sat_f32x4_s(a);
}

static inline v128 simd_i32x4_relaxed_trunc_f32x4_u(v128 a)
{
	return simd_i32x4_trunc_sat_f32x4_u(a);
}

static inline v128 simd_i32x4_relaxed_trunc_f64x2_s_zero(v128 a)
{
	return simd_i32x4_trunc_sat_f64x2_s_zero(a);
}

static inline v128 simd_i32x4_relaxed_trunc_f64x2_u_zero(v128 a)
{
	return simd_i32x4_trunc_sat_f64x2_u_zero(a);
}

#define SIMD_RELAXED_SELECT(shape)                                           \
	static inline v128 simd_##shape##_relaxed_laneselect(v128 a, v128 b, \
							     v128 mask)      \
	{                                                                    \
		return simd_v128_bitselect(a, b, mask);                      \
	}
SIMD_RELAXED_SELECT(i8x16)
SIMD_RELAXED_SELECT(i16x8)
SIMD_RELAXED_SELECT(i32x4)
SIMD_RELAXED_SELECT(i64x2)
#undef SIMD_RELAXED_SELECT

static inline v128 simd_f32x4_relaxed_min(v128 a, v128 b)
{
	return simd_f32x4_min(a, b);
}

static inline v128 simd_f32x4_relaxed_max(v128 a, v128 b)
{
	return simd_f32x4_max(a, b);
}

static inline v128 simd_f64x2_relaxed_min(v128 a, v128 b)
{
	return simd_f64x2_min(a, b);
}

static inline v128 simd_f64x2_relaxed_max(v128 a, v128 b)
{
	return simd_f64x2_max(a, b);
}

static inline v128 simd_i16x8_relaxed_q15mulr_s(v128 a, v128 b)
{
	return simd_i16x8_q15mulr_sat_s(a, b);
}

/* a * b + c, rounded once as the deterministic profile has it.  Machines
 * without the instruction have it emulated by libm. */
static inline v128 simd_f32x4_relaxed_madd(v128 a, v128 b, v128 c)
{
	f32x4 x = (f32x4)a, y = (f32x4)b, z = (f32x4)c, r;

	for (size_t i = 0; i < 4; i++)
		r[i] = __builtin_fmaf(x[i], y[i], z[i]);
	return (v128)r;
}

static inline v128 simd_f64x2_relaxed_madd(v128 a, v128 b, v128 c)
{
	f64x2 x = (f64x2)a, y = (f64x2)b, z = (f64x2)c, r;

	for (size_t i = 0; i < 2; i++)
		r[i] = __builtin_fma(x[i], y[i], z[i]);
	return (v128)r;
}

static inline v128 simd_f32x4_relaxed_nmadd(v128 a, v128 b, v128 c)
{
	return simd_f32x4_relaxed_madd(simd_f32x4_neg(a), b, c);
}

static inline v128 simd_f64x2_relaxed_nmadd(v128 a, v128 b, v128 c)
{
	return simd_f64x2_relaxed_madd(simd_f64x2_neg(a), b, c);
}

/* Bytes of b are seven bits by contract; we read them as signed. */
static inline v128 simd_i16x8_relaxed_dot_i8x16_i7x16_s(v128 a, v128 b)
{
	i8x16 x = (i8x16)a, y = (i8x16)b;
	u16x8 r;

	for (size_t i = 0; i < 8; i++)
		r[i] = (uint16_t)(x[2 * i] * y[2 * i] +
				  x[2 * i + 1] * y[2 * i + 1]);
	return (v128)r;
}

static inline v128 simd_i32x4_relaxed_dot_i8x16_i7x16_add_s(v128 a, v128 b,
							    v128 c)
{
	v128 pairs = simd_i16x8_relaxed_dot_i8x16_i7x16_s(a, b);

	return simd_i32x4_add(simd_i32x4_extadd_pairwise_i16x8_s(pairs), c);
}
