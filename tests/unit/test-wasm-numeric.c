#include <stdint.h>

#include "test.h"
#include "wasm/numeric.h"

#define BITS32(f) num_f32_bits(f)
#define BITS64(f) num_f64_bits(f)
#define F32(bits) num_f32_from_bits(bits)
#define F64(bits) num_f64_from_bits(bits)

/* Keeps the compiler from computing the answer itself. */
static volatile float f32_opaque;
static volatile double f64_opaque;

static float f32_in(float f)
{
	f32_opaque = f;
	return f32_opaque;
}

static double f64_in(double f)
{
	f64_opaque = f;
	return f64_opaque;
}

TEST(division_traps_instead_of_faulting)
{
	uint32_t r32 = 7;
	uint64_t r64 = 7;

	CHECK_INT(num_i32_div_s(1, 0, &r32), WASM_TRAP_DIV_ZERO);
	CHECK_INT(num_i32_div_s(0x80000000, UINT32_MAX, &r32),
		  WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i32_div_u(0x80000000, UINT32_MAX, &r32), 0);
	CHECK_INT(r32, 0);
	CHECK_INT(num_i32_div_s((uint32_t)-7, 2, &r32), 0);
	CHECK_INT((int32_t)r32, -3);
	CHECK_INT(num_i32_rem_s((uint32_t)-7, 2, &r32), 0);
	CHECK_INT((int32_t)r32, -1);
	CHECK_INT(num_i32_rem_s(0x80000000, UINT32_MAX, &r32), 0);
	CHECK_INT(r32, 0);
	CHECK_INT(num_i32_rem_u(5, 0, &r32), WASM_TRAP_DIV_ZERO);
	CHECK_INT(num_i64_div_s(UINT64_C(1) << 63, UINT64_MAX, &r64),
		  WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i64_rem_s(UINT64_C(1) << 63, UINT64_MAX, &r64), 0);
	CHECK_INT(r64, 0);
}

TEST(bits_are_counted_and_moved)
{
	CHECK_INT(num_i32_clz(0), 32);
	CHECK_INT(num_i32_ctz(0), 32);
	CHECK_INT(num_i64_clz(0), 64);
	CHECK_INT(num_i64_ctz(UINT64_C(1) << 40), 40);
	CHECK_INT(num_i64_popcnt(UINT64_MAX), 64);
	CHECK(num_i32_shl(1, 33) == 2);
	CHECK(num_i32_shr_s(0x80000000, 31) == UINT32_MAX);
	CHECK(num_i32_rotl(0xabcd9876, 0) == 0xabcd9876);
	CHECK(num_i32_rotl(0x80000001, 33) == 3);
	CHECK(num_i64_rotr(1, 1) == UINT64_C(1) << 63);
	CHECK(num_i32_extend8_s(0x180) == 0xffffff80);
	CHECK(num_i64_extend16_s(0x8000) == UINT64_C(0xffffffffffff8000));
	CHECK(num_i64_extend32_s(0x80000000) == UINT64_C(0xffffffff80000000));
}

TEST(rounding_keeps_the_sign_of_zero_and_ties_to_even)
{
	CHECK(BITS32(num_f32_ceil(f32_in(-0.25f))) == BITS32(-0.0f));
	CHECK(BITS32(num_f32_trunc(f32_in(-0.75f))) == BITS32(-0.0f));
	CHECK(BITS32(num_f32_nearest(f32_in(-0.5f))) == BITS32(-0.0f));
	CHECK(BITS64(num_f64_floor(f64_in(-0.0))) == BITS64(-0.0));
	CHECK(num_f32_nearest(f32_in(2.5f)) == 2.0f);
	CHECK(num_f32_nearest(f32_in(3.5f)) == 4.0f);
	CHECK(num_f64_nearest(f64_in(-4503599627370497.5)) ==
	      -4503599627370498.0);
	CHECK(num_f64_nearest(f64_in(0.49999999999999994)) == 0.0);
	CHECK(num_f64_floor(f64_in(-1.5)) == -2.0);
	CHECK(num_f64_ceil(f64_in(1e300)) == 1e300);
	CHECK(num_f32_floor(f32_in(8388609.0f)) == 8388609.0f);
	CHECK(num_f32_trunc(f32_in(-__builtin_inff())) == -__builtin_inff());
}

TEST(a_signalling_nan_comes_out_quiet)
{
	float snan = F32(0x7fa00001);
	double snan64 = F64(UINT64_C(0x7ff4000000000001));

	CHECK(BITS32(num_f32_ceil(snan)) == 0x7fe00001);
	CHECK(BITS32(num_f32_nearest(snan)) == 0x7fe00001);
	CHECK(BITS32(num_f32_min(snan, 1.0f)) == 0x7fe00001);
	CHECK(BITS64(num_f64_max(1.0, snan64)) == UINT64_C(0x7ffc000000000001));
	/* A canonical NaN stays one through both conversions. */
	CHECK((BITS64(num_f64_promote_f32(F32(0x7fc00000))) << 1) ==
	      UINT64_C(0x7ff8000000000000) << 1);
	CHECK(BITS32(num_f32_demote_f64(snan64)) & 0x00400000);
	/* These three do not compute: every bit but the sign stays. */
	CHECK(BITS32(num_f32_neg(snan)) == 0xffa00001);
	CHECK(BITS32(num_f32_abs(F32(0xffa00001))) == 0x7fa00001);
	CHECK(BITS32(num_f32_copysign(snan, -1.0f)) == 0xffa00001);
}

TEST(minimum_and_maximum_know_both_zeros)
{
	CHECK(BITS32(num_f32_min(f32_in(0.0f), -0.0f)) == BITS32(-0.0f));
	CHECK(BITS32(num_f32_max(f32_in(-0.0f), 0.0f)) == BITS32(0.0f));
	CHECK(num_f64_min(f64_in(1.0), 2.0) == 1.0);
	CHECK(num_f64_max(f64_in(-1.0), -__builtin_inf()) == -1.0);
}

TEST(truncation_traps_exactly_at_the_edge)
{
	uint32_t r32 = 0;
	uint64_t r64 = 0;

	CHECK_INT(num_i32_trunc_f32_s(-2147483648.0f, &r32), 0);
	CHECK(r32 == 0x80000000);
	CHECK_INT(num_i32_trunc_f32_s(-2147483904.0f, &r32),
		  WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i32_trunc_f64_s(-2147483648.9, &r32), 0);
	CHECK(r32 == 0x80000000);
	CHECK_INT(num_i32_trunc_f64_s(-2147483649.0, &r32),
		  WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i32_trunc_f64_u(-0.9999, &r32), 0);
	CHECK(r32 == 0);
	CHECK_INT(num_i32_trunc_f64_u(4294967295.9, &r32), 0);
	CHECK(r32 == UINT32_MAX);
	CHECK_INT(num_i32_trunc_f64_u(4294967296.0, &r32),
		  WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i32_trunc_f32_u(__builtin_nanf(""), &r32),
		  WASM_TRAP_CONVERSION);
	CHECK_INT(num_i64_trunc_f64_s(-0x1p63, &r64), 0);
	CHECK(r64 == UINT64_C(1) << 63);
	CHECK_INT(num_i64_trunc_f64_s(0x1p63, &r64), WASM_TRAP_INT_OVERFLOW);
	CHECK_INT(num_i64_trunc_f32_u(0x1.fffffep63f, &r64), 0);
	CHECK(r64 == UINT64_C(0xffffff0000000000));
}

TEST(saturation_clamps_and_maps_nan_to_zero)
{
	CHECK(num_i32_trunc_sat_f32_s(__builtin_nanf("")) == 0);
	CHECK(num_i32_trunc_sat_f32_s(-1e20f) == 0x80000000);
	CHECK(num_i32_trunc_sat_f64_u(-5.0) == 0);
	CHECK(num_i32_trunc_sat_f64_u(1e20) == UINT32_MAX);
	CHECK(num_i64_trunc_sat_f64_s(1e30) == INT64_MAX);
	CHECK(num_i64_trunc_sat_f32_u(__builtin_inff()) == UINT64_MAX);
}

TEST(unsigned_64_bit_numbers_round_once)
{
	/* 2^63 + 2^39 + 1 lies just above a tie of the floats. */
	CHECK(BITS32(num_f32_convert_i64_u(UINT64_C(0x8000008000000001))) ==
	      0x5f000001);
	CHECK(BITS64(num_f64_convert_i64_u(UINT64_C(0x8000000000000401))) ==
	      UINT64_C(0x43e0000000000001));
	CHECK(num_f32_convert_i32_s(UINT32_MAX) == -1.0f);
	CHECK(num_f64_convert_i32_u(UINT32_MAX) == 4294967295.0);
}
