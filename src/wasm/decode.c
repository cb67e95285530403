/* The sections of a module (core specification, "Binary Format").  Counts are
 * believed only as far as there are bytes for them; custom sections are
 * stepped over. */
#include <errno.h>

#include "wasm/aot.h"
#include "wasm/module.h"
#include "wasm/store.h"

enum section {
	SECTION_CUSTOM,
	SECTION_TYPE,
	SECTION_IMPORT,
	SECTION_FUNCTION,
	SECTION_TABLE,
	SECTION_MEMORY,
	SECTION_GLOBAL,
	SECTION_EXPORT,
	SECTION_START,
	SECTION_ELEMENT,
	SECTION_CODE,
	SECTION_DATA,
	SECTION_DATA_COUNT,
	SECTION_TAG,
	SECTION_COUNT,
};

/* Their order in a file, and how they are called in messages. */
static const uint8_t section_order[SECTION_COUNT] = {
	[SECTION_TYPE] = 1,        [SECTION_IMPORT] = 2,
	[SECTION_FUNCTION] = 3,    [SECTION_TABLE] = 4,
	[SECTION_MEMORY] = 5,      [SECTION_TAG] = 6,
	[SECTION_GLOBAL] = 7,      [SECTION_EXPORT] = 8,
	[SECTION_START] = 9,       [SECTION_ELEMENT] = 10,
	[SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
	[SECTION_DATA] = 13,
};

static const char section_name[SECTION_COUNT][20] = {
	"custom section",     "type section",   "import section",
	"function section",   "table section",  "memory section",
	"global section",     "export section", "start section",
	"element section",    "code section",   "data section",
	"data count section", "tag section",
};

static int no_memory(struct reader *r)
{
	return reader_fail(r, r->p, -ENOMEM, "out of memory");
}

/* --- types of imports and definitions ------------------------------------ */

static const struct type *read_functype(struct reader *r,
					const struct wasm_module *m)
{
	const uint8_t *at = r->p;
	uint32_t index = read_u32(r);

	if (r->rc)
		return NULL;
	if (index >= m->n_types) {
		reader_fail(r, at, -EINVAL, "unknown type %u", index);
		return NULL;
	}
	if (m->types[index]->kind != TYPE_FUNC) {
		reader_fail(r, at, -EINVAL, "type %u is not a function type",
			    index);
		return NULL;
	}
	return m->types[index];
}

static const struct type *read_tag(struct reader *r,
				   const struct wasm_module *m)
{
	const uint8_t *at = r->p;
	const struct type *t;

	if (read_byte(r) != 0) {
		reader_fail(r, at, -ENOEXEC, "malformed tag attribute");
		return NULL;
	}
	t = read_functype(r, m);
	if (t && t->func.n_results)
		reader_fail(r, at, -EINVAL, "non-empty tag result type");
	return t;
}

/* `allowed`: the flags that make sense here. */
static void read_limits(struct reader *r, uint8_t allowed, uint64_t max32,
			uint64_t max64, const char *what,
			struct wasm_limits *ret)
{
	const uint8_t *at = r->p;
	uint8_t flags = read_byte(r);
	uint64_t most;

	memset(ret, 0, sizeof(*ret));
	if (flags & ~allowed) {
		reader_fail(r, at, -ENOEXEC, "malformed limits flags 0x%02x",
			    flags);
		return;
	}
	ret->has_max = flags & 1;
	ret->shared = flags & 2;
	ret->is64 = flags & 4;
	ret->min = ret->is64 ? read_u64(r) : read_u32(r);
	ret->max = !ret->has_max ? UINT64_MAX
		   : ret->is64   ? read_u64(r)
				 : read_u32(r);
	most = ret->is64 ? max64 : max32;
	if (ret->min > most || (ret->has_max && ret->max > most))
		reader_fail(r, at, -EINVAL, "%s size must be at most %llu",
			    what, (unsigned long long)most);
	else if (ret->min > ret->max)
		reader_fail(r, at, -EINVAL,
			    "size minimum must not be greater than maximum");
	else if (ret->shared && !ret->has_max)
		reader_fail(r, at, -EINVAL, "shared memory must have maximum");
}

static void read_memory_type(struct reader *r, struct wasm_limits *ret)
{
	read_limits(r, 7, WASM_MEMORY32_MAX_PAGES, WASM_MEMORY64_MAX_PAGES,
		    "memory", ret);
}

static void read_table_type(struct reader *r, const struct wasm_module *m,
			    struct table_desc *t)
{
	const uint8_t *at = r->p;

	t->elem = read_value_type(r, m);
	if (!r->rc && !wasm_type_is_ref(t->elem))
		reader_fail(r, at, -ENOEXEC, "malformed reference type");
	read_limits(r, 5, UINT32_MAX, UINT64_MAX, "table", &t->limits);
}

static void read_global_type(struct reader *r, const struct wasm_module *m,
			     struct global_desc *g)
{
	uint8_t mutable;

	g->type = read_value_type(r, m);
	mutable = read_byte(r);
	if (mutable > 1)
		reader_fail(r, r->p - 1, -ENOEXEC, "malformed mutability");
	g->is_mutable = mutable;
}

/* Room for `more` things behind those that were imported. */
static void *extend(struct wasm_module *m, const void *old, uint32_t n,
		    uint32_t more, size_t size)
{
	char *p = arena_alloc(&m->arena, ((size_t)n + more) * size);

	if (p && n)
		memcpy(p, old, n * size);
	return p;
}

#define EXTEND(m, field, count, more)                         \
	((m)->field = extend(m, (m)->field, (m)->count, more, \
			     sizeof((m)->field[0])))

/* --- imports ------------------------------------------------------------- */

static int read_import(struct reader *r, struct wasm_module *m,
		       struct import_desc *i)
{
	const uint8_t *at;

	i->module = read_name(r);
	i->name = read_name(r);
	at = r->p;
	i->kind = read_byte(r);
	switch (i->kind) {
	case WASM_FUNC:
		i->index = m->n_funcs;
		m->funcs[m->n_funcs++] = read_functype(r, m);
		break;
	case WASM_TABLE:
		i->index = m->n_tables;
		read_table_type(r, m, &m->tables[m->n_tables++]);
		break;
	case WASM_MEMORY:
		i->index = m->n_memories;
		read_memory_type(r, &m->memories[m->n_memories++]);
		break;
	case WASM_GLOBAL:
		i->index = m->n_globals;
		read_global_type(r, m, &m->globals[m->n_globals++]);
		break;
	case WASM_TAG:
		i->index = m->n_tags;
		m->tags[m->n_tags++] = read_tag(r, m);
		break;
	default:
		reader_fail(r, at, -ENOEXEC, "malformed import kind");
	}
	return r->rc;
}

static int decode_imports(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 4, "imports");

	/* Any of them may be of any kind. */
	if (!arena_array(&m->arena, m->imports, n) ||
	    !arena_array(&m->arena, m->funcs, n) ||
	    !arena_array(&m->arena, m->tables, n) ||
	    !arena_array(&m->arena, m->memories, n) ||
	    !arena_array(&m->arena, m->globals, n) ||
	    !arena_array(&m->arena, m->tags, n))
		return no_memory(r);
	while (m->n_imports < n &&
	       read_import(r, m, &m->imports[m->n_imports]) == 0)
		m->n_imports++;
	m->n_imported_funcs = m->n_funcs;
	m->n_imported_tables = m->n_tables;
	m->n_imported_memories = m->n_memories;
	m->n_imported_globals = m->n_globals;
	m->n_imported_tags = m->n_tags;
	return r->rc;
}

/* --- definitions --------------------------------------------------------- */

static int decode_functions(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 1, "functions");

	if (!EXTEND(m, funcs, n_funcs, n) ||
	    !arena_array(&m->arena, m->bodies, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++)
		m->funcs[m->n_funcs++] = read_functype(r, m);
	return r->rc;
}

static int decode_tables(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 3, "tables");

	if (!EXTEND(m, tables, n_tables, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++) {
		struct table_desc *t = &m->tables[m->n_tables];
		const uint8_t *at = r->p;
		bool has_init = reader_left(r) && *r->p == 0x40;

		if (has_init) {
			r->p++;
			if (read_byte(r) != 0)
				return reader_fail(r, at, -ENOEXEC,
						   "malformed table");
		}
		read_table_type(r, m, t);
		if (has_init) {
			t->init = reader_offset(r);
			validate_const(r, m, t->elem, m->n_globals);
		} else if (!r->rc && !type_defaultable(t->elem)) {
			reader_fail(r, at, -EINVAL,
				    "type mismatch: a table of non-null "
				    "references needs an initial value");
		}
		m->n_tables++;
	}
	return r->rc;
}

static int decode_memories(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 2, "memories");

	if (!EXTEND(m, memories, n_memories, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++)
		read_memory_type(r, &m->memories[m->n_memories++]);
	return r->rc;
}

static int decode_tags(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 2, "tags");

	if (!EXTEND(m, tags, n_tags, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++)
		m->tags[m->n_tags++] = read_tag(r, m);
	return r->rc;
}

static int decode_globals(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 3, "globals");

	if (!EXTEND(m, globals, n_globals, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++) {
		struct global_desc *g = &m->globals[m->n_globals];

		read_global_type(r, m, g);
		g->init = reader_offset(r);
		validate_const(r, m, g->type, m->n_globals);
		m->n_globals++;
	}
	return r->rc;
}

static uint32_t kind_count(const struct wasm_module *m, uint8_t kind)
{
	switch (kind) {
	case WASM_FUNC:
		return m->n_funcs;
	case WASM_TABLE:
		return m->n_tables;
	case WASM_MEMORY:
		return m->n_memories;
	case WASM_GLOBAL:
		return m->n_globals;
	default:
		return m->n_tags;
	}
}

static int compare_exports(const void *a, const void *b, void *exports)
{
	const struct export_desc *x =
		(struct export_desc *)exports + *(const uint32_t *)a;
	const struct export_desc *y =
		(struct export_desc *)exports + *(const uint32_t *)b;
	size_t len = x->name.len < y->name.len ? x->name.len : y->name.len;
	int c = len ? memcmp(x->name.data, y->name.data, len) : 0;

	if (c)
		return c;
	return (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

static int check_export_names(struct reader *r, struct wasm_module *m)
{
	uint32_t *order;

	if (m->n_exports < 2)
		return r->rc;
	order = malloc(m->n_exports * sizeof(order[0]));
	if (!order)
		return no_memory(r);
	for (uint32_t i = 0; i < m->n_exports; i++)
		order[i] = i;
	qsort_r(order, m->n_exports, sizeof(order[0]), compare_exports,
		m->exports);
	for (uint32_t i = 1; i < m->n_exports && !r->rc; i++) {
		struct wasm_str name = m->exports[order[i]].name;

		if (wasm_str_eq(name, m->exports[order[i - 1]].name))
			reader_fail(r, (const uint8_t *)name.data, -EINVAL,
				    "duplicate export name \"%.*s\"",
				    (int)(name.len > 80 ? 80 : name.len),
				    name.data);
	}
	free(order);
	return r->rc;
}

static int decode_exports(struct reader *r, struct wasm_module *m)
{
	uint32_t n = read_count(r, 3, "exports");

	if (!arena_array(&m->arena, m->exports, n))
		return no_memory(r);
	for (uint32_t i = 0; i < n && !r->rc; i++) {
		struct export_desc *e = &m->exports[i];
		const uint8_t *at;

		e->name = read_name(r);
		at = r->p;
		e->kind = read_byte(r);
		if (e->kind > WASM_TAG)
			return reader_fail(r, at, -ENOEXEC,
					   "malformed export kind");
		e->index = read_u32(r);
		if (!r->rc && e->index >= kind_count(m, e->kind))
			return reader_fail(r, at, -EINVAL, "unknown %s %u",
					   wasm_kind_name(e->kind), e->index);
		if (e->kind == WASM_FUNC && !r->rc)
			m->declared[e->index / 8] |=
				(uint8_t)(1 << e->index % 8);
		m->n_exports++;
	}
	return check_export_names(r, m);
}

static int decode_start(struct reader *r, struct wasm_module *m)
{
	const uint8_t *at = r->p;
	uint32_t index = read_u32(r);

	if (r->rc)
		return r->rc;
	if (index >= m->n_funcs)
		return reader_fail(r, at, -EINVAL, "unknown function %u",
				   index);
	if (m->funcs[index]->func.n_params || m->funcs[index]->func.n_results)
		return reader_fail(r, at, -EINVAL,
				   "start function must take and return "
				   "nothing");
	m->has_start = true;
	m->start = index;
	return 0;
}

/* --- code ---------------------------------------------------------------- */

static int decode_bodies(struct reader *r, struct wasm_module *m)
{
	const uint8_t *at = r->p;
	uint32_t n = read_count(r, 1, "function bodies");

	if (!r->rc && n != m->n_funcs - m->n_imported_funcs)
		return reader_fail(r, at, -ENOEXEC,
				   "function and code section have "
				   "inconsistent lengths");
	for (uint32_t i = 0; i < n && !r->rc; i++) {
		uint32_t size;

		at = r->p;
		size = read_u32(r);
		if (size > MAX_BODY)
			return reader_fail(r, at,
					   size > reader_left(r) ? -ENOEXEC
								 : -ENOTSUP,
					   "function body of %u bytes", size);
		m->bodies[i].start = reader_offset(r);
		read_bytes(r, size);
		m->bodies[i].end = reader_offset(r);
	}
	return r->rc;
}

static int decode_data_count(struct reader *r, struct wasm_module *m)
{
	m->n_datas = read_u32(r);
	m->has_data_count = true;
	return r->rc;
}

/* --- the file ------------------------------------------------------------ */

static int decode_custom(struct reader *r, struct wasm_module *m)
{
	struct wasm_str name = read_name(r);

	if (wasm_str_eq(name, wasm_str("name"))) {
		m->name_section.data = (const char *)r->p;
		m->name_section.len = reader_left(r);
	}
	if (!r->rc)
		r->p = r->end;
	return r->rc;
}

static int decode_section(struct reader *r, struct wasm_module *m, uint8_t id)
{
	static int (*const decode[SECTION_COUNT])(struct reader *,
						  struct wasm_module *) = {
		decode_custom,       decode_type_section, decode_imports,
		decode_functions,    decode_tables,       decode_memories,
		decode_globals,      decode_exports,      decode_start,
		decode_elem_section, decode_bodies,       decode_data_section,
		decode_data_count,   decode_tags,
	};

	/* Before anything may name a function: a bit for each. */
	if (section_order[id] > section_order[SECTION_FUNCTION] &&
	    !m->declared &&
	    !arena_array(&m->arena, m->declared, m->n_funcs / 8 + 1))
		return no_memory(r);
	return decode[id](r, m);
}

static int read_section_header(struct reader *r, uint8_t *id, uint32_t *size)
{
	const uint8_t *at = r->p;

	*id = read_byte(r);
	*size = read_u32(r);
	if (r->rc)
		return r->rc;
	if (*id >= SECTION_COUNT)
		return reader_fail(r, at, -ENOEXEC, "malformed section id %u",
				   *id);
	if (*size > reader_left(r))
		return reader_fail(r, at, -ENOEXEC,
				   "unexpected end: %s of %u bytes",
				   section_name[*id], *size);
	return 0;
}

static int decode_sections(struct reader *r, struct wasm_module *m)
{
	uint8_t last = 0;
	bool code = false, data = false;

	while (!r->rc && reader_left(r)) {
		struct reader s = *r;
		const uint8_t *at = r->p;
		uint32_t size;
		uint8_t id;

		if (read_section_header(r, &id, &size))
			return r->rc;
		if (id != SECTION_CUSTOM && section_order[id] <= last)
			return reader_fail(r, at, -ENOEXEC,
					   "unexpected content after last "
					   "section: %s is out of order",
					   section_name[id]);
		if (id != SECTION_CUSTOM)
			last = section_order[id];
		code |= id == SECTION_CODE;
		data |= id == SECTION_DATA;
		s.p = r->p;
		s.end = s.p + size;
		s.where = section_name[id];
		if (decode_section(&s, m, id))
			return s.rc;
		if (s.p != s.end)
			return reader_fail(&s, s.p, -ENOEXEC,
					   "section size mismatch");
		r->p = s.end;
	}
	if (!code && m->n_funcs != m->n_imported_funcs)
		return reader_fail(r, r->p, -ENOEXEC,
				   "function and code section have "
				   "inconsistent lengths");
	if (!data && m->has_data_count && m->n_datas)
		return reader_fail(r, r->p, -ENOEXEC,
				   "data count and data section have "
				   "inconsistent lengths");
	return 0;
}

static int decode_module(struct wasm_module *m, struct err *err)
{
	struct reader r = {
		.base = m->bytes,
		.p = m->bytes,
		.end = m->bytes + m->len,
		.err = err,
		.where = "module",
		.func = UINT32_MAX,
	};

	if (m->len < 4 || memcmp(m->bytes, "\0asm", 4) != 0)
		return reader_fail(&r, r.p, -ENOEXEC,
				   "magic header not detected");
	if (m->len < 8 || memcmp(m->bytes + 4, "\1\0\0\0", 4) != 0)
		return reader_fail(&r, r.p + 4, -ENOEXEC,
				   "unknown binary version");
	r.p += 8;
	return decode_sections(&r, m);
}

/* With an image, the compiler has validated the code. */
static int load(struct wasm_store *store, const uint8_t *bytes, size_t len,
		struct aot_image *image, struct wasm_module **ret,
		struct err *err)
{
	struct wasm_module *m;
	int rc;

	if (len > UINT32_MAX)
		return err_say(err, -ENOTSUP, "module is bigger than 4 GiB");
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_say(err, -ENOMEM, "out of memory");
	m->store = store;
	m->bytes = bytes;
	m->len = len;
	rc = decode_module(m, err);
	if (rc == 0 && !image)
		rc = validate_code(m, err);
	if (rc < 0) {
		module_free(m);
		return rc;
	}
	m->image = image;
	m->next = store->modules;
	store->modules = m;
	*ret = m;
	return 0;
}

int wasm_module_load(struct wasm_store *store, const uint8_t *bytes, size_t len,
		     struct wasm_module **ret, struct err *err)
{
	return load(store, bytes, len, NULL, ret, err);
}

int wasm_module_load_image(struct wasm_store *store, struct aot_image *image,
			   struct wasm_module **ret, struct err *err)
{
	int rc = trap_init_native();

	if (rc < 0)
		return err_set(err, rc, "prepare for traps");
	rc = load(store, image->module, image->h->module.size, image, ret, err);
	if (rc == 0 && ((*ret)->n_funcs != image->h->n_funcs ||
			(*ret)->n_types != image->h->n_types)) {
		(*ret)->image = NULL;
		return err_say(err, -ENOEXEC,
			       "image: its code is not that of its module");
	}
	return rc;
}

int wasm_section_next(const uint8_t *bytes, size_t len, size_t *pos,
		      struct wasm_section *ret)
{
	struct reader r = {.base = bytes,
			   .end = bytes + len,
			   .where = "module",
			   .func = UINT32_MAX};
	uint32_t size;

	if (*pos == 0)
		*pos = 8;
	if (*pos == len)
		return 0;
	if (*pos > len)
		return -ENOEXEC;
	r.p = bytes + *pos;
	memset(ret, 0, sizeof(*ret));
	if (read_section_header(&r, &ret->id, &size))
		return r.rc;
	ret->offset = (size_t)(r.p - bytes);
	ret->size = size;
	r.end = r.p + size;
	if (ret->id == SECTION_CUSTOM) {
		ret->name = read_name(&r);
		if (r.rc)
			return r.rc;
	} else {
		ret->name = wasm_str(section_name[ret->id]);
		ret->name.len -= strlen(" section");
	}
	*pos = ret->offset + size;
	return 1;
}
