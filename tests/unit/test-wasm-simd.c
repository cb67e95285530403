#include <stdio.h>

#include "test.h"
#include "wasm/simd.h"

/* Vectors are compared by their bytes, lane 0 first. */
static void check_bytes(int line, v128 got, v128 want)
{
	char text[2][3 * 16 + 1];

	for (int i = 0; i < 16; i++) {
		snprintf(text[0] + 3 * i, 4, "%02x ", ((u8x16)got)[i]);
		snprintf(text[1] + 3 * i, 4, "%02x ", ((u8x16)want)[i]);
	}
	if (strcmp(text[0], text[1]) != 0)
		test_fail(__FILE__, line, "got  %s, want %s", text[0], text[1]);
}

#define CHECK_V(got, want) check_bytes(__LINE__, (v128)(got), (v128)(want))

#define I8(...)  v128_load((const int8_t[16]){__VA_ARGS__})
#define U8(...)  v128_load((const uint8_t[16]){__VA_ARGS__})
#define I16(...) v128_load((const int16_t[8]){__VA_ARGS__})
#define U16(...) v128_load((const uint16_t[8]){__VA_ARGS__})
#define I32(...) v128_load((const int32_t[4]){__VA_ARGS__})
#define U32(...) v128_load((const uint32_t[4]){__VA_ARGS__})
#define I64(...) v128_load((const int64_t[2]){__VA_ARGS__})
#define F32(...) v128_load((const float[4]){__VA_ARGS__})
#define F64(...) v128_load((const double[2]){__VA_ARGS__})

static const float inf = __builtin_inff();

TEST(bytes_saturate_wrap_and_average)
{
	v128 a = I8(127, -128, 1, -1, 100, 0, 5), b = I8(1, -1, 1, -1, 100);

	CHECK_V(simd_i8x16_add_sat_s(a, b), I8(127, -128, 2, -2, 127, 0, 5));
	CHECK_V(simd_i8x16_sub_sat_s(a, b), I8(126, -127, 0, 0, 0, 0, 5));
	CHECK_V(simd_i8x16_add_sat_u(a, b), U8(128, 255, 2, 255, 200, 0, 5));
	CHECK_V(simd_i8x16_sub_sat_u(a, b), U8(126, 0, 0, 0, 0, 0, 5));
	CHECK_V(simd_i8x16_add(a, b), I8(-128, 127, 2, -2, -56, 0, 5));
	CHECK_V(simd_i8x16_avgr_u(a, b), U8(64, 192, 1, 255, 100, 0, 3));
	CHECK_V(simd_i8x16_abs(a), U8(127, 128, 1, 1, 100, 0, 5));
	CHECK_V(simd_i8x16_neg(a), U8(129, 128, 255, 1, 156, 0, 251));
	CHECK_V(simd_i8x16_min_u(a, b), U8(1, 128, 1, 255, 100));
	CHECK_V(simd_i8x16_max_s(a, b), I8(127, -1, 1, -1, 100, 0, 5));
	CHECK_V(simd_i8x16_popcnt(a), U8(7, 1, 1, 8, 3, 0, 2));
}

TEST(shift_counts_are_taken_modulo_the_lane)
{
	CHECK_V(simd_i8x16_shl(U8(0x81, 1), 9), U8(2, 2));
	CHECK_V(simd_i8x16_shr_s(U8(0x80, 0x7f), 7), U8(0xff, 0));
	CHECK_V(simd_i8x16_shr_u(U8(0x80, 0x7f), 15), U8(1, 0));
	CHECK_V(simd_i16x8_shr_s(I16(-4, 4), 17), I16(-2, 2));
	CHECK_V(simd_i32x4_shl(I32(1, 2), 33), I32(2, 4));
	CHECK_V(simd_i64x2_shr_s(I64(-8, 8), 66), I64(-2, 2));
}

TEST(lanes_are_extracted_and_replaced)
{
	v128 a = I8(-1, 2, [15] = -3);

	CHECK(simd_i8x16_extract_lane_s(a, 15) == (uint32_t)-3);
	CHECK(simd_i8x16_extract_lane_u(a, 15) == 253);
	CHECK(simd_i16x8_extract_lane_s(a, 7) == (uint32_t)-768);
	CHECK_V(simd_i16x8_replace_lane(a, 0x12345678, 1),
		U8(255, 2, 0x78, 0x56, [15] = 253));
	CHECK_V(simd_i64x2_replace_lane(I64(1, 2), 9, 1), I64(1, 9));
	CHECK_V(simd_i16x8_splat(0x10001), I16(1, 1, 1, 1, 1, 1, 1, 1));
	CHECK_V(simd_f64x2_replace_lane(F64(1, 2), -0.0, 0), F64(-0.0, 2));
	CHECK(simd_f32x4_extract_lane(F32(0, 0, 2.5f), 2) == 2.5f);
}

TEST(bytes_are_shuffled_and_swizzled)
{
	static const uint8_t lanes[16] = {31, 0, 16, 15, 1};
	v128 a = U8(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
		    25);
	v128 b = U8(50, [15] = 65);

	CHECK_V(simd_i8x16_shuffle(a, b, lanes),
		U8(65, 10, 50, 25, 11, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
		   10));
	CHECK_V(simd_i8x16_swizzle(a, U8(15, 0, 16, 255, 3, 0x80, 1, 1, 1, 1, 1,
					 1, 1, 1, 1, 2)),
		U8(25, 10, 0, 0, 13, 0, 11, 11, 11, 11, 11, 11, 11, 11, 11,
		   12));
}

TEST(tests_and_masks)
{
	v128 a = I8(-1, 0, [15] = -128);

	CHECK_INT(simd_i8x16_bitmask(a), 0x8001);
	CHECK_INT(simd_i16x8_bitmask(a), 0x80);
	CHECK_INT(simd_i64x2_bitmask(a), 2);
	CHECK_INT(simd_i8x16_all_true(a), 0);
	CHECK_INT(simd_i64x2_all_true(a), 1);
	CHECK_INT(simd_v128_any_true(I64(0, 0)), 0);
	CHECK_INT(simd_v128_any_true(I64(0, INT64_MIN)), 1);
	CHECK_V(simd_v128_bitselect(U8(0xf0), U8(0x0f), U8(0xcc)), U8(0xc3));
	CHECK_V(simd_v128_andnot(U8(0xff), U8(0x0f)), U8(0xf0));
	CHECK_V(simd_i8x16_lt_u(U8(1, 200), U8(200, 1)), U8(255));
	CHECK_V(simd_i8x16_lt_s(U8(1, 200), U8(200, 1)), U8(0, 255));
	CHECK_V(simd_i64x2_ge_s(I64(-1, 5), I64(0, 5)), I64(0, -1));
}

TEST(widening_and_narrowing)
{
	v128 a = I8(-1, 2, [8] = -3, [9] = 100);

	CHECK_V(simd_i16x8_extend_low_i8x16_s(a), I16(-1, 2));
	CHECK_V(simd_i16x8_extend_high_i8x16_u(a), I16(253, 100));
	CHECK_V(simd_i16x8_extmul_high_i8x16_s(a, a), I16(9, 10000));
	CHECK_V(simd_i64x2_extmul_low_i32x4_u(U32(UINT32_MAX, 3),
					      U32(UINT32_MAX, 4)),
		I64(-0x1ffffffff, 12));
	CHECK_V(simd_i16x8_extadd_pairwise_i8x16_u(a), I16(257, 0, 0, 0, 353));
	CHECK_V(simd_i32x4_extadd_pairwise_i16x8_s(I16(-32768, -32768)),
		I32(-65536));
	CHECK_V(simd_i8x16_narrow_i16x8_s(I16(300, -300, 5), I16(-1)),
		I8(127, -128, 5, [8] = -1));
	CHECK_V(simd_i8x16_narrow_i16x8_u(I16(300, -300, 5), I16(200)),
		U8(255, 0, 5, [8] = 200));
	CHECK_V(simd_i16x8_narrow_i32x4_u(I32(70000, -1), I32(40000)),
		U16(65535, 0, [4] = 40000));
	CHECK_V(simd_v128_load16x4_s(UINT64_C(0x0001800000000000)),
		I32(0, 0, -32768, 1));
	CHECK_V(simd_v128_load32_zero(7), I32(7));
}

TEST(products_of_the_extremes)
{
	v128 lo = I16(INT16_MIN, INT16_MIN, 16384, -1);

	CHECK_V(simd_i16x8_q15mulr_sat_s(lo, lo),
		I16(INT16_MAX, INT16_MAX, 8192));
	CHECK_V(simd_i32x4_dot_i16x8_s(lo, lo), I32(INT32_MIN, 0x10000001));
	CHECK_V(simd_i64x2_mul(I64(-3, INT64_MIN), I64(5, 2)), I64(-15, 0));
}

TEST(floats_by_lane)
{
	v128 a = F32(0.0f, 1.5f, -2.5f, inf), b = F32(-0.0f, 2.5f, 1, -inf);

	CHECK_V(simd_f32x4_min(a, b), F32(-0.0f, 1.5f, -2.5f, -inf));
	CHECK_V(simd_f32x4_max(b, a), F32(0, 2.5f, 1, inf));
	/* pmin is b < a ? b : a, and so keeps the sign of its first zero. */
	CHECK_V(simd_f32x4_pmin(a, b), F32(0, 1.5f, -2.5f, -inf));
	CHECK_V(simd_f32x4_pmax(b, a), F32(-0.0f, 2.5f, 1, inf));
	CHECK_V(simd_f32x4_nearest(a), F32(0, 2, -2, inf));
	CHECK_V(simd_f32x4_floor(a), F32(0, 1, -3, inf));
	CHECK_V(simd_f32x4_ceil(a), F32(0, 2, -2, inf));
	CHECK_V(simd_f32x4_neg(a), F32(-0.0f, -1.5f, 2.5f, -inf));
	CHECK_V(simd_f64x2_sqrt(F64(4, 2.25)), F64(2, 1.5));
	CHECK_V(simd_f32x4_lt(a, b), I32(0, -1, -1, 0));
	CHECK(simd_f32x4_extract_lane(
		      simd_f32x4_min(F32(__builtin_nanf("")), a), 0) !=
	      simd_f32x4_extract_lane(
		      simd_f32x4_min(F32(__builtin_nanf("")), a), 0));
}

/* Lanes are computed without branches, scalars with them. */
static uint64_t random_bits(uint64_t *state, bool wide)
{
	static const double special[] = {
		0.0,
		0.5,
		1.5,
		2.5,
		0.49999999999999994,
		8388607.5,
		8388608.5,
		4503599627370495.5,
		4503599627370497.0,
		1e-310,
		__builtin_inf(),
	};
	uint64_t bits;

	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	bits = *state ^ *state >> 29;
	if (bits % 3 == 0) {
		double d = special[bits / 3 % 11];

		d = bits >> 40 & 1 ? -d : d;
		return wide ? num_f64_bits(d) : num_f32_bits((float)d);
	}
	/* Whole and half numbers of all magnitudes, and NaNs. */
	if (bits % 3 == 1) {
		double d = (double)(int64_t)bits / 2 / (1ull << (bits % 61));

		return wide ? num_f64_bits(d) : num_f32_bits((float)d);
	}
	return bits;
}

#define CHECK_LANES(T, V, F, got, scalar)                                    \
	do {                                                                 \
		V r_ = (V)(got);                                             \
		for (size_t i = 0; i < 16 / sizeof(F); i++) {                \
			F x = ((V)a)[i], y = ((V)b)[i];                      \
			/* Of two NaNs the machine may take either. */       \
			if (x != x && y != y && r_[i] != r_[i])              \
				continue;                                    \
			if (num_##T##_bits(r_[i]) != num_##T##_bits(scalar)) \
				test_fail(__FILE__, __LINE__,                \
					  #scalar " of %a, %a: %a", x, y,    \
					  r_[i]);                            \
		}                                                            \
	} while (0)

#define CHECK_FLOAT_SHAPE(shape, T, V, F)                       \
	do {                                                    \
		CHECK_LANES(T, V, F, simd_##shape##_floor(a),   \
			    num_##T##_floor(x));                \
		CHECK_LANES(T, V, F, simd_##shape##_ceil(a),    \
			    num_##T##_ceil(x));                 \
		CHECK_LANES(T, V, F, simd_##shape##_trunc(a),   \
			    num_##T##_trunc(x));                \
		CHECK_LANES(T, V, F, simd_##shape##_nearest(a), \
			    num_##T##_nearest(x));              \
		CHECK_LANES(T, V, F, simd_##shape##_min(a, b),  \
			    num_##T##_min(x, y));               \
		CHECK_LANES(T, V, F, simd_##shape##_max(a, b),  \
			    num_##T##_max(x, y));               \
	} while (0)

TEST(lanes_agree_with_scalars)
{
	uint64_t state = 1;

	for (int n = 0; n < 200000; n++) {
		uint64_t w[4];
		uint32_t h[8];
		v128 a, b;

		for (int i = 0; i < 4; i++)
			w[i] = random_bits(&state, true);
		for (int i = 0; i < 8; i++)
			h[i] = (uint32_t)random_bits(&state, false);
		a = v128_load(w);
		b = v128_load(w + 2);
		CHECK_FLOAT_SHAPE(f64x2, f64, f64x2, double);
		a = v128_load(h);
		b = v128_load(h + 4);
		CHECK_FLOAT_SHAPE(f32x4, f32, f32x4, float);
	}
}

TEST(bitmasks_take_every_sign)
{
	for (uint32_t want = 0; want < 1 << 16; want++) {
		uint8_t b[16];

		for (int i = 0; i < 16; i++)
			b[i] = want >> i & 1 ? 0x80 | i : 0x7f - i;
		CHECK_INT(simd_i8x16_bitmask(v128_load(b)), want);
		CHECK_INT(simd_i16x8_bitmask(v128_load(b)),
			  (want >> 1 & 1) | (want >> 2 & 2) | (want >> 3 & 4) |
				  (want >> 4 & 8) | (want >> 5 & 16) |
				  (want >> 6 & 32) | (want >> 7 & 64) |
				  (want >> 8 & 128));
		CHECK_INT(simd_i32x4_bitmask(v128_load(b)),
			  (want >> 3 & 1) | (want >> 6 & 2) | (want >> 9 & 4) |
				  (want >> 12 & 8));
	}
}

TEST(conversions_by_lane)
{
	v128 a = F32(-1.9f, 4e9f, -inf, __builtin_nanf(""));

	CHECK_V(simd_i32x4_trunc_sat_f32x4_s(a),
		I32(-1, INT32_MAX, INT32_MIN, 0));
	CHECK_V(simd_i32x4_trunc_sat_f32x4_u(a), U32(0, 4000000000, 0, 0));
	CHECK_V(simd_i32x4_trunc_sat_f64x2_u_zero(F64(-1, 1e10)),
		U32(0, UINT32_MAX, 0, 0));
	CHECK_V(simd_f32x4_convert_i32x4_u(U32(UINT32_MAX, 1)),
		F32(4294967296.0f, 1));
	CHECK_V(simd_f64x2_convert_low_i32x4_s(I32(-7, 8, 9, 9)), F64(-7, 8));
	CHECK_V(simd_f32x4_demote_f64x2_zero(F64(0.1, 1e300)), F32(0.1f, inf));
	CHECK_V(simd_f64x2_promote_low_f32x4(F32(0.5f, 2, 9, 9)), F64(0.5, 2));
}

TEST(relaxed_instructions_take_the_deterministic_choice)
{
	float tiny = 0x1p-23f;
	v128 x = F32(1 + tiny), z = F32(-1);

	/* Rounded once: (1 + e)^2 - 1 = 2e + e^2. */
	CHECK_V(simd_f32x4_relaxed_madd(x, x, z), F32(0x1.000001p-22f));
	CHECK_V(simd_f32x4_relaxed_nmadd(x, F32(2), F32(2 + 2 * tiny)), F32(0));
	CHECK_V(simd_i8x16_relaxed_swizzle(U8(9), U8(16)),
		U8(0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9));
	CHECK_V(simd_i32x4_relaxed_trunc_f32x4_s(F32(inf)), I32(INT32_MAX));
	CHECK_V(simd_i16x8_relaxed_dot_i8x16_i7x16_s(I8(-128, -128),
						     I8(127, 127)),
		I16(-32512));
	CHECK_V(simd_i32x4_relaxed_dot_i8x16_i7x16_add_s(
			I8(1, 2, 3, 4), I8(10, 20, 30, 40), I32(1000)),
		I32(1300));
}
