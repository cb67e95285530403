/* What a module says about itself. */
#include <errno.h>
#include <stdio.h>

#include "wasm/aot.h"
#include "wasm/module.h"
#include "wasm/store.h"

const struct type_table *module_types(const struct wasm_module *m)
{
	return &m->store->types;
}

void module_free(struct wasm_module *m)
{
	if (!m)
		return;
	aot_image_close(m->image);
	arena_free(&m->arena);
	free(m);
}

const char *wasm_kind_name(enum wasm_kind kind)
{
	static const char names[][8] = {"func", "table", "memory", "global",
					"tag"};

	return names[kind];
}

/* --- names --------------------------------------------------------------- */

/* The name section is for people: what is wrong with it is no error, it just
 * yields no name. */
static bool find_name(const struct wasm_module *m, uint32_t func,
		      struct wasm_str *ret)
{
	struct reader r = {
		.base = m->bytes,
		.p = (const uint8_t *)m->name_section.data,
		.func = UINT32_MAX,
		.where = "name section",
	};

	r.end = r.p + m->name_section.len;
	while (!r.rc && reader_left(&r)) {
		uint8_t id = read_byte(&r);
		uint32_t size = read_u32(&r);

		if (id != 1) {
			read_bytes(&r, size);
			continue;
		}
		for (uint32_t n = read_u32(&r); n && !r.rc; n--) {
			uint32_t index = read_u32(&r);

			*ret = read_name(&r);
			if (index == func && !r.rc)
				return ret->len > 0;
		}
		return false;
	}
	return false;
}

struct wasm_str module_func_name(const struct wasm_module *m, uint32_t func)
{
	struct wasm_str name = {NULL, 0};

	if (m->name_section.len && find_name(m, func, &name))
		return name;
	for (uint32_t i = 0; i < m->n_exports; i++)
		if (m->exports[i].kind == WASM_FUNC &&
		    m->exports[i].index == func)
			return m->exports[i].name;
	return (struct wasm_str){NULL, 0};
}

/* --- imports and exports ------------------------------------------------- */

static void extern_type(const struct wasm_module *m, uint8_t kind,
			uint32_t index, struct wasm_externtype *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->kind = kind;
	switch (ret->kind) {
	case WASM_FUNC:
		ret->func = m->funcs[index]->id;
		break;
	case WASM_TABLE:
		ret->value = m->tables[index].elem;
		ret->limits = m->tables[index].limits;
		break;
	case WASM_MEMORY:
		ret->limits = m->memories[index];
		break;
	case WASM_GLOBAL:
		ret->value = m->globals[index].type;
		ret->is_mutable = m->globals[index].is_mutable;
		break;
	case WASM_TAG:
		ret->func = m->tags[index]->id;
		break;
	}
}

uint32_t wasm_module_n_imports(const struct wasm_module *m)
{
	return m->n_imports;
}

uint32_t wasm_module_n_funcs(const struct wasm_module *m)
{
	return m->n_funcs;
}

uint32_t wasm_module_n_exports(const struct wasm_module *m)
{
	return m->n_exports;
}

void wasm_module_import(const struct wasm_module *m, uint32_t i,
			struct wasm_import *ret)
{
	ret->module = m->imports[i].module;
	ret->name = m->imports[i].name;
	extern_type(m, m->imports[i].kind, m->imports[i].index, &ret->type);
}

void wasm_module_export(const struct wasm_module *m, uint32_t i,
			struct wasm_export *ret)
{
	ret->name = m->exports[i].name;
	ret->index = m->exports[i].index;
	extern_type(m, m->exports[i].kind, m->exports[i].index, &ret->type);
}

const struct wasm_functype *wasm_store_functype(const struct wasm_store *store,
						uint32_t type)
{
	return &type_get(&store->types, type)->func;
}
