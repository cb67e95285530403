#include "host/userns.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "host/user.h"

/* Rows that the kernel takes, man 7 user_namespaces. */
enum { MAP_ROWS_MAX = 340 };
/* Milliseconds for newuidmap, which may ask a name service. */
enum { HELPER_TIMEOUT = 10000 };

static bool overlap(uint32_t a, uint32_t b, uint32_t len_a, uint32_t len_b)
{
	return a < (uint64_t)b + len_b && b < (uint64_t)a + len_a;
}

int idmap_check(const struct idmap *map, size_t n, const char *field,
		struct err *err)
{
	if (n > MAP_ROWS_MAX)
		return err_say(err, -E2BIG, "%s: %zu rows, the kernel takes %d",
			       field, n, MAP_ROWS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct idmap *m = &map[i];

		if (m->size == 0)
			return err_say(err, -EINVAL,
				       "%s[%zu].size: a range "
				       "has at least one id",
				       field, i);
		if ((uint64_t)m->container_id + m->size > UINT32_MAX ||
		    (uint64_t)m->host_id + m->size > UINT32_MAX)
			return err_say(err, -ERANGE,
				       "%s[%zu]: the range runs "
				       "past the highest id",
				       field, i);
		for (size_t j = 0; j < i; j++) {
			const struct idmap *o = &map[j];

			if (overlap(m->container_id, o->container_id, m->size,
				    o->size) ||
			    overlap(m->host_id, o->host_id, m->size, o->size))
				return err_say(err, -EINVAL,
					       "%s[%zu] overlaps %s[%zu]",
					       field, i, field, j);
		}
	}
	return 0;
}

int idmap_to_host(const struct idmap *map, size_t n, uint32_t id, uint32_t *ret)
{
	if (n == 0) {
		*ret = id;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (id < map[i].container_id ||
		    id - map[i].container_id >= map[i].size)
			continue;
		*ret = map[i].host_id + (id - map[i].container_id);
		return 0;
	}
	return -ENOENT;
}

int idmap_to_container(const struct idmap *map, size_t n, uint32_t id,
		       uint32_t *ret)
{
	if (n == 0) {
		*ret = id;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (id < map[i].host_id || id - map[i].host_id >= map[i].size)
			continue;
		*ret = map[i].container_id + (id - map[i].host_id);
		return 0;
	}
	return -ENOENT;
}

/* ------------------------------------------------- writing the mappings -- */

static int write_file_at(int dir_fd, const char *name, const char *text,
			 size_t len)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	/* The kernel takes a mapping in one write or not at all. */
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int write_map(int proc_pid_fd, const char *name, const struct idmap *map,
		     size_t n)
{
	_cleanup_buf_ struct buf text = {0};

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%u %u %u\n", map[i].container_id,
			   map[i].host_id, map[i].size);
	return write_file_at(proc_pid_fd, name, text.data, text.len);
}

const char *userns_helper(bool gid)
{
	static char found[2][256];
	const char *name = gid ? "newgidmap" : "newuidmap";
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";

	while (*path) {
		int len = (int)strcspn(path, ":");
		int n = snprintf(found[gid], sizeof(found[gid]), "%.*s/%s", len,
				 path, name);

		/* Only absolute directories: "." is the bundle's. */
		if (path[0] == '/' && n < (int)sizeof(found[gid]) &&
		    access(found[gid], X_OK) == 0)
			return found[gid];
		path += len + (path[len] == ':');
	}
	return NULL;
}

/* What the helper said, without the line break. */
static void first_line(int fd, char *text, size_t size)
{
	ssize_t n = read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int run_helper(const char *helper, char *const *argv, struct err *err)
{
	static char *const no_env[] = {NULL};
	_cleanup_close_ int pidfd = -1, said = -1;
	char text[160];
	int pipe_fd[2], rc, status = 0;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set(err, -errno, "make a pipe for %s", helper);
	said = pipe_fd[0];
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fd[1], STDERR_FILENO);
		execve(helper, argv, no_env);
		_exit(127);
	}
	rc = -errno;
	close(pipe_fd[1]);
	if (pid < 0)
		return err_set(err, rc, "fork for %s", helper);
	pidfd = pidfd_of(pid);
	rc = pidfd < 0 ? pidfd : pidfd_reap(pidfd, HELPER_TIMEOUT, &status);
	if (rc < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err_set(err, rc, "wait for %s", helper);
	}
	if (status == 0)
		return 0;
	first_line(said, text, sizeof(text));
	return err_say(err, -EPERM, "%s failed with status %d: %s", helper,
		       status, *text ? text : "it gave no reason");
}

static int map_by_helper(pid_t pid, bool gid, const struct idmap *map, size_t n,
			 struct err *err)
{
	const char *helper = userns_helper(gid);
	_cleanup_strv_ char **argv = NULL;
	char word[16];

	if (!helper)
		return err_say(err, -EPERM,
			       "we may not map %s, and %s is not "
			       "installed (Debian: package uidmap)",
			       gid ? "these group ids" : "these user ids",
			       gid ? "newgidmap" : "newuidmap");
	strv_add(&argv, helper);
	snprintf(word, sizeof(word), "%d", pid);
	strv_add(&argv, word);
	for (size_t i = 0; i < n; i++) {
		const uint32_t col[] = {map[i].container_id, map[i].host_id,
					map[i].size};

		for (size_t k = 0; k < ARRAY_SIZE(col); k++) {
			snprintf(word, sizeof(word), "%u", col[k]);
			strv_add(&argv, word);
		}
	}
	return run_helper(helper, argv, err);
}

static bool only_me(const struct idmap *map, size_t n, uint32_t me)
{
	return n == 1 && map[0].size == 1 && map[0].host_id == me;
}

static int write_gid_map(pid_t pid, int proc_pid_fd, const struct idmaps *maps,
			 bool *denied, struct err *err)
{
	int rc = write_map(proc_pid_fd, "gid_map", maps->gid, maps->n_gid);

	if (rc != -EPERM)
		return rc < 0 ? err_set(err, rc, "write gid_map") : 0;
	if (!only_me(maps->gid, maps->n_gid, getegid()))
		return map_by_helper(pid, true, maps->gid, maps->n_gid, err);
	/* An ordinary user may map the own group only where groups cannot be
	 * dropped: a file may deny one's group what it grants to all. */
	rc = write_file_at(proc_pid_fd, "setgroups", "deny", 4);
	if (rc < 0)
		return err_set(err, rc, "deny setgroups in a user namespace");
	rc = write_map(proc_pid_fd, "gid_map", maps->gid, maps->n_gid);
	if (rc < 0)
		return err_set(err, rc, "write gid_map");
	*denied = true;
	return 0;
}

int userns_write_maps(pid_t pid, int proc_pid_fd, const struct idmaps *maps,
		      bool *setgroups_denied, struct err *err)
{
	bool denied = false;
	int rc;

	if (maps->n_uid) {
		rc = write_map(proc_pid_fd, "uid_map", maps->uid, maps->n_uid);
		if (rc == -EPERM)
			rc = map_by_helper(pid, false, maps->uid, maps->n_uid,
					   err);
		else if (rc < 0)
			return err_set(err, rc, "write uid_map");
		if (rc < 0)
			return rc;
	}
	if (maps->n_gid) {
		rc = write_gid_map(pid, proc_pid_fd, maps, &denied, err);
		if (rc < 0)
			return rc;
	}
	if (setgroups_denied)
		*setgroups_denied = denied;
	return 0;
}

/* ---------------------------------------- namespaces for a file system -- */

/* Runs on the parent's own stack, copied, as after fork(). */
static pid_t fork_in_userns(void)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER,
		.exit_signal = SIGCHLD,
	};
	pid_t parent = getpid();
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* getppid() is 0 for a parent outside of our pid namespace. */
	if (getppid() != parent && getppid() != 0)
		_exit(1);
	for (;;)
		pause();
}

static int userns_of(pid_t pid, const struct idmaps *maps, struct err *err)
{
	_cleanup_close_ int proc = -1;
	char path[32];
	int rc, fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(err, -errno, "open %s", path);
	rc = userns_write_maps(pid, proc, maps, NULL, err);
	if (rc < 0)
		return rc;
	fd = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s/ns/user", path);
	return fd;
}

int userns_open(const struct idmaps *maps, struct err *err)
{
	pid_t pid = fork_in_userns();
	int fd;

	if (pid < 0)
		return err_set(err, pid, "make a user namespace for a mount");
	fd = userns_of(pid, maps, err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}
