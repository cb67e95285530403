/* Atomic accesses. */
#include "wasmc/gen.h"

bool gen_atomic(struct gen *g)
{
	return false;
}
