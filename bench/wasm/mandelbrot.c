/* 8ebf88599bd844a4: floating point in registers, branches */
#include "kernel.h"

int main(void)
{
	uint64_t sum = 0;

	for (int y = 0; y < 900; y++)
		for (int x = 0; x < 1200; x++) {
			double cr = x * 3.0 / 1200 - 2, ci = y * 2.0 / 900 - 1;
			double r = 0, i = 0;
			int n = 0;

			while (n < 256 && r * r + i * i < 4) {
				double t = r * r - i * i + cr;

				i = 2 * r * i + ci;
				r = t;
				n++;
			}
			sum = sum * 31 + (uint64_t)n;
		}
	return result(sum);
}
