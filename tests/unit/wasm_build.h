/* Modules put together byte by byte, for tests. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "test.h"

struct bytes {
	uint8_t *data;
	size_t len, cap;
};

static inline void put(struct bytes *b, const void *p, size_t n)
{
	if (b->len + n > b->cap) {
		b->cap = (b->len + n) * 2;
		b->data = realloc(b->data, b->cap);
		CHECK(b->data);
#ifdef __SANITIZE_ADDRESS__
		/* The test's own, gone with its process: the leaks looked for
		 * are the engine's. */
		__lsan_ignore_object(b->data);
#endif
	}
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
}

#define PUT(b, ...)                              \
	put((b), (const uint8_t[]){__VA_ARGS__}, \
	    sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void put_leb(struct bytes *b, uint64_t n)
{
	while (n > 127) {
		PUT(b, (uint8_t)(n | 128));
		n >>= 7;
	}
	PUT(b, (uint8_t)n);
}

static inline void put_header(struct bytes *b)
{
	PUT(b, 0, 'a', 's', 'm', 1, 0, 0, 0);
}

/* Takes over what is in `s`. */
static inline void put_section(struct bytes *b, uint8_t id, struct bytes *s)
{
	PUT(b, id);
	put_leb(b, s->len);
	put(b, s->data, s->len);
	free(s->data);
	*s = (struct bytes){0};
}

#define SECTION(b, id, ...)                  \
	do {                                 \
		struct bytes s_ = {0};       \
		PUT(&s_, __VA_ARGS__);       \
		put_section((b), (id), &s_); \
	} while (0)

/* A module with one function "f" of type [] -> [], or [] -> [i32]; takes over
 * `body`: locals and code. */
static inline struct bytes module_of(struct bytes *body, bool result)
{
	struct bytes m = {0}, code = {0};

	put_header(&m);
	if (result)
		SECTION(&m, 1, 1, 0x60, 0, 1, 0x7f);
	else
		SECTION(&m, 1, 1, 0x60, 0, 0);
	SECTION(&m, 3, 1, 0);
	SECTION(&m, 5, 1, 0, 1);
	SECTION(&m, 7, 1, 1, 'f', 0, 0);
	PUT(&code, 1);
	put_leb(&code, body->len);
	put(&code, body->data, body->len);
	free(body->data);
	*body = (struct bytes){0};
	put_section(&m, 10, &code);
	return m;
}
