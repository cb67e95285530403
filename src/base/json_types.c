#include "base/json.h"

#define BASIC(id, k, T) \
	const struct json_type json_type_##id = {.kind = (k), .size = sizeof(T)}
#define SIGNED(id, k, T, lo, hi)                  \
	const struct json_type json_type_##id = { \
		.kind = (k), .size = sizeof(T), .min = (lo), .max = (hi)}
#define UNSIGNED(id, k, T, hi)                    \
	const struct json_type json_type_##id = { \
		.kind = (k), .size = sizeof(T), .max = (hi)}

BASIC(bool, JSON_BOOL, bool);
BASIC(double, JSON_DOUBLE, double);
BASIC(string, JSON_STRING, char *);
BASIC(strv, JSON_STRV, char **);
BASIC(raw, JSON_RAW, char *);
BASIC(opt_bool, JSON_OPT_BOOL, struct opt_bool);

SIGNED(i8, JSON_INT, int8_t, INT8_MIN, INT8_MAX);
SIGNED(i16, JSON_INT, int16_t, INT16_MIN, INT16_MAX);
SIGNED(i32, JSON_INT, int32_t, INT32_MIN, INT32_MAX);
SIGNED(i64, JSON_INT, int64_t, INT64_MIN, INT64_MAX);
SIGNED(opt_i32, JSON_OPT_INT, struct opt_i64, INT32_MIN, INT32_MAX);
SIGNED(opt_i64, JSON_OPT_INT, struct opt_i64, INT64_MIN, INT64_MAX);

UNSIGNED(u8, JSON_UINT, uint8_t, UINT8_MAX);
UNSIGNED(u16, JSON_UINT, uint16_t, UINT16_MAX);
UNSIGNED(u32, JSON_UINT, uint32_t, UINT32_MAX);
UNSIGNED(u64, JSON_UINT, uint64_t, UINT64_MAX);
UNSIGNED(opt_u32, JSON_OPT_UINT, struct opt_u64, UINT32_MAX);
UNSIGNED(opt_u64, JSON_OPT_UINT, struct opt_u64, UINT64_MAX);
