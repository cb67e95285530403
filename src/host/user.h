/* host/user.h
 * Users: the numbers that a command line gives, and the names that
 * /etc/passwd gives them.  There is no NSS in a static program, and the
 * passwd of a container is a stranger's file: it is opened inside its rootfs
 * (no symlink leads out), must be a regular file, and is read up to a bound. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct user_ids {
	uid_t uid;
	gid_t gid;
	bool has_gid;
};

/* "uid" or "uid:gid": decimal digits only; (uid_t)-1 means "unchanged" to
 * the kernel, so it is refused.  The sentence names `what` ("--user"). */
int user_parse(const char *text, const char *what, struct user_ids *ret,
	       struct err *err);
/* One id, as above. */
int id_parse(const char *text, const char *what, unsigned int *ret,
	     struct err *err);
/* A vector of numbers, as of --additional-gids.  Free *ret. */
int user_parse_gids(char *const *text, const char *what, gid_t **ret, size_t *n,
		    struct err *err);

/* A line of /etc/passwd below `root_fd`.  -ENOENT when no line has `uid`.
 * Lines that are malformed are skipped. */
struct passwd_line {
	char *name;
	uid_t uid;
	gid_t gid;
	char *home;
	char *shell;
};

void passwd_line_free(struct passwd_line *p);
int user_lookup(int root_fd, uid_t uid, struct passwd_line *ret);
/* What HOME should be: the home directory of `uid`, or "/".  Free it. */
char *user_home(int root_fd, uid_t uid);
