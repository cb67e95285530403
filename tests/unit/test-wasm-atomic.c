#include <pthread.h>
#include <time.h>

#include "test.h"
#include "wasm/atomic.h"

static struct wasm_memory shared;

static void make_shared(void)
{
	static const struct wasm_memory_type t = {
		.min_pages = 1,
		.max_pages = 4,
		.has_max = true,
		.shared = true,
	};

	CHECK(wasm_memory_init(&shared, &t, UINT64_MAX, NULL) == 0);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

TEST(read_modify_write_returns_the_old_value)
{
	uint64_t word = UINT64_C(0x1111111111111111);
	uint8_t *p = (uint8_t *)&word;

	CHECK_INT(atomic_add_8(p, 0xff), 0x11);
	CHECK_INT(p[0], 0x10);
	CHECK_INT(p[1], 0x11);
	CHECK_INT(atomic_sub_16(p + 2, 0x1112), 0x1111);
	CHECK_INT(atomic_load_16(p + 2), 0xffff);
	CHECK_INT(atomic_xchg_32(p + 4, 5), 0x11111111);
	CHECK_INT(atomic_or_32(p + 4, 2), 5);
	CHECK_INT(atomic_and_32(p + 4, 3), 7);
	CHECK_INT(atomic_xor_32(p + 4, 1), 3);
	CHECK_INT(atomic_cmpxchg_32(p + 4, 2, 9), 2);
	CHECK_INT(atomic_load_32(p + 4), 9);
	/* The operand is compared in full: 0x109 is not the byte 9. */
	CHECK_INT(atomic_cmpxchg_8(p + 4, 0x109, 1), 9);
	CHECK_INT(p[4], 9);
}

TEST(waiting_checks_its_address_and_the_value)
{
	struct wasm_memory plain;
	struct wasm_memory_type t = {.min_pages = 1};
	uint32_t r = 77;

	make_shared();
	CHECK(wasm_memory_init(&plain, &t, UINT64_MAX, NULL) == 0);
	CHECK_INT(atomic_wait(&shared, 2, 4, 0, 0, NULL, NULL, &r),
		  WASM_TRAP_UNALIGNED);
	CHECK_INT(atomic_wait(&shared, 4, 8, 0, 0, NULL, NULL, &r),
		  WASM_TRAP_UNALIGNED);
	CHECK_INT(atomic_wait(&shared, WASM_PAGE, 4, 0, 0, NULL, NULL, &r),
		  WASM_TRAP_MEMORY_BOUNDS);
	CHECK_INT(atomic_wait(&plain, 0, 4, 0, 0, NULL, NULL, &r),
		  WASM_TRAP_NOT_SHARED);
	CHECK_INT(atomic_notify(&plain, 0, 1, &r), 0);
	CHECK_INT(r, 0);
	CHECK_INT(atomic_wait(&shared, 8, 8, UINT64_C(1) << 32, -1, NULL, NULL,
			      &r),
		  0);
	CHECK_INT(r, ATOMIC_NOT_EQUAL);
	CHECK_INT(atomic_notify(&shared, 6, 1, &r), WASM_TRAP_UNALIGNED);
	wasm_memory_destroy(&plain);
	wasm_memory_destroy(&shared);
}

TEST(a_wait_times_out)
{
	int64_t start = now_ms();
	uint32_t r = 77;

	make_shared();
	CHECK_INT(atomic_wait(&shared, 0, 4, 0, 30 * 1000000, NULL, NULL, &r),
		  0);
	CHECK_INT(r, ATOMIC_TIMED_OUT);
	CHECK(now_ms() - start >= 29);
	/* And leaves no one behind to be woken. */
	CHECK_INT(atomic_notify(&shared, 0, 10, &r), 0);
	CHECK_INT(r, 0);
	wasm_memory_destroy(&shared);
}

static bool stop_after(void *context)
{
	return now_ms() > *(int64_t *)context;
}

TEST(a_wait_can_be_interrupted)
{
	int64_t start = now_ms(), end = start + 20;
	uint32_t r;

	make_shared();
	CHECK_INT(atomic_wait(&shared, 0, 4, 0, -1, stop_after, &end, &r),
		  WASM_TRAP_INTERRUPTED);
	CHECK(now_ms() - start < 1000);
	wasm_memory_destroy(&shared);
}

/* --- threads ----------------------------------------------------------- */

static uint32_t asleep;

static void *wait_at_8(void *arg)
{
	uint32_t r = 77;

	__atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
	if (atomic_wait(&shared, 8, 8, 0, -1, NULL, NULL, &r) != 0)
		return NULL;
	return r == ATOMIC_WOKEN ? arg : NULL;
}

static uint32_t notify(uint64_t address, uint32_t count)
{
	uint32_t r = 77;

	CHECK_INT(atomic_notify(&shared, address, count, &r), 0);
	return r;
}

TEST(notify_wakes_as_many_as_it_says)
{
	pthread_t t[5];
	uint32_t woken = 0;
	void *ret;

	make_shared();
	for (int i = 0; i < 5; i++)
		CHECK(pthread_create(&t[i], NULL, wait_at_8, t) == 0);
	while (woken < 2)
		woken += notify(8, 2 - woken);
	CHECK_INT(woken, 2);
	CHECK_INT(notify(16, 10), 0);
	CHECK_INT(notify(8, 0), 0);
	while (woken < 5)
		woken += notify(8, UINT32_MAX);
	CHECK_INT(woken, 5);
	for (int i = 0; i < 5; i++)
		CHECK(pthread_join(t[i], &ret) == 0 && ret == t);
	wasm_memory_destroy(&shared);
}

enum { ROUNDS = 20000 };

/* A mutex as a Wasm program would have it: 0 free, 1 held, 2 contended. */
static void *count_up(void *arg)
{
	uint8_t *lock = shared.base, *sum = shared.base + 64;
	uint32_t r;

	for (int i = 0; i < ROUNDS; i++) {
		if (atomic_cmpxchg_32(lock, 0, 1) != 0)
			while (atomic_xchg_32(lock, 2) != 0)
				atomic_wait(&shared, 0, 4, 2, -1, NULL, NULL,
					    &r);
		*(volatile uint32_t *)sum += 1;
		if (atomic_xchg_32(lock, 0) == 2)
			notify(0, 1);
	}
	return arg;
}

TEST(a_mutex_made_of_them_excludes)
{
	pthread_t t[3];

	make_shared();
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, count_up, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK_INT(*(uint32_t *)(shared.base + 64), 3 * ROUNDS);
	wasm_memory_destroy(&shared);
}

static void *grow_twice(void *arg)
{
	for (int i = 0; i < 2; i++)
		wasm_memory_grow(&shared, 1);
	return arg;
}

TEST(a_shared_memory_grows_to_its_maximum_and_not_further)
{
	pthread_t t[3];
	uint8_t *base;

	make_shared();
	base = shared.base;
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, grow_twice, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK_INT(wasm_memory_pages(&shared), 4);
	CHECK(shared.base == base);
	base[4 * WASM_PAGE - 1] = 1;
	wasm_memory_destroy(&shared);
}
