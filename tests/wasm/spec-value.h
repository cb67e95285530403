/* tests/wasm/spec-value.h
 * Values of the test suite: into slots, and slots against patterns. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "spec-json.h"
#include "wasm/wasm.h"

/* `val` as an argument, into one or two slots.  Returns how many, 0 for a
 * type that is not known. */
unsigned int spec_value(struct wasm_store *store, const struct node *val,
			union wasm_value *v);
/* Is the value of type `type` in `v` one that `pattern` means? */
bool spec_match(struct wasm_store *store, const struct node *pattern,
		wasm_type type, const union wasm_value *v);
/* The value as text, for a failure's line. */
void spec_print(struct buf *out, wasm_type type, const union wasm_value *v);
