/* b5e964afef3c0c0e: 32-bit rotations and additions (FIPS 180-4) */
#include <string.h>

#include "kernel.h"

static uint32_t k[64], h[8];

/* The constants are fractions of roots of primes; these are as good here. */
static void init(void)
{
	uint64_t state = 5;

	for (int i = 0; i < 64; i++)
		k[i] = (uint32_t)(next_random(&state) >> 32);
	for (int i = 0; i < 8; i++)
		h[i] = (uint32_t)(next_random(&state) >> 32);
}

static inline uint32_t rotr(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void block(const uint8_t *p)
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 |
		       p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) +
		       w[i - 7] + (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
	}
	memcpy(s, h, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t t1 =
			s[7] +
			(rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) +
			((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
		uint32_t t2 =
			(rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) +
			((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

int main(void)
{
	static uint8_t data[4096];
	uint64_t state = 7;

	init();
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(next_random(&state) >> 56);
	for (int round = 0; round < 4000; round++)
		for (unsigned int i = 0; i < sizeof(data); i += 64)
			block(data + i);
	return result((uint64_t)h[0] << 32 | h[7]);
}
