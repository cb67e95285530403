/* runtime/hooks.h
 * The six hooks of the specification (config.md, "POSIX-platform Hooks"). */
#pragma once

#include <stddef.h>

struct err;
struct oci_hook;
struct oci_spec;

struct hook_call {
	const char *kind; /* "createRuntime": for the error */
	const struct oci_hook *hooks;
	size_t n;
	const char *state_json; /* what each gets on its stdin */
	/* Annotations run.oci.hooks.stdout and .stderr: files that the output
	 * is appended to; NULL: kept back, and shown when the hook fails. */
	const char *stdout_file;
	const char *stderr_file;
};

/* Run them one after another in the caller's namespaces.  The first that
 * fails, or outlives its timeout and is killed, ends it with an error. */
int hooks_run(const struct hook_call *call, struct err *err);
