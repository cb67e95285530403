/* wasm/wasi.h
 * WASI preview 1 (wasi_snapshot_preview1, all 46 functions), its predecessor
 * wasi_unstable, and WasmEdge's socket functions, for modules of wasm.h.
 *
 * A module holds no more than what the configuration hands it: three standard
 * streams and directories.  Each path of the guest is resolved by the kernel
 * below one of those directories (wasi_path.h), never as a string.
 *
 * Needs Linux 5.8: openat2, and utimensat with AT_EMPTY_PATH. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm/wasm.h"

struct wasi;

/* A directory for the guest.  `fd` is open for reading (O_PATH would do but
 * for listing it). */
struct wasi_preopen {
	int fd;
	const char *guest; /* the name the guest knows it by, "/" or "/data" */
	bool readonly;     /* what would change something is EROFS */
	/* The directory is a whole root: absolute symlinks and ".." mean what
	 * they would after chroot(), instead of being refused. */
	bool is_root;
};

/* Descriptors and strings stay the caller's, and must outlive the struct wasi.
 * All zero is not a valid configuration: see stdio. */
struct wasi_config {
	char *const *args; /* args[0] is the program's name; may be NULL */
	char *const *env;  /* NAME=value; may be NULL */
	const struct wasi_preopen *preopens;
	size_t n_preopens;
	int stdio[3]; /* -1: the guest finds it closed */
	/* Where etc/hosts, etc/resolv.conf and etc/services are looked up for
	 * sock_getaddrinfo; -1: only numeric addresses. */
	int etc_root;
	bool no_sockets;  /* the guest may not open sockets of its own */
	uint32_t max_fds; /* 0: 65,536 */
};

int wasi_new(const struct wasi_config *cfg, struct wasi **ret, struct err *err);
/* Accepts NULL. */
void wasi_free(struct wasi *w);

/* Define those functions that `module` imports, each in the shape that it
 * expects (sock_accept and others exist in two).  -ENOLINK when a name of
 * WASI's is unknown or has no such shape; imports from elsewhere are left to
 * others. */
int wasi_link(struct wasi *w, struct wasm_store *store,
	      struct wasm_linker *linker, const struct wasm_module *module,
	      struct err *err);

/* Is this a name that WASI's functions are imported from? */
bool wasi_has_module(struct wasm_str module);

/* Did the guest end itself?  Then *code is what it passed to proc_exit(), or
 * 128 plus the signal's number after proc_raise(). */
bool wasi_exited(const struct wasi *w, uint32_t *code);
