/* sandbox/namespaces.c
 * The image's program on the host's kernel: the shell is all there is, and
 * entering it is execve(). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "oci/spec.h"
#include "sandbox/program.h"
#include "sandbox/sandbox.h"

static int namespaces_probe(struct err *err)
{
	/* A kernel without one of the namespaces fails clone3() with that
	 * namespace's name, which is more than could be said here. */
	return 0;
}

static int namespaces_load(struct sandbox_task *task, int *exit_status,
			   struct err *err)
{
	struct program_root root = {.fd = -1};

	/* We stand in the working directory already. */
	return program_find(&root, task->process->args[0], task->env, NULL,
			    &task->program, exit_status, err);
}

static int namespaces_enter(struct sandbox_task *task, int *exit_status,
			    struct err *err)
{
	_cleanup_close_ int fd = -1;
	int rc;

	execve(task->program, task->process->args, task->env);
	rc = -errno;
	*exit_status = rc == -ENOENT ? 127 : 126;
	fd = open(task->program, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (rc == -ENOEXEC && fd >= 0 && program_is_wasm(fd))
		return err_say(err, rc,
			       "exec: \"%s\" is a WebAssembly module, which "
			       "the sandbox \"namespaces\" cannot run: use "
			       "--sandbox wasm or the annotation "
			       "dev.hull.sandbox=wasm",
			       task->program);
	if (rc == -ENOEXEC)
		return err_say(err, rc,
			       "exec: \"%s\": exec format error: neither a "
			       "program for this CPU nor a script with #!",
			       task->program);
	if (rc == -ENOENT)
		return err_say(err, rc,
			       "exec: \"%s\": no such file or directory: its "
			       "interpreter or dynamic loader is missing",
			       task->program);
	return err_set(err, rc, "exec: \"%s\"", task->program);
}

const struct sandbox sandbox_namespaces = {
	.name = "namespaces",
	.probe = namespaces_probe,
	.load = namespaces_load,
	.enter = namespaces_enter,
};
