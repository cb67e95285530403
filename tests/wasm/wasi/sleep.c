#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	puts("asleep");
	fflush(stdout);
	sleep((unsigned int)atoi(argv[1]));
	return 0;
}
