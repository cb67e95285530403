/* cat FROM [TO]: 1 if FROM cannot be read, 2 if TO cannot be written. */
#include <stdio.h>

int main(int argc, char **argv)
{
	FILE *from = fopen(argv[1], "r"), *to = stdout;
	int ch;

	if (!from) {
		perror(argv[1]);
		return 1;
	}
	if (argc > 2)
		to = fopen(argv[2], "w");
	if (!to) {
		perror(argv[2]);
		return 2;
	}
	while ((ch = getc(from)) != EOF)
		putc(ch, to);
	return fclose(to) == 0 ? 0 : 2;
}
