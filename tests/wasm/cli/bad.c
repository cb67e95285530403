/* Programs that go wrong, by argv[1]. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int depth;

__attribute__((noinline)) static int recurse(int n)
{
	depth++;
	return recurse(n + 1) + depth;
}

__attribute__((noinline)) static int inner(const char *what)
{
	static int (*volatile wrong)(const char *) = (void *)7;
	volatile int zero = 0;

	if (!strcmp(what, "unreachable"))
		__builtin_trap();
	if (!strcmp(what, "memory"))
		return *(volatile int *)(uintptr_t)0xfffffff0;
	if (!strcmp(what, "divide"))
		return 1 / zero;
	if (!strcmp(what, "call"))
		return wrong(what);
	if (!strcmp(what, "recursion"))
		return recurse(0);
	if (!strcmp(what, "loop"))
		for (;;)
			depth++;
	if (!strcmp(what, "read-again"))
		while (read(0, (char *)&zero, 1) < 0)
			depth++;
	if (!strcmp(what, "sleep"))
		for (;;)
			sleep(1000);
	if (!strcmp(what, "memory-limit")) {
		void *volatile p; /* else the compiler knows better */
		size_t mib = 0;

		while ((p = malloc(1 << 20)))
			mib++;
		printf("%zu\n", mib);
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[1], "abort"))
		abort();
	return inner(argv[1]);
}
