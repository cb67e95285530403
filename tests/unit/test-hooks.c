#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "oci/spec.h"
#include "runtime/hooks.h"
#include "test.h"

static int run(char *script, int timeout, char **env, struct err *err)
{
	char *args[] = {"hook", "-c", script, NULL};
	struct oci_hook hook = {
		.path = "/bin/sh",
		.args = args,
		.env = env,
		.timeout = {.v = timeout, .set = timeout > 0},
	};
	struct hook_call call = {
		.kind = "createRuntime",
		.hooks = &hook,
		.n = 1,
		.state_json = "{\"id\":\"x\"}",
	};

	return hooks_run(&call, err);
}

TEST(a_hook_reads_the_state)
{
	struct err err = {0};

	CHECK_INT(run("[ \"$(cat)\" = '{\"id\":\"x\"}' ]", 0, NULL, &err), 0);
}

TEST(its_environment_is_the_documents_alone)
{
	char *env[] = {"A=b", NULL};
	struct err err = {0};

	setenv("LEAK", "1", 1);
	CHECK_INT(run("[ \"$A\" = b ] && [ -z \"$LEAK\" ]", 0, env, &err), 0);
	CHECK_INT(run("[ -z \"$LEAK\" ]", 0, NULL, &err), 0);
}

TEST(a_failure_names_hook_status_and_words)
{
	struct err err = {0};

	CHECK(run("echo no device >&2; exit 3", 0, NULL, &err) < 0);
	CHECK_STR(err.msg, "hooks.createRuntime[0]: /bin/sh exited with status "
			   "3: no device");
	CHECK(run("kill -9 $$", 0, NULL, &err) < 0);
	CHECK(strstr(err.msg, "was killed by signal 9"));
}

TEST(a_timeout_kills)
{
	struct timespec a, b;
	struct err err = {0};

	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_INT(run("sleep 30", 1, NULL, &err), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK(b.tv_sec - a.tv_sec < 10);
	CHECK(strstr(err.msg, "timeout of 1 s"));
}

TEST(a_program_that_is_not_there_is_named)
{
	struct oci_hook hook = {.path = "/no/such/hook"};
	struct hook_call call = {
		.kind = "poststop",
		.hooks = &hook,
		.n = 1,
		.state_json = "{}",
	};
	struct err err = {0};

	CHECK_INT(hooks_run(&call, &err), -ENOENT);
	CHECK(strstr(err.msg, "hooks.poststop[0]") &&
	      strstr(err.msg, "/no/such/hook"));
}

TEST(a_hook_that_leaves_a_daemon_does_not_hold_us)
{
	struct timespec a, b;
	struct err err = {0};

	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_INT(run("sleep 1 & exit 0", 0, NULL, &err), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	CHECK((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 <
	      900);
}
