/* From a module to an instance (core specification, "Instantiation"). */
#include <errno.h>
#include <stdio.h>

#include "wasm/aot_run.h"
#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/store.h"

static int no_memory(struct err *err)
{
	return err_say(err, -ENOMEM, "out of memory");
}

/* --- imports ------------------------------------------------------------- */

static bool limits_match(const struct wasm_limits *want, uint64_t size,
			 bool has_max, uint64_t max)
{
	return size >= want->min &&
	       (!want->has_max || (has_max && max <= want->max));
}

static bool table_matches(const struct table_desc *want,
			  const struct wasm_table *t)
{
	return t->elem == want->elem && t->type.is64 == want->limits.is64 &&
	       limits_match(&want->limits, t->len, t->type.has_max,
			    t->type.max);
}

static bool memory_matches(const struct wasm_limits *want,
			   const struct wasm_memory *m)
{
	return m->is64 == want->is64 && m->shared == want->shared &&
	       limits_match(want, wasm_memory_pages(m), m->has_max,
			    m->max_pages);
}

static bool global_matches(const struct type_table *types,
			   const struct global_desc *want,
			   const struct wasm_global *g)
{
	if (g->is_mutable != want->is_mutable)
		return false;
	return want->is_mutable ? g->type == want->type
				: type_matches(types, g->type, want->type);
}

/* Does it fit?  Then it is the instance's from now on. */
static bool take_import(struct wasm_instance *inst, const struct import_desc *i,
			const struct wasm_extern *ext)
{
	const struct wasm_module *m = inst->module;
	const struct type_table *types = &inst->store->types;

	if (ext->kind != i->kind)
		return false;
	switch (ext->kind) {
	case WASM_FUNC:
		inst->func[i->index] = ext->func;
		return type_id_matches(types, ext->func->type->id,
				       m->funcs[i->index]->id);
	case WASM_TABLE:
		inst->table[i->index] = ext->table;
		return table_matches(&m->tables[i->index], ext->table);
	case WASM_MEMORY:
		inst->memory[i->index] = ext->memory;
		return memory_matches(&m->memories[i->index], ext->memory);
	case WASM_GLOBAL:
		inst->global[i->index] = ext->global;
		return global_matches(types, &m->globals[i->index],
				      ext->global);
	case WASM_TAG:
		inst->tag[i->index] = ext->tag;
		return ext->tag->type == m->tags[i->index];
	}
	return false;
}

static int signature(const struct wasm_functype *ft, char *buf, size_t size)
{
	size_t n = 0;
	char name[40];

	for (uint32_t i = 0; i < ft->n_params + ft->n_results && n < size;
	     i++) {
		wasm_type t = i < ft->n_params ? ft->params[i]
					       : ft->results[i - ft->n_params];

		n += (size_t)snprintf(buf + n, size - n, "%s%s",
				      i == ft->n_params ? " -> "
				      : i               ? " "
							: "",
				      wasm_type_name(t, name, sizeof(name)));
	}
	return n ? 0 : snprintf(buf, size, "nothing");
}

static int mismatch(const struct wasm_instance *inst,
		    const struct import_desc *i, const struct wasm_extern *ext,
		    struct err *err)
{
	char want[64] = "", have[64] = "";

	if (ext->kind != i->kind)
		return err_say(err, -ENOLINK,
			       "incompatible import type: \"%.*s\" \"%.*s\" is "
			       "a %s, not a %s",
			       (int)i->module.len, i->module.data,
			       (int)i->name.len, i->name.data,
			       wasm_kind_name(ext->kind),
			       wasm_kind_name(i->kind));
	if (i->kind != WASM_FUNC)
		return err_say(err, -ENOLINK,
			       "incompatible import type: %s \"%.*s\" "
			       "\"%.*s\"",
			       wasm_kind_name(i->kind), (int)i->module.len,
			       i->module.data, (int)i->name.len, i->name.data);
	signature(&inst->module->funcs[i->index]->func, want, sizeof(want));
	signature(&ext->func->type->func, have, sizeof(have));
	return err_say(err, -ENOLINK,
		       "incompatible import type: func \"%.*s\" \"%.*s\" is "
		       "(%s), the module wants (%s)",
		       (int)i->module.len, i->module.data, (int)i->name.len,
		       i->name.data, have, want);
}

static int resolve_imports(struct wasm_instance *inst,
			   const struct wasm_linker *linker, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t n = 0; n < m->n_imports; n++) {
		const struct import_desc *i = &m->imports[n];
		struct wasm_extern ext;

		if (!linker ||
		    !linker_resolve(linker, i->module, i->name, &ext))
			return err_say(err, -ENOLINK,
				       "unknown import: %s \"%.*s\" \"%.*s\"",
				       wasm_kind_name(i->kind),
				       (int)i->module.len, i->module.data,
				       (int)i->name.len, i->name.data);
		if (!take_import(inst, i, &ext))
			return mismatch(inst, i, &ext, err);
	}
	return 0;
}

/* --- what it owns -------------------------------------------------------- */

static bool allocate(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;
	struct arena *a = &inst->arena;

	return arena_array(a, inst->func, m->n_funcs) &&
	       arena_array(a, inst->table, m->n_tables) &&
	       arena_array(a, inst->memory, m->n_memories) &&
	       arena_array(a, inst->global, m->n_globals) &&
	       arena_array(a, inst->tag, m->n_tags) &&
	       arena_array(a, inst->data, m->n_datas) &&
	       arena_array(a, inst->elem, m->n_elems) &&
	       arena_array(a, inst->own_funcs,
			   m->n_funcs - m->n_imported_funcs) &&
	       arena_array(a, inst->own_tables,
			   m->n_tables - m->n_imported_tables) &&
	       arena_array(a, inst->own_memories,
			   m->n_memories - m->n_imported_memories) &&
	       arena_array(a, inst->own_globals,
			   m->n_globals - m->n_imported_globals) &&
	       arena_array(a, inst->own_tags, m->n_tags - m->n_imported_tags);
}

static void make_funcs(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_funcs; i < m->n_funcs; i++) {
		struct wasm_func *f = &inst->own_funcs[i - m->n_imported_funcs];

		f->code = code_compile;
		f->inst = inst;
		f->store = inst->store;
		f->type = m->funcs[i];
		f->index = i;
		inst->func[i] = f;
	}
}

static int make_tags(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_tags; i < m->n_tags; i++) {
		struct wasm_tag *t = &inst->own_tags[i - m->n_imported_tags];
		const struct wasm_functype *ft = &m->tags[i]->func;
		enum gc_storage *fields =
			malloc((ft->n_params + 1) * sizeof(fields[0]));

		if (!fields)
			return no_memory(err);
		for (uint32_t j = 0; j < ft->n_params; j++)
			fields[j] = type_storage(&inst->store->types,
						 ft->params[j]);
		t->type = m->tags[i];
		t->layout =
			gc_layout_fields(GC_EXCEPTION, t, fields, ft->n_params);
		free(fields);
		if (!t->layout)
			return no_memory(err);
		inst->tag[i] = t;
	}
	return 0;
}

static int make_memories(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_memories; i < m->n_memories; i++) {
		const struct wasm_limits *l = &m->memories[i];
		struct wasm_memory_type type = {
			.min_pages = l->min,
			.max_pages = l->max,
			.has_max = l->has_max,
			.is64 = l->is64,
			.shared = l->shared,
			.checked = inst->store->cfg.checked,
		};
		struct wasm_memory *mem =
			&inst->own_memories[i - m->n_imported_memories];
		int rc = wasm_memory_init(mem, &type,
					  inst->store->cfg.memory_bytes, err);

		if (rc < 0)
			return rc;
		inst->memory[i] = mem;
	}
	if (m->n_memories && inst->memory[0]->guarded)
		inst->mem0_base = inst->memory[0]->base;
	return 0;
}

static int evaluate(struct wasm_instance *inst, uint32_t offset,
		    union wasm_value v[2], struct err *err)
{
	int rc = const_eval(inst, offset, v);

	if (rc < 0)
		return no_memory(err);
	if (rc > 0)
		err_say(err, -EFAULT, "trap: %s",
			wasm_trap_text((enum wasm_trap)rc));
	return rc;
}

static int make_globals(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_globals; i < m->n_globals; i++) {
		struct wasm_global *g =
			&inst->own_globals[i - m->n_imported_globals];
		int rc = evaluate(inst, m->globals[i].init, g->v, err);

		if (rc)
			return rc;
		g->type = m->globals[i].type;
		g->is_mutable = m->globals[i].is_mutable;
		inst->global[i] = g;
	}
	return 0;
}

static int make_tables(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_tables; i < m->n_tables; i++) {
		const struct table_desc *d = &m->tables[i];
		struct wasm_table *t =
			&inst->own_tables[i - m->n_imported_tables];
		union wasm_value v[2] = {{0}};
		int rc = d->init ? evaluate(inst, d->init, v, err) : 0;

		if (rc == 0)
			rc = wasm_table_init(t, d->elem, &d->limits,
					     inst->store->cfg.table_elems,
					     v[0].ref, err);
		if (rc)
			return rc;
		inst->table[i] = t;
	}
	return 0;
}

/* --- segments ------------------------------------------------------------ */

static int make_elem(struct wasm_instance *inst, uint32_t index,
		     struct err *err)
{
	const struct wasm_module *m = inst->module;
	const struct elem_desc *d = &m->elems[index];
	struct elem_seg *s = &inst->elem[index];
	struct reader r = {.base = m->bytes,
			   .p = m->bytes + d->start,
			   .end = m->bytes + m->len,
			   .where = "element segment",
			   .func = UINT32_MAX};

	if (d->mode == SEG_DECLARATIVE || !d->n)
		return 0;
	s->refs = calloc(d->n, sizeof(s->refs[0]));
	if (!s->refs)
		return no_memory(err);
	for (s->len = 0; s->len < d->n; s->len++) {
		union wasm_value v[2];
		int rc;

		if (!d->exprs) {
			s->refs[s->len] = (uintptr_t)inst->func[read_u32(&r)];
			continue;
		}
		rc = const_eval_at(inst, &r, v);
		if (rc < 0)
			return no_memory(err);
		if (rc > 0) {
			err_say(err, -EFAULT, "trap: %s",
				wasm_trap_text((enum wasm_trap)rc));
			return rc;
		}
		s->refs[s->len] = v[0].ref;
	}
	return 0;
}

static int segment_trap(enum wasm_trap trap, const char *kind, uint32_t index,
			struct err *err)
{
	if (trap)
		err_say(err, -EFAULT, "trap: %s (%s segment %u)",
			wasm_trap_text(trap), kind, index);
	return trap;
}

static int place_elems(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = 0; i < m->n_elems; i++) {
		const struct elem_desc *d = &m->elems[i];
		struct elem_seg *s = &inst->elem[i];
		struct wasm_table *t;
		union wasm_value at[2];
		int rc;

		if (d->mode != SEG_ACTIVE)
			continue;
		t = inst->table[d->table];
		rc = evaluate(inst, d->offset, at, err);
		if (rc)
			return rc;
		rc = segment_trap(
			wasm_table_copy_in(t,
					   t->type.is64 ? at[0].i64 : at[0].i32,
					   s->refs, s->len, 0, d->n),
			"element", i, err);
		if (rc)
			return rc;
		free(s->refs);
		s->refs = NULL;
		s->len = 0;
	}
	return 0;
}

static int place_datas(struct wasm_instance *inst, struct err *err)
{
	const struct wasm_module *m = inst->module;
	bool ready = aot_adopt_memory(inst);

	for (uint32_t i = 0; i < m->n_datas; i++) {
		const struct data_desc *d = &m->datas[i];
		struct data_seg *s = &inst->data[i];
		struct wasm_memory *mem;
		union wasm_value at[2];
		int rc;

		s->data = m->bytes + d->start;
		s->len = d->len;
		if (d->mode != SEG_ACTIVE)
			continue;
		if (d->memory == 0 && ready) {
			s->len = 0;
			continue;
		}
		mem = inst->memory[d->memory];
		rc = evaluate(inst, d->offset, at, err);
		if (rc)
			return rc;
		rc = segment_trap(
			wasm_memory_copy_in(mem,
					    mem->is64 ? at[0].i64 : at[0].i32,
					    s->data, s->len, 0, s->len),
			"data", i, err);
		if (rc)
			return rc;
		s->len = 0;
	}
	return 0;
}

/* --- all of it ----------------------------------------------------------- */

static int build(struct wasm_instance *inst, const struct wasm_linker *linker,
		 struct err *err)
{
	int rc = resolve_imports(inst, linker, err);

	if (rc)
		return rc;
	make_funcs(inst);
	rc = make_tags(inst, err);
	if (!rc)
		rc = make_globals(inst, err);
	if (!rc)
		rc = make_tables(inst, err);
	if (!rc)
		rc = make_memories(inst, err);
	for (uint32_t i = 0; !rc && i < inst->module->n_elems; i++)
		rc = make_elem(inst, i, err);
	if (!rc)
		rc = aot_use_image(inst, err);
	return rc;
}

int wasm_instantiate(struct wasm_store *store, struct wasm_module *module,
		     struct wasm_linker *linker, struct wasm_instance **ret,
		     struct err *err)
{
	struct wasm_instance *inst = calloc(1, sizeof(*inst));
	int rc;

	*ret = NULL;
	if (!inst)
		return no_memory(err);
	inst->store = store;
	inst->module = module;
	if (!allocate(inst)) {
		instance_free(inst);
		return no_memory(err);
	}
	/* From here on the collector must see it. */
	inst->next = store->instances;
	store->instances = inst;
	rc = build(inst, linker, err);
	if (rc) {
		/* Nobody else has seen it. */
		store->instances = inst->next;
		instance_free(inst);
		return rc;
	}
	/* A trap may come after others were given its functions. */
	rc = place_elems(inst, err);
	if (!rc)
		rc = place_datas(inst, err);
	if (!rc && module->has_start)
		rc = wasm_call(inst->func[module->start], NULL, err);
	if (rc)
		return rc;
	*ret = inst;
	return 0;
}

void instance_free(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->n_imported_memories;
	     inst->own_memories && i < m->n_memories; i++)
		wasm_memory_destroy(
			&inst->own_memories[i - m->n_imported_memories]);
	for (uint32_t i = m->n_imported_tables;
	     inst->own_tables && i < m->n_tables; i++)
		wasm_table_destroy(&inst->own_tables[i - m->n_imported_tables]);
	for (uint32_t i = m->n_imported_tags; inst->own_tags && i < m->n_tags;
	     i++)
		free((void *)inst->own_tags[i - m->n_imported_tags].layout);
	for (uint32_t i = 0; inst->elem && i < m->n_elems; i++)
		free(inst->elem[i].refs);
	while (inst->code) {
		struct func_code *next = inst->code->next;

		func_code_free(inst->code);
		inst->code = next;
	}
	arena_free(&inst->arena);
	free(inst);
}

/* --- access -------------------------------------------------------------- */

struct wasm_module *wasm_instance_module(const struct wasm_instance *inst)
{
	return inst->module;
}

bool wasm_instance_export(const struct wasm_instance *inst,
			  struct wasm_str name, struct wasm_extern *ret)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = 0; i < m->n_exports; i++) {
		const struct export_desc *e = &m->exports[i];

		if (!wasm_str_eq(e->name, name))
			continue;
		ret->kind = e->kind;
		switch (ret->kind) {
		case WASM_FUNC:
			ret->func = inst->func[e->index];
			break;
		case WASM_TABLE:
			ret->table = inst->table[e->index];
			break;
		case WASM_MEMORY:
			ret->memory = inst->memory[e->index];
			break;
		case WASM_GLOBAL:
			ret->global = inst->global[e->index];
			break;
		case WASM_TAG:
			ret->tag = inst->tag[e->index];
			break;
		}
		return true;
	}
	return false;
}
