/* tests/wasm/spec-json.h
 * JSON as a tree, for the specification's test suite.  base/json.h binds text
 * to structs and has no NUL in strings; the suite's commands have a shape per
 * type, and one of its names contains \u0000. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum node_kind { NODE_OBJECT, NODE_ARRAY, NODE_STRING, NODE_OTHER };

struct node {
	enum node_kind kind;
	const char *key;  /* in an object */
	const char *text; /* of a string, decoded; else as it stood */
	size_t len;
	struct node *first; /* of an object or array */
	struct node *next;
};

/* NULL when it is no JSON.  `text` ends with a NUL. */
struct node *node_parse(struct arena *arena, const char *text);
/* NULL when it has none; `n` may be NULL. */
const struct node *node_get(const struct node *n, const char *key);
/* The text of a member, NULL when it has none. */
const char *node_text(const struct node *n, const char *key);
size_t node_count(const struct node *n);
