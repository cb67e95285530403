/* base/json.h
 * JSON text from and to C structs, bound by tables: no tree in between.
 *
 *	struct point {
 *		int32_t x, y;
 *		char *name;
 *	};
 *
 *	static const struct json_field point_fields[] = {
 *		JSON_FIELD(point, x, "x", .required = true),
 *		JSON_FIELD(point, y, "y"),
 *		JSON_FIELD(point, name, "name"),
 *	};
 *	const struct json_type point_json = JSON_STRUCT(point, point_fields);
 *
 *	json_decode(&point_json, &point, arena, text, len, err)
 *	json_encode(&point_json, &point, "\t", &buf)
 *
 * The C type of a member chooses how it is read, and a table that does not
 * fit its struct does not compile.
 *
 * Decoding is strict (RFC 8259, UTF-8 checked, integers without fraction or
 * exponent, no NUL in strings) and makes one pass.  All that is allocated
 * comes from the arena.  Unknown members are skipped, null is the same as
 * absent, of members with the same name the last one counts.  What is absent
 * is zero.  An error names the place:
 *
 *	mounts[2].destination: expected a string, found a number
 *	line 12, column 5: expected ',' or '}'
 *
 * Encoding leaves out what is zero, NULL or not set, unless the field says
 * `.always = true`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/json_write.h"
#include "base/opt.h"

struct err;

/* A larger document is refused: no configuration has this size. */
enum { JSON_MAX_SIZE = 64 << 20 };
/* Objects and arrays inside each other. */
enum { JSON_MAX_DEPTH = 128 };
/* Members of a JSON_MAP. */
enum { JSON_MAX_KEYS = 4096 };

enum json_kind {
	JSON_BOOL,
	JSON_INT,      /* int8_t .. int64_t, within min..max */
	JSON_UINT,     /* uint8_t .. uint64_t, up to max */
	JSON_OPT_BOOL, /* struct opt_bool */
	JSON_OPT_INT,  /* struct opt_i64 */
	JSON_OPT_UINT, /* struct opt_u64 */
	JSON_DOUBLE,   /* double */
	JSON_STRING,   /* char * */
	JSON_STRV,     /* char **, an array of strings; NULL when absent */
	JSON_NAME,     /* a string that stands for a number; uint32_t */
	JSON_NAMES,    /* an array of strings, each one bit; uint64_t */
	JSON_OBJECT,   /* a struct, zeroed first */
	JSON_POINTER,  /* to another type; NULL when absent */
	JSON_LIST,     /* an array: { T *v; size_t n; } */
	JSON_MAP,      /* an object with any keys: as JSON_LIST, of structs that
			* hold the key and the value */
	JSON_RAW,      /* char *, the value's JSON text as it stood */
	JSON_CUSTOM,   /* what `decode` and `encode` make of it */
};

struct json_type;

struct json_field {
	const char *name;
	uint16_t name_len;
	uint16_t offset;
	bool required;
	bool always;
	const struct json_type *type;
};

/* Words for numbers.  Either a list that ends with a NULL name, or two
 * functions: `find` returns a negative number for a word it does not know,
 * `name` NULL.  JSON_NAME stores the value, JSON_NAMES ors 1 << value
 * (functions) or the value itself (lists). */
struct json_word {
	const char *name;
	uint64_t value;
};

struct json_words {
	const char *what; /* "capability": unknown capability "CAP_FOO" */
	const struct json_word *list;
	int (*find)(const char *name);
	const char *(*name)(int value);
};

struct json_type {
	enum json_kind kind;
	uint32_t size; /* in memory, in bytes */
	int64_t min;
	uint64_t max;
	const struct json_type *of; /* of a pointer, list or map */
	const struct json_field *fields;
	uint32_t n_fields;
	/* A map's struct: its size, where the key and the value are. */
	uint32_t elem_size;
	uint16_t key_offset, value_offset;
	const struct json_words *words;
	/* `text` is one well-formed value.  The sentence in `err` gets the
	 * path put before it. */
	int (*decode)(const char *text, size_t len, void *out,
		      struct arena *arena, struct err *err);
	/* Writes one value, or nothing for what is absent. */
	void (*encode)(struct json_writer *w, const char *key,
		       const void *value);
};

/* Fill *out.  `text` must be followed by a NUL, as struct buf leaves it.
 * -EINVAL with a sentence; *out is then half-filled, and only good for being
 * forgotten together with the arena. */
int json_decode(const struct json_type *type, void *out, struct arena *arena,
		const char *text, size_t len, struct err *err);
/* The same with all that `fd` has to give. */
int json_decode_fd(const struct json_type *type, void *out, struct arena *arena,
		   int fd, struct err *err);
/* One well-formed document?  -EINVAL with line and column. */
int json_check(const char *text, size_t len, struct err *err);

/* Append the text of *value.  `indent` is one level, NULL for compact. */
void json_encode(const struct json_type *type, const void *value,
		 const char *indent, struct buf *out);

/* The number of a word, or -EINVAL; the word of a number, or NULL. */
int json_word_find(const struct json_words *words, const char *name,
		   uint64_t *ret);
const char *json_word_name(const struct json_words *words, uint64_t value);

/* ---------------------------------------------------------- basic types -- */

extern const struct json_type json_type_bool;
extern const struct json_type json_type_i8, json_type_i16, json_type_i32,
	json_type_i64;
extern const struct json_type json_type_u8, json_type_u16, json_type_u32,
	json_type_u64;
extern const struct json_type json_type_double;
extern const struct json_type json_type_string, json_type_strv;
extern const struct json_type json_type_opt_bool, json_type_opt_i64,
	json_type_opt_u64;
/* struct opt_u64 and struct opt_i64 again, with the range of 32 bits. */
extern const struct json_type json_type_opt_u32, json_type_opt_i32;
/* char * */
extern const struct json_type json_type_raw;

/* --------------------------------------------------------------- tables -- */

/* 0, or no program. */
#define JSON_ASSERT_(cond, text)             \
	(0 * sizeof(struct {                 \
		 _Static_assert(cond, text); \
		 int unused;                 \
	 }))
#define JSON_MEMBER_(tag, member) (((struct tag *)0)->member)
#define JSON_IS_(tag, member, T)                                        \
	JSON_ASSERT_(__builtin_types_compatible_p(                      \
			     __typeof__(JSON_MEMBER_(tag, member)), T), \
		     "the member has another type")
/* The count stands right behind its vector. */
#define JSON_COUNTED_(tag, member)                                          \
	JSON_ASSERT_(offsetof(struct tag, n_##member) ==                    \
			     offsetof(struct tag, member) + sizeof(void *), \
		     "n_member must follow member")
#define JSON_FIELD_(tag, member, key, check, T, ...)       \
	{.name = (key),                                    \
	 .name_len = sizeof(key) - 1,                      \
	 .offset = offsetof(struct tag, member) + (check), \
	 .type = (T),                                      \
	 __VA_ARGS__}

/* A member of a basic type. */
#define JSON_FIELD(tag, member, key, ...)                         \
	JSON_FIELD_(tag, member, key, 0,                          \
		    _Generic(JSON_MEMBER_(tag, member),           \
			    bool: &json_type_bool,                \
			    int8_t: &json_type_i8,                \
			    int16_t: &json_type_i16,              \
			    int32_t: &json_type_i32,              \
			    int64_t: &json_type_i64,              \
			    uint8_t: &json_type_u8,               \
			    uint16_t: &json_type_u16,             \
			    uint32_t: &json_type_u32,             \
			    uint64_t: &json_type_u64,             \
			    double: &json_type_double,            \
			    char *: &json_type_string,            \
			    const char *: &json_type_string,      \
			    char **: &json_type_strv,             \
			    struct opt_bool: &json_type_opt_bool, \
			    struct opt_i64: &json_type_opt_i64,   \
			    struct opt_u64: &json_type_opt_u64),  \
		    __VA_ARGS__)
/* A member of a type that is named here, and not checked. */
#define JSON_FIELD_AS(tag, member, key, T, ...) \
	JSON_FIELD_(tag, member, key, 0, T, __VA_ARGS__)
/* The member is a `struct sub`, whose type is `sub_json`. */
#define JSON_FIELD_STRUCT(tag, member, key, sub, ...)                    \
	JSON_FIELD_(tag, member, key, JSON_IS_(tag, member, struct sub), \
		    &sub##_json, __VA_ARGS__)
/* The member is a `struct sub *`. */
#define JSON_FIELD_POINTER(tag, member, key, sub, ...)                     \
	JSON_FIELD_(tag, member, key, JSON_IS_(tag, member, struct sub *), \
		    (&(const struct json_type){.kind = JSON_POINTER,       \
					       .size = sizeof(void *),     \
					       .of = &sub##_json}),        \
		    __VA_ARGS__)
/* `struct sub *member; size_t n_member;` */
#define JSON_FIELD_LIST(tag, member, key, sub, ...)                       \
	JSON_FIELD_(tag, member, key,                                     \
		    JSON_IS_(tag, member, struct sub *) +                 \
			    JSON_COUNTED_(tag, member),                   \
		    (&(const struct json_type)JSON_LIST_OF(&sub##_json)), \
		    __VA_ARGS__)
/* The same for a vector of numbers or other types. */
#define JSON_FIELD_LIST_AS(tag, member, key, T, ...)              \
	JSON_FIELD_(tag, member, key, JSON_COUNTED_(tag, member), \
		    (&(const struct json_type)JSON_LIST_OF(T)), __VA_ARGS__)
/* `struct sub *member; size_t n_member;` from an object: the key goes to
 * sub.name_member, the value of type T to sub.value_member. */
#define JSON_FIELD_MAP(tag, member, key, sub, name_member, value_member, T, \
		       ...)                                                 \
	JSON_FIELD_(                                                        \
		tag, member, key,                                           \
		JSON_IS_(tag, member, struct sub *) +                       \
			JSON_COUNTED_(tag, member),                         \
		(&(const struct json_type){                                 \
			.kind = JSON_MAP,                                   \
			.size = sizeof(void *) + sizeof(size_t),            \
			.elem_size = sizeof(struct sub),                    \
			.key_offset = offsetof(struct sub, name_member),    \
			.value_offset = offsetof(struct sub, value_member), \
			.of = (T)}),                                        \
		__VA_ARGS__)
/* The same where the value is an object that fills other members of the
 * `struct sub` which also holds the key. */
#define JSON_FIELD_KEYED(tag, member, key, sub, name_member, ...)            \
	JSON_FIELD_(tag, member, key,                                        \
		    JSON_IS_(tag, member, struct sub *) +                    \
			    JSON_COUNTED_(tag, member),                      \
		    (&(const struct json_type){                              \
			    .kind = JSON_MAP,                                \
			    .size = sizeof(void *) + sizeof(size_t),         \
			    .elem_size = sizeof(struct sub),                 \
			    .key_offset = offsetof(struct sub, name_member), \
			    .of = &sub##_json}),                             \
		    __VA_ARGS__)
/* `uint32_t member`, from a word. */
#define JSON_FIELD_NAME(tag, member, key, words_, ...)                   \
	JSON_FIELD_(tag, member, key, JSON_IS_(tag, member, uint32_t),   \
		    (&(const struct json_type){.kind = JSON_NAME,        \
					       .size = sizeof(uint32_t), \
					       .words = (words_)}),      \
		    __VA_ARGS__)
/* `uint64_t member`, from an array of words. */
#define JSON_FIELD_NAMES(tag, member, key, words_, ...)                  \
	JSON_FIELD_(tag, member, key, JSON_IS_(tag, member, uint64_t),   \
		    (&(const struct json_type){.kind = JSON_NAMES,       \
					       .size = sizeof(uint64_t), \
					       .words = (words_)}),      \
		    __VA_ARGS__)

/* Initialisers of a struct json_type. */
#define JSON_STRUCT(tag, table)                                             \
	{.kind = JSON_OBJECT,                                               \
	 .size = sizeof(struct tag),                                        \
	 .fields = (table),                                                 \
	 .n_fields = sizeof(table) / sizeof((table)[0]) +                   \
		     JSON_ASSERT_(sizeof(table) <= 64 * sizeof((table)[0]), \
				  "no more than 64 fields")}
#define JSON_LIST_OF(T) \
	{.kind = JSON_LIST, .size = sizeof(void *) + sizeof(size_t), .of = (T)}
