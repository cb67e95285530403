/* The module: WASI has no system calls to try, only files.
 *
 * probe.wasm		devices and files of the kernel, as the host's probe
 * probe.wasm FILE	hold FILE open until its first byte is an x: who
 *			holds it is the process to be looked at from outside */
#include "probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PATIENCE_S = 20 };

static int hold(const char *path)
{
	int fd = open(path, O_RDONLY);
	char c = 0;

	if (fd < 0) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < PATIENCE_S * 50; i++) {
		if (pread(fd, &c, 1, 0) == 1 && c == 'x')
			return 0;
		usleep(20000);
	}
	fputs("nobody came\n", stderr);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return hold(argv[1]);
	probe_devices(0);
	probe_writable(0);
	puts("end");
	return 0;
}
