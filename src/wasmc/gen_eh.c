/* Exceptions. */
#include "wasmc/gen.h"

#include <stdlib.h>

void gen_try_table(struct gen *g)
{
	abort();
}

void gen_end_try_table(struct gen *g, struct gen_label *l)
{
	abort();
}

void gen_throw(struct gen *g)
{
	abort();
}
