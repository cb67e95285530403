/* sandbox/wasm.c
 * A WebAssembly module, run by hull's own engine in the container's init.
 *
 *	prepare	no capability, no new privileges
 *	provide	compiled code for the module, opened on the host: what lies in
 *		the rootfs is never executed
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
#include "host/mount.h"
#include "host/path.h"
#include "oci/spec.h"
#include "sandbox/aot_compile.h"
#include "sandbox/program.h"
#include "sandbox/sandbox.h"
#include "sandbox/wasm_filter.h"
#include "wasm/aot.h"
#include "wasm/wasi_run.h"

extern char **environ;

/* From load() to enter(). */
struct wasm_run {
	struct wasm_file file; /* or, with its module: */
	struct aot_image *image;
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

/* --- provide ------------------------------------------------------------ */

/* The module, as the host sees it; -1 when it is not there or is none, which
 * load() will judge. */
static int open_module(const struct oci_process *process, int rootfs)
{
	_cleanup_free_ char *path = NULL, *func = NULL;
	struct program_root root = {.fd = rootfs, .interpreted = true};
	_cleanup_close_ int fd = -1;

	/* A root of -1 would be our own. */
	if (rootfs < 0 ||
	    program_find_module(&root, process->args[0], process->env,
				process->cwd, &path, &func, NULL, NULL) < 0)
		return -1;
	fd = path_open_file_in_root(rootfs, path);
	return fd >= 0 && program_is_wasm(fd) ? steal_fd(&fd) : -1;
}

/* A process of the container that may look into init (one in the same pid
 * namespace, with CAP_SYS_PTRACE) can open init's descriptors and mappings
 * anew, for writing if its user may: and then write code that other containers
 * run.  Not by way of a read-only mount.  An ordinary user cannot make one,
 * but their containers have user namespaces, which have no power over init:
 * its memory is that of a program started outside. */
static int protect_image(int *image, struct err *err)
{
	_cleanup_close_ int mnt = -1;
	char self[32];
	int fd, rc;

	/* Nobody can write to what is sealed. */
	if (fcntl(*image, F_GET_SEALS) > 0 &&
	    (fcntl(*image, F_GET_SEALS) & F_SEAL_WRITE))
		return 0;
	mnt = mount_clone(*image, "", 0);
	rc = mnt < 0 ? mnt : mount_set(mnt, MOUNT_ATTR_RDONLY, 0, false);
	if (rc < 0)
		return geteuid() ? 0
				 : err_set(err, rc, "make the image read-only");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", mnt);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open the image anew");
	close(*image);
	*image = fd;
	return 0;
}

static int read_policy(const struct oci_spec *spec, enum aot_policy *ret,
		       struct err *err)
{
	const char *word =
		oci_annotation_get(spec->annotations, spec->n_annotations,
				   "dev.hull.wasm.compile");

	return word ? aot_policy_parse(word, "annotation dev.hull.wasm.compile",
				       ret, err)
		    : aot_policy_default(ret, err);
}

static int wasm_provide(const struct oci_spec *spec,
			const struct oci_process *process, int root,
			struct aot_offer *ret, struct err *err)
{
	_cleanup_close_ int module = -1;
	enum aot_policy policy;
	int rc = read_policy(spec, &policy, err);

	if (rc < 0 || policy == AOT_NEVER)
		return rc;
	module = open_module(process, root);
	ret->required = policy == AOT_REQUIRE;
	if (module < 0)
		return 0;
	rc = aot_obtain(module, policy, 0, ret, err);
	if (rc < 0 || ret->image < 0)
		return rc;
	rc = protect_image(&ret->image, &ret->why);
	if (rc < 0)
		aot_offer_close(ret);
	if (rc < 0 && policy == AOT_REQUIRE) {
		*err = ret->why;
		return rc;
	}
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

/* The code is for the module that the host saw.  What a mount or a race has
 * put in its place since is another. */
static int open_image(const struct sandbox_task *task, int module,
		      struct aot_image **ret, struct err *err)
{
	const struct aot_offer *code = task->code;
	struct stamp now;
	int rc = stamp_of(module, &now);

	if (rc < 0)
		return err_set(err, rc, "exec: \"%s\"", task->program);
	if (!code || code->image < 0 || !stamp_equal(&now, &code->module))
		return err_say(err, -ESTALE,
			       "compiled code is required, and what is \"%s\" "
			       "in the container is not the file that hull saw "
			       "in its rootfs",
			       task->program);
	rc = aot_image_open(code->image, AOT_CHECK_HEADER, ret, err);
	/* It is mapped; and this number may be one that is kept open for the
	 * program (LISTEN_FDS). */
	close(code->image);
	return rc;
}

static int map_module(const struct sandbox_task *task, struct wasm_run *run,
		      struct err *err)
{
	_cleanup_close_ int fd =
		open(task->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "exec: \"%s\"", task->program);
	if (!program_is_wasm(fd) && !str_ends_with(task->program, ".wat"))
		return err_say(err, -ENOEXEC,
			       "exec: \"%s\" is not a WebAssembly module, and "
			       "the sandbox \"wasm\" runs nothing else: native "
			       "programs need --sandbox namespaces or the "
			       "annotation dev.hull.sandbox=namespaces",
			       task->program);
	rc = open_image(task, fd, &run->image, err);
	if (rc == 0 || (task->code && task->code->required))
		return rc;
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
	rc = wasi_program_load(&run->program, &run->file,
			       steal_ptr(&run->image), &store, &wasi, err);
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

/* A parent of ours may have ignored a signal, hull handles some.  The engine's
 * own, by which it traps, want to know where. */
static void reset_signals(void)
{
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && !trap_has_signal(sig))
			signal(sig, SIG_DFL);
	/* A closed pipe is an error of the write. */
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
	/* As after execve(): whoever has our user may look at us, and so may
	 * a rootless "hull exec", which joins us by /proc.  Only now, when
	 * there is nothing left to steal. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	run_module(run, task->program);
}

const struct sandbox sandbox_wasm = {
	.name = "wasm",
	.in_process = true,
	.probe = wasm_probe,
	.prepare = wasm_prepare,
	.provide = wasm_provide,
	.load = wasm_load,
	.enter = wasm_enter,
};
