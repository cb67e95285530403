#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/pidfd.h"
#include "oci/spec.h"

/* A memory file that holds `text`, to be read from its beginning. */
static int text_fd(const char *text, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("hull-hook", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return err_set(err, -errno, "create a memory file");
	if (len && (pwrite(fd, text, len, 0) != (ssize_t)len))
		return err_set(err, -errno, "write the state for a hook");
	return steal_fd(&fd);
}

/* The first line that the hook wrote, for its error. */
static void first_line(int fd, char *line, size_t size)
{
	ssize_t n = pread(fd, line, size - 1, 0);

	line[n < 0 ? 0 : n] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static int output_fd(const char *file, int kept, struct err *err)
{
	int fd;

	if (!file)
		return kept;
	fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
		  0600);
	return fd < 0 ? err_set(err, -errno, "open %s for the hook's output",
				file)
		      : fd;
}

static void __attribute__((noreturn))
exec_hook(const struct oci_hook *hook, int in, int out, int errs, int failed)
{
	static char *const no_env[] = {NULL};
	char *const only_path[] = {hook->path, NULL};
	sigset_t none;
	int rc;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* So that a timeout ends what the hook started, too. */
	setpgid(0, 0);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	    dup2(errs, STDERR_FILENO) >= 0)
		execve(hook->path, hook->args ? hook->args : only_path,
		       hook->env ? hook->env : no_env);
	rc = errno;
	if (write(failed, &rc, sizeof(rc)) < 0)
		_exit(127);
	_exit(127);
}

/* Wait for the child; -ETIMEDOUT when it had to be killed. */
static int wait_hook(pid_t pid, int timeout_s, int *status)
{
	_cleanup_close_ int pidfd = -1;
	int rc = 0;

	if (timeout_s > 0) {
		pidfd = pidfd_of(pid);
		if (pidfd >= 0 &&
		    pidfd_wait(pidfd, timeout_s * 1000) == -ETIMEDOUT) {
			kill(-pid, SIGKILL);
			rc = -ETIMEDOUT;
		}
	}
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return rc;
}

static int run_one(const struct hook_call *call, size_t i, struct err *err)
{
	const struct oci_hook *hook = &call->hooks[i];
	_cleanup_close_ int in = -1, kept = -1, out = -1, errs = -1;
	int failed[2], status = 0, exec_errno = 0, rc;
	char line[120];
	ssize_t n;
	pid_t pid;

	in = text_fd(call->state_json, err);
	if (in < 0)
		return in;
	kept = memfd_create("hull-hook-output", MFD_CLOEXEC);
	if (kept < 0)
		return err_set(err, -errno, "create a memory file");
	/* Appending, so that stdout and stderr do not overwrite each other. */
	fcntl(kept, F_SETFL, O_APPEND);
	out = output_fd(call->stdout_file, kept, err);
	errs = output_fd(call->stderr_file, kept, err);
	if (out < 0 || errs < 0)
		return -EIO;
	if (pipe2(failed, O_CLOEXEC) < 0)
		return err_set(err, -errno, "create a pipe");

	pid = fork();
	if (pid == 0)
		exec_hook(hook, in, out, errs, failed[1]);
	rc = -errno;
	if (out == kept)
		out = -1;
	if (errs == kept)
		errs = -1;
	close(failed[1]);
	if (pid < 0) {
		close(failed[0]);
		return err_set(err, rc, "fork for %s[%zu]", call->kind, i);
	}
	n = read(failed[0], &exec_errno, sizeof(exec_errno));
	close(failed[0]);
	rc = wait_hook(pid, hook->timeout.set ? (int)hook->timeout.v : 0,
		       &status);
	if (n == sizeof(exec_errno))
		return err_set(err, -exec_errno, "hooks.%s[%zu]: execute %s",
			       call->kind, i, hook->path);
	if (rc == -ETIMEDOUT)
		return err_say(err, rc,
			       "hooks.%s[%zu]: %s was killed after its "
			       "timeout of %d s",
			       call->kind, i, hook->path, (int)hook->timeout.v);
	if (rc < 0)
		return err_set(err, rc, "hooks.%s[%zu]: wait for %s",
			       call->kind, i, hook->path);
	if (status == 0)
		return 0;
	first_line(kept, line, sizeof(line));
	return err_say(err, -EIO, "hooks.%s[%zu]: %s %s %d%s%s", call->kind, i,
		       hook->path,
		       WIFSIGNALED(status) ? "was killed by signal"
					   : "exited with status",
		       WIFSIGNALED(status) ? WTERMSIG(status)
					   : WEXITSTATUS(status),
		       *line ? ": " : "", line);
}

int hooks_run(const struct hook_call *call, struct err *err)
{
	for (size_t i = 0; i < call->n; i++) {
		int rc = run_one(call, i, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}
