/* wasm/numeric.h
 * What the numeric instructions of WebAssembly compute (core specification,
 * "Numerics"), as inline functions that the interpreter, the constant folder
 * and the tests share.  No function has undefined behaviour for any operand.
 *
 * Integers are unsigned here; the sign is in the instruction's name.  What
 * can trap returns 0 or why, and its result through `ret`.
 *
 * NaN: a result must be a canonical NaN if all NaN operands were, else any
 * quiet one.  x86-64's SSE and Arm64 do just that for + - * / sqrt and both
 * conversions, so these are plain C; everything else here sees to it itself.
 * This file must never be compiled with -ffast-math or for the x87. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "wasm/trap.h"

#ifdef __FAST_MATH__
#error "IEEE 754 semantics are needed here: compile without -ffast-math"
#endif

/* --- bits and numbers ------------------------------------------------- */

static inline uint32_t num_f32_bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline float num_f32_from_bits(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

static inline uint64_t num_f64_bits(double f)
{
	uint64_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static inline double num_f64_from_bits(uint64_t u)
{
	double f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

/* --- integers --------------------------------------------------------- */

/* Shift counts are taken modulo the width.  An arithmetic right shift of a
 * negative number is implementation-defined in C, and is what every compiler
 * for our machines does. */
#define NUM_INTEGER(T, bits, clzfn, ctzfn, popfn)                              \
	static inline uint##bits##_t num_##T##_clz(uint##bits##_t a)           \
	{                                                                      \
		return a ? (uint##bits##_t)clzfn(a) : bits;                    \
	}                                                                      \
	static inline uint##bits##_t num_##T##_ctz(uint##bits##_t a)           \
	{                                                                      \
		return a ? (uint##bits##_t)ctzfn(a) : bits;                    \
	}                                                                      \
	static inline uint##bits##_t num_##T##_popcnt(uint##bits##_t a)        \
	{                                                                      \
		return (uint##bits##_t)popfn(a);                               \
	}                                                                      \
	static inline uint##bits##_t num_##T##_shl(uint##bits##_t a,           \
						   uint##bits##_t n)           \
	{                                                                      \
		return a << (n & (bits - 1));                                  \
	}                                                                      \
	static inline uint##bits##_t num_##T##_shr_u(uint##bits##_t a,         \
						     uint##bits##_t n)         \
	{                                                                      \
		return a >> (n & (bits - 1));                                  \
	}                                                                      \
	static inline uint##bits##_t num_##T##_shr_s(uint##bits##_t a,         \
						     uint##bits##_t n)         \
	{                                                                      \
		return (uint##bits##_t)((int##bits##_t)a >> (n & (bits - 1))); \
	}                                                                      \
	static inline uint##bits##_t num_##T##_rotl(uint##bits##_t a,          \
						    uint##bits##_t n)          \
	{                                                                      \
		return a << (n & (bits - 1)) | a >> (-n & (bits - 1));         \
	}                                                                      \
	static inline uint##bits##_t num_##T##_rotr(uint##bits##_t a,          \
						    uint##bits##_t n)          \
	{                                                                      \
		return a >> (n & (bits - 1)) | a << (-n & (bits - 1));         \
	}                                                                      \
	static inline uint##bits##_t num_##T##_extend8_s(uint##bits##_t a)     \
	{                                                                      \
		return (uint##bits##_t)(int8_t)a;                              \
	}                                                                      \
	static inline uint##bits##_t num_##T##_extend16_s(uint##bits##_t a)    \
	{                                                                      \
		return (uint##bits##_t)(int16_t)a;                             \
	}                                                                      \
	static inline enum wasm_trap num_##T##_div_s(                          \
		uint##bits##_t a, uint##bits##_t b, uint##bits##_t *ret)       \
	{                                                                      \
		if (b == 0)                                                    \
			return WASM_TRAP_DIV_ZERO;                             \
		if (b == (uint##bits##_t) - 1 &&                               \
		    a == (uint##bits##_t)INT##bits##_MIN)                      \
			return WASM_TRAP_INT_OVERFLOW;                         \
		*ret = (uint##bits##_t)((int##bits##_t)a / (int##bits##_t)b);  \
		return WASM_TRAP_NONE;                                         \
	}                                                                      \
	static inline enum wasm_trap num_##T##_div_u(                          \
		uint##bits##_t a, uint##bits##_t b, uint##bits##_t *ret)       \
	{                                                                      \
		if (b == 0)                                                    \
			return WASM_TRAP_DIV_ZERO;                             \
		*ret = a / b;                                                  \
		return WASM_TRAP_NONE;                                         \
	}                                                                      \
	/* INT_MIN rem -1 is 0 and no trap, but faults on x86-64. */           \
	static inline enum wasm_trap num_##T##_rem_s(                          \
		uint##bits##_t a, uint##bits##_t b, uint##bits##_t *ret)       \
	{                                                                      \
		if (b == 0)                                                    \
			return WASM_TRAP_DIV_ZERO;                             \
		*ret = b == (uint##bits##_t) - 1                               \
			       ? 0                                             \
			       : (uint##bits##_t)((int##bits##_t)a %           \
						  (int##bits##_t)b);           \
		return WASM_TRAP_NONE;                                         \
	}                                                                      \
	static inline enum wasm_trap num_##T##_rem_u(                          \
		uint##bits##_t a, uint##bits##_t b, uint##bits##_t *ret)       \
	{                                                                      \
		if (b == 0)                                                    \
			return WASM_TRAP_DIV_ZERO;                             \
		*ret = a % b;                                                  \
		return WASM_TRAP_NONE;                                         \
	}

NUM_INTEGER(i32, 32, __builtin_clz, __builtin_ctz, __builtin_popcount)
NUM_INTEGER(i64, 64, __builtin_clzll, __builtin_ctzll, __builtin_popcountll)
#undef NUM_INTEGER

static inline uint64_t num_i64_extend32_s(uint64_t a)
{
	return (uint64_t)(int32_t)a;
}

/* --- floating point --------------------------------------------------- */

/* Rounding without libm.  Below 2^(digits-1) a float fits the integer type,
 * whose conversion truncates; from there on every float is whole.  The sign
 * is put back because -0.25 must give -0.0.  `nearest` adds and removes that
 * power of two, which rounds to even in the only mode we run in; the
 * compiler may not cancel the two without -ffast-math.
 *
 * A NaN is returned through an addition, which makes it quiet. */
#define NUM_FLOAT(T, F, I, whole, sign_bit)                                    \
	static inline F num_##T##_abs(F a)                                     \
	{                                                                      \
		return num_##T##_from_bits(num_##T##_bits(a) & ~(sign_bit));   \
	}                                                                      \
	static inline F num_##T##_neg(F a)                                     \
	{                                                                      \
		return num_##T##_from_bits(num_##T##_bits(a) ^ (sign_bit));    \
	}                                                                      \
	static inline F num_##T##_copysign(F a, F b)                           \
	{                                                                      \
		return num_##T##_from_bits((num_##T##_bits(a) & ~(sign_bit)) | \
					   (num_##T##_bits(b) & (sign_bit)));  \
	}                                                                      \
	static inline bool num_##T##_is_small(F a)                             \
	{                                                                      \
		return num_##T##_abs(a) < (whole);                             \
	}                                                                      \
	static inline F num_##T##_trunc(F a)                                   \
	{                                                                      \
		if (!num_##T##_is_small(a))                                    \
			return a != a ? a + a : a;                             \
		return num_##T##_copysign((F)(I)a, a);                         \
	}                                                                      \
	static inline F num_##T##_floor(F a)                                   \
	{                                                                      \
		F t;                                                           \
                                                                               \
		if (!num_##T##_is_small(a))                                    \
			return a != a ? a + a : a;                             \
		t = (F)(I)a;                                                   \
		return num_##T##_copysign(t > a ? t - 1 : t, a);               \
	}                                                                      \
	static inline F num_##T##_ceil(F a)                                    \
	{                                                                      \
		F t;                                                           \
                                                                               \
		if (!num_##T##_is_small(a))                                    \
			return a != a ? a + a : a;                             \
		t = (F)(I)a;                                                   \
		return num_##T##_copysign(t < a ? t + 1 : t, a);               \
	}                                                                      \
	static inline F num_##T##_nearest(F a)                                 \
	{                                                                      \
		F t;                                                           \
                                                                               \
		if (!num_##T##_is_small(a))                                    \
			return a != a ? a + a : a;                             \
		t = num_##T##_abs(a) + (whole);                                \
		return num_##T##_copysign(t - (whole), a);                     \
	}                                                                      \
	/* Zeros compare equal, so their signs decide by a bit operation. */   \
	static inline F num_##T##_min(F a, F b)                                \
	{                                                                      \
		if (a == b)                                                    \
			return num_##T##_from_bits(num_##T##_bits(a) |         \
						   num_##T##_bits(b));         \
		if (a != a || b != b)                                          \
			return a + b;                                          \
		return a < b ? a : b;                                          \
	}                                                                      \
	static inline F num_##T##_max(F a, F b)                                \
	{                                                                      \
		if (a == b)                                                    \
			return num_##T##_from_bits(num_##T##_bits(a) &         \
						   num_##T##_bits(b));         \
		if (a != a || b != b)                                          \
			return a + b;                                          \
		return a > b ? a : b;                                          \
	}

NUM_FLOAT(f32, float, int32_t, 0x1p23f, UINT32_C(1) << 31)
NUM_FLOAT(f64, double, int64_t, 0x1p52, UINT64_C(1) << 63)
#undef NUM_FLOAT

/* One instruction on our machines; the compiler leaves out libm's errno
 * path because of -fno-math-errno in meson.build. */
static inline float num_f32_sqrt(float a)
{
	return __builtin_sqrtf(a);
}

static inline double num_f64_sqrt(double a)
{
	return __builtin_sqrt(a);
}

/* --- float to integer ------------------------------------------------- */

/* `below` and `above` are the nearest floats outside of the result's range:
 * exclusive bounds.  INT32_MIN - 1 is no float, so f32 to i32_s must accept
 * exactly INT32_MIN: NUM_TRUNC_INCL takes an inclusive lower bound.
 *
 * C makes an out-of-range conversion undefined; both forms test first. */
#define NUM_TRUNC_CMP(I, F, U, S, lo_fits, above, lo, hi)                      \
	static inline enum wasm_trap num_##I##_trunc_##F(num_##F##_t a,        \
							 U *ret)               \
	{                                                                      \
		if (lo_fits && a < (above)) {                                  \
			*ret = (U)(S)a;                                        \
			return WASM_TRAP_NONE;                                 \
		}                                                              \
		return a != a ? WASM_TRAP_CONVERSION : WASM_TRAP_INT_OVERFLOW; \
	}                                                                      \
	static inline U num_##I##_trunc_sat_##F(num_##F##_t a)                 \
	{                                                                      \
		if (lo_fits && a < (above))                                    \
			return (U)(S)a;                                        \
		if (a != a)                                                    \
			return 0;                                              \
		return a < 0 ? (U)(lo) : (U)(hi);                              \
	}
#define NUM_TRUNC(I, F, U, S, below, above, lo, hi) \
	NUM_TRUNC_CMP(I, F, U, S, a > (below), above, lo, hi)
#define NUM_TRUNC_INCL(I, F, U, S, least, above, lo, hi) \
	NUM_TRUNC_CMP(I, F, U, S, a >= (least), above, lo, hi)

/* Names as in the instructions: num_i32_trunc_f32_s(a, &ret). */
typedef float num_f32_s_t, num_f32_u_t;
typedef double num_f64_s_t, num_f64_u_t;

NUM_TRUNC_INCL(i32, f32_s, uint32_t, int32_t, -0x1p31f, 0x1p31f, INT32_MIN,
	       INT32_MAX)
NUM_TRUNC(i32, f32_u, uint32_t, uint32_t, -1.0f, 0x1p32f, 0, UINT32_MAX)
NUM_TRUNC(i32, f64_s, uint32_t, int32_t, -0x1.00000002p31, 0x1p31, INT32_MIN,
	  INT32_MAX)
NUM_TRUNC(i32, f64_u, uint32_t, uint32_t, -1.0, 0x1p32, 0, UINT32_MAX)
NUM_TRUNC_INCL(i64, f32_s, uint64_t, int64_t, -0x1p63f, 0x1p63f, INT64_MIN,
	       INT64_MAX)
NUM_TRUNC(i64, f32_u, uint64_t, uint64_t, -1.0f, 0x1p64f, 0, UINT64_MAX)
NUM_TRUNC_INCL(i64, f64_s, uint64_t, int64_t, -0x1p63, 0x1p63, INT64_MIN,
	       INT64_MAX)
NUM_TRUNC(i64, f64_u, uint64_t, uint64_t, -1.0, 0x1p64, 0, UINT64_MAX)
#undef NUM_TRUNC
#undef NUM_TRUNC_INCL
#undef NUM_TRUNC_CMP

/* --- integer to float, and between the floats ------------------------- */

#define NUM_CONVERT(F, f, I, S)                           \
	static inline f num_##F##_convert_##I##_s(u##S a) \
	{                                                 \
		return (f)(S)a;                           \
	}                                                 \
	static inline f num_##F##_convert_##I##_u(u##S a) \
	{                                                 \
		return (f)a;                              \
	}
NUM_CONVERT(f32, float, i32, int32_t)
NUM_CONVERT(f32, float, i64, int64_t)
NUM_CONVERT(f64, double, i32, int32_t)
NUM_CONVERT(f64, double, i64, int64_t)
#undef NUM_CONVERT

static inline float num_f32_demote_f64(double a)
{
	return (float)a;
}

static inline double num_f64_promote_f32(float a)
{
	return (double)a;
}
