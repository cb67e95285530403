#include "check.h"

int main(int argc, char **argv)
{
	uint8_t *v[3] = {0}, buf[64];
	__wasi_size_t n, size;

	OK(__wasi_environ_sizes_get(&n, &size));
	IS(n, 2);
	IS(size, sizeof("A=1") + sizeof("EMPTY="));
	OK(__wasi_environ_get(v, buf));
	IS(strcmp((char *)v[0], "A=1"), 0);
	IS(strcmp((char *)v[1], "EMPTY="), 0);
	FAILS(__wasi_environ_get(FAR, buf), FAULT);
	FAILS(__wasi_environ_sizes_get(FAR + 13, &size), FAULT);
	return done();
}
