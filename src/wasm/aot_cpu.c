#include <string.h>

#include "wasm/aot.h"

#if defined(__x86_64__) && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const struct {
	enum aot_cpu cpu;
	const char *name;
} cpus[] = {
	{AOT_X86_64_V2, "x86-64-v2"},  {AOT_X86_64_V3, "x86-64-v3"},
	{AOT_X86_64_V4, "x86-64-v4"},  {AOT_ARM64_V8, "armv8-a"},
	{AOT_ARM64_V8_1, "armv8.1-a"},
};

enum { N_CPUS = sizeof(cpus) / sizeof(cpus[0]) };

const char *aot_cpu_name(enum aot_cpu cpu)
{
	for (size_t i = 0; i < N_CPUS; i++) {
		if (cpus[i].cpu == cpu)
			return cpus[i].name;
	}
	return NULL;
}

int aot_cpu_find(const char *name)
{
	for (size_t i = 0; i < N_CPUS; i++) {
		if (strcmp(cpus[i].name, name) == 0)
			return (int)cpus[i].cpu;
	}
	return 0;
}

size_t aot_cpu_page(enum aot_cpu cpu)
{
	return cpu >= AOT_ARM64_V8 ? 64 << 10 : AOT_PAGE;
}

#if defined(__x86_64__)

/* Not __builtin_cpu_supports(): that comes with a constructor, which would
 * ask the processor in every start of hull, and in a virtual machine each
 * question costs microseconds.  The levels: x86-64 psABI, 3.1.1. */
#ifdef CPU_FEATURE_ACTIVE

/* glibc has asked already, the kernel as well.  CPU_FEATURE_ACTIVE() itself
 * shifts into the sign of an int. */
static bool active(unsigned int feature)
{
	const struct cpuid_feature *leaf =
		__x86_get_cpuid_feature_leaf(feature / 128);

	return leaf->active_array[feature % 128 / 32] & 1u << feature % 32;
}

static bool all_active(const uint16_t *features)
{
	for (; *features; features++) {
		if (!active(*features))
			return false;
	}
	return true;
}

static enum aot_cpu ask(void)
{
	/* 0 is in a register that has no features, and ends a list. */
	static const uint16_t v2[] = {x86_cpu_SSSE3,      x86_cpu_SSE4_1,
				      x86_cpu_SSE4_2,     x86_cpu_POPCNT,
				      x86_cpu_CMPXCHG16B, 0};
	static const uint16_t v3[] = {
		x86_cpu_AVX2, x86_cpu_BMI1,  x86_cpu_BMI2,  x86_cpu_FMA,
		x86_cpu_F16C, x86_cpu_LZCNT, x86_cpu_MOVBE, 0};
	static const uint16_t v4[] = {x86_cpu_AVX512F,  x86_cpu_AVX512BW,
				      x86_cpu_AVX512CD, x86_cpu_AVX512DQ,
				      x86_cpu_AVX512VL, 0};

	if (!all_active(v2))
		return 0;
	if (!all_active(v3))
		return AOT_X86_64_V2;
	return all_active(v4) ? AOT_X86_64_V4 : AOT_X86_64_V3;
}

#else

/* Bits: Intel SDM, volume 2, CPUID. */
enum {
	LEAF1_C_V2 = 1 << 0 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23,
	LEAF1_C_V3 = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29,
	LEAF7_B_V3 = 1 << 3 | 1 << 5 | 1 << 8,
	LEAF7_B_V4 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30,
	LEAF8_C_V3 = 1 << 5, /* of 0x80000001: LZCNT */
	XCR0_V3 = 1 << 1 | 1 << 2,
	XCR0_V4 = XCR0_V3 | 1 << 5 | 1 << 6 | 1 << 7,
};

/* AVX-512 VL is the sign bit, which an enum cannot hold. */
static const uint32_t leaf7_b_vl = 1u << 31;

/* What the kernel saves when it switches tasks. */
static uint32_t xcr0(void)
{
	uint32_t a, d;

	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a;
}

static bool has(uint32_t got, uint32_t want)
{
	return (got & want) == want;
}

static enum aot_cpu ask(void)
{
	uint32_t a, b, c, d, c1, b7, saved;

	if (!__get_cpuid(1, &a, &b, &c1, &d) || !has(c1, LEAF1_C_V2))
		return 0;
	if (!has(c1, LEAF1_C_V3) || !__get_cpuid_count(7, 0, &a, &b7, &c, &d) ||
	    !has(b7, LEAF7_B_V3) || !__get_cpuid(0x80000001, &a, &b, &c, &d) ||
	    !has(c, LEAF8_C_V3))
		return AOT_X86_64_V2;
	saved = xcr0();
	if (!has(saved, XCR0_V3))
		return AOT_X86_64_V2;
	if (!has(b7, LEAF7_B_V4 | leaf7_b_vl) || !has(saved, XCR0_V4))
		return AOT_X86_64_V3;
	return AOT_X86_64_V4;
}

#endif

static bool same_architecture(enum aot_cpu cpu)
{
	return cpu >= AOT_X86_64_V2 && cpu <= AOT_X86_64_V4;
}

#elif defined(__aarch64__)

static enum aot_cpu ask(void)
{
	return getauxval(AT_HWCAP) & HWCAP_ATOMICS ? AOT_ARM64_V8_1
						   : AOT_ARM64_V8;
}

static bool same_architecture(enum aot_cpu cpu)
{
	return cpu == AOT_ARM64_V8 || cpu == AOT_ARM64_V8_1;
}

#else

static enum aot_cpu ask(void)
{
	return 0;
}

static bool same_architecture(enum aot_cpu cpu)
{
	return false;
}

#endif

enum aot_cpu aot_cpu_native(void)
{
	static int known = -1; /* threads that race find the same */

	if (__atomic_load_n(&known, __ATOMIC_RELAXED) < 0)
		__atomic_store_n(&known, (int)ask(), __ATOMIC_RELAXED);
	return (enum aot_cpu)known;
}

bool aot_cpu_runs(enum aot_cpu cpu)
{
	return same_architecture(cpu) && cpu <= aot_cpu_native();
}
