/* Against this machine's own hierarchies.  Each test works below a scratch
 * name of its own, and what it leaves behind when it fails is removed. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/cgroup_internal.h"
#include "test.h"

static struct err err;
static char scratch[64]; /* "/hull-test-PID" */

#define OK(call)                                                       \
	do {                                                           \
		if ((call) < 0)                                        \
			test_fail(__FILE__, __LINE__, "%s: %s", #call, \
				  err.msg);                            \
	} while (0)

static int kill_those(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	pid_t *pids = NULL;
	size_t n = 0;

	if (type == FTW_D || type == FTW_DP)
		cgroup_read_pids(path, &pids, &n);
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	free(pids);
	return 0;
}

static int remove_that(const char *path, const struct stat *st, int type,
		       struct FTW *ftw)
{
	for (int i = 0; type == FTW_DP && rmdir(path) < 0 && i < 100; i++)
		usleep(5000);
	return 0;
}

/* By other means than the code that is tested: let all go and kill them,
 * everywhere, before the first directory is removed. */
static void sweep(void)
{
	const struct cgroup_layout *l;

	if (cgroup_layout(&l, NULL) < 0)
		return;
	for (size_t i = 0; i < 2 * l->n; i++) {
		_cleanup_free_ char *dir =
			xasprintf("%s%s", l->v[i % l->n].dir, scratch);

		cgroup_write(dir, "freezer.state", "THAWED");
		if (i < l->n)
			nftw(dir, kill_those, 16, FTW_PHYS);
		else
			nftw(dir, remove_that, 16, FTW_PHYS | FTW_DEPTH);
	}
}

static int left_over(void)
{
	const struct cgroup_layout *l;
	int n = 0;

	CHECK(cgroup_layout(&l, &err) == 0);
	for (size_t i = 0; i < l->n; i++) {
		_cleanup_free_ char *dir =
			xasprintf("%s%s", l->v[i].dir, scratch);

		n += access(dir, F_OK) == 0;
	}
	return n;
}

/* The body runs in a child, so that we can sweep whatever it did. */
static void on_host(void (*body)(void))
{
	enum cgroup_mode mode = cgroup_mode();
	int status, left;
	pid_t pid;

	SKIP_UNLESS("cgroups", geteuid() == 0, "needs root");
	SKIP_UNLESS("cgroups", mode == CGROUP_V1 || mode == CGROUP_HYBRID,
		    "no cgroup v1 here");
	SKIP_UNLESS("cgroups", access("/sys/fs/cgroup/pids", W_OK) == 0,
		    "cgroups are read-only here");
	snprintf(scratch, sizeof(scratch), "/hull-test-%d", getpid());
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		alarm(20);
		/* So that no zombie waits for the machine's init. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		body();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	left = left_over();
	sweep();
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		_exit(1);
	CHECK_INT(left, 0);
}

#define HOST_TEST(id)                \
	static void body_##id(void); \
	TEST(id)                     \
	{                            \
		on_host(body_##id);  \
	}                            \
	static void body_##id(void)

/* Leave the v2 hierarchy alone, as on a host that has none. */
static void v1_alone(void)
{
	static const struct cgroup_view view = {
		.root = "/sys/fs/cgroup",
		.proc_cgroup = "/proc/self/cgroup",
		.mountinfo = "/proc/self/mountinfo",
		.mode = CGROUP_V1,
	};

	cgroup_look_at(&view);
}

static struct cgroup *make(const char *path)
{
	const struct cgroup_request req = {.path = path ?: scratch, .id = "id"};
	struct cgroup *cg;

	OK(cgroup_create(&cg, &req, &err));
	return cg;
}

static const char *read_text(struct cgroup *cg, const char *controller,
			     const char *file)
{
	static char text[2][4096];
	static unsigned int next;
	char *to = text[next++ % 2];

	CHECK(cgroup_read(cgroup_dir(cg, controller), file, to,
			  sizeof(text[0])) >= 0);
	return to;
}

/* A process in the cgroup that runs `what` (pause() for NULL). */
static pid_t spawn(struct cgroup *cg, void (*what)(void))
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup_enter(cg, false, &err) < 0)
			_exit(255);
		CHECK(write(ready[1], "x", 1) == 1);
		if (what)
			what();
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		test_fail(__FILE__, __LINE__, "the child did not enter");
	close(ready[0]);
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void end(struct cgroup *cg)
{
	OK(cgroup_kill(cg, SIGKILL, &err));
	while (wait(NULL) > 0)
		;
	OK(cgroup_destroy(cg, &err));
	cgroup_free(cg);
}

/* ---------------------------------------------------------------- life -- */

HOST_TEST(all_hierarchies_are_entered)
{
	struct cgroup *cg = make(NULL), *again;
	_cleanup_strv_ char **saved = cgroup_save(cg);
	pid_t pid = spawn(cg, NULL), *pids;
	char proc[64], text[4096], *rest = text, *line;
	const struct cgroup_request req = {.path = scratch, .id = "id"};
	bool populated;
	size_t n;

	snprintf(proc, sizeof(proc), "/proc/%d", pid);
	CHECK(cgroup_read(proc, "cgroup", text, sizeof(text)) > 0);
	while ((line = strsep(&rest, "\n")))
		if (!str_ends_with(line, scratch))
			test_fail(__FILE__, __LINE__, "%s", line);
	cgroup_entered(cg);
	CHECK_INT(cgroup_create(&again, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "has 1 processes already"));
	cgroup_free(cg);

	/* From here on from the saved paths alone. */
	OK(cgroup_open(&cg, saved, &err));
	OK(cgroup_procs(cg, &pids, &n, &err));
	CHECK(n == 1 && pids[0] == pid);
	free(pids);
	OK(cgroup_is_populated(cg, &populated, &err));
	CHECK(populated);
	CHECK_INT(cgroup_destroy(cg, &err), -EBUSY);
	CHECK(strstr(err.msg, "1 processes still live there"));
	OK(cgroup_kill(cg, SIGTERM, &err));
	CHECK_INT(WTERMSIG(reap(pid)), SIGTERM);
	OK(cgroup_is_populated(cg, &populated, &err));
	CHECK(!populated);
	end(cg);
}

HOST_TEST(clone_goes_into_the_v2_cgroup)
{
	struct cgroup *cg = make(NULL);
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup_clone_fd(cg),
	};
	pid_t pid, *pids;
	size_t n;

	SKIP_UNLESS("cgroups", cgroup_clone_fd(cg) >= 0, "no cgroup v2");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(cgroup_enter(cg, true, NULL) < 0 || pause());
	OK(cgroup_procs(cg, &pids, &n, &err));
	CHECK(n == 1 && pids[0] == pid);
	free(pids);
	cgroup_entered(cg);
	end(cg);
}

HOST_TEST(abort_removes_parents_and_destroy_keeps_them)
{
	_cleanup_free_ char *path = xasprintf("%s/a/b", scratch);
	_cleanup_free_ char *parent = xasprintf("%s/a", scratch);
	struct cgroup *cg = make(path);

	CHECK_STR(read_text(cg, "cpuset", "cpuset.mems"), ({
			  static char top[64];
			  cgroup_read("/sys/fs/cgroup/cpuset", "cpuset.mems",
				      top, sizeof(top));
			  top;
		  }));
	cgroup_abort(cg);
	cgroup_free(cg);
	CHECK_INT(left_over(), 0);

	cg = make(path);
	OK(cgroup_destroy(cg, &err));
	cgroup_free(cg);
	CHECK(left_over() > 0);
	cg = make(parent);
	/* The parent was there, so abort leaves it, and destroy does not. */
	cgroup_abort(cg);
	OK(cgroup_destroy(cg, &err));
	cgroup_free(cg);
	cg = make(NULL);
	OK(cgroup_destroy(cg, &err));
	cgroup_free(cg);
}

/* kill -9 between two mkdir()s, and before the cpuset was filled. */
HOST_TEST(a_half_made_cgroup_is_taken_over)
{
	_cleanup_free_ char *cpuset =
		xasprintf("/sys/fs/cgroup/cpuset%s", scratch);
	_cleanup_free_ char *pids = xasprintf("/sys/fs/cgroup/pids%s", scratch);
	struct cgroup *cg;

	CHECK(mkdir(cpuset, 0755) == 0 && mkdir(pids, 0755) == 0);
	cg = make(NULL);
	CHECK(*read_text(cg, "cpuset", "cpuset.cpus"));
	spawn(cg, NULL);
	end(cg);
}

HOST_TEST(only_one_of_two_creates_wins)
{
	const struct cgroup_request req = {.path = scratch, .id = "id"};
	struct cgroup *cg = make(NULL), *second;

	CHECK_INT(cgroup_create(&second, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "being set up"));
	/* The loser removed nothing. */
	spawn(cg, NULL);
	end(cg);
}

/* One hierarchy of ten refuses: the others are as they were before. */
HOST_TEST(a_create_that_fails_leaves_nothing)
{
	const struct cgroup_request req = {.path = scratch, .id = "id"};
	_cleanup_free_ char *freezer =
		xasprintf("/sys/fs/cgroup/freezer%s", scratch);
	_cleanup_free_ char *saved = xasprintf("freezer=%s", freezer);
	char *v[] = {saved, NULL};
	struct cgroup *other, *cg;

	CHECK(mkdir(freezer, 0755) == 0);
	OK(cgroup_open(&other, v, &err));
	OK(cgroup_prepare_enter(other, NULL, &err));
	spawn(other, NULL);
	CHECK_INT(cgroup_create(&cg, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "freezer") && strstr(err.msg, "1 processes"));
	CHECK_INT(left_over(), 1);
	end(other);
}

HOST_TEST(rootless_does_without_if_nothing_was_asked)
{
	const struct cgroup_resources res = {.pids.limit = 5};
	struct cgroup_request req = {.id = "hull-test-rootless"};
	struct cgroup *cg;

	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHECK_INT(cgroup_create(&cg, &req, &err), -EACCES);
	CHECK(strstr(err.msg, "create cgroup /sys/fs/cgroup/"));
	req.best_effort = true;
	OK(cgroup_create(&cg, &req, &err));
	CHECK(cgroup_is_none(cg));
	CHECK_INT(cgroup_apply(cg, &res, &err), -ENOTSUP);
	cgroup_free(cg);
	req.res = &res;
	CHECK_INT(cgroup_create(&cg, &req, &err), -EACCES);
	CHECK(strstr(err.msg, "/pids/"));
	req.res = NULL;
	req.path = scratch;
	CHECK_INT(cgroup_create(&cg, &req, &err), -EACCES);
}

HOST_TEST(nested_cgroups_are_listed_killed_and_removed)
{
	static const char *const inner[] = {"/in", "/in/ner", "/other"};
	struct cgroup *cg, *deep;
	pid_t *pids;
	size_t n;

	v1_alone();
	cg = make(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
		_cleanup_free_ char *path =
			xasprintf("%s%s", scratch, inner[i]);

		deep = make(path);
		spawn(deep, NULL);
		cgroup_free(deep);
	}
	OK(cgroup_procs(cg, &pids, &n, &err));
	CHECK_INT(n, 3);
	free(pids);
	end(cg);
}

HOST_TEST(exec_enters_below)
{
	struct cgroup *cg = make(NULL), *exec;
	_cleanup_strv_ char **saved = cgroup_save(cg);
	char path[256], proc[64], text[4096];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/sub", cgroup_dir(cg, "pids"));
	CHECK(mkdir(path, 0755) == 0);
	OK(cgroup_open(&exec, saved, &err));
	CHECK_INT(cgroup_prepare_enter(exec, "nosuch:/sub", &err), -EINVAL);
	CHECK(cgroup_prepare_enter(exec, "pids:/missing", &err) == -ENOENT);
	OK(cgroup_prepare_enter(exec, "pids:../../sub", &err));
	pid = spawn(exec, NULL);
	snprintf(proc, sizeof(proc), "/proc/%d", pid);
	CHECK(cgroup_read(proc, "cgroup", text, sizeof(text)) > 0);
	snprintf(path, sizeof(path), ":pids:%s/sub\n", scratch);
	CHECK(strstr(text, path));
	snprintf(path, sizeof(path), ":memory:%s\n", scratch);
	CHECK(strstr(text, path));
	cgroup_free(exec);
	end(cg);
}

/* ------------------------------------------------------ freeze and kill -- */

static volatile unsigned int *counter;

static void count(void)
{
	for (;;)
		++*counter;
}

static bool counts_on(void)
{
	unsigned int before = *counter;

	for (int i = 0; i < 100 && *counter == before; i++)
		usleep(2000);
	return *counter != before;
}

static void freeze_and_kill(void)
{
	struct cgroup *cg = make(NULL);
	bool frozen = true;
	pid_t pid;

	counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counter != MAP_FAILED);
	pid = spawn(cg, count);
	OK(cgroup_is_frozen(cg, &frozen, &err));
	CHECK(!frozen && counts_on());
	OK(cgroup_freeze(cg, &err));
	OK(cgroup_is_frozen(cg, &frozen, &err));
	CHECK(frozen && !counts_on());
	OK(cgroup_thaw(cg, &err));
	CHECK(counts_on());
	OK(cgroup_freeze(cg, &err));
	OK(cgroup_kill(cg, SIGKILL, &err));
	CHECK_INT(WTERMSIG(reap(pid)), SIGKILL);
	end(cg);
}

HOST_TEST(frozen_processes_die_when_killed)
{
	freeze_and_kill();
}

HOST_TEST(frozen_processes_die_when_killed_on_v1_alone)
{
	v1_alone();
	freeze_and_kill();
}

static void multiply(void)
{
	for (;;)
		if (fork() < 0)
			usleep(1000);
}

/* Each process makes more while we kill. */
HOST_TEST(a_fork_bomb_is_killed_on_v1_alone)
{
	const struct cgroup_resources res = {.pids.limit = 40};
	struct cgroup *cg;
	pid_t pid;

	v1_alone();
	cg = make(NULL);
	OK(cgroup_apply(cg, &res, &err));
	pid = spawn(cg, multiply);
	usleep(30000);
	OK(cgroup_kill(cg, SIGKILL, &err));
	CHECK_INT(WTERMSIG(reap(pid)), SIGKILL);
	end(cg);
}

/* -------------------------------------------------------------- limits -- */

#define APPLY(cg, ...)                                              \
	do {                                                        \
		const struct cgroup_resources res_ = {__VA_ARGS__}; \
		OK(cgroup_apply(cg, &res_, &err));                  \
	} while (0)

HOST_TEST(limits_hold)
{
	struct cgroup *cg = make(NULL);

	APPLY(cg, .pids = {7},
	      .cpu = {.shares = 300,
		      .quota = 20000,
		      .period = 50000,
		      .burst = {1000, true},
		      .cpus = "0",
		      .mems = "0"});
	CHECK_STR(read_text(cg, "pids", "pids.max"), "7");
	CHECK_STR(read_text(cg, "cpu", "cpu.shares"), "300");
	CHECK_STR(read_text(cg, "cpu", "cpu.cfs_quota_us"), "20000");
	CHECK_STR(read_text(cg, "cpu", "cpu.cfs_burst_us"), "1000");
	CHECK_STR(read_text(cg, "cpuset", "cpuset.cpus"), "0");
	/* Smaller, below the old burst; and larger again. */
	APPLY(cg, .cpu = {.quota = 2000, .burst = {500, true}});
	APPLY(cg, .cpu = {.quota = 90000, .burst = {80000, true}});
	CHECK_STR(read_text(cg, "cpu", "cpu.cfs_burst_us"), "80000");
	CHECK_STR(read_text(cg, "cpu", "cpu.cfs_period_us"), "50000");
	APPLY(cg, .pids = {-1}, .cpu = {.quota = -1});
	CHECK_STR(read_text(cg, "pids", "pids.max"), "max");
	CHECK_STR(read_text(cg, "cpu", "cpu.cfs_quota_us"), "-1");
	end(cg);
}

HOST_TEST(memory_limits_move_in_either_direction)
{
	const char *limit = "memory.limit_in_bytes";
	const char *memsw = "memory.memsw.limit_in_bytes";
	struct cgroup *cg = make(NULL);

	SKIP_UNLESS("cgroups", cgroup_has_file(cgroup_dir(cg, "memory"), memsw),
		    "no accounting of swap");
	APPLY(cg, .memory = {.limit = 64 << 20, .swap = 64 << 20});
	CHECK_STR(read_text(cg, "memory", limit), "67108864");
	APPLY(cg, .memory = {.limit = 128 << 20, .swap = 256 << 20});
	CHECK_STR(read_text(cg, "memory", limit), "134217728");
	CHECK_STR(read_text(cg, "memory", memsw), "268435456");
	APPLY(cg, .memory = {.limit = 32 << 20, .swap = 32 << 20});
	CHECK_STR(read_text(cg, "memory", memsw), "33554432");
	APPLY(cg, .memory = {.limit = -1});
	CHECK(strlen(read_text(cg, "memory", memsw)) > 15);
	end(cg);
}

static void use_memory(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
		p[i] = 1;
}

static void use_16_mb(void)
{
	use_memory(16 << 20);
}

HOST_TEST(a_limit_below_the_usage_is_explained)
{
	struct cgroup *cg = make(NULL);
	const struct cgroup_resources low = {.memory.limit = 4096};
	uint64_t usage = 0;

	spawn(cg, use_16_mb);
	for (int i = 0; i < 500 && usage < 16 << 20; i++) {
		usleep(2000);
		CHECK(cgroup_read_u64(cgroup_dir(cg, "memory"),
				      "memory.usage_in_bytes", &usage) == 0);
	}
	CHECK_INT(cgroup_apply(cg, &low, &err), -EBUSY);
	CHECK(strstr(err.msg, "memory.limit: 4096 is below the current usage "
			      "of 1"));
	CHECK(strstr(err.msg, " MiB"));
	CHECK(strstr(err.msg, "memory.limit_in_bytes"));
	end(cg);
}

HOST_TEST(a_refused_value_is_named)
{
	const struct cgroup_resources res = {.cpu.cpus = "9999"};
	struct cgroup *cg = make(NULL);

	CHECK(cgroup_apply(cg, &res, &err) < 0);
	CHECK(strstr(err.msg, "cpu.cpus: write \"9999\" to "));
	CHECK(strstr(err.msg, "/cpuset.cpus: "));
	end(cg);
}

static char node[2][96];

static void open_nodes(void)
{
	int first = open(node[0], O_RDONLY), second = open(node[1], O_RDONLY);

	_exit(first >= 0 && second < 0 && errno == EPERM ? 7 : 8);
}

HOST_TEST(devices_are_denied)
{
	const struct cgroup_device_rule deny = {.allow = false};
	struct cgroup *cg = make(NULL);

	/* null is allowed to all, kmsg to nobody. */
	snprintf(node[0], sizeof(node[0]), "%s/null", test_tmpdir());
	snprintf(node[1], sizeof(node[1]), "%s/kmsg", test_tmpdir());
	CHECK(mknod(node[0], S_IFCHR | 0600, makedev(1, 3)) == 0);
	CHECK(mknod(node[1], S_IFCHR | 0600, makedev(1, 11)) == 0);
	OK(cgroup_apply_devices(cg, &deny, 1, &err));
	CHECK_INT(WEXITSTATUS(reap(spawn(cg, open_nodes))), 7);
	end(cg);
}

/* --------------------------------------------------------- observation -- */

static void burn(void)
{
	for (volatile unsigned int i = 0;; i++)
		;
}

HOST_TEST(statistics_are_alive)
{
	struct cgroup *cg = make(NULL);
	struct cgroup_stats st;
	bool seen = false;

	spawn(cg, burn);
	for (int i = 0; i < 500 && !seen; i++) {
		usleep(2000);
		OK(cgroup_stats(cg, &st, &err));
		seen = st.cpu.usage > 10000000;
		CHECK_INT(st.pids.current, 1);
		CHECK(st.memory.usage.usage > 0);
		CHECK(st.memory.usage.limit == UINT64_MAX);
		CHECK(st.memory.n_raw > 10 && st.cpu.n_percpu > 0);
		cgroup_stats_free(&st);
	}
	CHECK(seen);
	end(cg);
}

static void use_64_mb(void)
{
	use_memory(64 << 20);
}

HOST_TEST(running_out_of_memory_is_told)
{
	const struct cgroup_resources res = {
		.memory = {.limit = 8 << 20, .swap = 8 << 20}};
	struct cgroup *cg = make(NULL);
	struct pollfd p = {.events = POLLIN};
	uint64_t kills = 9;
	bool gone = true;
	pid_t pid;

	OK(cgroup_apply(cg, &res, &err));
	OK(p.fd = cgroup_oom_open(cg, &err));
	CHECK_INT(poll(&p, 1, 0), 0);
	pid = spawn(cg, use_64_mb);
	CHECK_INT(WTERMSIG(reap(pid)), SIGKILL);
	CHECK_INT(poll(&p, 1, 2000), 1);
	CHECK(cgroup_oom_read(cg, p.fd, &kills, &gone) == 0);
	CHECK(kills == 1 && !gone);
	/* Told once. */
	CHECK(cgroup_oom_read(cg, p.fd, &kills, &gone) == 0);
	CHECK(kills == 0 && !gone);
	CHECK(cgroup_was_oom(cg, &err));
	CHECK(strstr(err.msg, "memory.limit: 8.0 MiB is too low"));
	CHECK_INT(poll(&p, 1, 0), 0);
	OK(cgroup_destroy(cg, &err));
	CHECK_INT(poll(&p, 1, 2000), 1);
	CHECK(cgroup_oom_read(cg, p.fd, &kills, &gone) == 0);
	CHECK(kills == 0 && gone);
	close(p.fd);
	cgroup_free(cg);
}
