#include "sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/path.h"

#define DEFAULT_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

bool program_is_wasm(int fd)
{
	char magic[4];

	return pread(fd, magic, 4, 0) == 4 && memcmp(magic, "\0asm", 4) == 0;
}

/* 0 when `path` is a regular file that the caller may execute.  In a foreign
 * root nobody's permissions can be asked for, so its being there is enough. */
static int check_executable(const struct program_root *root, const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (root->fd < 0) {
		if (stat(path, &st) < 0)
			return -errno;
		if (S_ISDIR(st.st_mode))
			return -EISDIR;
		return faccessat(AT_FDCWD, path,
				 root->interpreted ? R_OK : X_OK,
				 AT_EACCESS) < 0
			       ? -errno
			       : 0;
	}
	fd = path_open_in_root(root->fd, path, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? 0 : -EISDIR;
}

static int refuse(int rc, const char *name, const char *path, int *exit_status,
		  struct err *err)
{
	bool absent = rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP;

	if (exit_status)
		*exit_status = absent ? 127 : 126;
	/* Docker and Podman look for these words to choose 127 or 126. */
	if (!path)
		return err_say(err, rc,
			       "exec: \"%s\": executable file not found in "
			       "$PATH",
			       name);
	if (rc == -ENOENT)
		return err_say(err, rc,
			       "exec: \"%s\": executable file not found: no "
			       "such file or directory in the container",
			       path);
	if (rc == -EISDIR)
		return err_say(err, -EACCES,
			       "exec: \"%s\": is a directory: permission "
			       "denied",
			       path);
	if (rc == -EACCES)
		return err_say(err, rc, "exec: \"%s\": permission denied",
			       path);
	return err_set(err, rc, "exec: \"%s\"", path);
}

/* A name with a slash is a path, from `cwd` unless it begins with one. */
static int find_path(const struct program_root *root, const char *name,
		     const char *cwd, char **ret, int *exit_status,
		     struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int rc;

	path = *name == '/' || !cwd ? xstrdup(name)
				    : xasprintf("%s/%s", cwd, name);
	rc = check_executable(root, path);
	if (rc < 0)
		return refuse(rc, name, name, exit_status, err);
	*ret = steal_ptr(&path);
	return 0;
}

int program_find(const struct program_root *root, const char *name,
		 char *const *env, const char *cwd, char **ret,
		 int *exit_status, struct err *err)
{
	const char *search = env_get(env, "PATH");
	int denied = 0;

	if (strchr(name, '/'))
		return find_path(root, name, cwd, ret, exit_status, err);
	if (!search)
		search = DEFAULT_PATH;
	while (*name) {
		size_t n = strcspn(search, ":");
		_cleanup_free_ char *path = NULL;
		int rc;

		/* An empty element means the working directory; that a
		 * program is found there by accident helps only attackers. */
		if (n > 0) {
			path = xasprintf("%s%.*s/%s",
					 *search == '/' || !cwd ? "" : "./",
					 (int)n, search, name);
			rc = check_executable(root, path);
			if (rc == 0) {
				*ret = steal_ptr(&path);
				return 0;
			}
			if (rc == -EACCES)
				denied = rc;
		}
		if (!search[n])
			break;
		search += n + 1;
	}
	if (denied)
		return refuse(denied, name, name, exit_status, err);
	return refuse(-ENOENT, name, NULL, exit_status, err);
}

/* The length of "x.wasm" in "x.wasm#func", or of all of it. */
static size_t module_len(const char *name)
{
	const char *hash = strrchr(name, '#');
	size_t n = hash ? (size_t)(hash - name) : 0;

	if (n > 5 && strncmp(hash - 5, ".wasm", 5) == 0)
		return n;
	return strlen(name);
}

int program_find_module(const struct program_root *root, const char *name,
			char *const *env, const char *cwd, char **ret,
			char **ret_func, int *exit_status, struct err *err)
{
	_cleanup_free_ char *path = xstrndup(name, module_len(name));
	_cleanup_free_ char *local = xasprintf("./%s", path);
	_cleanup_free_ char *top = xasprintf("/%s", path);
	int rc;

	*ret_func = NULL;
	rc = program_find(root, path, env, cwd, ret, exit_status, err);
	if (rc == -ENOENT && !strchr(path, '/') &&
	    (program_find(root, local, env, cwd, ret, NULL, NULL) == 0 ||
	     program_find(root, top, env, cwd, ret, NULL, NULL) == 0))
		rc = 0;
	if (rc == 0 && name[strlen(path)] == '#')
		*ret_func = xstrdup(name + strlen(path) + 1);
	return rc;
}
