#include "host/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static const struct cgroup_view real_host = {
	.root = "/sys/fs/cgroup",
	.proc_cgroup = "/proc/self/cgroup",
	.mountinfo = "/proc/self/mountinfo",
};
static const struct cgroup_view *view = &real_host;

/* What was found; lives as long as the program. */
static struct cgroup_layout layout;
static bool looked;

static void forget(void)
{
	for (size_t i = 0; i < layout.n; i++) {
		free(layout.v[i].name);
		free(layout.v[i].dir);
		free(layout.v[i].root);
		free(layout.v[i].own);
	}
	free(layout.v);
	layout = (struct cgroup_layout){0};
	looked = false;
}

void cgroup_look_at(const struct cgroup_view *v)
{
	forget();
	view = v ? v : &real_host;
}

/* The file is one record, so one read() has it all. */
static int read_record(const char *path, char *text, size_t size,
		       struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		return err_set(err, -errno, "read %s", path);
	text[n] = '\0';
	return 0;
}

static int read_all(const char *path, struct buf *b, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : buf_read_fd(b, fd, 64 << 20);

	return rc < 0 ? err_set(err, rc, "read %s", path) : 0;
}

/* Cut the next field off *s at `sep`; NULL at the end. */
static char *next_field(char **s, const char *sep)
{
	return *s ? strsep(s, sep) : NULL;
}

static void add_mount(const char *name, const char *own)
{
	struct cgroup_mount *m;
	const char *folder = str_after(name, "name=");

	layout.v = xrealloc(layout.v, layout.n + 1, sizeof(*layout.v));
	m = &layout.v[layout.n++];
	*m = (struct cgroup_mount){
		.name = xstrdup(name),
		.root = xstrdup("/"),
		.own = xstrdup(own),
	};
	if (layout.mode == CGROUP_V2)
		m->dir = xstrdup(view->root);
	else
		m->dir = xasprintf("%s/%s", view->root, folder ?: name);
}

/* The line of v2 is always there, mounted or not.  Beside v1 it may not be,
 * and its folder then is one of the tmpfs around it. */
static bool unified_is_mounted(void)
{
	_cleanup_free_ char *dir = NULL;
	struct statfs fs;

	if (layout.mode == CGROUP_V2 || view->mode != CGROUP_NONE)
		return true;
	dir = xasprintf("%s/%s", view->root, CGROUP_UNIFIED);
	return statfs(dir, &fs) < 0 || fs.f_type != TMPFS_MAGIC;
}

/* Lines of "7:cpu,cpuacct:/path", and "0::/path" for v2. */
static int read_own(struct err *err)
{
	/* A path for each of a dozen hierarchies. */
	enum { SIZE = 16 * PATH_MAX };
	_cleanup_free_ char *text = xmalloc(SIZE);
	bool v1 = layout.mode != CGROUP_V2;
	char *lines = text, *line;
	int rc;

	rc = read_record(view->proc_cgroup, text, SIZE, err);
	if (rc < 0)
		return rc;
	while ((line = next_field(&lines, "\n"))) {
		char *id = next_field(&line, ":");
		char *names = next_field(&line, ":");

		if (!id || !names || !line)
			continue;
		if (*names && v1)
			add_mount(names, line);
		else if (!*names && view->mode != CGROUP_V1 &&
			 unified_is_mounted())
			add_mount(CGROUP_UNIFIED, line);
	}
	return 0;
}

static struct cgroup_mount *find_mount(const char *name)
{
	for (size_t i = 0; i < layout.n; i++)
		if (str_eq(layout.v[i].name, name))
			return &layout.v[i];
	return NULL;
}

/* V1 unless hierarchies of both kinds remain. */
static void settle_mode(void)
{
	bool v2 = find_mount(CGROUP_UNIFIED) != NULL;

	if (layout.n == 0)
		layout.mode = CGROUP_NONE;
	else if (v2 && layout.n == 1)
		layout.mode = CGROUP_V2;
	else
		layout.mode = v2 ? CGROUP_HYBRID : CGROUP_V1;
}

/* Which kind is at the usual place?  A tmpfs there holds a directory for each
 * v1 hierarchy; anything else sends us to mountinfo. */
static int look(struct err *err)
{
	struct statfs fs;
	bool standard = false;
	int rc;

	layout.mode = view->mode;
	if (layout.mode != CGROUP_NONE) {
		standard = true;
	} else if (statfs(view->root, &fs) == 0) {
		if (fs.f_type == CGROUP2_SUPER_MAGIC)
			layout.mode = CGROUP_V2;
		standard = layout.mode == CGROUP_V2 || fs.f_type == TMPFS_MAGIC;
	}
	rc = read_own(err);
	if (rc < 0)
		return rc;
	if (!standard) {
		rc = cgroup_layout_exact(err);
		if (rc < 0)
			return rc;
	}
	settle_mode();
	looked = true;
	return 0;
}

int cgroup_layout(const struct cgroup_layout **ret, struct err *err)
{
	int rc = looked ? 0 : look(err);

	if (rc < 0) {
		forget();
		return rc;
	}
	*ret = &layout;
	if (layout.mode == CGROUP_NONE)
		return err_say(err, -ENOENT,
			       "no cgroup filesystem is mounted; mount cgroup2 "
			       "on %s or use --cgroup-manager disabled",
			       view->root);
	return 0;
}

enum cgroup_mode cgroup_mode(void)
{
	const struct cgroup_layout *l;
	struct cgroup_mount *v2;

	if (cgroup_layout(&l, NULL) < 0)
		return CGROUP_NONE;
	/* /proc/self/cgroup always has v2's line, mounted or not. */
	v2 = find_mount(CGROUP_UNIFIED);
	if (l->mode == CGROUP_HYBRID && access(v2->dir, F_OK) < 0)
		return CGROUP_V1;
	return l->mode;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] &&
		    s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* True when the mount's options name every controller of the hierarchy. */
static bool options_match(const char *name, char *options)
{
	_cleanup_free_ char *want = xstrdup(name);
	char *rest = want, *one;

	while ((one = next_field(&rest, ",")))
		if (!cgroup_name_has(options, one))
			return false;
	return true;
}

/* "36 31 0:33 ROOT DIR rw,relatime shared:1 - cgroup SOURCE rw,memory" */
static void read_mount_line(char *line)
{
	char *f[5], *type, *options, *dash;
	struct cgroup_mount *m = NULL;

	dash = strstr(line, " - cgroup");
	if (!dash)
		return;
	*dash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(f); i++)
		if (!(f[i] = next_field(&line, " ")))
			return;
	line = dash + 3;
	type = next_field(&line, " ");
	next_field(&line, " ");
	options = line;
	if (str_eq(type, "cgroup2"))
		m = find_mount(CGROUP_UNIFIED);
	for (size_t i = 0; str_eq(type, "cgroup") && options && i < layout.n;
	     i++)
		if (!str_eq(layout.v[i].name, CGROUP_UNIFIED) &&
		    options_match(layout.v[i].name, options))
			m = &layout.v[i];
	/* The first of several wins: later ones may be bind mounts. */
	if (!m || m->dir)
		return;
	unescape(f[3]);
	unescape(f[4]);
	free(m->root);
	m->root = xstrdup(f[3]);
	m->dir = xstrdup(f[4]);
}

/* A hierarchy that is mounted nowhere is none for us. */
static void drop_unmounted(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < layout.n; i++) {
		struct cgroup_mount *m = &layout.v[i];

		if (m->dir) {
			layout.v[kept++] = *m;
			continue;
		}
		free(m->name);
		free(m->root);
		free(m->own);
	}
	layout.n = kept;
}

int cgroup_layout_exact(struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	char *lines, *line;
	int rc;

	if (layout.exact)
		return 0;
	rc = read_all(view->mountinfo, &b, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < layout.n; i++) {
		free(layout.v[i].dir);
		layout.v[i].dir = NULL;
	}
	lines = b.data;
	while ((line = next_field(&lines, "\n")))
		read_mount_line(line);
	drop_unmounted();
	settle_mode();
	layout.exact = true;
	return 0;
}
