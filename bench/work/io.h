/* What `hull bench io` runs under each participant: operations that ask the
 * kernel, each timed inside the program, so that starting it is not counted.
 *
 * An operation does itself `n` times and returns 0, or -1 with errno. */
#pragma once

struct io_op {
	const char *name;
	int (*run)(unsigned long n);
};

/* What there is to be measured, ended by a name of NULL: io_host.c has all of
 * it, io_wasi.c what a module can ask for. */
extern const struct io_op io_ops[];

/* io_files.c.  What is read is part of the image and lies in `tree`, whose
 * maker is the host; what is written goes to `writable`. */
void io_files_in(const char *tree, const char *writable);
int io_files_make(void);
int io_open_close(unsigned long n);
int io_stat(unsigned long n);
int io_read(unsigned long n);
int io_write(unsigned long n);
/* One of the `n` is one entry of the tree: its name read and itself looked
 * at. */
int io_walk(unsigned long n);
