/* host/seccomp.h
 * From linux.seccomp of config.json to a BPF program, and from there into the
 * kernel.
 *
 * A profile is built in the runtime, before the container's init is cloned:
 * libseccomp takes milliseconds for a profile of Docker's size.  So built
 * programs are kept in a directory (seccomp_cache.c) that only its owner can
 * write, under the SHA-256 of everything that the program depends on.  The
 * init inherits the finished program and makes one system call. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opt.h"

struct err;

/* linux.seccomp, field for field; config.json is decoded straight into it.
 * A vector that is absent is NULL, which for `flags` is not the same as an
 * empty one (see seccomp_build). */
struct seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op; /* SCMP_CMP_* */
};

struct seccomp_rule {
	char **names;
	char *action; /* SCMP_ACT_* */
	struct opt_u64 errno_ret;
	struct seccomp_arg *args;
	size_t n_args;
};

struct seccomp_profile {
	char *default_action; /* SCMP_ACT_* */
	struct opt_u64 default_errno_ret;
	char **architectures; /* SCMP_ARCH_* */
	char **flags;         /* SECCOMP_FILTER_FLAG_* */
	char *listener_path;
	char *listener_metadata;
	struct seccomp_rule *syscalls;
	size_t n_syscalls;
};

/* All the words that a profile may use, NULL-terminated: for validation,
 * and for the features document. */
extern const char *const seccomp_action_names[];
extern const char *const seccomp_op_names[];
extern const char *const seccomp_arch_names[];
extern const char *const seccomp_flag_names[];

/* Can this kernel and this libseccomp do it?  Names from the lists above. */
bool seccomp_action_supported(const char *name);
bool seccomp_arch_supported(const char *name);
bool seccomp_flag_supported(const char *name);

/* What the kernel is given. */
struct seccomp_prog {
	struct sock_filter *filter; /* malloc()ed, or part of `map` */
	unsigned short len;         /* in instructions */
	unsigned int flags;         /* SECCOMP_FILTER_FLAG_* bits */
	bool notify;                /* seccomp_install() returns a listener */
	void *map;                  /* a mapped cache file, or NULL */
	size_t map_len;
};

void seccomp_prog_free(struct seccomp_prog *prog);

#define _cleanup_seccomp_ __attribute__((__cleanup__(seccomp_prog_free)))

/* Is every word, number and combination of the profile one that can be
 * built?  The sentence in `err` begins with the field's path:
 *	linux.seccomp.syscalls[3].action: unknown action "SCMP_ACT_FOO" */
int seccomp_check(const struct seccomp_profile *profile, struct err *err);

/* Compile, or take from the cache.  `cache_dir` is -1 for no cache, or what
 * seccomp_cache_open() returned; a cache that cannot be read or written
 * only costs time.
 *
 * As in runc: names that nobody knows are skipped; the flag SPEC_ALLOW is
 * set when `flags` is absent; a default action that denies answers ENOSYS to
 * system calls newer than the newest that the profile names, so that a C
 * library falls back to what the profile does allow (seccomp_stub.c). */
int seccomp_build(const struct seccomp_profile *profile, int cache_dir,
		  struct seccomp_prog *ret, struct err *err);

/* Install in the calling process.  Without no_new_privs the caller needs
 * CAP_SYS_ADMIN in its user namespace.  Returns 0, or the listener's
 * descriptor (O_CLOEXEC, above 0) when prog->notify, or a negative errno.
 * Makes exactly one system call. */
int seccomp_install(const struct seccomp_prog *prog, struct err *err);

/* Open the directory of built programs below `parent_fd`, making it when it
 * is missing.  -EPERM when it is not a directory of ours with mode 0700 (a
 * stranger could then choose a container's filter). */
int seccomp_cache_open(int parent_fd, const char *name, struct err *err);
