/* cli/wasm_run.c: a WebAssembly module as a program of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/wasm_value.h"
#include "sandbox/aot_compile.h"
#include "sandbox/program.h"
#include "sandbox/wasm_code.h"
#include "wasm/wasi_run.h"

extern char **environ;

enum { STATUS_TIMEOUT = 124 }; /* as of timeout(1) */

/* What the module is given; owns what it points to. */
struct gift {
	struct wasi_preopen *dirs;
	size_t n_dirs;
	char **env;
	char **args;
	int root;
};

static void gift_free(struct gift *g)
{
	for (size_t i = 0; i < g->n_dirs; i++) {
		close_keep_errno(g->dirs[i].fd);
		free((void *)(uintptr_t)g->dirs[i].guest);
	}
	free(g->dirs);
	strv_free(g->env);
	strv_free(g->args);
	close_keep_errno(g->root);
}

/* --- directories ------------------------------------------------------- */

/* Cut ":ro" off the end. */
static bool cut_readonly(char *text)
{
	static const char *const words[] = {":ro", ":readonly"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_ends_with(text, words[i])) {
			text[strlen(text) - strlen(words[i])] = '\0';
			return true;
		}
	return false;
}

static int add_dir(struct gift *g, const char *host, const char *guest,
		   bool readonly, struct err *err)
{
	int fd = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, -errno, "directory %s", host);
	g->dirs = xrealloc(g->dirs, g->n_dirs + 1, sizeof(*g->dirs));
	g->dirs[g->n_dirs++] = (struct wasi_preopen){
		.fd = fd,
		.guest = xstrdup(guest),
		.readonly = readonly,
	};
	return 0;
}

/* HOST, HOST::GUEST (Wasmtime), GUEST:HOST (WasmEdge), each with ":ro". */
static int add_dir_option(struct gift *g, const char *option, struct err *err)
{
	_cleanup_free_ char *text = xstrdup(option);
	bool readonly = cut_readonly(text);
	char *sep;

	sep = strstr(text, "::");
	if (sep) {
		*sep = '\0';
		return add_dir(g, text, sep + 2, readonly, err);
	}
	sep = strchr(text, ':');
	if (sep) {
		*sep = '\0';
		return add_dir(g, sep + 1, text, readonly, err);
	}
	return add_dir(g, text, text, readonly, err);
}

static int add_dirs(const struct args *args, struct gift *g, struct err *err)
{
	STRV_FOREACH (dir, args_list(args, "dir")) {
		int rc = add_dir_option(g, *dir, err);

		if (rc < 0)
			return rc;
	}
	STRV_FOREACH (map, args_list(args, "mapdir")) {
		_cleanup_free_ char *guest = xstrdup(*map);
		char *sep = strstr(guest, "::");
		int rc;

		if (!sep)
			return err_say(err, -EINVAL,
				       "--mapdir %s: not GUEST::HOST", *map);
		*sep = '\0';
		rc = add_dir(g, sep + 2, guest, false, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- the rest ---------------------------------------------------------- */

static void add_env(const struct args *args, struct gift *g)
{
	STRV_FOREACH (env, args_list(args, "env")) {
		_cleanup_free_ char *name = xstrdup(*env);
		char *value = strchr(name, '=');
		const char *ours;

		if (value) {
			*value = '\0';
			env_set(&g->env, name, value + 1);
			continue;
		}
		ours = env_get(environ, name);
		if (ours)
			env_set(&g->env, name, ours);
	}
}

static void add_args(const struct args *args, struct gift *g)
{
	const char *slash = strrchr(args->rest[0], '/');

	/* Where it lies on the host is none of its business. */
	strv_add(&g->args, slash ? slash + 1 : args->rest[0]);
	STRV_FOREACH (arg, args->rest + 1)
		strv_add(&g->args, *arg);
}

static int read_limits(const struct args *args, struct wasm_config *cfg,
		       uint64_t *fuel, int *timeout_ms, struct err *err)
{
	const char *memory = args_get(args, "max-memory");

	if (memory && (parse_size(memory, &cfg->memory_bytes) < 0 ||
		       cfg->memory_bytes == 0))
		return err_say(err, -EINVAL,
			       "--max-memory %s: not a size such as 64M",
			       memory);
	cfg->fuel = args_has(args, "fuel");
	if (args_u64(args, "fuel", UINT64_MAX, fuel, err) < 0)
		return -EINVAL;
	return args_ms(args, "timeout", timeout_ms, err);
}

/* --- running ----------------------------------------------------------- */

static struct wasm_store *timed_store;
static volatile sig_atomic_t timed_out;

static void on_timeout(int sig)
{
	timed_out = 1;
	wasm_store_interrupt(timed_store);
}

/* The timer goes on firing: a system call that began just after it did would
 * else wait for ever. */
static void start_timer(struct wasm_store *store, int ms)
{
	struct itimerval t = {
		.it_value = {ms / 1000, ms % 1000 * 1000},
		.it_interval = {0, 5000},
	};
	struct sigaction sa = {.sa_handler = on_timeout};

	timed_store = store;
	sigaction(SIGALRM, &sa, NULL); /* without SA_RESTART */
	setitimer(ITIMER_REAL, &t, NULL);
}

static void stop_timer(void)
{
	struct itimerval t = {0};

	setitimer(ITIMER_REAL, &t, NULL);
}

/* An export with its parameters, and its results printed. */
static int call_with(struct wasm_func *func, int n, char **words,
		     struct err *err)
{
	const struct wasm_functype *t = wasm_func_type(func);
	_cleanup_free_ union wasm_value *v = NULL;
	_cleanup_buf_ struct buf out = {0};
	uint32_t slots = t->param_slots > t->result_slots ? t->param_slots
							  : t->result_slots;
	int rc;

	v = xcalloc(slots + 1, sizeof(*v));
	rc = wasm_values_parse(t, n, words, v, err);
	if (rc == 0)
		rc = wasm_call(func, v, err);
	if (rc)
		return rc;
	wasm_values_print(t, v, &out);
	return out.len ? cli_print(&out) : 0;
}

static int start(const struct args *args, struct wasi_program *p,
		 struct err *err)
{
	bool reactor = args_has(args, "reactor");
	const char *invoke = args_get(args, "invoke");
	char **rest = args->rest + 1;
	int n = args->n_rest - 1, rc;
	struct wasm_func *func;

	if (reactor && !invoke && n > 0) {
		invoke = *rest++;
		n--;
	}
	rc = wasi_program_start(p, invoke, reactor, &func, err);
	if (rc || !func)
		return rc;
	if (invoke)
		return call_with(func, n, rest, err);
	rc = wasi_program_call(func, err);
	return rc < 0 ? err_wrap(err, "_start") : rc;
}

static int finish(const struct args *args, struct wasi_program *p, int rc,
		  struct err *err)
{
	_cleanup_buf_ struct buf report = {0};
	int status = wasi_program_status(p, rc, err, &report);

	if (timed_out && rc == WASM_TRAP_INTERRUPTED) {
		err_say(err, -ETIMEDOUT, "%s: ended after %s", args->rest[0],
			args_get(args, "timeout"));
		return cli_fail(err, STATUS_TIMEOUT);
	}
	if (report.len)
		fprintf(stderr, "hull: %s: %s", args->rest[0], report.data);
	return status;
}

/* The module may lie in a directory that it can write to. */
static bool writes_files(const struct gift *g)
{
	for (size_t i = 0; i < g->n_dirs; i++)
		if (!g->dirs[i].readonly)
			return true;
	return false;
}

/* --- the module ---------------------------------------------------------- */

static int read_policy(const struct args *args, enum aot_policy *ret,
		       struct err *err)
{
	const char *word = args_get(args, "compile");

	return word ? aot_policy_parse(word, "--compile", ret, err)
		    : aot_policy_default(ret, err);
}

/* Compiled code for the module in `fd`: in the cache, or made now. */
static int find_image(const struct args *args, int fd, enum aot_policy policy,
		      struct aot_image **ret, struct err *err)
{
	uint32_t flags = args_has(args, "fuel") ? AOT_FUEL : 0;
	const char *name = args->rest[0];
	struct aot_offer offer;
	int rc;

	rc = aot_obtain(fd, policy, flags, &offer, err);
	if (rc < 0)
		return err_wrap(err, "%s", name);
	if (offer.image >= 0) {
		rc = aot_image_open(offer.image, AOT_CHECK_HEADER, ret,
				    &offer.why);
		aot_offer_close(&offer);
		if (rc < 0 && policy == AOT_REQUIRE) {
			*err = offer.why;
			return err_wrap(err, "%s", name);
		}
	}
	if (offer.why.code && policy >= AOT_FIRST_RUN)
		log_warn("%s: interpreted: %s", name, offer.why.msg);
	else if (offer.why.code)
		log_debug("%s: interpreted: %s", name, offer.why.msg);
	return 0;
}

/* What it is loaded with. */
struct setting {
	const struct wasm_config *store;
	const struct wasi_config *wasi;
	bool isolate;
};

static int load_image(const struct args *args, struct aot_image *image,
		      const struct setting *s, struct wasi_program *p,
		      struct err *err)
{
	int rc = wasi_program_load(p, NULL, image, s->store, s->wasi, err);

	return rc < 0 ? err_wrap(err, "%s", args->rest[0]) : 0;
}

/* Compiled if that can be, else, or if the code turns out not to fit, as it
 * is. */
static int load_code(const struct args *args, int fd, const struct setting *s,
		     struct wasm_code *code, struct wasi_program *p,
		     struct err *err)
{
	struct aot_image *image = NULL;
	enum aot_policy policy;
	int rc = read_policy(args, &policy, err);

	/* Whoever names an image wants that one. */
	if (rc == 0 && !aot_image_probe(fd) && program_is_wasm(fd))
		rc = find_image(args, fd, policy, &image, err);
	if (rc == 0 && image) {
		rc = load_image(args, image, s, p, err);
		if (rc != -ENOEXEC || policy == AOT_REQUIRE)
			return rc;
		log_warn("interpreted: %s", err->msg);
		rc = 0;
	}
	if (rc == 0)
		rc = wasm_code_map(fd, args->rest[0], s->isolate, code, err);
	if (rc < 0)
		return rc;
	if (code->image)
		return load_image(args, steal_ptr(&code->image), s, p, err);
	rc = wasi_program_load(p, &code->file, NULL, s->store, s->wasi, err);
	return rc < 0 ? err_wrap(err, "%s", args->rest[0]) : 0;
}

static int load(const struct args *args, struct wasi_program *p,
		struct wasm_code *code, struct gift *g, int *timeout_ms,
		struct err *err)
{
	_cleanup_close_ int fd = open(args->rest[0], O_RDONLY | O_CLOEXEC);
	struct wasm_config store = {0};
	struct wasi_config wasi = {
		.stdio = {0, 1, 2},
		.no_sockets = args_has(args, "no-sockets"),
	};
	struct setting setting = {.store = &store, .wasi = &wasi};
	uint64_t fuel;
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "open %s", args->rest[0]);
	rc = read_limits(args, &store, &fuel, timeout_ms, err);
	if (rc == 0)
		rc = add_dirs(args, g, err);
	if (rc < 0)
		return rc;
	add_env(args, g);
	add_args(args, g);
	g->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	wasi.args = g->args;
	wasi.env = g->env;
	wasi.preopens = g->dirs;
	wasi.n_preopens = g->n_dirs;
	wasi.etc_root = g->root;
	setting.isolate = writes_files(g);
	rc = load_code(args, fd, &setting, code, p, err);
	if (rc < 0)
		return rc;
	if (store.fuel)
		wasm_store_set_fuel(p->store, fuel);
	return 0;
}

int cmd_wasm_run(const struct args *args)
{
	_cleanup_(gift_free) struct gift gift = {.root = -1};
	/* The kernel takes back what these hold faster than we could. */
	static struct wasi_program p;
	static struct wasm_code code;
	struct err err = {0};
	int timeout_ms, rc;

	rc = load(args, &p, &code, &gift, &timeout_ms, &err);
	if (rc < 0)
		return cli_fail(&err, 1);
	/* A closed pipe is an error of the write, as WASI has no signals. */
	signal(SIGPIPE, SIG_IGN);
	wasi_program_act_as_init();
	if (timeout_ms)
		start_timer(p.store, timeout_ms);
	rc = start(args, &p, &err);
	if (timeout_ms)
		stop_timer();
	return finish(args, &p, rc, &err);
}
