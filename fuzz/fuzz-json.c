/* JSON of any kind: what is accepted is encoded, accepted again and encoded
 * to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pair {
	char *key, *value;
};

struct node {
	bool b;
	int8_t i;
	uint64_t u;
	double d;
	char *s;
	char **v;
	struct opt_bool ob;
	struct opt_i64 oi;
	uint32_t word;
	uint32_t *numbers;
	size_t n_numbers;
	struct pair *map;
	size_t n_map;
	struct node *child;
	struct node *list;
	size_t n_list;
	char *raw;
};

static const struct json_words words = {
	.what = "word",
	.list = (const struct json_word[]){{"one", 1}, {"two", 2}, {NULL}},
};

extern const struct json_type node_json;

static const struct json_field fields[] = {
	JSON_FIELD(node, b, "b"),
	JSON_FIELD(node, i, "i"),
	JSON_FIELD(node, u, "u"),
	JSON_FIELD(node, d, "d"),
	JSON_FIELD(node, s, "s"),
	JSON_FIELD(node, v, "v"),
	JSON_FIELD(node, ob, "ob"),
	JSON_FIELD(node, oi, "oi"),
	JSON_FIELD_NAME(node, word, "word", &words),
	JSON_FIELD_LIST_AS(node, numbers, "numbers", &json_type_u32),
	JSON_FIELD_MAP(node, map, "map", pair, key, value, &json_type_string),
	JSON_FIELD_POINTER(node, child, "child", node),
	JSON_FIELD_LIST(node, list, "list", node),
	JSON_FIELD_AS(node, raw, "raw", &json_type_raw),
};
const struct json_type node_json = JSON_STRUCT(node, fields);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0}, one = {0}, two = {0};
	struct arena *arena = arena_new(0);
	struct node node;
	int well_formed, rc;

	buf_add(&text, data, size);
	well_formed = json_check(text.data, text.len, NULL);
	rc = json_decode(&node_json, &node, arena, text.data, text.len, NULL);
	/* What does not fit the table may be JSON, what fits has to be. */
	if (rc == 0 && well_formed < 0)
		abort();
	if (rc == 0) {
		json_encode(&node_json, &node, NULL, &one);
		if (json_decode(&node_json, &node, arena, one.data, one.len,
				NULL) < 0)
			abort();
		json_encode(&node_json, &node, NULL, &two);
		if (strcmp(one.data, two.data) != 0)
			abort();
	}
	arena_free(arena);
	buf_free(&text);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
