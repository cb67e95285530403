/* Waiters queue up in this process, not in the kernel: FUTEX_WAIT compares 32
 * bits, and wait64 must compare 64 and go to sleep in one step.
 *
 * A bucket of the hash holds, in order of arrival, the waiters of all the
 * addresses that fall into it.  Its lock covers the comparison and the queue.
 *
 *	          atomic_wait                 atomic_notify or timeout
 *	RUNNING ───────────────► QUEUED ────────────────────────────► DONE
 *	         queued under lock        taken out under the same lock
 *
 * A waiter sleeps on its own `done` word, so a wake hits exactly it. */
#include "wasm/atomic.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct waiter {
	const void *address;
	uint32_t done;
	struct waiter *next;
};

struct bucket {
	uint32_t lock; /* 0 free, 1 held, 2 held and someone sleeps for it */
	struct waiter *first, **last;
};

enum { N_BUCKETS = 64, SLICE_NS = 10 * 1000 * 1000 };

static struct bucket buckets[N_BUCKETS];

static struct bucket *bucket_of(const void *address)
{
	uint64_t h =
		(uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15);

	return &buckets[h >> 58];
}

static long futex(uint32_t *word, int op, uint32_t value,
		  const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout,
		       NULL, 0);
}

static void lock(struct bucket *b)
{
	uint32_t free = 0;

	if (__atomic_compare_exchange_n(&b->lock, &free, 1, false,
					__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&b->lock, 2, __ATOMIC_ACQUIRE) != 0)
		futex(&b->lock, FUTEX_WAIT, 2, NULL);
}

static void unlock(struct bucket *b)
{
	if (__atomic_exchange_n(&b->lock, 0, __ATOMIC_RELEASE) == 2)
		futex(&b->lock, FUTEX_WAKE, 1, NULL);
}

static void enqueue(struct bucket *b, struct waiter *w)
{
	if (!b->first)
		b->last = &b->first;
	*b->last = w;
	b->last = &w->next;
}

/* Unlink the waiter that *link points to. */
static void dequeue(struct bucket *b, struct waiter **link)
{
	struct waiter *w = *link;

	*link = w->next;
	if (b->last == &w->next)
		b->last = link;
	w->next = NULL;
}

/* Whether it was still queued: else a notify was faster. */
static bool give_up(struct bucket *b, struct waiter *w)
{
	bool queued = false;

	lock(b);
	for (struct waiter **link = &b->first; *link; link = &(*link)->next) {
		if (*link == w) {
			dequeue(b, link);
			queued = true;
			break;
		}
	}
	unlock(b);
	return queued;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Sleep until `w` is done, or the deadline (INT64_MAX: none). */
static enum wasm_trap sleep_until(struct bucket *b, struct waiter *w,
				  int64_t deadline, bool (*stop)(void *),
				  void *context, uint32_t *ret)
{
	*ret = ATOMIC_WOKEN;
	while (!__atomic_load_n(&w->done, __ATOMIC_ACQUIRE)) {
		int64_t left =
			deadline == INT64_MAX ? INT64_MAX : deadline - now_ns();
		struct timespec ts;

		if (stop && stop(context))
			return give_up(b, w) ? WASM_TRAP_INTERRUPTED
					     : WASM_TRAP_NONE;
		if (left <= 0) {
			if (give_up(b, w))
				*ret = ATOMIC_TIMED_OUT;
			return WASM_TRAP_NONE;
		}
		if (stop && left > SLICE_NS)
			left = SLICE_NS;
		ts.tv_sec = left / 1000000000;
		ts.tv_nsec = left % 1000000000;
		futex(&w->done, FUTEX_WAIT, 0, left == INT64_MAX ? NULL : &ts);
	}
	return WASM_TRAP_NONE;
}

enum wasm_trap atomic_wait(struct wasm_memory *m, uint64_t address,
			   unsigned int width, uint64_t expected,
			   int64_t timeout, bool (*stop)(void *), void *context,
			   uint32_t *ret)
{
	const void *p = wasm_memory_at(m, address, 0, width);
	struct waiter w = {.address = p};
	struct bucket *b = bucket_of(p);
	int64_t deadline = INT64_MAX;
	bool equal;

	if (!p)
		return WASM_TRAP_MEMORY_BOUNDS;
	if (!atomic_aligned(address, width))
		return WASM_TRAP_UNALIGNED;
	if (!m->shared)
		return WASM_TRAP_NOT_SHARED;
	if (timeout >= 0 &&
	    __builtin_add_overflow(now_ns(), timeout, &deadline))
		deadline = INT64_MAX;

	lock(b);
	equal = width == 8 ? atomic_load_64(p) == expected
			   : atomic_load_32(p) == (uint32_t)expected;
	if (equal)
		enqueue(b, &w);
	unlock(b);
	if (!equal) {
		*ret = ATOMIC_NOT_EQUAL;
		return WASM_TRAP_NONE;
	}
	return sleep_until(b, &w, deadline, stop, context, ret);
}

/* `done` is set under the lock, and its waiter returns only after that: to
 * see whether it timed out it needs the lock as well, or it has seen `done`.
 * In the latter case its stack may be gone when FUTEX_WAKE looks at the word;
 * the kernel then wakes nobody, or someone who checks its own word again. */
enum wasm_trap atomic_notify(struct wasm_memory *m, uint64_t address,
			     uint32_t count, uint32_t *ret)
{
	const void *p = wasm_memory_at(m, address, 0, 4);
	struct bucket *b = bucket_of(p);
	struct waiter **link;

	*ret = 0;
	if (!p)
		return WASM_TRAP_MEMORY_BOUNDS;
	if (!atomic_aligned(address, 4))
		return WASM_TRAP_UNALIGNED;
	/* No one can wait on a memory that is not shared. */
	if (!m->shared)
		return WASM_TRAP_NONE;
	lock(b);
	link = &b->first;
	while (*link && *ret < count) {
		struct waiter *w = *link;

		if (w->address != p) {
			link = &w->next;
			continue;
		}
		dequeue(b, link);
		__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
		futex(&w->done, FUTEX_WAKE, 1, NULL);
		++*ret;
	}
	unlock(b);
	return WASM_TRAP_NONE;
}
