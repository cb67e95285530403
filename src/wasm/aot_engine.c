/* What code and engine must agree on, as one number of 32 bytes.  It does not
 * depend on the architecture: an image made on another kind of machine for
 * this one has the same. */
#include <stddef.h>

#include "wasm/aot.h"
#include "wasm/instance.h"
#include "wasm/store.h"

/* Members marked [aot]. */
#define AT(type, member) offsetof(struct type, member)

static const uint16_t layout[] = {
	AOT_VERSION,
	sizeof(struct aot_header),
	AT(wasm_func, type),
	AT(wasm_func, signature),
	AT(wasm_func, native),
	AT(wasm_table, elems),
	AT(wasm_table, len),
	AT(wasm_global, v),
	AT(wasm_instance, mem0_base),
	AT(wasm_instance, memory),
	AT(wasm_instance, table),
	AT(wasm_instance, global),
	AT(wasm_instance, func),
	AT(wasm_instance, tag),
	AT(wasm_instance, store),
	AT(wasm_instance, own_globals),
	AT(wasm_instance, types),
	AT(wasm_instance, signatures),
	AT(wasm_instance, helpers),
	AT(wasm_instance, results),
	AT(wasm_instance, stack_limit),
	sizeof(struct wasm_global),
	AT(wasm_memory, base),
	AT(wasm_memory, size),
	AT(wasm_store, exec.pending),
	AT(wasm_store, exec.fuel),
	AT(gc_object, layout),
	AT(gc_layout, kind),
	AT(gc_layout, type),
	AT(gc_layout, supers),
	AT(gc_layout, n_supers),
	AT(gc_array, length),
	AT(gc_array, data),
};

static const char helpers[] =
#define H(name, sig) #name " " sig "\n"
#include "wasm/aot.def"
	;

const uint8_t *aot_engine_id(void)
{
	static uint8_t id[SHA256_SIZE];
	static bool known; /* threads that race compute the same */

	if (!__atomic_load_n(&known, __ATOMIC_ACQUIRE)) {
		struct sha256 hash;

		sha256_begin(&hash);
		sha256_add(&hash, layout, sizeof(layout));
		sha256_add(&hash, helpers, sizeof(helpers));
		sha256_end(&hash, id);
		__atomic_store_n(&known, true, __ATOMIC_RELEASE);
	}
	return id;
}
