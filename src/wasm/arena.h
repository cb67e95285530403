/* wasm/arena.h
 * Memory that is freed all at once. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

struct arena {
	struct arena_chunk *chunks;
};

enum { ARENA_CHUNK = 4064 };

/* Zeroed and aligned to 16; NULL without memory. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + 15) & ~(size_t)15;
	if (!c || c->size - c->used < size) {
		size_t room = size > ARENA_CHUNK / 4 ? size : ARENA_CHUNK;

		c = calloc(1, sizeof(*c) + room);
		if (!c)
			return NULL;
		c->size = room;
		/* A big one goes behind, so that the current one is used up. */
		if (room == size && a->chunks) {
			c->next = a->chunks->next;
			a->chunks->next = c;
		} else {
			c->next = a->chunks;
			a->chunks = c;
		}
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

static inline void arena_free(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
}

/* `n` zeroed elements of the pointer's type. */
#define arena_array(arena, ptr, n) \
	((ptr) = arena_alloc(arena, (size_t)(n) * sizeof(*(ptr))))
