/* runtime/create_load.c: the bundle, read and understood before anything is
 * made. */
#include "runtime/create.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "host/lsm.h"
#include "host/path.h"
#include "oci/spec.h"
#include "runtime/notify.h"
#include "runtime/rootless.h"
#include "runtime/store.h"
#include "sandbox/sandbox.h"

/* A directory, and its absolute path without symlinks: one question to the
 * kernel instead of one for each component. */
static int open_dir(const char *path, char **real)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char self[32];
	int rc;

	if (fd < 0)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	rc = path_readlink_at(AT_FDCWD, self, real);
	return rc < 0 ? rc : steal_fd(&fd);
}

static int read_config(struct creation *cr, int dir, const char *bundle,
		       struct err *err)
{
	const char *name = cr->opts->config ? cr->opts->config : "config.json";
	_cleanup_close_ int fd = -1;
	int rc;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s in bundle %s", name,
			       bundle);
	rc = buf_read_fd(&cr->config, fd, JSON_MAX_SIZE);
	if (rc < 0)
		return err_set(err, rc, "read %s in bundle %s", name, bundle);
	return 0;
}

static int parse_config(struct creation *cr, const char *bundle,
			struct err *err)
{
	struct container *c = cr->c;
	int rc;

	rc = oci_spec_parse(&c->spec, cr->config.data, cr->config.len, err);
	if (rc == 0 && cr->rt->rootless)
		rc = rootless_adapt(c->spec, err);
	if (rc < 0)
		return err_wrap(err, "%s/%s", bundle,
				cr->opts->config ? cr->opts->config
						 : "config.json");
	return 0;
}

/* The absolute path of root.path, which is relative to the bundle. */
static int find_rootfs(struct creation *cr, int *ret_fd, struct err *err)
{
	struct container *c = cr->c;
	_cleanup_free_ char *joined = NULL, *real = NULL;
	const char *path = c->spec->root.path;
	_cleanup_close_ int fd = -1;

	joined = *path == '/' ? xstrdup(path)
			      : xasprintf("%s/%s", c->state.bundle, path);
	fd = open_dir(joined, &real);
	if (fd < 0)
		return err_set(err, fd, "root.path: %s", joined);
	c->state.rootfs = arena_strdup(c->arena, real);
	*ret_fd = steal_fd(&fd);
	return 0;
}

static void set_created(struct container *c)
{
	struct timespec now;
	char second[TIMESTAMP_SIZE];

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_utc(now.tv_sec, second);
	c->state.created =
		arena_printf(c->arena, "%s.%09ldZ", second, now.tv_nsec);
}

int container_provide(const struct sandbox *sandbox,
		      const struct oci_spec *spec,
		      const struct oci_process *process, int rootfs,
		      struct aot_offer *ret, struct err *err)
{
	int rc;

	if (!sandbox->provide || !process)
		return 0;
	rc = sandbox->provide(spec, process, rootfs, ret, err);
	if (rc == 0 && ret->why.code)
		log_debug("%s: interpreted: %s", process->args[0],
			  ret->why.msg);
	return rc;
}

static int choose_sandbox(struct creation *cr, int rootfs, struct err *err)
{
	struct container *c = cr->c;
	struct sandbox_wish wish = {
		.option = cr->rt->sandbox,
		.spec = c->spec,
		.called_as = cr->rt->called_as,
		.rootfs_fd = rootfs,
	};
	int rc;

	rc = sandbox_choose(&wish, &cr->sandbox, err);
	if (rc < 0)
		return rc;
	c->state.sandbox = arena_strdup(c->arena, cr->sandbox->name);
	rc = cr->sandbox->prepare ? cr->sandbox->prepare(c->spec, err) : 0;
	return rc < 0 ? rc
		      : container_provide(cr->sandbox, c->spec,
					  c->spec->process, rootfs, &cr->code,
					  err);
}

int creation_load(struct creation *cr, struct err *err)
{
	const char *wanted = cr->opts->bundle ? cr->opts->bundle : ".";
	struct container *c = cr->c;
	_cleanup_free_ char *bundle = NULL;
	_cleanup_close_ int dir = -1, rootfs = -1;
	int rc;

	dir = open_dir(wanted, &bundle);
	if (dir < 0)
		return err_set(err, dir, "bundle %s", wanted);
	c->state.bundle = arena_strdup(c->arena, bundle);
	rc = read_config(cr, dir, bundle, err);
	if (rc == 0)
		rc = parse_config(cr, bundle, err);
	if (rc < 0)
		return rc;
	if (!c->spec->process)
		return err_say(err, -EINVAL,
			       "%s/config.json: process is missing: there is "
			       "nothing to start",
			       bundle);
	rc = find_rootfs(cr, &rootfs, err);
	if (rc == 0)
		rc = choose_sandbox(cr, rootfs, err);
	if (rc == 0)
		rc = notify_prepare(c, err);
	if (rc == 0)
		rc = lsm_check(c->spec->process->apparmor_profile,
			       c->spec->process->selinux_label, err);
	if (rc < 0)
		return rc;
	set_created(c);
	c->state.owner = geteuid();
	c->state.rootless = cr->rt->rootless;
	return 0;
}
