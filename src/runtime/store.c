#include "runtime/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"

enum {
	LOCK_TRIES = 1000, /* of 10 ms each */
	STATE_MAX = 1 << 20,
};

/* Anything but the root directory itself is made for its owner alone. */
static int make_root(const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);

	for (char *slash = copy; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_root(const char *path, bool create, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0 && errno == ENOENT && create) {
		rc = make_root(path);
		if (rc < 0)
			return err_set(err, rc, "create root directory %s",
				       path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && (create || errno != ENOENT))
		return err_set(err, -errno, "open root directory %s", path);
	return fd < 0 ? -errno : fd;
}

static int check_id(const char *id, struct err *err)
{
	if (oci_id_valid(id))
		return 0;
	return err_say(err, -EINVAL,
		       "container id \"%.64s\" is not valid: letters, digits "
		       "and _ + - . only, not . or .., at most %d characters",
		       id, NAME_MAX);
}

static struct container *container_new(const struct runtime *rt)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->rt = rt;
	c->root_fd = c->dir_fd = -1;
	c->arena = arena_new(1024);
	return c;
}

void store_close(struct container *c)
{
	if (!c)
		return;
	close_keep_errno(c->dir_fd);
	close_keep_errno(c->root_fd);
	oci_spec_free(c->spec);
	arena_free(c->arena);
	free(c);
}

int store_create(const struct runtime *rt, const char *id,
		 struct container **ret, struct err *err)
{
	_cleanup_container_ struct container *c = container_new(rt);
	int rc;

	rc = check_id(id, err);
	if (rc < 0)
		return rc;
	c->root_fd = open_root(rt->root, true, err);
	if (c->root_fd < 0)
		return c->root_fd;
	if (mkdirat(c->root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return err_say(err, -EEXIST,
				       "container with id \"%s\" exists "
				       "already",
				       id);
		return err_set(err, -errno, "create %s/%s", rt->root, id);
	}
	c->dir_fd = openat(c->root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Nobody else can hold the lock for long: there is no state yet. */
	if (c->dir_fd < 0 || flock(c->dir_fd, LOCK_EX) < 0) {
		rc = err_set(err, -errno, "lock %s/%s", rt->root, id);
		unlinkat(c->root_fd, id, AT_REMOVEDIR);
		return rc;
	}
	c->state.version = STATE_VERSION;
	c->state.id = arena_strdup(c->arena, id);
	*ret = steal_ptr(&c);
	return 0;
}

static int take_lock(int fd, const char *id, struct err *err)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

	for (int i = 0; i < LOCK_TRIES; i++) {
		struct stat st;

		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			/* Deleted while we waited? */
			if (fstat(fd, &st) == 0 && st.st_nlink == 0)
				return -ENOENT;
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, -errno, "lock container %s", id);
		nanosleep(&pause, NULL);
	}
	return err_say(err, -EBUSY,
		       "container %s is being changed by another command "
		       "for more than 10 s",
		       id);
}

static int read_file(int dir_fd, const char *name, size_t max, struct buf *text)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : buf_read_fd(text, fd, max);
}

static const struct json_words manager_words = {
	.what = "cgroup manager",
	.list =
		(const struct json_word[]){
			{"cgroupfs", CGROUP_CGROUPFS},
			{"systemd", CGROUP_SYSTEMD},
			{"disabled", CGROUP_DISABLED},
			{NULL, 0},
		},
};

static const struct json_field rdt_state_fields[] = {
	JSON_FIELD(rdt_state, group_made, "groupMade"),
	JSON_FIELD(rdt_state, monitor_made, "monitorMade"),
};
static const struct json_type rdt_state_json =
	JSON_STRUCT(rdt_state, rdt_state_fields);

static const struct json_field state_fields[] = {
	JSON_FIELD(state, version, "version", .required = true),
	JSON_FIELD(state, id, "id", .required = true),
	JSON_FIELD(state, pid, "pid", .always = true),
	JSON_FIELD(state, pid_start, "pidStart"),
	JSON_FIELD(state, bundle, "bundle", .required = true),
	JSON_FIELD(state, rootfs, "rootfs"),
	JSON_FIELD(state, sandbox, "sandbox"),
	JSON_FIELD(state, created, "created"),
	JSON_FIELD(state, owner, "owner"),
	JSON_FIELD(state, rootless, "rootless"),
	JSON_FIELD(state, user_namespace, "userNamespace"),
	JSON_FIELD(state, own_pid_namespace, "ownPidNamespace"),
	JSON_FIELD_NAME(state, cgroup_manager, "cgroupManager", &manager_words,
			.always = true),
	JSON_FIELD(state, cgroup, "cgroup"),
	JSON_FIELD_STRUCT(state, rdt, "intelRdt", rdt_state),
};
const struct json_type state_json = JSON_STRUCT(state, state_fields);

static int load_state(struct container *c, const char *id, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	int rc;

	rc = read_file(c->dir_fd, "state.json", STATE_MAX, &text);
	/* "create" was killed before it wrote one: nothing to undo then. */
	if (rc == -ENOENT) {
		c->state.id = arena_strdup(c->arena, id);
		return 0;
	}
	if (rc < 0)
		return err_set(err, rc, "read %s/%s/state.json", c->rt->root,
			       id);
	rc = json_decode(&state_json, &c->state, c->arena, text.data, text.len,
			 err);
	if (rc < 0)
		return err_wrap(err, "%s/%s/state.json", c->rt->root, id);
	if (c->state.version != STATE_VERSION || !c->state.id ||
	    !str_eq(c->state.id, id) || !c->state.bundle || c->state.pid < 0)
		return err_say(err, -EINVAL,
			       "%s/%s/state.json is not a state of version "
			       "%d of this container",
			       c->rt->root, id, STATE_VERSION);
	return 0;
}

int store_open(const struct runtime *rt, const char *id, enum store_lock lock,
	       struct container **ret, struct err *err)
{
	_cleanup_container_ struct container *c = container_new(rt);
	int rc;

	rc = check_id(id, err);
	if (rc < 0)
		return rc;
	c->root_fd = open_root(rt->root, false, err);
	if (c->root_fd == -ENOENT)
		return err_say(err, -ENOENT, "container \"%s\" does not exist",
			       id);
	if (c->root_fd < 0)
		return c->root_fd;
	c->dir_fd = openat(c->root_fd, id,
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	rc = c->dir_fd < 0 ? -errno : 0;
	if (rc == 0 && lock == STORE_CHANGE)
		rc = take_lock(c->dir_fd, id, err);
	if (rc == -ENOENT)
		return err_say(err, -ENOENT, "container \"%s\" does not exist",
			       id);
	if (rc < 0 && c->dir_fd < 0)
		return err_set(err, rc, "open %s/%s", rt->root, id);
	if (rc < 0)
		return rc;
	rc = load_state(c, id, err);
	if (rc < 0)
		return rc;
	*ret = steal_ptr(&c);
	return 0;
}

void store_unlock(struct container *c)
{
	flock(c->dir_fd, LOCK_UN);
}

int store_relock(struct container *c, struct err *err)
{
	int rc = take_lock(c->dir_fd, c->state.id, err);

	if (rc == -ENOENT)
		return err_say(err, rc, "container \"%s\" was deleted",
			       c->state.id);
	return rc;
}

/* Replace `name` as a whole, or leave it as it was. */
static int replace_file(struct container *c, const char *name, const char *data,
			size_t len, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char tmp[32];
	int rc = 0;

	snprintf(tmp, sizeof(tmp), ".%s", name);
	fd = openat(c->dir_fd, tmp,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		rc = -errno;
	while (rc == 0 && len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			rc = -errno;
		else
			data += n, len -= (size_t)n;
	}
	if (rc == 0 && renameat(c->dir_fd, tmp, c->dir_fd, name) < 0)
		rc = -errno;
	if (rc == 0)
		return 0;
	unlinkat(c->dir_fd, tmp, 0);
	return err_set(err, rc, "write %s/%s/%s", c->rt->root, c->state.id,
		       name);
}

int store_save(struct container *c, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	json_encode(&state_json, &c->state, NULL, &text);
	return replace_file(c, "state.json", text.data, text.len, err);
}

int store_save_config(struct container *c, const struct buf *text,
		      struct err *err)
{
	return replace_file(c, "config.json", text->data, text->len, err);
}

int store_load_spec(struct container *c, struct err *err)
{
	int rc = 0;

	if (!c->spec)
		rc = oci_spec_load(&c->spec, c->dir_fd, "config.json", err);
	if (rc < 0)
		return err_wrap(err, "container %s", c->state.id);
	return 0;
}

/* Everything below `dir_fd`: our own files, one level of directories. */
static void empty_dir(int dir_fd, unsigned int depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_keep_errno(fd);
		return;
	}
	while ((e = readdir(dir))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) == 0 || depth == 0)
			continue;
		{
			_cleanup_close_ int sub =
				openat(fd, e->d_name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					       O_CLOEXEC);

			if (sub >= 0)
				empty_dir(sub, depth - 1);
			unlinkat(fd, e->d_name, AT_REMOVEDIR);
		}
	}
}

int store_remove(struct container *c, struct err *err)
{
	/* The state goes last: while it is there, "delete" can be repeated. */
	static const char *const files[] = {"config.json", "state.json"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(c->dir_fd, files[i], 0);
	if (unlinkat(c->root_fd, c->state.id, AT_REMOVEDIR) == 0 ||
	    errno == ENOENT)
		return 0;
	empty_dir(c->dir_fd, 1);
	if (unlinkat(c->root_fd, c->state.id, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		return err_set(err, -errno, "remove %s/%s", c->rt->root,
			       c->state.id);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_ids(const struct runtime *rt, char ***ret, struct err *err)
{
	_cleanup_closedir_ DIR *dir = NULL;
	_cleanup_strv_ char **ids = xcalloc(1, sizeof(char *));
	struct dirent *e;
	int fd;

	fd = open_root(rt->root, false, err);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	dir = fd < 0 ? NULL : fdopendir(fd);
	while (dir && (e = readdir(dir)))
		if (e->d_type != DT_REG && oci_id_valid(e->d_name))
			strv_add(&ids, e->d_name);
	qsort(ids, strv_len(ids), sizeof(char *), by_name);
	*ret = steal_ptr(&ids);
	return 0;
}
