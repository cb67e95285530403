#include "base/json_lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

/* --------------------------------------------------------------- errors -- */

int json_syntax(struct json_in *in, const char *what)
{
	unsigned long line = 1;
	const char *start = in->text;

	for (const char *s = in->text; s < in->p; s++)
		if (*s == '\n') {
			line++;
			start = s + 1;
		}
	return err_say(in->err, -EINVAL, "line %lu, column %lu: %s", line,
		       (unsigned long)(in->p - start) + 1, what);
}

/* Written from the outermost inwards; what is too long loses its end. */
static void write_path(const struct json_path *path, char *out, size_t size,
		       size_t *n)
{
	const char *dot;
	int len;

	if (!path)
		return;
	write_path(path->up, out, size, n);
	dot = *n ? "." : "";
	if (!path->name)
		len = snprintf(out + *n, size - *n, "[%zu]", path->index);
	else if (path->quoted)
		len = snprintf(out + *n, size - *n, "[\"%.*s\"]",
			       (int)path->name_len, path->name);
	else
		len = snprintf(out + *n, size - *n, "%s%.*s", dot,
			       (int)path->name_len, path->name);
	*n += (size_t)len < size - *n ? (size_t)len : size - *n - 1;
}

int json_wrong(struct json_in *in, const char *fmt, ...)
{
	char path[160] = "", text[200];
	size_t n = 0;
	va_list ap;

	write_path(in->path, path, sizeof(path), &n);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_say(in->err, -EINVAL, "%s%s%s", path, n ? ": " : "", text);
}

const char *json_what_is(const struct json_in *in)
{
	switch (*in->p) {
	case '{':
		return "an object";
	case '[':
		return "an array";
	case '"':
		return "a string";
	case 't':
	case 'f':
		return "a boolean";
	case 'n':
		return "null";
	default:
		return "a number";
	}
}

/* -------------------------------------------------------------- strings -- */

/* Bytes that end a run of plain ASCII inside a string. */
static const bool special[256] = {
	[0x00 ... 0x1f] = true,
	['"'] = true,
	['\\'] = true,
	[0x80 ... 0xff] = true,
};

static inline bool is_cont(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence of two bytes or more at `s`,
 * or 0 (RFC 3629: no overlong forms, no surrogates, none past U+10FFFF). */
static unsigned int utf8_len(const char *s)
{
	unsigned char a = (unsigned char)s[0], b = (unsigned char)s[1];

	if (a < 0xc2 || a > 0xf4 || !is_cont(s[1]))
		return 0;
	if (a < 0xe0)
		return 2;
	if (!is_cont(s[2]))
		return 0;
	if (a < 0xf0)
		return (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f) ? 0
									  : 3;
	if (!is_cont(s[3]))
		return 0;
	return (a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f) ? 0 : 4;
}

/* Four hexadecimal digits, or -1. */
static long hex4(const char *s)
{
	long v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* The escape whose backslash is at in->p. */
static int lex_escape(struct json_in *in)
{
	const char *p = in->p;
	long unit, low;

	if (p[1] != 'u') {
		if (!p[1] || !strchr("\"\\/bfnrt", p[1]))
			return json_syntax(in, "unknown escape in a string");
		in->p += 2;
		return 0;
	}
	unit = hex4(p + 2);
	if (unit < 0)
		return json_syntax(in, "\\u needs four hexadecimal digits");
	in->p += 6;
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	low = unit < 0xdc00 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		in->p = p;
		return json_syntax(in, "half of a surrogate pair");
	}
	in->p += 6;
	return 0;
}

int json_lex_string(struct json_in *in, struct json_span *ret)
{
	unsigned int n;
	int rc;

	ret->s = ++in->p;
	ret->escaped = false;
	for (;;) {
		while (!special[(unsigned char)*in->p])
			in->p++;
		if (*in->p == '"')
			break;
		if (*in->p == '\\') {
			ret->escaped = true;
			rc = lex_escape(in);
			if (rc < 0)
				return rc;
		} else if ((unsigned char)*in->p >= 0x80) {
			n = utf8_len(in->p);
			if (n == 0)
				return json_syntax(in, "not UTF-8");
			in->p += n;
		} else if (in->p == in->end) {
			return json_syntax(in, "the text ends in a string");
		} else {
			return json_syntax(in, "control character in a string");
		}
	}
	ret->len = (size_t)(in->p - ret->s);
	in->p++;
	return 0;
}

static char *put_utf8(char *out, unsigned long c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

size_t json_unescape(const struct json_span *span, char *out)
{
	static const char to[128] = {
		['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
		['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
	};
	const char *s = span->s, *end = span->s + span->len;
	char *start = out;

	while (s < end) {
		unsigned long c;

		if (*s != '\\') {
			*out++ = *s++;
		} else if (s[1] != 'u') {
			*out++ = to[(unsigned char)s[1]];
			s += 2;
		} else {
			c = (unsigned long)hex4(s + 2);
			s += 6;
			if (c >= 0xd800 && c <= 0xdfff) {
				c = 0x10000 + ((c - 0xd800) << 10) +
				    ((unsigned long)hex4(s + 2) - 0xdc00);
				s += 6;
			}
			out = put_utf8(out, c);
		}
	}
	return (size_t)(out - start);
}

/* -------------------------------------------------------------- numbers -- */

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One digit or more at *p. */
static int skip_digits(struct json_in *in, const char **p)
{
	if (!is_digit(**p)) {
		in->p = *p;
		return json_syntax(in, "expected a digit");
	}
	while (is_digit(**p))
		(*p)++;
	return 0;
}

static void set_magnitude(struct json_number *n, const char *end)
{
	for (const char *s = n->s + (*n->s == '-'); s < end; s++)
		if (__builtin_mul_overflow(n->magnitude, 10u, &n->magnitude) ||
		    __builtin_add_overflow(n->magnitude, (unsigned)(*s - '0'),
					   &n->magnitude))
			n->overflow = true;
}

int json_lex_number(struct json_in *in, struct json_number *ret)
{
	const char *p = in->p;
	int rc;

	*ret = (struct json_number){.s = p};
	if (*p == '-') {
		ret->sign = JSON_NEGATIVE;
		p++;
	}
	if (*p == '0' && is_digit(p[1])) {
		in->p = p;
		return json_syntax(in, "a number with leading zeros");
	}
	rc = skip_digits(in, &p);
	if (rc == 0)
		set_magnitude(ret, p);
	if (rc == 0 && *p == '.') {
		ret->sign = JSON_NOT_AN_INTEGER;
		p++;
		rc = skip_digits(in, &p);
	}
	if (rc == 0 && (*p == 'e' || *p == 'E')) {
		ret->sign = JSON_NOT_AN_INTEGER;
		p++;
		if (*p == '+' || *p == '-')
			p++;
		rc = skip_digits(in, &p);
	}
	if (rc < 0)
		return rc;
	ret->len = (size_t)(p - in->p);
	in->p = p;
	return 0;
}

int json_lex_literal(struct json_in *in, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(in->p, word, n) != 0)
		return json_syntax(in, "expected a value");
	in->p += n;
	return 0;
}

/* ------------------------------------------------------------- brackets -- */

int json_open(struct json_in *in, char close)
{
	if (++in->depth > JSON_MAX_DEPTH)
		return json_syntax(in, "nested too deeply");
	in->p++;
	json_space(in);
	if (*in->p != close)
		return 1;
	in->p++;
	in->depth--;
	return 0;
}

int json_next(struct json_in *in, char close)
{
	json_space(in);
	if (*in->p == ',') {
		in->p++;
		json_space(in);
		return 1;
	}
	if (*in->p != close)
		return json_syntax(in, close == '}' ? "expected ',' or '}'"
						    : "expected ',' or ']'");
	in->p++;
	in->depth--;
	return 0;
}

int json_key(struct json_in *in, struct json_span *ret)
{
	int rc;

	if (*in->p != '"')
		return json_syntax(in, "expected a key in quotes");
	rc = json_lex_string(in, ret);
	if (rc < 0)
		return rc;
	json_space(in);
	if (*in->p != ':')
		return json_syntax(in, "expected ':'");
	in->p++;
	json_space(in);
	return 0;
}

static int skip_object(struct json_in *in)
{
	struct json_span key;
	int rc;

	for (rc = json_open(in, '}'); rc > 0; rc = json_next(in, '}')) {
		rc = json_key(in, &key);
		if (rc == 0)
			rc = json_skip(in);
		if (rc < 0)
			break;
	}
	return rc;
}

static int skip_array(struct json_in *in)
{
	int rc;

	for (rc = json_open(in, ']'); rc > 0; rc = json_next(in, ']')) {
		rc = json_skip(in);
		if (rc < 0)
			break;
	}
	return rc;
}

int json_skip(struct json_in *in)
{
	struct json_span span;
	struct json_number number;

	switch (*in->p) {
	case '{':
		return skip_object(in);
	case '[':
		return skip_array(in);
	case '"':
		return json_lex_string(in, &span);
	case 't':
		return json_lex_literal(in, "true");
	case 'f':
		return json_lex_literal(in, "false");
	case 'n':
		return json_lex_literal(in, "null");
	case '-':
	case '0' ... '9':
		return json_lex_number(in, &number);
	case '\0':
		if (in->p == in->end)
			return json_syntax(in, "the text ends too early");
		return json_syntax(in, "expected a value");
	default:
		return json_syntax(in, "expected a value");
	}
}
