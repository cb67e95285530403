/* wasm/memory.h
 * Linear memories.
 *
 * A 32-bit memory reserves 8 GiB of address space and one page, of which
 * only its size is accessible.  A 32-bit index plus a 32-bit offset plus the
 * width of any access stays inside, so loads and stores need no comparison:
 * outside of the size they fault, and trap.h makes that a trap.  The
 * reservation is free: no page and no page table stand behind it.  Growing
 * makes more of it accessible; the base never moves.
 *
 *	base            base + size                     base + 8 GiB + 64 KiB
 *	|  read, write  |  no access: a fault is a trap  |
 *
 * A 64-bit memory, or one for which the reservation failed (RLIMIT_AS) or was
 * not wanted, has `guarded` false: every access must be checked with
 * wasm_memory_at().  It may move when it grows, so `base` is read again after
 * memory.grow and after every call.  A shared memory never moves, guarded or
 * not: it reserves its maximum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wasm/trap.h"

struct err;

enum { WASM_PAGE = 65536 };

#define WASM_MEMORY32_MAX_PAGES (UINT64_C(1) << 16)
#define WASM_MEMORY64_MAX_PAGES (UINT64_C(1) << 48)

struct wasm_memory {
	uint8_t *base;
	uint64_t size; /* bytes; of a shared memory, read atomically */
	bool guarded;
	bool is64;
	bool shared;
	bool has_max;
	uint64_t max_pages;  /* as declared, if has_max */
	uint64_t host_pages; /* the embedder's limit, in pages */
	size_t reserved;     /* bytes mapped at base */
	struct trap_region region;
	uint32_t grow_lock; /* of shared memories */
};

struct wasm_memory_type {
	uint64_t min_pages;
	uint64_t max_pages; /* if has_max */
	bool has_max;
	bool is64;
	bool shared;  /* has_max is then true */
	bool checked; /* no guard pages, even where they could be had */
};

/* `host_max` is the embedder's limit in bytes, UINT64_MAX for none.  A
 * minimum above it is -ENOMEM with a sentence. */
int wasm_memory_init(struct wasm_memory *m, const struct wasm_memory_type *t,
		     uint64_t host_max, struct err *err);
/* Accepts a zeroed one. */
void wasm_memory_destroy(struct wasm_memory *m);

/* Replace the first `len` bytes of a new, guarded memory by the private pages
 * at `pages`, which are moved.  -1: nothing was changed. */
int wasm_memory_adopt(struct wasm_memory *m, void *pages, size_t len);

static inline uint64_t wasm_memory_size(const struct wasm_memory *m)
{
	return m->shared ? __atomic_load_n(&m->size, __ATOMIC_SEQ_CST)
			 : m->size;
}

static inline uint64_t wasm_memory_pages(const struct wasm_memory *m)
{
	return wasm_memory_size(m) / WASM_PAGE;
}

/* memory.grow: the old size in pages, or -1 when it can't. */
int64_t wasm_memory_grow(struct wasm_memory *m, uint64_t pages);

/* Where `len` bytes at index + offset are, or NULL when one of them is out of
 * bounds. */
static inline uint8_t *wasm_memory_at(const struct wasm_memory *m,
				      uint64_t index, uint64_t offset,
				      uint64_t len)
{
	uint64_t size = wasm_memory_size(m), at;

	if (__builtin_add_overflow(index, offset, &at) || at > size ||
	    len > size - at)
		return NULL;
	return m->base + at;
}

/* The bulk instructions check all of their ranges before they change a byte.
 * Each returns 0 or the trap. */
enum wasm_trap wasm_memory_fill(struct wasm_memory *m, uint64_t at,
				uint8_t value, uint64_t len);
enum wasm_trap wasm_memory_copy(struct wasm_memory *to, uint64_t to_at,
				const struct wasm_memory *from,
				uint64_t from_at, uint64_t len);
/* From a data segment; a dropped one has data_len 0. */
enum wasm_trap wasm_memory_copy_in(struct wasm_memory *m, uint64_t at,
				   const uint8_t *data, uint64_t data_len,
				   uint64_t from, uint64_t len);
