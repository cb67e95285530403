#include "spec-value.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/gc.h"

static bool is(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* --- lanes ------------------------------------------------------------- */

static unsigned int lane_bytes(const char *type)
{
	return is(type, "i8")                       ? 1
	       : is(type, "i16")                    ? 2
	       : is(type, "i64") || is(type, "f64") ? 8
						    : 4;
}

/* `n` lanes, or the one of a scalar: decimal bits. */
static void lanes_to_bytes(const struct node *lane, unsigned int width,
			   uint8_t bytes[16])
{
	for (; lane && width <= 16; lane = lane->next) {
		uint64_t bits = strtoull(lane->text, NULL, 10);

		memcpy(bytes, &bits, width);
		bytes += width;
	}
}

/* A NaN's sign says nothing; the top bit of its mantissa makes it quiet, and
 * a canonical one has no other. */
static bool lane_matches(const char *pattern, unsigned int width, bool is_float,
			 uint64_t got)
{
	const uint64_t canonical = width == 4 ? UINT64_C(0x7fc00000)
					      : UINT64_C(0x7ff8000000000000);
	const uint64_t magnitude = width == 4 ? INT32_MAX : INT64_MAX;

	if (is_float && is(pattern, "nan:canonical"))
		return (got & magnitude) == canonical;
	if (is_float && is(pattern, "nan:arithmetic"))
		return (got & canonical) == canonical;
	return got == strtoull(pattern, NULL, 10);
}

static bool lanes_match(const struct node *lane, const char *type,
			const uint8_t *bytes)
{
	unsigned int width = lane_bytes(type);

	for (; lane; lane = lane->next) {
		uint64_t got = 0;

		memcpy(&got, bytes, width);
		bytes += width;
		if (!lane_matches(lane->text, width, type[0] == 'f', got))
			return false;
	}
	return true;
}

/* --- values ------------------------------------------------------------ */

/* Host object n, as a pointer that is not NULL. */
static void *host_object(const struct node *val)
{
	return (void *)(uintptr_t)(strtoull(node_text(val, "value"), NULL, 10) +
				   1);
}

/* A reference to host object n.  The last few are kept alive, since making the
 * second argument of a call may collect the first. */
static uint64_t new_host_ref(struct wasm_store *store, const struct node *val)
{
	static struct gc_root held[8];
	static unsigned int n;
	struct gc_root *root = &held[n++ % 8];

	gc_root_remove(root);
	root->ref = wasm_ref_new_host(store, host_object(val));
	wasm_ref_hold(store, root, root->ref);
	return root->ref;
}

unsigned int spec_value(struct wasm_store *store, const struct node *val,
			union wasm_value *v)
{
	const char *type = node_text(val, "type");
	const struct node *value = node_get(val, "value");

	memset(v, 0, 2 * sizeof(*v));
	if (is(type, "v128")) {
		lanes_to_bytes(value->first,
			       lane_bytes(node_text(val, "lane_type")),
			       (uint8_t *)v);
		return 2;
	}
	/* The second is how wast2json writes it. */
	if (is(type, "refnull") || is(node_text(val, "value"), "null"))
		return 1;
	if (is(type, "externref") || is(type, "hostref")) {
		v->ref = new_host_ref(store, val);
		return 1;
	}
	if (is(type, "i32") || is(type, "i64") || is(type, "f32") ||
	    is(type, "f64")) {
		v->i64 = strtoull(value->text, NULL, 10);
		return 1;
	}
	return 0;
}

static bool scalar_matches(const struct node *pattern, const char *want,
			   wasm_type type, const union wasm_value *v)
{
	unsigned int width = lane_bytes(want);
	static const struct {
		const char *name;
		wasm_type type;
	} types[] = {
		{"i32", WASM_I32},
		{"i64", WASM_I64},
		{"f32", WASM_F32},
		{"f64", WASM_F64},
	};

	for (int i = 0; i < 4; i++)
		if (is(want, types[i].name))
			return type == types[i].type &&
			       lane_matches(node_text(pattern, "value"), width,
					    want[0] == 'f',
					    width == 4 ? v->i32 : v->i64);
	return false;
}

static bool ref_matches(struct wasm_store *store, const struct node *pattern,
			const char *want, wasm_type type, uint64_t ref)
{
	static const struct {
		const char *name;
		enum wasm_heap heap;
	} kinds[] = {
		{"funcref", WASM_HEAP_FUNC},     {"i31ref", WASM_HEAP_I31},
		{"structref", WASM_HEAP_STRUCT}, {"arrayref", WASM_HEAP_ARRAY},
		{"eqref", WASM_HEAP_EQ},
	};

	if (!wasm_type_is_ref(type))
		return false;
	if (is(want, "refnull") || is(node_text(pattern, "value"), "null"))
		return ref == 0;
	if (ref == 0)
		return false;
	if (is(want, "externref") && !node_get(pattern, "value"))
		return wasm_ref_is(store, ref, type, WASM_HEAP_EXTERN);
	if (is(want, "externref") || is(want, "hostref"))
		return wasm_ref_is(store, ref, type,
				   is(want, "externref") ? WASM_HEAP_EXTERN
							 : WASM_HEAP_ANY) &&
		       wasm_ref_host(ref) == host_object(pattern);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is(want, kinds[i].name))
			return wasm_ref_is(store, ref, type, kinds[i].heap);
	return false;
}

bool spec_match(struct wasm_store *store, const struct node *pattern,
		wasm_type type, const union wasm_value *v)
{
	const char *want = node_text(pattern, "type");

	if (is(want, "either")) {
		const struct node *one = node_get(pattern, "values")->first;

		for (; one; one = one->next)
			if (spec_match(store, one, type, v))
				return true;
		return false;
	}
	if (is(want, "v128"))
		return type == WASM_V128 &&
		       lanes_match(node_get(pattern, "value")->first,
				   node_text(pattern, "lane_type"),
				   (const uint8_t *)v);
	return scalar_matches(pattern, want, type, v) ||
	       ref_matches(store, pattern, want, type, v->ref);
}

void spec_print(struct buf *out, wasm_type type, const union wasm_value *v)
{
	char name[64];

	buf_printf(out, " %s:", wasm_type_name(type, name, sizeof(name)));
	if (type == WASM_V128)
		buf_printf(out, "0x%016" PRIx64 "%016" PRIx64, v[1].i64,
			   v[0].i64);
	else if (type == WASM_I32 || type == WASM_F32)
		buf_printf(out, "%" PRIu32 " (0x%" PRIx32 ")", v->i32, v->i32);
	else
		buf_printf(out, "%" PRIu64 " (0x%" PRIx64 ")", v->i64, v->i64);
}
