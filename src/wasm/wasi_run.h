/* wasm/wasi_run.h
 * A module as a program: load it, give it what WASI has, run it, and say how
 * it ended.  The command line and the sandbox do the same with it.
 *
 *	command   exports _start, which is main()
 *	reactor   exports _initialize, and functions to be called after it */
#pragma once

#include "wasm/wasi.h"

struct buf;

/* A file in memory, as the kernel maps it: read when it is touched. */
struct wasm_file {
	const uint8_t *bytes;
	size_t len;
};

/* A regular file that begins as a module does.  `name` is for messages; the
 * text format is refused with the command that converts it.
 *
 * A mapping shows what others write to the file, and the engine compiles a
 * function when it is first called, long after it was validated.  So where
 * the guest itself may be able to write to its file, `isolate` has it copied,
 * all but the custom sections that nobody reads: those pages stay empty. */
int wasm_file_map(int fd, const char *name, bool isolate, struct wasm_file *ret,
		  struct err *err);
void wasm_file_unmap(struct wasm_file *f);

struct wasi_program {
	struct wasi *wasi;
	struct wasm_store *store;
	struct wasm_module *module;
	struct wasm_linker *linker;
	struct wasm_instance *instance;
};

/* Everything up to the first instruction, of the module in `file`, or of the
 * one in `image` if that is not NULL, which it takes whatever it returns.  On
 * failure there is nothing to free; takes a zeroed one. */
struct aot_image;
int wasi_program_load(struct wasi_program *p, const struct wasm_file *file,
		      struct aot_image *image, const struct wasm_config *store,
		      const struct wasi_config *wasi, struct err *err);
void wasi_program_free(struct wasi_program *p);

/* Instantiate, initialise a reactor, and find the function: `invoke`, an
 * export, or _start when it is NULL; with `reactor` and no function *ret is
 * NULL and all is done.  A return value as of wasm_call(). */
int wasi_program_start(struct wasi_program *p, const char *invoke, bool reactor,
		       struct wasm_func **ret, struct err *err);
/* Call a function that takes and returns nothing. */
int wasi_program_call(struct wasm_func *func, struct err *err);

/* An exit status for `rc`, what the two above returned: 0; the guest's own;
 * 134 after a trap, as of a program that got SIGABRT; 1 when rc is an error.
 * `report` gets what a person should read: the reason, and where it happened,
 * a line per frame. */
int wasi_program_status(const struct wasi_program *p, int rc,
			const struct err *err, struct buf *report);

enum { WASI_STATUS_TRAP = 134 };

/* What Linux does to a process that gets SIGTERM, it does not do to init of a
 * pid namespace.  As pid 1, end with 128 + the signal's number instead. */
void wasi_program_act_as_init(void);
