#include <stdlib.h>
#include <sys/resource.h>

#include "test.h"
#include "wasm/gc.h"

/* The value stack of these tests, and everything else that is a root. */
static struct {
	gc_ref slot[16];
} stack;

static void roots(struct gc_heap *heap, void *context)
{
	gc_mark_words(heap, context, sizeof(stack));
}

static struct gc_heap *new_heap(uint64_t limit)
{
	struct gc_heap *h = gc_heap_new(limit, roots, &stack);

	CHECK(h);
	return h;
}

static uint64_t live(struct gc_heap *h)
{
	struct gc_stats s;

	gc_collect(h);
	gc_heap_stats(h, &s);
	return s.live_objects;
}

/* A list cell: a number, and the next cell. */
static struct gc_layout *cell_layout(void)
{
	static const enum gc_storage fields[] = {GC_STORE_32, GC_STORE_REF};

	return gc_layout_fields(GC_STRUCT, NULL, fields, 2);
}

static gc_ref *next_of(gc_ref cell)
{
	return gc_field(cell, 1);
}

TEST(fields_are_aligned_and_a_prefix_stays_where_it_is)
{
	static const enum gc_storage fields[] = {
		GC_STORE_8,   GC_STORE_16,   GC_STORE_REF, GC_STORE_32,
		GC_STORE_128, GC_STORE_FUNC, GC_STORE_REF,
	};
	struct gc_layout *super = gc_layout_fields(GC_STRUCT, NULL, fields, 4);
	struct gc_layout *sub = gc_layout_fields(GC_STRUCT, NULL, fields, 7);

	for (int i = 0; i < 4; i++)
		CHECK_INT(super->offset[i], sub->offset[i]);
	CHECK_INT(sub->offset[0], 8);
	CHECK_INT(sub->offset[1], 10);
	CHECK_INT(sub->offset[2], 16);
	CHECK_INT(sub->offset[4], 32);
	CHECK_INT(sub->offset[5], 48);
	CHECK_INT(sub->size, 64);
	CHECK_INT(sub->n_refs, 2);
	CHECK_INT(sub->refs[1], sub->offset[6]);
	free(super);
	free(sub);
}

TEST(i31_keeps_31_bits_and_their_sign)
{
	CHECK(gc_i31_get_s(gc_i31(0x7fffffff)) == UINT32_MAX);
	CHECK(gc_i31_get_u(gc_i31(0xffffffff)) == 0x7fffffff);
	CHECK(gc_i31_get_s(gc_i31(0x3fffffff)) == 0x3fffffff);
	CHECK(gc_i31(0) != 0);
}

TEST(garbage_goes_and_the_reachable_stays)
{
	struct gc_heap *h = new_heap(64 << 20);
	struct gc_layout *cell = cell_layout();

	for (uint32_t i = 0; i < 1000; i++) {
		gc_ref kept = gc_new(h, cell);

		*(uint32_t *)gc_field(kept, 0) = i;
		*next_of(kept) = stack.slot[3];
		stack.slot[3] = kept;
		CHECK(gc_new(h, cell));
	}
	CHECK_INT(live(h), 1000);
	CHECK_INT(live(h), 1000);
	for (gc_ref r = stack.slot[3], i = 1000; r; r = *next_of(r))
		CHECK_INT(*(uint32_t *)gc_field(r, 0), --i);
	*next_of(stack.slot[3]) = 0;
	CHECK_INT(live(h), 1);
	stack.slot[3] = 0;
	CHECK_INT(live(h), 0);
	gc_heap_free(h);
	free(cell);
}

TEST(torture_overwrites_what_nobody_holds)
{
	struct gc_heap *h = new_heap(1 << 20);
	struct gc_layout *cell = cell_layout();
	gc_ref lost;

	gc_heap_torture(h);
	stack.slot[0] = gc_new(h, cell);
	lost = gc_new(h, cell);
	*(uint32_t *)gc_field(stack.slot[0], 0) = 5;
	*(uint32_t *)gc_field(lost, 0) = 5;
	gc_collect(h);
	CHECK_INT(*(uint32_t *)gc_field(stack.slot[0], 0), 5);
	CHECK_INT(*(uint32_t *)((char *)gc_object(lost) + cell->offset[0]),
		  0xdddddddd);
	gc_heap_free(h);
	free(cell);
}

TEST(only_the_first_byte_of_an_object_keeps_it)
{
	struct gc_heap *h = new_heap(1 << 20);
	struct gc_layout *cell = cell_layout();
	gc_ref ref = gc_new(h, cell);

	stack.slot[0] = ref + 8;
	stack.slot[1] = ref + 16; /* a slot without an object */
	stack.slot[2] = gc_i31(77);
	stack.slot[3] = (gc_ref)(uintptr_t)&stack;
	stack.slot[4] = UINT64_MAX - 15;
	stack.slot[5] = ref + (1 << 20);
	CHECK_INT(live(h), 0);
	stack.slot[0] = gc_new(h, cell);
	CHECK_INT(live(h), 1);
	gc_heap_free(h);
	free(cell);
}

TEST(recycled_objects_are_zeroed)
{
	struct gc_heap *h = new_heap(1 << 20);
	struct gc_layout *bytes = gc_layout_array(NULL, GC_STORE_8);

	for (uint32_t n = 1; n < 200000; n = n * 2 + 1) {
		for (int round = 0; round < 2; round++) {
			gc_ref a = gc_new_array(h, bytes, n);

			CHECK(a && gc_array(a)->length == n);
			for (uint32_t i = 0; i < n; i++)
				CHECK(gc_array(a)->data[i] == 0);
			memset(gc_array(a)->data, 0xff, n);
			gc_collect(h);
		}
	}
	gc_heap_free(h);
	free(bytes);
}

TEST(the_limit_is_hard_and_the_heap_survives_it)
{
	const uint64_t limit = 2 << 20;
	struct gc_heap *h = new_heap(limit);
	struct gc_layout *cell = cell_layout();
	struct gc_layout *words = gc_layout_array(NULL, GC_STORE_64);
	struct gc_stats s;
	uint64_t n = 0, again = 0;

	for (gc_ref r; (r = gc_new(h, cell)); n++) {
		*next_of(r) = stack.slot[0];
		stack.slot[0] = r;
	}
	gc_heap_stats(h, &s);
	CHECK(s.used <= limit && s.limit == limit);
	CHECK_INT(n, limit / 32);
	CHECK(!gc_new_array(h, words, 1));
	/* Half of the list becomes garbage, and can be allocated again. */
	for (gc_ref r = stack.slot[0]; r && *next_of(r); r = *next_of(r))
		*next_of(r) = *next_of(*next_of(r));
	for (gc_ref r; (r = gc_new(h, cell)); again++) {
		*next_of(r) = stack.slot[1];
		stack.slot[1] = r;
	}
	CHECK_INT(again, n / 2);
	stack.slot[0] = stack.slot[1] = 0;
	CHECK(gc_new_array(h, words, limit / 16));
	CHECK(!gc_new_array(h, words, limit / 8));
	CHECK(!gc_new_array(h, words, UINT32_MAX));
	gc_heap_free(h);
	free(cell);
	free(words);
}

TEST(endless_garbage_runs_in_little_memory)
{
	struct gc_heap *h = new_heap(UINT64_C(1) << 30);
	struct gc_layout *bytes = gc_layout_array(NULL, GC_STORE_8);
	struct gc_stats s;

	for (uint32_t i = 0; i < 300000; i++) {
		stack.slot[0] = gc_new_array(h, bytes, i % 3000);
		CHECK(stack.slot[0]);
	}
	gc_heap_stats(h, &s);
	CHECK(s.used <= 4 << 20);
	CHECK(s.collections > 100);
	gc_heap_free(h);
	free(bytes);
}

/* A recursive marker would need 100 MB of C stack for this. */
TEST(a_deep_list_does_not_overflow_the_c_stack)
{
	struct rlimit small = {256 << 10, 256 << 10};
	struct gc_heap *h = new_heap(256 << 20);
	struct gc_layout *cell = cell_layout();
	enum { N = 1000000 };

	CHECK(setrlimit(RLIMIT_STACK, &small) == 0);
	for (int i = 0; i < N; i++) {
		gc_ref r = gc_new(h, cell);

		CHECK(r);
		*next_of(r) = stack.slot[0];
		stack.slot[0] = r;
	}
	CHECK_INT(live(h), N);
	gc_heap_free(h);
	free(cell);
}

/* More objects at once than the mark stack holds, each with a child. */
TEST(a_wide_array_overflows_the_mark_stack_and_loses_nothing)
{
	struct gc_heap *h = new_heap(64 << 20);
	struct gc_layout *cell = cell_layout();
	struct gc_layout *refs = gc_layout_array(NULL, GC_STORE_REF);
	enum { N = 100000 };
	gc_ref *at;

	stack.slot[0] = gc_new_array(h, refs, N);
	for (uint32_t i = 0; i < N; i++) {
		at = gc_element(stack.slot[0], i);
		*at = gc_new(h, cell);
		stack.slot[1] = gc_new(h, cell);
		*next_of(*at) = stack.slot[1];
		*next_of(stack.slot[1]) = gc_new(h, cell);
	}
	CHECK_INT(live(h), 3 * N + 1);
	at = gc_element(stack.slot[0], N / 2);
	*at = 0;
	stack.slot[1] = 0;
	CHECK_INT(live(h), 3 * N + 1 - 3);
	gc_heap_free(h);
	free(cell);
	free(refs);
}

TEST(cycles_are_collected)
{
	struct gc_heap *h = new_heap(1 << 20);
	struct gc_layout *cell = cell_layout();
	gc_ref a = gc_new(h, cell), b = gc_new(h, cell);

	*next_of(a) = b;
	*next_of(b) = a;
	stack.slot[0] = a;
	CHECK_INT(live(h), 2);
	stack.slot[0] = 0;
	CHECK_INT(live(h), 0);
	gc_heap_free(h);
	free(cell);
}

TEST(host_references_are_objects_and_roots_hold_them)
{
	struct gc_heap *h = new_heap(1 << 20);
	struct gc_root root = {0}, other = {0};
	int thing;

	gc_root_add(h, &root, gc_new_host(h, &thing));
	gc_root_add(h, &other, gc_new_host(h, NULL));
	CHECK(gc_is_host(root.ref) && gc_host_data(root.ref) == &thing);
	CHECK(!gc_is_host(0) && !gc_is_host(gc_i31(1)));
	CHECK_INT(live(h), 2);
	gc_root_remove(&root);
	gc_root_remove(&root);
	CHECK_INT(live(h), 1);
	gc_root_remove(&other);
	CHECK_INT(live(h), 0);
	gc_heap_free(h);
}

/* Random links among objects of all sizes, against a model that is exact. */
TEST(a_random_graph_agrees_with_a_model)
{
	enum { N = 400, ROUNDS = 60 };
	struct gc_heap *h = new_heap(64 << 20);
	struct gc_layout *refs = gc_layout_array(NULL, GC_STORE_REF);
	static gc_ref node[N];
	static bool seen[N];
	static int todo[N * 8 + 4];
	unsigned int seed = 7;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t reachable = 0;
		int depth = 0;

		/* Nodes found dead are made anew; nothing is collected
		 * meanwhile, as all that is made fits the first threshold. */
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < N; i++) {
			uint32_t size = 8 + rand_r(&seed) % 20 * (i % 7);

			if (!node[i])
				node[i] = gc_new_array(h, refs, size);
			for (int k = 0; k < 8; k++) {
				gc_ref *e = gc_element(node[i], (uint32_t)k);
				int to = rand_r(&seed) % (4 * N);

				*e = to < N ? node[to] : 0;
			}
		}
		for (int i = 0; i < 4; i++) {
			todo[depth] = rand_r(&seed) % N;
			stack.slot[i] = node[todo[depth++]];
		}
		while (depth > 0) {
			int i = todo[--depth];

			if (seen[i])
				continue;
			seen[i] = true;
			reachable++;
			for (int k = 0; k < 8; k++) {
				gc_ref e = *(gc_ref *)gc_element(node[i],
								 (uint32_t)k);

				for (int j = 0; e && j < N; j++)
					if (node[j] == e)
						todo[depth++] = j;
			}
		}
		CHECK_INT(live(h), reachable);
		for (int i = 0; i < N; i++)
			if (!seen[i])
				node[i] = 0;
	}
	gc_heap_free(h);
	free(refs);
}
