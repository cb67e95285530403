#include "check.h"

/* wasi-libc does not declare it any more. */
__attribute__((import_module("wasi_snapshot_preview1"),
	       import_name("proc_raise"))) int
__wasi_proc_raise(int sig);

int main(int argc, char **argv)
{
	int sig = atoi(argv[1]);

	OK(__wasi_proc_raise(0));
	OK(__wasi_proc_raise(16)); /* SIGCHLD: ignored */
	OK(__wasi_proc_raise(27)); /* SIGWINCH */
	FAILS(__wasi_proc_raise(31), INVAL);
	__wasi_proc_raise(sig);
	puts("still here");
	return 0;
}
