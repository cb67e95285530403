/* 5fef83ed4c278919: sorting: comparisons, moves in memory */
#include "kernel.h"

enum { N = 1000000 };

static int32_t v[N];

static void sort(int32_t *a, int32_t n)
{
	while (n > 12) {
		int32_t pivot = a[n / 2], i = 0, j = n - 1;

		while (i <= j) {
			while (a[i] < pivot)
				i++;
			while (a[j] > pivot)
				j--;
			if (i <= j) {
				int32_t t = a[i];

				a[i++] = a[j];
				a[j--] = t;
			}
		}
		sort(a, j + 1);
		a += i;
		n -= i;
	}
	for (int32_t i = 1; i < n; i++) {
		int32_t t = a[i], j = i;

		for (; j > 0 && a[j - 1] > t; j--)
			a[j] = a[j - 1];
		a[j] = t;
	}
}

int main(void)
{
	uint64_t state = 17, sum = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++)
			v[i] = (int32_t)(next_random(&state) >> 32);
		sort(v, N);
		for (int i = 0; i < N; i += 1000)
			sum = sum * 31 + (uint32_t)v[i];
	}
	return result(sum);
}
