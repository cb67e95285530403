/* bench/surface_process.c
 * The process around a module, from outside.
 *
 * A child of ours runs the module, which holds a file open that nobody else
 * has; whoever holds it is the process.  It is looked at, its filters are
 * read out of the kernel, and each call's number is put to them.  Then the
 * file's content tells the module to end. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/filter.h"
#include "bench/surface.h"
#include "bench/tools.h"
#include "bench/workload.h"

/* A Wasm runtime may have a lot to compile first. */
enum { PATIENCE_MS = 15000 };

static const char hold_file[] = "/hold";

/* --- /proc ------------------------------------------------------------- */

static void take_status(const char *line, struct seen *s)
{
	int v;

	if (sscanf(line, "CapPrm: %" SCNx64, &s->permitted) == 1 ||
	    sscanf(line, "CapBnd: %" SCNx64, &s->bounding) == 1)
		return;
	if (sscanf(line, "NoNewPrivs: %d", &v) == 1)
		s->no_new_privs = v == 1;
	else if (sscanf(line, "Seccomp: %d", &v) == 1)
		s->seccomp = v != 0;
}

int surface_look_at(pid_t pid, struct seen *ret, struct err *err)
{
	static const char *const names[SEEN_N_NS] = {"user", "pid", "net"};
	_cleanup_fclose_ FILE *f = NULL, *label = NULL;
	char path[64], line[256];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return err_set(err, -errno, "open %s", path);
	while (fgets(line, sizeof(line), f))
		take_status(line, ret);
	for (int i = 0; i < SEEN_N_NS; i++) {
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, names[i]);
		if (stat(path, &st) == 0)
			ret->ns[i] = st.st_ino;
	}
	/* No LSM: no label. */
	snprintf(path, sizeof(path), "/proc/%d/attr/current", pid);
	label = fopen(path, "re");
	if (label && fgets(line, sizeof(line), label)) {
		line[strcspn(line, "\n")] = '\0';
		free(ret->lsm);
		ret->lsm = xstrdup(line);
	}
	return 0;
}

static bool holds(const char *pid, const struct stat *file)
{
	_cleanup_free_ char *path = xasprintf("/proc/%s/fd", pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] != '.' &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
		    st.st_dev == file->st_dev && st.st_ino == file->st_ino)
			return true;
	}
	return false;
}

/* 0: nobody. */
static pid_t holder_of(const struct stat *file)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *e;
	uint64_t pid;

	while (dir && (e = readdir(dir)))
		if (parse_u64(e->d_name, INT32_MAX, &pid) == 0 &&
		    holds(e->d_name, file))
			return (pid_t)pid;
	return 0;
}

/* --- the run ----------------------------------------------------------- */

static void __attribute__((noreturn))
run_module(struct bench *b, const struct participant *p, const char *rootfs)
{
	struct bench_run run;
	struct err err = {0};
	int rc = bench_run_workload(
		b, p, rootfs, WORDS((char *)"/probe.wasm", (char *)hold_file),
		PATIENCE_MS + 10000, &run, &err);

	_exit(rc < 0 ? 1 : run.status == 0 ? 0 : 2);
}

static pid_t wait_for_holder(pid_t runner, const struct stat *file,
			     struct err *err)
{
	const struct timespec nap = {.tv_nsec = 10000000};

	for (int ms = 0; ms < PATIENCE_MS && !bench_interrupted(); ms += 10) {
		pid_t pid = holder_of(file);
		siginfo_t info = {0};

		if (pid > 0)
			return pid;
		if (waitid(P_PID, (id_t)runner, &info,
			   WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid == runner)
			return err_say(err, -EIO,
				       "the module that was to be looked at "
				       "did not run");
		nanosleep(&nap, NULL);
	}
	return err_say(err, -ETIMEDOUT,
		       "no process held the file that the module was to open");
}

/* Each call that gets past its filters and that this kernel has. */
static int take_calls(pid_t pid, const struct seen *host, struct seen *ret,
		      struct err *err)
{
	struct filters filters = {0};
	int rc = ret->seccomp ? filters_read(pid, &filters, err) : 0;

	if (rc < 0)
		return rc;
	for (int number = 0; number < SURFACE_MAX_CALL; number++) {
		_cleanup_free_ char *name = surface_call_name(number);

		if (strv_has(host->calls, name) &&
		    filters_may_allow(&filters, number))
			strv_add(&ret->calls, name);
	}
	filters_free(&filters);
	ret->exact = true;
	return 0;
}

static int look_while_it_runs(struct bench *b, const struct participant *p,
			      const char *rootfs, const struct stat *file,
			      const struct seen *host, struct seen *ret,
			      struct err *err)
{
	pid_t runner = workload_fork(b), pid;
	int rc, end, status;

	if (runner < 0)
		return err_set(err, -errno, "fork");
	if (runner == 0)
		run_module(b, p, rootfs);
	pid = wait_for_holder(runner, file, err);
	rc = pid < 0 ? pid : 0;
	if (pid > 0)
		rc = surface_look_at(pid, ret, err);
	if (pid > 0 && rc == 0)
		rc = take_calls(pid, host, ret, err);
	/* Also when nobody was found: it may be about to open it. */
	end = workload_add_text(rootfs, hold_file, "x", rc < 0 ? NULL : err);
	while (waitpid(runner, &status, 0) < 0 && errno == EINTR)
		;
	return rc < 0 ? rc : end;
}

int surface_of_process(struct bench *b, const struct participant *p,
		       char *rootfs, const struct seen *host, struct seen *ret,
		       struct err *err)
{
	char *path = arena_printf(b->r.arena, "%s%s", rootfs, hold_file);
	struct stat st;
	int rc;

	if (p->kind == BENCH_ENGINE)
		return err_say(err, -ENOTSUP,
			       "n/a: the process of a module in an engine's "
			       "container is not ours to find");
	if (geteuid() != 0)
		return err_say(err, -EPERM,
			       "n/a: only root may look at the process around "
			       "a module");
	rc = workload_add_text(rootfs, hold_file, "-", err);
	if (rc < 0)
		return rc;
	if (stat(path, &st) < 0)
		return err_set(err, -errno, "%s", path);
	return look_while_it_runs(b, p, rootfs, &st, host, ret, err);
}
