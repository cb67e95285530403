#include <errno.h>

#include "test.h"
#include "wasm/instance.h"

enum { LIMIT = 10000000 };

static struct wasm_table make(struct wasm_limits type, uint64_t init)
{
	struct wasm_table t;
	struct err err = {0};

	if (wasm_table_init(&t, WASM_FUNCREF, &type, LIMIT, init, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return t;
}

TEST(growth_keeps_elements_and_initialises_the_new)
{
	struct wasm_table t = make((struct wasm_limits){.min = 3}, 7);

	CHECK(t.len == 3 && t.elems[2] == 7);
	CHECK_INT(wasm_table_grow(&t, 2, 9), 3);
	CHECK(t.len == 5 && t.elems[2] == 7 && t.elems[4] == 9);
	/* Past its first room, and null by default. */
	CHECK_INT(wasm_table_grow(&t, 1000000, 0), 5);
	CHECK(t.elems[4] == 9 && t.elems[5] == 0 && t.elems[1000004] == 0);
	wasm_table_destroy(&t);
}

TEST(an_empty_table_has_no_memory_and_can_grow)
{
	struct wasm_table t = make((struct wasm_limits){0}, 0);

	CHECK(!t.elems);
	CHECK_INT(wasm_table_fill(&t, 0, 1, 0), 0);
	CHECK_INT(wasm_table_fill(&t, 0, 1, 1), WASM_TRAP_TABLE_BOUNDS);
	CHECK_INT(wasm_table_copy(&t, 0, &t, 0, 0), 0);
	CHECK_INT(wasm_table_grow(&t, 0, 0), 0);
	CHECK_INT(wasm_table_grow(&t, 1, 5), 0);
	CHECK(t.elems[0] == 5);
	wasm_table_destroy(&t);
}

TEST(limits_of_type_index_and_embedder_hold)
{
	struct wasm_limits type = {.min = 1, .max = 4, .has_max = true};
	struct wasm_table t = make(type, 0);
	struct err err = {0};

	CHECK_INT(wasm_table_grow(&t, 4, 0), -1);
	CHECK_INT(wasm_table_grow(&t, UINT64_MAX, 0), -1);
	CHECK_INT(wasm_table_grow(&t, 3, 0), 1);
	wasm_table_destroy(&t);

	type = (struct wasm_limits){.is64 = true};
	t = make(type, 0);
	CHECK_INT(wasm_table_grow(&t, LIMIT + 1, 0), -1);
	CHECK_INT(wasm_table_grow(&t, LIMIT, 0), 0);
	wasm_table_destroy(&t);

	type.min = UINT64_MAX;
	CHECK_INT(wasm_table_init(&t, WASM_FUNCREF, &type, LIMIT, 0, &err),
		  -ENOMEM);
	CHECK(strstr(err.msg, "above the limit of 10000000"));
}

TEST(bulk_instructions_check_before_they_write)
{
	static const uint64_t refs[] = {1, 2, 3, 4};
	struct wasm_table a = make((struct wasm_limits){.min = 4}, 0);
	struct wasm_table b = make((struct wasm_limits){.min = 2}, 0);

	CHECK_INT(wasm_table_copy_in(&a, 1, refs, 4, 1, 3), 0);
	CHECK(a.elems[0] == 0 && a.elems[1] == 2 && a.elems[3] == 4);
	CHECK_INT(wasm_table_copy_in(&a, 2, refs, 4, 0, 3),
		  WASM_TRAP_TABLE_BOUNDS);
	CHECK_INT(wasm_table_copy_in(&a, 0, refs, 4, 3, 2),
		  WASM_TRAP_TABLE_BOUNDS);
	CHECK_INT(wasm_table_copy_in(&a, 0, refs, 4, 1, UINT64_MAX),
		  WASM_TRAP_TABLE_BOUNDS);
	CHECK_INT(wasm_table_fill(&a, 3, 9, 2), WASM_TRAP_TABLE_BOUNDS);
	CHECK(a.elems[2] == 3 && a.elems[3] == 4);
	CHECK_INT(wasm_table_copy(&a, 0, &a, 1, 3), 0);
	CHECK(a.elems[0] == 2 && a.elems[2] == 4 && a.elems[3] == 4);
	CHECK_INT(wasm_table_copy(&b, 0, &a, 1, 2), 0);
	CHECK(b.elems[0] == 3 && b.elems[1] == 4);
	CHECK_INT(wasm_table_copy(&b, 1, &a, 0, 2), WASM_TRAP_TABLE_BOUNDS);
	wasm_table_destroy(&a);
	wasm_table_destroy(&b);
}
