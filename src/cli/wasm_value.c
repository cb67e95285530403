#include "cli/wasm_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Of `bits` bits: from the least signed to the greatest unsigned number. */
static int parse_int(const char *s, unsigned int bits, uint64_t *ret)
{
	uint64_t max = bits == 32 ? UINT32_MAX : UINT64_MAX, v;
	bool negative = *s == '-';
	const char *digits = s + negative;
	char *end;

	if (*digits < '0' || *digits > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(digits, &end, str_after(digits, "0x") ? 16 : 10);
	if (*end || errno || v > max || (negative && v > max / 2 + 1))
		return -EINVAL;
	*ret = negative ? -v : v;
	return 0;
}

static int parse_one(wasm_type type, const char *s, union wasm_value *v)
{
	char *end = NULL;
	uint64_t n;
	int rc = 0;

	switch (type) {
	case WASM_I32:
		rc = parse_int(s, 32, &n);
		v->i32 = (uint32_t)n;
		return rc;
	case WASM_I64:
		return parse_int(s, 64, &v->i64);
	case WASM_F32:
		v->f32 = strtof(s, &end);
		return !*s || *end ? -EINVAL : 0;
	case WASM_F64:
		v->f64 = strtod(s, &end);
		return !*s || *end ? -EINVAL : 0;
	default:
		return -ENOTSUP;
	}
}

int wasm_values_parse(const struct wasm_functype *t, int n, char **words,
		      union wasm_value *v, struct err *err)
{
	char name[32];

	if (n != (int)t->n_params)
		return err_say(err, -EINVAL,
			       "the function takes %u parameters, and %d are "
			       "given",
			       t->n_params, n);
	for (uint32_t i = 0; i < t->n_params; i++) {
		int rc = parse_one(t->params[i], words[i], v++);

		wasm_type_name(t->params[i], name, sizeof(name));
		if (rc == -ENOTSUP)
			return err_say(err, rc,
				       "parameter %u is of type %s, which has "
				       "no spelling on the command line",
				       i + 1, name);
		if (rc < 0)
			return err_say(err, rc, "\"%.40s\" is not of type %s",
				       words[i], name);
	}
	return 0;
}

void wasm_values_print(const struct wasm_functype *t, const union wasm_value *v,
		       struct buf *out)
{
	char name[32];

	for (uint32_t i = 0; i < t->n_results; i++) {
		switch (t->results[i]) {
		case WASM_I32:
			buf_printf(out, "%" PRId32 "\n", (int32_t)v->i32);
			break;
		case WASM_I64:
			buf_printf(out, "%" PRId64 "\n", (int64_t)v->i64);
			break;
		case WASM_F32:
			buf_printf(out, "%.9g\n", (double)v->f32);
			break;
		case WASM_F64:
			buf_printf(out, "%.17g\n", v->f64);
			break;
		case WASM_V128:
			buf_printf(out, "0x%016" PRIx64 "%016" PRIx64 "\n",
				   v[1].i64, v[0].i64);
			break;
		default:
			buf_printf(out, "%s%s\n", v->ref ? "" : "null ",
				   wasm_type_name(t->results[i], name,
						  sizeof(name)));
		}
		v += wasm_type_slots(t->results[i]);
	}
}
