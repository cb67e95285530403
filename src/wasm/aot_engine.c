/* What code and engine must agree on, as one number of 32 bytes.  It does not
 * depend on the architecture: an image made on another kind of machine for
 * this one has the same. */
#include <stddef.h>

#include "wasm/aot.h"
#include "wasm/instance.h"

/* Members marked [aot]. */
#define AT(type, member) offsetof(struct type, member)

static const uint16_t layout[] = {
	AOT_VERSION,
	sizeof(struct aot_header),
	AT(wasm_func, inst),
	AT(wasm_func, type),
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
};

const uint8_t *aot_engine_id(void)
{
	static uint8_t id[SHA256_SIZE];
	static bool known; /* threads that race compute the same */

	if (!__atomic_load_n(&known, __ATOMIC_ACQUIRE)) {
		sha256(layout, sizeof(layout), id);
		__atomic_store_n(&known, true, __ATOMIC_RELEASE);
	}
	return id;
}
