/* 0000032fe1e2cb84: floating point, rows of memory */
#include "kernel.h"

enum { N = 500 };

static double a[N][N], b[N][N], c[N][N];

int main(void)
{
	uint64_t state = 1;
	double sum = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = (double)(next_random(&state) >> 60);
			b[i][j] = (double)(next_random(&state) >> 60);
		}
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			for (int j = 0; j < N; j++)
				c[i][j] += a[i][k] * b[k][j];
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			sum += c[i][j] * (i + j);
	return result((uint64_t)sum);
}
