/* wasm/atomic.h
 * The threads proposal: what the atomic instructions do at an address that
 * was checked already, and waiting.  All are sequentially consistent, as the
 * proposal wants.
 *
 * Atomic accesses must be aligned, or they trap: the interpreter tests the
 * effective address with atomic_aligned() and bounds as for any access. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wasm/memory.h"
#include "wasm/trap.h"

static inline bool atomic_aligned(uint64_t address, unsigned int width)
{
	return (address & (width - 1)) == 0;
}

static inline void atomic_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* atomic_add_16(p, v) is "atomic.rmw16.add": it returns the old value.
 * cmpxchg compares the operand as wide as the instruction has it, so the
 * caller tells by `expected` being wider that it can't be equal. */
#define ATOMIC_RMW(name, bits, builtin)                                       \
	static inline uint##bits##_t atomic_##name##_##bits(void *p,          \
							    uint##bits##_t v) \
	{                                                                     \
		return builtin((uint##bits##_t *)p, v, __ATOMIC_SEQ_CST);     \
	}
#define ATOMIC_WIDTH(bits)                                                  \
	static inline uint##bits##_t atomic_load_##bits(const void *p)      \
	{                                                                   \
		return __atomic_load_n((const uint##bits##_t *)p,           \
				       __ATOMIC_SEQ_CST);                   \
	}                                                                   \
	static inline void atomic_store_##bits(void *p, uint##bits##_t v)   \
	{                                                                   \
		__atomic_store_n((uint##bits##_t *)p, v, __ATOMIC_SEQ_CST); \
	}                                                                   \
	static inline uint##bits##_t atomic_cmpxchg_##bits(                 \
		void *p, uint64_t expected, uint##bits##_t v)               \
	{                                                                   \
		uint##bits##_t old = (uint##bits##_t)expected;              \
                                                                            \
		if (old != expected)                                        \
			return atomic_load_##bits(p);                       \
		__atomic_compare_exchange_n((uint##bits##_t *)p, &old, v,   \
					    false, __ATOMIC_SEQ_CST,        \
					    __ATOMIC_SEQ_CST);              \
		return old;                                                 \
	}                                                                   \
	ATOMIC_RMW(add, bits, __atomic_fetch_add)                           \
	ATOMIC_RMW(sub, bits, __atomic_fetch_sub)                           \
	ATOMIC_RMW(and, bits, __atomic_fetch_and)                           \
	ATOMIC_RMW(or, bits, __atomic_fetch_or)                             \
	ATOMIC_RMW(xor, bits, __atomic_fetch_xor)                           \
	ATOMIC_RMW(xchg, bits, __atomic_exchange_n)

ATOMIC_WIDTH(8)
ATOMIC_WIDTH(16)
ATOMIC_WIDTH(32)
ATOMIC_WIDTH(64)
#undef ATOMIC_WIDTH
#undef ATOMIC_RMW

enum atomic_wait {
	ATOMIC_WOKEN = 0,
	ATOMIC_NOT_EQUAL = 1,
	ATOMIC_TIMED_OUT = 2
};

/* memory.atomic.wait32 (width 4) and wait64 (width 8) at `address`, the
 * effective one.  `timeout` in ns, negative for none.  `stop` (may be NULL) is
 * asked every 10 ms and after each signal; when it says true the wait ends
 * with WASM_TRAP_INTERRUPTED. */
enum wasm_trap atomic_wait(struct wasm_memory *m, uint64_t address,
			   unsigned int width, uint64_t expected,
			   int64_t timeout, bool (*stop)(void *), void *context,
			   uint32_t *ret);
/* memory.atomic.notify: wakes up to `count`, the longest waiting first. */
enum wasm_trap atomic_notify(struct wasm_memory *m, uint64_t address,
			     uint32_t count, uint32_t *ret);
