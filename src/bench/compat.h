/* bench/compat.h
 * Between the two halves of the experiment "compat". */
#pragma once

#include <stddef.h>

struct bench;
struct err;
struct participant;

/* Put a program and what it needs into the rootfs.  -ENOENT, with a sentence:
 * the host doesn't have it. */
typedef int compat_prepare_fn(struct bench *b, const char *rootfs,
			      struct err *err);

struct compat_workload {
	const char *name;
	compat_prepare_fn *prepare;
	const char *argv[6];
	const char *expected; /* the output begins with it */
	/* Instead of argv and expected: run it, and say why it failed; or
	 * -ENOTSUP, why it can't be told. */
	int (*run)(struct bench *b, const struct participant *p,
		   const char *rootfs, struct err *err);
};

extern const struct compat_workload compat_native[];
extern const size_t compat_n_native;
extern const struct compat_workload compat_wasm[];
extern const size_t compat_n_wasm;

/* A module that answers HTTP requests, asked once from its own network
 * namespace. */
int compat_http(struct bench *b, const struct participant *p,
		const char *rootfs, struct err *err);
