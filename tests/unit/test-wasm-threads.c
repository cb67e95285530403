/* The threads proposal, through modules that are assembled here: every atomic
 * instruction against a model, and threads that share a memory, each with a
 * store of its own. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "test.h"
#include "wasm/memory.h"
#include "wasm/wasm.h"

/* --- a module of functions, one instruction each ----------------------- */

struct code {
	uint8_t data[4096];
	size_t len;
};

static void put(struct code *c, const void *bytes, size_t n)
{
	CHECK(c->len + n <= sizeof(c->data));
	memcpy(c->data + c->len, bytes, n);
	c->len += n;
}

#define PUT(c, ...) \
	put(c, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void put_leb(struct code *c, size_t n)
{
	while (n > 127) {
		PUT(c, (uint8_t)(n | 128));
		n >>= 7;
	}
	PUT(c, (uint8_t)n);
}

static void put_section(struct code *c, uint8_t id, const struct code *s)
{
	PUT(c, id);
	put_leb(c, s->len);
	put(c, s->data, s->len);
}

/* `params` and `result` are i32 or i64; the body reads locals. */
struct function {
	const char *params; /* letters: i I */
	char result;        /* 0: none */
	uint8_t body[128];
	size_t body_len;
};

static uint8_t type_byte(char letter)
{
	return letter == 'I' ? 0x7e : 0x7f;
}

/* Imports "env" "mem", a shared memory of one page; exports "a", "b", ... */
static void assemble(struct code *out, const struct function *f, size_t n)
{
	struct code types = {0}, imports = {0}, funcs = {0}, exports = {0};
	struct code bodies = {0};

	put_leb(&types, n);
	put_leb(&funcs, n);
	put_leb(&exports, n);
	put_leb(&bodies, n);
	PUT(&imports, 1, 3, 'e', 'n', 'v', 3, 'm', 'e', 'm', 2, 3, 1, 1);
	for (size_t i = 0; i < n; i++) {
		PUT(&types, 0x60, (uint8_t)strlen(f[i].params));
		for (const char *p = f[i].params; *p; p++)
			PUT(&types, type_byte(*p));
		if (f[i].result)
			PUT(&types, 1, type_byte(f[i].result));
		else
			PUT(&types, 0);
		put_leb(&funcs, i);
		PUT(&exports, 1, (uint8_t)('a' + i), 0, (uint8_t)i);
		put_leb(&bodies, f[i].body_len + 2);
		PUT(&bodies, 0);
		put(&bodies, f[i].body, f[i].body_len);
		PUT(&bodies, 0x0b);
	}
	PUT(out, 0, 'a', 's', 'm', 1, 0, 0, 0);
	put_section(out, 1, &types);
	put_section(out, 2, &imports);
	put_section(out, 3, &funcs);
	put_section(out, 7, &exports);
	put_section(out, 10, &bodies);
}

/* --- running them ------------------------------------------------------ */

struct engine {
	struct wasm_store *store;
	struct wasm_instance *inst;
};

static struct wasm_memory *new_shared(struct wasm_store *store)
{
	struct wasm_limits one = {
		.min = 1, .max = 1, .has_max = true, .shared = true};
	struct wasm_memory *mem = NULL;
	struct err err = {0};

	if (wasm_memory_new(store, &one, &mem, &err) != 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return mem;
}

static struct wasm_store *new_store(void)
{
	struct wasm_store *store = NULL;
	struct err err = {0};

	if (wasm_store_new(NULL, &store, &err) != 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return store;
}

static struct wasm_instance *
load(struct wasm_store *store, const struct code *code, struct wasm_memory *mem)
{
	struct wasm_extern ext = {.kind = WASM_MEMORY, .memory = mem};
	struct wasm_instance *inst = NULL;
	struct wasm_module *module = NULL;
	struct wasm_linker *linker = NULL;
	struct err err = {0};

	if (wasm_linker_new(store, &linker, &err) != 0 ||
	    wasm_linker_extern(linker, wasm_str("env"), wasm_str("mem"), ext,
			       &err) != 0 ||
	    wasm_module_load(store, code->data, code->len, &module, &err) !=
		    0 ||
	    wasm_instantiate(store, module, linker, &inst, &err) != 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return inst;
}

/* 0 or the trap; the result replaces v[0]. */
static int call(struct wasm_instance *inst, size_t index, union wasm_value *v)
{
	char name[2] = {(char)('a' + index), '\0'};
	struct wasm_extern ext;
	struct err err = {0};
	int rc;

	CHECK(wasm_instance_export(inst, wasm_str(name), &ext));
	rc = wasm_call(ext.func, v, &err);
	if (rc < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return rc;
}

/* --- every instruction ------------------------------------------------- */

enum { WIDTHS = 7 };

/* In the order of the opcodes: i32, i64, i32 8 and 16, i64 8, 16 and 32. */
static const struct {
	char type;
	unsigned int bytes;
} width[WIDTHS] = {
	{'i', 4}, {'I', 8}, {'i', 1}, {'i', 2}, {'I', 1}, {'I', 2}, {'I', 4},
};

static uint64_t mask(unsigned int bytes)
{
	return bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * bytes) - 1;
}

static unsigned int log2_of(unsigned int bytes)
{
	return (unsigned int)__builtin_ctz(bytes);
}

static uint64_t value_of(char type, union wasm_value v)
{
	return type == 'i' ? v.i32 : v.i64;
}

static uint64_t model(unsigned int op, uint64_t old, uint64_t v)
{
	return op == 0   ? old + v
	       : op == 1 ? old - v
	       : op == 2 ? old & v
	       : op == 3 ? old | v
	       : op == 4 ? old ^ v
			 : v;
}

static const uint64_t operands[] = {
	0,          1,          0x7f,
	0xff,       0x100,      0x8001,
	0xffff,     0xffffffff, UINT64_C(0x123456789abcdef0),
	UINT64_MAX,
};

#define FOR_EACH_OPERAND(x)                                              \
	for (size_t i_ = 0; i_ < sizeof(operands) / sizeof(*operands) && \
			    ((x) = operands[i_], true);                  \
	     i_++)

/* One atomic access of `op` on 16 bytes around 64, and its model. */
static void check_rmw(struct wasm_instance *inst, uint8_t *base, size_t w,
		      unsigned int op, uint64_t old, uint64_t v)
{
	const unsigned int bytes = width[w].bytes;
	union wasm_value args[2] = {{.i32 = 60}, {.i64 = v}};
	uint64_t want = model(op, old, v) & mask(bytes), got = 0;
	uint8_t before[32];

	memset(base + 56, 0xa5, 32);
	memcpy(base + 64, &old, bytes);
	memcpy(before, base + 56, 32);
	memcpy(before + 8, &want, bytes);
	CHECK_INT(call(inst, w, args), 0);
	/* The old value, zero-extended. */
	CHECK(value_of(width[w].type, args[0]) == (old & mask(bytes)));
	memcpy(&got, base + 64, bytes);
	if (memcmp(before, base + 56, 32) != 0)
		test_fail(
			__FILE__, __LINE__,
			"operation %u, width %zu: %#llx with %#llx gives %#llx",
			op, w, (unsigned long long)old, (unsigned long long)v,
			(unsigned long long)got);
}

TEST(read_modify_write)
{
	struct wasm_store *store = new_store();
	struct wasm_memory *mem = new_shared(store);

	for (unsigned int op = 0; op < 6; op++) {
		struct code *c = calloc(1, sizeof(*c));
		struct function f[WIDTHS];
		struct wasm_instance *inst;
		uint64_t old, v;

		for (uint8_t w = 0; w < WIDTHS; w++)
			f[w] = (struct function){
				.params = width[w].type == 'i' ? "ii" : "iI",
				.result = width[w].type,
				.body = {0x20, 0, 0x20, 1, 0xfe,
					 (uint8_t)(0x1e + 7 * op + w),
					 (uint8_t)log2_of(width[w].bytes), 4},
				.body_len = 8,
			};
		assemble(c, f, WIDTHS);
		inst = load(store, c, mem);
		for (size_t w = 0; w < WIDTHS; w++) {
			union wasm_value odd[2] = {{.i32 = 61}, {.i64 = 0}};
			union wasm_value far[2] = {{.i32 = 65540}, {.i64 = 0}};

			FOR_EACH_OPERAND(old)
			for (int k = 0; k < 10; k++) {
				v = operands[k];
				check_rmw(inst, mem->base, w, op, old, v);
			}
			CHECK_INT(call(inst, w, odd),
				  width[w].bytes > 1 ? WASM_TRAP_UNALIGNED : 0);
			CHECK_INT(call(inst, w, far), WASM_TRAP_MEMORY_BOUNDS);
		}
		free(c);
	}
	wasm_store_free(store);
}

TEST(compare_and_exchange)
{
	struct wasm_store *store = new_store();
	struct wasm_memory *mem = new_shared(store);
	struct code *c = calloc(1, sizeof(*c));
	struct function f[WIDTHS];
	struct wasm_instance *inst;

	for (uint8_t w = 0; w < WIDTHS; w++)
		f[w] = (struct function){
			.params = width[w].type == 'i' ? "iii" : "iII",
			.result = width[w].type,
			.body = {0x20, 0, 0x20, 1, 0x20, 2, 0xfe,
				 (uint8_t)(0x48 + w),
				 (uint8_t)log2_of(width[w].bytes), 0},
			.body_len = 10,
		};
	assemble(c, f, WIDTHS);
	inst = load(store, c, mem);
	for (size_t w = 0; w < WIDTHS; w++) {
		const unsigned int bytes = width[w].bytes;
		const uint64_t old = UINT64_C(0xf1e2d3c4b5a69788) & mask(bytes);
		uint64_t got,
			expected[] = {old, old + 1, old | UINT64_C(1) << 31,
				      old | UINT64_C(1) << 63};

		for (size_t k = 0; k < 4; k++) {
			union wasm_value v[3] = {{.i32 = 8},
						 {.i64 = expected[k]},
						 {.i64 = 0x77}};
			/* The operand counts in full: a narrow access can't
			 * find a wide number. */
			uint64_t given = width[w].type == 'i'
						 ? (uint32_t)expected[k]
						 : expected[k];

			memcpy(mem->base + 8, &old, bytes);
			CHECK_INT(call(inst, w, v), 0);
			CHECK(value_of(width[w].type, v[0]) == old);
			got = 0;
			memcpy(&got, mem->base + 8, bytes);
			CHECK(got == (given == old ? 0x77 : old));
		}
	}
	wasm_store_free(store);
	free(c);
}

TEST(loads_and_stores)
{
	struct wasm_store *store = new_store();
	struct wasm_memory *mem = new_shared(store);
	struct code *c = calloc(1, sizeof(*c));
	struct function f[2 * WIDTHS + 1];
	struct wasm_instance *inst;

	for (uint8_t w = 0; w < WIDTHS; w++) {
		uint8_t align = (uint8_t)log2_of(width[w].bytes);

		f[w] = (struct function){
			.params = "i",
			.result = width[w].type,
			.body = {0x20, 0, 0xfe, (uint8_t)(0x10 + w), align, 0},
			.body_len = 6,
		};
		f[WIDTHS + w] = (struct function){
			.params = width[w].type == 'i' ? "ii" : "iI",
			.body = {0x20, 0, 0x20, 1, 0xfe, (uint8_t)(0x17 + w),
				 align, 0},
			.body_len = 8,
		};
	}
	f[2 * WIDTHS] = (struct function){
		.params = "", .body = {0xfe, 3, 0}, .body_len = 3};
	assemble(c, f, 2 * WIDTHS + 1);
	inst = load(store, c, mem);
	CHECK_INT(call(inst, 2 * WIDTHS, NULL), 0);
	for (size_t w = 0; w < WIDTHS; w++) {
		const uint64_t v = UINT64_C(0xf1e2d3c4b5a69788);
		union wasm_value args[2] = {{.i32 = 16}, {.i64 = v}};
		union wasm_value odd[2] = {{.i32 = 17}};

		memset(mem->base, 0, 64);
		CHECK_INT(call(inst, WIDTHS + w, args), 0);
		CHECK(memcmp(mem->base + 16, &v, width[w].bytes) == 0);
		CHECK(mem->base[16 + width[w].bytes] == 0);
		args[0].i64 = 16;
		CHECK_INT(call(inst, w, args), 0);
		CHECK(value_of(width[w].type, args[0]) ==
		      (v & mask(width[w].bytes)));
		if (width[w].bytes > 1) {
			CHECK_INT(call(inst, w, odd), WASM_TRAP_UNALIGNED);
			CHECK_INT(call(inst, WIDTHS + w, odd),
				  WASM_TRAP_UNALIGNED);
		}
	}
	wasm_store_free(store);
	free(c);
}

/* --- threads ----------------------------------------------------------- */

enum { THREADS = 3, ROUNDS = 20000 };

enum { WAIT32, NOTIFY, LOCKED_ADD, WAIT64 };

/* locked_add(n): n times, take the lock at 0, add 1 to the word at 64 without
 * atomics, release.  The lock is 0 free, 1 held, 2 held and waited for. */
static const struct function shared_functions[] = {
	[WAIT32] = {"iiI", 'i', {0x20, 0, 0x20, 1, 0x20, 2, 0xfe, 1, 2, 0}, 10},
	[NOTIFY] = {"ii", 'i', {0x20, 0, 0x20, 1, 0xfe, 0, 2, 0}, 8},
	[LOCKED_ADD] = {"i",
			0,
			{
				0x03, 0x40, /* loop */
				0x41, 0,    0x41, 0,    0x41,
				1,                   /*   0 0 1 */
				0xfe, 0x48, 2,    0, /*   cmpxchg */
				0x04, 0x40,          /*   if */
				0x03, 0x40,          /*     loop */
				0x41, 0,    0x41, 2,    0xfe,
				0x41, 2,    0, /*       0 2 xchg */
				0x04, 0x40,    /*       if */
				0x41, 0,    0x41, 2,    0x42,
				0x7f, /*         0 2 -1 */
				0xfe, 1,    2,    0,    0x1a,
				0x0c, 1,          /*         wait32 */
				0x0b, 0x0b, 0x0b, /*   end */
				0x41, 0,    0x41, 0,    0x28,
				2,    64, /*   0 load(64) */
				0x41, 1,    0x6a, 0x36, 2,
				64, /*   1 + store(64) */
				0x41, 0,    0x41, 0,    0xfe,
				0x41, 2,    0,                /*   0 0 xchg */
				0x41, 2,    0x46, 0x04, 0x40, /*   2 = if */
				0x41, 0,    0x41, 1,    0xfe,
				0,    2,    0,    0x1a, /*     0 1 notify */
				0x0b,                   /*   end */
				0x20, 0,    0x41, 1,    0x6b,
				0x22, 0,          /*   n -= 1 */
				0x0d, 0,    0x0b, /*   br_if end */
			},
			88},
	[WAIT64] = {"iII", 'i', {0x20, 0, 0x20, 1, 0x20, 2, 0xfe, 2, 3, 0}, 10},
};

/* Each has a store, and an instance that imports the memory of the first. */
static struct engine engine[THREADS];

static struct wasm_memory *make_engines(struct code *c)
{
	struct wasm_memory *mem = NULL;

	assemble(c, shared_functions,
		 sizeof(shared_functions) / sizeof(*shared_functions));
	for (int i = 0; i < THREADS; i++) {
		engine[i].store = new_store();
		if (!mem)
			mem = new_shared(engine[i].store);
		engine[i].inst = load(engine[i].store, c, mem);
	}
	return mem;
}

static void free_engines(void)
{
	for (int i = THREADS; i-- > 0;)
		wasm_store_free(engine[i].store);
}

static void *run_locked_add(void *arg)
{
	struct engine *e = arg;
	union wasm_value v[1] = {{.i32 = ROUNDS}};

	return call(e->inst, LOCKED_ADD, v) == 0 ? arg : NULL;
}

TEST(a_lock_made_of_atomics_excludes_other_threads)
{
	struct code *c = calloc(1, sizeof(*c));
	struct wasm_memory *mem = make_engines(c);
	pthread_t t[THREADS];
	uint32_t sum;
	void *ret;

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, run_locked_add, &engine[i]) ==
		      0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], &ret) == 0 && ret == &engine[i]);
	memcpy(&sum, mem->base + 64, sizeof(sum));
	CHECK_INT(sum, THREADS * ROUNDS);
	free_engines();
	free(c);
}

static void *run_wait64(void *arg)
{
	struct engine *e = arg;
	union wasm_value v[3] = {{.i32 = 128}, {.i64 = 0}, {.i64 = UINT64_MAX}};

	return call(e->inst, WAIT64, v) == 0 && v[0].i32 == 0 ? arg : NULL;
}

TEST(waiting_and_waking)
{
	struct code *c = calloc(1, sizeof(*c));
	union wasm_value v[3] = {{.i32 = 0}, {.i32 = 1}, {.i64 = UINT64_MAX}};
	uint32_t woken = 0;
	pthread_t t;
	void *ret;

	make_engines(c);
	/* Not equal. */
	CHECK_INT(call(engine[0].inst, WAIT32, v), 0);
	CHECK_INT(v[0].i32, 1);
	/* A millisecond. */
	v[0].i64 = 0;
	v[1].i64 = 0;
	v[2].i64 = 1000000;
	CHECK_INT(call(engine[0].inst, WAIT32, v), 0);
	CHECK_INT(v[0].i32, 2);
	v[0].i64 = 4;
	v[1].i64 = v[2].i64 = 0;
	CHECK_INT(call(engine[0].inst, WAIT64, v), WASM_TRAP_UNALIGNED);
	v[0].i64 = 65536;
	CHECK_INT(call(engine[0].inst, NOTIFY, v), WASM_TRAP_MEMORY_BOUNDS);

	CHECK(pthread_create(&t, NULL, run_wait64, &engine[1]) == 0);
	while (woken == 0) {
		v[0].i64 = 128;
		v[1].i64 = 10;
		CHECK_INT(call(engine[0].inst, NOTIFY, v), 0);
		woken = v[0].i32;
	}
	CHECK_INT(woken, 1);
	CHECK(pthread_join(t, &ret) == 0 && ret == &engine[1]);
	free_engines();
	free(c);
}

static void *interrupt_soon(void *arg)
{
	struct engine *e = arg;
	struct timespec ms = {.tv_nsec = 5 * 1000 * 1000};

	nanosleep(&ms, NULL);
	wasm_store_interrupt(e->store);
	return NULL;
}

TEST(an_endless_wait_can_be_interrupted)
{
	union wasm_value v[3] = {{.i32 = 0}, {.i32 = 0}, {.i64 = UINT64_MAX}};
	struct code *c = calloc(1, sizeof(*c));
	pthread_t t;

	make_engines(c);
	CHECK(pthread_create(&t, NULL, interrupt_soon, &engine[0]) == 0);
	CHECK_INT(call(engine[0].inst, WAIT32, v), WASM_TRAP_INTERRUPTED);
	CHECK(pthread_join(t, NULL) == 0);
	free_engines();
	free(c);
}
