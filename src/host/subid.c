/* /etc/subuid and /etc/subgid: the ids that an ordinary user may hand out.
 * The other half of host/userns.h. */
#include "host/userns.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/user.h"

enum { SUBID_FILE_MAX = 1 << 20 };

/* name-or-uid:first:count, man 5 subuid. */
static int subid_line(char *line, const char *uid, const char *name,
		      struct idmap *ret)
{
	char *who = strsep(&line, ":");
	char *first = strsep(&line, ":");
	uint64_t f, c;

	if (!first || !line)
		return -EINVAL;
	if (!str_eq(who, uid) && !(name && str_eq(who, name)))
		return -ENOENT;
	if (parse_u64(first, UINT32_MAX - 1, &f) < 0 ||
	    parse_u64(line, UINT32_MAX, &c) < 0 || c == 0 || f + c > UINT32_MAX)
		return -EINVAL;
	*ret = (struct idmap){.host_id = (uint32_t)f, .size = (uint32_t)c};
	return 0;
}

int userns_read_subids(int fd, uid_t uid, const char *name, struct idmap **ret,
		       size_t *n)
{
	_cleanup_buf_ struct buf text = {0};
	struct idmap *rows = NULL, row;
	char digits[16], *rest, *line;
	size_t len = 0;
	int rc;

	*ret = NULL;
	*n = 0;
	if (fd < 0)
		return 0;
	rc = buf_read_fd(&text, fd, SUBID_FILE_MAX);
	if (rc < 0)
		return rc;
	snprintf(digits, sizeof(digits), "%u", uid);
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (subid_line(line, digits, name, &row) < 0)
			continue;
		rows = xrealloc(rows, len + 1, sizeof(*rows));
		rows[len++] = row;
	}
	*ret = rows;
	*n = len;
	return 0;
}

/* Container id 0 is `id`; 1, 2, … are the ranges of `file`, end to end. */
static int auto_map(const char *file, bool gid, uint32_t id, uid_t uid,
		    const char *name, struct idmap **ret, size_t *n,
		    struct err *err)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ struct idmap *ranges = NULL;
	struct idmap *map;
	size_t n_ranges = 0, len = 1;
	uint32_t next = 1;
	int rc;

	if (userns_helper(gid))
		fd = open(file, O_RDONLY | O_CLOEXEC);
	rc = userns_read_subids(fd, uid, name, &ranges, &n_ranges);
	if (rc < 0)
		return err_set(err, rc, "read %s", file);
	map = xcalloc(n_ranges + 1, sizeof(*map));
	map[0] = (struct idmap){0, id, 1};
	for (size_t i = 0; i < n_ranges; i++) {
		struct idmap m = ranges[i];

		if (m.size > UINT32_MAX - next)
			m.size = UINT32_MAX - next;
		/* A range with the user's own id would map it twice. */
		if (m.size == 0 || (id >= m.host_id && id - m.host_id < m.size))
			continue;
		m.container_id = next;
		next += m.size;
		map[len++] = m;
	}
	*ret = map;
	*n = len;
	return 0;
}

int userns_auto_maps(uid_t uid, gid_t gid, struct idmap **uid_map,
		     size_t *n_uid, struct idmap **gid_map, size_t *n_gid,
		     struct err *err)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(passwd_line_free) struct passwd_line me = {0};
	struct idmap *map;
	size_t n;
	int rc;

	if (root >= 0)
		user_lookup(root, uid, &me);
	rc = auto_map("/etc/subuid", false, uid, uid, me.name, &map, &n, err);
	if (rc < 0)
		return rc;
	/* /etc/subgid is by user as well. */
	rc = auto_map("/etc/subgid", true, gid, uid, me.name, gid_map, n_gid,
		      err);
	if (rc < 0) {
		free(map);
		return rc;
	}
	*uid_map = map;
	*n_uid = n;
	return 0;
}
