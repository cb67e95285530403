/* sandbox/aot_cache_store.c: how images come into the cache. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "host/draft.h"
#include "sandbox/aot_cache_internal.h"

/* Nobody writes anything but who compiles, and so begins here. */
static void make_folders(const struct aot_cache *c)
{
	static const char *const names[] = {"images", "index", "locks",
					    "failed"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		mkdirat(c->dir, names[i], 0700); /* or writing fails */
}

int aot_cache_draft(const struct aot_cache *c, struct draft *ret,
		    struct err *err)
{
	int rc;

	make_folders(c);
	rc = draft_open(c->dir, "images", 0600, ret);
	return rc < 0 ? err_set(err, rc, "write to the cache %s", c->path) : 0;
}

int aot_cache_store(const struct aot_cache *c, const struct aot_key *key,
		    struct draft *draft, struct err *err)
{
	char path[AOT_PATH_SIZE];
	int rc;

	/* Also: the check wants a file that nobody else may write to. */
	if (fchmod(draft->fd, 0400) < 0)
		return err_set(err, -errno, "write to the cache %s", c->path);
	rc = aot_image_check(draft->fd, key, err);
	if (rc < 0)
		return rc;
	aot_image_path(key, path);
	rc = fsync(draft->fd) < 0 ? -errno
				  : draft_keep(draft, path + strlen("images/"));
	if (rc < 0)
		return err_set(err, rc, "write to the cache %s", c->path);
	aot_cache_forget_failure(c, key);
	aot_cache_touch(c, key);
	aot_cache_prune(c, c->max_size, false);
	return 0;
}

/* --- locks --------------------------------------------------------------- */

static void lock_path(const struct aot_key *key, char path[AOT_PATH_SIZE])
{
	char name[AOT_NAME_SIZE];

	aot_key_name(key, name);
	snprintf(path, AOT_PATH_SIZE, "locks/%s", name);
}

static int64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int aot_cache_lock(const struct aot_cache *c, const struct aot_key *key,
		   int timeout_ms, struct err *err)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	int64_t end = milliseconds() + timeout_ms;
	char path[AOT_PATH_SIZE];

	make_folders(c);
	lock_path(key, path);
	for (;;) {
		_cleanup_close_ int fd =
			openat(c->dir, path,
			       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat st;

		if (fd < 0)
			return err_set(err, -errno, "write to the cache %s",
				       c->path);
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			/* Its last holder removed it: another file may have
			 * the name, and its lock another process. */
			if (fstat(fd, &st) == 0 && st.st_nlink > 0)
				return steal_fd(&fd);
			continue;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, -errno, "lock the cache %s",
				       c->path);
		if (milliseconds() >= end)
			return err_say(err, -EBUSY,
				       "another process compiles this module");
		nanosleep(&nap, NULL);
	}
}

void aot_cache_unlock(const struct aot_cache *c, const struct aot_key *key,
		      int lock)
{
	char path[AOT_PATH_SIZE];

	lock_path(key, path);
	unlinkat(c->dir, path, 0);
	close(lock);
}

/* --- failures ------------------------------------------------------------ */

static void failed_path(const struct aot_key *key, char path[AOT_PATH_SIZE])
{
	char name[AOT_NAME_SIZE];

	aot_key_name(key, name);
	snprintf(path, AOT_PATH_SIZE, "failed/%s", name);
}

void aot_cache_mark_failed(const struct aot_cache *c, const struct aot_key *key,
			   const char *why)
{
	char path[AOT_PATH_SIZE];

	failed_path(key, path);
	aot_write_file(c, path, why, strlen(why));
}

bool aot_cache_has_failed(const struct aot_cache *c, const struct aot_key *key,
			  struct err *why)
{
	_cleanup_buf_ struct buf text = {0};
	char path[AOT_PATH_SIZE];
	_cleanup_close_ int fd = -1;

	failed_path(key, path);
	fd = openat(c->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (buf_read_fd(&text, fd, 4096) < 0 || !text.len)
		err_say(why, -EINVAL, "it could not be compiled");
	else
		err_say(why, -EINVAL, "it could not be compiled: %s",
			text.data);
	return true;
}

void aot_cache_forget_failure(const struct aot_cache *c,
			      const struct aot_key *key)
{
	char path[AOT_PATH_SIZE];

	failed_path(key, path);
	unlinkat(c->dir, path, 0);
}
