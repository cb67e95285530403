/* Vectors. */
#include "wasmc/gen.h"

bool gen_vector(struct gen *g)
{
	return false;
}
