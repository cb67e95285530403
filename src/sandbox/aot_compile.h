/* sandbox/aot_compile.h
 * Compiled code for a module that is about to run: from the cache, made now,
 * or made meanwhile for the next time.
 *
 *	never		interpret
 *	background	take what the cache has; else interpret, and leave a
 *			process behind that compiles when nobody else wants
 *			the processor
 *	first-run	take what the cache has; else compile first; interpret
 *			if that fails
 *	require		as first-run, and fail if that fails */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/aot_cache.h"

struct buf;

enum aot_policy { AOT_NEVER, AOT_BACKGROUND, AOT_FIRST_RUN, AOT_REQUIRE };

/* `said_by` ("--compile") begins the sentence. */
int aot_policy_parse(const char *word, const char *said_by,
		     enum aot_policy *ret, struct err *err);
/* What $HULL_WASM_COMPILE says, else background. */
int aot_policy_default(enum aot_policy *ret, struct err *err);

struct aot_offer {
	int image; /* whole, its contents vouched for; -1: interpret */
	bool required;
	struct stamp module; /* of its file, relied on or not */
	struct err why;      /* without an image: why not; code 0 if unset */
};

/* For the module in this file.  Fails only with AOT_REQUIRE. */
int aot_obtain(int module, enum aot_policy policy, uint32_t flags,
	       struct aot_offer *ret, struct err *err);
void aot_offer_close(struct aot_offer *offer);

/* --- the compiler --------------------------------------------------------- */

/* hull-wasmc, opened for execution.  -ENOENT with what to do about it. */
int aot_compiler_open(struct err *err);

/* `options` are hull-wasmc's own, before --jobs and --fd; `jobs` 0 is as many
 * as there are processors, or as memory allows; `relay` as of aot_jail.  A
 * failure of the module, which the next time will meet again, is -ENOEXEC,
 * -E2BIG (too hard) or -ETIMEDOUT. */
int aot_compile(int module, int out, char *const *options, unsigned int jobs,
		bool background, int relay, struct err *err);
