#include "wasm/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"

/* 2^32 - 1 + 2^32 - 1 + 16 is the end of the farthest access. */
static const size_t guarded_span = (UINT64_C(8) << 30) + WASM_PAGE;

static uint64_t pages_to_bytes(uint64_t pages)
{
	return pages > UINT64_MAX / WASM_PAGE ? UINT64_MAX : pages * WASM_PAGE;
}

/* The most pages this memory may ever have. */
static uint64_t pages_limit(const struct wasm_memory *m)
{
	uint64_t limit =
		m->is64 ? WASM_MEMORY64_MAX_PAGES : WASM_MEMORY32_MAX_PAGES;

	if (m->has_max && m->max_pages < limit)
		limit = m->max_pages;
	return m->host_pages < limit ? m->host_pages : limit;
}

/* MAP_NORESERVE does not matter for pages without access, which the kernel
 * does not account; it is there for the heuristic of overcommit_memory=0. */
static void *reserve(size_t len)
{
	void *p = mmap(NULL, len, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int map(struct wasm_memory *m, uint64_t size, bool checked)
{
	uint64_t span = size;

	if (!m->is64 && !checked) {
		m->base = reserve(guarded_span);
		if (m->base) {
			m->guarded = true;
			m->reserved = guarded_span;
			trap_region_add(&m->region, m->base, guarded_span);
			return 0;
		}
	}
	if (m->shared)
		span = pages_to_bytes(pages_limit(m));
	/* An empty memory has a base too: pointers to its end are formed. */
	if (span == 0)
		span = WASM_PAGE;
	if (span > SIZE_MAX / 2)
		return -ENOMEM;
	m->base = reserve(span);
	if (!m->base)
		return -ENOMEM;
	m->reserved = span;
	return 0;
}

int wasm_memory_init(struct wasm_memory *m, const struct wasm_memory_type *t,
		     uint64_t host_max, struct err *err)
{
	uint64_t size = pages_to_bytes(t->min_pages);
	int rc;

	*m = (struct wasm_memory){
		.is64 = t->is64,
		.shared = t->shared,
		.has_max = t->has_max,
		.max_pages = t->max_pages,
		.host_pages = host_max / WASM_PAGE,
	};
	if (t->min_pages > pages_limit(m))
		return err_say(
			err, -ENOMEM,
			"a memory of %llu pages is above the limit of %llu",
			(unsigned long long)t->min_pages,
			(unsigned long long)pages_limit(m));
	rc = map(m, size, t->checked);
	if (rc == 0 && size > 0 &&
	    mprotect(m->base, size, PROT_READ | PROT_WRITE) < 0)
		rc = -errno;
	if (rc < 0) {
		wasm_memory_destroy(m);
		return err_set(err, rc, "map a memory of %llu pages",
			       (unsigned long long)t->min_pages);
	}
	m->size = size;
	return 0;
}

void wasm_memory_destroy(struct wasm_memory *m)
{
	trap_region_remove(&m->region);
	if (m->base)
		munmap(m->base, m->reserved);
	m->base = NULL;
	m->size = 0;
	m->reserved = 0;
}

int wasm_memory_adopt(struct wasm_memory *m, void *pages, size_t len)
{
	if (!m->guarded || len > m->size)
		return -1;
	if (mprotect(pages, len, PROT_READ | PROT_WRITE) < 0)
		return -1;
	return mremap(pages, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		      m->base) == MAP_FAILED
		       ? -1
		       : 0;
}

/* Make `size` bytes accessible, which were `m->size` before. */
static int extend(struct wasm_memory *m, uint64_t size)
{
	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	if (size > m->reserved) {
		void *p;

		/* Mappings of two protections do not move as one, so make
		 * it one first.  It is full, or it would not need to grow,
		 * except for the one page that an empty memory has. */
		if (mprotect(m->base, m->reserved, PROT_READ | PROT_WRITE) < 0)
			return -errno;
		p = mremap(m->base, m->reserved, size, MREMAP_MAYMOVE);
		if (p == MAP_FAILED)
			return -errno;
		m->base = p;
		m->reserved = size;
		return 0;
	}
	return mprotect(m->base + m->size, size - m->size,
			PROT_READ | PROT_WRITE) < 0
		       ? -errno
		       : 0;
}

static int64_t grow(struct wasm_memory *m, uint64_t delta)
{
	uint64_t old = m->size / WASM_PAGE, limit = pages_limit(m), size;

	if (delta > limit || old > limit - delta)
		return -1;
	if (delta == 0)
		return (int64_t)old;
	size = (old + delta) * WASM_PAGE;
	if (extend(m, size) < 0)
		return -1;
	__atomic_store_n(&m->size, size, __ATOMIC_SEQ_CST);
	return (int64_t)old;
}

/* Threads that share a memory grow it one at a time; the lock is held for
 * one mprotect(). */
int64_t wasm_memory_grow(struct wasm_memory *m, uint64_t delta)
{
	int64_t old;

	if (!m->shared)
		return grow(m, delta);
	while (__atomic_exchange_n(&m->grow_lock, 1, __ATOMIC_ACQUIRE))
		;
	old = grow(m, delta);
	__atomic_store_n(&m->grow_lock, 0, __ATOMIC_RELEASE);
	return old;
}

/* --- bulk instructions ------------------------------------------------ */

enum wasm_trap wasm_memory_fill(struct wasm_memory *m, uint64_t at,
				uint8_t value, uint64_t len)
{
	uint8_t *p = wasm_memory_at(m, at, 0, len);

	if (!p)
		return WASM_TRAP_MEMORY_BOUNDS;
	memset(p, value, len);
	return WASM_TRAP_NONE;
}

enum wasm_trap wasm_memory_copy(struct wasm_memory *to, uint64_t to_at,
				const struct wasm_memory *from,
				uint64_t from_at, uint64_t len)
{
	uint8_t *dst = wasm_memory_at(to, to_at, 0, len);
	const uint8_t *src = wasm_memory_at(from, from_at, 0, len);

	if (!dst || !src)
		return WASM_TRAP_MEMORY_BOUNDS;
	memmove(dst, src, len);
	return WASM_TRAP_NONE;
}

enum wasm_trap wasm_memory_copy_in(struct wasm_memory *m, uint64_t at,
				   const uint8_t *data, uint64_t data_len,
				   uint64_t from, uint64_t len)
{
	uint8_t *dst = wasm_memory_at(m, at, 0, len);

	if (!dst || from > data_len || len > data_len - from)
		return WASM_TRAP_MEMORY_BOUNDS;
	if (len > 0)
		memcpy(dst, data + from, len);
	return WASM_TRAP_NONE;
}
