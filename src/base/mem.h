/* base/mem.h
 * Allocation that ends the program when there is no memory.  For commands,
 * whose cleanup needs no memory: what a dying command leaves behind is found
 * through state.json, as after kill -9.  The Wasm engine and the application
 * kernel, which outlive a failed request, use malloc() and check. */
#pragma once

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
/* Zeroed; n * size is checked for overflow. */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n)
	__attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), malloc, returns_nonnull));
