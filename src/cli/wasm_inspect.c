/* cli/wasm_inspect.c: what is in a WebAssembly module. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/wasm_open.h"

/* --- inspect ----------------------------------------------------------- */

/* Names are whatever the module's author wrote. */
static void add_str(struct buf *out, struct wasm_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.data[i];

		buf_addc(out, ch < 0x20 || ch == 0x7f ? '?' : (char)ch);
	}
}

static void add_types(struct buf *out, const wasm_type *t, uint32_t n)
{
	char name[32];

	buf_addc(out, '(');
	for (uint32_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? ", " : "",
			   wasm_type_name(t[i], name, sizeof(name)));
	buf_addc(out, ')');
}

static void add_limits(struct buf *out, const struct wasm_limits *l)
{
	buf_printf(out, " %" PRIu64, l->min);
	if (l->has_max)
		buf_printf(out, "..%" PRIu64, l->max);
	buf_printf(out, "%s%s", l->is64 ? " 64-bit" : "",
		   l->shared ? " shared" : "");
}

static void add_externtype(struct buf *out, const struct wasm_store *store,
			   const struct wasm_externtype *t)
{
	const struct wasm_functype *ft;
	char name[32];

	buf_adds(out, wasm_kind_name(t->kind));
	switch (t->kind) {
	case WASM_FUNC:
	case WASM_TAG:
		ft = wasm_store_functype(store, t->func);
		buf_addc(out, ' ');
		add_types(out, ft->params, ft->n_params);
		buf_adds(out, " -> ");
		add_types(out, ft->results, ft->n_results);
		break;
	case WASM_GLOBAL:
		buf_printf(out, " %s%s", t->is_mutable ? "mut " : "",
			   wasm_type_name(t->value, name, sizeof(name)));
		break;
	case WASM_TABLE:
		buf_printf(out, " %s",
			   wasm_type_name(t->value, name, sizeof(name)));
		add_limits(out, &t->limits);
		break;
	case WASM_MEMORY:
		add_limits(out, &t->limits);
		buf_adds(out, " pages");
		break;
	}
	buf_addc(out, '\n');
}

static const char *section_name(uint8_t id)
{
	static const char *const names[] = {
		"custom", "type",   "import",     "function", "table",
		"memory", "global", "export",     "start",    "element",
		"code",   "data",   "data count", "tag",
	};

	return id < ARRAY_SIZE(names) ? names[id] : "unknown";
}

static int add_sections(struct buf *out, const struct wasm_file *f,
			struct err *err)
{
	struct wasm_section s;
	size_t pos = 0;
	int rc;

	buf_adds(out, "sections:\n");
	while ((rc = wasm_section_next(f->bytes, f->len, &pos, &s)) > 0) {
		buf_printf(out, "  %#10zx %10zu  %s", s.offset, s.size,
			   section_name(s.id));
		if (s.id == 0) {
			buf_adds(out, " \"");
			add_str(out, s.name);
			buf_addc(out, '"');
		}
		buf_addc(out, '\n');
	}
	return rc < 0 ? err_say(err, rc, "the sections do not fill the file")
		      : 0;
}

/* --- features ---------------------------------------------------------- */

/* By how an instruction's name begins; the first row that fits counts. */
static const struct {
	const char *prefix;
	const char *feature;
} by_instruction[] = {
	{"i8x16.relaxed", "relaxed-simd"},
	{"i16x8.relaxed", "relaxed-simd"},
	{"i32x4.relaxed", "relaxed-simd"},
	{"f32x4.relaxed", "relaxed-simd"},
	{"f64x2.relaxed", "relaxed-simd"},
	{"i64x2.relaxed", "relaxed-simd"},
	{"v128.", "simd"},
	{"i8x16.", "simd"},
	{"i16x8.", "simd"},
	{"i32x4.", "simd"},
	{"i64x2.", "simd"},
	{"f32x4.", "simd"},
	{"f64x2.", "simd"},
	{"return_call_ref", "tail-call"},
	{"return_call", "tail-call"},
	{"call_ref", "function-references"},
	{"br_on_null", "function-references"},
	{"br_on_non_null", "function-references"},
	{"ref.as_non_null", "function-references"},
	{"struct.", "gc"},
	{"array.", "gc"},
	{"ref.i31", "gc"},
	{"i31.", "gc"},
	{"ref.cast", "gc"},
	{"ref.test", "gc"},
	{"ref.eq", "gc"},
	{"br_on_cast", "gc"},
	{"ref.", "reference-types"},
	{"table.", "reference-types"},
	{"throw", "exceptions"},
	{"try_table", "exceptions"},
	{"memory.copy", "bulk-memory"},
	{"memory.fill", "bulk-memory"},
	{"memory.init", "bulk-memory"},
	{"data.drop", "bulk-memory"},
	{"elem.drop", "bulk-memory"},
	{"memory.atomic", "threads"},
	{"atomic.fence", "threads"},
	{"i32.atomic", "threads"},
	{"i64.atomic", "threads"},
	{"i32.extend8_s", "sign-extension"},
	{"i32.extend16_s", "sign-extension"},
	{"i64.extend8_s", "sign-extension"},
	{"i64.extend16_s", "sign-extension"},
	{"i64.extend32_s", "sign-extension"},
	{"i32.trunc_sat", "saturating-conversions"},
	{"i64.trunc_sat", "saturating-conversions"},
};

struct features {
	const char *seen[ARRAY_SIZE(by_instruction) + 8];
	size_t n;
};

static void add_feature(struct features *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->seen[i], name))
			return;
	f->seen[f->n++] = name;
}

/* A line of the listing: the offset, then the instruction. */
static void see_line(void *ctx, const char *line)
{
	const char *word = line + strspn(line, " ");

	word += strcspn(word, " ");
	word += strspn(word, " ");
	for (size_t i = 0; i < ARRAY_SIZE(by_instruction); i++)
		if (str_after(word, by_instruction[i].prefix)) {
			add_feature(ctx, by_instruction[i].feature);
			return;
		}
}

static void see_type(struct features *f, const struct wasm_externtype *t)
{
	if (t->kind == WASM_TAG)
		add_feature(f, "exceptions");
	if (t->kind != WASM_MEMORY && t->kind != WASM_TABLE)
		return;
	if (t->limits.is64)
		add_feature(f, t->kind == WASM_MEMORY ? "memory64" : "table64");
	if (t->limits.shared)
		add_feature(f, "threads");
}

/* Functions without a body; they come first. */
static uint32_t n_imported(const struct wasm_module *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < wasm_module_n_imports(m); i++) {
		struct wasm_import imp;

		wasm_module_import(m, i, &imp);
		n += imp.type.kind == WASM_FUNC;
	}
	return n;
}

static int find_features(const struct wasm_opened *o, struct features *f,
			 struct err *err)
{
	uint32_t n = wasm_module_n_funcs(o->module);

	for (uint32_t i = 0; i < wasm_module_n_imports(o->module); i++) {
		struct wasm_import imp;

		wasm_module_import(o->module, i, &imp);
		see_type(f, &imp.type);
	}
	for (uint32_t i = 0; i < wasm_module_n_exports(o->module); i++) {
		struct wasm_export e;

		wasm_module_export(o->module, i, &e);
		see_type(f, &e.type);
	}
	for (uint32_t i = n_imported(o->module); i < n; i++) {
		int rc = wasm_disasm(o->module, NULL, i, see_line, f, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

static void add_features(struct buf *out, const struct features *f)
{
	buf_adds(out, "features:");
	for (size_t i = 0; i < f->n; i++)
		buf_printf(out, " %s", f->seen[i]);
	buf_adds(out, f->n ? "\n" : " none beyond the first version\n");
}

static void add_imports(struct buf *out, const struct wasm_opened *o)
{
	uint32_t n = wasm_module_n_imports(o->module);

	buf_printf(out, "imports: %u\n", n);
	for (uint32_t i = 0; i < n; i++) {
		struct wasm_import imp;

		wasm_module_import(o->module, i, &imp);
		buf_adds(out, "  ");
		add_str(out, imp.module);
		buf_addc(out, '.');
		add_str(out, imp.name);
		buf_addc(out, ' ');
		add_externtype(out, o->store, &imp.type);
	}
}

static void add_exports(struct buf *out, const struct wasm_opened *o)
{
	uint32_t n = wasm_module_n_exports(o->module);

	buf_printf(out, "exports: %u\n", n);
	for (uint32_t i = 0; i < n; i++) {
		struct wasm_export e;

		wasm_module_export(o->module, i, &e);
		buf_adds(out, "  ");
		add_str(out, e.name);
		buf_addc(out, ' ');
		add_externtype(out, o->store, &e.type);
	}
}

int cmd_wasm_inspect(const struct args *args)
{
	_cleanup_(wasm_opened_close) struct wasm_opened o = {0};
	_cleanup_buf_ struct buf out = {0};
	struct features features = {0};
	struct err err = {0};

	if (wasm_open(args->rest[0], &o, &err) < 0 ||
	    add_sections(&out, &o.file, &err) < 0 ||
	    find_features(&o, &features, &err) < 0)
		return cli_fail(&err, 1);
	add_imports(&out, &o);
	add_exports(&out, &o);
	buf_printf(&out, "functions: %u, imports counted\n",
		   wasm_module_n_funcs(o.module));
	add_features(&out, &features);
	return cli_print(&out);
}

/* --- disasm ------------------------------------------------------------ */

static void print_line(void *ctx, const char *line)
{
	fputs(line, stdout);
	putchar('\n');
}

/* A program that is ready, for its register code; WASI with nothing in it. */
static int prepare(const struct wasm_opened *o, struct wasi_program *p,
		   struct err *err)
{
	static const struct wasi_config nothing = {
		.stdio = {-1, -1, -1},
		.etc_root = -1,
		.no_sockets = true,
	};
	int rc = wasi_program_load(p, &o->file, NULL, NULL, &nothing, err);

	if (rc == 0)
		rc = wasm_instantiate(p->store, p->module, p->linker,
				      &p->instance, err);
	if (rc > 0)
		rc = err_say(err, -ENOEXEC, "the start function traps: %s",
			     wasm_trap_text((enum wasm_trap)rc));
	return rc;
}

static int disasm_one(struct wasm_module *m, struct wasm_instance *inst,
		      uint64_t index, struct err *err)
{
	uint32_t n = wasm_module_n_funcs(m);

	if (index >= n)
		return err_say(err, -ERANGE,
			       "there is no function %" PRIu64
			       ": the module has %u",
			       index, n);
	return wasm_disasm(m, inst, (uint32_t)index, print_line, NULL, err);
}

static int disasm_all(const struct args *args, struct wasm_module *m,
		      struct wasm_instance *inst, struct err *err)
{
	char **list = args_list(args, "func");
	uint32_t n = list ? 0 : wasm_module_n_funcs(m);
	int rc = 0;

	for (uint32_t i = n_imported(m); rc == 0 && i < n; i++)
		rc = disasm_one(m, inst, i, err);
	STRV_FOREACH (f, list) {
		uint64_t index;

		if (parse_u64(*f, UINT32_MAX, &index) < 0)
			return err_say(err, -EINVAL,
				       "--func %s: not a function's number",
				       *f);
		rc = disasm_one(m, inst, index, err);
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && fflush(stdout) != 0)
		rc = err_set(err, -errno, "write to standard output");
	return rc;
}

int cmd_wasm_disasm(const struct args *args)
{
	_cleanup_(wasm_opened_close) struct wasm_opened o = {0};
	struct wasi_program p = {0};
	struct err err = {0};
	int rc;

	rc = wasm_open(args->rest[0], &o, &err);
	if (rc == 0 && args_has(args, "ir")) {
		rc = prepare(&o, &p, &err);
		if (rc == 0)
			rc = disasm_all(args, p.module, p.instance, &err);
	} else if (rc == 0) {
		rc = disasm_all(args, o.module, NULL, &err);
	}
	wasi_program_free(&p);
	return rc < 0 ? cli_fail(&err, 1) : 0;
}
