/* Tables are arrays of references in address space that is reserved for them,
 * like memories: growing makes more of it accessible, and unused elements
 * cost nothing.  A table without a maximum, or with one that nobody means,
 * starts with room for a few thousand elements and moves when that is full. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "wasm/instance.h"

enum { FIRST_ELEMS = 8192 };

static size_t elem_bytes(uint64_t n)
{
	size_t page = 4096;

	return (n * sizeof(uint64_t) + page - 1) & ~(page - 1);
}

/* The most elements this table may have: its type's, the index's and the
 * embedder's limit. */
static uint64_t elems_limit(const struct wasm_table *t)
{
	uint64_t limit = t->type.is64 ? UINT64_MAX : UINT32_MAX;

	if (t->type.has_max && t->type.max < limit)
		limit = t->type.max;
	return t->limit < limit ? t->limit : limit;
}

static void fill(uint64_t *at, uint64_t ref, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		at[i] = ref;
}

/* Room for `n` elements, which may move the table.  New pages are zero. */
static int make_room(struct wasm_table *t, uint64_t n)
{
	uint64_t want = n > t->cap * 2 ? n : t->cap * 2, limit = elems_limit(t);
	void *p;

	if (n <= t->cap)
		return 0;
	if (want < FIRST_ELEMS)
		want = FIRST_ELEMS;
	if (want > limit)
		want = limit;
	if (want > SIZE_MAX / 4 / sizeof(uint64_t))
		return -ENOMEM;
	if (!t->elems)
		p = mmap(NULL, elem_bytes(want), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	else
		p = mremap(t->elems, elem_bytes(t->cap), elem_bytes(want),
			   MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return -ENOMEM;
	t->elems = p;
	t->cap = want;
	return 0;
}

int wasm_table_init(struct wasm_table *t, wasm_type elem,
		    const struct wasm_limits *type, uint64_t limit,
		    uint64_t init_ref, struct err *err)
{
	*t = (struct wasm_table){.elem = elem, .type = *type, .limit = limit};
	if (type->min > elems_limit(t))
		return err_say(
			err, -ENOMEM,
			"a table of %llu elements is above the limit of %llu",
			(unsigned long long)type->min,
			(unsigned long long)elems_limit(t));
	if (make_room(t, type->min) < 0)
		return err_set(err, -ENOMEM, "make a table of %llu elements",
			       (unsigned long long)type->min);
	t->len = type->min;
	if (init_ref && t->len > 0)
		fill(t->elems, init_ref, t->len);
	return 0;
}

void wasm_table_destroy(struct wasm_table *t)
{
	if (t->elems)
		munmap(t->elems, elem_bytes(t->cap));
	t->elems = NULL;
	t->len = 0;
	t->cap = 0;
}

int64_t wasm_table_grow(struct wasm_table *t, uint64_t n, uint64_t init_ref)
{
	uint64_t old = t->len, limit = elems_limit(t);

	if (n > limit || old > limit - n || make_room(t, old + n) < 0)
		return -1;
	t->len = old + n;
	if (init_ref && n > 0)
		fill(t->elems + old, init_ref, n);
	return (int64_t)old;
}

/* --- bulk instructions: all bounds before the first write -------------- */

static bool holds(uint64_t len, uint64_t at, uint64_t n)
{
	return at <= len && n <= len - at;
}

enum wasm_trap wasm_table_fill(struct wasm_table *t, uint64_t at, uint64_t ref,
			       uint64_t n)
{
	if (!holds(t->len, at, n))
		return WASM_TRAP_TABLE_BOUNDS;
	if (n > 0)
		fill(t->elems + at, ref, n);
	return WASM_TRAP_NONE;
}

enum wasm_trap wasm_table_copy(struct wasm_table *to, uint64_t to_at,
			       const struct wasm_table *from, uint64_t from_at,
			       uint64_t n)
{
	if (!holds(to->len, to_at, n) || !holds(from->len, from_at, n))
		return WASM_TRAP_TABLE_BOUNDS;
	if (n > 0)
		memmove(to->elems + to_at, from->elems + from_at,
			n * sizeof(uint64_t));
	return WASM_TRAP_NONE;
}

enum wasm_trap wasm_table_copy_in(struct wasm_table *t, uint64_t at,
				  const uint64_t *refs, uint64_t n_refs,
				  uint64_t from, uint64_t n)
{
	if (!holds(t->len, at, n) || !holds(n_refs, from, n))
		return WASM_TRAP_TABLE_BOUNDS;
	if (n > 0)
		memcpy(t->elems + at, refs + from, n * sizeof(uint64_t));
	return WASM_TRAP_NONE;
}
