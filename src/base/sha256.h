/* base/sha256.h
 * SHA-256 (FIPS 180-4): for names of cache files that a stranger must not be
 * able to make collide. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX = 65 };

void sha256(const void *data, size_t len, uint8_t ret[SHA256_SIZE]);
/* Lower-case digits and a NUL. */
void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX]);
