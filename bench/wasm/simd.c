/* 88d86e2277cf2aa4: vectors: a filter over an image; flags: -msimd128 */
#include "kernel.h"

enum { W = 1024, H = 256 };

typedef int16_t v8 __attribute__((vector_size(16), aligned(2)));

static int16_t in[H][W], out[H][W];

int main(void)
{
	uint64_t state = 19, sum = 0;

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			in[y][x] = (int16_t)(next_random(&state) >> 56);
	for (int round = 0; round < 1000; round++) {
		for (int y = 1; y < H - 1; y++)
			for (int x = 8; x < W - 8; x += 8) {
				v8 m = *(v8 *)&in[y][x];
				v8 n = *(v8 *)&in[y - 1][x] +
				       *(v8 *)&in[y + 1][x] +
				       *(v8 *)&in[y][x - 1] +
				       *(v8 *)&in[y][x + 1];

				*(v8 *)&out[y][x] = (m * 4 + n) >> 3;
			}
		for (int y = 1; y < H - 1; y++)
			for (int x = 8; x < W - 8; x++)
				in[y][x] = out[y][x];
	}
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			sum = sum * 31 + (uint16_t)in[y][x];
	return result(sum);
}
