/* wasm/simd_int.h
 * Vectors of integers, one shape after the other.  Included by simd.h. */
#pragma once

/* --- what all four shapes have ---------------------------------------- */

/* S and U are the signed and unsigned vector, E and B their lanes; R is what
 * a lane is on the stack.  Lanes wrap around, so arithmetic is done on
 * unsigned ones, where C defines that. */
#define SIMD_INT(shape, S, U, E, B, R)                                    \
	static inline v128 simd_##shape##_splat(R a)                      \
	{                                                                 \
		return (v128)((U){0} + (B)a);                             \
	}                                                                 \
	static inline v128 simd_##shape##_replace_lane(v128 a, R b,       \
						       unsigned int lane) \
	{                                                                 \
		U r = (U)a;                                               \
                                                                          \
		r[lane] = (B)b;                                           \
		return (v128)r;                                           \
	}                                                                 \
	static inline v128 simd_##shape##_add(v128 a, v128 b)             \
	{                                                                 \
		return (v128)((U)a + (U)b);                               \
	}                                                                 \
	static inline v128 simd_##shape##_sub(v128 a, v128 b)             \
	{                                                                 \
		return (v128)((U)a - (U)b);                               \
	}                                                                 \
	static inline v128 simd_##shape##_neg(v128 a)                     \
	{                                                                 \
		return (v128)(-(U)a);                                     \
	}                                                                 \
	static inline v128 simd_##shape##_abs(v128 a)                     \
	{                                                                 \
		U sign = (U)((S)a < 0);                                   \
                                                                          \
		return (v128)(((U)a ^ sign) - sign);                      \
	}                                                                 \
	static inline v128 simd_##shape##_shl(v128 a, uint32_t n)         \
	{                                                                 \
		return (v128)((U)a << (B)(n & (sizeof(E) * 8 - 1)));      \
	}                                                                 \
	static inline v128 simd_##shape##_shr_u(v128 a, uint32_t n)       \
	{                                                                 \
		return (v128)((U)a >> (B)(n & (sizeof(E) * 8 - 1)));      \
	}                                                                 \
	static inline v128 simd_##shape##_shr_s(v128 a, uint32_t n)       \
	{                                                                 \
		return (v128)((S)a >> (E)(n & (sizeof(E) * 8 - 1)));      \
	}                                                                 \
	static inline uint32_t simd_##shape##_all_true(v128 a)            \
	{                                                                 \
		return !simd_v128_any_true((v128)((U)a == 0));            \
	}                                                                 \
	SIMD_COMPARE(shape, eq, U, ==)                                    \
	SIMD_COMPARE(shape, ne, U, !=)                                    \
	SIMD_COMPARE(shape, lt_s, S, <)                                   \
	SIMD_COMPARE(shape, gt_s, S, >)                                   \
	SIMD_COMPARE(shape, le_s, S, <=)                                  \
	SIMD_COMPARE(shape, ge_s, S, >=)

#define SIMD_COMPARE(shape, name, V, op)                         \
	static inline v128 simd_##shape##_##name(v128 a, v128 b) \
	{                                                        \
		return (v128)((V)a op(V) b);                     \
	}

/* i64x2 has no unsigned comparisons and no minimum. */
#define SIMD_COMPARE_UNSIGNED(shape, U)  \
	SIMD_COMPARE(shape, lt_u, U, <)  \
	SIMD_COMPARE(shape, gt_u, U, >)  \
	SIMD_COMPARE(shape, le_u, U, <=) \
	SIMD_COMPARE(shape, ge_u, U, >=)

/* The sign bits of the lanes.  Each half of the vector is a word whose lanes
 * have only those left; the product moves them all to its top, lane 0 lowest,
 * where no two sums meet. */
static inline uint32_t simd_signs(uint64_t half, uint64_t signs,
				  uint64_t multiplier, unsigned int lanes)
{
	return (uint32_t)((half & signs) * multiplier >> (64 - lanes));
}

#define SIMD_BITMASK(shape, half_lanes, signs, multiplier)               \
	static inline uint32_t simd_##shape##_bitmask(v128 a)            \
	{                                                                \
		return simd_signs(a[0], signs, multiplier, half_lanes) | \
		       simd_signs(a[1], signs, multiplier, half_lanes)   \
			       << (half_lanes);                          \
	}

/* Where `cond` compares lanes x and y of a and b, x, else y. */
#define SIMD_SELECT(shape, name, V, op)                                 \
	static inline v128 simd_##shape##_##name(v128 a, v128 b)        \
	{                                                               \
		return simd_v128_bitselect(a, b, (v128)((V)a op(V) b)); \
	}

#define SIMD_MIN_MAX(shape, S, U)       \
	SIMD_SELECT(shape, min_s, S, <) \
	SIMD_SELECT(shape, min_u, U, <) \
	SIMD_SELECT(shape, max_s, S, >) \
	SIMD_SELECT(shape, max_u, U, >)

/* One lane after the other: `expr` of x and y, lanes of a and b. */
#define SIMD_LANES(shape, name, V, E, N, expr)                   \
	static inline v128 simd_##shape##_##name(v128 a, v128 b) \
	{                                                        \
		V va = (V)a, vb = (V)b, r;                       \
                                                                 \
		for (size_t i = 0; i < N; i++) {                 \
			E x = va[i], y = vb[i];                  \
                                                                 \
			r[i] = (E)(expr);                        \
		}                                                \
		return (v128)r;                                  \
	}

/* --- i8x16 ------------------------------------------------------------ */

static inline int32_t simd_clamp(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

SIMD_INT(i8x16, i8x16, u8x16, int8_t, uint8_t, uint32_t)
SIMD_COMPARE_UNSIGNED(i8x16, u8x16)
SIMD_BITMASK(i8x16, 8, UINT64_C(0x8080808080808080),
	     UINT64_C(0x0002040810204081))
SIMD_MIN_MAX(i8x16, i8x16, u8x16)
SIMD_LANES(i8x16, add_sat_s, i8x16, int8_t, 16,
	   simd_clamp(x + y, INT8_MIN, INT8_MAX))
SIMD_LANES(i8x16, add_sat_u, u8x16, uint8_t, 16,
	   simd_clamp(x + y, 0, UINT8_MAX))
SIMD_LANES(i8x16, sub_sat_s, i8x16, int8_t, 16,
	   simd_clamp(x - y, INT8_MIN, INT8_MAX))
SIMD_LANES(i8x16, sub_sat_u, u8x16, uint8_t, 16,
	   simd_clamp(x - y, 0, UINT8_MAX))
SIMD_LANES(i8x16, avgr_u, u8x16, uint8_t, 16, (x + y + 1) >> 1)

static inline uint32_t simd_i8x16_extract_lane_s(v128 a, unsigned int lane)
{
	return (uint32_t)((i8x16)a)[lane];
}

static inline uint32_t simd_i8x16_extract_lane_u(v128 a, unsigned int lane)
{
	return ((u8x16)a)[lane];
}

static inline v128 simd_i8x16_popcnt(v128 a)
{
	u8x16 v = (u8x16)a;

	v = v - ((v >> 1) & 0x55);
	v = (v & 0x33) + ((v >> 2) & 0x33);
	return (v128)((v + (v >> 4)) & 0x0f);
}

/* --- i16x8 ------------------------------------------------------------ */

SIMD_INT(i16x8, i16x8, u16x8, int16_t, uint16_t, uint32_t)
SIMD_COMPARE_UNSIGNED(i16x8, u16x8)
SIMD_BITMASK(i16x8, 4, UINT64_C(0x8000800080008000),
	     UINT64_C(0x0000200040008001))
SIMD_MIN_MAX(i16x8, i16x8, u16x8)
SIMD_LANES(i16x8, add_sat_s, i16x8, int16_t, 8,
	   simd_clamp(x + y, INT16_MIN, INT16_MAX))
SIMD_LANES(i16x8, add_sat_u, u16x8, uint16_t, 8,
	   simd_clamp(x + y, 0, UINT16_MAX))
SIMD_LANES(i16x8, sub_sat_s, i16x8, int16_t, 8,
	   simd_clamp(x - y, INT16_MIN, INT16_MAX))
SIMD_LANES(i16x8, sub_sat_u, u16x8, uint16_t, 8,
	   simd_clamp(x - y, 0, UINT16_MAX))
SIMD_LANES(i16x8, avgr_u, u16x8, uint16_t, 8, (x + y + 1) >> 1)
/* Only -1 * -1 (0x8000 as Q15) leaves the range. */
SIMD_LANES(i16x8, q15mulr_sat_s, i16x8, int16_t, 8,
	   simd_clamp((x * y + 0x4000) >> 15, INT16_MIN, INT16_MAX))

static inline uint32_t simd_i16x8_extract_lane_s(v128 a, unsigned int lane)
{
	return (uint32_t)((i16x8)a)[lane];
}

static inline uint32_t simd_i16x8_extract_lane_u(v128 a, unsigned int lane)
{
	return ((u16x8)a)[lane];
}

static inline v128 simd_i16x8_mul(v128 a, v128 b)
{
	return (v128)((u16x8)a * (u16x8)b);
}

/* --- i32x4 ------------------------------------------------------------ */

SIMD_INT(i32x4, i32x4, u32x4, int32_t, uint32_t, uint32_t)
SIMD_COMPARE_UNSIGNED(i32x4, u32x4)
SIMD_BITMASK(i32x4, 2, UINT64_C(0x8000000080000000),
	     UINT64_C(0x0000000080000001))
SIMD_MIN_MAX(i32x4, i32x4, u32x4)

static inline uint32_t simd_i32x4_extract_lane(v128 a, unsigned int lane)
{
	return ((u32x4)a)[lane];
}

static inline v128 simd_i32x4_mul(v128 a, v128 b)
{
	return (v128)((u32x4)a * (u32x4)b);
}

/* The sum of two products of INT16_MIN is 2^31 and wraps. */
static inline v128 simd_i32x4_dot_i16x8_s(v128 a, v128 b)
{
	i16x8 x = (i16x8)a, y = (i16x8)b;
	u32x4 r;

	for (size_t i = 0; i < 4; i++)
		r[i] = (uint32_t)(x[2 * i] * y[2 * i]) +
		       (uint32_t)(x[2 * i + 1] * y[2 * i + 1]);
	return (v128)r;
}

/* --- i64x2 ------------------------------------------------------------ */

SIMD_INT(i64x2, i64x2, u64x2, int64_t, uint64_t, uint64_t)
SIMD_BITMASK(i64x2, 1, UINT64_C(0x8000000000000000), 1)

static inline uint64_t simd_i64x2_extract_lane(v128 a, unsigned int lane)
{
	return a[lane];
}

static inline v128 simd_i64x2_mul(v128 a, v128 b)
{
	return a * b;
}

/* --- between the shapes ----------------------------------------------- */

/* Widen the lower or upper half of the lanes; E is the wide lane. */
#define SIMD_EXTEND(wide, narrow, sign, V, W, E, N)                            \
	static inline v128 simd_##wide##_extend_low_##narrow##_##sign(v128 a)  \
	{                                                                      \
		W r;                                                           \
                                                                               \
		for (size_t i = 0; i < N; i++)                                 \
			r[i] = ((V)a)[i];                                      \
		return (v128)r;                                                \
	}                                                                      \
	static inline v128 simd_##wide##_extend_high_##narrow##_##sign(v128 a) \
	{                                                                      \
		W r;                                                           \
                                                                               \
		for (size_t i = 0; i < N; i++)                                 \
			r[i] = ((V)a)[N + i];                                  \
		return (v128)r;                                                \
	}                                                                      \
	static inline v128 simd_##wide##_extmul_low_##narrow##_##sign(v128 a,  \
								      v128 b)  \
	{                                                                      \
		W r;                                                           \
                                                                               \
		for (size_t i = 0; i < N; i++)                                 \
			r[i] = (E)((E)((V)a)[i] * (E)((V)b)[i]);               \
		return (v128)r;                                                \
	}                                                                      \
	static inline v128 simd_##wide##_extmul_high_##narrow##_##sign(v128 a, \
								       v128 b) \
	{                                                                      \
		W r;                                                           \
                                                                               \
		for (size_t i = 0; i < N; i++)                                 \
			r[i] = (E)((E)((V)a)[N + i] * (E)((V)b)[N + i]);       \
		return (v128)r;                                                \
	}
SIMD_EXTEND(i16x8, i8x16, s, i8x16, i16x8, int16_t, 8)
SIMD_EXTEND(i16x8, i8x16, u, u8x16, u16x8, uint16_t, 8)
SIMD_EXTEND(i32x4, i16x8, s, i16x8, i32x4, int32_t, 4)
SIMD_EXTEND(i32x4, i16x8, u, u16x8, u32x4, uint32_t, 4)
SIMD_EXTEND(i64x2, i32x4, s, i32x4, i64x2, int64_t, 2)
SIMD_EXTEND(i64x2, i32x4, u, u32x4, u64x2, uint64_t, 2)
#undef SIMD_EXTEND

#define SIMD_EXTADD(wide, narrow, sign, V, W, E, N)                         \
	static inline v128 simd_##wide##_extadd_pairwise_##narrow##_##sign( \
		v128 a)                                                     \
	{                                                                   \
		W r;                                                        \
                                                                            \
		for (size_t i = 0; i < N; i++)                              \
			r[i] = (E)(((V)a)[2 * i] + ((V)a)[2 * i + 1]);      \
		return (v128)r;                                             \
	}
SIMD_EXTADD(i16x8, i8x16, s, i8x16, i16x8, int16_t, 8)
SIMD_EXTADD(i16x8, i8x16, u, u8x16, u16x8, uint16_t, 8)
SIMD_EXTADD(i32x4, i16x8, s, i16x8, i32x4, int32_t, 4)
SIMD_EXTADD(i32x4, i16x8, u, u16x8, u32x4, uint32_t, 4)
#undef SIMD_EXTADD

/* The lanes of a and then those of b, both read as signed. */
#define SIMD_NARROW(narrow, wide, sign, V, W, E, N, lo, hi)               \
	static inline v128 simd_##narrow##_narrow_##wide##_##sign(v128 a, \
								  v128 b) \
	{                                                                 \
		V r;                                                      \
                                                                          \
		for (size_t i = 0; i < N; i++) {                          \
			r[i] = (E)simd_clamp(((W)a)[i], lo, hi);          \
			r[N + i] = (E)simd_clamp(((W)b)[i], lo, hi);      \
		}                                                         \
		return (v128)r;                                           \
	}
SIMD_NARROW(i8x16, i16x8, s, i8x16, i16x8, int8_t, 8, INT8_MIN, INT8_MAX)
SIMD_NARROW(i8x16, i16x8, u, u8x16, i16x8, uint8_t, 8, 0, UINT8_MAX)
SIMD_NARROW(i16x8, i32x4, s, i16x8, i32x4, int16_t, 4, INT16_MIN, INT16_MAX)
SIMD_NARROW(i16x8, i32x4, u, u16x8, i32x4, uint16_t, 4, 0, UINT16_MAX)
#undef SIMD_NARROW

#undef SIMD_INT
#undef SIMD_COMPARE_UNSIGNED
#undef SIMD_BITMASK
#undef SIMD_SELECT
#undef SIMD_MIN_MAX
#undef SIMD_LANES
