/* wasm/simd.h
 * The v128 type and what the vector instructions compute: fixed-width SIMD
 * and relaxed SIMD, all but their memory accesses.  A function is named
 * after its instruction, "i8x16.add_sat_s" is simd_i8x16_add_sat_s(), and
 * takes its operands in the order of the specification, immediates last.
 *
 * The vectors are those of GCC and clang, so + - * & | ^ ~ << >> == < work on
 * lanes; a comparison yields lanes of all ones or zeros.  What has no
 * operator is a loop over lanes, which both compilers turn into the
 * instruction of the machine where it has one.
 *
 * Lane 0 has the lowest address, as on every little-endian machine; a
 * big-endian one would need its lanes reversed and does not compile. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wasm/numeric.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "v128 lanes are laid out for little-endian machines"
#endif

typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int64_t i64x2 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));

/* Any of them can be cast to any other: the bits stay. */
typedef u64x2 v128;

/* Memory and stack slots need not be aligned. */
static inline v128 v128_load(const void *p)
{
	v128 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void v128_store(void *p, v128 v)
{
	memcpy(p, &v, sizeof(v));
}

/* --- whole vectors ---------------------------------------------------- */

static inline v128 simd_v128_not(v128 a)
{
	return ~a;
}

static inline v128 simd_v128_and(v128 a, v128 b)
{
	return a & b;
}

static inline v128 simd_v128_andnot(v128 a, v128 b)
{
	return a & ~b;
}

static inline v128 simd_v128_or(v128 a, v128 b)
{
	return a | b;
}

static inline v128 simd_v128_xor(v128 a, v128 b)
{
	return a ^ b;
}

static inline v128 simd_v128_bitselect(v128 a, v128 b, v128 mask)
{
	return (a & mask) | (b & ~mask);
}

static inline uint32_t simd_v128_any_true(v128 a)
{
	return (a[0] | a[1]) != 0;
}

/* --- loads that are more than 16 bytes -------------------------------- */

/* The caller has read the bytes at the address into `bits`. */
static inline v128 simd_v128_load32_zero(uint32_t bits)
{
	return (v128)(u32x4){bits};
}

static inline v128 simd_v128_load64_zero(uint64_t bits)
{
	return (v128){bits};
}

#define SIMD_LOAD_EXTEND(name, V, E, N)                        \
	static inline v128 simd_v128_load##name(uint64_t bits) \
	{                                                      \
		E half[N];                                     \
		V r;                                           \
                                                               \
		memcpy(half, &bits, sizeof(half));             \
		for (size_t i = 0; i < N; i++)                 \
			r[i] = half[i];                        \
		return (v128)r;                                \
	}
SIMD_LOAD_EXTEND(8x8_s, i16x8, int8_t, 8)
SIMD_LOAD_EXTEND(8x8_u, u16x8, uint8_t, 8)
SIMD_LOAD_EXTEND(16x4_s, i32x4, int16_t, 4)
SIMD_LOAD_EXTEND(16x4_u, u32x4, uint16_t, 4)
SIMD_LOAD_EXTEND(32x2_s, i64x2, int32_t, 2)
SIMD_LOAD_EXTEND(32x2_u, u64x2, uint32_t, 2)
#undef SIMD_LOAD_EXTEND

/* --- bytes by index --------------------------------------------------- */

/* `lanes` are sixteen bytes below 32: 0-15 of a, 16-31 of b. */
static inline v128 simd_i8x16_shuffle(v128 a, v128 b, const uint8_t *lanes)
{
	uint8_t from[32];
	u8x16 r;

	v128_store(from, a);
	v128_store(from + 16, b);
	for (size_t i = 0; i < 16; i++)
		r[i] = from[lanes[i] & 31];
	return (v128)r;
}

static inline v128 simd_i8x16_swizzle(v128 a, v128 index)
{
	u8x16 s = (u8x16)index, r;
	uint8_t from[16];

	v128_store(from, a);
	for (size_t i = 0; i < 16; i++)
		r[i] = from[s[i] & 15];
	return (v128)(r & (u8x16)(s < 16));
}

#include "wasm/simd_int.h"

#include "wasm/simd_convert.h"
#include "wasm/simd_float.h"
#include "wasm/simd_relaxed.h"
