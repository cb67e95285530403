#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "test.h"

TEST(numbers_are_strict)
{
	uint64_t u;
	int64_t i;

	CHECK(parse_u64("0", 10, &u) == 0 && u == 0);
	CHECK(parse_u64("18446744073709551615", UINT64_MAX, &u) == 0);
	CHECK(u == UINT64_MAX);
	CHECK(parse_u64("18446744073709551616", UINT64_MAX, &u) == -ERANGE);
	CHECK(parse_u64("11", 10, &u) == -ERANGE);
	CHECK(parse_u64("", 10, &u) == -EINVAL);
	CHECK(parse_u64(" 1", 10, &u) == -EINVAL);
	CHECK(parse_u64("+1", 10, &u) == -EINVAL);
	CHECK(parse_u64("0x1", 10, &u) == -EINVAL);
	CHECK(parse_u64("1\n", 10, &u) == -EINVAL);
	CHECK(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i) == 0);
	CHECK(i == INT64_MIN);
	CHECK(parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &i) < 0);
	CHECK(parse_i64("-", INT64_MIN, INT64_MAX, &i) == -EINVAL);
	CHECK(parse_octal("0755", 07777, &u) == 0 && u == 0755);
	CHECK(parse_octal("8", 07777, &u) == -EINVAL);
}

TEST(sizes_have_suffixes)
{
	uint64_t n;

	CHECK(parse_size("512", &n) == 0 && n == 512);
	CHECK(parse_size("64k", &n) == 0 && n == 65536);
	CHECK(parse_size("1.5G", &n) == 0 && n == 3ull << 29);
	CHECK(parse_size("2MiB", &n) == 0 && n == 2 << 20);
	CHECK(parse_size("1.5", &n) == -EINVAL);
	CHECK(parse_size("k", &n) == -EINVAL);
	CHECK(parse_size("1kk", &n) == -EINVAL);
	CHECK(parse_size("99999999999999T", &n) == -ERANGE);
}

TEST(errors_name_the_thing_and_cut_visibly)
{
	struct err err = {0};
	char longname[400];

	CHECK(err_set(&err, -ENOENT, "open %s", "/x") == -ENOENT);
	CHECK_STR(err.msg, "open /x: No such file or directory");
	CHECK_INT(err_wrap(&err, "mount %s", "y"), -ENOENT);
	CHECK_STR(err.msg, "mount y: open /x: No such file or directory");
	memset(longname, 'a', sizeof(longname) - 1);
	longname[sizeof(longname) - 1] = '\0';
	CHECK(err_say(&err, -EINVAL, "%s", longname) == -EINVAL);
	CHECK_INT(strlen(err.msg), sizeof(err.msg) - 1);
	CHECK_STR(err.msg + strlen(err.msg) - 4, "a...");
	CHECK(err_set(NULL, -EIO, "nobody listens") == -EIO);
}

TEST(environment_entries_are_replaced_not_doubled)
{
	char **env = NULL;

	env_set(&env, "A", "1");
	env_set(&env, "AB", "2");
	env_set(&env, "A", "3");
	CHECK_INT(strv_len(env), 2);
	CHECK_STR(env_get(env, "A"), "3");
	CHECK_STR(env_get(env, "AB"), "2");
	CHECK(env_get(env, "B") == NULL);
	strv_free(env);
}

TEST(days_become_dates)
{
	char text[TIMESTAMP_SIZE];

	timestamp_utc(0, text);
	CHECK_STR(text, "1970-01-01T00:00:00");
	timestamp_utc(951782399, text);
	CHECK_STR(text, "2000-02-28T23:59:59");
	timestamp_utc(951782400, text);
	CHECK_STR(text, "2000-02-29T00:00:00");
	timestamp_utc(1798761599, text);
	CHECK_STR(text, "2026-12-31T23:59:59");
	timestamp_utc(4107542400, text);
	CHECK_STR(text, "2100-03-01T00:00:00");
}

TEST(json_text_is_escaped)
{
	struct buf b = {0};
	struct json_writer w = {.out = &b};

	json_begin_object(&w, NULL);
	json_string(&w, "a", "q\" \\ \n \x01 \xff \xc3\xa4 \xed\xa0\x80");
	json_begin_array(&w, "b");
	json_end_array(&w);
	json_int(&w, "c", -1);
	json_end_object(&w);
	CHECK_STR(b.data,
		  "{\"a\":\"q\\\" \\\\ \\n \\u0001 \xef\xbf\xbd \xc3\xa4 "
		  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"b\":[],\"c\":-1}");
	buf_free(&b);
}

TEST(wrapped_text_keeps_its_column)
{
	struct buf b = {0};

	buf_adds(&b, "ab: ");
	buf_wrap(&b, "one two  three four", 4, 12);
	CHECK_STR(b.data, "ab: one two\n    three\n    four");
	buf_free(&b);
	/* A word that is too long stands alone, and is not cut. */
	buf_wrap(&b, "a 0123456789 b", 0, 5);
	CHECK_STR(b.data, "a\n0123456789\nb");
	buf_free(&b);
}
