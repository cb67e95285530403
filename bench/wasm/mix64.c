/* e5b67e74ecd19213: 64-bit integers */
#include "kernel.h"

int main(void)
{
	uint64_t state = 1, sum = 0;

	for (int i = 0; i < 60000000; i++) {
		uint64_t r = next_random(&state);

		sum += r ^ (r >> 33);
		sum = sum << 13 | sum >> 51;
	}
	return result(sum);
}
