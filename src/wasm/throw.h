/* wasm/throw.h
 * Exceptions. */
#pragma once

#include "wasm/store.h"

/* 0 if the heap is full. */
gc_ref exception_new(struct wasm_store *store, const struct wasm_tag *tag,
		     const union wasm_value *v);
const struct wasm_tag *exception_tag(gc_ref ref);
/* Its values as slots; returns how many. */
unsigned int exception_load(struct wasm_store *store, gc_ref ref,
			    union wasm_value *v);
/* Find who catches x->exception, thrown at `ip` in the frame at `fp`, and
 * unwind to there.  `ip` is NULL when nobody does up to the current
 * wasm_call(); nothing has changed then. */
struct catch_point {
	const union code *ip;
	union wasm_value *fp;
};
struct catch_point exception_unwind(struct exec *x, const union code *ip,
				    union wasm_value *fp);
