/* The first thing that hull reads from a container's init: a message whose
 * every byte may be wrong.  What passes must be safe to use. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/sync.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sync_msg m;

	if (!sync_msg_valid(data, size))
		return 0;
	memcpy(&m, data, sizeof(m));
	if (strlen(m.err.msg) >= sizeof(m.err.msg))
		abort();
	if (m.type < SYNC_MAP_ME || m.type >= SYNC_TYPE_END)
		abort();
	return 0;
}
