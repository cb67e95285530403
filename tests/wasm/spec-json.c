#include "spec-json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct arena *arena;
	const char *at;
};

static struct node *parse_value(struct parser *p);

static char skip_space(struct parser *p)
{
	p->at += strspn(p->at, " \t\r\n");
	return *p->at;
}

static bool take(struct parser *p, char c)
{
	if (skip_space(p) != c)
		return false;
	p->at++;
	return true;
}

static bool parse_hex4(struct parser *p, uint32_t *ret)
{
	char hex[5] = "", *end;

	strncpy(hex, p->at, 4);
	*ret = (uint32_t)strtoul(hex, &end, 16);
	p->at += 4;
	return end == hex + 4;
}

/* The code point behind \u, of two escapes if it is a surrogate pair. */
static bool parse_unicode(struct parser *p, char **out)
{
	uint32_t c, low;
	char *o = *out;

	if (!parse_hex4(p, &c))
		return false;
	if (c >> 10 == 0xd800 >> 10) {
		if (p->at[0] != '\\' || p->at[1] != 'u')
			return false;
		p->at += 2;
		if (!parse_hex4(p, &low))
			return false;
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	if (c < 0x80) {
		*o++ = (char)c;
	} else if (c < 0x800) {
		*o++ = (char)(0xc0 | c >> 6);
		*o++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*o++ = (char)(0xe0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 63));
		*o++ = (char)(0x80 | (c & 63));
	} else {
		*o++ = (char)(0xf0 | c >> 18);
		*o++ = (char)(0x80 | (c >> 12 & 63));
		*o++ = (char)(0x80 | (c >> 6 & 63));
		*o++ = (char)(0x80 | (c & 63));
	}
	*out = o;
	return true;
}

/* Behind the opening quote. */
static bool parse_string(struct parser *p, const char **ret, size_t *len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t max = 0;
	char *buf, *o;

	while (p->at[max] && p->at[max] != '"')
		max += p->at[max] == '\\' && p->at[max + 1] ? 2 : 1;
	buf = o = arena_alloc(p->arena, max + 1, 1);
	while (*p->at && *p->at != '"') {
		const char *esc;

		if (*p->at != '\\') {
			*o++ = *p->at++;
			continue;
		}
		p->at++;
		if (*p->at == 'u') {
			p->at++;
			if (!parse_unicode(p, &o))
				return false;
			continue;
		}
		esc = *p->at ? strchr(from, *p->at) : NULL;
		if (!esc)
			return false;
		*o++ = to[esc - from];
		p->at++;
	}
	*ret = buf;
	*len = (size_t)(o - buf);
	return *p->at++ == '"';
}

static bool parse_members(struct parser *p, struct node *n, char end)
{
	struct node **last = &n->first;
	size_t len;

	if (take(p, end))
		return true;
	do {
		const char *key = NULL;

		if (n->kind == NODE_OBJECT &&
		    (!take(p, '"') || !parse_string(p, &key, &len) ||
		     !take(p, ':')))
			return false;
		*last = parse_value(p);
		if (!*last)
			return false;
		(*last)->key = key;
		last = &(*last)->next;
	} while (take(p, ','));
	return take(p, end);
}

static struct node *parse_value(struct parser *p)
{
	struct node *n = arena_alloc(p->arena, 1, sizeof(*n));
	char c = skip_space(p);
	bool ok;

	n->kind = c == '{'   ? NODE_OBJECT
		  : c == '[' ? NODE_ARRAY
		  : c == '"' ? NODE_STRING
			     : NODE_OTHER;
	if (n->kind == NODE_OTHER) {
		n->len = strcspn(p->at, ",]} \t\r\n");
		n->text = arena_strndup(p->arena, p->at, n->len);
		p->at += n->len;
		return n->len > 0 ? n : NULL;
	}
	p->at++;
	if (n->kind == NODE_STRING)
		ok = parse_string(p, &n->text, &n->len);
	else
		ok = parse_members(p, n, c == '{' ? '}' : ']');
	return ok ? n : NULL;
}

struct node *node_parse(struct arena *arena, const char *text)
{
	struct parser p = {arena, text};
	struct node *n = parse_value(&p);

	return n && skip_space(&p) == '\0' ? n : NULL;
}

const struct node *node_get(const struct node *n, const char *key)
{
	for (const struct node *c = n ? n->first : NULL; c; c = c->next)
		if (c->key && strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

const char *node_text(const struct node *n, const char *key)
{
	const struct node *c = node_get(n, key);

	return c ? c->text : NULL;
}

size_t node_count(const struct node *n)
{
	size_t count = 0;

	for (const struct node *c = n ? n->first : NULL; c; c = c->next)
		count++;
	return count;
}
