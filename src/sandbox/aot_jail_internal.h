/* sandbox/aot_jail_internal.h: the two sides of the jail. */
#pragma once

#include "sandbox/aot_jail.h"

/* Whom the compiler runs as. */
enum { JAIL_NOBODY = 65534 };

/* For the child, which is in its namespaces already. */
struct jail_child {
	const struct aot_jail *jail;
	bool own_userns; /* whose maps the parent writes */
	int go;     /* end of file if hull died, a byte when the maps stand */
	int report; /* for a struct err; closed by execve() */
	int say;    /* its standard error */
};

/* Build the jail around us and execute the compiler.  (aot_jail_child.c) */
void jail_enter(struct jail_child *c) __attribute__((noreturn));
