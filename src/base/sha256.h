/* base/sha256.h
 * SHA-256 (FIPS 180-4): for names of cache files that a stranger must not be
 * able to make collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 65 };

void sha256(const void *data, size_t len, uint8_t ret[SHA256_SIZE]);

/* The same of pieces: begin, any number of add, end. */
struct sha256 {
	uint32_t h[8];
	uint64_t len;
	uint8_t rest[64]; /* len % 64 bytes that are no whole block yet */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t ret[SHA256_SIZE]);

/* Lower-case digits and a NUL. */
void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX]);
void sha256_text(const uint8_t sum[SHA256_SIZE], char ret[SHA256_HEX]);
