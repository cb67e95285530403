/* wasm/interp.h
 * How handlers of register code are written.  Private to interp.c and its
 * parts, interp_*.inc.
 *
 * A handler is a function that ends by jumping to the next one's.  All have
 * the same arguments, so the jump is a tail call and they stay in registers:
 * where we are (ip), the frame (fp), memory 0 (mem), the rest (x), and an
 * accumulator for integers and for each kind of float.  A handler without
 * DISPATCH() at its end stops the interpreter.
 *
 * A handler must not take the address of a local: what might point into the
 * frame keeps the frame, and the jump becomes a call.  Helpers return what
 * they have to say, or write it to slots.
 *
 * Compilers promise such tail calls only in optimised builds, and sanitizers
 * break the promise.  There (WASM_DISPATCH_LOOP) DISPATCH() returns to a loop,
 * with the arguments saved. */
#pragma once

#include "wasm/ir.h"
#include "wasm/numeric.h"
#include "wasm/simd.h"
#include "wasm/store.h"

#define ARGS                                                      \
	const union code *ip, union wasm_value *fp, uint8_t *mem, \
		struct exec *x, uint64_t r0, float f0, double d0
typedef void handler_fn(ARGS);

/* What the fault handler takes for the engine's own code. */
#define HANDLER static void

#ifdef WASM_DISPATCH_LOOP
#define DISPATCH()                                                            \
	do {                                                                  \
		x->saved = (struct saved_registers){ip, fp, mem, r0, f0, d0}; \
		return;                                                       \
	} while (0)
#elif defined(__clang__)
#define DISPATCH()                                                    \
	__attribute__((musttail)) return ((handler_fn *)ip->handler)( \
		ip, fp, mem, x, r0, f0, d0)
#else
#define DISPATCH() \
	return ((handler_fn *)ip->handler)(ip, fp, mem, x, r0, f0, d0)
#endif

/* Go on behind this instruction of `n` words. */
#define NEXT(n)             \
	do {                \
		ip += (n);  \
		DISPATCH(); \
	} while (0)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define TRAP_IF(cond, name)                                      \
	do {                                                     \
		if (unlikely(cond))                              \
			return trap_at(x, ip, WASM_TRAP_##name); \
	} while (0)

/* The operand fields of word 1. */
#define D (ip[1].u16[0])
#define A (ip[1].u16[1])
#define B (ip[1].u16[2])
#define C (ip[1].u16[3])
#define K (ip[1].u32[1])

/* The accumulator and slots by type.  An i32 is stored as 64 bits, so that
 * moves may be of 64 bits without waiting for a store that was shorter than
 * the load; an f32 is not, and has moves of its own. */
#define GET_i32(n)     (fp[n].i32)
#define GET_i64(n)     (fp[n].i64)
#define GET_f32(n)     (fp[n].f32)
#define GET_f64(n)     (fp[n].f64)
#define ACC_i32        ((uint32_t)r0)
#define ACC_i64        r0
#define ACC_f32        f0
#define ACC_f64        d0
#define SET_ACC_i32(v) (r0 = (uint32_t)(v))
#define SET_ACC_i64(v) (r0 = (uint64_t)(v))
#define SET_ACC_f32(v) (f0 = (v))
#define SET_ACC_f64(v) (d0 = (v))
#define STORE_i32(n)   (fp[n].i64 = r0)
#define STORE_i64(n)   (fp[n].i64 = r0)
#define STORE_f32(n)   (fp[n].f32 = f0)
#define STORE_f64(n)   (fp[n].f64 = d0)
#define CONST_i32      K
#define CONST_i64      ((uint64_t)(int64_t)(int32_t)K)
#define CONST_f32      (ip[2].f32)
#define CONST_f64      (ip[2].f64)
/* Words of a binary instruction with a constant. */
#define WORDS_i32 2
#define WORDS_i64 2
#define WORDS_f32 3
#define WORDS_f64 3

#define VGET(n)    v128_load(&fp[n])
#define VSET(n, v) v128_store(&fp[n], (v128)(v))

/* The operations that C has. */
#define num_i32_add(a, b)       ((a) + (b))
#define num_i32_sub(a, b)       ((a) - (b))
#define num_i32_mul(a, b)       ((a) * (b))
#define num_i32_and(a, b)       ((a) & (b))
#define num_i32_or(a, b)        ((a) | (b))
#define num_i32_xor(a, b)       ((a) ^ (b))
#define num_i32_eq(a, b)        ((a) == (b))
#define num_i32_ne(a, b)        ((a) != (b))
#define num_i32_lt_u(a, b)      ((a) < (b))
#define num_i32_gt_u(a, b)      ((a) > (b))
#define num_i32_le_u(a, b)      ((a) <= (b))
#define num_i32_ge_u(a, b)      ((a) >= (b))
#define num_i32_lt_s(a, b)      ((int32_t)(a) < (int32_t)(b))
#define num_i32_gt_s(a, b)      ((int32_t)(a) > (int32_t)(b))
#define num_i32_le_s(a, b)      ((int32_t)(a) <= (int32_t)(b))
#define num_i32_ge_s(a, b)      ((int32_t)(a) >= (int32_t)(b))
#define num_i64_add             num_i32_add
#define num_i64_sub             num_i32_sub
#define num_i64_mul             num_i32_mul
#define num_i64_and             num_i32_and
#define num_i64_or              num_i32_or
#define num_i64_xor             num_i32_xor
#define num_i64_eq              num_i32_eq
#define num_i64_ne              num_i32_ne
#define num_i64_lt_u            num_i32_lt_u
#define num_i64_gt_u            num_i32_gt_u
#define num_i64_le_u            num_i32_le_u
#define num_i64_ge_u            num_i32_ge_u
#define num_i64_lt_s(a, b)      ((int64_t)(a) < (int64_t)(b))
#define num_i64_gt_s(a, b)      ((int64_t)(a) > (int64_t)(b))
#define num_i64_le_s(a, b)      ((int64_t)(a) <= (int64_t)(b))
#define num_i64_ge_s(a, b)      ((int64_t)(a) >= (int64_t)(b))
#define num_f32_add(a, b)       ((a) + (b))
#define num_f32_sub(a, b)       ((a) - (b))
#define num_f32_mul(a, b)       ((a) * (b))
#define num_f32_div(a, b)       ((a) / (b))
#define num_f32_eq(a, b)        ((a) == (b))
#define num_f32_ne(a, b)        ((a) != (b))
#define num_f32_lt(a, b)        ((a) < (b))
#define num_f32_gt(a, b)        ((a) > (b))
#define num_f32_le(a, b)        ((a) <= (b))
#define num_f32_ge(a, b)        ((a) >= (b))
#define num_f64_add             num_f32_add
#define num_f64_sub             num_f32_sub
#define num_f64_mul             num_f32_mul
#define num_f64_div             num_f32_div
#define num_f64_eq              num_f32_eq
#define num_f64_ne              num_f32_ne
#define num_f64_lt              num_f32_lt
#define num_f64_gt              num_f32_gt
#define num_f64_le              num_f32_le
#define num_f64_ge              num_f32_ge
#define num_i64_extend_i32_s(a) ((uint64_t)(int64_t)(int32_t)(a))
#define num_i64_extend_i32_u(a) ((uint64_t)(a))
#define num_i32_reinterpret_f32 num_f32_bits
#define num_i64_reinterpret_f64 num_f64_bits
#define num_f32_reinterpret_i32 num_f32_from_bits
#define num_f64_reinterpret_i64 num_f64_from_bits
