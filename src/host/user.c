#include "host/user.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/path.h"

/* Bytes of a passwd that are read: 10,000 users are well below it. */
enum { PASSWD_MAX = 1 << 20 };

static const uint32_t ID_MAX = UINT32_MAX - 1;

int id_parse(const char *text, const char *what, unsigned int *ret,
	     struct err *err)
{
	uint64_t id;
	int rc = parse_u64(text, ID_MAX, &id);

	if (rc == -ERANGE)
		return err_say(err, rc,
			       "%s: %s is more than the highest id, "
			       "%u",
			       what, text, ID_MAX);
	if (rc < 0)
		return err_say(err, rc, "%s: \"%s\" is not a number", what,
			       text);
	*ret = (unsigned int)id;
	return 0;
}

int user_parse(const char *text, const char *what, struct user_ids *ret,
	       struct err *err)
{
	const char *colon = strchr(text, ':');
	_cleanup_free_ char *uid = NULL;
	struct user_ids ids = {0};
	int rc;

	uid = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	rc = id_parse(uid, what, &ids.uid, err);
	if (rc < 0)
		return rc;
	if (colon) {
		rc = id_parse(colon + 1, what, &ids.gid, err);
		if (rc < 0)
			return rc;
		ids.has_gid = true;
	}
	*ret = ids;
	return 0;
}

int user_parse_gids(char *const *text, const char *what, gid_t **ret, size_t *n,
		    struct err *err)
{
	size_t len = strv_len(text);
	_cleanup_free_ gid_t *gids = xcalloc(len + 1, sizeof(*gids));

	for (size_t i = 0; i < len; i++) {
		int rc = id_parse(text[i], what, &gids[i], err);

		if (rc < 0)
			return rc;
	}
	*ret = steal_ptr(&gids);
	*n = len;
	return 0;
}

void passwd_line_free(struct passwd_line *p)
{
	free(p->name);
	free(p->home);
	free(p->shell);
	*p = (struct passwd_line){0};
}

/* name:password:uid:gid:gecos:home:shell, man 5 passwd. */
static int passwd_split(char *line, uid_t uid, struct passwd_line *ret)
{
	char *field[7];
	uint64_t got_uid, got_gid;

	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strsep(&line, ":");
		if (!field[i])
			return -EINVAL;
	}
	if (parse_u64(field[2], ID_MAX, &got_uid) < 0 ||
	    parse_u64(field[3], ID_MAX, &got_gid) < 0)
		return -EINVAL;
	if (got_uid != uid)
		return -ENOENT;
	*ret = (struct passwd_line){
		.name = xstrdup(field[0]),
		.uid = uid,
		.gid = (gid_t)got_gid,
		.home = xstrdup(field[5]),
		.shell = xstrdup(field[6]),
	};
	return 0;
}

int user_lookup(int root_fd, uid_t uid, struct passwd_line *ret)
{
	_cleanup_buf_ struct buf text = {0};
	char *rest, *line;
	int rc;

	rc = path_read_in_root(root_fd, "etc/passwd", PASSWD_MAX, &text);
	if (rc < 0)
		return rc;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (passwd_split(line, uid, ret) == 0)
			return 0;
	return -ENOENT;
}

char *user_home(int root_fd, uid_t uid)
{
	struct passwd_line line;
	char *home;

	if (user_lookup(root_fd, uid, &line) < 0)
		return xstrdup("/");
	home = str_empty(line.home) ? xstrdup("/") : xstrdup(line.home);
	passwd_line_free(&line);
	return home;
}
