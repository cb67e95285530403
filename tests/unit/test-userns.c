#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "host/userns.h"
#include "test.h"

static const struct idmap two[] = {{0, 100000, 1000}, {1000, 500, 1}};

TEST(ids_translate_both_ways)
{
	uint32_t id;

	CHECK(idmap_to_host(two, 2, 0, &id) == 0 && id == 100000);
	CHECK(idmap_to_host(two, 2, 999, &id) == 0 && id == 100999);
	CHECK(idmap_to_host(two, 2, 1000, &id) == 0 && id == 500);
	CHECK_INT(idmap_to_host(two, 2, 1001, &id), -ENOENT);
	CHECK(idmap_to_container(two, 2, 500, &id) == 0 && id == 1000);
	CHECK_INT(idmap_to_container(two, 2, 0, &id), -ENOENT);
	CHECK_INT(idmap_to_container(two, 2, 101000, &id), -ENOENT);
	CHECK(idmap_to_host(NULL, 0, 42, &id) == 0 && id == 42);
}

static void check_bad(struct idmap a, struct idmap b, const char *words)
{
	struct idmap map[] = {a, b};
	struct err err = {0};

	CHECK(idmap_check(map, 2, "linux.uidMappings", &err) < 0);
	if (!strstr(err.msg, words))
		test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", err.msg,
			  words);
}

TEST(mappings_are_checked)
{
	struct idmap ok = {0, 100000, 1000};

	CHECK(idmap_check(two, 2, "x", NULL) == 0);
	CHECK(idmap_check(NULL, 0, "x", NULL) == 0);
	CHECK(idmap_check(&(struct idmap){0, 0, 4294967295u}, 1, "x", NULL) ==
	      0);
	check_bad(ok, (struct idmap){5, 5, 0}, "linux.uidMappings[1].size");
	check_bad(ok, (struct idmap){4294967295u, 5, 1}, "highest");
	check_bad(ok, (struct idmap){5000, 4294967295u, 1}, "highest");
	check_bad(ok, (struct idmap){999, 5, 1}, "overlaps");
	check_bad(ok, (struct idmap){5000, 100999, 1}, "overlaps");
}

TEST(subids_belong_to_their_user)
{
	static const char text[] = "bob:100000:65536\n"
				   "1001:300000:10\n"
				   "10010:1:1\n"
				   "bobby:2:2\n"
				   "bob:+5:5\n"
				   "bob:5:5:5\n"
				   "bob:4294967290:10\n"
				   "bob:5\n"
				   "\n"
				   "bob:200000:0\n"
				   "bob:400000:7";
	struct idmap *map;
	char path[128];
	size_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/subuid", test_tmpdir());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	CHECK(write(fd, text, sizeof(text) - 1) > 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(userns_read_subids(fd, 1001, "bob", &map, &n) == 0);
	CHECK_INT(n, 3);
	CHECK(map[0].host_id == 100000 && map[0].size == 65536);
	CHECK(map[1].host_id == 300000 && map[1].size == 10);
	CHECK(map[2].host_id == 400000 && map[2].size == 7);
	free(map);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(userns_read_subids(fd, 1001, NULL, &map, &n) == 0);
	CHECK_INT(n, 1);
	free(map);
	CHECK(userns_read_subids(-1, 1001, "bob", &map, &n) == 0 && n == 0);
}

static void read_map(int fd_ns, const char *file, char *text, size_t size)
{
	int out[2], status;
	pid_t pid;

	CHECK(pipe(out) == 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		_exit(setns(fd_ns, CLONE_NEWUSER) < 0 ||
		      (fd = open(file, O_RDONLY)) < 0 ||
		      (size = (size_t)read(fd, text, size - 1)) == 0 ||
		      write(out[1], text, size) < 0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	memset(text, 0, size);
	CHECK(read(out[0], text, size - 1) > 0);
}

TEST(a_namespace_without_processes_has_its_mappings)
{
	struct idmaps maps = {.uid = two, .n_uid = 2, .gid = two, .n_gid = 1};
	char text[200];
	unsigned int a, b, c, d, e, f;
	int ns;

	SKIP_UNLESS("userns", geteuid() == 0, "needs root");
	ns = userns_open(&maps, NULL);
	CHECK(ns >= 0);
	CHECK(fcntl(ns, F_GETFD) == FD_CLOEXEC);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	read_map(ns, "/proc/self/uid_map", text, sizeof(text));
	CHECK(sscanf(text, "%u %u %u %u %u %u", &a, &b, &c, &d, &e, &f) == 6);
	CHECK(a == 0 && b == 100000 && c == 1000);
	CHECK(d == 1000 && e == 500 && f == 1);
	read_map(ns, "/proc/self/gid_map", text, sizeof(text));
	CHECK(sscanf(text, "%u %u %u", &a, &b, &c) == 3);
	CHECK(a == 0 && b == 100000 && c == 1000);
}

TEST(a_mapping_the_kernel_refuses_is_an_error)
{
	static const struct idmap bad[] = {{0, 0, 10}, {5, 100, 1}};
	struct idmaps maps = {.uid = bad, .n_uid = 2};
	struct err err = {0};

	SKIP_UNLESS("userns", geteuid() == 0, "needs root");
	CHECK_INT(userns_open(&maps, &err), -EINVAL);
	CHECK_STR(err.msg, "write uid_map: Invalid argument");
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void become_user(void)
{
	SKIP_UNLESS("userns", geteuid() == 0, "needs root");
	CHECK(setgroups(0, NULL) == 0);
	CHECK(setresgid(12345, 12345, 12345) == 0);
	CHECK(setresuid(12345, 12345, 12345) == 0);
	/* Or our /proc files would still be root's. */
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

TEST(an_ordinary_user_maps_the_own_id_and_loses_setgroups)
{
	struct idmap me = {0, 12345, 1};
	struct idmaps maps = {&me, 1, &me, 1};
	char path[32];
	bool denied = false;
	int pair[2], proc;
	pid_t pid;
	char c;

	become_user();
	CHECK(pipe(pair) == 0);
	pid = fork();
	if (pid == 0) {
		char text[8] = "";
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHECK(unshare(CLONE_NEWUSER) == 0);
		CHECK(write(pair[1], "x", 1) == 1);
		alarm(10);
		while (geteuid() != 0 || getegid() != 0)
			usleep(1000);
		fd = open("/proc/self/setgroups", O_RDONLY);
		CHECK(read(fd, text, sizeof(text) - 1) > 0);
		_exit(strncmp(text, "deny", 4) != 0);
	}
	CHECK(read(pair[0], &c, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = open(path, O_PATH | O_CLOEXEC);
	CHECK(userns_write_maps(pid, proc, &maps, &denied, NULL) == 0);
	CHECK(denied);

	int status;

	alarm(10);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static void fake_helper(const char *script)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/newuidmap", test_tmpdir());
	fd = open(path, O_WRONLY | O_CREAT, 0755);
	CHECK(write(fd, script, strlen(script)) > 0);
	close(fd);
	CHECK(chmod(test_tmpdir(), 0777) == 0);
	CHECK(setenv("PATH", test_tmpdir(), 1) == 0);
}

TEST(more_ids_than_one_go_through_newuidmap)
{
	struct idmaps maps = {.uid = two, .n_uid = 2};
	struct err err = {0};
	char path[128], args[128] = "";
	FILE *f;

	fake_helper("#!/bin/sh\necho \"$@\" > \"${0%/*}/args\"\n"
		    "echo 'uid range not allowed' >&2\nexit 1\n");
	become_user();
	CHECK_INT(userns_open(&maps, &err), -EPERM);
	CHECK(strstr(err.msg, "newuidmap failed with status 1: "
			      "uid range not allowed"));
	snprintf(path, sizeof(path), "%s/args", test_tmpdir());
	f = fopen(path, "re");
	CHECK(f && fgets(args, sizeof(args), f));
	CHECK(strstr(args, " 0 100000 1000 1000 500 1\n"));
	fclose(f);
}

TEST(a_missing_helper_is_named_with_its_package)
{
	struct idmaps maps = {.uid = two, .n_uid = 2};
	struct err err = {0};

	become_user();
	CHECK(setenv("PATH", test_tmpdir(), 1) == 0);
	CHECK(userns_helper(false) == NULL);
	CHECK_INT(userns_open(&maps, &err), -EPERM);
	CHECK(strstr(err.msg, "newuidmap is not installed"));
}

TEST(without_helpers_the_automatic_mapping_is_the_one_id)
{
	struct idmap *u, *g;
	size_t nu, ng;

	CHECK(setenv("PATH", "/nonexistent", 1) == 0);
	CHECK(userns_auto_maps(1000, 100, &u, &nu, &g, &ng, NULL) == 0);
	CHECK(nu == 1 && u[0].container_id == 0 && u[0].host_id == 1000);
	CHECK(ng == 1 && g[0].container_id == 0 && g[0].host_id == 100);
	free(u);
	free(g);
}
