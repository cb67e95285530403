/* Every vector and atomic instruction, compiled for each processor that this
 * one can stand in for, against the interpreter: the same results, traps and
 * memory.  Some operands are constants of the code, since the compiler
 * computes with those itself. */
#include <stdio.h>

#include "test.h"
#include "wasm/aot.h"
#include "wasm/opcodes.h"
#include "wasm/wasm.h"
#include "wasm_build.h"

#include "../wasm/compiled.h"

/* --- the instructions -------------------------------------------------------- */

struct row {
	const char *text;
	uint32_t code;
	enum imm imm;
	const char *sig;
	uint8_t aux;
};

static const struct row table[] = {
#define OP(id, text, code, imm, sig, aux) {text, code, IMM_##imm, sig, aux},
#include "wasm/opcodes.def"
};

enum { N_TABLE = sizeof(table) / sizeof(table[0]), MAX_OPS = 1024 };

/* One function: an instruction and which of its immediates. */
struct function {
	const struct row *row;
	const char *sig; /* "" in the table where it has no operands */
	unsigned int variant;
};

static struct function functions[MAX_OPS];
static unsigned int n_functions;

static unsigned int n_variants(enum imm imm)
{
	return imm == IMM_NONE || imm == IMM_FENCE ? 1 : 2;
}

static void find_functions(void)
{
	unsigned int n_rows = 0;

	for (unsigned int i = 0; i < N_TABLE; i++) {
		const struct row *r = &table[i];
		const char *sig = r->sig;

		if (r->code >> 16 != 0xfd && r->code >> 16 != 0xfe)
			continue;
		n_rows++;
		if (!sig[0])
			sig = r->imm == IMM_V128 ? ">v" : ">";
		if (r->imm == IMM_SHUFFLE)
			sig = "vv>v";
		for (unsigned int v = 0; v < n_variants(r->imm); v++) {
			CHECK(n_functions < MAX_OPS);
			functions[n_functions++] = (struct function){r, sig, v};
		}
	}
	/* SIMD, relaxed SIMD, threads, as the proposals have them. */
	CHECK_INT(n_rows, 236 + 20 + 67);
}

static unsigned int n_params(const struct function *f)
{
	return (unsigned int)(strchr(f->sig, '>') - f->sig);
}

static bool is_wait(const struct function *f)
{
	return f->row->code == 0xfe0001 || f->row->code == 0xfe0002;
}

/* --- numbers ------------------------------------------------------------------ */

static uint64_t state = 88172645463325252u;

static uint64_t some(void) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

#define SOME_OF(array) ((array)[some() % (sizeof(array) / sizeof((array)[0]))])

static const uint8_t bytes_of_note[] = {0,    1,  0x7f, 0x80, 0xff, 0x81,
					0xfe, 15, 16,   17,   0x8f};
static const uint16_t halves_of_note[] = {0,      1,      0x7fff, 0x8000,
					  0xffff, 0x8001, 0x00ff, 0x100,
					  0x80,   0x7f,   0xff7f, 0xff80};
/* Floats about zero, the integers' ranges, infinity; NaNs of both kinds. */
static const uint32_t words_of_note[] = {
	0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
	0x7fc00000, 0xffc00000, 0x7fa00000, 0x7f800001, 1,          0x80000001,
	0x4f000000, 0xcf000000, 0x4f800000, 0x4effffff, 0x4f7fffff, 0xcf000001,
	0xbf7fffff, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000, 0x4b000001,
	0x7f7fffff, 0x00800000, 0x007fffff, 0xcf800000, 0x4f000001, 0x7fffffff};
static const uint64_t longs_of_note[] = {
	0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000,
	0xbff0000000000000, 0x7ff0000000000000, 0xfff0000000000000,
	0x7ff8000000000000, 0x7ff4000000000000, 0xfff0000000000001,
	0x0000000000000001, 0x41e0000000000000, 0xc1e0000000000000,
	0x41f0000000000000, 0x41dfffffffc00000, 0x41efffffffe00000,
	0xc1e0000000200000, 0x41dfffffffffffff, 0x41efffffffffffff,
	0xbfe0000000000000, 0x3fe0000000000000, 0x4330000000000001,
	0x3ff8000000000000, 0x4004000000000000, 0x47efffffe0000000,
	0x47effffff0000000, 0x36a0000000000000, 0x7fefffffffffffff,
	0xffffffffffffffff, 0x7fffffffffffffff};

static void some_vector(union wasm_value v[2])
{
	union {
		uint8_t b[16];
		uint16_t h[8];
		uint32_t w[4];
		uint64_t l[2];
	} u = {.l = {some(), some()}};
	unsigned int kind = (unsigned int)(some() % 6);

	for (unsigned int i = 0; kind == 0 && i < 16; i++)
		u.b[i] = SOME_OF(bytes_of_note);
	for (unsigned int i = 0; kind == 1 && i < 8; i++)
		u.h[i] = SOME_OF(halves_of_note);
	for (unsigned int i = 0; kind == 2 && i < 4; i++)
		u.w[i] = SOME_OF(words_of_note);
	for (unsigned int i = 0; kind == 3 && i < 2; i++)
		u.l[i] = SOME_OF(longs_of_note);
	if (kind >= 4) /* all lanes the same: of 32 bits, of 64 */
		u.l[0] = u.l[1] = kind == 4 ? SOME_OF(words_of_note) *
						      UINT64_C(0x100000001)
					    : SOME_OF(longs_of_note);
	v[0].i64 = u.l[0];
	v[1].i64 = u.l[1];
}

/* In the one page, at its end, and beyond; aligned and not. */
static uint32_t some_address(void)
{
	static const uint32_t ends[] = {65536, 65536 - 16, 65536 - 24,
					0xfffffff0, 0x7ffffff8};
	uint32_t at = some() % 2 ? (uint32_t)some() % 256 : SOME_OF(ends);

	return some() % 4 ? at & ~7u : at + (uint32_t)some() % 16;
}

static void some_value(char letter, union wasm_value v[2])
{
	v[1].i64 = 0;
	switch (letter) {
	case 'v':
		some_vector(v);
		break;
	case 'a':
		v[0].i64 = some_address();
		break;
	case 'i':
	case 'f':
		v[0].i64 =
			some() % 2 ? SOME_OF(words_of_note) : (uint32_t)some();
		break;
	default:
		v[0].i64 = some() % 2 ? SOME_OF(longs_of_note) : some();
	}
}

/* --- modules ------------------------------------------------------------------- */

static uint8_t type_byte(char letter)
{
	switch (letter) {
	case 'I':
		return WASM_I64;
	case 'f':
		return WASM_F32;
	case 'F':
		return WASM_F64;
	case 'v':
		return WASM_V128;
	default:
		return WASM_I32;
	}
}

static void put_signed(struct bytes *b, int64_t n)
{
	for (; n < -64 || n > 63; n >>= 7)
		PUT(b, (uint8_t)((n & 127) | 128));
	PUT(b, (uint8_t)(n & 127));
}

/* 0, -0, 1 and -1 in all lanes, which an optimiser takes for no operation,
 * although it makes a signalling NaN quiet. */
static const uint64_t neutral[] = {
	0x0000000000000000, 0x8000000080000000, 0x3f8000003f800000,
	0xbf800000bf800000, 0x8000000000000000, 0x3ff0000000000000,
	0xbff0000000000000,
};
enum { N_NEUTRAL = sizeof(neutral) / sizeof(neutral[0]) };
static const uint64_t *fixed; /* what vectors are, if not NULL */

static void put_constant(struct bytes *b, char letter)
{
	union wasm_value v[2];

	some_value(letter, v);
	if (fixed && letter == 'v')
		v[0].i64 = v[1].i64 = *fixed;
	switch (letter) {
	case 'I':
		PUT(b, 0x42);
		put_signed(b, (int64_t)v[0].i64);
		break;
	case 'f':
		PUT(b, 0x43);
		put(b, v, 4);
		break;
	case 'F':
		PUT(b, 0x44);
		put(b, v, 8);
		break;
	case 'v':
		PUT(b, 0xfd, 12);
		put(b, v, 16);
		break;
	default:
		PUT(b, 0x41);
		put_signed(b, (int32_t)v[0].i32);
	}
}

static void put_immediates(struct bytes *b, const struct function *f)
{
	enum imm imm = f->row->imm;
	unsigned int lanes = 16u >> f->row->aux;

	if (imm == IMM_MEMARG || imm == IMM_MEMARG_LANE || imm == IMM_ATOMIC)
		PUT(b, imm == IMM_ATOMIC ? f->row->aux : 0,
		    f->variant ? 24 : 0);
	if (imm == IMM_MEMARG_LANE)
		PUT(b, (uint8_t)(f->variant ? lanes - 1 : lanes / 2));
	if (imm == IMM_LANE)
		PUT(b, (uint8_t)(f->variant ? f->row->aux - 1u : 0));
	if (imm == IMM_FENCE)
		PUT(b, 0);
	for (unsigned int i = 0; imm == IMM_SHUFFLE && i < 16; i++)
		PUT(b, (uint8_t)(f->variant ? some() % 32 : i * 5 % 32));
	for (unsigned int i = 0; imm == IMM_V128 && i < 16; i++)
		PUT(b, (uint8_t)some());
}

/* Bit i of `constants`: operand i is not the parameter, but a constant. */
static void put_function(struct bytes *b, const struct function *f,
			 unsigned int constants)
{
	struct bytes body = {0};

	PUT(&body, 0);
	for (unsigned int i = 0; i < n_params(f); i++) {
		/* A random timeout might be for ever. */
		if (constants >> i & 1 && !is_wait(f))
			put_constant(&body, f->sig[i]);
		else
			PUT(&body, 0x20, (uint8_t)i);
	}
	PUT(&body, (uint8_t)(f->row->code >> 16));
	put_leb(&body, f->row->code & 0xffff);
	put_immediates(&body, f);
	PUT(&body, 0x0b);
	put_leb(b, body.len);
	put(b, body.data, body.len);
	free(body.data);
}

static void put_type(struct bytes *b, const char *sig)
{
	size_t n = strcspn(sig, ">");

	PUT(b, 0x60, (uint8_t)n);
	for (size_t i = 0; i < n; i++)
		PUT(b, type_byte(sig[i]));
	PUT(b, sig[n + 1] ? 1 : 0);
	if (sig[n + 1])
		PUT(b, type_byte(sig[n + 1]));
}

/* Exports "m", a shared memory of one page, and functions by number. */
static struct bytes make_module(unsigned int constants)
{
	struct bytes m = {0}, types = {0}, funcs = {0}, exports = {0},
		     code = {0};

	put_leb(&types, n_functions);
	put_leb(&funcs, n_functions);
	put_leb(&exports, n_functions + 1);
	put_leb(&code, n_functions);
	PUT(&exports, 1, 'm', 2, 0);
	for (unsigned int i = 0; i < n_functions; i++) {
		char name[8];
		int n = snprintf(name, sizeof(name), "%u", i);

		put_type(&types, functions[i].sig);
		put_leb(&funcs, i);
		PUT(&exports, (uint8_t)n);
		put(&exports, name, (size_t)n);
		PUT(&exports, 0);
		put_leb(&exports, i);
		put_function(&code, &functions[i], constants);
	}
	put_header(&m);
	put_section(&m, 1, &types);
	put_section(&m, 3, &funcs);
	SECTION(&m, 5, 1, 3, 1, 1);
	put_section(&m, 7, &exports);
	put_section(&m, 10, &code);
	return m;
}

/* --- engines ------------------------------------------------------------------- */

struct engine {
	struct wasm_store *store;
	struct wasm_func *funcs[MAX_OPS];
	uint8_t *memory;
};

static struct wasm_extern export_of(struct wasm_instance *inst,
				    const char *name)
{
	struct wasm_extern e;

	CHECK(wasm_instance_export(inst, wasm_str(name), &e));
	return e;
}

/* `cpu` 0: the interpreter. */
static void start(struct engine *e, const struct bytes *module, int cpu)
{
	struct wasm_instance *inst = NULL;
	struct wasm_module *m = NULL;
	struct err err = {0};
	uint64_t len;
	int rc;

	CHECK(wasm_store_new(NULL, &e->store, &err) == 0);
	rc = cpu ? compiled_load_on((enum aot_cpu)cpu, COMPILED, e->store,
				    module->data, module->len, &m, &err)
		 : wasm_module_load(e->store, module->data, module->len, &m,
				    &err);
	CHECK_STR(rc ? err.msg : "", "");
	rc = wasm_instantiate(e->store, m, NULL, &inst, &err);
	CHECK_STR(rc ? err.msg : "", "");
	for (unsigned int i = 0; i < n_functions; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", i);
		e->funcs[i] = export_of(inst, name).func;
	}
	e->memory = wasm_memory_data(export_of(inst, "m").memory, &len);
	CHECK_INT(len, 65536);
}

/* --- comparison ---------------------------------------------------------------- */

static bool quiet32(uint32_t bits)
{
	return (bits & 0x7fc00000) == 0x7fc00000;
}

static bool quiet64(uint64_t bits)
{
	return (bits & 0x7ff8000000000000) == 0x7ff8000000000000;
}

/* Which of two NaNs an instruction returns is not for us to say: any quiet
 * one is as good, in the lanes of an instruction that computes floats. */
static bool same_slot(const struct function *f, uint64_t a, uint64_t b)
{
	if (a == b)
		return true;
	if (strncmp(f->row->text, "f64", 3) == 0)
		return quiet64(a) && quiet64(b);
	if (strncmp(f->row->text, "f32", 3) != 0)
		return false;
	return ((uint32_t)a == (uint32_t)b ||
		(quiet32((uint32_t)a) && quiet32((uint32_t)b))) &&
	       (a >> 32 == b >> 32 ||
		(quiet32((uint32_t)(a >> 32)) && quiet32((uint32_t)(b >> 32))));
}

static bool same_result(const struct function *f, const union wasm_value *a,
			const union wasm_value *b)
{
	switch (f->sig[n_params(f) + 1]) {
	case '\0':
		return true;
	case 'i':
	case 'f':
		return a->i32 == b->i32;
	case 'v':
		return same_slot(f, a[0].i64, b[0].i64) &&
		       same_slot(f, a[1].i64, b[1].i64);
	default:
		return a->i64 == b->i64;
	}
}

static void some_arguments(const struct function *f, union wasm_value *v)
{
	unsigned int n = n_params(f), slot = 0;
	union wasm_value one[2];

	for (unsigned int i = 0; i < n; i++) {
		some_value(f->sig[i], one);
		/* Nobody will come and wake it. */
		if (is_wait(f) && i == n - 1)
			one[0].i64 %= 1000;
		v[slot++] = one[0];
		if (f->sig[i] == 'v')
			v[slot++] = one[1];
	}
}

static void compare_one(const struct function *f, struct engine *a,
			struct engine *b, unsigned int i)
{
	union wasm_value args[6] = {0}, x[6], y[6];
	struct err err = {0};
	int trap_a, trap_b;

	some_arguments(f, args);
	memcpy(x, args, sizeof(x));
	memcpy(y, args, sizeof(y));
	trap_a = wasm_call(a->funcs[i], x, &err);
	trap_b = wasm_call(b->funcs[i], y, &err);
	if (trap_a == trap_b && (trap_a || same_result(f, x, y)))
		return;
	test_fail(__FILE__, __LINE__,
		  "%s of %016llx%016llx %016llx%016llx %016llx%016llx: "
		  "interpreted %d %016llx%016llx, compiled %d "
		  "%016llx%016llx",
		  f->row->text, (unsigned long long)args[1].i64,
		  (unsigned long long)args[0].i64,
		  (unsigned long long)args[3].i64,
		  (unsigned long long)args[2].i64,
		  (unsigned long long)args[5].i64,
		  (unsigned long long)args[4].i64, trap_a,
		  (unsigned long long)x[1].i64, (unsigned long long)x[0].i64,
		  trap_b, (unsigned long long)y[1].i64,
		  (unsigned long long)y[0].i64);
}

static void compare(enum aot_cpu cpu, unsigned int constants,
		    unsigned int rounds)
{
	struct bytes module = make_module(constants);
	static struct engine a, b;

	start(&a, &module, 0);
	start(&b, &module, cpu);
	for (unsigned int i = 0; i < 65536; i++)
		a.memory[i] = b.memory[i] = (uint8_t)some();
	for (unsigned int round = 0; round < rounds; round++) {
		for (unsigned int i = 0; i < n_functions; i++) {
			compare_one(&functions[i], &a, &b, i);
			if (memcmp(a.memory, b.memory, 320) != 0)
				test_fail(__FILE__, __LINE__,
					  "%s writes something else",
					  functions[i].row->text);
		}
		CHECK(memcmp(a.memory, b.memory, 65536) == 0);
	}
	wasm_store_free(a.store);
	wasm_store_free(b.store);
	free(module.data);
}

static void compare_on(enum aot_cpu cpu)
{
	SKIP_UNLESS("cpu", aot_cpu_runs(cpu), "not this processor");
	find_functions();
	compare(cpu, 0, 150);
}

#ifdef __x86_64__
#define BASELINE AOT_X86_64_V2
TEST(compiled_for_x86_64_v3_all_are_as_interpreted)
{
	compare_on(AOT_X86_64_V3);
}

TEST(compiled_for_x86_64_v4_all_are_as_interpreted)
{
	compare_on(AOT_X86_64_V4);
}
#else
#define BASELINE AOT_ARM64_V8
TEST(compiled_for_armv8_1_all_are_as_interpreted)
{
	compare_on(AOT_ARM64_V8_1);
}
#endif

TEST(compiled_for_the_baseline_all_are_as_interpreted)
{
	compare_on(BASELINE);
}

TEST(with_constants_in_the_code_all_are_as_interpreted)
{
	find_functions();
	for (unsigned int constants = 1; constants < 8; constants++)
		compare(BASELINE, constants, 10);
}

TEST(a_constant_that_seems_to_do_nothing_makes_nans_quiet)
{
	find_functions();
	for (unsigned int i = 0; i < N_NEUTRAL; i++) {
		fixed = &neutral[i];
		compare(BASELINE, 1, 20);
		compare(BASELINE, 2, 20);
	}
}
