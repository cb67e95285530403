/* Labels, the session keyring and resctrl: what a host without an LSM and
 * without resctrl can show of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "host/keyring.h"
#include "host/lsm.h"
#include "host/rdt.h"
#include "test.h"

TEST(a_label_that_would_be_ignored_is_refused)
{
	struct err err = {0};

	CHECK(lsm_check(NULL, NULL, NULL) == 0);
	CHECK(lsm_check("", "", NULL) == 0);
	if (!lsm_apparmor_enabled()) {
		CHECK_INT(lsm_check("docker-default", NULL, &err), -ENOTSUP);
		CHECK(strstr(err.msg, "process.apparmorProfile: "
				      "\"docker-default\""));
		CHECK_INT(lsm_check("unconfined", NULL, NULL), -ENOTSUP);
	}
	if (!lsm_selinux_enabled()) {
		CHECK_INT(lsm_check(NULL, "u:r:t:s0", &err), -ENOTSUP);
		CHECK(strstr(err.msg, "process.selinuxLabel: \"u:r:t:s0\""));
	}
}

/* A directory of plain files in the place of /proc/self/attr. */
static int open_fake(void *arg, const char *name)
{
	int fd = openat(*(int *)arg, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void check_file(int dir, const char *name, const char *want)
{
	char text[64] = "";
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
	CHECK_STR(text, want);
	close(fd);
}

static int tmp(void)
{
	int dir = open(test_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(dir >= 0);
	return dir;
}

static void make(int dir, const char *name)
{
	close(openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644));
}

TEST(labels_go_where_the_kernel_reads_them)
{
	struct err err = {0};
	int dir = tmp();

	make(dir, "exec");
	make(dir, "keycreate");
	CHECK(lsm_set_profile(open_fake, &dir, LSM_ON_EXEC, "", NULL) == 0);
	check_file(dir, "exec", "");
	/* Kernels before 5.8. */
	CHECK(lsm_set_profile(open_fake, &dir, LSM_ON_EXEC, "prof", NULL) == 0);
	check_file(dir, "exec", "exec prof");
	CHECK(mkdirat(dir, "apparmor", 0755) == 0);
	make(dir, "apparmor/exec");
	CHECK(lsm_set_profile(open_fake, &dir, LSM_ON_EXEC, "other", NULL) ==
	      0);
	check_file(dir, "apparmor/exec", "exec other");
	CHECK(lsm_set_label(open_fake, &dir, LSM_ON_EXEC, "u:r:t:s0", NULL) ==
	      0);
	check_file(dir, "exec", "u:r:t:s0");
	/* A process that executes nothing changes at once. */
	make(dir, "current");
	make(dir, "apparmor/current");
	CHECK(lsm_set_profile(open_fake, &dir, LSM_NOW, "now", NULL) == 0);
	check_file(dir, "apparmor/current", "changeprofile now");
	CHECK(lsm_set_label(open_fake, &dir, LSM_NOW, "u:r:n:s0", NULL) == 0);
	check_file(dir, "current", "u:r:n:s0");
	CHECK(lsm_set_key_label(open_fake, &dir, "u:r:k:s0", NULL) == 0);
	check_file(dir, "keycreate", "u:r:k:s0");
	CHECK(unlinkat(dir, "keycreate", 0) == 0);
	CHECK_INT(lsm_set_key_label(open_fake, &dir, "x", &err), -ENOENT);
}

TEST(the_session_keyring_is_a_new_one)
{
	long before, after;
	char text[256] = "";
	int serial;

	before = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			 KEY_SPEC_SESSION_KEYRING, 0);
	SKIP_UNLESS("keyring", before >= 0, "no keyrings here");
	serial = keyring_join("test-lsm", NULL);
	SKIP_UNLESS("keyring", serial > 0, "not allowed to join one");
	after = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID,
			KEY_SPEC_SESSION_KEYRING, 0);
	CHECK(after == serial && after != before);
	CHECK(syscall(SYS_keyctl, KEYCTL_DESCRIBE, serial, text,
		      sizeof(text) - 1) > 0);
	CHECK(strstr(text, ";3f3f0000;_ses.test-lsm"));
}

/* -------------------------------------------------------------- resctrl -- */

static struct intel_rdt rdt_for(char *clos, char **schemata)
{
	return (struct intel_rdt){.clos_id = clos, .schemata = schemata};
}

TEST(a_group_gets_the_schemata_and_the_process)
{
	char *schemata[] = {"L3:0=ff", NULL};
	struct intel_rdt rdt = rdt_for("gold", schemata);
	struct rdt_state st = {true, true};
	int dir = tmp();

	/* In resctrl the files come with the directory; here they are ours. */
	CHECK(mkdirat(dir, "gold", 0755) == 0);
	make(dir, "gold/schemata");
	make(dir, "gold/tasks");
	CHECK(rdt_apply(test_tmpdir(), &rdt, "c1", 4711, &st, NULL) == 0);
	CHECK(!st.group_made && !st.monitor_made);
	check_file(dir, "gold/schemata", "L3:0=ff\n");
	check_file(dir, "gold/tasks", "4711\n");
	schemata[0] = "L3:0=f0";
	CHECK(rdt_update(test_tmpdir(), &rdt, "c1", NULL) == 0);
	check_file(dir, "gold/schemata", "L3:0=f0\n");
	/* Not ours: stays. */
	CHECK(rdt_remove(test_tmpdir(), &rdt, "c1", &st, NULL) == 0);
	CHECK(faccessat(dir, "gold", F_OK, 0) == 0);
}

TEST(a_failure_leaves_no_group)
{
	struct intel_rdt rdt = rdt_for(NULL, NULL);
	struct rdt_state st = {0};
	struct err err = {0};
	int dir = tmp();

	/* A plain directory has no file "tasks". */
	CHECK_INT(rdt_apply(test_tmpdir(), &rdt, "c1", 1, &st, &err), -ENOENT);
	CHECK(strstr(err.msg, "linux.intelRdt"));
	CHECK(faccessat(dir, "c1", F_OK, 0) < 0);
	st.group_made = true;
	CHECK(rdt_remove(test_tmpdir(), &rdt, "c1", &st, NULL) == 0);
}

TEST(a_clos_id_alone_names_a_group_that_is_there)
{
	struct intel_rdt rdt = rdt_for("silver", NULL);
	struct rdt_state st = {0};
	struct err err = {0};
	int dir = tmp();

	CHECK_INT(rdt_apply(test_tmpdir(), &rdt, "c1", 1, &st, &err), -ENOENT);
	CHECK(strstr(err.msg, "linux.intelRdt.closID"));
	CHECK(faccessat(dir, "silver", F_OK, 0) < 0);
	rdt.clos_id = "../x";
	CHECK_INT(rdt_apply(test_tmpdir(), &rdt, "c1", 1, &st, &err), -EINVAL);
	rdt.clos_id = "..";
	CHECK_INT(rdt_apply(test_tmpdir(), &rdt, "c1", 1, &st, &err), -EINVAL);
}
