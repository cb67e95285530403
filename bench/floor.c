/* src/bench/floor.h as a program: floor ROOTFS PROGRAM [ARG...] */
#include "bench/floor.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	int status, rc;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: floor ROOTFS PROGRAM [ARG...]\n");
		return 2;
	}
	rc = floor_start(argv[1], argv + 2, -1, &pid);
	if (rc < 0) {
		fprintf(stderr, "floor: %s\n", strerror(-rc));
		return 1;
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
