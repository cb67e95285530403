/* cli/wasm_value.h
 * Values of WebAssembly as words of a command line. */
#pragma once

#include "wasm/wasm.h"

struct buf;
struct err;

/* `words` (`n` of them) as the parameters of a function of type `t`, packed
 * into `v`.  Integers may be signed or not, decimal or 0x.  Vectors and
 * references have no spelling here. */
int wasm_values_parse(const struct wasm_functype *t, int n, char **words,
		      union wasm_value *v, struct err *err);
/* The results in `v`, a line each. */
void wasm_values_print(const struct wasm_functype *t, const union wasm_value *v,
		       struct buf *out);
