/* The module: WASI has no system calls to try, only files. */
#include "probe.h"

#include <stdio.h>

int main(void)
{
	probe_devices();
	probe_writable();
	puts("end");
	return 0;
}
