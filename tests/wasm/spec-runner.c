/* Runs the core test suite of the WebAssembly specification.
 *
 *	spec-runner [--checked] [--torture] DIR|FILE.json...
 *
 * --checked runs it without guard pages, on the accesses that are compared;
 * --torture collects garbage before each allocation.
 * One line of TAP per file, a comment per failed command, and the totals in
 * the end.  Each file runs in a child, so that a crash costs no more than the
 * file.  A command is counted once, as passed or failed; none is skipped. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "compiled.h"
#include "spec-json.h"
#include "spec-value.h"
#include "wasm/wasm.h"

enum { FILE_SECONDS = 120, MAX_SLOTS = 64 };

static struct wasm_config config;

struct counts {
	unsigned int passed, failed;
};

struct definition {
	const char *name;
	struct wasm_module *module;
	struct definition *next;
};

struct named_instance {
	const char *name;
	struct wasm_instance *inst;
	struct named_instance *next;
};

struct runner {
	int dir;
	const char *file;
	struct arena *arena;
	struct counts *counts;
	struct wasm_store *store;
	struct wasm_linker *linker;
	struct definition *definitions; /* newest first */
	struct named_instance *instances;
	struct wasm_instance *current;
	const struct node *command;
};

/* --- reporting --------------------------------------------------------- */

static bool fail(struct runner *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(struct runner *r, const char *fmt, ...)
{
	const char *field = node_text(node_get(r->command, "action"), "field");
	va_list ap;

	printf("# %s:%s: %s %s: ", r->file, node_text(r->command, "line"),
	       node_text(r->command, "type"), field ? field : "");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return false;
}

/* One text begins with the other: "uninitialized element 2". */
static bool text_agrees(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, n) == 0;
}

/* --- spectest ---------------------------------------------------------- */

static enum wasm_trap print_nothing(struct wasm_caller *c, void *data,
				    union wasm_value *v)
{
	return WASM_TRAP_NONE;
}

static int add_global(struct runner *r, const char *name, wasm_type type,
		      union wasm_value v, struct err *err)
{
	struct wasm_extern ext = {.kind = WASM_GLOBAL};
	union wasm_value both[2] = {v};
	int rc = wasm_global_new(r->store, type, false, both, &ext.global, err);

	return rc ? rc
		  : wasm_linker_extern(r->linker, wasm_str("spectest"),
				       wasm_str(name), ext, err);
}

static int add_table(struct runner *r, const char *name, bool is64,
		     struct err *err)
{
	struct wasm_limits limits = {
		.min = 10, .max = 20, .has_max = true, .is64 = is64};
	struct wasm_extern ext = {.kind = WASM_TABLE};
	int rc = wasm_table_new(r->store, WASM_FUNCREF, &limits, &ext.table,
				err);

	return rc ? rc
		  : wasm_linker_extern(r->linker, wasm_str("spectest"),
				       wasm_str(name), ext, err);
}

static int add_memory(struct runner *r, struct err *err)
{
	struct wasm_limits limits = {.min = 1, .max = 2, .has_max = true};
	struct wasm_extern ext = {.kind = WASM_MEMORY};
	int rc = wasm_memory_new(r->store, &limits, &ext.memory, err);

	return rc ? rc
		  : wasm_linker_extern(r->linker, wasm_str("spectest"),
				       wasm_str("memory"), ext, err);
}

static int add_spectest(struct runner *r, struct err *err)
{
	static const struct {
		const char *name, *sig;
	} prints[] = {
		{"print", ":"},           {"print_i32", "i:"},
		{"print_i64", "I:"},      {"print_f32", "f:"},
		{"print_f64", "F:"},      {"print_i32_f32", "if:"},
		{"print_f64_f64", "FF:"},
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(prints) && rc == 0; i++)
		rc = wasm_linker_func(r->linker, "spectest", prints[i].name,
				      prints[i].sig, print_nothing, NULL, err);
	if (rc ||
	    (rc = add_global(r, "global_i32", WASM_I32,
			     (union wasm_value){.i32 = 666}, err)) ||
	    (rc = add_global(r, "global_i64", WASM_I64,
			     (union wasm_value){.i64 = 666}, err)) ||
	    (rc = add_global(r, "global_f32", WASM_F32,
			     (union wasm_value){.f32 = 666.6f}, err)) ||
	    (rc = add_global(r, "global_f64", WASM_F64,
			     (union wasm_value){.f64 = 666.6}, err)) ||
	    (rc = add_table(r, "table", false, err)) ||
	    (rc = add_table(r, "table64", true, err)))
		return rc;
	return add_memory(r, err);
}

/* --- modules ----------------------------------------------------------- */

static int compiled;

/* The bytes stay mapped until the process ends, as the store wants. */
static int load(struct runner *r, struct wasm_module **ret, struct err *err)
{
	const char *name = node_text(r->command, "filename");
	_cleanup_close_ int fd = -1;
	struct stat st;
	void *bytes;

	fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -EIO, "open %s", name);
	if (st.st_size == 0)
		return wasm_module_load(r->store, (const uint8_t *)"", 0, ret,
					err);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_set(err, -EIO, "map %s", name);
	if (compiled)
		return compiled_load(compiled, r->store, bytes,
				     (size_t)st.st_size, ret, err);
	return wasm_module_load(r->store, bytes, (size_t)st.st_size, ret, err);
}

static bool do_module_definition(struct runner *r)
{
	struct definition *d = arena_alloc(r->arena, 1, sizeof(*d));
	struct err err = {0};

	d->name = node_text(r->command, "name");
	d->next = r->definitions;
	r->definitions = d;
	if (load(r, &d->module, &err) != 0)
		return fail(r, "%s", err.msg);
	return true;
}

/* By name, or the last. */
static struct wasm_module *find_definition(struct runner *r)
{
	const char *name = node_text(r->command, "definition");
	struct definition *d = r->definitions;

	while (d && name && !(d->name && str_eq(d->name, name)))
		d = d->next;
	return d ? d->module : NULL;
}

/* The module that an assertion brings along, or the one it names. */
static int instantiate(struct runner *r, struct wasm_instance **ret,
		       struct err *err)
{
	struct wasm_module *m = NULL;
	int rc;

	if (node_get(r->command, "filename") &&
	    !str_eq(node_text(r->command, "type"), "module")) {
		rc = load(r, &m, err);
		if (rc != 0)
			return rc;
	} else {
		m = find_definition(r);
	}
	if (!m)
		return err_say(err, -ESRCH, "no such module");
	return wasm_instantiate(r->store, m, r->linker, ret, err);
}

static void add_instance(struct runner *r, const char *name,
			 struct wasm_instance *inst)
{
	struct named_instance *n = arena_alloc(r->arena, 1, sizeof(*n));

	n->name = name;
	n->inst = inst;
	n->next = r->instances;
	r->instances = n;
}

static bool do_module_instance(struct runner *r)
{
	const char *name = node_text(r->command, "instance");
	struct wasm_instance *inst = NULL;
	struct err err = {0};

	if (instantiate(r, &inst, &err) != 0) {
		r->current = NULL;
		return fail(r, "%s", err.msg);
	}
	r->current = inst;
	if (name)
		add_instance(r, name, inst);
	return true;
}

/* wast2json's one command for both of the above. */
static bool do_module(struct runner *r)
{
	const char *name = node_text(r->command, "name");

	if (!do_module_definition(r) || !do_module_instance(r))
		return false;
	if (name)
		add_instance(r, name, r->current);
	return true;
}

static struct wasm_instance *find_instance(struct runner *r, const char *name)
{
	struct named_instance *n = r->instances;

	if (!name)
		return r->current;
	while (n && !str_eq(n->name, name))
		n = n->next;
	return n ? n->inst : NULL;
}

static bool do_register(struct runner *r)
{
	struct wasm_instance *inst =
		find_instance(r, node_text(r->command, "name"));
	const struct node *as = node_get(r->command, "as");
	struct err err = {0};

	if (!inst)
		return fail(r, "no such instance");
	if (wasm_linker_instance(r->linker,
				 (struct wasm_str){as->text, as->len}, inst,
				 &err) != 0)
		return fail(r, "%s", err.msg);
	return true;
}

static bool do_assert_invalid(struct runner *r)
{
	struct wasm_module *m = NULL;
	struct err err = {0};
	int rc = load(r, &m, &err);

	if (rc == -EINVAL || rc == -ENOEXEC)
		return true;
	if (rc == 0)
		return fail(r, "was accepted; expected \"%s\"",
			    node_text(r->command, "text"));
	return fail(r, "%s", err.msg);
}

/* The encoding of a custom section is wrong; the module is valid without. */
static bool do_assert_invalid_custom(struct runner *r)
{
	struct wasm_module *m = NULL;
	struct err err = {0};

	if (load(r, &m, &err) != 0)
		return fail(r, "%s", err.msg);
	return true;
}

static bool do_assert_unlinkable(struct runner *r)
{
	struct wasm_instance *inst = NULL;
	struct err err = {0};
	int rc = instantiate(r, &inst, &err);

	if (rc == -ENOLINK)
		return true;
	return fail(r, "%s; expected \"%s\"", rc ? err.msg : "was linked",
		    node_text(r->command, "text"));
}

/* --- actions ----------------------------------------------------------- */

struct outcome {
	int rc; /* of wasm_call(): 0, a trap, a negative errno */
	struct err err;
	uint32_t n;
	const wasm_type *types;
	wasm_type global_type;
	union wasm_value v[MAX_SLOTS];
};

static bool invoke(struct runner *r, const struct node *action,
		   struct wasm_func *func, struct outcome *o)
{
	const struct wasm_functype *t = wasm_func_type(func);
	unsigned int n = 0;

	if (t->param_slots > MAX_SLOTS || t->result_slots > MAX_SLOTS)
		return fail(r, "has too many values for this program");
	for (const struct node *a = node_get(action, "args")->first; a;
	     a = a->next) {
		union wasm_value v[2];
		unsigned int slots = spec_value(r->store, a, v);

		if (!slots || n + slots > t->param_slots)
			return fail(r, "the arguments do not fit");
		memcpy(o->v + n, v, slots * sizeof(*v));
		n += slots;
	}
	if (n != t->param_slots)
		return fail(r, "the arguments do not fit");
	o->rc = wasm_call(func, o->v, &o->err);
	o->n = t->n_results;
	o->types = t->results;
	return true;
}

/* false when there was nothing to run, which has been reported. */
static bool run_action(struct runner *r, struct outcome *o)
{
	const struct node *action = node_get(r->command, "action");
	const struct node *field = node_get(action, "field");
	struct wasm_instance *inst =
		find_instance(r, node_text(action, "module"));
	struct wasm_extern ext;
	bool get = str_eq(node_text(action, "type"), "get"), is_mutable;

	memset(o, 0, sizeof(*o));
	if (!inst)
		return fail(r, "no such instance");
	if (!wasm_instance_export(
		    inst, (struct wasm_str){field->text, field->len}, &ext) ||
	    ext.kind != (get ? WASM_GLOBAL : WASM_FUNC))
		return fail(r, "no such export");
	if (!get)
		return invoke(r, action, ext.func, o);
	o->n = 1;
	o->global_type = wasm_global_type(ext.global, &is_mutable);
	o->types = &o->global_type;
	wasm_global_get(ext.global, o->v);
	return true;
}

static bool do_action(struct runner *r)
{
	struct outcome o;

	if (!run_action(r, &o))
		return false;
	return o.rc == 0 || fail(r, "%s", o.err.msg);
}

static bool do_assert_return(struct runner *r)
{
	const struct node *want = node_get(r->command, "expected");
	const struct node *p = want->first;
	_cleanup_buf_ struct buf text = {0};
	const union wasm_value *v;
	struct outcome o;
	bool ok = true;

	if (!run_action(r, &o))
		return false;
	if (o.rc != 0)
		return fail(r, "%s", o.err.msg);
	if (o.n != node_count(want))
		return fail(r, "%u results, not %zu", o.n, node_count(want));
	v = o.v;
	for (uint32_t i = 0; i < o.n; i++, p = p->next) {
		ok = spec_match(r->store, p, o.types[i], v) && ok;
		spec_print(&text, o.types[i], v);
		v += wasm_type_slots(o.types[i]);
	}
	return ok || fail(r, "got%s", text.data);
}

/* The trap's text must be the suite's. */
static bool check_trap(struct runner *r, int rc, const struct err *err)
{
	const char *want = node_text(r->command, "text");

	/* Unless it is told to be strict, the compiler drops loads whose
	 * result nobody uses (docs/wasm.md). */
	if (rc == 0 && compiled == COMPILED &&
	    str_eq(want, "out of bounds memory access"))
		return true;
	if (rc == 0)
		return fail(r, "no trap; expected \"%s\"", want);
	if (rc < 0)
		return fail(r, "%s; expected \"%s\"", err->msg, want);
	if (!text_agrees(wasm_trap_text((enum wasm_trap)rc), want))
		return fail(r, "trap \"%s\", not \"%s\"",
			    wasm_trap_text((enum wasm_trap)rc), want);
	return true;
}

static bool do_assert_trap(struct runner *r)
{
	struct outcome o;

	return run_action(r, &o) && check_trap(r, o.rc, &o.err);
}

static bool do_assert_exception(struct runner *r)
{
	struct outcome o;

	if (!run_action(r, &o))
		return false;
	return o.rc == WASM_TRAP_EXCEPTION ||
	       fail(r, "%s, not an exception", o.rc ? o.err.msg : "returned");
}

static bool do_assert_uninstantiable(struct runner *r)
{
	struct wasm_instance *inst = NULL;
	struct err err = {0};
	int rc = instantiate(r, &inst, &err);

	return check_trap(r, rc, &err);
}

/* --- files ------------------------------------------------------------- */

static const struct {
	const char *type;
	bool (*run)(struct runner *r);
} commands[] = {
	{"module", do_module},
	{"module_definition", do_module_definition},
	{"module_instance", do_module_instance},
	{"register", do_register},
	{"action", do_action},
	{"assert_return", do_assert_return},
	{"assert_trap", do_assert_trap},
	{"assert_exhaustion", do_assert_trap},
	{"assert_exception", do_assert_exception},
	{"assert_invalid", do_assert_invalid},
	{"assert_malformed", do_assert_invalid},
	{"assert_invalid_custom", do_assert_invalid_custom},
	{"assert_unlinkable", do_assert_unlinkable},
	{"assert_uninstantiable", do_assert_uninstantiable},
};

static bool run_command(struct runner *r)
{
	const char *type = node_text(r->command, "type");

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(type, commands[i].type))
			return commands[i].run(r);
	return fail(r, "is unknown to this program");
}

static void run_commands(struct runner *r, const struct node *root)
{
	const struct node *list = node_get(root, "commands");
	struct err err = {0};

	r->file = node_text(root, "source_filename");
	if (wasm_store_new(&config, &r->store, &err) != 0 ||
	    wasm_linker_new(r->store, &r->linker, &err) != 0 ||
	    add_spectest(r, &err) != 0) {
		printf("# %s: %s\n", r->file, err.msg);
		r->counts->failed += (unsigned int)node_count(list);
		return;
	}
	for (r->command = list->first; r->command;
	     r->command = r->command->next) {
		const char *form = node_text(r->command, "module_type");

		/* A test of a text parser, which we are not. */
		if (form && str_eq(form, "text"))
			continue;
		if (run_command(r))
			r->counts->passed++;
		else
			r->counts->failed++;
	}
	wasm_store_free(r->store);
}

static int run_file(const char *path, struct counts *counts)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	_cleanup_free_ char *dir = xstrdup(path);
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = -1, dirfd = -1;
	struct runner r = {.arena = arena, .counts = counts};
	const struct node *root;
	char *slash = strrchr(dir, '/');

	if (slash)
		*slash = '\0';
	dirfd = open(slash ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (dirfd < 0 || fd < 0 || buf_read_fd(&text, fd, 64 << 20) < 0 ||
	    text.len == 0) {
		printf("# %s: %s\n", path, strerror(errno));
		return 1;
	}
	root = node_parse(arena, text.data);
	if (!root || !node_text(root, "source_filename") ||
	    !node_get(root, "commands")) {
		printf("# %s: not a file of the suite\n", path);
		return 1;
	}
	r.dir = dirfd;
	run_commands(&r, root);
	return counts->failed > 0;
}

/* In a child, whose counts come back through shared memory. */
static bool run_apart(const char *path, struct counts *sum)
{
	struct counts *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = -1;
	pid_t pid;

	if (c == MAP_FAILED)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int rc;

		alarm(FILE_SECONDS);
		rc = run_file(path, c);
		fflush(stdout);
		exit(rc);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (!WIFEXITED(status)) {
		printf("# %s: killed by signal %d after %u commands\n", path,
		       WTERMSIG(status), c->passed + c->failed);
		c->failed++;
	}
	sum->passed += c->passed;
	sum->failed += c->failed;
	munmap(c, sizeof(*c));
	return status == 0;
}

/* Every *.json below, in the order of their names. */
static void collect(const char *path, char ***files)
{
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);

	if (n < 0) {
		strv_add(files, path);
		return;
	}
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *sub =
			xasprintf("%s/%s", path, list[i]->d_name);
		bool hidden = list[i]->d_name[0] == '.';

		if (!hidden &&
		    (list[i]->d_type == DT_DIR || str_ends_with(sub, ".json")))
			collect(sub, files);
		free(list[i]);
	}
	free(list);
}

int main(int argc, char **argv)
{
	_cleanup_strv_ char **files = NULL;
	unsigned int n = 0, bad = 0;
	struct counts sum = {0};

	if (argc < 2) {
		fprintf(stderr,
			"usage: spec-runner [--checked] [--torture] [--compiled|--strict] "
			"DIR|FILE.json...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--checked"))
			config.checked = true;
		else if (str_eq(argv[i], "--torture"))
			config.gc_torture = true;
		else if (str_eq(argv[i], "--compiled"))
			compiled = COMPILED;
		else if (str_eq(argv[i], "--strict"))
			compiled = COMPILED_STRICT;
		else
			collect(argv[i], &files);
	}
	STRV_FOREACH (f, files) {
		struct counts before = sum;
		const char *name = strrchr(*f, '/');
		bool ok = run_apart(*f, &sum);

		bad += !ok;
		printf("%sok %u - %s: %u of %u commands\n", ok ? "" : "not ",
		       ++n, name ? name + 1 : *f, sum.passed - before.passed,
		       sum.passed + sum.failed - before.passed - before.failed);
	}
	printf("1..%u\n# %u files, %u commands: %u passed, %u failed\n", n, n,
	       sum.passed + sum.failed, sum.passed, sum.failed);
	return bad > 0 || n == 0;
}
