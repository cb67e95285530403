/* sandbox/aot_jail.h
 * A place for the compiler.
 *
 * The module comes from a stranger, and LLVM is a million lines that were not
 * written against strangers.  So whoever takes over the compiler finds:
 *
 *	user		nobody, in a user namespace of its own
 *	capabilities	none, nor can it get any; no_new_privs
 *	files		an empty root with the system's libraries, read-only;
 *			no /proc, no /dev, no /etc but the loader's cache
 *	descriptors	0 the module, 1 the image, 2 a pipe; nothing else
 *	processes	itself and its workers; no ptrace, and nothing to
 *			execute but libraries
 *	network, IPC	namespaces without anything in them; no sockets
 *	limits		address space, time, size of files, processes; and it
 *			is what the kernel ends first when memory is short
 *
 * It is process 1 of a pid namespace, so that its end is the end of all of
 * it, and it ends with hull.  What it hands back is checked like any
 * stranger's image: a compiler that was taken over can make code that does
 * what it likes, for its own module. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct err;

struct aot_jail {
	int program;          /* descriptor of the file to execute */
	char *const *args;    /* args[0] is the name */
	int in, out;          /* the module, the image */
	unsigned int workers; /* processes that it may make */
	uint64_t memory;      /* of address space of each process, bytes */
	uint64_t output;      /* size of a file, bytes */
	int seconds;          /* of time */
	bool background; /* only what nobody else wants of processor and disk */
	/* Where its progress display (lines that begin with \r) is shown; -1:
	 * nowhere. */
	int relay;
};

/* Run it to its end.  *status is its exit code, or 128 and a signal's number.
 * -ETIMEDOUT: killed; other errors: the jail could not be made (-EPERM: this
 * host lets us have no user namespace).  `said` gets the last of what it
 * wrote to its standard error. */
int aot_jail_run(const struct aot_jail *jail, struct buf *said, int *status,
		 struct err *err);
