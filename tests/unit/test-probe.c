#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "host/probe.h"
#include "host/seccomp.h"
#include "test.h"

static const struct probe_row *find(const struct probe_row *rows, size_t n,
				    const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].id, id) == 0)
			return &rows[i];
	test_fail(__FILE__, __LINE__, "no row %s", id);
}

TEST(every_row_says_what_follows)
{
	struct probe_row *rows;
	size_t n;

	probe_host(&rows, &n);
	CHECK(n > 20);
	for (size_t i = 0; i < n; i++) {
		CHECK(rows[i].label && *rows[i].label && *rows[i].detail);
		CHECK((rows[i].status == PROBE_OK) == !rows[i].consequence);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(rows[i].id, rows[j].id) != 0);
	}
	CHECK(find(rows, n, "openat2")->status == PROBE_OK);
	free(rows);
}

static void read_all(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && buf_read_fd(b, fd, 1 << 20) == 0);
	close(fd);
}

TEST(trying_leaves_nothing_behind)
{
	struct buf before = {0}, after = {0};
	struct probe_row *rows;
	size_t n;

	read_all("/proc/self/mountinfo", &before);
	probe_host(&rows, &n);
	read_all("/proc/self/mountinfo", &after);
	CHECK_STR(after.data, before.data);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	free(rows);
	buf_free(&before);
	buf_free(&after);
}

/* A host that forbids namespaces, as a container's filter does. */
TEST(what_is_forbidden_is_found_missing)
{
	char unshare_name[] = "unshare", errno_action[] = "SCMP_ACT_ERRNO";
	char allow[] = "SCMP_ACT_ALLOW";
	struct seccomp_rule rule = {
		.names = (char *[]){unshare_name, NULL},
		.action = errno_action,
		.errno_ret = {EACCES, true},
	};
	struct seccomp_profile profile = {
		.default_action = allow,
		.syscalls = &rule,
		.n_syscalls = 1,
	};
	struct seccomp_prog prog;
	struct probe_row *rows;
	size_t n;

	CHECK(seccomp_build(&profile, -1, &prog, NULL) == 0);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(seccomp_install(&prog, NULL) == 0);
	probe_host(&rows, &n);
	CHECK(find(rows, n, "ns-mount")->status == PROBE_MISSING);
	CHECK(find(rows, n, "userns-unprivileged")->status == PROBE_MISSING);
	CHECK(find(rows, n, "idmapped-mounts")->status == PROBE_MISSING);
	CHECK_STR(find(rows, n, "ns-time")->detail, "tried: Permission denied");
	CHECK(find(rows, n, "pidfd")->status == PROBE_OK);
	free(rows);
	seccomp_prog_free(&prog);
}
