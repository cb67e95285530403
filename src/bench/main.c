/* hull-bench: container runtimes and Wasm runtimes next to each other, on
 * this machine.  "hull bench" executes it. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "hull: bench: nothing can be measured yet\n");
	return 1;
}
