#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "wasm/module.h"
#include "wasm/reader.h"

int reader_fail(struct reader *r, const uint8_t *at, int rc, const char *fmt,
		...)
{
	char text[160];
	unsigned int offset = (unsigned int)(at - r->base);
	struct wasm_str name = {NULL, 0};
	va_list ap;

	if (r->rc)
		return r->rc;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->module && r->func != UINT32_MAX)
		name = module_func_name(r->module, r->func);
	if (name.len)
		err_say(r->err, rc, "function %u \"%.*s\" at 0x%x: %s", r->func,
			(int)(name.len > 80 ? 80 : name.len), name.data, offset,
			text);
	else if (r->module && r->func != UINT32_MAX)
		err_say(r->err, rc, "function %u at 0x%x: %s", r->func, offset,
			text);
	else
		err_say(r->err, rc, "%s at 0x%x: %s", r->where, offset, text);
	r->rc = rc;
	r->p = r->end;
	return rc;
}

uint8_t reader_byte_end(struct reader *r)
{
	reader_fail(r, r->p, -ENOEXEC, "unexpected end");
	return 0;
}

uint64_t reader_leb_u(struct reader *r, unsigned int bits)
{
	const uint8_t *start = r->p;
	uint64_t v = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint8_t byte = read_byte(r);

		if (r->rc)
			return 0;
		if (shift + 7 > bits) {
			/* The last byte: only the bits that still fit. */
			if (byte & 0x80) {
				reader_fail(r, start, -ENOEXEC,
					    "integer representation too long");
				return 0;
			}
			if (byte >> (bits - shift)) {
				reader_fail(r, start, -ENOEXEC,
					    "integer too large");
				return 0;
			}
		}
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
}

int64_t reader_leb_s(struct reader *r, unsigned int bits)
{
	const uint8_t *start = r->p;
	uint64_t v = 0;

	for (unsigned int shift = 0;; shift += 7) {
		uint8_t byte = read_byte(r);

		if (r->rc)
			return 0;
		if (shift + 7 > bits) {
			/* The unused bits of the last byte repeat the sign. */
			int rest = (int8_t)(uint8_t)(byte << 1) >> 1 >>
				   (bits - shift - 1);

			if (byte & 0x80) {
				reader_fail(r, start, -ENOEXEC,
					    "integer representation too long");
				return 0;
			}
			if (rest != 0 && rest != -1) {
				reader_fail(r, start, -ENOEXEC,
					    "integer too large");
				return 0;
			}
		}
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			if ((byte & 0x40) && shift + 7 < 64)
				v |= UINT64_MAX << (shift + 7);
			return (int64_t)v;
		}
	}
}

const uint8_t *read_bytes(struct reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > reader_left(r)) {
		reader_fail(r, p, -ENOEXEC, "unexpected end");
		return NULL;
	}
	r->p += n;
	return p;
}

/* One character, 0 if it is none (overlong, surrogate, too large, cut). */
static unsigned int utf8_length(const uint8_t *p, size_t left)
{
	unsigned int n, low = 0x80, high = 0xbf;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (unsigned int i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

struct wasm_str read_name(struct reader *r)
{
	const uint8_t *start = r->p, *text;
	uint32_t len = read_u32(r);

	text = read_bytes(r, len);
	if (!text)
		return (struct wasm_str){"", 0};
	for (uint32_t i = 0; i < len;) {
		unsigned int n = utf8_length(text + i, len - i);

		if (!n) {
			reader_fail(r, start, -ENOEXEC,
				    "malformed UTF-8 encoding");
			return (struct wasm_str){"", 0};
		}
		i += n;
	}
	return (struct wasm_str){(const char *)text, len};
}

uint32_t read_count(struct reader *r, size_t min_size, const char *what)
{
	const uint8_t *start = r->p;
	uint32_t n = read_u32(r);

	if ((uint64_t)n * min_size > reader_left(r)) {
		reader_fail(r, start, -ENOEXEC,
			    "unexpected end: %u %s do not fit", n, what);
		return 0;
	}
	return n;
}
