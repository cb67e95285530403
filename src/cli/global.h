/* cli/global.h
 * What the options before the command mean. */
#pragma once

struct args;
struct err;
struct runtime;

/* Fill the first three descriptors with /dev/null where they are closed. */
void global_open_stdio(void);
/* Open the log and fill `rt`; `argv0` may choose a sandbox. */
int global_apply(const struct args *global, const char *argv0,
		 struct runtime *rt, struct err *err);
