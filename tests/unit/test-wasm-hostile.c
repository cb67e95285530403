/* Modules that nobody means well by: each ends in a clear error or trap, in
 * bounded time and memory.  The address space of most tests is limited, so
 * that believing a count in a file fails at once. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "wasm/wasm.h"
#include "wasm_build.h"

static struct err err;

static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rlimit r = {256 << 20, 256 << 20};

	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
#endif
}

static struct wasm_store *new_store(const struct wasm_config *cfg)
{
	struct wasm_store *s = NULL;

	CHECK(wasm_store_new(cfg, &s, &err) == 0);
	return s;
}

static int load(const struct bytes *m)
{
	struct wasm_store *s = new_store(NULL);
	struct wasm_module *module = NULL;
	int rc;

	memset(&err, 0, sizeof(err));
	rc = wasm_module_load(s, m->data, m->len, &module, &err);
	/* Whoever refuses says why. */
	CHECK(rc == 0 || (rc < 0 && err.msg[0]));
	wasm_store_free(s);
	return rc;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct wasm_func *instantiate(struct wasm_store *s,
				     const struct bytes *m)
{
	struct wasm_module *module = NULL;
	struct wasm_instance *inst = NULL;
	struct wasm_extern f;

	CHECK_INT(wasm_module_load(s, m->data, m->len, &module, &err), 0);
	CHECK_INT(wasm_instantiate(s, module, NULL, &inst, &err), 0);
	CHECK(wasm_instance_export(inst, wasm_str("f"), &f));
	return f.func;
}

/* A bit of everything: types with a group, imports, tables, memories, globals
 * of all kinds, segments, a function with control flow and a name. */
static struct bytes rich_module(void)
{
	struct bytes m = {0};

	put_header(&m);
	SECTION(&m, 1, 3, 0x60, 1, 0x7f, 1, 0x7f,      /* (i32) -> i32 */
		0x4e, 2, 0x50, 0, 0x5f, 1, 0x63, 2, 1, /* rec */
		0x5e, 0x78, 0, 0x60, 0, 0);
	SECTION(&m, 2, 1, 1, 'e', 1, 'i', 0, 0);
	SECTION(&m, 3, 1, 0);
	SECTION(&m, 4, 1, 0x70, 1, 2, 4);
	SECTION(&m, 5, 1, 1, 1, 2);
	SECTION(&m, 13, 1, 0, 3);
	SECTION(&m, 6, 2, 0x7f, 1, 0x41, 7, 0x0b, 0x63, 1, 0, 0xd0, 1, 0x0b);
	SECTION(&m, 7, 2, 1, 'f', 0, 1, 1, 'm', 2, 0);
	SECTION(&m, 9, 2, 0, 0x41, 0, 0x0b, 1, 1, 5, 0x70, 1, 0xd2, 0, 0x0b);
	SECTION(&m, 12, 1);
	SECTION(&m, 10, 1, 32, 1, 2, 0x7e, 0x02, 0x7f, 0x20, 0, 0x41, 1, 0x6a,
		0x22, 0, 0x20, 0, 0x0d, 0, 0x1a, 0x41, 0, 0x28, 2, 4, 0x03,
		0x40, 0x0b, 0x20, 0, 0x6a, 0x0b, 0x10, 0, 0x0b);
	SECTION(&m, 11, 1, 0, 0x41, 4, 0x0b, 3, 'a', 'b', 'c');
	SECTION(&m, 0, 4, 'n', 'a', 'm', 'e', 1, 8, 1, 1, 5, 'p', 'a', 'r', 's',
		'e');
	return m;
}

TEST(the_whole_is_valid)
{
	struct bytes m = rich_module();

	CHECK_INT(load(&m), 0);
}

TEST(cut_anywhere)
{
	struct bytes m = rich_module(), cut = m;
	unsigned int valid = 0;

	/* Right-sized copies, so that a sanitizer sees a byte too far. */
	for (cut.len = 0; cut.len < m.len; cut.len++) {
		cut.data = malloc(cut.len + !cut.len);
		memcpy(cut.data, m.data, cut.len);
		valid += load(&cut) == 0;
		free(cut.data);
	}
	/* The empty module, and those that end behind a section before any
	 * that others need: types, imports; and all but the name. */
	CHECK(valid >= 3 && valid <= 4);
}

TEST(flipped_anywhere)
{
	struct bytes m = rich_module();

	for (size_t i = 0; i < m.len * 8; i++) {
		m.data[i / 8] ^= (uint8_t)(1 << i % 8);
		load(&m);
		m.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

TEST(counts_of_billions)
{
	static const uint8_t ids[] = {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13};

	limit_memory();
	for (size_t i = 0; i < sizeof(ids); i++) {
		struct bytes m = {0};

		put_header(&m);
		SECTION(&m, ids[i], 0xff, 0xff, 0xff, 0xff, 0x0f);
		CHECK_INT(load(&m), -ENOEXEC);
		free(m.data);
	}
}

TEST(sections_of_4_gib)
{
	limit_memory();
	for (uint8_t id = 0; id < 14; id++) {
		struct bytes m = {0};

		put_header(&m);
		PUT(&m, id, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0);
		CHECK_INT(load(&m), -ENOEXEC);
		free(m.data);
	}
}

TEST(groups_of_types_of_millions)
{
	struct bytes m = {0}, s = {0};

	limit_memory();
	put_header(&m);
	PUT(&s, 1, 0x4e, 0xc0, 0xc4, 0x07); /* 123,456 members */
	for (int i = 0; i < 123456; i++)
		PUT(&s, 0x5f, 0);
	put_section(&m, 1, &s);
	CHECK_INT(load(&m), 0);
	m.data[m.len - 1] = 1; /* one field, and no room for it */
	CHECK_INT(load(&m), -ENOEXEC);
}

TEST(supertypes_have_a_depth)
{
	struct bytes m = {0}, s = {0};

	put_header(&m);
	put_leb(&s, 70);
	PUT(&s, 0x50, 0, 0x5f, 0);
	for (uint8_t i = 0; i < 69; i++)
		PUT(&s, 0x50, 1, i, 0x5f, 0);
	put_section(&m, 1, &s);
	CHECK_INT(load(&m), -ENOTSUP);
}

TEST(locals)
{
	struct bytes body = {0}, m;

	limit_memory();
	PUT(&body, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b);
	m = module_of(&body, false);
	CHECK_INT(load(&m), -ENOTSUP);
	PUT(&body, 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 1, 0x7f, 0x0b);
	m = module_of(&body, false);
	CHECK_INT(load(&m), -ENOEXEC);
	CHECK(strstr(err.msg, "too many locals"));
	PUT(&body, 1, 0xd0, 0x86, 0x03, 0x7f, 0x0b); /* 50,000 */
	m = module_of(&body, false);
	CHECK_INT(load(&m), 0);
}

TEST(blocks_in_blocks)
{
	struct wasm_store *s = new_store(NULL);
	struct bytes body = {0}, m;

	limit_memory();
	PUT(&body, 0);
	for (int i = 0; i < 500000; i++)
		PUT(&body, 0x02, 0x40);
	for (int i = 0; i < 500001; i++)
		PUT(&body, 0x0b);
	m = module_of(&body, false);
	CHECK_INT(wasm_call(instantiate(s, &m), NULL, &err), 0);
}

TEST(a_deep_operand_stack)
{
	struct wasm_store *s = new_store(NULL);
	struct bytes body = {0}, m;
	union wasm_value v[1];

	PUT(&body, 0);
	for (int i = 0; i < 10000; i++)
		PUT(&body, 0x41, 1);
	for (int i = 0; i < 9999; i++)
		PUT(&body, 0x6a);
	PUT(&body, 0x0b);
	m = module_of(&body, true);
	CHECK_INT(wasm_call(instantiate(s, &m), v, &err), 0);
	CHECK_INT(v[0].i32, 10000);

	/* More than a frame can hold: refused before anything runs. */
	PUT(&body, 0);
	for (int i = 0; i < 70000; i++)
		PUT(&body, 0x41, 1);
	for (int i = 0; i < 70000; i++)
		PUT(&body, 0x1a);
	PUT(&body, 0x0b);
	m = module_of(&body, false);
	CHECK_INT(load(&m), -ENOTSUP);
}

/* What is quadratic in a naive compiler: each local.set has to look for the
 * copies of its local on the stack. */
TEST(compiling_takes_linear_time)
{
	struct wasm_store *s = new_store(NULL);
	struct bytes body = {0}, m;
	struct wasm_func *f;
	double start;

	PUT(&body, 1, 2, 0x7f);
	for (int i = 0; i < 8000; i++)
		PUT(&body, 0x20, 0);
	for (int i = 0; i < 200000; i++)
		PUT(&body, 0x20, 1, 0x41, 1, 0x6a, 0x21, 1);
	for (int i = 0; i < 8000; i++)
		PUT(&body, 0x1a);
	PUT(&body, 0x0b);
	m = module_of(&body, false);
	f = instantiate(s, &m);
	start = seconds();
	CHECK_INT(wasm_call(f, NULL, &err), 0);
	CHECK(seconds() - start < 2);
}

TEST(labels_of_br_table)
{
	struct bytes body = {0}, m;

	limit_memory();
	PUT(&body, 0, 0x41, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0x0b);
	m = module_of(&body, false);
	CHECK(load(&m) < 0);
	PUT(&body, 0, 0x41, 0, 0x0e, 0xf1, 0xff, 0x03);
	for (int i = 0; i < 65522; i++)
		PUT(&body, 0);
	PUT(&body, 0x0b);
	m = module_of(&body, false);
	CHECK_INT(load(&m), -ENOTSUP);
}

/* --- running ------------------------------------------------------------- */

TEST(endless_recursion)
{
	struct wasm_store *s = new_store(NULL);
	const struct wasm_frame *frames;
	struct bytes body = {0}, m;
	struct rusage before, usage;
	size_t total;

	PUT(&body, 0, 0x10, 0, 0x0b);
	m = module_of(&body, false);
	getrusage(RUSAGE_SELF, &before);
	CHECK_INT(wasm_call(instantiate(s, &m), NULL, &err), WASM_TRAP_STACK);
	CHECK_STR(err.msg, "trap: call stack exhausted");
	CHECK_INT(wasm_store_backtrace(s, &frames, &total), 64);
	CHECK(total > 10000 && frames[63].func == 0);
	CHECK(frames[1].offset && wasm_str_eq(frames[1].name, wasm_str("f")));
	getrusage(RUSAGE_SELF, &usage);
	/* An emulator of another CPU, or a sanitizer, has memory of its own. */
#ifndef __SANITIZE_ADDRESS__
	if (!getenv("HULL_TEST_EMULATED"))
		CHECK(usage.ru_maxrss - before.ru_maxrss < 16 << 10);
#endif
}

/* A host function that calls its caller. */
static enum wasm_trap call_back(struct wasm_caller *c, void *data,
				union wasm_value *v)
{
	struct wasm_extern f;

	CHECK(wasm_instance_export(wasm_caller_instance(c), wasm_str("f"), &f));
	return (enum wasm_trap)wasm_call(f.func, NULL, NULL);
}

TEST(endless_recursion_through_the_host)
{
	struct wasm_store *s = new_store(NULL);
	struct bytes m = {0};
	struct wasm_module *module = NULL;
	struct wasm_instance *inst = NULL;
	struct wasm_extern f;
	struct wasm_linker *l;

	put_header(&m);
	SECTION(&m, 1, 1, 0x60, 0, 0);
	SECTION(&m, 2, 1, 1, 'e', 1, 'i', 0, 0);
	SECTION(&m, 3, 1, 0);
	SECTION(&m, 7, 1, 1, 'f', 0, 1);
	SECTION(&m, 10, 1, 4, 0, 0x10, 0, 0x0b);
	CHECK_INT(wasm_module_load(s, m.data, m.len, &module, &err), 0);
	CHECK_INT(wasm_linker_new(s, &l, &err), 0);
	CHECK_INT(wasm_linker_func(l, "e", "i", ":", call_back, NULL, &err), 0);
	CHECK_INT(wasm_instantiate(s, module, l, &inst, &err), 0);
	CHECK(wasm_instance_export(inst, wasm_str("f"), &f));
	CHECK_INT(wasm_call(f.func, NULL, &err), WASM_TRAP_STACK);
	/* And nothing of it stays behind. */
	CHECK_INT(wasm_call(f.func, NULL, &err), WASM_TRAP_STACK);
}

static struct wasm_store *running;
static double asked_at;

/* Of this thread's CPU: how busy the machine is does not count. */
static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void interrupt(int sig)
{
	wasm_store_interrupt(running);
	asked_at = cpu_seconds();
}

static void interrupt_loop(struct bytes *body)
{
	struct itimerval after = {.it_value.tv_usec = 20000};
	struct bytes m = module_of(body, false);
	struct wasm_func *f;
	double took;

	running = new_store(NULL);
	f = instantiate(running, &m);
	signal(SIGALRM, interrupt);
	setitimer(ITIMER_REAL, &after, NULL);
	CHECK_INT(wasm_call(f, NULL, &err), WASM_TRAP_INTERRUPTED);
	took = cpu_seconds() - asked_at;
	/* What docs/wasm.md promises. */
	CHECK(took >= 0 && took < 0.010);
	wasm_store_free(running);
	free(m.data);
}

TEST(loops_end_when_asked)
{
	struct bytes body = {0};

	/* br, br_if, a fused comparison, br_table, tail calls */
	PUT(&body, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b);
	interrupt_loop(&body);
	PUT(&body, 0, 0x03, 0x40, 0x41, 1, 0x0d, 0, 0x0b, 0x0b);
	interrupt_loop(&body);
	PUT(&body, 1, 1, 0x7f, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x48, 0x0d, 0,
	    0x0b, 0x0b);
	interrupt_loop(&body);
	PUT(&body, 0, 0x03, 0x40, 0x41, 0, 0x0e, 0, 0, 0x0b, 0x0b);
	interrupt_loop(&body);
	PUT(&body, 0, 0x12, 0, 0x0b);
	interrupt_loop(&body);
}

TEST(fuel_runs_out)
{
	struct wasm_config cfg = {.fuel = true};
	struct wasm_store *s = new_store(&cfg);
	struct bytes body = {0}, m;
	struct wasm_func *f;

	PUT(&body, 0, 0x03, 0x40, 0x01, 0x01, 0x0c, 0, 0x0b, 0x0b);
	m = module_of(&body, false);
	f = instantiate(s, &m);
	wasm_store_set_fuel(s, 1000000);
	CHECK_INT(wasm_call(f, NULL, &err), WASM_TRAP_FUEL);
	CHECK_INT(wasm_store_fuel(s), 0);
	PUT(&body, 0, 0x10, 0, 0x0b);
	m = module_of(&body, false);
	f = instantiate(s, &m);
	wasm_store_set_fuel(s, 1000);
	CHECK_INT(wasm_call(f, NULL, &err), WASM_TRAP_FUEL);
}

TEST(memory_grows_to_the_limit)
{
	struct wasm_config cfg = {.memory_bytes = 10 << 16};
	struct wasm_store *s = new_store(&cfg);
	struct bytes body = {0}, m;
	union wasm_value v[1];

	/* Until it can't, then say how many pages there are. */
	PUT(&body, 0, 0x03, 0x40, 0x41, 1, 0x40, 0, 0x41, 0x7f, 0x47, 0x0d, 0,
	    0x0b, 0x3f, 0, 0x0b);
	m = module_of(&body, true);
	CHECK_INT(wasm_call(instantiate(s, &m), v, &err), 0);
	CHECK_INT(v[0].i32, 10);
}

/* --- messages ------------------------------------------------------------ */

TEST(errors_say_where)
{
	struct bytes m = {0}, code = {0};

	put_header(&m);
	SECTION(&m, 1, 1, 0x60, 0, 1, 0x7f);
	SECTION(&m, 2, 1, 1, 'e', 1, 'i', 0, 0);
	SECTION(&m, 3, 1, 0);
	SECTION(&m, 7, 1, 5, 'p', 'a', 'r', 's', 'e', 0, 1);
	PUT(&code, 1, 6, 0, 0x42, 0, 0x41, 1, 0x6a);
	put_section(&m, 10, &code);
	m.data[m.len - 8 + 1] = 7;
	PUT(&m, 0x0b);
	m.data[m.len - 10]++;
	CHECK_INT(load(&m), -EINVAL);
	CHECK_INT(m.len - 2, 0x30);
	CHECK_STR(err.msg, "function 1 \"parse\" at 0x30: type mismatch: "
			   "expected i32, found i64");
	m.data[m.len - 2] = 0x06;
	CHECK_INT(load(&m), -ENOEXEC);
	CHECK_STR(err.msg, "function 1 \"parse\" at 0x30: illegal opcode 06");
	m.data[4] = 2;
	CHECK_INT(load(&m), -ENOEXEC);
	CHECK_STR(err.msg, "module at 0x4: unknown binary version");
}

TEST(imports_say_what_is_wrong)
{
	struct wasm_store *s = new_store(NULL);
	struct bytes m = rich_module();
	struct wasm_module *module = NULL;
	struct wasm_instance *inst;
	struct wasm_linker *l;

	CHECK_INT(wasm_module_load(s, m.data, m.len, &module, &err), 0);
	CHECK_INT(wasm_linker_new(s, &l, &err), 0);
	CHECK_INT(wasm_instantiate(s, module, l, &inst, &err), -ENOLINK);
	CHECK_STR(err.msg, "unknown import: func \"e\" \"i\"");
	CHECK_INT(wasm_linker_func(l, "e", "i", "iI:", NULL, NULL, &err), 0);
	CHECK_INT(wasm_instantiate(s, module, l, &inst, &err), -ENOLINK);
	CHECK_STR(err.msg, "incompatible import type: func \"e\" \"i\" is "
			   "(i32 i64), the module wants (i32 -> i32)");
	CHECK_INT(wasm_linker_func(l, "e", "i", "ix:", NULL, NULL, &err),
		  -EINVAL);
}
