/* hull-bench: container runtimes and Wasm runtimes next to each other, on
 * this machine.  "hull bench" executes it. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "bench/report.h"

/* hull-bench report DIR [--compare OLD.json] */
static int report(int argc, char **argv)
{
	const char *old = NULL;
	struct err err = {0};

	if (argc == 5 && str_eq(argv[3], "--compare"))
		old = argv[4];
	else if (argc != 3) {
		fprintf(stderr, "hull: bench: report takes a folder\n");
		return 2;
	}
	if (bench_report_dir(argv[2], old, stdout, &err) < 0) {
		fprintf(stderr, "hull: bench: %s\n", err.msg);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && str_eq(argv[1], "report"))
		return report(argc, argv);
	fprintf(stderr, "hull: bench: nothing can be measured yet\n");
	return 1;
}
