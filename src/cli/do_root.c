#include "cli/do_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/path.h"
#include "host/userns.h"

void do_root_free(struct do_root *r)
{
	free(r->dir);
	free(r->rootfs);
	strv_free(r->mounts);
	*r = (struct do_root){0};
}

/* ------------------------------------------------------------ namespaces -- */

static int write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);

	if (fd < 0)
		return -errno;
	return write(fd, text, n) == (ssize_t)n ? 0 : -errno;
}

static int write_own_map(const char *path, unsigned int id, struct err *err)
{
	char text[32];
	int rc;

	snprintf(text, sizeof(text), "0 %u 1\n", id);
	rc = write_file(path, text);
	return rc < 0 ? err_set(err, rc, "write %s", path) : 0;
}

static int enter_namespaces(struct err *err)
{
	unsigned int uid = geteuid(), gid = getegid();
	int rc;

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)) < 0)
		return err_set(err, -errno, "make a %s namespace",
			       uid ? "user and a mount" : "mount");
	if (uid) {
		/* Without privileges only who gave up setgroups(2) may map a
		 * group. */
		rc = write_file("/proc/self/setgroups", "deny");
		if (rc < 0 && rc != -ENOENT)
			return err_set(err, rc, "write /proc/self/setgroups");
		rc = write_own_map("/proc/self/uid_map", uid, err);
		if (rc == 0)
			rc = write_own_map("/proc/self/gid_map", gid, err);
		if (rc < 0)
			return rc;
	}
	return mount_propagate_all(MS_SLAVE, err);
}

/* ----------------------------------------------------------------- place -- */

static bool is_needed(const char *dir, char *const *keep)
{
	STRV_FOREACH(k, keep)
		if (path_below(*k, dir))
			return true;
	return false;
}

/* A directory that the container does not get to see in any case: what is
 * mounted there in our namespace hides nothing from it. */
static int choose_place(char *const *keep, const char **ret, struct err *err)
{
	static const char *const places[] = {"/dev/shm", "/run/lock", "/mnt",
					     "/media", "/tmp"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct stat st;

		if (lstat(places[i], &st) == 0 && S_ISDIR(st.st_mode) &&
		    !is_needed(places[i], keep)) {
			*ret = places[i];
			return 0;
		}
	}
	return err_say(err, -ENOENT, "there is no directory to build the "
				     "container's root in");
}

static int mount_tmpfs(const char *place, struct err *err)
{
	static const char *const data[] = {"mode=755"};
	struct mount_fs fs = {.type = "tmpfs", .source = "hull", .data = data,
			      .n_data = 1};
	_cleanup_close_ int mnt = mount_fs_new(&fs, err);
	int rc;

	if (mnt < 0)
		return mnt;
	rc = mount_attach_host(mnt, place);
	return rc < 0 ? err_set(err, rc, "mount a tmpfs at %s", place) : 0;
}

static int mount_overlay(const char *place, const char *rootfs,
			 struct err *err)
{
	_cleanup_free_ char *upper = xasprintf("upperdir=%s/upper", place);
	_cleanup_free_ char *work = xasprintf("workdir=%s/work", place);
	const char *data[] = {"lowerdir=/", upper, work, "userxattr"};
	/* In a user namespace trusted.* attributes are out of reach. */
	struct mount_fs fs = {.type = "overlay", .source = "hull",
			      .data = data, .n_data = 4};
	_cleanup_close_ int mnt = -1;
	int rc;

	mnt = mount_fs_new(&fs, err);
	if (mnt < 0)
		return mnt;
	rc = mount_attach_host(mnt, rootfs);
	return rc < 0 ? err_set(err, rc, "mount an overlay at %s", rootfs) : 0;
}

static int make_dirs(const char *place, struct err *err)
{
	static const char *const names[] = {"upper", "work", "rootfs"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", place, names[i]);

		if (mkdir(path, 0755) < 0)
			return err_set(err, -errno, "make %s", path);
	}
	return 0;
}

/* ---------------------------------------------------------- other mounts -- */

/* What the kernel made up, the container gets its own of. */
static bool is_shown(const char *point)
{
	static const char *const own[] = {"/proc", "/sys", "/dev", "/run"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (path_below(point, own[i]))
			return false;
	return !str_eq(point, "/");
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
					(s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

/* proc(5): id parent major:minor root point options ... */
static int read_mounts(char ***ret, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = open("/proc/self/mountinfo",
				      O_RDONLY | O_CLOEXEC);
	char *rest, *line;
	int rc;

	rc = fd < 0 ? -errno : buf_read_fd(&text, fd, 16 << 20);
	if (rc < 0)
		return err_set(err, rc, "read /proc/self/mountinfo");
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		struct stat st;
		char *point = line;

		for (int i = 0; point && i < 4; i++) {
			point = strchr(point, ' ');
			point = point ? point + 1 : NULL;
		}
		if (!point)
			continue;
		point[strcspn(point, " ")] = '\0';
		unescape(point);
		/* What we cannot even look at, we cannot show. */
		if (is_shown(point) && !strv_has(*ret, point) &&
		    stat(point, &st) == 0)
			strv_add(ret, point);
	}
	return 0;
}

int do_root_enter(struct do_root *ret, char *const *keep, struct err *err)
{
	struct do_root r = {0};
	const char *place = NULL;
	int rc;

	rc = enter_namespaces(err);
	if (rc == 0)
		rc = read_mounts(&r.mounts, err);
	if (rc == 0)
		rc = choose_place(keep, &place, err);
	if (rc == 0)
		rc = mount_tmpfs(place, err);
	if (rc == 0)
		rc = make_dirs(place, err);
	if (rc == 0) {
		r.dir = xstrdup(place);
		r.rootfs = xasprintf("%s/rootfs", place);
		rc = mount_overlay(place, r.rootfs, err);
	}
	if (rc < 0) {
		do_root_free(&r);
		return rc;
	}
	*ret = r;
	return 0;
}
