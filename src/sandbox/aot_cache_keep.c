/* sandbox/aot_cache_keep.c: what is in the cache, and what may go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "sandbox/aot_cache_internal.h"
#include "wasm/aot.h"

/* In seconds: how old a file must be before it counts as left behind, and how
 * long a failure or an index entry is kept that nobody asks for. */
enum { LEFT_BEHIND = 3600, FORGOTTEN = 30 * 24 * 3600 };

/* Calls `visit` for each regular file of a directory of the cache. */
struct visit {
	const struct aot_cache *c;
	int dir;
	const char *name;
	struct stat st;
	struct aot_cache_row *rows;
	size_t n;
	time_t now;
	uint64_t freed;
};

static int each(const struct aot_cache *c, const char *dir, struct visit *v,
		void (*visit)(struct visit *v))
{
	int fd = openat(c->dir, dir,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close_keep_errno(fd);
		return -errno;
	}
	v->c = c;
	v->dir = fd;
	while ((e = readdir(d))) {
		v->name = e->d_name;
		if (fstatat(fd, e->d_name, &v->st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(v->st.st_mode))
			visit(v);
	}
	return 0;
}

static uint64_t disk_size(const struct stat *st)
{
	return (uint64_t)st->st_blocks * 512;
}

/* --- the list ------------------------------------------------------------ */

/* <64 digits>-<16 digits>-<cpu>-<flags> */
static bool is_of_this_engine(const char *name)
{
	char engine[SHA256_HEX];

	sha256_text(aot_engine_id(), engine);
	return strlen(name) > 82 && strncmp(name + 65, engine, 16) == 0;
}

static void add_row(struct visit *v, size_t name_len, char *failed)
{
	struct aot_cache_row *row;

	if (name_len >= AOT_NAME_SIZE || name_len < 82) {
		free(failed);
		return;
	}
	v->rows = xrealloc(v->rows, v->n + 1, sizeof(*v->rows));
	row = &v->rows[v->n++];
	*row = (struct aot_cache_row){
		.failed = failed,
		.size = disk_size(&v->st),
		.used = v->st.st_mtime,
	};
	memcpy(row->name, v->name, name_len);
	row->other_engine = !is_of_this_engine(row->name);
}

static void visit_image(struct visit *v)
{
	if (str_ends_with(v->name, ".img"))
		add_row(v, strlen(v->name) - 4, NULL);
}

static void visit_failure(struct visit *v)
{
	_cleanup_close_ int fd =
		openat(v->dir, v->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_buf_ struct buf text = {0};

	if (*v->name != '.' && fd >= 0 && buf_read_fd(&text, fd, 4096) == 0)
		add_row(v, strlen(v->name), buf_steal(&text));
}

static struct aot_cache_row *find_row(struct visit *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->rows[i].name, name))
			return &v->rows[i];
	return NULL;
}

/* The name of the image that a file of the index speaks of. */
static bool named_by_index(struct visit *v, char name[AOT_NAME_SIZE])
{
	_cleanup_close_ int fd = -1;
	struct aot_entry e;
	struct aot_key key;

	if (strlen(v->name) > 82 && strlen(v->name) < AOT_NAME_SIZE) {
		strcpy(name, v->name); /* aot_cache_touch() */
		return true;
	}
	fd = openat(v->dir, v->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !aot_entry_read(fd, &e))
		return false;
	key = (struct aot_key){.cpu = e.cpu, .flags = e.flags};
	memcpy(key.module, e.module_sha256, SHA256_SIZE);
	aot_key_name(&key, name);
	return true;
}

static void visit_use(struct visit *v)
{
	char name[AOT_NAME_SIZE];
	struct aot_cache_row *row =
		named_by_index(v, name) ? find_row(v, name) : NULL;

	if (row && row->used < v->st.st_mtime)
		row->used = v->st.st_mtime;
}

static int by_use(const void *a, const void *b)
{
	const struct aot_cache_row *x = a, *y = b;

	if (x->used != y->used)
		return x->used < y->used ? 1 : -1;
	return strcmp(x->name, y->name);
}

int aot_cache_list(const struct aot_cache *c, struct aot_cache_row **rows,
		   size_t *n, struct err *err)
{
	struct visit v = {0};
	int rc = each(c, "images", &v, visit_image);

	if (rc == 0)
		rc = each(c, "index", &v, visit_use);
	if (rc == 0)
		rc = each(c, "failed", &v, visit_failure);
	if (rc < 0 && rc != -ENOENT) {
		aot_cache_rows_free(v.rows, v.n);
		return err_set(err, rc, "read the cache %s", c->path);
	}
	if (v.n)
		qsort(v.rows, v.n, sizeof(*v.rows), by_use);
	*rows = v.rows;
	*n = v.n;
	return 0;
}

void aot_cache_rows_free(struct aot_cache_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].failed);
	free(rows);
}

/* --- pruning ------------------------------------------------------------- */

static void remove_file(struct visit *v)
{
	if (unlinkat(v->dir, v->name, 0) == 0)
		v->freed += disk_size(&v->st);
}

/* A file in the making that nobody makes any more. */
static bool left_behind(const struct visit *v)
{
	return *v->name == '.' && v->now - v->st.st_mtime > LEFT_BEHIND;
}

static void prune_index(struct visit *v)
{
	char name[AOT_NAME_SIZE];
	struct aot_cache_row *row;

	if (*v->name == '.') {
		if (left_behind(v))
			remove_file(v);
		return;
	}
	row = named_by_index(v, name) ? find_row(v, name) : NULL;
	if (!row || v->now - v->st.st_mtime > FORGOTTEN)
		remove_file(v);
}

static void prune_draft(struct visit *v)
{
	if (left_behind(v))
		remove_file(v);
}

static void prune_failed(struct visit *v)
{
	if (left_behind(v) || v->now - v->st.st_mtime > FORGOTTEN)
		remove_file(v);
}

/* Whoever holds a lock removes it, or was killed. */
static void prune_lock(struct visit *v)
{
	_cleanup_close_ int fd =
		openat(v->dir, v->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(v->dir, v->name, 0);
}

static bool remove_image(const struct aot_cache *c,
			 const struct aot_cache_row *row)
{
	char path[AOT_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s%s",
		 row->failed ? "failed" : "images", row->name,
		 row->failed ? "" : ".img");
	return unlinkat(c->dir, path, 0) == 0;
}

uint64_t aot_cache_prune(const struct aot_cache *c, uint64_t max_size,
			 bool others)
{
	struct visit v = {.now = time(NULL)};
	uint64_t left = 0;

	if (aot_cache_list(c, &v.rows, &v.n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < v.n; i++) {
		struct aot_cache_row *row = &v.rows[i];
		bool go = row->other_engine && others;

		if (!row->failed) {
			go |= left + row->size > max_size;
			left += go ? 0 : row->size;
		}
		if (go && remove_image(c, row)) {
			v.freed += row->size;
			row->name[0] = '\0'; /* so its index entries go too */
		}
	}
	each(c, "images", &v, prune_draft);
	each(c, "index", &v, prune_index);
	each(c, "failed", &v, prune_failed);
	each(c, "locks", &v, prune_lock);
	aot_cache_rows_free(v.rows, v.n);
	return v.freed;
}

/* --- verifying ----------------------------------------------------------- */

/* The other way round of aot_key_name(). */
static int parse_name(const char *name, struct aot_key *ret)
{
	char cpu[AOT_NAME_SIZE];
	const char *last = strrchr(name, '-');
	uint64_t flags;
	int found;

	if (strlen(name) < 84 || last < name + 82 ||
	    parse_u64(last + 1, UINT32_MAX, &flags) < 0)
		return -EINVAL;
	for (size_t i = 0; i < SHA256_SIZE; i++)
		if (sscanf(name + 2 * i, "%2hhx", &ret->module[i]) != 1)
			return -EINVAL;
	snprintf(cpu, sizeof(cpu), "%.*s", (int)(last - name - 82), name + 82);
	found = aot_cpu_find(cpu);
	if (found <= 0)
		return -EINVAL;
	ret->cpu = (uint32_t)found;
	ret->flags = (uint32_t)flags;
	return 0;
}

int aot_cache_verify(const struct aot_cache *c, const struct aot_cache_row *row,
		     struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[AOT_PATH_SIZE];
	struct aot_key key;
	int rc;

	snprintf(path, sizeof(path), "images/%s.img", row->name);
	fd = openat(c->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s/%s", c->path, path);
	rc = parse_name(row->name, &key);
	rc = rc < 0 ? err_say(err, -ENOEXEC, "its name is none of ours")
		    : aot_image_check(fd, &key, err);
	if (rc == -ENOEXEC || rc == -EPERM) {
		unlinkat(c->dir, path, 0);
		return -ENOEXEC;
	}
	return rc;
}
