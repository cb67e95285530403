/* host/probe.h
 * What this host can do, found by trying where that is safe (in a child, in
 * namespaces of its own) and by looking where it is not.  `hull doctor`
 * prints it. */
#pragma once

#include <stddef.h>

enum probe_status {
	PROBE_OK,
	PROBE_LIMITED, /* works in part */
	PROBE_MISSING,
};

struct probe_row {
	const char *id;    /* "userns-unprivileged" */
	const char *label; /* "unprivileged user namespaces" */
	enum probe_status status;
	char detail[96];         /* what was found */
	const char *consequence; /* NULL when ok */
	const char *remedy;      /* NULL when ok, or when there is none */
};

/* "ok", "limited", "missing". */
const char *probe_status_name(enum probe_status status);

/* All rows, in the order in which they should be read.  Free *ret. */
void probe_host(struct probe_row **ret, size_t *n);
