/* Mounts of type "cgroup": what the host has, cut down to the container's
 * own cgroup.
 *
 *	host	cgroup namespace	what is mounted
 *	v2	own			a new cgroup2, whose root is the
 *					container's cgroup
 *	v2	host's			the host's tree
 *	v1	own			tmpfs, and in it each hierarchy anew
 *	v1	host's			tmpfs, and in it a bind of the
 *					container's cgroup of each hierarchy
 *	any	no cgroup was made	the host's tree, read-only
 *
 * Hybrid is v1 with one hierarchy more, "unified".
 *
 * In a user namespace without a cgroup namespace everything is read-only,
 * whatever was asked for: root of the container may own its cgroup there, and
 * the host's tree is in view (CVE-2023-25809). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/mount.h"
#include "oci/spec.h"
#include "runtime/rootfs_internal.h"

#define HOST_CGROUPS "/sys/fs/cgroup"

static bool must_be_ro(const struct rootfs *r)
{
	return r->plan->in_userns && !r->plan->own_cgroupns;
}

static int bind_host(const char *path, uint64_t attrs, bool recursive,
		     struct err *err)
{
	_cleanup_close_ int mnt = mount_clone(
		AT_FDCWD, path, recursive ? CLONE_TREE_RECURSIVE : 0);
	int rc;

	if (mnt < 0)
		return err_set(err, mnt, "bind %s of the host", path);
	rc = mount_set(mnt, attrs, 0, recursive);
	if (rc < 0)
		return err_set(err, rc, "set the attributes of the mount");
	return steal_fd(&mnt);
}

/* ------------------------------------------------------------------ v2 -- */

static int new_v2(uint64_t attrs, struct err *err)
{
	struct mount_fs fs = {
		.type = "cgroup2", .source = "cgroup", .attrs = attrs};

	return mount_fs_new(&fs, err);
}

static int mount_v2(struct rootfs *r, const struct target *t, uint64_t attrs,
		    struct err *err)
{
	_cleanup_close_ int mnt = -1;

	if (r->plan->own_cgroupns)
		mnt = new_v2(attrs, err);
	else
		mnt = bind_host(HOST_CGROUPS, attrs, true, err);
	return mnt < 0 ? mnt : rootfs_attach(r, mnt, t, err);
}

/* ------------------------------------------------------------------ v1 -- */

/* "cpu,cpuacct" -> {"cpu", "cpuacct"}; "none,name=x" -> {"none", "name=x"}. */
static int new_v1(const struct rootfs_cgroup *cg, uint64_t attrs,
		  struct err *err)
{
	_cleanup_free_ char *copy = xstrdup(cg->options);
	const char *data[16];
	struct mount_fs fs = {
		.type = "cgroup",
		.source = cg->name,
		.data = data,
		.attrs = attrs,
	};
	char *next = copy, *name;

	while ((name = strsep(&next, ",")) && fs.n_data < ARRAY_SIZE(data))
		data[fs.n_data++] = name;
	return mount_fs_new(&fs, err);
}

static int open_hierarchy(struct rootfs *r, const struct rootfs_cgroup *cg,
			  uint64_t attrs, struct err *err)
{
	if (!r->plan->own_cgroupns)
		return bind_host(cg->host_path, attrs, false, err);
	return cg->options ? new_v1(cg, attrs, err) : new_v2(attrs, err);
}

/* Programs look for "cpu", also where the hierarchy is "cpu,cpuacct". */
static int make_aliases(int dir, const char *controllers)
{
	_cleanup_free_ char *copy = xstrdup(controllers);
	char *next = copy, *name;

	if (!strchr(controllers, ','))
		return 0;
	while ((name = strsep(&next, ",")))
		if (symlinkat(controllers, dir, name) < 0)
			return -errno;
	return 0;
}

static int add_hierarchy(struct rootfs *r, int dir,
			 const struct rootfs_cgroup *cg, uint64_t attrs,
			 struct err *err)
{
	_cleanup_close_ int mnt = open_hierarchy(r, cg, attrs, err);
	int rc;

	if (mnt < 0)
		return mnt;
	/* Two controllers of one hierarchy may both be listed. */
	if (mkdirat(dir, cg->name, 0755) < 0)
		return errno == EEXIST ? 0
				       : err_set(err, -errno,
						 "make directory %s", cg->name);
	rc = mount_attach_at(mnt, dir, cg->name);
	if (rc == 0)
		rc = make_aliases(dir, cg->name);
	return rc < 0 ? err_set(err, rc, "attach hierarchy %s", cg->name) : 0;
}

static int mount_v1(struct rootfs *r, const struct target *t, uint64_t attrs,
		    struct err *err)
{
	static const char *const data[] = {"mode=755"};
	struct mount_fs fs = {
		.type = "tmpfs",
		.source = "tmpfs",
		.data = data,
		.n_data = ARRAY_SIZE(data),
		.label_key = r->plan->label_key,
		.label = r->plan->spec->linux.mount_label,
		.attrs = attrs & ~(uint64_t)MOUNT_ATTR_RDONLY,
	};
	_cleanup_close_ int dir = mount_fs_new(&fs, err);
	int rc;

	if (dir < 0)
		return dir;
	rc = rootfs_attach(r, dir, t, err);
	for (size_t i = 0; i < r->plan->n_cgroups && rc == 0; i++)
		rc = add_hierarchy(r, dir, &r->plan->cgroups[i], attrs, err);
	if (rc < 0)
		return rc;
	rc = mount_set(dir, attrs & MOUNT_ATTR_RDONLY, 0, false);
	return rc < 0 ? err_set(err, rc, "make the mount read-only") : 0;
}

int rootfs_mount_cgroup(struct rootfs *r, const char *path, uint64_t attrs,
			struct err *err)
{
	struct target t = {.path = path, .is_dir = true};
	_cleanup_close_ int host = -1;

	if (must_be_ro(r))
		attrs |= MOUNT_ATTR_RDONLY;
	if (r->plan->n_cgroups == 0) {
		host = bind_host(HOST_CGROUPS, attrs | MOUNT_ATTR_RDONLY, true,
				 err);
		return host < 0 ? host : rootfs_attach(r, host, &t, err);
	}
	if (!*r->plan->cgroups[0].name)
		return mount_v2(r, &t, attrs, err);
	return mount_v1(r, &t, attrs, err);
}
