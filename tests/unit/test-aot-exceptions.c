/* Exceptions between the engine's kinds of code: interpreted, compiled, and
 * the host's, which passes on what it gets. */
#include "../wasm/compiled.h"
#include "test.h"
#include "wasm/wasm.h"
#include "wasm_build.h"

enum { INTERPRETED = 0 };

static const int kinds[] = {INTERPRETED, COMPILED, COMPILED_STRICT};

#define FOR_EACH_KIND(k)                                                 \
	for (size_t i_##k = 0, k; i_##k < 3 && (k = kinds[i_##k], true); \
	     i_##k++)

/* A body with its locals; takes over `body`. */
static void put_body(struct bytes *code, struct bytes *body)
{
	put_leb(code, body->len);
	put(code, body->data, body->len);
	free(body->data);
	*body = (struct bytes){0};
}

/* Exports a tag "t" with an i32, and "f", which throws its argument. */
static struct bytes thrower(void)
{
	struct bytes m = {0};

	put_header(&m);
	SECTION(&m, 1, 1, 0x60, 1, 0x7f, 0);
	SECTION(&m, 3, 1, 0);
	SECTION(&m, 13, 1, 0, 0);
	SECTION(&m, 7, 2, 1, 'f', 0, 0, 1, 't', 4, 0);
	SECTION(&m, 10, 1, 6, 0, 0x20, 0, 0x08, 0, 0x0b);
	return m;
}

enum { N_MANY = 12 };

/* block (result i32) try_table (catch 0 0) ... */
static void begin_try(struct bytes *b)
{
	PUT(b, 0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0);
}

/* ... end, and what it is worth if nothing was thrown */
static void end_try(struct bytes *b)
{
	PUT(b, 0x0b, 0x41, 0x7f, 0x0b);
}

/* local 1 = 3 * x; twice, add what is caught from a call of so many arguments
 * that some are on the stack. */
static void put_many(struct bytes *code)
{
	struct bytes b = {0};

	PUT(&b, 1, 1, 0x7f, 0x20, 0, 0x41, 3, 0x6c, 0x21, 1);
	for (int twice = 0; twice < 2; twice++) {
		begin_try(&b);
		for (int i = 1; i < N_MANY; i++)
			PUT(&b, 0x42, (uint8_t)i);
		PUT(&b, 0x20, 0, 0xac, 0x10, 3);
		end_try(&b);
		PUT(&b, 0x20, 1, 0x6a, 0x21, 1);
	}
	PUT(&b, 0x20, 1, 0x0b);
	put_body(code, &b);
}

/* Imports "a" "f" and "t".  g(x) calls f, and gives one more than what it
 * catches; h does too, by a tail call, if `tail`: then LLVM's convention is
 * another; many(x) = 5 * x; u calls f and catches nothing. */
static struct bytes catcher(bool tail)
{
	struct bytes m = {0}, types = {0}, code = {0}, b = {0};

	put_header(&m);
	PUT(&types, 3, 0x60, 1, 0x7f, 0, 0x60, 1, 0x7f, 1, 0x7f, 0x60, N_MANY);
	for (int i = 0; i < N_MANY; i++)
		PUT(&types, 0x7e);
	PUT(&types, 0);
	put_section(&m, 1, &types);
	SECTION(&m, 2, 2, 1, 'a', 1, 'f', 0, 0, 1, 'a', 1, 't', 4, 0, 0);
	SECTION(&m, 3, 5, 1, 1, 2, 1, 0);
	SECTION(&m, 7, 4, 1, 'g', 0, 1, 1, 'h', 0, 2, 1, 'm', 0, 4, 1, 'u', 0,
		5);
	PUT(&code, 5);
	PUT(&b, 0);
	begin_try(&b);
	PUT(&b, 0x20, 0, 0x10, 0);
	end_try(&b);
	PUT(&b, 0x41, 1, 0x6a, 0x0b);
	put_body(&code, &b);
	PUT(&b, 0, 0x20, 0, tail ? 0x12 : 0x10, 1, 0x0b);
	put_body(&code, &b);
	PUT(&b, 0, 0x20, N_MANY - 1, 0xa7, 0x10, 0, 0x0b);
	put_body(&code, &b);
	put_many(&code);
	PUT(&b, 0, 0x20, 0, 0x10, 0, 0x0b);
	put_body(&code, &b);
	put_section(&m, 10, &code);
	return m;
}

static struct wasm_module *load(struct wasm_store *s, size_t kind,
				const struct bytes *b)
{
	struct wasm_module *m = NULL;
	struct err err = {0};
	int rc = kind == INTERPRETED
			 ? wasm_module_load(s, b->data, b->len, &m, &err)
			 : compiled_load((int)kind, s, b->data, b->len, &m,
					 &err);

	if (rc)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return m;
}

static struct wasm_func *func(struct wasm_instance *inst, const char *name)
{
	struct wasm_extern ext;

	CHECK(wasm_instance_export(inst, wasm_str(name), &ext));
	CHECK_INT(ext.kind, WASM_FUNC);
	return ext.func;
}

static enum wasm_trap keep(struct wasm_caller *c, void *data,
			   union wasm_value *v)
{
	struct err err = {0};

	(void)c;
	CHECK_INT(wasm_call(data, v, &err), WASM_TRAP_EXCEPTION);
	return WASM_TRAP_NONE;
}

static enum wasm_trap pass_on(struct wasm_caller *c, void *data,
			      union wasm_value *v)
{
	struct err err = {0};

	(void)c;
	return (enum wasm_trap)wasm_call(data, v, &err);
}

static struct wasm_instance *
instantiate(struct wasm_store *s, struct wasm_module *m, struct wasm_linker *l)
{
	struct wasm_instance *inst = NULL;
	struct err err = {0};

	if (wasm_instantiate(s, m, l, &inst, &err))
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return inst;
}

static uint32_t call(struct wasm_instance *inst, const char *name, uint32_t x)
{
	union wasm_value v = {.i32 = x};
	struct err err = {0};

	if (wasm_call(func(inst, name), &v, &err))
		test_fail(__FILE__, __LINE__, "%s: %s", name, err.msg);
	return v.i32;
}

static void expect_uncaught(struct wasm_store *s, struct wasm_instance *inst,
			    size_t depth)
{
	union wasm_value v = {.i32 = 1};
	const struct wasm_frame *frames;
	struct err err = {0};
	size_t total = 0;

	CHECK_INT(wasm_call(func(inst, "u"), &v, &err), WASM_TRAP_EXCEPTION);
	CHECK_STR(err.msg, "trap: uncaught exception");
	wasm_store_backtrace(s, &frames, &total);
	CHECK(total >= depth);
}

/* A catcher that gets the thrower's exceptions directly, or by `host`. */
static struct wasm_instance *connect(struct wasm_store *s, size_t throws,
				     size_t catches, wasm_host_fn host,
				     bool tail)
{
	struct bytes a = thrower(), b = catcher(tail);
	struct wasm_linker *l = NULL;
	struct wasm_instance *from;
	struct err err = {0};

	CHECK_INT(wasm_linker_new(s, &l, &err), 0);
	from = instantiate(s, load(s, throws, &a), l);
	CHECK_INT(wasm_linker_instance(l, wasm_str("a"), from, &err), 0);
	if (host)
		CHECK_INT(wasm_linker_func(l, "a", "f", "i:", host,
					   func(from, "f"), &err),
			  0);
	return instantiate(s, load(s, catches, &b), l);
}

static struct wasm_store *new_store(void)
{
	struct wasm_config config = {.gc_torture = true};
	struct wasm_store *s = NULL;
	struct err err = {0};

	CHECK_INT(wasm_store_new(&config, &s, &err), 0);
	return s;
}

static void check(size_t throws, size_t catches, wasm_host_fn host, bool tail)
{
	struct wasm_store *s = new_store();
	struct wasm_instance *to = connect(s, throws, catches, host, tail);

	for (uint32_t x = 0; x < 3; x++) {
		CHECK_INT(call(to, "g", x), x + 1);
		CHECK_INT(call(to, "h", x), x + 1);
		CHECK_INT(call(to, "m", x), 5 * x);
		/* What nobody caught leaves nothing behind. */
		expect_uncaught(s, to, 1);
	}
	wasm_store_free(s);
}

TEST(each_kind_of_code_catches_what_each_throws)
{
	FOR_EACH_KIND(throws)
	FOR_EACH_KIND(catches)
	for (int tail = 0; tail < 2; tail++)
		check(throws, catches, NULL, tail);
}

TEST(what_a_host_function_passes_on_is_caught)
{
	FOR_EACH_KIND(throws)
	FOR_EACH_KIND(catches)
	for (int tail = 0; tail < 2; tail++)
		check(throws, catches, pass_on, tail);
}

/* The call in which the host made the one that failed does not fail. */
TEST(what_a_host_function_keeps_is_gone)
{
	FOR_EACH_KIND(throws)
	FOR_EACH_KIND(catches)
	{
		struct wasm_store *s = new_store();
		struct wasm_instance *to =
			connect(s, throws, catches, keep, false);

		CHECK_INT(call(to, "g", 5), 0);
		CHECK_INT(call(to, "h", 5), 0);
		wasm_store_free(s);
	}
}
