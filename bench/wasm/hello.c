/* Not a kernel: what it takes to say hello, and to sleep when asked to. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	puts("hello");
	fflush(stdout);
	if (argc > 1)
		sleep(1000);
	return 0;
}
