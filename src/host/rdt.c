#include "host/rdt.h"

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

#define RESCTRL "/sys/fs/resctrl"

const char *rdt_root(void)
{
	/* An unmounted one is an empty directory. */
	return access(RESCTRL "/schemata", F_OK) == 0 ? RESCTRL : NULL;
}

/* "" is the root's own group, which everybody is in. */
static char *group_path(const char *root, const struct intel_rdt *rdt,
			const char *id, struct err *err)
{
	const char *name = str_empty(rdt->clos_id) ? id : rdt->clos_id;

	if (str_eq(name, "/"))
		return xstrdup(root);
	if (strchr(name, '/') || str_eq(name, ".") || str_eq(name, "..")) {
		err_say(err, -EINVAL,
			"linux.intelRdt.closID: \"%s\" is not a name", name);
		return NULL;
	}
	return xasprintf("%s/%s", root, name);
}

static int write_line(const char *dir, const char *file, const char *text,
		      struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, file);
	_cleanup_free_ char *line = xasprintf("%s\n", text);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(line);

	if (fd < 0)
		return err_set(err, -errno, "linux.intelRdt: open %s", path);
	if (write(fd, line, len) != (ssize_t)len)
		return err_set(err, -errno,
			       "linux.intelRdt: write \"%s\" to %s (the "
			       "kernel's reason is in " RESCTRL
			       "/info/last_cmd_status)",
			       text, path);
	return 0;
}

/* One write for each line: the kernel stops at the first bad one. */
static int write_schemata(const char *dir, const struct intel_rdt *rdt,
			  struct err *err)
{
	const char *both[] = {rdt->l3_cache_schema, rdt->mem_bw_schema};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(both); i++)
		if (!str_empty(both[i]))
			rc = write_line(dir, "schemata", both[i], err);
	STRV_FOREACH (s, rdt->schemata)
		if (rc == 0)
			rc = write_line(dir, "schemata", *s, err);
	return rc;
}

static bool has_schemata(const struct intel_rdt *rdt)
{
	return !str_empty(rdt->l3_cache_schema) ||
	       !str_empty(rdt->mem_bw_schema) ||
	       (rdt->schemata && rdt->schemata[0]);
}

static int make_group(const char *dir, bool *made, struct err *err)
{
	*made = mkdir(dir, 0755) == 0;
	if (*made || errno == EEXIST)
		return 0;
	if (errno == ENOSPC)
		return err_say(err, -ENOSPC,
			       "linux.intelRdt: create %s: the CPU has no "
			       "class of service left",
			       dir);
	return err_set(err, -errno, "linux.intelRdt: create %s", dir);
}

static char *monitor_path(const char *dir, const char *id)
{
	return xasprintf("%s/mon_groups/%s", dir, id);
}

static int apply(const char *dir, const struct intel_rdt *rdt, const char *id,
		 pid_t pid, struct rdt_state *st, struct err *err)
{
	char number[16];
	int rc;

	snprintf(number, sizeof(number), "%d", (int)pid);
	/* A closID alone names a group that an administrator has prepared. */
	if (!str_empty(rdt->clos_id) && !has_schemata(rdt) &&
	    access(dir, F_OK) < 0)
		return err_set(err, -errno, "linux.intelRdt.closID: %s", dir);
	rc = make_group(dir, &st->group_made, err);
	if (rc == 0)
		rc = write_schemata(dir, rdt, err);
	if (rc == 0)
		rc = write_line(dir, "tasks", number, err);
	if (rc == 0 && rdt->enable_monitoring) {
		_cleanup_free_ char *mon = monitor_path(dir, id);

		rc = make_group(mon, &st->monitor_made, err);
		if (rc == 0)
			rc = write_line(mon, "tasks", number, err);
	}
	return rc;
}

static int remove_groups(const char *dir, const char *id,
			 const struct rdt_state *st, struct err *err)
{
	_cleanup_free_ char *mon = monitor_path(dir, id);

	if (st->monitor_made && rmdir(mon) < 0 && errno != ENOENT)
		return err_set(err, -errno, "linux.intelRdt: remove %s", mon);
	if (st->group_made && rmdir(dir) < 0 && errno != ENOENT)
		return err_set(err, -errno, "linux.intelRdt: remove %s", dir);
	return 0;
}

int rdt_apply(const char *root, const struct intel_rdt *rdt, const char *id,
	      pid_t pid, struct rdt_state *ret, struct err *err)
{
	_cleanup_free_ char *dir = group_path(root, rdt, id, err);
	struct rdt_state st = {0};
	int rc;

	if (!dir)
		return -EINVAL;
	rc = apply(dir, rdt, id, pid, &st, err);
	if (rc < 0) {
		remove_groups(dir, id, &st, NULL);
		return rc;
	}
	*ret = st;
	return 0;
}

int rdt_update(const char *root, const struct intel_rdt *rdt, const char *id,
	       struct err *err)
{
	_cleanup_free_ char *dir = group_path(root, rdt, id, err);

	return dir ? write_schemata(dir, rdt, err) : -EINVAL;
}

int rdt_remove(const char *root, const struct intel_rdt *rdt, const char *id,
	       const struct rdt_state *state, struct err *err)
{
	_cleanup_free_ char *dir = group_path(root, rdt, id, err);

	return dir ? remove_groups(dir, id, state, err) : -EINVAL;
}
