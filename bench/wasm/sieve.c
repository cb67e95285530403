/* 000000000033d878: memory, with strides */
#include <string.h>

#include "kernel.h"

enum { N = 4000000 };

static uint8_t composite[N];

int main(void)
{
	uint64_t count = 0;

	for (int round = 0; round < 12; round++) {
		memset(composite, 0, sizeof(composite));
		for (uint32_t i = 2; i * i < N; i++)
			if (!composite[i])
				for (uint32_t j = i * i; j < N; j += i)
					composite[j] = 1;
		for (uint32_t i = 2; i < N; i++)
			count += !composite[i];
	}
	return result(count);
}
