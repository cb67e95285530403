#include "bench/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/scratch.h"
#include "bench/spawn.h"
#include "bench/words.h"

/* ---------------------------------------------------------- containers -- */

/* Killing takes runc 100 ms of waiting, so it pays to have more than one for
 * each CPU. */
enum { AT_ONCE = 8, REMOVE_MS = 20000 };

struct batch {
	struct spawned running[AT_ONCE];
	int64_t deadline[AT_ONCE];
	unsigned int n, failed;
};

static void drop(struct batch *x, unsigned int i, bool killed)
{
	int status = killed ? spawn_kill(&x->running[i])
			    : spawn_reap(&x->running[i], NULL);

	x->failed += status != 0;
	x->n--;
	x->running[i] = x->running[x->n];
	x->deadline[i] = x->deadline[x->n];
}

/* Until there are no more than `most`. */
static void wait_below(struct batch *x, unsigned int most)
{
	while (x->n > most) {
		struct pollfd p[AT_ONCE];
		unsigned int n = x->n;

		for (unsigned int i = 0; i < n; i++)
			p[i] = (struct pollfd){x->running[i].pidfd, POLLIN, 0};
		poll(p, n, 100);
		/* From behind: drop() moves the last one. */
		for (unsigned int i = n; i-- > 0;)
			if (p[i].revents)
				drop(x, i, false);
			else if (now_ns() > x->deadline[i])
				drop(x, i, true);
	}
}

/* The command `text` (up to a ";") for each id; returns what follows. */
static const char *remove_step(const struct participant *p, const char *text,
			       const char *root, char *const *ids,
			       unsigned int *failed)
{
	const char *more = NULL;
	struct batch x = {.n = 0};

	STRV_FOREACH (id, ids) {
		struct words w = {.root = root, .id = *id};
		_cleanup_strv_ char **argv = words_expand(p, text, &w, &more);

		wait_below(&x, AT_ONCE - 1);
		if (spawn_start(argv, (int[]){-1, -1, -1}, &x.running[x.n]) <
		    0) {
			x.failed++;
			continue;
		}
		x.deadline[x.n++] = now_ns() + REMOVE_MS * INT64_C(1000000);
	}
	wait_below(&x, 0);
	*failed = x.failed;
	return more;
}

unsigned int remove_containers(struct bench *b, const struct participant *p,
			       const char *root, char *const *ids)
{
	const char *text = p->remove;
	unsigned int failed = 0;

	while (text && ids && *ids)
		text = remove_step(p, text, root, ids, &failed);
	return failed;
}

/* ----------------------------------------------------------- processes -- */

static bool has_mark(int proc, const char *pid, const char *mark)
{
	_cleanup_free_ char *path = xasprintf("%s/environ", pid);
	_cleanup_close_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = {0};

	/* Of another user, of the kernel, or just gone. */
	if (fd < 0 || buf_read_fd(&text, fd, 1 << 20) < 0)
		return false;
	for (size_t i = 0; i < text.len; i += strlen(text.data + i) + 1)
		if (str_eq(text.data + i, mark))
			return true;
	return false;
}

unsigned int remove_processes(const char *dir)
{
	_cleanup_free_ char *mark = xasprintf("%s=%s", SCRATCH_MARK, dir);
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	unsigned int n = 0;
	struct dirent *e;

	while (proc && (e = readdir(proc))) {
		uint64_t pid;

		if (parse_u64(e->d_name, INT32_MAX, &pid) < 0 ||
		    (pid_t)pid == getpid() ||
		    !has_mark(dirfd(proc), e->d_name, mark))
			continue;
		kill((pid_t)pid, SIGKILL);
		n++;
	}
	return n;
}

/* ------------------------------------------------------------- cgroups -- */

static const char *cgroup_marker;

static int visit_cgroup(const char *path, const struct stat *st, int type,
			struct FTW *f)
{
	if (type == FTW_DP && str_after(path + f->base, cgroup_marker))
		rmdir(path);
	return 0;
}

void remove_cgroups(const char *marker)
{
	cgroup_marker = marker;
	/* A v1 host has one hierarchy per controller, so no FTW_MOUNT. */
	nftw("/sys/fs/cgroup", visit_cgroup, 16, FTW_DEPTH | FTW_PHYS);
}

/* Engines make these at the top, podman even to say its version, and leave
 * them there.  Children first. */
static const char *const engines_make[] = {
	"/sys/fs/cgroup/*/libpod_parent/conmon",
	"/sys/fs/cgroup/libpod_parent/conmon",
	"/sys/fs/cgroup/*/libpod_parent",
	"/sys/fs/cgroup/libpod_parent",
	"/sys/fs/cgroup/*/hull-bench",
	"/sys/fs/cgroup/hull-bench",
};
static bool was_there[ARRAY_SIZE(engines_make)];

void engine_cgroups_note(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines_make); i++) {
		glob_t found = {0};

		was_there[i] = glob(engines_make[i], 0, NULL, &found) == 0;
		globfree(&found);
	}
}

void engine_cgroups_remove(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines_make); i++) {
		glob_t found = {0};

		if (!was_there[i] &&
		    glob(engines_make[i], 0, NULL, &found) == 0)
			for (size_t n = 0; n < found.gl_pathc; n++)
				rmdir(found.gl_pathv[n]); /* if it is empty */
		globfree(&found);
	}
}

/* --------------------------------------------------------------- files -- */

static int visit_file(const char *path, const struct stat *st, int type,
		      struct FTW *f)
{
	remove(path);
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, visit_file, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
