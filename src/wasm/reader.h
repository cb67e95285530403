/* wasm/reader.h
 * Bytes of a module, read in order.  The first failure sticks: it is written
 * to `err`, and from then on the reader is at its end and yields zeros, so
 * loops end and callers look at `rc` where it matters to them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wasm/wasm.h"

struct reader {
	const uint8_t *base; /* of the module */
	const uint8_t *p, *end;
	int rc;
	struct err *err;
	const char *where; /* "type section", ... */
	/* Instead of `where`, in code: */
	const struct wasm_module *module;
	uint32_t func; /* UINT32_MAX outside of functions */
};

/* `at` is where the offending thing begins.  Returns rc. */
int reader_fail(struct reader *r, const uint8_t *at, int rc, const char *fmt,
		...) __attribute__((format(printf, 4, 5), cold));

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

static inline uint32_t reader_offset(const struct reader *r)
{
	return (uint32_t)(r->p - r->base);
}

uint64_t reader_leb_u(struct reader *r, unsigned int bits);
int64_t reader_leb_s(struct reader *r, unsigned int bits);
uint8_t reader_byte_end(struct reader *r);

static inline uint8_t read_byte(struct reader *r)
{
	return r->p < r->end ? *r->p++ : reader_byte_end(r);
}

static inline uint32_t read_u32(struct reader *r)
{
	if (r->p < r->end && *r->p < 0x80)
		return *r->p++;
	return (uint32_t)reader_leb_u(r, 32);
}

static inline uint64_t read_u64(struct reader *r)
{
	return reader_leb_u(r, 64);
}

static inline int32_t read_s32(struct reader *r)
{
	return (int32_t)reader_leb_s(r, 32);
}

static inline int64_t read_s64(struct reader *r)
{
	return reader_leb_s(r, 64);
}

/* Advances by `n`; NULL at the end. */
const uint8_t *read_bytes(struct reader *r, size_t n);
/* A name: length and valid UTF-8. */
struct wasm_str read_name(struct reader *r);
/* A count of things of at least `min_size` bytes each, which must be there:
 * so that no array is bigger than the file. */
uint32_t read_count(struct reader *r, size_t min_size, const char *what);
