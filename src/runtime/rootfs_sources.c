/* What the parent opens for init.
 *
 * In a user namespace, init cannot go through directories that belong to the
 * host's root alone, and cannot make idmapped mounts.  The parent can, but a
 * copy that it took from its own mount namespace would not have the locks
 * ("ro", "nodev" cannot be lifted) that mounts get on the way into a less
 * privileged namespace.  So a child of the parent goes into init's mount
 * namespace, with the parent's privileges, and copies there.  The child
 * shares the table of descriptors; the numbers come back in shared memory. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/userns.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

char *rootfs_source_path(const struct rootfs_plan *plan, const char *source)
{
	return source[0] == '/' || !plan->bundle
		       ? xstrdup(source)
		       : xasprintf("%s/%s", plan->bundle, source);
}

bool rootfs_is_bind(const struct oci_mount *m)
{
	return strv_has(m->options, "bind") || strv_has(m->options, "rbind") ||
	       (m->type &&
		(str_eq(m->type, "bind") || str_eq(m->type, "rbind")));
}

bool rootfs_is_idmapped(const struct oci_mount *m)
{
	return m->n_uid_mappings > 0 || m->n_gid_mappings > 0 ||
	       strv_has(m->options, "idmap") || strv_has(m->options, "ridmap");
}

bool rootfs_sources_needed(const struct rootfs_plan *plan)
{
	if (plan->in_userns)
		return true;
	for (size_t i = 0; i < plan->spec->n_mounts; i++)
		if (rootfs_is_idmapped(&plan->spec->mounts[i]))
			return true;
	return false;
}

/* ------------------------------------------------------------ idmapped -- */

/* The user namespace that maps mount `m`: its own, or the container's. */
static int open_userns(const struct oci_mount *m, int container_userns,
		       struct err *err)
{
	struct idmaps maps = {
		.uid = m->uid_mappings,
		.n_uid = m->n_uid_mappings,
		.gid = m->gid_mappings,
		.n_gid = m->n_gid_mappings,
	};
	int fd;

	if (maps.n_uid > 0 && maps.n_gid > 0)
		return userns_open(&maps, err);
	if (maps.n_uid > 0 || maps.n_gid > 0)
		return err_say(err, -EINVAL,
			       "uidMappings and gidMappings go together");
	if (container_userns < 0)
		return err_say(err, -EINVAL,
			       "an idmapped mount needs a user namespace, or "
			       "uidMappings and gidMappings");
	fd = fcntl(container_userns, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_set(err, -errno, "dup") : fd;
}

/* All that has to be opened before the child goes where /proc is the
 * container's.  userns[i] is -1 where mounts[i] is not idmapped. */
static int open_all_userns(const struct rootfs_plan *plan, pid_t init_pid,
			   int *userns, struct err *err)
{
	_cleanup_close_ int container = -1;

	if (plan->in_userns) {
		_cleanup_free_ char *path =
			xasprintf("/proc/%d/ns/user", (int)init_pid);

		container = open(path, O_RDONLY | O_CLOEXEC);
		if (container < 0)
			return err_set(err, -errno, "open %s", path);
	}
	for (size_t i = 0; i < plan->spec->n_mounts; i++) {
		const struct oci_mount *m = &plan->spec->mounts[i];

		if (!rootfs_is_idmapped(m))
			continue;
		userns[i] = open_userns(m, container, err);
		if (userns[i] < 0)
			return err_wrap(err, "mounts[%zu] %s", i,
					m->destination);
	}
	return 0;
}

/* ------------------------------------------------------------- copying -- */

/* In memory that the parent and its child share. */
struct shared {
	struct err err;
	int rc;
	int fd[]; /* as in struct rootfs_sources */
};

struct work {
	const struct rootfs_plan *plan;
	struct shared *out;
	int *userns;
	int init_pidfd; /* whose mount namespace, or -1 for our own */
};

static int copy_source(const struct work *w, const struct oci_mount *m,
		       int userns, struct err *err)
{
	_cleanup_(mount_opts_free) struct mount_opts o = {0};
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int mnt = -1;
	unsigned int flags = 0;
	int rc = mount_opts_parse(m->options, &o, err);

	if (rc < 0)
		return rc;
	if (str_empty(m->source))
		return err_say(err, -EINVAL, "a bind mount needs a source");
	if ((o.how & MOUNT_BIND_REC) || (m->type && str_eq(m->type, "rbind")))
		flags |= CLONE_TREE_RECURSIVE;
	if (o.how & MOUNT_SRC_NOFOLLOW)
		flags |= CLONE_TREE_NOFOLLOW;
	path = rootfs_source_path(w->plan, m->source);
	mnt = mount_clone(AT_FDCWD, path, flags);
	if (mnt < 0)
		return err_set(err, mnt, "open %s of the host", path);
	if (userns >= 0) {
		rc = mount_set_idmap(mnt, userns, o.how & MOUNT_IDMAP_REC);
		if (rc == -EINVAL || rc == -EPERM)
			return err_set(err, rc,
				       "the filesystem of %s cannot be "
				       "idmapped",
				       path);
		if (rc < 0)
			return err_set(err, rc, "idmap the mount of %s", path);
	}
	/* In our own namespace it is still a peer of the host's mount. */
	if (w->init_pidfd < 0 &&
	    !(w->plan->spec->linux.rootfs_propagation & MS_SHARED)) {
		rc = mount_set_propagation(mnt, MS_SLAVE | MS_REC);
		if (rc < 0)
			return err_set(err, rc, "make the mount a slave");
	}
	return steal_fd(&mnt);
}

static int copy_all(const struct work *w, struct err *err)
{
	const struct rootfs_plan *plan = w->plan;

	if (plan->in_userns) {
		int fd = mount_clone(AT_FDCWD, plan->rootfs,
				     CLONE_TREE_RECURSIVE);

		if (fd < 0)
			return err_set(err, fd,
				       "root.path: open %s of the host",
				       plan->rootfs);
		w->out->fd[0] = fd;
	}
	for (size_t i = 0; i < plan->spec->n_mounts; i++) {
		const struct oci_mount *m = &plan->spec->mounts[i];
		int fd;

		if (!rootfs_is_idmapped(m) &&
		    !(plan->in_userns && rootfs_is_bind(m)))
			continue;
		if (!rootfs_is_bind(m))
			return err_say(err, -EINVAL,
				       "mounts[%zu] %s: only a bind mount can "
				       "be idmapped",
				       i, m->destination);
		fd = copy_source(w, m, w->userns[i], err);
		if (fd < 0)
			return err_wrap(err, "mounts[%zu] %s", i,
					m->destination);
		w->out->fd[i + 1] = fd;
	}
	return 0;
}

/* Does not return. */
static void child(const struct work *w)
{
	struct shared *out = w->out;

	if (setns(w->init_pidfd, CLONE_NEWNS) == 0)
		out->rc = copy_all(w, &out->err);
	else
		/* Our own user namespace does not have the privilege: then
		 * init has all that we have. */
		out->rc = errno == EPERM
				  ? 0
				  : err_set(&out->err, -errno,
					    "enter the container's mount "
					    "namespace");
	_exit(0);
}

/* A fork that shares the descriptors, and no more: setns() to a mount
 * namespace needs a working directory of one's own. */
static int run_child(const struct work *w, struct err *err)
{
	int status;
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL,
				   NULL, NULL);

	if (pid < 0)
		return err_set(err, -errno, "fork");
	if (pid == 0)
		child(w);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, -errno, "wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_say(err, -EIO,
			       "the process that opens mount sources died");
	return 0;
}

static int open_sources(const struct work *w, struct err *err)
{
	int rc;

	if (w->init_pidfd < 0)
		return copy_all(w, err);
	w->out->rc = 0;
	rc = run_child(w, err);
	if (rc == 0 && w->out->rc < 0) {
		rc = w->out->rc;
		if (err)
			*err = w->out->err;
	}
	return rc;
}

int rootfs_sources_open(const struct rootfs_plan *plan, pid_t init_pid,
			int init_pidfd, struct rootfs_sources *ret,
			struct err *err)
{
	size_t n = plan->spec->n_mounts + 1;
	size_t size = sizeof(struct shared) + n * sizeof(int);
	_cleanup_free_ int *userns = xcalloc(n, sizeof(int));
	struct work w = {
		.plan = plan, .userns = userns, .init_pidfd = init_pidfd};
	struct rootfs_sources sources = {.n = n};
	int rc;

	w.out = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w.out == MAP_FAILED)
		return err_set(err, -errno, "mmap");
	for (size_t i = 0; i < n; i++)
		userns[i] = w.out->fd[i] = -1;
	rc = open_all_userns(plan, init_pid, userns, err);
	if (rc == 0)
		rc = open_sources(&w, err);
	for (size_t i = 0; i < n; i++)
		close_keep_errno(userns[i]);
	sources.fd = xcalloc(n, sizeof(int));
	memcpy(sources.fd, w.out->fd, n * sizeof(int));
	munmap(w.out, size);
	if (rc < 0)
		rootfs_sources_free(&sources);
	else
		*ret = sources;
	return rc;
}

void rootfs_sources_free(struct rootfs_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		close_keep_errno(sources->fd[i]);
	free(sources->fd);
	*sources = (struct rootfs_sources){0};
}
