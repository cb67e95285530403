#include "wasm/wasi_run.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "wasm/aot.h"

/* --- files ------------------------------------------------------------- */

/* The first thing of the text format that is not space or a comment. */
static bool looks_like_text(const uint8_t *p, size_t len)
{
	size_t i = 0;

	while (i < len &&
	       (p[i] == ' ' || p[i] == '\n' || p[i] == '\t' || p[i] == '\r'))
		i++;
	return i < len && (p[i] == '(' || p[i] == ';');
}

static int check_kind(const struct wasm_file *f, const char *name,
		      struct err *err)
{
	if (f->len >= 4 && memcmp(f->bytes, "\0asm", 4) == 0)
		return 0;
	if (looks_like_text(f->bytes, f->len))
		return err_say(err, -ENOEXEC,
			       "%s is WebAssembly text: convert it first, with "
			       "\"wat2wasm %s\" or \"wasm-tools parse %s -o "
			       "out.wasm\"",
			       name, name, name);
	return err_say(err, -ENOEXEC,
		       "%s is not a WebAssembly module: it does not begin "
		       "with \\0asm",
		       name);
}

/* What of the section is worth copying: of a custom one, its name, which the
 * decoder checks; and all of the names of functions. */
static size_t copied(const struct wasm_section *s)
{
	size_t head = s->name.len + 5; /* and its length */

	if (s->id != 0 || wasm_str_eq(s->name, wasm_str("name")))
		return s->size;
	return head < s->size ? head : s->size;
}

/* Replace the mapping of the file by memory of our own.  What the walk finds
 * may change under it; the decoder will see the copy, and judge that. */
static int isolate_file(struct wasm_file *f, const char *name, struct err *err)
{
	uint8_t *copy =
		mmap(NULL, f->len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t pos = 0, done = f->len < 8 ? f->len : 8;
	struct wasm_section s;
	int rc;

	if (copy == MAP_FAILED)
		return err_set(err, -errno, "copy %s", name);
	memcpy(copy, f->bytes, done); /* the magic and the version */
	while ((rc = wasm_section_next(f->bytes, f->len, &pos, &s)) > 0) {
		size_t end = s.offset + copied(&s);

		memcpy(copy + done, f->bytes + done, end - done);
		done = s.offset + s.size;
	}
	if (rc < 0)
		memcpy(copy + done, f->bytes + done, f->len - done);
	mprotect(copy, f->len, PROT_READ);
	wasm_file_unmap(f);
	f->bytes = copy;
	return 0;
}

int wasm_file_map(int fd, const char *name, bool isolate, struct wasm_file *ret,
		  struct err *err)
{
	struct wasm_file f;
	struct stat st;
	void *p;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_say(err, -EINVAL, "%s is not a regular file", name);
	if (st.st_size == 0)
		return err_say(err, -ENOEXEC, "%s is empty", name);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "map %s", name);
	f = (struct wasm_file){p, (size_t)st.st_size};
	rc = check_kind(&f, name, err);
	if (rc == 0 && isolate)
		rc = isolate_file(&f, name, err);
	if (rc < 0) {
		wasm_file_unmap(&f);
		return rc;
	}
	*ret = f;
	return 0;
}

void wasm_file_unmap(struct wasm_file *f)
{
	if (f->bytes)
		munmap((void *)(uintptr_t)f->bytes, f->len);
	f->bytes = NULL;
}

/* --- programs ---------------------------------------------------------- */

/* A name out of a module goes to a terminal: whoever wrote the module must
 * not write to it. */
static void add_name(struct buf *report, struct wasm_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char ch = (unsigned char)name.data[i];

		buf_addc(report, ch < 0x20 || ch == 0x7f ? '?' : (char)ch);
	}
}

/* Before anything runs: a container whose module cannot run should not get as
 * far as being created. */
static int check_imports(const struct wasm_module *m, struct err *err)
{
	for (uint32_t i = 0; i < wasm_module_n_imports(m); i++) {
		struct wasm_import imp;
		struct buf name = {0};
		int rc;

		wasm_module_import(m, i, &imp);
		if (imp.type.kind == WASM_FUNC && wasi_has_module(imp.module))
			continue;
		add_name(&name, imp.module);
		buf_addc(&name, '.');
		add_name(&name, imp.name);
		rc = err_say(err, -ENOLINK,
			     "import %.150s: nothing provides this %s (WASI is "
			     "all there is)",
			     name.data, wasm_kind_name(imp.type.kind));
		buf_free(&name);
		return rc;
	}
	return 0;
}

int wasi_program_load(struct wasi_program *p, const struct wasm_file *file,
		      struct aot_image *image, const struct wasm_config *store,
		      const struct wasi_config *wasi, struct err *err)
{
	int rc = wasm_store_new(store, &p->store, err);

	if (rc == 0)
		rc = wasi_new(wasi, &p->wasi, err);
	if (rc == 0 && image)
		rc = wasm_module_load_image(p->store, image, &p->module, err);
	else if (rc == 0)
		rc = wasm_module_load(p->store, file->bytes, file->len,
				      &p->module, err);
	/* Else it is the module's. */
	if (rc < 0)
		aot_image_close(image);
	if (rc == 0)
		rc = wasm_linker_new(p->store, &p->linker, err);
	if (rc == 0)
		rc = check_imports(p->module, err);
	if (rc == 0)
		rc = wasi_link(p->wasi, p->store, p->linker, p->module, err);
	if (rc < 0)
		wasi_program_free(p);
	return rc;
}

void wasi_program_free(struct wasi_program *p)
{
	wasm_store_free(p->store);
	wasi_free(p->wasi);
	*p = (struct wasi_program){0};
}

static struct wasm_func *find_func(const struct wasi_program *p,
				   const char *name)
{
	struct wasm_extern ext;

	if (!wasm_instance_export(p->instance, wasm_str(name), &ext) ||
	    ext.kind != WASM_FUNC)
		return NULL;
	return ext.func;
}

int wasi_program_call(struct wasm_func *func, struct err *err)
{
	const struct wasm_functype *t = wasm_func_type(func);
	union wasm_value v[1] = {{0}};

	if (t->n_params || t->n_results)
		return err_say(err, -EINVAL,
			       "the function takes or returns values");
	return wasm_call(func, v, err);
}

int wasi_program_start(struct wasi_program *p, const char *invoke, bool reactor,
		       struct wasm_func **ret, struct err *err)
{
	struct wasm_func *init, *func;
	int rc = wasm_instantiate(p->store, p->module, p->linker, &p->instance,
				  err);

	*ret = NULL;
	if (rc)
		return rc;
	init = find_func(p, "_initialize");
	if (init && (invoke || reactor)) {
		rc = wasi_program_call(init, err);
		if (rc < 0)
			return err_wrap(err, "_initialize");
		if (rc)
			return rc;
	}
	if (!invoke && reactor)
		return 0;
	func = find_func(p, invoke ? invoke : "_start");
	if (!func && invoke)
		return err_say(err, -ENOENT,
			       "the module exports no function \"%.100s\"",
			       invoke);
	if (!func)
		return err_say(err, -ENOENT,
			       "the module is not a program: it exports no "
			       "_start (name another function to call)");
	*ret = func;
	return 0;
}

/* --- the end ----------------------------------------------------------- */

/* An exit status has 8 bits.  One that is not success must not become it. */
static int exit_status(uint32_t code)
{
	if (code <= 255)
		return (int)code;
	return code & 255 ? (int)(code & 255) : 1;
}

static void add_trace(struct buf *report, const struct wasm_store *store)
{
	const struct wasm_frame *frames;
	size_t total, n = wasm_store_backtrace(store, &frames, &total);

	for (size_t i = 0; i < n; i++) {
		buf_printf(report, "  %2zu: ", i);
		if (frames[i].name.len)
			add_name(report, frames[i].name);
		else
			buf_printf(report, "function %u", frames[i].func);
		if (frames[i].offset)
			buf_printf(report, " (0x%x)", frames[i].offset);
		buf_addc(report, '\n');
	}
	if (total > n)
		buf_printf(report, "  ... and %zu more\n", total - n);
}

int wasi_program_status(const struct wasi_program *p, int rc,
			const struct err *err, struct buf *report)
{
	uint32_t code;

	if (p->wasi && wasi_exited(p->wasi, &code))
		return exit_status(code);
	if (rc == 0)
		return 0;
	if (rc < 0) {
		buf_printf(report, "%s\n", err->msg);
		return 1;
	}
	buf_printf(report, "trap: %s\n",
		   rc == WASM_TRAP_HOST && err->code
			   ? err->msg
			   : wasm_trap_text((enum wasm_trap)rc));
	add_trace(report, p->store);
	return WASI_STATUS_TRAP;
}

static void end_as_init(int sig)
{
	_exit(128 + sig);
}

void wasi_program_act_as_init(void)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

	if (getpid() != 1)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		signal(ends[i], end_as_init);
}
