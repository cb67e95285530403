/* base/sha256_internal.h: what the ways to compute it share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const uint32_t sha256_k[64];

/* Blocks of 64 bytes into the state. */
void sha256_blocks_portable(uint32_t h[8], const uint8_t *p, size_t n);
/* Only if the processor has instructions for it. */
bool sha256_has_instructions(void);
void sha256_blocks_native(uint32_t h[8], const uint8_t *p, size_t n);
