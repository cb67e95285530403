#include "base/json_write.h"

#include <inttypes.h>

/* The length of the UTF-8 sequence at `s`, 0 if it is not one (RFC 3629). */
static unsigned int utf8_len(const unsigned char *s)
{
	unsigned int n = s[0] < 0x80                   ? 1
			 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
			 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
			 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						       : 0;

	for (unsigned int i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what is past U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void json_write_string(struct buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_addc(out, '"');
	while (*s) {
		unsigned int n = utf8_len(s);

		if (n == 0) {
			buf_adds(out, "\xef\xbf\xbd");
			s++;
		} else if (n > 1) {
			buf_add(out, s, n);
			s += n;
		} else if (*s == '"' || *s == '\\') {
			buf_printf(out, "\\%c", *s++);
		} else if (*s == '\n') {
			buf_adds(out, "\\n");
			s++;
		} else if (*s == '\t') {
			buf_adds(out, "\\t");
			s++;
		} else if (*s < 0x20 || *s == 0x7f) {
			buf_printf(out, "\\u%04x", *s++);
		} else {
			buf_addc(out, (char)*s++);
		}
	}
	buf_addc(out, '"');
}

static void new_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	buf_addc(w->out, '\n');
	for (unsigned int i = 0; i < w->depth; i++)
		buf_adds(w->out, w->indent);
}

/* The comma, the line break and the key that stand before a value. */
static void lead(struct json_writer *w, const char *key)
{
	if (w->comma)
		buf_addc(w->out, ',');
	if (w->depth)
		new_line(w);
	if (key) {
		json_write_string(w->out, key);
		buf_adds(w->out, w->indent ? ": " : ":");
	}
	w->comma = true;
}

static void begin(struct json_writer *w, const char *key, char bracket)
{
	lead(w, key);
	buf_addc(w->out, bracket);
	w->depth++;
	w->comma = false;
}

static void end(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->comma)
		new_line(w);
	buf_addc(w->out, bracket);
	w->comma = true;
}

void json_begin_object(struct json_writer *w, const char *key)
{
	begin(w, key, '{');
}

void json_end_object(struct json_writer *w)
{
	end(w, '}');
}

void json_begin_array(struct json_writer *w, const char *key)
{
	begin(w, key, '[');
}

void json_end_array(struct json_writer *w)
{
	end(w, ']');
}

void json_string(struct json_writer *w, const char *key, const char *value)
{
	lead(w, key);
	if (value)
		json_write_string(w->out, value);
	else
		buf_adds(w->out, "null");
}

void json_bool(struct json_writer *w, const char *key, bool value)
{
	json_raw(w, key, value ? "true" : "false");
}

void json_int(struct json_writer *w, const char *key, int64_t value)
{
	lead(w, key);
	buf_printf(w->out, "%" PRId64, value);
}

void json_uint(struct json_writer *w, const char *key, uint64_t value)
{
	lead(w, key);
	buf_printf(w->out, "%" PRIu64, value);
}

void json_raw(struct json_writer *w, const char *key, const char *text)
{
	lead(w, key);
	buf_adds(w->out, text);
}
