/* tests/unit/test.h
 * A unit test is a program that prints TAP.  Each TEST() runs in a child of
 * its own, so that one may crash, unshare, or drop privileges.
 *
 *	TEST(numbers_are_strict)
 *	{
 *		CHECK(parse_u64("08 ", 100, &n) == -EINVAL);
 *	}
 *
 * SKIP("why") ends a test that this host cannot run; with HULL_TEST_MUST
 * naming `feature` in SKIP_UNLESS(feature, cond, why) it fails instead. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), noreturn));
void test_skip(const char *feature, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));
/* A fresh directory, removed with all it holds when the test ends. */
const char *test_tmpdir(void);

#define TEST(id)                                                \
	static void test_##id(void);                            \
	static struct test entry_##id = {#id, test_##id, 0};    \
	__attribute__((constructor)) static void reg_##id(void) \
	{                                                       \
		test_register(&entry_##id);                     \
	}                                                       \
	static void test_##id(void)

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_STR(got, want)                                        \
	do {                                                        \
		const char *got_ = (got), *want_ = (want);          \
		if (!got_ || strcmp(got_, want_) != 0)              \
			test_fail(__FILE__, __LINE__,               \
				  "%s is \"%s\", not \"%s\"", #got, \
				  got_ ? got_ : "(null)", want_);   \
	} while (0)

#define CHECK_INT(got, want)                                                  \
	do {                                                                  \
		long long got_ = (long long)(got);                            \
		long long want_ = (long long)(want);                          \
		if (got_ != want_)                                            \
			test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", \
				  #got, got_, want_);                         \
	} while (0)

#define SKIP_UNLESS(feature, cond, ...)                  \
	do {                                             \
		if (!(cond))                             \
			test_skip(feature, __VA_ARGS__); \
	} while (0)
