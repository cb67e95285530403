#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The arena itself stands in its first block, so a small document costs one
 * malloc(). */
struct block {
	struct block *older;
	max_align_t data[];
};

struct arena {
	char *at, *end; /* the free part of the newest block */
	struct block *blocks;
	size_t next_size;
};

enum { FIRST_SIZE = 2048, MAX_SIZE = 1 << 20 };

struct arena *arena_new(size_t hint)
{
	size_t size = hint > FIRST_SIZE ? hint : FIRST_SIZE;
	struct block *b = xmalloc(sizeof(*b) + sizeof(struct arena) + size);
	struct arena *a = (struct arena *)b->data;

	b->older = NULL;
	a->at = (char *)(a + 1);
	a->end = a->at + size;
	a->blocks = b;
	a->next_size = size;
	return a;
}

void arena_free(struct arena *a)
{
	struct block *b = a ? a->blocks : NULL;

	while (b) {
		struct block *older = b->older;

		free(b);
		b = older;
	}
}

/* A new block with room for at least `n` bytes; what is left of the last one
 * is given up. */
static void grow(struct arena *a, size_t n)
{
	size_t size;
	struct block *b;

	if (a->next_size < MAX_SIZE)
		a->next_size *= 2;
	size = n > a->next_size ? n : a->next_size;
	b = xmalloc(size < SIZE_MAX - sizeof(*b) ? size + sizeof(*b)
						 : SIZE_MAX);
	b->older = a->blocks;
	a->blocks = b;
	a->at = (char *)b->data;
	a->end = a->at + size;
}

char *arena_reserve(struct arena *a, size_t n)
{
	if (n > (size_t)(a->end - a->at))
		grow(a, n);
	return a->at;
}

void arena_commit(struct arena *a, size_t n)
{
	a->at += n;
}

static void *alloc_aligned(struct arena *a, size_t n)
{
	size_t pad = -(uintptr_t)a->at & (alignof(max_align_t) - 1);
	char *p;

	/* A new block begins aligned. */
	if (n > SIZE_MAX - pad || n + pad > (size_t)(a->end - a->at)) {
		grow(a, n);
		pad = 0;
	}
	p = a->at + pad;
	a->at = p + n;
	return p;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		bytes = SIZE_MAX; /* which xmalloc() refuses */
	return memset(alloc_aligned(a, bytes), 0, bytes);
}

void *arena_memdup(struct arena *a, const void *data, size_t n)
{
	void *p = alloc_aligned(a, n);

	return n ? memcpy(p, data, n) : p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_reserve(a, n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	a->at = p + n + 1;
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	size_t room = (size_t)(a->end - a->at);
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->at, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	p = arena_reserve(a, (size_t)n + 1);
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	p[n] = '\0';
	a->at = p + n + 1;
	return p;
}
