/* What imports resolve to. */
#include <errno.h>

#include "wasm/ir.h"
#include "wasm/module.h"
#include "wasm/store.h"

struct definition {
	struct wasm_str module, name; /* no name: all exports of inst */
	struct wasm_extern ext;
	struct wasm_instance *inst;
};

struct wasm_linker {
	struct wasm_store *store;
	struct definition *defs;
	uint32_t n, cap;
	struct arena arena;
};

static void linker_destroy(void *object)
{
	struct wasm_linker *l = object;

	free(l->defs);
	arena_free(&l->arena);
}

int wasm_linker_new(struct wasm_store *store, struct wasm_linker **ret,
		    struct err *err)
{
	struct wasm_linker *l =
		store_alloc(store, sizeof(*l), linker_destroy, NULL);

	if (!l)
		return err_say(err, -ENOMEM, "out of memory");
	l->store = store;
	*ret = l;
	return 0;
}

static bool copy_str(struct wasm_linker *l, struct wasm_str s,
		     struct wasm_str *ret)
{
	char *p = arena_alloc(&l->arena, s.len + 1);

	if (!p)
		return false;
	if (s.len)
		memcpy(p, s.data, s.len);
	*ret = (struct wasm_str){p, s.len};
	return true;
}

static struct definition *add(struct wasm_linker *l, struct wasm_str module,
			      struct wasm_str name, struct err *err)
{
	struct definition *d;

	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 64;

		d = realloc(l->defs, cap * sizeof(*d));
		if (!d) {
			err_say(err, -ENOMEM, "out of memory");
			return NULL;
		}
		l->defs = d;
		l->cap = cap;
	}
	d = &l->defs[l->n];
	memset(d, 0, sizeof(*d));
	if (!copy_str(l, module, &d->module) || !copy_str(l, name, &d->name)) {
		err_say(err, -ENOMEM, "out of memory");
		return NULL;
	}
	l->n++;
	return d;
}

int wasm_linker_extern(struct wasm_linker *l, struct wasm_str module,
		       struct wasm_str name, struct wasm_extern ext,
		       struct err *err)
{
	struct definition *d = add(l, module, name, err);

	if (!d)
		return -ENOMEM;
	d->ext = ext;
	return 0;
}

int wasm_linker_instance(struct wasm_linker *l, struct wasm_str module,
			 struct wasm_instance *inst, struct err *err)
{
	struct definition *d = add(l, module, wasm_str(""), err);

	if (!d)
		return -ENOMEM;
	d->inst = inst;
	return 0;
}

/* --- functions ----------------------------------------------------------- */

static wasm_type type_letter(char c)
{
	switch (c) {
	case 'i':
		return WASM_I32;
	case 'I':
		return WASM_I64;
	case 'f':
		return WASM_F32;
	case 'F':
		return WASM_F64;
	case 'v':
		return WASM_V128;
	case 'r':
		return WASM_EXTERNREF;
	case 'n':
		return WASM_FUNCREF;
	default:
		return 0;
	}
}

static const wasm_type *parse_types(const char *s, size_t n, uint32_t *slots)
{
	wasm_type *types = malloc(n * sizeof(types[0]) + 1);

	for (size_t i = 0; types && i < n; i++) {
		types[i] = type_letter(s[i]);
		*slots += wasm_type_slots(types[i]);
	}
	return types;
}

int store_functype(struct wasm_store *store, const char *sig,
		   const struct type **ret, struct err *err)
{
	const char *colon = strchr(sig, ':');
	size_t n = colon ? (size_t)(colon - sig) : 0;
	struct wasm_functype *ft;
	struct type *t;
	int64_t id;

	if (!colon || strspn(sig, "iIfFvrn") != n ||
	    strspn(colon + 1, "iIfFvrn") != strlen(colon + 1))
		return err_say(err, -EINVAL, "bad signature \"%s\"", sig);
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_say(err, -ENOMEM, "out of memory");
	t->kind = TYPE_FUNC;
	t->final = true;
	t->super = TYPE_NONE;
	ft = &t->func;
	ft->n_params = (uint32_t)n;
	ft->n_results = (uint32_t)strlen(colon + 1);
	ft->params = parse_types(sig, n, &ft->param_slots);
	ft->results = parse_types(colon + 1, ft->n_results, &ft->result_slots);
	id = ft->params && ft->results ? type_table_add(&store->types, t, 1)
				       : -ENOMEM;
	if (id < 0) {
		type_group_free(t, 1);
		return err_say(err, (int)id, "out of memory");
	}
	*ret = type_get(&store->types, (uint32_t)id);
	return 0;
}

int wasm_linker_func(struct wasm_linker *l, const char *module,
		     const char *name, const char *sig, wasm_host_fn fn,
		     void *data, struct err *err)
{
	const struct type *type;
	struct wasm_extern ext = {.kind = WASM_FUNC};
	struct wasm_func *f;
	int rc = store_functype(l->store, sig, &type, err);

	if (rc < 0)
		return rc;
	f = arena_alloc(&l->arena, sizeof(*f));
	if (!f)
		return err_say(err, -ENOMEM, "out of memory");
	f->code = code_host;
	f->type = type;
	f->host = fn;
	f->data = data;
	f->store = l->store;
	f->frame_slots = type->func.param_slots > type->func.result_slots
				 ? type->func.param_slots
				 : type->func.result_slots;
	ext.func = f;
	return wasm_linker_extern(l, wasm_str(module), wasm_str(name), ext,
				  err);
}

bool linker_resolve(const struct wasm_linker *l, struct wasm_str module,
		    struct wasm_str name, struct wasm_extern *ret)
{
	for (uint32_t i = l->n; i-- > 0;) {
		const struct definition *d = &l->defs[i];

		if (!wasm_str_eq(d->module, module))
			continue;
		if (d->inst) {
			if (wasm_instance_export(d->inst, name, ret))
				return true;
		} else if (wasm_str_eq(d->name, name)) {
			*ret = d->ext;
			return true;
		}
	}
	return false;
}
