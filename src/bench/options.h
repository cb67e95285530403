/* bench/options.h
 * The command line of hull-bench, by the rows of cli/bench.def. */
#pragma once

#include <stdbool.h>

#include "bench/bench.h"

struct args;

/* Words that stand for more than one thing to do. */
struct bench_command {
	enum { BENCH_MEASURE, BENCH_LIST, BENCH_REPORT, BENCH_HELP } what;
	const char *dir;          /* of report */
	char *const *experiments; /* NULL-terminated; "all" is spelled out */
	char **runtimes;          /* NULL: all that are there */
	char **programs;          /* NAME=PATH */
};

int bench_options_parse(int argc, char **argv, struct bench_options *o,
			struct bench_command *c, struct err *err);
/* "runc,crun" as a vector. */
char **bench_split(const char *list, char separator);
