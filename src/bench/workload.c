#include "bench/workload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/remove.h"
#include "bench/tools.h"

const char workload_host[] = "fork+exec";

static const char memory_folder[] = "/dev/shm";
static const char memory_prefix[] = "hull-bench-";

bool workload_runs(const struct participant *p)
{
	return participant_ok(p) && p->kind != BENCH_FLOOR;
}

char *workload_for(const struct participant *p, const char *module,
		   const char *native)
{
	return (char *)(p->code == BENCH_WASM ? module : native);
}

/* The first line about an error or, without one, the last that says
 * something: some end with a backtrace, and some with the reason. */
static char *telling_line(struct bench *b, const char *text)
{
	const char *line = text, *last = text;
	size_t n, last_n = 0;

	for (; *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (strspn(line, " \t\r") >= n)
			continue;
		last = line;
		last_n = n;
		if (memmem(line, n, "rror", 4))
			break;
	}
	/* A sentence for a table. */
	return arena_strndup(b->r.arena, last, last_n < 160 ? last_n : 160);
}

char *workload_failure(struct bench *b, const struct bench_run *run)
{
	char *how, *said = NULL;

	/* Then it has not come to its end, whatever that would have been. */
	if (bench_interrupted())
		return arena_strdup(b->r.arena, "interrupted");
	if (run->timed_out)
		return arena_printf(b->r.arena, "still running after %.0f s",
				    (double)run->wall_ns / 1e9);
	if (run->status == 0)
		return NULL;
	if (run->status > 128)
		how = arena_printf(b->r.arena, "ended by signal %d (%s)",
				   run->status - 128,
				   strsignal(run->status - 128));
	else
		how = arena_printf(b->r.arena, "exit status %d", run->status);
	said = telling_line(b, run->err);
	if (!*said)
		said = telling_line(b, run->out);
	return *said ? arena_printf(b->r.arena, "%s: %s", how, said) : how;
}

pid_t workload_fork(struct bench *b)
{
	enum { OF_THE_CHILD = 16 };
	pid_t pid = fork();

	if (pid > 0)
		b->next_id += OF_THE_CHILD;
	return pid;
}

/* --- folders ----------------------------------------------------------- */

/* What a run that was killed has left in memory: the folder's name ends with
 * its process id. */
static void remove_leftovers(void)
{
	_cleanup_closedir_ DIR *dir = opendir(memory_folder);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		const char *dot = strrchr(e->d_name, '.');
		_cleanup_free_ char *path = NULL;
		uint64_t pid;

		if (!str_after(e->d_name, memory_prefix) || !dot ||
		    parse_u64(dot + 1, INT32_MAX, &pid) < 0 || pid == 0 ||
		    kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		path = xasprintf("%s/%s", memory_folder, e->d_name);
		remove_tree(path);
	}
}

int workload_rootfs(struct bench *b, const char *name, bool in_memory,
		    char **ret, struct err *err)
{
	static const char *const folders[] = {
		"",      "/bin", "/dev", "/dev/shm", "/etc",
		"/proc", "/run", "/sys", "/tmp",     "/var",
	};
	char *path =
		arena_printf(b->r.arena, "%s/workload-%s", b->scratch, name);

	if (in_memory && access(memory_folder, W_OK) == 0) {
		remove_leftovers();
		path = arena_printf(b->r.arena, "%s/%s%s.%d", memory_folder,
				    memory_prefix, name, getpid());
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *dir = arena_printf(b->r.arena, "%s%s", path, folders[i]);

		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return err_set(err, -errno, "make %s", dir);
		/* As the umask may have taken from it. */
		chmod(dir, str_eq(folders[i], "/tmp") ? 01777 : 0755);
	}
	*ret = path;
	return 0;
}

void workload_remove(char *rootfs)
{
	if (rootfs)
		remove_tree(rootfs);
}

/* The folders above a path. */
static int make_parents(const char *path, struct err *err)
{
	_cleanup_free_ char *p = xstrdup(path);

	for (char *s = strchr(p + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		if (mkdir(p, 0755) < 0 && errno != EEXIST)
			return err_set(err, -errno, "make %s", p);
		*s = '/';
	}
	return 0;
}

int workload_add(const char *rootfs, const char *file, const char *as,
		 struct err *err)
{
	_cleanup_close_ int from = open(file, O_RDONLY | O_CLOEXEC), to = -1;
	_cleanup_free_ char *path = xasprintf("%s%s", rootfs, as);
	ssize_t n;
	int rc;

	if (from < 0)
		return err_set(err, -errno, "open %s", file);
	rc = make_parents(path, err);
	if (rc < 0)
		return rc;
	/* A library may be there already, for another program. */
	unlink(path);
	to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (to < 0)
		return err_set(err, -errno, "make %s", path);
	while ((n = sendfile(to, from, NULL, 1 << 30)) > 0)
		;
	if (n < 0)
		return err_set(err, -errno, "copy %s", file);
	fchmod(to, 0755);
	return 0;
}

int workload_add_text(const char *rootfs, const char *as, const char *text,
		      struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s%s", rootfs, as);
	_cleanup_close_ int fd = -1;
	size_t n = strlen(text);
	int rc = make_parents(path, err);

	if (rc < 0)
		return rc;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, -errno, "make %s", path);
	if (write(fd, text, n) != (ssize_t)n)
		return err_set(err, -EIO, "write %s", path);
	return 0;
}

int workload_add_folder(const char *rootfs, const char *path, struct err *err)
{
	_cleanup_free_ char *to = xasprintf("%s%s", rootfs, path);
	int rc = make_parents(to, err);

	if (rc < 0)
		return rc;
	return tool_must(WORDS((char *)"cp", (char *)"-R", (char *)"-T",
			       (char *)path, to),
			 60000, err);
}

/* --- programs ---------------------------------------------------------- */

/* "libc.so.6 => /lib/.../libc.so.6 (0x7f...)" or "/lib64/ld-linux... (0x...)"
 * The path, in the line itself; NULL: none. */
static char *library_of(char *line)
{
	char *path = strchr(line, '/'), *end;

	if (!path)
		return NULL;
	end = strstr(path, " (0x");
	if (!end)
		return NULL;
	*end = '\0';
	return path;
}

int workload_libraries(const char *program, char ***ret, struct err *err)
{
	struct bench_run run;
	char *save = NULL;
	int rc = tool_run(WORDS((char *)"ldd", (char *)program), 10000, &run,
			  err);

	if (rc < 0)
		return rc;
	/* A static program makes ldd fail, and needs nothing. */
	for (char *line = strtok_r(run.out, "\n", &save);
	     rc == 0 && line && run.status == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		char *path = library_of(line);

		if (strstr(line, "not found"))
			rc = err_say(err, -ENOENT, "%s: %s", program,
				     line + strspn(line, " \t"));
		else if (path)
			strv_add(ret, path);
	}
	bench_run_free(&run);
	return rc;
}

static int add_libraries(const char *rootfs, const char *program,
			 struct err *err)
{
	_cleanup_strv_ char **libraries = NULL;
	int rc = workload_libraries(program, &libraries, err);

	STRV_FOREACH (lib, libraries)
		if (rc == 0)
			rc = workload_add(rootfs, *lib, *lib, err);
	return rc;
}

int workload_add_program(struct bench *b, const char *rootfs, const char *name,
			 const char *as, struct err *err)
{
	char *path = tool_find(b, name);
	int rc;

	if (!path)
		return err_say(err, -ENOENT, "%s is not installed", name);
	rc = workload_add(rootfs, path, as, err);
	return rc < 0 ? rc : add_libraries(rootfs, path, err);
}
