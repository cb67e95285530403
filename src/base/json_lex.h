/* base/json_lex.h
 * The words of JSON, for json_decode.c.  The text ends with a NUL, which no
 * JSON text contains, so nothing here compares with an end: whoever meets the
 * NUL stops. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

/* Where we are, from the innermost outwards; lives on the stack. */
struct json_path {
	const struct json_path *up;
	const char *name; /* a member; NULL for an array's element */
	size_t name_len;
	bool quoted; /* a key that the writer of the document chose */
	size_t index;
};

struct json_in {
	const char *p; /* the next byte */
	const char *text, *end;
	const struct json_path *path;
	unsigned int depth;
	struct arena *arena;
	/* Elements of arrays whose end is not known yet, innermost last. */
	struct buf scratch;
	struct err *err;
};

/* A string as it stands in the text: without the quotes. */
struct json_span {
	const char *s;
	size_t len;
	bool escaped; /* has a backslash */
};

enum json_sign { JSON_POSITIVE, JSON_NEGATIVE, JSON_NOT_AN_INTEGER };

struct json_number {
	const char *s;
	size_t len;
	enum json_sign sign;
	bool overflow;      /* the magnitude has more than 64 bits */
	uint64_t magnitude; /* of an integer */
};

static inline void json_space(struct json_in *in)
{
	while (*in->p == ' ' || *in->p == '\n' || *in->p == '\t' ||
	       *in->p == '\r')
		in->p++;
}

/* "line 3, column 5: " and what was expected; returns -EINVAL. */
int json_syntax(struct json_in *in, const char *what);
/* The path, ": " and a sentence; returns -EINVAL. */
int json_wrong(struct json_in *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "a number", "an object", … for what begins at in->p. */
const char *json_what_is(const struct json_in *in);

/* The brackets around members and elements:
 *
 *	for (rc = json_open(in, ']'); rc > 0; rc = json_next(in, ']'))
 *		... one value, and json_key() before it in objects ...
 *
 * Both return 1 when a value follows, 0 behind the closing bracket.  */
int json_open(struct json_in *in, char close);
int json_next(struct json_in *in, char close);
int json_key(struct json_in *in, struct json_span *ret);

/* Each reads one thing that begins at in->p and leaves p behind it. */
int json_lex_string(struct json_in *in, struct json_span *ret);
int json_lex_number(struct json_in *in, struct json_number *ret);
int json_lex_literal(struct json_in *in, const char *word);
/* One value of any kind. */
int json_skip(struct json_in *in);

/* The characters that a span stands for, at most span->len of them; returns
 * their number.  The span was accepted by json_lex_string(). */
size_t json_unescape(const struct json_span *span, char *out);
