#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* v1 signals an eventfd, also when the cgroup goes away. */
static int v1_open(const char *dir, struct err *err)
{
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	_cleanup_close_ int control = -1;
	char line[32];
	int rc;

	control = cgroup_open_file(dir, "memory.oom_control", O_RDONLY);
	if (event < 0 || control < 0)
		return err_set(err, event < 0 ? -errno : control,
			       "open %s/memory.oom_control", dir);
	snprintf(line, sizeof(line), "%d %d", event, control);
	rc = cgroup_write(dir, "cgroup.event_control", line);
	if (rc < 0)
		return err_set(err, rc,
			       "write \"%s\" to "
			       "%s/cgroup.event_control",
			       line, dir);
	return steal_fd(&event);
}

/* v2 modifies memory.events, and cgroup.events when the last process left. */
static int v2_open(const char *dir, struct err *err)
{
	static const char *const files[] = {"memory.events", "cgroup.events"};
	_cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_set(err, -errno, "create inotify");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", dir, files[i]) >=
		    (int)sizeof(path))
			return err_set(err, -ENAMETOOLONG, "%s", dir);
		if (inotify_add_watch(fd, path, IN_MODIFY) < 0)
			return err_set(err, -errno, "watch %s", path);
	}
	return steal_fd(&fd);
}

static uint64_t count_kills(const struct cgroup *cg)
{
	struct cgroup_node *v1 = cgroup_node(cg, "memory");
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	uint64_t kills = 0;

	if (v1)
		cgroup_read_key(v1->dir, "memory.oom_control", "oom_kill",
				&kills);
	else if (v2)
		cgroup_read_key(v2->dir, "memory.events", "oom_kill", &kills);
	return kills;
}

int cgroup_oom_open(struct cgroup *cg, struct err *err)
{
	struct cgroup_node *v1 = cgroup_node(cg, "memory");
	struct cgroup_node *v2 = cgroup_node(cg, NULL);
	int fd;

	if (v1)
		fd = v1_open(v1->dir, err);
	else if (v2 && cgroup_has_file(v2->dir, "memory.events"))
		fd = v2_open(v2->dir, err);
	else
		return err_say(err, -ENOTSUP,
			       "the container has no cgroup with the memory "
			       "controller");
	cg->oom_seen = fd < 0 ? 0 : count_kills(cg);
	return fd;
}

int cgroup_oom_read(struct cgroup *cg, int fd, uint64_t *kills, bool *gone)
{
	struct cgroup_node *v1 = cgroup_node(cg, "memory");
	const char *dir = v1 ? v1->dir : cgroup_dir(cg, NULL);
	uint64_t now = count_kills(cg), populated = 1;
	bool woken = false;
	char drain[4096];

	while (read(fd, drain, v1 ? sizeof(uint64_t) : sizeof(drain)) > 0)
		woken = true;
	*kills = now > cg->oom_seen ? now - cg->oom_seen : 0;
	cg->oom_seen = now;
	if (v1) {
		*gone = !cgroup_has_file(dir, "memory.oom_control");
		/* Kernels before 4.13 don't count. */
		if (woken && !*gone && *kills == 0)
			*kills = 1;
	} else {
		*gone = cgroup_read_key(dir, "cgroup.events", "populated",
					&populated) < 0 ||
			!populated;
	}
	return 0;
}

bool cgroup_was_oom(struct cgroup *cg, struct err *err)
{
	struct cgroup_node *v1 = cgroup_node(cg, "memory");
	const char *dir = v1 ? v1->dir : cgroup_dir(cg, NULL);
	uint64_t limit = UINT64_MAX;
	char size[32];

	if (!dir || count_kills(cg) == 0 ||
	    cgroup_read_u64(dir, v1 ? "memory.limit_in_bytes" : "memory.max",
			    &limit) < 0)
		return false;
	cgroup_human_size(size, sizeof(size), limit);
	err_say(err, -ENOMEM,
		"memory.limit: %s is too low, the kernel killed a process of "
		"the container that needed more (%s)",
		size, dir);
	return true;
}
