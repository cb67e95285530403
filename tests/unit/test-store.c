/* The state directory: atomic, locked, and never believed blindly. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "host/pidfd.h"
#include "runtime/store.h"
#include "test.h"

static struct runtime runtime(void)
{
	static char root[128];

	snprintf(root, sizeof(root), "%s/deep/root", test_tmpdir());
	return (struct runtime){.root = root};
}

static struct container *make(const struct runtime *rt, const char *id)
{
	struct container *c = NULL;
	struct err err = {0};

	CHECK_INT(store_create(rt, id, &c, &err), 0);
	c->state.bundle = arena_strdup(c->arena, "/bundle");
	CHECK_INT(store_save(c, &err), 0);
	return c;
}

static void write_state(const struct runtime *rt, const char *id,
			const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/state.json", rt->root, id);
	f = fopen(path, "we");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(what_is_saved_is_what_is_opened)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "a.b_c+d-1"), *again = NULL;
	struct err err = {0};
	char *cgroup[] = {"memory=/x", NULL};

	c->state.pid = 42;
	c->state.pid_start = 1234567890123ull;
	c->state.cgroup = cgroup;
	c->state.user_namespace = true;
	CHECK_INT(store_save(c, &err), 0);
	store_close(c);
	CHECK_INT(store_open(&rt, "a.b_c+d-1", STORE_READ, &again, &err), 0);
	CHECK_INT(again->state.pid, 42);
	CHECK_INT(again->state.pid_start, 1234567890123ll);
	CHECK(again->state.user_namespace);
	CHECK_STR(again->state.cgroup[0], "memory=/x");
	CHECK_STR(again->state.bundle, "/bundle");
	CHECK_INT(store_remove(again, &err), 0);
	store_close(again);
	CHECK_INT(store_open(&rt, "a.b_c+d-1", STORE_READ, &again, &err),
		  -ENOENT);
}

TEST(ids_that_are_paths_are_refused)
{
	static const char *const bad[] = {"",     ".",   "..",  "a/b",
					  "../a", "a b", "a\n", "\xc3\xa4"};
	struct runtime rt = runtime();
	struct container *c = NULL;
	struct err err = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK_INT(store_create(&rt, bad[i], &c, &err), -EINVAL);
		CHECK_INT(store_open(&rt, bad[i], STORE_READ, &c, &err),
			  -EINVAL);
	}
}

TEST(an_id_can_be_had_once)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "x"), *other = NULL;
	struct err err = {0};

	CHECK_INT(store_create(&rt, "x", &other, &err), -EEXIST);
	CHECK(strstr(err.msg, "\"x\""));
	store_close(c);
}

TEST(a_damaged_state_is_an_error_that_names_the_file)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "x");
	struct err err = {0};

	store_close(c);
	write_state(&rt, "x", "{\"version\":1,\"id\":\"x\",");
	CHECK(store_open(&rt, "x", STORE_READ, &c, &err) < 0);
	CHECK(strstr(err.msg, "x/state.json"));
	write_state(&rt, "x", "{\"version\":1,\"id\":\"y\",\"bundle\":\"/\"}");
	CHECK_INT(store_open(&rt, "x", STORE_READ, &c, &err), -EINVAL);
	write_state(&rt, "x", "{\"version\":9,\"id\":\"x\",\"bundle\":\"/\"}");
	CHECK_INT(store_open(&rt, "x", STORE_READ, &c, &err), -EINVAL);
	write_state(&rt, "x",
		    "{\"version\":1,\"id\":\"x\",\"bundle\":\"/\",\"pid\":-1}");
	CHECK_INT(store_open(&rt, "x", STORE_READ, &c, &err), -EINVAL);
}

TEST(a_directory_without_a_state_opens_as_nothing)
{
	struct runtime rt = runtime();
	struct container *c = NULL;
	struct err err = {0};

	CHECK_INT(store_create(&rt, "x", &c, &err), 0);
	store_close(c);
	CHECK_INT(store_open(&rt, "x", STORE_CHANGE, &c, &err), 0);
	CHECK_INT(c->state.pid, 0);
	CHECK_INT(container_status(c), CONTAINER_STOPPED);
	CHECK_INT(store_remove(c, &err), 0);
	store_close(c);
}

TEST(the_lock_of_a_dead_command_is_free)
{
	struct runtime rt = runtime();
	struct container *c = NULL;
	struct err err = {0};
	pid_t pid = fork();

	if (pid == 0) {
		make(&rt, "x");
		raise(SIGKILL);
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK_INT(store_open(&rt, "x", STORE_CHANGE, &c, &err), 0);
	store_close(c);
}

TEST(who_waited_for_a_deleted_container_is_told)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "x");
	struct err err = {0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct container *mine = NULL;

		/* The parent's descriptor carries the same lock. */
		store_close(c);
		_exit(store_open(&rt, "x", STORE_CHANGE, &mine, &err) == -ENOENT
			      ? 0
			      : 1);
	}
	usleep(50000);
	CHECK_INT(store_remove(c, &err), 0);
	store_close(c);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

TEST(a_pid_that_was_given_away_is_not_ours)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "x");
	struct pid_stat stat;

	CHECK(pid_stat_read(-1, getpid(), &stat) == 0);
	c->state.pid = getpid();
	c->state.pid_start = stat.start_time;
	CHECK_INT(container_status(c), CONTAINER_RUNNING);
	c->state.pid_start--;
	CHECK_INT(container_status(c), CONTAINER_STOPPED);
	store_close(c);
}

TEST(a_full_disk_keeps_the_old_state)
{
	struct runtime rt = runtime();
	struct container *c = make(&rt, "x"), *again = NULL;
	struct err err = {0};
	struct stat st;

	/* What stands in the way of the temporary file stands for any reason
	 * why it cannot be written. */
	CHECK(mkdirat(c->dir_fd, ".state.json", 0700) == 0);
	c->state.pid = 99;
	CHECK(store_save(c, &err) < 0);
	CHECK(strstr(err.msg, "x/state.json"));
	store_close(c);
	CHECK_INT(store_open(&rt, "x", STORE_READ, &again, &err), 0);
	CHECK_INT(again->state.pid, 0);
	/* And delete copes with what lies about. */
	CHECK_INT(store_remove(again, &err), 0);
	CHECK(fstatat(again->root_fd, "x", &st, 0) < 0 && errno == ENOENT);
	store_close(again);
}

TEST(ids_are_listed_sorted)
{
	struct runtime rt = runtime();
	struct err err = {0};
	char **ids = NULL;

	CHECK_INT(store_ids(&rt, &ids, &err), 0);
	CHECK_INT(strv_len(ids), 0);
	strv_free(ids);
	store_close(make(&rt, "b"));
	store_close(make(&rt, "a"));
	CHECK_INT(store_ids(&rt, &ids, &err), 0);
	CHECK_INT(strv_len(ids), 2);
	CHECK_STR(ids[0], "a");
	strv_free(ids);
}
