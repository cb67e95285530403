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

/* ---------------------------------------------------------- namespaces -- */

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

/* --------------------------------------------------------------- place -- */

static bool is_needed(const char *dir, char *const *keep)
{
	STRV_FOREACH (k, keep)
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
	return err_say(err, -ENOENT,
		       "there is no directory to build the "
		       "container's root in");
}

static int mount_tmpfs(const char *place, struct err *err)
{
	static const char *const data[] = {"mode=755"};
	struct mount_fs fs = {
		.type = "tmpfs", .source = "hull", .data = data, .n_data = 1};
	_cleanup_close_ int mnt = mount_fs_new(&fs, err);
	int rc;

	if (mnt < 0)
		return mnt;
	rc = mount_attach_host(mnt, place);
	return rc < 0 ? err_set(err, rc, "mount a tmpfs at %s", place) : 0;
}

/* Overlays whose upper layers are all in one tmpfs: <place>/upper/<name> and
 * <place>/work/<name> below <place>/rootfs/<name>. */
static int make_layers(const char *place, struct err *err)
{
	static const char *const names[] = {"upper", "work", "rootfs"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", place, names[i]);

		if (mkdir(path, 0755) < 0)
			return err_set(err, -errno, "make %s", path);
	}
	return 0;
}

static int make_dir_like(const char *path, const struct stat *st)
{
	if (mkdir(path, 0700) < 0)
		return -errno;
	/* An ordinary user can give nothing away: then it is the user's. */
	if (lchown(path, st->st_uid, st->st_gid) < 0 && errno != EPERM &&
	    errno != EINVAL)
		return -errno;
	return chmod(path, st->st_mode & 07777) < 0 ? -errno : 0;
}

/* The host's /<name>, with changes that go to the tmpfs. */
static int mount_overlay(const char *place, const char *name,
			 const struct stat *st)
{
	_cleanup_free_ char *lower = xasprintf("lowerdir=/%s", name);
	_cleanup_free_ char *upper =
		xasprintf("upperdir=%s/upper/%s", place, name);
	_cleanup_free_ char *work =
		xasprintf("workdir=%s/work/%s", place, name);
	_cleanup_free_ char *target = xasprintf("%s/rootfs/%s", place, name);
	/* userxattr: trusted.* is out of reach in a user namespace. */
	const char *data[] = {lower, upper, work, "userxattr"};
	struct mount_fs fs = {.type = "overlay",
			      .source = "hull",
			      .data = data,
			      .n_data = ARRAY_SIZE(data)};
	_cleanup_close_ int mnt = -1;
	int rc;

	rc = make_dir_like(strchr(upper, '/'), st);
	if (rc == 0 && mkdir(strchr(work, '/'), 0700) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	mnt = mount_fs_new(&fs, NULL);
	return mnt < 0 ? mnt : mount_attach_host(mnt, target);
}

/* -------------------------------------------------------- what to show -- */

/* What the kernel made up, the container gets its own of. */
bool do_root_shows(const char *path)
{
	static const char *const own[] = {"/proc", "/sys", "/dev", "/run"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (path_below(path, own[i]))
			return false;
	return !str_eq(path, "/");
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
	_cleanup_close_ int fd =
		open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
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
		if (do_root_shows(point) && stat(point, &st) == 0)
			strv_add(ret, point);
	}
	return 0;
}

/* One entry of "/".  Where the kernel allows no overlay (below there are
 * mounts that a user namespace must not uncover, or the filesystem cannot be
 * a lower layer), the directory itself is shown. */
static int show_entry(struct do_root *r, const char *name, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/%s", name);
	_cleanup_free_ char *target = xasprintf("%s/%s", r->rootfs, name);
	struct stat st;
	int rc = 0;

	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode)) {
		_cleanup_free_ char *to = NULL;

		rc = path_readlink_at(AT_FDCWD, path, &to);
		if (rc == 0 && symlink(to, target) < 0)
			rc = -errno;
	} else if (S_ISDIR(st.st_mode)) {
		rc = make_dir_like(target, &st);
		if (rc == 0 && do_root_shows(path) &&
		    mount_overlay(r->dir, name, &st) < 0)
			strv_add(&r->mounts, path);
	}
	return rc < 0 ? err_set(err, rc, "make %s", target) : 0;
}

static int show_root(struct do_root *r, struct err *err)
{
	_cleanup_closedir_ DIR *dir = opendir("/");
	struct dirent *e;
	int rc = 0;

	if (!dir)
		return err_set(err, -errno, "open /");
	while (rc == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			rc = show_entry(r, e->d_name, err);
	return rc;
}

/* Mounts below the entries of "/", which no overlay shows. */
static void add_inner_mounts(struct do_root *r, char *const *points)
{
	_cleanup_strv_ char **whole = strv_copy(r->mounts);

	STRV_FOREACH (point, points) {
		bool inside = !strchr(*point + 1, '/');

		STRV_FOREACH (w, whole)
			inside |= path_below(*point, *w) != NULL;
		if (!inside && !strv_has(r->mounts, *point))
			strv_add(&r->mounts, *point);
	}
}

int do_root_enter(struct do_root *ret, char *const *keep, struct err *err)
{
	_cleanup_strv_ char **points = NULL;
	struct do_root r = {0};
	const char *place = NULL;
	int rc;

	rc = enter_namespaces(err);
	if (rc == 0)
		rc = read_mounts(&points, err);
	if (rc == 0)
		rc = choose_place(keep, &place, err);
	if (rc == 0)
		rc = mount_tmpfs(place, err);
	if (rc == 0)
		rc = make_layers(place, err);
	if (rc < 0)
		return rc;
	r.dir = xstrdup(place);
	r.rootfs = xasprintf("%s/rootfs", place);
	rc = show_root(&r, err);
	if (rc < 0) {
		do_root_free(&r);
		return rc;
	}
	add_inner_mounts(&r, points);
	*ret = r;
	return 0;
}
