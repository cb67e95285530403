#include "wasm/wasi.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wasm/wasi_internal.h"

/* A name, a shape, and what it does. */
struct wasi_function {
	const char *name;
	size_t name_len;
	const char *sig;
	wasi_fn *fn;
};

static const struct wasi_function functions[] = {
#define WASI(name, sig)        {#name, sizeof(#name) - 1, sig, wasi_##name},
#define WASI_AS(name, sig, fn) {#name, sizeof(#name) - 1, sig, wasi_##fn},
#include "wasm/wasi.def"
#undef WASI
#undef WASI_AS
};

/* One imported function; what the linker passes back as `data`. */
struct wasi_binding {
	struct wasi *w;
	wasi_fn *fn;
	bool unstable;
};

static enum wasm_trap call_function(struct wasm_caller *caller, void *data,
				    union wasm_value *v)
{
	const struct wasi_binding *b = data;
	struct wasi_call call = {
		.w = b->w,
		.caller = caller,
		.unstable = b->unstable,
	};
	uint32_t rc = b->fn(&call, v);

	if (b->w->exited)
		return WASM_TRAP_EXIT;
	v[0].i32 = rc;
	return WASM_TRAP_NONE;
}

static char type_letter(wasm_type t)
{
	switch (t) {
	case WASM_I32:
		return 'i';
	case WASM_I64:
		return 'I';
	default:
		return '?'; /* no function of WASI has another one */
	}
}

static bool has_shape(const struct wasm_functype *ft, const char *sig)
{
	for (uint32_t i = 0; i < ft->n_params; i++)
		if (*sig++ != type_letter(ft->params[i]))
			return false;
	if (*sig++ != ':')
		return false;
	for (uint32_t i = 0; i < ft->n_results; i++)
		if (*sig++ != type_letter(ft->results[i]))
			return false;
	return !*sig;
}

/* By name and shape. */
static const struct wasi_function *
find_function(struct wasm_str name, const struct wasm_functype *ft, bool *known)
{
	*known = false;
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		const struct wasi_function *f = &functions[i];

		if (f->name_len != name.len ||
		    memcmp(f->name, name.data, name.len) != 0)
			continue;
		if (has_shape(ft, f->sig))
			return f;
		*known = true;
	}
	return NULL;
}

static const char *const module_names[] = {
	"wasi_snapshot_preview1",
	"wasi_unstable",
};

/* Its index above, or -1. */
static int wasi_module(struct wasm_str module)
{
	for (int i = 0; i < (int)ARRAY_SIZE(module_names); i++)
		if (wasm_str_eq(module, wasm_str(module_names[i])))
			return i;
	return -1;
}

bool wasi_has_module(struct wasm_str module)
{
	return wasi_module(module) >= 0;
}

int wasi_link(struct wasi *w, struct wasm_store *store,
	      struct wasm_linker *linker, const struct wasm_module *module,
	      struct err *err)
{
	uint32_t n = wasm_module_n_imports(module);
	struct wasi_binding *b;

	/* Freed with `w`, which outlives the calls; linking a second module
	 * is not foreseen. */
	free(w->bindings);
	w->bindings = b = calloc(n ? n : 1, sizeof(*b));
	if (!b)
		return err_set(err, -ENOMEM, "link WASI");
	for (uint32_t i = 0; i < n; i++) {
		const struct wasi_function *f;
		struct wasm_import imp;
		int which, rc;
		bool known;

		wasm_module_import(module, i, &imp);
		which = wasi_module(imp.module);
		if (which < 0 || imp.type.kind != WASM_FUNC)
			continue;
		f = find_function(imp.name,
				  wasm_store_functype(store, imp.type.func),
				  &known);
		if (!f)
			return err_say(
				err, -ENOLINK, "import %s.%.*s: %s",
				module_names[which],
				(int)(imp.name.len < 64 ? imp.name.len : 64),
				imp.name.data,
				known ? "not the type that it has in "
					"WASI"
				      : "WASI has no such function");
		*b = (struct wasi_binding){w, f->fn, which == 1};
		rc = wasm_linker_func(linker, module_names[which], f->name,
				      f->sig, call_function, b, err);
		if (rc < 0)
			return rc;
		b++;
	}
	return 0;
}

static int add_stdio(struct wasi *w, struct err *err)
{
	for (int i = 0; i < 3; i++) {
		struct wasi_fd f = {.fd = w->cfg.stdio[i], .shared = true};

		if (f.fd >= 0 &&
		    wasi_fd_describe(&f, WASI_RIGHTS_ALL, WASI_RIGHTS_ALL) < 0)
			f.fd = -1;
		w->fds[i] = f;
	}
	w->n_fds = 3;
	return 0;
}

static int add_preopens(struct wasi *w, struct err *err)
{
	for (size_t i = 0; i < w->cfg.n_preopens; i++) {
		const struct wasi_preopen *p = &w->cfg.preopens[i];
		struct wasi_fd f = {
			.fd = p->fd,
			.readonly = p->readonly,
			.is_root = p->is_root,
			.preopen = p->guest,
		};
		int rc = wasi_fd_describe(&f, WASI_RIGHTS_ALL, WASI_RIGHTS_ALL);

		if (rc == 0 && f.filetype != WASI_FILETYPE_DIRECTORY)
			rc = -ENOTDIR;
		if (rc < 0)
			return err_set(err, rc, "directory \"%s\" of the guest",
				       p->guest);
		w->fds[w->n_fds++] = f;
	}
	return 0;
}

int wasi_new(const struct wasi_config *cfg, struct wasi **ret, struct err *err)
{
	struct wasi *w = calloc(1, sizeof(*w));
	size_t n = 3 + cfg->n_preopens;
	int rc;

	if (w)
		w->fds = calloc(n, sizeof(*w->fds));
	if (!w || !w->fds) {
		wasi_free(w);
		return err_set(err, -ENOMEM, "set up WASI");
	}
	w->cfg = *cfg;
	w->max_fds = cfg->max_fds ? cfg->max_fds : 65536;
	rc = add_stdio(w, err);
	if (rc == 0)
		rc = add_preopens(w, err);
	if (rc < 0) {
		wasi_free(w);
		return rc;
	}
	*ret = w;
	return 0;
}

void wasi_free(struct wasi *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->n_fds; i++)
		wasi_fd_drop(&w->fds[i]);
	free(w->fds);
	free(w->bindings);
	free(w);
}

bool wasi_exited(const struct wasi *w, uint32_t *code)
{
	*code = w->exit_code;
	return w->exited;
}
