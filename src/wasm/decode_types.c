/* Value types and the type section. */
#include <errno.h>

#include "wasm/module.h"
#include "wasm/store.h"

/* While a recursion group is being read, indices from group_start up to
 * group_end are its own. */
struct group_reader {
	struct reader *r;
	const struct wasm_module *m;
	uint32_t group_start, group_end;
};

static uint32_t read_heap(const struct group_reader *g)
{
	const uint8_t *at = g->r->p;
	int64_t v = reader_leb_s(g->r, 33);

	if (v >= 0) {
		if ((uint64_t)v < g->group_start)
			return g->m->types[v]->id;
		if ((uint64_t)v < g->group_end)
			return HEAP_REC | (uint32_t)(v - g->group_start);
		reader_fail(g->r, at, -EINVAL, "unknown type %lld",
			    (long long)v);
		return WASM_HEAP_NONE;
	}
	if (v < -0x17 || v > -0x0c || g->r->p - at != 1) {
		reader_fail(g->r, at, -ENOEXEC, "malformed heap type");
		return WASM_HEAP_NONE;
	}
	return WASM_HEAP_ABSTRACT | ((uint32_t)v & 0x7f);
}

bool is_value_type_byte(uint8_t b)
{
	return (b >= 0x7b && b <= 0x7f) || (b >= 0x69 && b <= 0x74) ||
	       b == WASM_REF || b == WASM_REF_NULL;
}

static wasm_type read_value(const struct group_reader *g, uint8_t byte)
{
	if (byte >= 0x7b && byte <= 0x7f)
		return byte;
	if (byte >= 0x69 && byte <= 0x74)
		return WASM_REF_NULL | (WASM_HEAP_ABSTRACT | byte) << 8;
	if (byte == WASM_REF || byte == WASM_REF_NULL)
		return byte | read_heap(g) << 8;
	reader_fail(g->r, g->r->p - 1, -ENOEXEC, "malformed value type 0x%02x",
		    byte);
	return WASM_I32;
}

uint32_t read_heap_type(struct reader *r, const struct wasm_module *m)
{
	struct group_reader g = {r, m, m->n_types, m->n_types};

	return read_heap(&g);
}

wasm_type read_value_type_rest(struct reader *r, const struct wasm_module *m,
			       uint8_t byte)
{
	struct group_reader g = {r, m, m->n_types, m->n_types};

	return read_value(&g, byte);
}

wasm_type read_value_type(struct reader *r, const struct wasm_module *m)
{
	uint8_t byte = read_byte(r);

	return r->rc ? WASM_I32 : read_value_type_rest(r, m, byte);
}

/* --- composite types ----------------------------------------------------- */

static int no_memory(struct reader *r)
{
	return reader_fail(r, r->p, -ENOMEM, "out of memory");
}

static int read_types(const struct group_reader *g, const char *what,
		      const wasm_type **ret, uint32_t *n_ret,
		      uint32_t *slots_ret)
{
	struct reader *r = g->r;
	const uint8_t *at = r->p;
	uint32_t n = read_count(r, 1, what), slots = 0;
	wasm_type *types;

	if (n > TYPE_MAX_PARAMS)
		return reader_fail(r, at, -ENOTSUP, "more than %d %s",
				   TYPE_MAX_PARAMS, what);
	types = malloc(n * sizeof(types[0]) + 1);
	if (!types)
		return no_memory(r);
	for (uint32_t i = 0; i < n; i++) {
		types[i] = read_value(g, read_byte(r));
		slots += wasm_type_slots(types[i]);
	}
	*ret = types;
	*n_ret = n;
	*slots_ret = slots;
	return r->rc;
}

static int read_fields(const struct group_reader *g, struct type *t, uint32_t n)
{
	struct reader *r = g->r;

	if (n > TYPE_MAX_FIELDS)
		return reader_fail(r, r->p, -ENOTSUP, "more than %d fields",
				   TYPE_MAX_FIELDS);
	t->fields = calloc(n + 1, sizeof(t->fields[0]));
	if (!t->fields)
		return no_memory(r);
	t->n_fields = n;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t byte = read_byte(r), mutable;

		if (byte == WASM_I8 || byte == WASM_I16)
			t->fields[i].type = byte;
		else
			t->fields[i].type = read_value(g, byte);
		mutable = read_byte(r);
		if (mutable > 1)
			return reader_fail(r, r->p - 1, -ENOEXEC,
					   "malformed mutability");
		t->fields[i].is_mutable = mutable;
	}
	return r->rc;
}

static int read_super(const struct group_reader *g, struct type *t,
		      uint32_t self)
{
	struct reader *r = g->r;
	const uint8_t *at = r->p;
	uint32_t n = read_u32(r), index;

	if (n > 1)
		return reader_fail(r, at, -EINVAL, "sub type has %u supertypes",
				   n);
	if (n == 0)
		return r->rc;
	at = r->p;
	index = read_u32(r);
	if (index >= self)
		return reader_fail(r, at, -EINVAL, "unknown type %u", index);
	t->super = index < g->group_start ? g->m->types[index]->id
					  : HEAP_REC | (index - g->group_start);
	return r->rc;
}

static int read_sub_type(const struct group_reader *g, struct type *t,
			 uint32_t self)
{
	struct reader *r = g->r;
	uint8_t form = read_byte(r);

	t->super = TYPE_NONE;
	t->final = true;
	if (form == 0x50 || form == 0x4f) {
		t->final = form == 0x4f;
		if (read_super(g, t, self))
			return r->rc;
		form = read_byte(r);
	}
	switch (form) {
	case 0x60:
		t->kind = TYPE_FUNC;
		if (read_types(g, "parameters", &t->func.params,
			       &t->func.n_params, &t->func.param_slots))
			return r->rc;
		return read_types(g, "results", &t->func.results,
				  &t->func.n_results, &t->func.result_slots);
	case 0x5f:
		t->kind = TYPE_STRUCT;
		return read_fields(g, t, read_count(r, 2, "fields"));
	case 0x5e:
		t->kind = TYPE_ARRAY;
		return read_fields(g, t, 1);
	default:
		if (r->rc)
			return r->rc;
		return reader_fail(r, r->p - 1, -ENOEXEC,
				   "malformed type definition 0x%02x", form);
	}
}

static int check_supers(struct reader *r, const uint8_t *at,
			struct wasm_module *m, uint32_t start, uint32_t n)
{
	const struct type_table *table = module_types(m);

	for (uint32_t i = 0; i < n; i++) {
		const struct type *t = type_get(table, start + i);

		if (t->super != TYPE_NONE &&
		    !type_extends(table, t, type_get(table, t->super)))
			return reader_fail(r, at, -EINVAL,
					   "sub type %u does not match its "
					   "super type",
					   m->n_types + i);
	}
	return 0;
}

static int read_group(struct reader *r, struct wasm_module *m, uint32_t *cap)
{
	const uint8_t *at = r->p;
	struct group_reader g = {r, m, m->n_types, 0};
	struct type *group;
	uint32_t n = 1, done = 0;
	int64_t start;

	if (reader_left(r) && *r->p == 0x4e) {
		r->p++;
		n = read_count(r, 2, "types");
	}
	if (n > MAX_TYPES - m->n_types)
		return reader_fail(r, at, -ENOTSUP, "more than %d types",
				   MAX_TYPES);
	if (r->rc || n == 0)
		return r->rc;
	g.group_end = m->n_types + n;
	group = calloc(n, sizeof(group[0]));
	if (!group)
		return no_memory(r);
	while (done < n &&
	       read_sub_type(&g, &group[done], m->n_types + done) == 0)
		done++;
	if (r->rc) {
		type_group_free(group, n);
		return r->rc;
	}
	start = type_table_add(&m->store->types, group, n);
	if (start < 0) {
		type_group_free(group, n);
		return reader_fail(r, at, (int)start,
				   start == -ENOMEM ? "out of memory"
						    : "too many types");
	}
	if (check_supers(r, at, m, (uint32_t)start, n))
		return r->rc;
	if (m->n_types + n > *cap) {
		const struct type **types;
		uint32_t want = m->n_types + n + *cap;

		if (!arena_array(&m->arena, types, want))
			return no_memory(r);
		if (m->n_types)
			memcpy(types, m->types, m->n_types * sizeof(types[0]));
		m->types = types;
		*cap = want;
	}
	for (uint32_t i = 0; i < n; i++)
		m->types[m->n_types + i] =
			type_get(&m->store->types, (uint32_t)start + i);
	m->n_types += n;
	return 0;
}

int decode_type_section(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 1, "types"), cap = n;

	if (!arena_array(&m->arena, m->types, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++)
		read_group(r, m, &cap);
	return r->rc;
}
