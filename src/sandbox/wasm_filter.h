/* sandbox/wasm_filter.h
 * The system calls that the engine makes for a guest, and no others: what a
 * guest that had broken out of the engine could still do.  On top of the
 * filter that config.json asks for. */
#pragma once

struct err;

/* For the calling process, from now on.  Everything it refuses is EPERM. */
int wasm_filter_install(struct err *err);
