#include <errno.h>
#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_lex.h"

static int decode(struct json_in *in, const struct json_type *t, void *out);

/* ---------------------------------------------------------- basic types -- */

/* A value of another kind is wrong at this place; what is no value at all is
 * wrong at any. */
static int mismatch(struct json_in *in, const char *want)
{
	const char *found = json_what_is(in), *at = in->p;
	int rc = json_skip(in);

	if (rc < 0)
		return rc;
	in->p = at;
	return json_wrong(in, "expected %s, found %s", want, found);
}

static int decode_bool(struct json_in *in, bool *out)
{
	*out = *in->p == 't';
	if (*in->p == 't')
		return json_lex_literal(in, "true");
	if (*in->p == 'f')
		return json_lex_literal(in, "false");
	return mismatch(in, "a boolean");
}

static int lex_integer(struct json_in *in, struct json_number *n)
{
	int rc;

	if (*in->p != '-' && (*in->p < '0' || *in->p > '9'))
		return mismatch(in, "an integer");
	rc = json_lex_number(in, n);
	if (rc < 0)
		return rc;
	if (n->sign == JSON_NOT_AN_INTEGER)
		return json_wrong(in, "expected an integer, found %.*s",
				  n->len < 32 ? (int)n->len : 32, n->s);
	return 0;
}

static int decode_int(struct json_in *in, const struct json_type *t,
		      int64_t *out)
{
	struct json_number n;
	uint64_t limit;
	int rc = lex_integer(in, &n);

	if (rc < 0)
		return rc;
	limit = n.sign == JSON_NEGATIVE ? -(uint64_t)t->min : t->max;
	if (n.overflow || n.magnitude > limit)
		return json_wrong(in, "%.*s is out of range (%lld to %lld)",
				  n.len < 32 ? (int)n.len : 32, n.s,
				  (long long)t->min, (long long)t->max);
	*out = (int64_t)(n.sign == JSON_NEGATIVE ? -n.magnitude : n.magnitude);
	return 0;
}

static int decode_uint(struct json_in *in, const struct json_type *t,
		       uint64_t *out)
{
	struct json_number n;
	int rc = lex_integer(in, &n);

	if (rc < 0)
		return rc;
	if (n.overflow || n.magnitude > t->max ||
	    (n.sign == JSON_NEGATIVE && n.magnitude))
		return json_wrong(in, "%.*s is out of range (0 to %llu)",
				  n.len < 32 ? (int)n.len : 32, n.s,
				  (unsigned long long)t->max);
	*out = n.magnitude;
	return 0;
}

/* Two's complement: the low bytes are the same signed or not. */
static void store_int(void *out, size_t size, uint64_t v)
{
	switch (size) {
	case 1:
		*(uint8_t *)out = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)out = (uint16_t)v;
		break;
	case 4:
		*(uint32_t *)out = (uint32_t)v;
		break;
	default:
		*(uint64_t *)out = v;
	}
}

static int decode_double(struct json_in *in, double *out)
{
	struct json_number n;
	int rc;

	if (*in->p != '-' && (*in->p < '0' || *in->p > '9'))
		return mismatch(in, "a number");
	rc = json_lex_number(in, &n);
	if (rc < 0)
		return rc;
	*out = strtod(n.s, NULL);
	return isfinite(*out) ? 0 : json_wrong(in, "number out of range");
}

/* -------------------------------------------------------------- strings -- */

static int take_string(struct json_in *in, const struct json_span *span,
		       char **out)
{
	char *s;
	size_t n;

	if (!span->escaped) {
		*out = arena_strndup(in->arena, span->s, span->len);
		return 0;
	}
	s = arena_reserve(in->arena, span->len + 1);
	n = json_unescape(span, s);
	if (memchr(s, '\0', n))
		return json_wrong(in, "a string with a NUL character");
	s[n] = '\0';
	arena_commit(in->arena, n + 1);
	*out = s;
	return 0;
}

static int decode_string(struct json_in *in, char **out)
{
	struct json_span span;
	int rc;

	if (*in->p != '"')
		return mismatch(in, "a string");
	rc = json_lex_string(in, &span);
	return rc < 0 ? rc : take_string(in, &span, out);
}

static int decode_strv(struct json_in *in, char ***out)
{
	struct json_path here = {.up = in->path};
	size_t mark = in->scratch.len;
	char *s = NULL;
	int rc;

	if (*in->p != '[')
		return mismatch(in, "an array of strings");
	for (rc = json_open(in, ']'); rc > 0; rc = json_next(in, ']')) {
		in->path = &here;
		rc = decode_string(in, &s);
		if (rc < 0)
			return rc;
		in->path = here.up;
		here.index++;
		buf_add(&in->scratch, &s, sizeof(s));
	}
	if (rc < 0)
		return rc;
	s = NULL;
	buf_add(&in->scratch, &s, sizeof(s));
	*out = arena_memdup(in->arena, in->scratch.data + mark,
			    in->scratch.len - mark);
	in->scratch.len = mark;
	return 0;
}

/* ---------------------------------------------------------------- words -- */

int json_word_find(const struct json_words *words, const char *name,
		   uint64_t *ret)
{
	int v;

	for (const struct json_word *w = words->list; w && w->name; w++)
		if (strcmp(w->name, name) == 0) {
			*ret = w->value;
			return 0;
		}
	v = words->find ? words->find(name) : -EINVAL;
	if (v < 0)
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

const char *json_word_name(const struct json_words *words, uint64_t value)
{
	for (const struct json_word *w = words->list; w && w->name; w++)
		if (w->value == value)
			return w->name;
	return words->name ? words->name((int)value) : NULL;
}

static int decode_word(struct json_in *in, const struct json_words *words,
		       uint64_t *out)
{
	struct json_span span;
	char name[64];
	size_t n;
	int rc;

	if (*in->p != '"')
		return mismatch(in, "a string");
	rc = json_lex_string(in, &span);
	if (rc < 0)
		return rc;
	if (span.len < sizeof(name)) {
		n = json_unescape(&span, name);
		name[n] = '\0';
		if (strlen(name) == n && json_word_find(words, name, out) == 0)
			return 0;
	}
	return json_wrong(in, "unknown %s \"%.*s\"", words->what,
			  span.len < 100 ? (int)span.len : 100, span.s);
}

static int decode_words(struct json_in *in, const struct json_words *words,
			uint64_t *out)
{
	struct json_path here = {.up = in->path};
	uint64_t value = 0;
	int rc;

	if (*in->p != '[')
		return mismatch(in, "an array of strings");
	*out = 0;
	for (rc = json_open(in, ']'); rc > 0; rc = json_next(in, ']')) {
		in->path = &here;
		rc = decode_word(in, words, &value);
		if (rc < 0)
			return rc;
		in->path = here.up;
		here.index++;
		*out |= words->list ? value : UINT64_C(1) << (value & 63);
	}
	return rc;
}

/* ----------------------------------------------- what holds other types -- */

/* Most documents have their members in the order of the table, so the field
 * behind the last one is the first guess. */
static const struct json_field *find_field(struct json_in *in,
					   const struct json_type *t,
					   const struct json_span *key,
					   uint32_t *guess)
{
	const char *s = key->s;
	size_t n = key->len;
	uint32_t at = *guess;

	if (key->escaped) {
		char *plain = arena_reserve(in->arena, n);

		n = json_unescape(key, plain);
		s = plain;
	}
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct json_field *f = &t->fields[at];

		if (++at == t->n_fields)
			at = 0;
		if (f->name_len == n && memcmp(f->name, s, n) == 0) {
			*guess = at;
			return f;
		}
	}
	return NULL;
}

static int check_required(struct json_in *in, const struct json_type *t,
			  const uint64_t *seen)
{
	struct json_path here = {.up = in->path};

	for (uint32_t i = 0; i < t->n_fields; i++) {
		if (!t->fields[i].required || (*seen >> i & 1))
			continue;
		here.name = t->fields[i].name;
		here.name_len = t->fields[i].name_len;
		in->path = &here;
		json_wrong(in, "missing");
		in->path = here.up;
		return -EINVAL;
	}
	return 0;
}

static int decode_member(struct json_in *in, const struct json_type *t,
			 char *out, uint32_t *guess, uint64_t *seen)
{
	struct json_path here = {.up = in->path};
	const struct json_field *f;
	struct json_span key;
	uint64_t bit;
	int rc;

	rc = json_key(in, &key);
	if (rc < 0)
		return rc;
	f = find_field(in, t, &key, guess);
	if (!f)
		return json_skip(in);
	bit = UINT64_C(1) << ((f - t->fields) & 63);
	if (*in->p == 'n') {
		*seen &= ~bit;
		memset(out + f->offset, 0, f->type->size);
		return json_lex_literal(in, "null");
	}
	*seen |= bit;
	here.name = f->name;
	here.name_len = f->name_len;
	in->path = &here;
	rc = decode(in, f->type, out + f->offset);
	in->path = here.up;
	return rc;
}

static int decode_object(struct json_in *in, const struct json_type *t,
			 void *out)
{
	uint32_t guess = 0;
	uint64_t seen = 0;
	int rc;

	if (*in->p != '{')
		return mismatch(in, "an object");
	memset(out, 0, t->size);
	for (rc = json_open(in, '}'); rc > 0; rc = json_next(in, '}')) {
		rc = decode_member(in, t, out, &guess, &seen);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : check_required(in, t, &seen);
}

static int decode_pointer(struct json_in *in, const struct json_type *t,
			  void **out)
{
	*out = arena_alloc(in->arena, 1, t->of->size);
	return decode(in, t->of, *out);
}

struct counted {
	void *v;
	size_t n;
};

/* One element is decoded beside the scratch buffer, which moves as the
 * arrays inside of the element use it. */
enum { ELEM_LOCAL = 256 };

static void *elem_room(struct json_in *in, void *local, size_t size)
{
	return size <= ELEM_LOCAL ? local : arena_alloc(in->arena, 1, size);
}

static void take_elems(struct json_in *in, size_t mark, size_t n,
		       struct counted *out)
{
	out->v = arena_memdup(in->arena, in->scratch.data + mark,
			      in->scratch.len - mark);
	out->n = n;
	in->scratch.len = mark;
}

static int decode_list(struct json_in *in, const struct json_type *t,
		       struct counted *out)
{
	alignas(max_align_t) char local[ELEM_LOCAL];
	struct json_path here = {.up = in->path};
	size_t mark = in->scratch.len;
	void *elem;
	int rc;

	if (*in->p != '[')
		return mismatch(in, "an array");
	elem = elem_room(in, local, t->of->size);
	for (rc = json_open(in, ']'); rc > 0; rc = json_next(in, ']')) {
		in->path = &here;
		rc = decode(in, t->of, elem);
		if (rc < 0)
			return rc;
		in->path = here.up;
		here.index++;
		buf_add(&in->scratch, elem, t->of->size);
	}
	if (rc == 0)
		take_elems(in, mark, here.index, out);
	return rc;
}

/* Where an element with this key is among those from `mark` on, or where the
 * next one goes. */
static size_t find_key(const struct json_in *in, const struct json_type *t,
		       size_t mark, const char *key)
{
	size_t at;

	for (at = mark; at < in->scratch.len; at += t->elem_size) {
		const char *other;

		memcpy(&other, in->scratch.data + at + t->key_offset,
		       sizeof(other));
		if (strcmp(other, key) == 0)
			break;
	}
	return at;
}

static void remove_elem(struct json_in *in, size_t at, size_t size)
{
	memmove(in->scratch.data + at, in->scratch.data + at + size,
		in->scratch.len - at - size);
	in->scratch.len -= size;
}

static int decode_entry(struct json_in *in, const struct json_type *t,
			size_t mark, char *elem)
{
	struct json_path here = {.up = in->path, .quoted = true};
	struct json_span span;
	bool null;
	char *key;
	size_t at;
	int rc;

	rc = json_key(in, &span);
	if (rc == 0)
		rc = take_string(in, &span, &key);
	if (rc < 0)
		return rc;
	here.name = key;
	here.name_len = strlen(key);
	in->path = &here;
	null = *in->p == 'n';
	if (null)
		rc = json_lex_literal(in, "null");
	else
		rc = decode(in, t->of, elem + t->value_offset);
	if (rc < 0)
		return rc;
	in->path = here.up;
	memcpy(elem + t->key_offset, &key, sizeof(key));
	at = find_key(in, t, mark, key);
	if (at < in->scratch.len)
		remove_elem(in, at, t->elem_size);
	if (!null)
		buf_add(&in->scratch, elem, t->elem_size);
	return 0;
}

static int decode_map(struct json_in *in, const struct json_type *t,
		      struct counted *out)
{
	alignas(max_align_t) char local[ELEM_LOCAL] = {0};
	size_t mark = in->scratch.len, n = 0;
	void *elem;
	int rc;

	if (*in->p != '{')
		return mismatch(in, "an object");
	elem = elem_room(in, local, t->elem_size);
	for (rc = json_open(in, '}'); rc > 0; rc = json_next(in, '}')) {
		rc = decode_entry(in, t, mark, elem);
		if (rc < 0)
			return rc;
		n = (in->scratch.len - mark) / t->elem_size;
		if (n > JSON_MAX_KEYS)
			return json_wrong(in, "more than %d members",
					  JSON_MAX_KEYS);
	}
	if (rc == 0)
		take_elems(in, mark, n, out);
	return rc;
}

/* ------------------------------------------------------ text and others -- */

static int decode_raw(struct json_in *in, char **out)
{
	const char *start = in->p;
	int rc = json_skip(in);

	if (rc < 0)
		return rc;
	*out = arena_strndup(in->arena, start, (size_t)(in->p - start));
	return 0;
}

static int decode_custom(struct json_in *in, const struct json_type *t,
			 void *out)
{
	struct err why = {0};
	const char *start = in->p;
	char *text;
	int rc;

	rc = decode_raw(in, &text);
	if (rc < 0)
		return rc;
	rc = t->decode(text, (size_t)(in->p - start), out, in->arena, &why);
	return rc < 0 ? json_wrong(in, "%s", why.msg) : 0;
}

static int decode(struct json_in *in, const struct json_type *t, void *out)
{
	uint64_t u = 0;
	int64_t i = 0;
	int rc;

	switch (t->kind) {
	case JSON_BOOL:
		return decode_bool(in, out);
	case JSON_INT:
		rc = decode_int(in, t, &i);
		store_int(out, t->size, (uint64_t)i);
		return rc;
	case JSON_UINT:
		rc = decode_uint(in, t, &u);
		store_int(out, t->size, u);
		return rc;
	case JSON_OPT_BOOL:
		((struct opt_bool *)out)->set = true;
		return decode_bool(in, &((struct opt_bool *)out)->v);
	case JSON_OPT_INT:
		((struct opt_i64 *)out)->set = true;
		return decode_int(in, t, &((struct opt_i64 *)out)->v);
	case JSON_OPT_UINT:
		((struct opt_u64 *)out)->set = true;
		return decode_uint(in, t, &((struct opt_u64 *)out)->v);
	case JSON_DOUBLE:
		return decode_double(in, out);
	case JSON_STRING:
		return decode_string(in, out);
	case JSON_STRV:
		return decode_strv(in, out);
	case JSON_NAME:
		rc = decode_word(in, t->words, &u);
		*(uint32_t *)out = (uint32_t)u;
		return rc;
	case JSON_NAMES:
		return decode_words(in, t->words, out);
	case JSON_OBJECT:
		return decode_object(in, t, out);
	case JSON_POINTER:
		return decode_pointer(in, t, out);
	case JSON_LIST:
		return decode_list(in, t, out);
	case JSON_MAP:
		return decode_map(in, t, out);
	case JSON_RAW:
		return decode_raw(in, out);
	case JSON_CUSTOM:
		return decode_custom(in, t, out);
	}
	__builtin_unreachable();
}

/* ------------------------------------------------------------ documents -- */

static int document(struct json_in *in, const char *text, size_t len,
		    const struct json_type *t, void *out)
{
	int rc;

	/* An empty struct buf. */
	if (!text)
		text = "";
	in->p = in->text = text;
	in->end = text + len;
	if (len > JSON_MAX_SIZE)
		return err_say(in->err, -EFBIG, "larger than %d MiB",
			       JSON_MAX_SIZE >> 20);
	json_space(in);
	rc = t ? decode(in, t, out) : json_skip(in);
	if (rc < 0)
		return rc;
	json_space(in);
	if (in->p != in->end)
		return json_syntax(in, "text behind the end of the document");
	return 0;
}

int json_decode(const struct json_type *type, void *out, struct arena *arena,
		const char *text, size_t len, struct err *err)
{
	struct json_in in = {.arena = arena, .err = err};
	int rc = document(&in, text, len, type, out);

	buf_free(&in.scratch);
	return rc;
}

int json_check(const char *text, size_t len, struct err *err)
{
	struct json_in in = {.err = err};

	return document(&in, text, len, NULL, NULL);
}

int json_decode_fd(const struct json_type *type, void *out, struct arena *arena,
		   int fd, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int rc = buf_read_fd(&text, fd, JSON_MAX_SIZE);

	if (rc == -EFBIG)
		return err_say(err, rc, "larger than %d MiB",
			       JSON_MAX_SIZE >> 20);
	if (rc < 0)
		return err_set(err, rc, "read");
	return json_decode(type, out, arena, text.data, text.len, err);
}
