#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "test.h"
#include "wasm/memory.h"
#include "wasm/trap.h"

static const struct wasm_memory_type one_page = {.min_pages = 1};

static void make(struct wasm_memory *m, struct wasm_memory_type t)
{
	struct err err = {0};

	if (wasm_memory_init(m, &t, UINT64_MAX, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
}

/* Store one byte; 0 or the trap. */
static enum wasm_trap poke(volatile uint8_t *p)
{
	struct trap_activation act;

	if (trap_catch(&act) != 0)
		return act.trap;
	*p = 1;
	trap_done(&act);
	return WASM_TRAP_NONE;
}

TEST(a_store_out_of_bounds_traps_and_the_program_goes_on)
{
	static struct wasm_memory m;

	CHECK(trap_init_thread() == 0);
	CHECK(wasm_memory_init(&m, &one_page, UINT64_MAX, NULL) == 0);
	CHECK(m.guarded);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(poke(m.base + WASM_PAGE - 1), 0);
		CHECK_INT(poke(m.base + WASM_PAGE), WASM_TRAP_MEMORY_BOUNDS);
		/* The farthest access a 32-bit memory can express. */
		CHECK_INT(poke(m.base + 2 * (uint64_t)UINT32_MAX + 15),
			  WASM_TRAP_MEMORY_BOUNDS);
		CHECK(trap_current == NULL);
	}
	wasm_memory_destroy(&m);
}

TEST(growth_keeps_base_and_content)
{
	static struct wasm_memory m;
	uint8_t *base;

	CHECK(trap_init_thread() == 0);
	CHECK(wasm_memory_init(&m, &one_page, 4 * WASM_PAGE, NULL) == 0);
	base = m.base;
	base[5] = 42;
	CHECK_INT(wasm_memory_grow(&m, 2), 1);
	CHECK(m.base == base && base[5] == 42 && base[3 * WASM_PAGE - 1] == 0);
	CHECK_INT(wasm_memory_grow(&m, 0), 3);
	CHECK_INT(wasm_memory_grow(&m, 2), -1);
	CHECK_INT(wasm_memory_grow(&m, UINT64_MAX), -1);
	CHECK_INT(wasm_memory_grow(&m, 1), 3);
	CHECK_INT(poke(base + 4 * WASM_PAGE - 1), 0);
	CHECK_INT(poke(base + 4 * WASM_PAGE), WASM_TRAP_MEMORY_BOUNDS);
	wasm_memory_destroy(&m);
}

TEST(a_declared_maximum_holds)
{
	struct wasm_memory_type t = {
		.min_pages = 1,
		.has_max = true,
		.max_pages = 2,
	};
	struct wasm_memory m;
	struct err err = {0};

	make(&m, t);
	CHECK_INT(wasm_memory_grow(&m, 2), -1);
	CHECK_INT(wasm_memory_grow(&m, 1), 1);
	wasm_memory_destroy(&m);
	CHECK(wasm_memory_init(&m, &one_page, WASM_PAGE - 1, &err) == -ENOMEM);
	CHECK(strstr(err.msg, "above the limit of 0"));
}

TEST(a_64_bit_memory_is_checked_and_may_move)
{
	struct wasm_memory m;

	make(&m, (struct wasm_memory_type){.is64 = true});
	CHECK(!m.guarded);
	CHECK(wasm_memory_at(&m, 0, 0, 1) == NULL);
	CHECK(wasm_memory_at(&m, 0, 0, 0) == m.base);
	CHECK_INT(wasm_memory_grow(&m, 1), 0);
	m.base[WASM_PAGE - 1] = 7;
	CHECK_INT(wasm_memory_grow(&m, 300), 1);
	CHECK(m.base[WASM_PAGE - 1] == 7 && m.base[301 * WASM_PAGE - 1] == 0);
	CHECK(wasm_memory_at(&m, 301 * WASM_PAGE - 8, 0, 8) != NULL);
	CHECK(wasm_memory_at(&m, 301 * WASM_PAGE - 8, 1, 8) == NULL);
	CHECK(wasm_memory_at(&m, UINT64_MAX, 1, 1) == NULL);
	CHECK(wasm_memory_at(&m, UINT64_MAX - 3, UINT64_MAX, 8) == NULL);
	/* No machine has that much. */
	CHECK_INT(wasm_memory_grow(&m, (UINT64_C(1) << 48) - 301), -1);
	wasm_memory_destroy(&m);
}

#ifndef __SANITIZE_ADDRESS__
TEST(without_address_space_a_memory_is_checked_instead)
{
	struct rlimit limit = {.rlim_cur = 1 << 30, .rlim_max = 1 << 30};
	static struct wasm_memory m;

	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	make(&m, one_page);
	/* qemu-user keeps the limit from the programs it runs. */
	SKIP_UNLESS("rlimit-as", !m.guarded, "RLIMIT_AS has no effect here");
	CHECK_INT(wasm_memory_grow(&m, 10), 1);
	CHECK(wasm_memory_at(&m, 11 * WASM_PAGE - 1, 0, 1) != NULL);
	CHECK(wasm_memory_at(&m, 11 * WASM_PAGE, 0, 1) == NULL);
	CHECK_INT(wasm_memory_grow(&m, 1 << 15), -1);
	wasm_memory_destroy(&m);
}
#endif

TEST(a_checked_memory_has_no_guard)
{
	struct wasm_memory m;

	make(&m, (struct wasm_memory_type){.min_pages = 1, .checked = true});
	CHECK(!m.guarded && m.reserved == WASM_PAGE);
	CHECK_INT(wasm_memory_grow(&m, 3), 1);
	CHECK(m.base[4 * WASM_PAGE - 1] == 0);
	CHECK(wasm_memory_at(&m, 4 * WASM_PAGE, 0, 1) == NULL);
	wasm_memory_destroy(&m);
}

TEST(bulk_instructions_check_before_they_write)
{
	static const uint8_t data[] = {1, 2, 3, 4};
	const uint64_t end = WASM_PAGE;
	struct wasm_memory a, b;

	make(&a, one_page);
	make(&b, one_page);
	CHECK_INT(wasm_memory_fill(&a, end - 2, 9, 3), WASM_TRAP_MEMORY_BOUNDS);
	CHECK(a.base[end - 2] == 0);
	CHECK_INT(wasm_memory_fill(&a, end, 9, 0), 0);
	CHECK_INT(wasm_memory_fill(&a, end + 1, 9, 0), WASM_TRAP_MEMORY_BOUNDS);
	CHECK_INT(wasm_memory_copy_in(&a, 0, data, 4, 1, 3), 0);
	CHECK(memcmp(a.base, "\2\3\4", 4) == 0);
	CHECK_INT(wasm_memory_copy_in(&a, 8, data, 4, 2, 3),
		  WASM_TRAP_MEMORY_BOUNDS);
	CHECK(a.base[8] == 0);
	CHECK_INT(wasm_memory_copy_in(&a, 8, data, 4, UINT64_MAX, 2),
		  WASM_TRAP_MEMORY_BOUNDS);
	CHECK_INT(wasm_memory_copy_in(&a, 8, NULL, 0, 0, 0), 0);
	CHECK_INT(wasm_memory_copy(&a, 1, &a, 0, 3), 0);
	CHECK(memcmp(a.base, "\2\2\3\4", 5) == 0);
	CHECK_INT(wasm_memory_copy(&b, end - 4, &a, 0, 4), 0);
	CHECK_INT(b.base[end - 1], 4);
	CHECK_INT(wasm_memory_copy(&b, end - 3, &a, 0, 4),
		  WASM_TRAP_MEMORY_BOUNDS);
	wasm_memory_destroy(&a);
	wasm_memory_destroy(&b);
}

/* --- faults that are not traps ---------------------------------------- */

static int status_of(void (*run)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		/* A sanitizer's handler would print and exit. */
		signal(SIGSEGV, SIG_DFL);
		if (trap_init_thread() < 0)
			_exit(99);
		run();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static volatile uint8_t *forbidden_page(void)
{
	return mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fault_elsewhere(void)
{
	poke(forbidden_page());
}

static void fault_outside_of_the_engine(void)
{
	static struct wasm_memory m;

	make(&m, one_page);
	((volatile uint8_t *)m.base)[WASM_PAGE] = 1;
}

static void fault_in_a_host_function(void)
{
	static struct wasm_memory m;
	struct trap_activation act;

	make(&m, one_page);
	if (trap_catch(&act) == 0) {
		trap_suspend();
		((volatile uint8_t *)m.base)[WASM_PAGE] = 1;
	}
}

static void fault_in_a_removed_memory(void)
{
	struct wasm_memory m;
	volatile uint8_t *p;

	make(&m, one_page);
	p = m.base;
	wasm_memory_destroy(&m);
	poke(p);
}

static void signal_sent(void)
{
	struct trap_activation act;

	if (trap_catch(&act) == 0)
		raise(SIGSEGV);
}

TEST(a_foreign_fault_kills_with_its_own_signal)
{
	static void (*const all[])(void) = {
		fault_elsewhere,
		fault_outside_of_the_engine,
		fault_in_a_host_function,
		fault_in_a_removed_memory,
		signal_sent,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int status = status_of(all[i]);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
			test_fail(__FILE__, __LINE__, "case %zu: status %#x", i,
				  (unsigned int)status);
	}
}

static void leave_17(int sig, siginfo_t *info, void *context)
{
	_exit(17);
}

TEST(a_foreign_fault_reaches_the_handler_before_us)
{
	struct sigaction sa = {.sa_sigaction = leave_17,
			       .sa_flags = SA_SIGINFO};
	int status;
	pid_t pid;

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		trap_init_thread();
		poke(forbidden_page());
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 17);
}

/* --- nesting and raising ---------------------------------------------- */

TEST(a_trap_leaves_the_innermost_activation)
{
	static struct wasm_memory m;
	struct trap_activation outer, inner;

	CHECK(trap_init_thread() == 0);
	make(&m, one_page);
	if (trap_catch(&outer) != 0) {
		CHECK_INT(outer.trap, WASM_TRAP_UNREACHABLE);
		CHECK(trap_current == NULL);
		wasm_memory_destroy(&m);
		return;
	}
	if (trap_catch(&inner) == 0) {
		((volatile uint8_t *)m.base)[WASM_PAGE + 77] = 1;
		CHECK(false);
	}
	CHECK(inner.address == (uintptr_t)m.base + WASM_PAGE + 77);
	CHECK(trap_current == &outer);
	trap_raise(WASM_TRAP_UNREACHABLE);
}

static void *thread_traps(void *arg)
{
	if (trap_init_thread() < 0)
		return NULL;
	/* qemu-user pays for each page that is reserved: few memories. */
	for (int i = 0; i < 4; i++) {
		struct wasm_memory *m = malloc(sizeof(*m));

		if (wasm_memory_init(m, &one_page, UINT64_MAX, NULL) < 0)
			return NULL;
		for (int k = 0; k < 200; k++)
			if (poke(m->base + WASM_PAGE) !=
			    WASM_TRAP_MEMORY_BOUNDS)
				return NULL;
		wasm_memory_destroy(m);
		free(m);
	}
	trap_exit_thread();
	return arg;
}

TEST(threads_trap_on_their_own)
{
	pthread_t t[3];
	void *ret;

	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, thread_traps, t) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], &ret) == 0 && ret == t);
}
