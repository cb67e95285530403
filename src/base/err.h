/* base/err.h
 * An error is a negative errno, returned, plus one sentence for the person
 * who ran the command.  The function that knows the name of the thing (the
 * path, the cgroup, the field of config.json, the section of the module)
 * writes the sentence; callers return the number unchanged, or prefix what
 * they were doing with err_wrap().
 *
 * struct err holds no pointers, so the container's init can write() it down
 * the sync socket and "hull create" can print it as its own.
 *
 * Code that never speaks to a person has no struct err and returns -errno
 * alone: base/, and the system calls of the application kernel. */
#pragma once

#include <stdarg.h>

struct err {
	int code;      /* positive errno, 0 if unset */
	char msg[252]; /* never ends in \n; long text ends in "..." */
};

/* Write "<text>: <strerror>" and return `rc` (a negative errno).  `err` may
 * be NULL: then the number is all the caller wants. */
int err_set(struct err *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same without the errno's own text, for sentences that say it all. */
int err_say(struct err *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Prefix what was being done: "<text>: <message so far>".  Returns the
 * negative code that `err` holds, so `return err_wrap(...)` reads well. */
int err_wrap(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
