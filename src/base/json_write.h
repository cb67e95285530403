/* base/json_write.h
 * JSON text, written in order.  The writer places commas and, when asked,
 * line breaks and indentation; the caller nests begin and end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json_writer {
	struct buf *out;
	const char *indent; /* one level, NULL for compact text */
	unsigned int depth;
	bool comma; /* a value stands before the next one */
};

/* `key` is NULL inside arrays and at the top. */
void json_begin_object(struct json_writer *w, const char *key);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w, const char *key);
void json_end_array(struct json_writer *w);
/* `value` NULL writes null. */
void json_string(struct json_writer *w, const char *key, const char *value);
void json_bool(struct json_writer *w, const char *key, bool value);
void json_int(struct json_writer *w, const char *key, int64_t value);
void json_uint(struct json_writer *w, const char *key, uint64_t value);
/* Text that is JSON already. */
void json_raw(struct json_writer *w, const char *key, const char *text);

/* One quoted and escaped string.  Bytes that are not UTF-8 become U+FFFD. */
void json_write_string(struct buf *out, const char *s);
