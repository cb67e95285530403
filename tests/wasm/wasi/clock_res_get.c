#include "check.h"

int main(int argc, char **argv)
{
	__wasi_timestamp_t t;

	for (unsigned int id = 0; id < 4; id++) {
		t = 0;
		OK(__wasi_clock_res_get(id, &t));
		TRUE(t > 0 && t <= 100000000);
	}
	FAILS(__wasi_clock_res_get(4, &t), INVAL);
	FAILS(__wasi_clock_res_get(0, FAR + 9), FAULT);
	return done();
}
