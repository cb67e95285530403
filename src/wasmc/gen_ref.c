/* References and objects. */
#include "wasmc/gen.h"

bool gen_reference(struct gen *g)
{
	return false;
}
