#include "check.h"

int main(int argc, char **argv)
{
	for (int i = 0; i < 100; i++)
		OK(__wasi_sched_yield());
	return done();
}
