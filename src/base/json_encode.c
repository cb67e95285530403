#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static void encode(struct json_writer *w, const char *key,
		   const struct json_type *t, const void *value);

static int64_t load_int(const void *value, size_t size)
{
	switch (size) {
	case 1:
		return *(const int8_t *)value;
	case 2:
		return *(const int16_t *)value;
	case 4:
		return *(const int32_t *)value;
	default:
		return *(const int64_t *)value;
	}
}

static uint64_t load_uint(const void *value, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)value;
	case 2:
		return *(const uint16_t *)value;
	case 4:
		return *(const uint32_t *)value;
	default:
		return *(const uint64_t *)value;
	}
}

static bool is_absent(const struct json_type *t, const void *value)
{
	switch (t->kind) {
	case JSON_BOOL:
		return !*(const bool *)value;
	case JSON_INT:
	case JSON_UINT:
		return load_uint(value, t->size) == 0;
	case JSON_OPT_BOOL:
		return !((const struct opt_bool *)value)->set;
	case JSON_OPT_INT:
		return !((const struct opt_i64 *)value)->set;
	case JSON_OPT_UINT:
		return !((const struct opt_u64 *)value)->set;
	case JSON_DOUBLE:
		return *(const double *)value == 0;
	case JSON_NAME:
		return *(const uint32_t *)value == 0;
	case JSON_NAMES:
		return *(const uint64_t *)value == 0;
	case JSON_STRING:
	case JSON_STRV:
	case JSON_POINTER:
	case JSON_LIST:
	case JSON_MAP:
	case JSON_RAW:
		/* Each begins with a pointer. */
		return !*(const void *const *)value;
	case JSON_OBJECT:
		for (uint32_t i = 0; i < t->n_fields; i++)
			if (t->fields[i].always ||
			    !is_absent(t->fields[i].type,
				       (const char *)value +
					       t->fields[i].offset))
				return false;
		return true;
	case JSON_CUSTOM:
		return false;
	}
	return false;
}

/* The shortest of the usual precisions that reads back as the same. */
static void encode_double(struct json_writer *w, const char *key, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);
	/* JSON has no word for infinity or not-a-number. */
	json_raw(w, key, v - v == 0 ? text : "null");
}

static void encode_strv(struct json_writer *w, const char *key, char *const *v)
{
	json_begin_array(w, key);
	for (; v && *v; v++)
		json_string(w, NULL, *v);
	json_end_array(w);
}

static void encode_words(struct json_writer *w, const char *key,
			 const struct json_words *words, uint64_t bits)
{
	json_begin_array(w, key);
	for (const struct json_word *word = words->list; word && word->name;
	     word++)
		if ((bits & word->value) == word->value)
			json_string(w, NULL, word->name);
	for (int i = 0; i < 64 && words->name; i++)
		if ((bits >> i & 1) && words->name(i))
			json_string(w, NULL, words->name(i));
	json_end_array(w);
}

static void encode_object(struct json_writer *w, const char *key,
			  const struct json_type *t, const char *value)
{
	json_begin_object(w, key);
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct json_field *f = &t->fields[i];

		if (f->always || !is_absent(f->type, value + f->offset))
			encode(w, f->name, f->type, value + f->offset);
	}
	json_end_object(w);
}

static void encode_list(struct json_writer *w, const char *key,
			const struct json_type *t, const char *v, size_t n)
{
	json_begin_array(w, key);
	for (size_t i = 0; i < n; i++)
		encode(w, NULL, t->of, v + i * t->of->size);
	json_end_array(w);
}

static void encode_map(struct json_writer *w, const char *key,
		       const struct json_type *t, const char *v, size_t n)
{
	json_begin_object(w, key);
	for (size_t i = 0; i < n; i++, v += t->elem_size)
		encode(w, *(char *const *)(v + t->key_offset), t->of,
		       v + t->value_offset);
	json_end_object(w);
}

static void encode(struct json_writer *w, const char *key,
		   const struct json_type *t, const void *value)
{
	const struct {
		const char *v;
		size_t n;
	} *counted = value;

	switch (t->kind) {
	case JSON_BOOL:
		json_bool(w, key, *(const bool *)value);
		break;
	case JSON_INT:
		json_int(w, key, load_int(value, t->size));
		break;
	case JSON_UINT:
		json_uint(w, key, load_uint(value, t->size));
		break;
	case JSON_OPT_BOOL:
		json_bool(w, key, ((const struct opt_bool *)value)->v);
		break;
	case JSON_OPT_INT:
		json_int(w, key, ((const struct opt_i64 *)value)->v);
		break;
	case JSON_OPT_UINT:
		json_uint(w, key, ((const struct opt_u64 *)value)->v);
		break;
	case JSON_DOUBLE:
		encode_double(w, key, *(const double *)value);
		break;
	case JSON_STRING:
		json_string(w, key, *(const char *const *)value);
		break;
	case JSON_STRV:
		encode_strv(w, key, *(char *const *const *)value);
		break;
	case JSON_NAME:
		json_string(w, key,
			    json_word_name(t->words, *(const uint32_t *)value));
		break;
	case JSON_NAMES:
		encode_words(w, key, t->words, *(const uint64_t *)value);
		break;
	case JSON_OBJECT:
		encode_object(w, key, t, value);
		break;
	case JSON_POINTER:
		if (*(const void *const *)value)
			encode(w, key, t->of, *(const void *const *)value);
		else
			json_raw(w, key, "null");
		break;
	case JSON_LIST:
		encode_list(w, key, t, counted->v, counted->n);
		break;
	case JSON_MAP:
		encode_map(w, key, t, counted->v, counted->n);
		break;
	case JSON_RAW:
		json_raw(w, key,
			 *(const char *const *)value
				 ? *(const char *const *)value
				 : "null");
		break;
	case JSON_CUSTOM:
		t->encode(w, key, value);
		break;
	}
}

void json_encode(const struct json_type *type, const void *value,
		 const char *indent, struct buf *out)
{
	struct json_writer w = {.out = out, .indent = indent};

	encode(&w, NULL, type, value);
}
