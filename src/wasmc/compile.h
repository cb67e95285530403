/* wasmc/compile.h
 * A module to objects, by several processes.  Private to hull-wasmc. */
#pragma once

#include "wasmc/gen.h"
#include "wasmc/link.h"

struct compile_job {
	const struct wasm_module *module;
	struct gen_options gen;
	unsigned int level; /* -O0 .. -O3 */
	unsigned int jobs;
	bool tune; /* for this very processor */
	bool progress;
};

/* Functions `from`..`to`, by index with imports. */
struct piece {
	uint32_t index, from, to;
	unsigned int level;
	bool thunks; /* with those by which the engine enters */
};

/* What compile_piece() writes: this, and the object. */
struct piece_head {
	uint64_t piece, len;
};

int compile_piece(const struct compile_job *job, const struct piece *p, int fd,
		  struct err *err);

struct compile_objects {
	struct link_object *objects;
	size_t n;
};

/* workers.c.  -E2BIG: it is too much for LLVM, even without optimisation. */
int compile_objects(const struct compile_job *job, struct compile_objects *ret,
		    struct err *err);

/* What memory 0 begins with, where that is known now and worth more than a
 * copy at each start: *ret is malloc()ed, whole pages, or NULL. */
void compile_memory(const struct wasm_module *m, uint8_t **ret, size_t *len);

enum compile_emit { COMPILE_LLVM, COMPILE_ASM };
/* All in one module of LLVM, as text, to read. */
int compile_text(const struct compile_job *job, enum compile_emit what, int fd,
		 struct err *err);
