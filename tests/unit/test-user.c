#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "host/user.h"
#include "test.h"

static int rootfs(const char *passwd)
{
	int root = open(test_tmpdir(), O_PATH | O_DIRECTORY | O_CLOEXEC);

	mkdirat(root, "etc", 0755);
	if (passwd) {
		int fd = openat(root, "etc/passwd", O_WRONLY | O_CREAT, 0644);

		CHECK(write(fd, passwd, strlen(passwd)) > 0);
		close(fd);
	}
	return root;
}

TEST(users_are_strict_numbers)
{
	static const char *const bad[] = {
		"",    "root",       "0 ",           " 0",
		"+0",  "-1",         "0x0",          ":",
		"0:",  ":0",         "0:0:0",        "0:root",
		"1e3", "4294967295", "1:4294967295", "18446744073709551616",
		"0\n", "\xd9\xa0",
	};
	struct user_ids ids = {.uid = 7};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (user_parse(bad[i], "--user", &ids, NULL) >= 0)
			test_fail(__FILE__, __LINE__, "\"%s\" passed", bad[i]);
	CHECK_INT(ids.uid, 7);
	CHECK(user_parse("1000", "--user", &ids, NULL) == 0);
	CHECK(ids.uid == 1000 && !ids.has_gid);
	CHECK(user_parse("0:4294967294", "--user", &ids, NULL) == 0);
	CHECK(ids.uid == 0 && ids.has_gid && ids.gid == 4294967294u);
}

TEST(the_sentence_names_the_option)
{
	struct err err = {0};
	struct user_ids ids;

	user_parse("bob", "--user", &ids, &err);
	CHECK_STR(err.msg, "--user: \"bob\" is not a number");
	user_parse("4294967295", "--user", &ids, &err);
	CHECK_STR(err.msg, "--user: 4294967295 is more than the highest id, "
			   "4294967294");
}

TEST(additional_groups_are_as_strict)
{
	char zero[] = "0", ten[] = "10", bad_ten[] = "1o";
	char *good[] = {zero, ten, NULL}, *bad[] = {zero, bad_ten, NULL};
	gid_t *gids = NULL;
	size_t n = 99;

	CHECK(user_parse_gids(bad, "--additional-gids", &gids, &n, NULL) < 0);
	CHECK(gids == NULL && n == 99);
	CHECK(user_parse_gids(good, "--additional-gids", &gids, &n, NULL) == 0);
	CHECK(n == 2 && gids[0] == 0 && gids[1] == 10);
	free(gids);
	CHECK(user_parse_gids(NULL, "--additional-gids", &gids, &n, NULL) == 0);
	CHECK_INT(n, 0);
	free(gids);
}

static void check_home(int root, uid_t uid, const char *want)
{
	char *home = user_home(root, uid);

	CHECK_STR(home, want);
	free(home);
}

TEST(home_is_the_containers)
{
	int root = rootfs("broken line\n"
			  "evil:x:+5:5::/plus:/bin/sh\n"
			  "short:x:6:6\n"
			  "root:x:0:0:root:/root:/bin/sh\n"
			  "empty:x:8:8:::\n"
			  "last:x:9:10::/home/last:/bin/ash");
	struct passwd_line p;

	check_home(root, 0, "/root");
	check_home(root, 5, "/");
	check_home(root, 6, "/");
	check_home(root, 8, "/");
	check_home(root, 9, "/home/last");
	check_home(root, 12345, "/");
	CHECK(user_lookup(root, 9, &p) == 0);
	CHECK_STR(p.name, "last");
	CHECK_STR(p.shell, "/bin/ash");
	CHECK_INT(p.gid, 10);
	passwd_line_free(&p);
	CHECK_INT(user_lookup(root, 77, &p), -ENOENT);
}

TEST(passwd_is_never_the_hosts)
{
	int root = rootfs(NULL);
	struct passwd_line p;

	CHECK_INT(user_lookup(root, 0, &p), -ENOENT);
	check_home(root, 0, "/");
	/* The host has this file; the rootfs does not. */
	CHECK(symlinkat("/../../../../etc/passwd", root, "etc/passwd") == 0);
	CHECK(user_lookup(root, 0, &p) < 0);
	CHECK(unlinkat(root, "etc/passwd", 0) == 0);
	/* A file that would never end, or never begin. */
	CHECK(mkfifoat(root, "etc/passwd", 0600) == 0);
	alarm(5);
	CHECK(user_lookup(root, 0, &p) < 0);
}
