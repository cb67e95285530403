/* sandbox/program.h
 * Finding the program that args[0] means, as execvp() does it, but for a
 * root that need not be ours. */
#pragma once

#include <stdbool.h>

struct err;

/* Where paths begin: `fd` is a rootfs (O_PATH) to be resolved in, or -1 for
 * our own root. */
struct program_root {
	int fd;
	bool interpreted; /* being readable is enough: the kernel is not asked
			   * to execute it */
};

/* The path that `name` means with the PATH of `env` (the kernel's users
 * expect /usr/local/sbin:… when it has none) and the working directory
 * `cwd`; malloc()ed.  On failure *exit_status (may be NULL) is 127 when it is
 * not there, 126 when it is there and may not be executed. */
int program_find(const struct program_root *root, const char *name,
		 char *const *env, const char *cwd, char **ret,
		 int *exit_status, struct err *err);

/* The file begins with the magic of a WebAssembly module. */
bool program_is_wasm(int fd);

/* The WebAssembly module that args[0] means: as above, and a bare name that
 * PATH does not lead to is one in the working directory or in the root.
 * "x.wasm#func" names an export of it: *ret_func is "func", malloc()ed, else
 * NULL. */
int program_find_module(const struct program_root *root, const char *name,
			char *const *env, const char *cwd, char **ret,
			char **ret_func, int *exit_status, struct err *err);
