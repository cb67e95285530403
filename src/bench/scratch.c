#include "bench/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/participants.h"
#include "bench/remove.h"

#define MARKER "hull-bench-"

/* ---------------------------------------------------------- the folder -- */

/* Nobody else may have made it, nor be able to rename what is in it. */
static int open_parent(char **path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct stat st;
	int fd;

	*path = xasprintf("%s/hull-bench-%u", tmp && *tmp == '/' ? tmp : "/tmp",
			  geteuid());
	if (mkdir(*path, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "mkdir %s", *path);
	fd = open(*path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s", *path);
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 0077)) {
		close(fd);
		return err_say(err, -EPERM,
			       "%s: is not ours alone; remove it, or set "
			       "TMPDIR",
			       *path);
	}
	return fd;
}

/* The lock lives as long as we and the workers that we fork.  -EAGAIN: it is
 * held. */
static int lock_owner(int dir, int flags)
{
	int fd = openat(dir, "owner", O_RDWR | O_CLOEXEC | flags, 0600);
	int rc;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int scratch_begin(struct bench *b, struct err *err)
{
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int fd = open_parent(&parent, err);
	int rc;

	if (fd < 0)
		return fd;
	b->marker =
		xasprintf(MARKER "%d-%lld", getpid(), (long long)time(NULL));
	b->scratch = xasprintf("%s/%s", parent, b->marker);
	if (mkdirat(fd, b->marker, 0700) < 0)
		return err_set(err, -errno, "mkdir %s", b->scratch);
	b->scratch_fd =
		openat(fd, b->marker, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->scratch_fd < 0)
		return err_set(err, -errno, "open %s", b->scratch);
	/* Never closed. */
	rc = lock_owner(b->scratch_fd, O_CREAT);
	if (rc < 0)
		return err_set(err, rc, "lock %s/owner", b->scratch);
	setenv(SCRATCH_MARK, b->scratch, 1);
	/* Commands of engines are said in their own words. */
	setenv("LC_ALL", "C.UTF-8", 1);
	return 0;
}

int scratch_write(struct bench *b, const char *dir, const char *name,
		  const void *data, size_t len, mode_t mode, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return err_set(err, -errno, "create %s", path);
	n = write(fd, data, len);
	if (n != (ssize_t)len)
		rc = err_set(err, n < 0 ? -errno : -ENOSPC, "write %s", path);
	fchmod(fd, mode);
	if (close(fd) < 0 && rc == 0)
		rc = err_set(err, -errno, "write %s", path);
	return rc;
}

/* ------------------------------------------------------------ leftovers -- */

/* The ids that an OCI runtime has state of.  Most have a folder of that name;
 * runsc has files that begin with it and go on behind a "_". */
static char **ids_in(const char *root, const char *marker)
{
	_cleanup_closedir_ DIR *d = opendir(root);
	char **ids = NULL;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		_cleanup_free_ char *id =
			xstrndup(e->d_name, strcspn(e->d_name, "_:."));

		if (str_after(id, marker) && !strv_has(ids, id))
			strv_add(&ids, id);
	}
	return ids;
}

static char **ids_of(const char *dir, const struct participant *p,
		     const char *marker)
{
	_cleanup_free_ char *path = xasprintf("%s/ids-%s", dir, p->name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = {0};
	char **ids = NULL, **own = NULL;

	if (fd < 0 || buf_read_fd(&text, fd, 1 << 24) < 0 || !text.data)
		return NULL;
	for (char *line = strtok(text.data, "\n"); line;
	     line = strtok(NULL, "\n"))
		strv_add(&own, line);
	STRV_FOREACH (id, own)
		if (str_after(*id, marker))
			strv_add(&ids, *id);
	strv_free(own);
	return ids;
}

/* Everything that the run in `dir` may have left. */
static void clean_up(struct bench *b, const char *dir, const char *marker)
{
	/* First of all: removing what is dead is faster. */
	for (int i = 0; remove_processes(dir) && i < 50; i++)
		usleep(20000);
	BENCH_FOREACH(p, b)
	{
		_cleanup_free_ char *root =
			xasprintf("%s/state-%s", dir, p->name);
		_cleanup_strv_ char **ids = p->kind == BENCH_ENGINE
						    ? ids_of(dir, p, marker)
						    : ids_in(root, marker);

		if (p->path && ids)
			remove_containers(b, p, root, ids);
	}
	remove_processes(dir);
	remove_cgroups(marker);
	remove_tree(dir);
}

void scratch_end(struct bench *b)
{
	if (!b->scratch)
		return;
	clean_up(b, b->scratch, b->marker);
	close(b->scratch_fd);
}

/* A run that was just begun has no owner yet. */
static bool is_dead(int parent, const char *name)
{
	_cleanup_close_ int dir =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int lock = dir < 0 ? -1 : lock_owner(dir, 0);
	struct stat st;

	if (lock >= 0)
		return true;
	return lock == -ENOENT && fstat(dir, &st) == 0 &&
	       time(NULL) - st.st_mtime > 60;
}

unsigned int scratch_leftovers(struct bench *b)
{
	_cleanup_free_ char *parent = xstrdup(b->scratch);
	_cleanup_closedir_ DIR *d = NULL;
	unsigned int n = 0;
	struct dirent *e;

	*strrchr(parent, '/') = '\0';
	d = opendir(parent);
	while (d && (e = readdir(d))) {
		_cleanup_free_ char *path = NULL;

		if (!str_after(e->d_name, MARKER) ||
		    str_eq(e->d_name, b->marker))
			continue;
		path = xasprintf("%s/%s", parent, e->d_name);
		if (!is_dead(dirfd(d), e->d_name)) {
			bench_problem(b, "another hull bench is running: the "
					 "numbers are of no use");
			continue;
		}
		log_warn("bench: removing what a run that was killed has left "
			 "in %s",
			 path);
		clean_up(b, path, e->d_name);
		n++;
	}
	return n;
}
