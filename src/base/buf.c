#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 128;

		if (cap < need)
			cap = need;
		b->data = xrealloc(b->data, cap, 1);
		b->cap = cap;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n)
		memcpy(to, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

char *buf_steal(struct buf *b)
{
	char *s;

	buf_add(b, "", 0);
	s = b->data;
	*b = (struct buf){0};
	return s;
}

int buf_read_fd(struct buf *b, int fd, size_t max)
{
	for (size_t got = 0;;) {
		char *to = buf_reserve(b, 4096);
		ssize_t n = read(fd, to, b->cap - b->len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		b->len += (size_t)n;
		b->data[b->len] = '\0';
		if (n == 0)
			return 0;
		got += (size_t)n;
		if (got > max)
			return -EFBIG;
	}
}

void buf_wrap(struct buf *b, const char *text, size_t column, size_t width)
{
	size_t at = column;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (at > column && at + 1 + len > width) {
			buf_printf(b, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_addc(b, ' ');
			at++;
		}
		buf_add(b, text, len);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
}
