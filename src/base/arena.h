/* base/arena.h
 * Memory that is given back all at once.  A document that was decoded lives
 * in one arena, however many strings and arrays it has: building it is a
 * pointer that moves, freeing it is one call.  Out of memory ends the
 * program, as in base/mem.h. */
#pragma once

#include <stddef.h>

struct arena;

/* `hint`: about how many bytes will be asked for, 0 if nobody knows. */
struct arena *arena_new(size_t hint) __attribute__((returns_nonnull));
/* Takes NULL. */
void arena_free(struct arena *a);

/* Zeroed, aligned for any type.  n * size is checked for overflow; of 0
 * bytes is a valid address, too. */
void *arena_alloc(struct arena *a, size_t n, size_t size)
	__attribute__((malloc, returns_nonnull));
/* A copy of `n` bytes and a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t n)
	__attribute__((malloc, returns_nonnull));
char *arena_strdup(struct arena *a, const char *s)
	__attribute__((malloc, returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), malloc, returns_nonnull));
/* A copy of `n` bytes, aligned as arena_alloc() aligns. */
void *arena_memdup(struct arena *a, const void *data, size_t n)
	__attribute__((malloc, returns_nonnull));
/* Room for `n` bytes at the arena's end, not aligned and not zeroed.  Only
 * what arena_commit() then counts is taken. */
char *arena_reserve(struct arena *a, size_t n) __attribute__((returns_nonnull));
void arena_commit(struct arena *a, size_t n);

static inline void cleanup_arena(struct arena **a)
{
	arena_free(*a);
}

#define _cleanup_arena_ __attribute__((__cleanup__(cleanup_arena)))
