#include "sandbox/aot_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/draft.h"
#include "sandbox/aot_cache_internal.h"
#include "wasm/aot.h"

#define SYSTEM_DIR "/var/cache/hull/wasm"

static const uint64_t default_size = 1u << 30;
/* The largest module that is looked at. */
enum { MODULE_MAX = 256 << 20 };
/* How exact "last used" is, in seconds: a write in an hour is no load. */
enum { TOUCH_EVERY = 3600 };

static const char entry_magic[8] = "HULLIDX\1";

/* --- the directory ------------------------------------------------------- */

/* Make `path` with all its parents. */
static int make_dirs(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		/* Those in between are for others to look at, too. */
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_dir(struct aot_cache *c, char *path, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int rc;

	free(c->path);
	c->path = path;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		rc = make_dirs(path);
		if (rc < 0)
			return err_set(err, rc, "create the cache %s", path);
		fd = open(path,
			  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "open the cache %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 0077))
		return err_say(err, -EPERM,
			       "the cache %s is not ours alone: it must have "
			       "our owner and mode 0700",
			       path);
	c->dir = steal_fd(&fd);
	return 0;
}

/* The cache of an ordinary user; NULL if they have no home. */
static char *user_dir(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return xasprintf("%s/hull/wasm", xdg);
	if (home && *home == '/')
		return xasprintf("%s/.cache/hull/wasm", home);
	return NULL;
}

int aot_cache_open(struct aot_cache *ret, struct err *err)
{
	const char *said = getenv("HULL_CACHE_DIR"),
		   *size = getenv("HULL_CACHE_SIZE");
	char *user;
	int rc;

	*ret = (struct aot_cache){.dir = -1, .max_size = default_size};
	if (!str_empty(size) && parse_size(size, &ret->max_size) < 0)
		return err_say(err, -EINVAL,
			       "HULL_CACHE_SIZE=%s: not a size such as 512M",
			       size);
	if (!str_empty(said))
		return open_dir(ret, xstrdup(said), err);
	if (geteuid() == 0) {
		rc = open_dir(ret, xstrdup(SYSTEM_DIR), err);
		/* Root of a user namespace is an ordinary user on the disk. */
		if (rc == 0 || (rc != -EACCES && rc != -EPERM && rc != -EROFS))
			return rc;
	}
	user = user_dir();
	if (!user)
		return err_say(err, -ENOENT,
			       "no place for the cache: neither "
			       "XDG_CACHE_HOME nor HOME is set");
	return open_dir(ret, user, err);
}

void aot_cache_close(struct aot_cache *c)
{
	close_keep_errno(c->dir);
	free(c->path);
	c->path = NULL;
	c->dir = -1;
}

/* --- names --------------------------------------------------------------- */

void aot_key_name(const struct aot_key *key, char name[AOT_NAME_SIZE])
{
	const uint8_t *id = aot_engine_id();
	const char *cpu = aot_cpu_name((enum aot_cpu)key->cpu);
	char module[SHA256_HEX], engine[SHA256_HEX];

	sha256_text(key->module, module);
	sha256_text(id, engine);
	snprintf(name, AOT_NAME_SIZE, "%s-%.16s-%s-%u", module, engine,
		 cpu ? cpu : "unknown", key->flags);
}

void aot_image_path(const struct aot_key *key, char path[AOT_PATH_SIZE])
{
	char name[AOT_NAME_SIZE];

	aot_key_name(key, name);
	snprintf(path, AOT_PATH_SIZE, "images/%s.img", name);
}

/* Of the index entry: by the file's stamp and by what code we want. */
static void entry_path(const struct stamp *module, uint32_t cpu, uint32_t flags,
		       char path[AOT_PATH_SIZE])
{
	uint8_t sum[SHA256_SIZE];
	char hex[SHA256_HEX];
	uint32_t want[2] = {cpu, flags};
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, module, sizeof(*module));
	sha256_add(&s, want, sizeof(want));
	sha256_add(&s, aot_engine_id(), SHA256_SIZE);
	sha256_end(&s, sum);
	sha256_text(sum, hex);
	snprintf(path, AOT_PATH_SIZE, "index/%.32s", hex);
}

/* --- writing a small file ------------------------------------------------ */

int aot_write_file(const struct aot_cache *c, const char *path,
		   const void *data, size_t len)
{
	const char *slash = strchr(path, '/');
	char dir[AOT_PATH_SIZE];
	_cleanup_draft_ struct draft d;
	int rc;

	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	rc = draft_open(c->dir, dir, 0600, &d);
	if (rc == 0 && write(d.fd, data, len) != (ssize_t)len)
		rc = -EIO;
	return rc < 0 ? rc : draft_keep(&d, slash + 1);
}

/* --- the index ----------------------------------------------------------- */

static void seal(const struct aot_entry *e, uint8_t sum[SHA256_SIZE])
{
	sha256(e, offsetof(struct aot_entry, sha256), sum);
}

bool aot_entry_read(int fd, struct aot_entry *ret)
{
	uint8_t sum[SHA256_SIZE];

	/* One byte more than there must be. */
	char text[sizeof(*ret) + 1];

	if (pread(fd, text, sizeof(text), 0) != sizeof(*ret))
		return false;
	memcpy(ret, text, sizeof(*ret));
	seal(ret, sum);
	return memcmp(ret->magic, entry_magic, sizeof(ret->magic)) == 0 &&
	       memcmp(ret->sha256, sum, sizeof(sum)) == 0;
}

/* The image's stamp is written down when a change of it would show, and the
 * file's must be such already. */
static void entry_write(const struct aot_cache *c, const struct aot_found *f)
{
	struct aot_entry e = {
		.cpu = f->key.cpu,
		.flags = f->key.flags,
		.module = f->module,
	};
	char path[AOT_PATH_SIZE];

	if (!f->module.ino || !stamp_settled(&f->module))
		return;
	memcpy(e.magic, entry_magic, sizeof(e.magic));
	memcpy(e.module_sha256, f->key.module, SHA256_SIZE);
	if (stamp_of(f->fd, &e.image) != 1 || !stamp_settled(&e.image))
		memset(&e.image, 0, sizeof(e.image));
	seal(&e, e.sha256);
	entry_path(&f->module, f->key.cpu, f->key.flags, path);
	aot_write_file(c, path, &e, sizeof(e));
}

static void touch(const struct aot_cache *c, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && time(NULL) - st.st_mtime >= TOUCH_EVERY)
		utimensat(c->dir, path, NULL, 0);
}

void aot_cache_touch(const struct aot_cache *c, const struct aot_key *key)
{
	char path[AOT_PATH_SIZE], name[AOT_NAME_SIZE];
	_cleanup_close_ int fd = -1;

	aot_key_name(key, name);
	snprintf(path, sizeof(path), "index/%s", name);
	fd = openat(c->dir, path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd >= 0)
		touch(c, fd, path);
}

/* --- images -------------------------------------------------------------- */

bool aot_image_is_of(const struct aot_image *image,
		     const uint8_t module[SHA256_SIZE])
{
	uint8_t sum[SHA256_SIZE];

	sha256(image->module, image->h->module.size, sum);
	return memcmp(sum, module, sizeof(sum)) == 0 &&
	       memcmp(image->h->module_sha256, sum, sizeof(sum)) == 0;
}

int aot_image_check(int fd, const struct aot_key *key, struct err *err)
{
	struct aot_image *image;
	int rc = aot_image_open(fd, AOT_CHECK_ALL, &image, err);
	bool same;

	if (rc < 0)
		return rc;
	same = aot_image_is_of(image, key->module) &&
	       image->h->cpu == key->cpu && image->h->flags == key->flags;
	aot_image_close(image);
	return same ? 0
		    : err_say(err, -ENOEXEC,
			      "the image is of another module or processor");
}

static int open_image(const struct aot_cache *c, const struct aot_key *key)
{
	char path[AOT_PATH_SIZE];
	int fd;

	aot_image_path(key, path);
	fd = openat(c->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int aot_cache_get(const struct aot_cache *c, const struct aot_key *key,
		  struct err *err)
{
	_cleanup_close_ int fd = open_image(c, key);
	char path[AOT_PATH_SIZE];
	int rc;

	if (fd < 0)
		return err_set(err, fd, "open the image");
	rc = aot_image_check(fd, key, err);
	if (rc == 0)
		return steal_fd(&fd);
	/* Out of memory is no reason to throw it away. */
	if (rc == -ENOEXEC || rc == -ESTALE || rc == -EPERM) {
		aot_image_path(key, path);
		unlinkat(c->dir, path, 0);
		return -ENOENT;
	}
	return rc;
}

/* --- looking up ---------------------------------------------------------- */

/* By the index: the image's descriptor, -ENOENT when the index does not know,
 * and the key whenever it does. */
static int find_by_stamp(const struct aot_cache *c, struct aot_found *f,
			 bool *has_key)
{
	_cleanup_close_ int entry = -1, fd = -1;
	char path[AOT_PATH_SIZE];
	struct aot_entry e;
	struct stamp now;

	entry_path(&f->module, f->key.cpu, f->key.flags, path);
	entry = openat(c->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (entry < 0 || !aot_entry_read(entry, &e) ||
	    !stamp_equal(&e.module, &f->module) || e.cpu != f->key.cpu ||
	    e.flags != f->key.flags)
		return -ENOENT;
	memcpy(f->key.module, e.module_sha256, SHA256_SIZE);
	*has_key = true;
	fd = open_image(c, &f->key);
	if (fd < 0 || stamp_of(fd, &now) != 1 || !stamp_equal(&now, &e.image))
		return -ENOENT;
	touch(c, entry, path);
	return steal_fd(&fd);
}

int aot_hash_module(int module, uint8_t ret[SHA256_SIZE], struct stamp *stamp,
		    struct err *err)
{
	const size_t step = 256 << 10;
	_cleanup_free_ uint8_t *block = xmalloc(step);
	struct stamp before, after;
	struct sha256 s;
	uint64_t at = 0;
	ssize_t n;
	int rc = stamp_of(module, &before);

	if (rc < 0)
		return err_set(err, rc, "read the module");
	if (before.size > MODULE_MAX)
		return err_say(err, -EFBIG,
			       "the module has more than %d MiB: it is not "
			       "compiled",
			       MODULE_MAX >> 20);
	sha256_begin(&s);
	/* Not through a mapping: who truncates the file would end us. */
	while ((n = pread(module, block, step, (off_t)at)) > 0) {
		sha256_add(&s, block, (size_t)n);
		at += (uint64_t)n;
	}
	if (n < 0 || stamp_of(module, &after) < 0)
		return err_set(err, -errno, "read the module");
	if (at != before.size || !stamp_equal(&before, &after))
		return err_say(err, -EAGAIN, "the module is being written to");
	sha256_end(&s, ret);
	*stamp = rc == 1 ? before : (struct stamp){0};
	return 0;
}

int aot_cache_find(const struct aot_cache *c, int module, uint32_t flags,
		   struct aot_found *ret, struct err *err)
{
	struct aot_found f = {
		.fd = -1,
		.key = {.cpu = aot_cpu_native(), .flags = flags},
	};
	bool has_key = false;
	int rc = stamp_of(module, &f.module);

	if (rc < 0)
		return err_set(err, rc, "read the module");
	if (rc == 1)
		f.fd = find_by_stamp(c, &f, &has_key);
	if (f.fd < 0) {
		if (!has_key)
			rc = aot_hash_module(module, f.key.module, &f.module,
					     err);
		if (rc < 0)
			return rc;
		f.fd = aot_cache_get(c, &f.key, NULL);
		if (f.fd >= 0) {
			entry_write(c, &f);
			aot_cache_touch(c, &f.key);
		}
	}
	if (f.fd < 0)
		f.fd = -1;
	*ret = f;
	return 0;
}
