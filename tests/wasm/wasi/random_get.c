#include "check.h"

int main(int argc, char **argv)
{
	static uint8_t a[100000], b[100000];
	int zeros = 0;

	OK(__wasi_random_get(a, sizeof(a)));
	OK(__wasi_random_get(b, sizeof(b)));
	TRUE(memcmp(a, b, 16) != 0);
	TRUE(memcmp(a + sizeof(a) - 16, b + sizeof(b) - 16, 16) != 0);
	for (unsigned int i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	TRUE(zeros > 200 && zeros < 600);
	OK(__wasi_random_get(a, 0));
	FAILS(__wasi_random_get(FAR, 17), FAULT);
	FAILS(__wasi_random_get(a, 0xffffffff), FAULT);
	return done();
}
