/* host/seccomp_internal.h: between seccomp*.c. */
#pragma once

#include <stdint.h>

struct buf;
struct err;
struct opt_u64;
struct seccomp_profile;
struct seccomp_prog;

/* A word's value for libseccomp, or -EINVAL. */
int seccomp_find_action(const char *name, uint32_t *ret);
int seccomp_find_op(const char *name, uint32_t *ret);
int seccomp_find_arch(const char *name, uint32_t *ret);
/* SECCOMP_FILTER_FLAG_*. */
int seccomp_find_flag(const char *name, uint32_t *ret);

/* The action with its errno, as the kernel returns it from a filter. */
uint32_t seccomp_action_value(const char *name, const struct opt_u64 *e);

/* Append what goes before libseccomp's instructions. */
void seccomp_stub(const struct seccomp_profile *profile, struct buf *code);

/* The file `key` of the cache, mapped; -ENOENT when there is none that can be
 * used. */
int seccomp_cache_get(int dir, const char *key, struct seccomp_prog *ret);
/* Keep a program under `key`.  Failure costs the next start time only. */
void seccomp_cache_put(int dir, const char *key,
		       const struct seccomp_prog *prog);
