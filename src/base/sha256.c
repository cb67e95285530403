#include "base/sha256.h"

#include <string.h>

#include "base/sha256_internal.h"

/* FIPS 180-4, 4.2.2: the fractional parts of the cube roots of the first 64
 * primes. */
const uint32_t sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotr(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

/* One of 64 rounds.  The eight variables move up by one in each; instead of
 * moving them, round `i` counts their names from -i. */
static inline void round256(uint32_t v[8], unsigned int i, uint32_t kw)
{
	uint32_t a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
	uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
	uint32_t t = v[(7 - i) & 7] + kw +
		     (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
		     ((e & f) ^ (~e & g));

	v[(3 - i) & 7] += t;
	v[(7 - i) & 7] = t + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
			 ((a & b) ^ (a & c) ^ (b & c));
}

static void block(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		       (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) +
		       (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
	}
	memcpy(v, h, sizeof(v));
	/* Unrolled, the variables are registers: three times as fast. */
	for (unsigned int i = 0; i < 64; i += 8) {
#pragma GCC unroll 8
		for (unsigned int j = 0; j < 8; j++)
			round256(v, j, sha256_k[i + j] + w[i + j]);
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256_blocks_portable(uint32_t h[8], const uint8_t *p, size_t n)
{
	for (; n; n--, p += 64)
		block(h, p);
}

static void blocks(uint32_t h[8], const uint8_t *p, size_t n)
{
	if (sha256_has_instructions())
		sha256_blocks_native(h, p, n);
	else
		sha256_blocks_portable(h, p, n);
}

void sha256_begin(struct sha256 *s)
{
	*s = (struct sha256){
		.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
	};
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->len % 64;

	s->len += len;
	if (have) {
		size_t n = len < 64 - have ? len : 64 - have;

		memcpy(s->rest + have, p, n);
		p += n;
		len -= n;
		if (have + n < 64)
			return;
		blocks(s->h, s->rest, 1);
	}
	blocks(s->h, p, len / 64);
	p += len / 64 * 64;
	if (len % 64)
		memcpy(s->rest, p, len % 64);
}

void sha256_end(struct sha256 *s, uint8_t ret[SHA256_SIZE])
{
	size_t left = s->len % 64, n = left < 56 ? 64 : 128;
	uint8_t tail[128] = {0};

	memcpy(tail, s->rest, left);
	tail[left] = 0x80;
	for (int i = 0; i < 8; i++)
		tail[n - 1 - (size_t)i] = (uint8_t)(s->len * 8 >> (8 * i));
	blocks(s->h, tail, n / 64);
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256(const void *data, size_t len, uint8_t ret[SHA256_SIZE])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, data, len);
	sha256_end(&s, ret);
}

void sha256_text(const uint8_t sum[SHA256_SIZE], char ret[SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < SHA256_SIZE; i++) {
		ret[2 * i] = digits[sum[i] >> 4];
		ret[2 * i + 1] = digits[sum[i] & 15];
	}
	ret[64] = '\0';
}

void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX])
{
	uint8_t sum[SHA256_SIZE];

	sha256(data, len, sum);
	sha256_text(sum, ret);
}
