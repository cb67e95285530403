#include "host/cgroup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

int cgroup_open_file(const char *dir, const char *file, int flags)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, file), fd;

	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool cgroup_has_file(const char *dir, const char *file)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, file);

	return n < (int)sizeof(path) && access(path, F_OK) == 0;
}

int cgroup_write(const char *dir, const char *file, const char *text)
{
	_cleanup_close_ int fd = cgroup_open_file(dir, file, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int cgroup_read(const char *dir, const char *file, char *buf, size_t size)
{
	_cleanup_close_ int fd = cgroup_open_file(dir, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (int)n;
}

int cgroup_slurp(const char *dir, const char *file, struct buf *b)
{
	_cleanup_close_ int fd = cgroup_open_file(dir, file, O_RDONLY);

	return fd < 0 ? fd : buf_read_fd(b, fd, 16 << 20);
}

int cgroup_read_u64(const char *dir, const char *file, uint64_t *ret)
{
	char text[64];
	int rc = cgroup_read(dir, file, text, sizeof(text));

	if (rc < 0)
		return rc;
	if (str_eq(text, "max")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return parse_u64(text, UINT64_MAX, ret);
}

int cgroup_read_keys(const char *dir, const char *file,
		     const struct cgroup_key *keys, size_t n)
{
	char text[4096];
	char *rest = text, *line;
	int rc = cgroup_read(dir, file, text, sizeof(text));

	if (rc < 0)
		return rc;
	while ((line = strsep(&rest, "\n"))) {
		for (size_t i = 0; i < n; i++) {
			const char *value = str_after(line, keys[i].key);
			uint64_t v;

			if (value && *value == ' ' &&
			    parse_u64(value + 1, UINT64_MAX, &v) == 0)
				*keys[i].to = v * keys[i].scale;
		}
	}
	return 0;
}

int cgroup_read_key(const char *dir, const char *file, const char *key,
		    uint64_t *ret)
{
	uint64_t v = UINT64_MAX;
	const struct cgroup_key one = {key, &v, 1};
	int rc = cgroup_read_keys(dir, file, &one, 1);

	if (rc < 0)
		return rc;
	if (v == UINT64_MAX)
		return -ENODATA;
	*ret = v;
	return 0;
}

/* A process of a foreign pid namespace shows as 0 and is not for us. */
static void add_pids(char *text, pid_t **v, size_t *n)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		uint64_t pid;

		if (parse_u64(line, INT_MAX, &pid) < 0 || pid == 0)
			continue;
		*v = xrealloc(*v, *n + 1, sizeof(pid_t));
		(*v)[(*n)++] = (pid_t)pid;
	}
}

int cgroup_read_pids(const char *dir, pid_t **v, size_t *n)
{
	_cleanup_buf_ struct buf b = {0};
	int rc = cgroup_slurp(dir, "cgroup.procs", &b);

	if (rc == 0 && b.data)
		add_pids(b.data, v, n);
	return rc;
}

void cgroup_sleep_ms(unsigned int ms)
{
	struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* ----------------------------------------------------------------- walk -- */

/* One directory on the way down: the children that are left to visit. */
struct level {
	char *name; /* below the previous level; NULL at the top */
	char **children;
	size_t next;
};

/* The subdirectories of `fd`.  kernfs counts them in st_nlink, which saves
 * reading most directories; filesystems that don't (1) are read. */
static int list_children(int fd, char ***ret)
{
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	struct stat st;
	int copy;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink == 2)
		return 0;
	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy < 0)
		return -errno;
	d = fdopendir(copy);
	if (!d) {
		close_keep_errno(copy);
		return -errno;
	}
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && !str_eq(e->d_name, ".") &&
		    !str_eq(e->d_name, ".."))
			strv_add(ret, e->d_name);
	return 0;
}

/* Replaces *fd by `name` below it. */
static int change_to(int *fd, const char *name)
{
	int to = openat(*fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (to < 0)
		return -errno;
	close(*fd);
	*fd = to;
	return 0;
}

static int descend(int *fd, const char *name, struct level **v, size_t *n,
		   const struct cgroup_walk *w)
{
	struct level *l;
	int rc;

	rc = name ? change_to(fd, name) : 0;
	if (rc < 0)
		return rc;
	*v = xrealloc(*v, *n + 1, sizeof(**v));
	l = &(*v)[(*n)++];
	*l = (struct level){.name = name ? xstrdup(name) : NULL};
	rc = w->enter ? w->enter(*fd, w->arg) : 0;
	return rc < 0 ? rc : list_children(*fd, &l->children);
}

static void pop(struct level *l)
{
	free(l->name);
	strv_free(l->children);
}

/* Depth is the container's choice, so this keeps one descriptor, not one per
 * level, and no path.  A child that vanishes meanwhile was not worth it. */
int cgroup_walk(const char *dir, const struct cgroup_walk *w)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level *v = NULL;
	size_t n = 0;
	int rc;

	if (fd < 0)
		return -errno;
	rc = descend(&fd, NULL, &v, &n, w);
	while (rc >= 0 && n > 0) {
		struct level *l = &v[n - 1];
		char *child = l->children ? l->children[l->next] : NULL;

		if (child) {
			l->next++;
			rc = descend(&fd, child, &v, &n, w);
			if (rc == -ENOENT)
				rc = 0;
			continue;
		}
		if (l->name) {
			rc = change_to(&fd, "..");
			if (rc == 0 && w->leave)
				rc = w->leave(fd, l->name, w->arg);
		}
		pop(l);
		n--;
	}
	while (n > 0)
		pop(&v[--n]);
	free(v);
	return rc < 0 ? rc : 0;
}
