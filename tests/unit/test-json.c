/* The decoder and the encoder, through tables of every kind. */
#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "test.h"

enum color { NONE, RED, GREEN };

static const struct json_words colors = {
	.what = "color",
	.list = (const struct json_word[]){{"red", RED},
					   {"green", GREEN},
					   {NULL}},
};

static const char *const dirs[] = {"north", "east", "south", "west"};

static int dir_find(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (str_eq(dirs[i], name))
			return i;
	return -EINVAL;
}

static const char *dir_name(int i)
{
	return i < 4 ? dirs[i] : NULL;
}

static const struct json_words directions = {
	.what = "direction", .find = dir_find, .name = dir_name};

struct pair {
	char *key, *value;
};

struct item {
	char *name;
	uint32_t *n;
	size_t n_n;
	struct item2 *subs;
	size_t n_subs;
};

struct item2 {
	int32_t id;
	char **tags;
};

struct keyed {
	char *key;
	int32_t a, b;
};

struct hex {
	unsigned long v;
};

struct all {
	bool b;
	int8_t i8;
	int64_t i64;
	uint16_t u16;
	uint64_t u64;
	double d;
	char *s;
	char **v;
	struct opt_bool ob;
	struct opt_i64 oi;
	struct opt_u64 ou;
	struct opt_u64 ou32;
	uint32_t color;
	uint64_t dirs;
	struct item inl;
	struct item *ptr;
	struct item *items;
	size_t n_items;
	struct pair *map;
	size_t n_map;
	struct keyed *keyed;
	size_t n_keyed;
	char *raw;
	struct hex hex;
};

static const struct json_field item2_fields[] = {
	JSON_FIELD(item2, id, "id", .required = true, .always = true),
	JSON_FIELD(item2, tags, "tags"),
};
static const struct json_type item2_json = JSON_STRUCT(item2, item2_fields);

static const struct json_field item_fields[] = {
	JSON_FIELD(item, name, "name"),
	JSON_FIELD_LIST_AS(item, n, "n", &json_type_u32),
	JSON_FIELD_LIST(item, subs, "subs", item2),
};
static const struct json_type item_json = JSON_STRUCT(item, item_fields);

static const struct json_field keyed_fields[] = {
	JSON_FIELD(keyed, a, "a"),
	JSON_FIELD(keyed, b, "b"),
};
static const struct json_type keyed_json = JSON_STRUCT(keyed, keyed_fields);

/* "0xff", a string with a syntax of its own. */
static int hex_decode(const char *text, size_t len, void *out, struct arena *a,
		      struct err *err)
{
	char *s = NULL, *end;
	int rc = json_decode(&json_type_string, &s, a, text, len, err);

	if (rc < 0)
		return rc;
	((struct hex *)out)->v = strtoul(s, &end, 16);
	return *end ? err_say(err, -EINVAL, "\"%s\" is not hexadecimal", s) : 0;
}

static void hex_encode(struct json_writer *w, const char *key, const void *v)
{
	char text[32];

	snprintf(text, sizeof(text), "%#lx", ((const struct hex *)v)->v);
	if (((const struct hex *)v)->v)
		json_string(w, key, text);
}

static const struct json_type hex_json = {
	.kind = JSON_CUSTOM,
	.size = sizeof(struct hex),
	.decode = hex_decode,
	.encode = hex_encode,
};

static const struct json_field all_fields[] = {
	JSON_FIELD(all, b, "b"),
	JSON_FIELD(all, i8, "i8"),
	JSON_FIELD(all, i64, "i64"),
	JSON_FIELD(all, u16, "u16"),
	JSON_FIELD(all, u64, "u64"),
	JSON_FIELD(all, d, "d"),
	JSON_FIELD(all, s, "s"),
	JSON_FIELD(all, v, "v"),
	JSON_FIELD(all, ob, "ob"),
	JSON_FIELD(all, oi, "oi"),
	JSON_FIELD(all, ou, "ou"),
	JSON_FIELD_AS(all, ou32, "ou32", &json_type_opt_u32),
	JSON_FIELD_NAME(all, color, "color", &colors),
	JSON_FIELD_NAMES(all, dirs, "dirs", &directions),
	JSON_FIELD_STRUCT(all, inl, "inl", item),
	JSON_FIELD_POINTER(all, ptr, "ptr", item),
	JSON_FIELD_LIST(all, items, "items", item),
	JSON_FIELD_MAP(all, map, "map", pair, key, value, &json_type_string),
	JSON_FIELD_KEYED(all, keyed, "keyed", keyed, key),
	JSON_FIELD_AS(all, raw, "raw", &json_type_raw),
	JSON_FIELD_AS(all, hex, "hex", &hex_json),
};
static const struct json_type all_json = JSON_STRUCT(all, all_fields);

/* -------------------------------------------------------------- helpers -- */

static struct arena *arena;
static struct err err;

static int decode(struct all *out, const char *text)
{
	struct buf copy = {0};
	int rc;

	/* On the heap, so that a sanitizer sees a read past the end. */
	buf_adds(&copy, text);
	arena_free(arena);
	arena = arena_new(0);
	err = (struct err){0};
	rc = json_decode(&all_json, out, arena, copy.data, copy.len, &err);
	buf_free(&copy);
	return rc;
}

static const char *error_of(const char *text)
{
	struct all all;
	int rc = decode(&all, text);

	if (rc == 0)
		test_fail(__FILE__, __LINE__, "%s was accepted", text);
	CHECK_INT(rc, -err.code);
	return err.msg;
}

#define GOOD(text)                                                    \
	do {                                                          \
		if (decode(&all, text) < 0)                           \
			test_fail(__FILE__, __LINE__, "%s: %s", text, \
				  err.msg);                           \
	} while (0)

static const char *again(const struct all *all)
{
	static struct buf out;

	out.len = 0;
	json_encode(&all_json, all, NULL, &out);
	return out.data;
}

/* --------------------------------------------------------------- values -- */

TEST(every_kind_is_decoded)
{
	struct all all;

	GOOD("{\"b\":true,\"i8\":-128,\"i64\":-9223372036854775808,"
	     "\"u16\":65535,\"u64\":18446744073709551615,\"d\":-1.5e3,"
	     "\"s\":\"text\",\"v\":[\"a\",\"\",\"c\"],\"ob\":false,\"oi\":0,"
	     "\"ou\":7,\"color\":\"green\",\"dirs\":[\"west\",\"east\"],"
	     "\"inl\":{\"name\":\"inline\",\"n\":[1,2,3]},"
	     "\"ptr\":{\"name\":\"pointer\"},"
	     "\"items\":[{\"name\":\"x\",\"subs\":[{\"id\":1,\"tags\":[\"t\"]},"
	     "{\"id\":2}]},{\"name\":\"y\",\"n\":[]}],"
	     "\"map\":{\"k\":\"v\",\"\":\"empty\"},"
	     "\"keyed\":{\"one\":{\"a\":1,\"b\":2},\"two\":{}},"
	     "\"raw\":[1, {\"x\":null}],\"hex\":\"0xff\"}");
	CHECK(all.b);
	CHECK_INT(all.i8, -128);
	CHECK(all.i64 == INT64_MIN && all.u64 == UINT64_MAX);
	CHECK_INT(all.u16, 65535);
	CHECK(all.d == -1500.0);
	CHECK_STR(all.s, "text");
	CHECK_INT(strv_len(all.v), 3);
	CHECK_STR(all.v[1], "");
	CHECK(all.ob.set && !all.ob.v);
	CHECK(all.oi.set && all.oi.v == 0 && all.ou.set && all.ou.v == 7);
	CHECK(!all.ou32.set);
	CHECK_INT(all.color, GREEN);
	CHECK_INT(all.dirs, 1 << 3 | 1 << 1);
	CHECK_STR(all.inl.name, "inline");
	CHECK_INT(all.inl.n_n, 3);
	CHECK_INT(all.inl.n[2], 3);
	CHECK_STR(all.ptr->name, "pointer");
	CHECK_INT(all.n_items, 2);
	CHECK_INT(all.items[0].n_subs, 2);
	CHECK_STR(all.items[0].subs[0].tags[0], "t");
	CHECK_INT(all.items[0].subs[1].id, 2);
	CHECK(all.items[1].n && all.items[1].n_n == 0 && !all.items[1].subs);
	CHECK_INT(all.n_map, 2);
	CHECK_STR(all.map[0].key, "k");
	CHECK_STR(all.map[1].value, "empty");
	CHECK_INT(all.n_keyed, 2);
	CHECK_STR(all.keyed[0].key, "one");
	CHECK_INT(all.keyed[0].b, 2);
	CHECK_STR(all.keyed[1].key, "two");
	CHECK_INT(all.keyed[1].b, 0);
	CHECK_STR(all.raw, "[1, {\"x\":null}]");
	CHECK_INT(all.hex.v, 255);
}

TEST(absent_and_null_are_zero)
{
	static const struct all zero;
	struct all all;

	memset(&all, 0xaa, sizeof(all));
	GOOD("{}");
	CHECK(memcmp(&all, &zero, sizeof(all)) == 0);
	GOOD(" {\"b\":null,\"i8\":null,\"s\":null,\"v\":null,\"ob\":null,"
	     "\"ou\":null,\"color\":null,\"dirs\":null,\"inl\":null,"
	     "\"ptr\":null,\"items\":null,\"map\":null,\"raw\":null,"
	     "\"hex\":null} ");
	CHECK(memcmp(&all, &zero, sizeof(all)) == 0);
	GOOD("{\"map\":{\"a\":null,\"b\":\"x\"}}");
	CHECK_INT(all.n_map, 1);
	CHECK_STR(all.map[0].key, "b");
}

TEST(the_last_of_equal_names_counts)
{
	struct all all;

	GOOD("{\"s\":\"a\",\"s\":\"b\",\"inl\":{\"name\":\"x\",\"n\":[1]},"
	     "\"inl\":{\"name\":\"y\"},\"ptr\":{},\"ptr\":null,\"b\":true,"
	     "\"b\":null,\"map\":{\"k\":\"1\",\"l\":\"2\",\"k\":\"3\"}}");
	CHECK_STR(all.s, "b");
	CHECK_STR(all.inl.name, "y");
	CHECK(!all.inl.n && !all.ptr && !all.b);
	CHECK_INT(all.n_map, 2);
	CHECK_STR(all.map[0].key, "l");
	CHECK_STR(all.map[1].value, "3");
}

TEST(unknown_members_are_skipped_but_checked)
{
	struct all all;

	GOOD("{\"x\":{\"y\":[1,2.5e-3,{}, [] ,\"\\u0000\",true,false,null]},"
	     "\"s\":\"ok\",\"S\":\"other case\"}");
	CHECK_STR(all.s, "ok");
	CHECK_STR(error_of("{\"x\":[1,]}"),
		  "line 1, column 9: expected a value");
	CHECK_STR(error_of("{\"x\":{\"y\":01}}"),
		  "line 1, column 11: a number with leading zeros");
}

TEST(members_in_any_order_and_escaped_names)
{
	struct all all;

	GOOD("{\"hex\":\"0x10\",\"s\":\"later\",\"b\":true,"
	     "\"\\u0069\\u0038\":5}");
	CHECK_INT(all.hex.v, 16);
	CHECK(all.b);
	CHECK_INT(all.i8, 5);
}

TEST(strings_are_unescaped)
{
	struct all all;

	GOOD("{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC"
	     "\\ud83d\\ude00 \xc3\xa9\xf0\x9f\x98\x80\"}");
	CHECK_STR(all.s, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac"
			 "\xf0\x9f\x98\x80 \xc3\xa9\xf0\x9f\x98\x80");
}

TEST(strings_that_are_refused)
{
	CHECK_STR(error_of("{\"s\":\"a\\u0000b\"}"),
		  "s: a string with a NUL character");
	CHECK_STR(error_of("{\"map\":{\"\\u0000\":\"\"}}"),
		  "map: a string with a NUL character");
	CHECK_STR(error_of("{\"s\":\"\\ud800\"}"),
		  "line 1, column 7: half of a surrogate pair");
	CHECK_STR(error_of("{\"s\":\"\\udc00\\ud800\"}"),
		  "line 1, column 7: half of a surrogate pair");
	CHECK_STR(error_of("{\"s\":\"\\ud800\\u0041\"}"),
		  "line 1, column 7: half of a surrogate pair");
	CHECK_STR(error_of("{\"s\":\"\\x\"}"),
		  "line 1, column 7: unknown escape in a string");
	CHECK_STR(error_of("{\"s\":\"\\u12g4\"}"),
		  "line 1, column 7: \\u needs four hexadecimal digits");
	CHECK_STR(error_of("{\"s\":\"a\nb\"}"),
		  "line 1, column 8: control character in a string");
	CHECK_STR(error_of("{\"s\":\"abc"),
		  "line 1, column 10: the text ends in a string");
	CHECK_STR(error_of("{\"s\":\"abc\\"),
		  "line 1, column 10: unknown escape in a string");
}

TEST(text_is_utf8)
{
	static const char *const bad[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xe0\x80\x80",
		"\xe2\x82",
		"\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
	};
	char text[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"s\":\"%s\"}", bad[i]);
		CHECK_STR(error_of(text), "line 1, column 7: not UTF-8");
	}
}

TEST(integers_are_strict)
{
	struct all all;

	GOOD("{\"i8\":127,\"u64\":0,\"i64\":-0}");
	CHECK_STR(error_of("{\"i8\":128}"),
		  "i8: 128 is out of range (-128 to 127)");
	CHECK_STR(error_of("{\"i8\":-129}"),
		  "i8: -129 is out of range (-128 to 127)");
	CHECK_STR(error_of("{\"u16\":65536}"),
		  "u16: 65536 is out of range (0 to 65535)");
	CHECK_STR(error_of("{\"u16\":-1}"),
		  "u16: -1 is out of range (0 to 65535)");
	CHECK_STR(error_of("{\"ou32\":4294967296}"),
		  "ou32: 4294967296 is out of range (0 to 4294967295)");
	CHECK_STR(error_of("{\"u64\":18446744073709551616}"),
		  "u64: 18446744073709551616 is out of range "
		  "(0 to 18446744073709551615)");
	CHECK_STR(error_of("{\"i64\":9223372036854775808}"),
		  "i64: 9223372036854775808 is out of range "
		  "(-9223372036854775808 to 9223372036854775807)");
	CHECK_STR(error_of("{\"u64\":99999999999999999999999999999999999999}"),
		  "u64: 99999999999999999999999999999999 is out of range "
		  "(0 to 18446744073709551615)");
	/* 2^64 + 1 is not 1. */
	CHECK_STR(error_of("{\"u16\":18446744073709551617}"),
		  "u16: 18446744073709551617 is out of range (0 to 65535)");
	CHECK_STR(error_of("{\"i8\":-18446744073709551617}"),
		  "i8: -18446744073709551617 is out of range (-128 to 127)");
	CHECK_STR(error_of("{\"i8\":1e1}"),
		  "i8: expected an integer, found 1e1");
	CHECK_STR(error_of("{\"i8\":1.0}"),
		  "i8: expected an integer, found 1.0");
	CHECK_STR(error_of("{\"d\":1e999}"), "d: number out of range");
}

/* --------------------------------------------------------------- errors -- */

TEST(errors_name_the_path)
{
	CHECK_STR(error_of("[]"), "expected an object, found an array");
	CHECK_STR(error_of("null"), "expected an object, found null");
	CHECK_STR(error_of("{\"s\":1}"),
		  "s: expected a string, found a number");
	CHECK_STR(error_of("{\"b\":\"true\"}"),
		  "b: expected a boolean, found a string");
	CHECK_STR(error_of("{\"v\":[\"a\",null]}"),
		  "v[1]: expected a string, found null");
	CHECK_STR(error_of("{\"v\":{}}"),
		  "v: expected an array of strings, found an object");
	CHECK_STR(error_of("{\"items\":[{},{\"subs\":[{\"id\":0},"
			   "{\"id\":1,\"tags\":[true]}]}]}"),
		  "items[1].subs[1].tags[0]: expected a string, found a "
		  "boolean");
	CHECK_STR(error_of("{\"items\":[{\"subs\":[{}]}]}"),
		  "items[0].subs[0].id: missing");
	CHECK_STR(error_of("{\"items\":[{\"subs\":[{\"id\":null}]}]}"),
		  "items[0].subs[0].id: missing");
	CHECK_STR(error_of("{\"items\":[{\"subs\":[{\"id\":1,\"id\":null}]}]}"),
		  "items[0].subs[0].id: missing");
	CHECK_STR(error_of("{\"items\":[null]}"),
		  "items[0]: expected an object, found null");
	CHECK_STR(error_of("{\"map\":{\"a.b\":1}}"),
		  "map[\"a.b\"]: expected a string, found a number");
	CHECK_STR(error_of("{\"keyed\":{\"k\":{\"a\":[]}}}"),
		  "keyed[\"k\"].a: expected an integer, found an array");
	CHECK_STR(error_of("{\"color\":\"blue\"}"),
		  "color: unknown color \"blue\"");
	CHECK_STR(error_of("{\"dirs\":[\"east\",\"up\"]}"),
		  "dirs[1]: unknown direction \"up\"");
	CHECK_STR(error_of("{\"hex\":\"xyz\"}"),
		  "hex: \"xyz\" is not hexadecimal");
	CHECK_STR(error_of("{\"inl\":{\"n\":[0,1,-2]}}"),
		  "inl.n[2]: -2 is out of range (0 to 4294967295)");
}

TEST(errors_name_line_and_column)
{
	CHECK_STR(error_of(""), "line 1, column 1: the text ends too early");
	CHECK_STR(error_of("{\n\t\"b\": true\n\t\"s\": \"\"\n}"),
		  "line 3, column 2: expected ',' or '}'");
	CHECK_STR(error_of("{\"b\":tru}"),
		  "line 1, column 6: expected a value");
	CHECK_STR(error_of("{\"v\":[\"a\" \"b\"]}"),
		  "line 1, column 11: expected ',' or ']'");
	CHECK_STR(error_of("{b:1}"),
		  "line 1, column 2: expected a key in quotes");
	CHECK_STR(error_of("{\"b\" true}"), "line 1, column 6: expected ':'");
	CHECK_STR(error_of("{\"b\":true,}"),
		  "line 1, column 11: expected a key in quotes");
	CHECK_STR(error_of("{} {}"),
		  "line 1, column 4: text behind the end of the document");
	CHECK_STR(error_of("{\"d\":1.}"), "line 1, column 8: expected a digit");
	CHECK_STR(error_of("{\"d\":-}"), "line 1, column 7: expected a digit");
	CHECK_STR(error_of("{\"d\":+1}"), "line 1, column 6: expected a value");
}

TEST(a_nul_byte_is_no_end)
{
	static const char text[] = "{}\0{}";
	struct all all;

	arena = arena_new(0);
	CHECK_INT(json_decode(&all_json, &all, arena, text, 5, &err), -EINVAL);
	CHECK_STR(err.msg,
		  "line 1, column 3: text behind the end of the document");
	CHECK_INT(json_check("\"a\0b\"", 5, &err), -EINVAL);
	CHECK_STR(err.msg, "line 1, column 3: control character in a string");
	CHECK_INT(json_check(NULL, 0, NULL), -EINVAL);
}

TEST(every_truncation_is_refused)
{
	static const char text[] =
		"{\"b\":true,\"d\":-1.5e3,\"s\":\"\\ud83d\\ude00\xe2\x82\xac\","
		"\"v\":[\"a\"],\"items\":[{\"subs\":[{\"id\":1}]}],"
		"\"map\":{\"k\":\"v\"},\"x\":[null,false,{\"y\":0}]}";
	struct all all;
	char part[sizeof(text)];

	GOOD(text);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		snprintf(part, sizeof(part), "%.*s", (int)n, text);
		if (decode(&all, part) == 0)
			test_fail(__FILE__, __LINE__, "accepted: %s", part);
	}
}

TEST(depth_is_limited)
{
	struct buf text = {0};
	int ok = JSON_MAX_DEPTH, deep = JSON_MAX_DEPTH + 1;

	for (int i = 0; i < ok; i++)
		buf_addc(&text, '[');
	for (int i = 0; i < ok; i++)
		buf_addc(&text, ']');
	CHECK_INT(json_check(text.data, text.len, &err), 0);
	text.len = 0;
	for (int i = 0; i < deep; i++)
		buf_adds(&text, "{\"a\":");
	CHECK_INT(json_check(text.data, text.len, &err), -EINVAL);
	CHECK(strstr(err.msg, "nested too deeply"));
	buf_free(&text);
}

TEST(maps_are_limited)
{
	struct buf text = {0};
	struct all all;

	buf_adds(&text, "{\"map\":{");
	for (int i = 0; i <= JSON_MAX_KEYS; i++)
		buf_printf(&text, "%s\"%d\":\"\"", i ? "," : "", i);
	buf_adds(&text, "}}");
	CHECK_STR(error_of(text.data), "map: more than 4096 members");
	text.len = 0;
	buf_adds(&text, "{\"map\":{");
	for (int i = 0; i < JSON_MAX_KEYS; i++)
		buf_printf(&text, "%s\"%d\":\"\"", i ? "," : "", i);
	buf_adds(&text, "}}");
	GOOD(text.data);
	CHECK_INT(all.n_map, JSON_MAX_KEYS);
	buf_free(&text);
}

TEST(size_is_limited)
{
	static const char text[] = "{}";
	struct all all;

	arena = arena_new(0);
	CHECK_INT(json_decode(&all_json, &all, arena, text,
			      (size_t)JSON_MAX_SIZE + 1, &err),
		  -EFBIG);
	CHECK_STR(err.msg, "larger than 64 MiB");
}

TEST(a_file_is_decoded)
{
	static const char text[] = "{\"s\":\"from a file\"}";
	int fd = memfd_create("json", MFD_CLOEXEC);
	struct all all;

	arena = arena_new(0);
	CHECK(write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK_INT(json_decode_fd(&all_json, &all, arena, fd, &err), 0);
	CHECK_STR(all.s, "from a file");
	close(fd);
	CHECK_INT(json_decode_fd(&all_json, &all, arena, fd, &err), -EBADF);
}

TEST(large_elements_and_many_of_them)
{
	struct buf text = {0};
	struct all all;

	buf_adds(&text, "{\"items\":[");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text,
			   "%s{\"name\":\"%d\",\"n\":[%d],\"subs\":[{\"id\":"
			   "%d,\"tags\":[\"t%d\"]}]}",
			   i ? "," : "", i, i, i, i);
	buf_adds(&text, "]}");
	GOOD(text.data);
	CHECK_INT(all.n_items, 1000);
	CHECK_STR(all.items[999].name, "999");
	CHECK_INT(all.items[500].n[0], 500);
	CHECK_STR(all.items[999].subs[0].tags[0], "t999");
	buf_free(&text);
}

/* ------------------------------------------------------------- encoding -- */

TEST(what_was_decoded_is_encoded)
{
	static const char text[] =
		"{\"b\":true,\"i8\":-1,\"i64\":-9223372036854775808,\"u16\":1,"
		"\"u64\":18446744073709551615,\"d\":0.1,"
		"\"s\":\"\\\"\xc3\xa9\\n\\u0001\",\"v\":[\"a\",\"\"],"
		"\"ob\":false,\"oi\":0,\"ou\":1,\"ou32\":2,\"color\":\"red\","
		"\"dirs\":[\"north\",\"west\"],"
		"\"inl\":{\"name\":\"i\",\"n\":[0,1]},\"ptr\":{},"
		"\"items\":[{},{\"subs\":[{\"id\":0,\"tags\":[]}]}],"
		"\"map\":{\"k\":\"v\"},\"keyed\":{\"x\":{\"a\":1},\"y\":{}},"
		"\"raw\":{\"as\": [\"it\"]},\"hex\":\"0xff\"}";
	struct all all;

	GOOD(text);
	CHECK_STR(again(&all), text);
}

TEST(what_is_absent_is_not_encoded)
{
	struct all all = {0};

	CHECK_STR(again(&all), "{}");
	GOOD("{\"v\":[],\"items\":[],\"map\":{},\"s\":\"\",\"b\":false,"
	     "\"i8\":0,\"inl\":{}}");
	CHECK_STR(again(&all), "{\"s\":\"\",\"v\":[],\"items\":[],\"map\":{}}");
}

TEST(encoding_is_indented)
{
	struct all all;
	struct buf out = {0};

	GOOD("{\"v\":[\"a\",\"b\"],\"ptr\":{}}");
	json_encode(&all_json, &all, "  ", &out);
	CHECK_STR(out.data, "{\n  \"v\": [\n    \"a\",\n    \"b\"\n  ],\n"
			    "  \"ptr\": {}\n}");
	buf_free(&out);
}

TEST(doubles_survive)
{
	static const double v[] = {0.1,      1e300,   -2.5e-300, 1.0 / 3,
				   1e15 + 1, DBL_MAX, DBL_MIN};
	struct all all = {0}, back;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		all.d = v[i];
		if (decode(&back, again(&all)) < 0)
			test_fail(__FILE__, __LINE__, "%s", err.msg);
		CHECK(back.d == v[i]);
	}
	all.d = 1.0 / 0.0;
	CHECK_STR(again(&all), "{\"d\":null}");
}

/* ---------------------------------------------------------------- arena -- */

TEST(arena_memory_is_aligned_and_zero)
{
	struct arena *a = arena_new(0);

	for (size_t n = 0; n < 300; n++) {
		char *s = arena_strndup(a, "0123456789", n % 10);
		char *p = arena_alloc(a, n, 7);

		CHECK((uintptr_t)p % 16 == 0);
		for (size_t i = 0; i < n * 7; i++)
			CHECK(p[i] == 0);
		memset(p, 0xff, n * 7);
		CHECK_INT(strlen(s), n % 10);
	}
	for (int i = 0; i < 3000; i++) {
		char want[16];

		snprintf(want, sizeof(want), "x-%d", i);
		CHECK_STR(arena_printf(a, "%s-%d", "x", i), want);
	}
	arena_free(a);
	arena_free(NULL);
}
