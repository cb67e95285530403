/* tests/unit/aot_rig.h
 * Images without a compiler: of functions that are each a few bytes of
 * machine code, f0 and up, which return 42. */
#pragma once

#include "base/buf.h"
#include "wasm/aot.h"
#include "wasmc/link.h"

enum { RIG_ANSWER = 42 };

/* A relocatable object for the machine that this is, with an unwind table. */
void rig_object(struct buf *ret, uint32_t n_funcs);
/* What links such an object: fill in what else it should have. */
struct link_job rig_job(const struct link_object *object, uint32_t n_funcs);
