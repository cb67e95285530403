#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && str_eq(s + n - m, suffix);
}

static int parse_digits(const char *s, unsigned int base, uint64_t max,
			uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int d = (unsigned int)(unsigned char)*s - '0';

		if (d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return -ERANGE;
	}
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	return parse_digits(s, 10, max, ret);
}

int parse_octal(const char *s, uint64_t max, uint64_t *ret)
{
	return parse_digits(s, 8, max, ret);
}

int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int64_t n;
	int rc;

	rc = parse_digits(s + negative, 10, (uint64_t)INT64_MAX + negative, &v);
	if (rc < 0)
		return rc;
	n = negative ? (int64_t)(0 - v) : (int64_t)v;
	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

static int size_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	case 't':
		return 40;
	default:
		return -1;
	}
}

int parse_size(const char *s, uint64_t *ret)
{
	const char *end = s + strspn(s, "0123456789");
	uint64_t whole, tenths = 0, scale = 1;
	_Bool fraction = *end == '.';
	char digits[24];
	int shift = 0, rc;

	if ((size_t)(end - s) >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, s, (size_t)(end - s));
	digits[end - s] = '\0';
	rc = parse_u64(digits, UINT64_MAX, &whole);
	if (rc < 0)
		return rc;
	if (fraction) {
		for (end++; *end >= '0' && *end <= '9'; end++) {
			if (scale >= 1000000)
				return -EINVAL;
			tenths = tenths * 10 + (uint64_t)(*end - '0');
			scale *= 10;
		}
		if (scale == 1)
			return -EINVAL;
	}
	if (*end && size_shift(*end) >= 0) {
		shift = size_shift(*end++);
		if ((*end == 'i' || *end == 'I') &&
		    (end[1] == 'b' || end[1] == 'B'))
			end++;
	}
	if (*end == 'b' || *end == 'B')
		end++;
	if (*end || (fraction && !shift))
		return -EINVAL;
	if (whole > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = (whole << shift) + ((tenths << shift) / scale);
	return 0;
}

size_t strv_len(char *const *v)
{
	size_t n = 0;

	while (v && v[n])
		n++;
	return n;
}

void strv_free(char **v)
{
	STRV_FOREACH (s, v)
		free(*s);
	free(v);
}

void strv_add(char ***v, const char *s)
{
	size_t n = strv_len(*v);

	*v = xrealloc(*v, n + 2, sizeof(char *));
	(*v)[n] = xstrdup(s);
	(*v)[n + 1] = NULL;
}

char **strv_copy(char *const *v)
{
	size_t n = strv_len(v);
	char **copy = xcalloc(n + 1, sizeof(char *));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(v[i]);
	return copy;
}

bool strv_has(char *const *v, const char *s)
{
	STRV_FOREACH (e, v)
		if (str_eq(*e, s))
			return true;
	return false;
}

/* The entry that sets `name`, or NULL. */
static char **env_entry(char *const *env, const char *name)
{
	size_t n = strlen(name);

	STRV_FOREACH (e, env)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return (char **)e;
	return NULL;
}

const char *env_get(char *const *env, const char *name)
{
	char **e = env_entry(env, name);

	return e ? *e + strlen(name) + 1 : NULL;
}

void env_set(char ***env, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);
	char **e = env_entry(*env, name);

	if (e) {
		free(*e);
		*e = text;
	} else {
		strv_add(env, text);
		free(text);
	}
}
