/* SHA-256 by the processor's own instructions (Intel SDM, volume 2:
 * SHA256RNDS2, SHA256MSG1, SHA256MSG2). */
#include "base/sha256_internal.h"

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)

#include <immintrin.h>
#include <sys/platform/x86.h>

bool sha256_has_instructions(void)
{
	return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1);
}

/* Words in memory are big-endian. */
__attribute__((target("ssse3"))) static __m128i load(const uint8_t *p)
{
	const __m128i order =
		_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const void *)p), order);
}

__attribute__((target("sha,sse4.1"))) void
sha256_blocks_native(uint32_t h[8], const uint8_t *p, size_t n)
{
	__m128i dcba = _mm_loadu_si128((const void *)h);
	__m128i hgfe = _mm_loadu_si128((const void *)(h + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
	__m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
	/* The instructions want the state in these halves. */
	__m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
	__m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

	for (; n; n--, p += 64) {
		__m128i abef_before = abef, cdgh_before = cdgh, w[4];

		for (int i = 0; i < 4; i++)
			w[i] = load(p + 16 * i);
#pragma GCC unroll 16
		for (unsigned int i = 0; i < 16; i++) {
			__m128i a = w[i % 4], b = w[(i + 1) % 4],
				c = w[(i + 2) % 4], d = w[(i + 3) % 4];
			__m128i kw = _mm_add_epi32(
				a, _mm_loadu_si128(
					   (const void *)(sha256_k + 4 * i)));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, kw);
			kw = _mm_shuffle_epi32(kw, 0x0e);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, kw);
			/* The four words of 16 rounds from here. */
			a = _mm_add_epi32(_mm_sha256msg1_epu32(a, b),
					  _mm_alignr_epi8(d, c, 4));
			w[i % 4] = _mm_sha256msg2_epu32(a, d);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	efgh = _mm_shuffle_epi32(abef, 0x1b); /* FEBA */
	cdab = _mm_shuffle_epi32(cdgh, 0xb1); /* DCHG */
	_mm_storeu_si128((void *)h, _mm_blend_epi16(efgh, cdab, 0xf0));
	_mm_storeu_si128((void *)(h + 4), _mm_alignr_epi8(cdab, efgh, 8));
}

#else

bool sha256_has_instructions(void)
{
	return false;
}

void sha256_blocks_native(uint32_t h[8], const uint8_t *p, size_t n)
{
}

#endif
