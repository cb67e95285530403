#include "check.h"

int main(int argc, char **argv)
{
	uint8_t *v[4] = {0}, buf[64];
	__wasi_size_t n, size;

	OK(__wasi_args_sizes_get(&n, &size));
	IS(n, 3);
	IS(size,
	   sizeof("args_get.wasm") + sizeof("one") + sizeof("\xc3\xa9 2"));
	OK(__wasi_args_get(v, buf));
	IS(strcmp((char *)v[0], "args_get.wasm"), 0);
	IS(strcmp((char *)v[1], "one"), 0);
	IS(strcmp((char *)v[2], "\xc3\xa9 2"), 0);
	TRUE(v[3] == NULL);
	FAILS(__wasi_args_get(FAR, buf), FAULT);
	FAILS(__wasi_args_get(v, FAR), FAULT);
	FAILS(__wasi_args_sizes_get(&n, FAR + 13), FAULT);
	return done();
}
