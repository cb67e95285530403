#include "check.h"

int main(int argc, char **argv)
{
	__wasi_timestamp_t t, later;
	volatile unsigned int work = 0;

	OK(__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &t));
	TRUE(t > 1700000000ull * 1000000000);
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t));
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &later));
	TRUE(later >= t);
	for (unsigned int id = __WASI_CLOCKID_PROCESS_CPUTIME_ID; id < 4;
	     id++) {
		OK(__wasi_clock_time_get(id, 1, &t));
		for (int i = 0; i < 100000; i++)
			work += i;
		OK(__wasi_clock_time_get(id, 1, &later));
		TRUE(later > t && later - t < 10000000000);
	}
	FAILS(__wasi_clock_time_get(4, 1, &t), INVAL);
	FAILS(__wasi_clock_time_get(0, 1, FAR + 9), FAULT);
	return done();
}
