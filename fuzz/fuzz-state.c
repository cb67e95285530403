/* The documents beside config.json: the state, a process for exec and
 * resources for update. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct json_type *type, const void *value)
{
	union {
		struct oci_state state;
		struct oci_process process;
		struct cgroup_resources resources;
	} copy;
	struct arena *arena = arena_new(0);
	struct buf out = {0};

	json_encode(type, value, NULL, &out);
	if (json_decode(type, &copy, arena, out.data, out.len, NULL) < 0)
		abort();
	buf_free(&out);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(0);
	struct cgroup_resources resources;
	struct oci_process process;
	struct oci_state state;
	struct buf text = {0};

	buf_add(&text, data, size);
	if (json_decode(&oci_state_json, &state, arena, text.data, text.len,
			NULL) == 0)
		again(&oci_state_json, &state);
	if (json_decode(&oci_process_json, &process, arena, text.data, text.len,
			NULL) == 0) {
		again(&oci_process_json, &process);
		oci_process_validate(&process, "", NULL);
	}
	if (json_decode(&cgroup_resources_json, &resources, arena, text.data,
			text.len, NULL) == 0) {
		again(&cgroup_resources_json, &resources);
		oci_resources_validate(&resources, NULL);
	}
	arena_free(arena);
	buf_free(&text);
	return 0;
}
