/* base/str.h
 * Strings, vectors of strings (char **, NULL-terminated, as environ), and
 * the one strict number parser. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

/* The rest of `s` behind `prefix`, or NULL if it does not begin with it. */
const char *str_after(const char *s, const char *prefix);
bool str_ends_with(const char *s, const char *suffix);

/* Decimal digits and nothing else: no sign (but '-' for parse_i64), space,
 * base prefix or empty string.  Return 0, -EINVAL, or -ERANGE when the value
 * is above `max`. */
int parse_u64(const char *s, uint64_t max, uint64_t *ret);
int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret);
int parse_octal(const char *s, uint64_t max, uint64_t *ret);
/* "512", "64k", "1.5G": a size in bytes, powers of 1024, suffix KMGT with an
 * optional "iB" or "B", any case.  -EINVAL or -ERANGE. */
int parse_size(const char *s, uint64_t *ret);

size_t strv_len(char *const *v);
void strv_free(char **v);
/* Append a copy of `s`; *v may be NULL at first. */
void strv_add(char ***v, const char *s);
char **strv_copy(char *const *v);
bool strv_has(char *const *v, const char *s);
/* The value of NAME in a vector of NAME=value, or NULL. */
const char *env_get(char *const *env, const char *name);
/* Replace NAME or append it. */
void env_set(char ***env, const char *name, const char *value);

static inline void cleanup_strv(char ***v)
{
	strv_free(*v);
}

#define _cleanup_strv_     __attribute__((__cleanup__(cleanup_strv)))
#define STRV_FOREACH(s, v) for (char *const *s = (v); s && *s; s++)
