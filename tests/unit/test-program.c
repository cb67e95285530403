#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "sandbox/program.h"
#include "test.h"

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) >= 0);
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static int find(const char *name, const char *path, char **ret, int *status,
		struct err *err)
{
	struct program_root root = {.fd = -1};
	char var[300];
	char *env[] = {var, NULL};

	snprintf(var, sizeof(var), "PATH=%s", path);
	*ret = NULL;
	return program_find(&root, name, env, NULL, ret, status, err);
}

TEST(the_path_is_searched_in_order)
{
	struct err err = {0};
	int status = 0;
	char *p, path[200], want[100];

	CHECK(chdir(test_tmpdir()) == 0);
	CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0);
	put("b/tool", "#!/bin/sh\n", 0755);
	snprintf(path, sizeof(path), "/nowhere:%s/a:%s/b", test_tmpdir(),
		 test_tmpdir());
	snprintf(want, sizeof(want), "%s/b/tool", test_tmpdir());
	CHECK_INT(find("tool", path, &p, &status, &err), 0);
	CHECK_STR(p, want);
	free(p);
	CHECK_INT(find("./b/tool", path, &p, &status, &err), 0);
	CHECK_STR(p, "./b/tool");
	free(p);
}

TEST(the_working_directory_is_not_in_an_empty_element)
{
	struct err err = {0};
	int status = 0;
	char *p;

	CHECK(chdir(test_tmpdir()) == 0);
	put("tool", "#!/bin/sh\n", 0755);
	CHECK_INT(find("tool", "::", &p, &status, &err), -ENOENT);
	CHECK_INT(status, 127);
}

TEST(engines_find_their_words)
{
	struct err err = {0};
	int status = 0;
	char *p;

	CHECK(chdir(test_tmpdir()) == 0);
	CHECK_INT(find("nothing", "/nowhere", &p, &status, &err), -ENOENT);
	CHECK_INT(status, 127);
	CHECK_STR(err.msg, "exec: \"nothing\": executable file not found in "
			   "$PATH");
	CHECK_INT(find("/no/such", "", &p, &status, &err), -ENOENT);
	CHECK_INT(status, 127);
	CHECK(strstr(err.msg, "executable file not found"));
	CHECK(strstr(err.msg, "no such file or directory"));
	CHECK_INT(find(test_tmpdir(), "", &p, &status, &err), -EACCES);
	CHECK_INT(status, 126);
	CHECK(strstr(err.msg, "permission denied"));
	put("plain", "text", 0644);
	CHECK_INT(find("./plain", "", &p, &status, &err), -EACCES);
	CHECK_INT(status, 126);
	CHECK(strstr(err.msg, "permission denied"));
}

TEST(in_a_foreign_root_links_do_not_lead_out)
{
	struct program_root root;
	struct err err = {0};
	char *env[] = {"PATH=/bin", NULL}, *p = NULL;
	int status = 0;

	CHECK(chdir(test_tmpdir()) == 0);
	CHECK(mkdir("root", 0755) == 0 && mkdir("root/bin", 0755) == 0);
	CHECK(symlink("../../../../../bin/sh", "root/bin/sh") == 0);
	root.fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(program_find(&root, "sh", env, "/", &p, &status, &err) < 0);
	unlink("root/bin/sh");
	put("root/bin/real", "x", 0755);
	CHECK(symlink("/bin/real", "root/bin/sh") == 0);
	CHECK_INT(program_find(&root, "sh", env, "/", &p, &status, &err), 0);
	CHECK_STR(p, "/bin/sh");
	free(p);
}

TEST(a_module_is_known_by_its_magic)
{
	int fd;

	CHECK(chdir(test_tmpdir()) == 0);
	fd = open("m", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	CHECK(write(fd, "\0asm\1\0\0\0", 8) == 8);
	CHECK(program_is_wasm(fd));
	CHECK(ftruncate(fd, 3) == 0);
	CHECK(!program_is_wasm(fd));
}
