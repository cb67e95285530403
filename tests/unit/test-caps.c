#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/str.h"
#include "host/caps.h"
#include "test.h"

#define BIT(cap) (1ull << (cap))

enum { CHOWN = 0, KILL = 5, SETPCAP = 8, BIND = 10 };

static void need_root(void)
{
	SKIP_UNLESS("root", geteuid() == 0, "needs root");
}

/* Does "<name>:\t<16 hex digits>" stand in our own status, after an exec of
 * a program without file capabilities? */
static void check_after_exec(const char *name, uint64_t want)
{
	char line[64];

	snprintf(line, sizeof(line), "^%s:.%016llx$", name,
		 (unsigned long long)want);
	execl("/bin/grep", "grep", "-q", line, "/proc/self/status", NULL);
	_exit(99);
}

static int status_of(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(names_and_numbers_agree_with_the_kernel)
{
	CHECK_INT(cap_from_name("CAP_CHOWN"), 0);
	CHECK_INT(cap_from_name("CAP_SYS_ADMIN"), 21);
	CHECK_INT(cap_from_name("CAP_CHECKPOINT_RESTORE"), 40);
	CHECK_INT(cap_from_name("cap_chown"), -EINVAL);
	CHECK_INT(cap_from_name("CHOWN"), -EINVAL);
	CHECK_INT(cap_from_name(""), -EINVAL);
	for (int i = 0; i <= 40; i++)
		CHECK_INT(cap_from_name(cap_name(i)), i);
	CHECK(cap_name(-1) == NULL && cap_name(64) == NULL);

	FILE *f = fopen("/proc/sys/kernel/cap_last_cap", "re");
	int last;

	CHECK(f && fscanf(f, "%d", &last) == 1);
	CHECK_INT(cap_last(), last);
	CHECK(caps_all() == (BIT(last) | (BIT(last) - 1)));
	fclose(f);
}

TEST(text_lists_names_and_is_cut)
{
	char buf[64], small[8];

	CHECK_STR(caps_text(BIT(CHOWN) | BIT(KILL), buf, sizeof(buf)),
		  "CAP_CHOWN, CAP_KILL");
	CHECK_STR(caps_text(BIT(63), buf, sizeof(buf)), "63");
	CHECK_STR(caps_text(0, buf, sizeof(buf)), "");
	CHECK_INT(strlen(caps_text(UINT64_MAX, small, sizeof(small))), 7);
}

TEST(bounding_set_keeps_only_what_was_asked)
{
	struct caps c;

	need_root();
	CHECK(caps_drop_bounding(BIT(CHOWN) | BIT(KILL), NULL) == 0);
	CHECK(caps_get(&c, NULL) == 0);
	CHECK(c.bounding == (BIT(CHOWN) | BIT(KILL)));
	/* Again, now without what it takes to drop more. */
	c.effective = c.permitted = 0;
	CHECK(caps_apply(&c, NULL) == 0);
	CHECK(caps_drop_bounding(BIT(CHOWN) | BIT(KILL), NULL) == 0);

	struct err err = {0};

	CHECK(caps_drop_bounding(BIT(KILL), &err) == -EPERM);
	CHECK(strstr(err.msg, "CAP_CHOWN"));
}

TEST(inheritable_and_ambient_are_empty_unless_asked_for)
{
	struct caps c, dirty;

	need_root();
	/* What a careless parent could leave us. */
	CHECK(caps_get(&dirty, NULL) == 0);
	dirty.inheritable = dirty.ambient = BIT(CHOWN) | BIT(KILL);
	CHECK(caps_apply(&dirty, NULL) == 0);
	CHECK(caps_get(&c, NULL) == 0);
	CHECK(c.inheritable == dirty.inheritable);
	CHECK(c.ambient == dirty.ambient);

	c = (struct caps){
		.bounding = BIT(CHOWN),
		.permitted = BIT(CHOWN),
		.effective = BIT(CHOWN),
	};
	CHECK(caps_apply(&c, NULL) == 0);
	CHECK(caps_get(&c, NULL) == 0);
	CHECK(c.inheritable == 0);
	CHECK(c.ambient == 0);
	CHECK(c.permitted == BIT(CHOWN) && c.effective == BIT(CHOWN));
}

TEST(an_inherited_ambient_bit_does_not_survive_with_inheritable)
{
	struct caps c;

	need_root();
	CHECK(caps_get(&c, NULL) == 0);
	c.inheritable = c.ambient = BIT(CHOWN);
	CHECK(caps_apply(&c, NULL) == 0);
	c.ambient = 0;
	CHECK(caps_apply(&c, NULL) == 0);
	CHECK(caps_get(&c, NULL) == 0);
	CHECK(c.inheritable == BIT(CHOWN) && c.ambient == 0);
}

TEST(what_we_do_not_have_is_reported_and_left_out)
{
	struct caps c, missing,
		want = {
			.bounding = caps_all(),
			.permitted = BIT(CHOWN) | BIT(KILL),
			.effective = BIT(CHOWN) | BIT(KILL),
			.inheritable = BIT(CHOWN) | BIT(KILL),
			.ambient = BIT(CHOWN) | BIT(KILL),
		};

	need_root();
	CHECK(caps_get(&c, NULL) == 0);
	c.permitted &= ~BIT(KILL);
	c.effective &= ~BIT(KILL);
	c.inheritable = c.ambient = 0;
	CHECK(caps_apply(&c, NULL) == 0);
	CHECK(caps_limit(&want, &missing, NULL) == 0);
	CHECK(want.permitted == BIT(CHOWN) && want.effective == BIT(CHOWN));
	CHECK(want.inheritable == BIT(CHOWN) && want.ambient == BIT(CHOWN));
	CHECK(missing.permitted == BIT(KILL) && missing.ambient == BIT(KILL));
	CHECK(missing.bounding == 0);
	CHECK(caps_apply(&want, NULL) == 0);
}

/* The steps of host/caps.h, as another user, as seen by the next program. */
static int run_as_user(const struct caps *asked, const char *name,
		       uint64_t expect)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct caps want = *asked;

		CHECK(caps_limit(&want, NULL, NULL) == 0);
		CHECK(caps_drop_bounding(want.bounding, NULL) == 0);
		CHECK(caps_keep(true, NULL) == 0);
		CHECK(setgroups(0, NULL) == 0);
		CHECK(setresgid(12345, 12345, 12345) == 0);
		CHECK(setresuid(12345, 12345, 12345) == 0);
		CHECK(caps_keep(false, NULL) == 0);
		CHECK(caps_apply(&want, NULL) == 0);
		check_after_exec(name, expect);
	}
	return status_of(pid);
}

TEST(an_ordinary_user_gets_ambient_and_nothing_else)
{
	struct caps want = {
		.bounding = BIT(BIND) | BIT(KILL),
		.permitted = BIT(BIND) | BIT(KILL),
		.effective = BIT(BIND) | BIT(KILL),
	};

	need_root();
	CHECK_INT(run_as_user(&want, "CapEff", 0), 0);
	CHECK_INT(run_as_user(&want, "CapPrm", 0), 0);
	CHECK_INT(run_as_user(&want, "CapInh", 0), 0);
	CHECK_INT(run_as_user(&want, "CapBnd", want.bounding), 0);
	CHECK_INT(run_as_user(&want, "CapAmb", 0), 0);
	want.inheritable = want.ambient = BIT(BIND);
	CHECK_INT(run_as_user(&want, "CapEff", BIT(BIND)), 0);
	CHECK_INT(run_as_user(&want, "CapPrm", BIT(BIND)), 0);
	CHECK_INT(run_as_user(&want, "CapInh", BIT(BIND)), 0);
}
