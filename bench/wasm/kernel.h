/* Each kernel computes one number and prints it; bench-wasm compares it with
 * the one that the first line of the file names. */
#pragma once

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

static inline int result(uint64_t value)
{
	printf("%016" PRIx64 "\n", value);
	return 0;
}

/* Numbers that look random: xorshift64*. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}
