/* base/opt.h
 * Numbers that a document may leave out, where zero is a value of its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct opt_i64 {
	int64_t v;
	bool set;
};

struct opt_u64 {
	uint64_t v;
	bool set;
};

struct opt_bool {
	bool v;
	bool set;
};
