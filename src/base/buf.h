/* base/buf.h
 * Bytes that grow.  buf.data is always followed by a NUL that is not counted
 * in buf.len, so text can be passed on as a C string; it is NULL only while
 * nothing was added. */
#pragma once

#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

#define _cleanup_buf_ __attribute__((__cleanup__(buf_free)))

void buf_free(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Words of `text`, where the line already has `column` characters: what
 * would pass `width` goes to a new line, which begins at `column`. */
void buf_wrap(struct buf *b, const char *text, size_t column, size_t width);
/* Room for `n` more bytes, at the returned address; the caller writes there
 * and then adds to b->len. */
char *buf_reserve(struct buf *b, size_t n);
/* The text as a malloc()ed string, never NULL; `b` is empty afterwards. */
char *buf_steal(struct buf *b);
/* Append everything that `fd` still has, at most `max` bytes (-EFBIG past
 * that).  Returns 0 or a negative errno. */
int buf_read_fd(struct buf *b, int fd, size_t max);
