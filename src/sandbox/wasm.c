/* sandbox/wasm.c
 * A WebAssembly module, run by hull's own engine in the container's init.
 *
 *	prepare	no capability, no new privileges
 *	load	the module is found, decoded, validated and linked, so that a
 *		bad one fails "create"
 *	enter	what execve() would have done: descriptors, signals, the name
 *		in ps; then the engine's own seccomp filter, and _start
 *
 * The guest gets the container's root as "/", with all that is mounted in it,
 * and the standard streams.  What it may do there is what its user may. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/caps.h"
#include "oci/spec.h"
#include "sandbox/program.h"
#include "sandbox/sandbox.h"
#include "sandbox/wasm_filter.h"
#include "wasm/wasi_run.h"

extern char **environ;

/* From load() to enter(). */
struct wasm_run {
	struct wasm_file file;
	struct wasi_program program;
	struct wasi_preopen root;
	char *func;         /* of "x.wasm#func", or NULL */
	char **args, **env; /* copies: set_title() writes over the originals */
};

static int wasm_probe(struct err *err)
{
	return 0; /* the engine needs nothing of the host */
}

static int wasm_prepare(struct oci_spec *spec, struct err *err)
{
	if (!spec->process)
		return 0;
	/* Files are the only thing that a guest can ask the kernel for, and
	 * its user's rights are enough for those. */
	spec->process->capabilities = NULL;
	spec->process->no_new_privileges = true;
	return 0;
}

/* --- load -------------------------------------------------------------- */

/* The cgroup's limit as one of the linear memory, so that the guest sees
 * memory.grow fail where the kernel would else kill it.  The engine itself
 * (stack, code, tables) wants its share. */
static uint64_t memory_limit(const struct oci_spec *spec)
{
	const uint64_t engine = 8u << 20;
	int64_t limit = spec->linux.resources.memory.limit;

	if (limit <= 0)
		return 0;
	return (uint64_t)limit > 2 * engine ? (uint64_t)limit - engine
					    : (uint64_t)limit / 2;
}

/* WASI has no working directory.  Programs that care look for PWD. */
static char **environment(const struct sandbox_task *task)
{
	char **env = strv_copy(task->env);

	if (!env_get(env, "PWD"))
		env_set(&env, "PWD", task->process->cwd);
	return env;
}

static int map_module(const struct sandbox_task *task, struct wasm_run *run,
		      struct err *err)
{
	_cleanup_close_ int fd =
		open(task->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_set(err, -errno, "exec: \"%s\"", task->program);
	if (!program_is_wasm(fd) && !str_ends_with(task->program, ".wat"))
		return err_say(err, -ENOEXEC,
			       "exec: \"%s\" is not a WebAssembly module, and "
			       "the sandbox \"wasm\" runs nothing else: native "
			       "programs need --sandbox namespaces or the "
			       "annotation dev.hull.sandbox=namespaces",
			       task->program);
	return wasm_file_map(fd, task->program, true, &run->file, err);
}

static int load_program(struct sandbox_task *task, struct wasm_run *run,
			struct err *err)
{
	struct wasm_config store = {.memory_bytes = memory_limit(task->spec)};
	struct wasi_config wasi = {
		.stdio = {0, 1, 2},
		.preopens = &run->root,
		.n_preopens = 1,
	};
	int rc;

	run->root = (struct wasi_preopen){
		.fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.guest = "/",
		.is_root = true,
	};
	if (run->root.fd < 0)
		return err_set(err, -errno, "open the container's root");
	run->args = strv_copy(task->process->args);
	run->env = environment(task);
	wasi.args = run->args;
	wasi.env = run->env;
	wasi.etc_root = run->root.fd;
	rc = wasi_program_load(&run->program, &run->file, NULL, &store, &wasi,
			       err);
	return rc < 0 ? err_wrap(err, "%s", task->program) : 0;
}

static int wasm_load(struct sandbox_task *task, int *exit_status,
		     struct err *err)
{
	struct program_root root = {.fd = -1, .interpreted = true};
	struct wasm_run *run = xcalloc(1, sizeof(*run));
	int rc;

	task->data = run;
	rc = program_find_module(&root, task->process->args[0], task->env, NULL,
				 &task->program, &run->func, exit_status, err);
	if (rc < 0)
		return rc;
	*exit_status = 126;
	rc = map_module(task, run, err);
	if (rc == 0)
		rc = load_program(task, run, err);
	return rc;
}

/* --- enter ------------------------------------------------------------- */

/* Where the kernel put our arguments is what ps shows: those of "hull create"
 * with the bundle's path, which is no business of the container's. */
static void set_title(const char *program, char *const *args)
{
	const char *base = strrchr(program, '/');
	char *start = program_invocation_name,
	     *end = environ ? environ[0] : NULL;
	size_t room, used = 0;

	prctl(PR_SET_NAME, base ? base + 1 : program, 0, 0, 0);
	if (!end || end <= start || end - start > 1 << 20)
		return;
	room = (size_t)(end - start);
	memset(start, 0, room);
	STRV_FOREACH (arg, args) {
		size_t n = strlen(*arg) + 1;

		if (n >= room - used)
			break;
		memcpy(start + used, *arg, n);
		used += n;
	}
}

/* A parent of ours may have ignored a signal, hull handles some. */
static void reset_signals(void)
{
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && !trap_has_signal(sig))
			signal(sig, SIG_DFL);
	/* The engine's own stay.  A closed pipe is an error of the write. */
	signal(SIGPIPE, SIG_IGN);
}

/* All but what the guest has; hull's end of the socket sees this as success,
 * as it would execve(). */
static int close_others(const struct sandbox_task *task, int root,
			struct err *err)
{
	unsigned int first = 3 + task->preserve_fds;

	if (root > (int)first &&
	    close_range(first, (unsigned int)root - 1, 0) < 0)
		return err_set(err, -errno, "close_range");
	if (close_range(root >= (int)first ? (unsigned int)root + 1 : first,
			~0u, 0) < 0)
		return err_set(err, -errno, "close_range");
	return 0;
}

/* "exec --cap" and an older document may say otherwise. */
static int give_up_privileges(struct err *err)
{
	const struct caps none = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(err, -errno, "no_new_privs");
	return caps_apply(&none, err);
}

static void __attribute__((noreturn)) run_module(struct wasm_run *run,
						 const char *name)
{
	_cleanup_buf_ struct buf report = {0};
	struct wasm_func *func;
	struct err err = {0};
	int rc, status;

	rc = wasi_program_start(&run->program, run->func, false, &func, &err);
	if (rc == 0)
		rc = wasi_program_call(func, &err);
	status = wasi_program_status(&run->program, rc, &err, &report);
	if (report.len)
		dprintf(STDERR_FILENO, "hull: %s: %s", name, report.data);
	_exit(status);
}

static int wasm_enter(struct sandbox_task *task, int *exit_status,
		      struct err *err)
{
	struct wasm_run *run = task->data;
	int rc;

	*exit_status = 126;
	reset_signals();
	wasi_program_act_as_init();
	set_title(task->program, run->args);
	rc = give_up_privileges(err);
	if (rc == 0)
		rc = wasm_filter_install(err);
	/* Last, since no error can be told when the socket is closed. */
	if (rc == 0)
		rc = close_others(task, run->root.fd, err);
	if (rc < 0)
		return rc;
	run_module(run, task->program);
}

const struct sandbox sandbox_wasm = {
	.name = "wasm",
	.in_process = true,
	.probe = wasm_probe,
	.prepare = wasm_prepare,
	.load = wasm_load,
	.enter = wasm_enter,
};
