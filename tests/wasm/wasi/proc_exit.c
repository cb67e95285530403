#include "check.h"

/* Ends with argv[1]; nothing that follows may happen. */
int main(int argc, char **argv)
{
	__wasi_proc_exit((__wasi_exitcode_t)strtoul(argv[1], NULL, 0));
	puts("still here");
	return 0;
}
