#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/pidfd.h"
#include "test.h"

static pid_t sleeper(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(1);
	}
	CHECK(pid > 0);
	return pid;
}

TEST(signals_have_names_and_numbers)
{
	CHECK_INT(signal_parse("KILL"), 9);
	CHECK_INT(signal_parse("SIGKILL"), 9);
	CHECK_INT(signal_parse("sigterm"), 15);
	CHECK_INT(signal_parse("9"), 9);
	CHECK_INT(signal_parse("0"), 0);
	CHECK_INT(signal_parse("64"), 64);
	CHECK_INT(signal_parse("RTMIN"), 34);
	CHECK_INT(signal_parse("SIGRTMIN+1"), 35);
	CHECK_INT(signal_parse("rtmin+30"), 64);
	CHECK_INT(signal_parse("RTMAX-2"), 62);
	CHECK_INT(signal_parse("CLD"), SIGCHLD);
}

TEST(signals_are_strict)
{
	static const char *const bad[] = {
		"",
		"65",
		"-1",
		"+9",
		"9 ",
		" 9",
		"0x9",
		"KIL",
		"SIG",
		"SIG9",
		"RTMIN+31",
		"RTMIN-1",
		"RTMAX+1",
		"RTMIN+",
		"RTMIN1",
		"RTMIN+ 1",
		"9KILL",
		"SIGSIGKILL",
		"99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (signal_parse(bad[i]) != -EINVAL)
			test_fail(__FILE__, __LINE__, "\"%s\" gave %d", bad[i],
				  signal_parse(bad[i]));
}

TEST(every_name_parses_back)
{
	for (int sig = 1; sig <= 64; sig++) {
		const char *name = signal_name(sig);

		if (sig == 32 || sig == 33) {
			CHECK(name == NULL);
			continue;
		}
		CHECK(name != NULL);
		CHECK_INT(signal_parse(name), sig);
	}
	CHECK(signal_name(0) == NULL && signal_name(65) == NULL);
}

TEST(waiting_has_a_bound_and_sees_the_end)
{
	pid_t pid = sleeper();
	int fd = pidfd_of(pid), code = -1;

	CHECK(fd >= 0);
	CHECK(pidfd_alive(fd));
	CHECK_INT(pidfd_wait(fd, 20), -ETIMEDOUT);
	CHECK_INT(pidfd_reap(fd, 0, &code), -ETIMEDOUT);
	CHECK(pidfd_signal(fd, 0) == 0);
	CHECK(pidfd_signal(fd, SIGTERM) == 0);
	CHECK(pidfd_wait(fd, 5000) == 0);
	CHECK(!pidfd_alive(fd));
	CHECK(pidfd_reap(fd, 5000, &code) == 0);
	CHECK_INT(code, 128 + SIGTERM);
	CHECK_INT(pidfd_signal(fd, SIGTERM), -ESRCH);
	close(fd);
}

TEST(exit_codes_arrive)
{
	pid_t pid = fork();
	int code = -1, fd;

	if (pid == 0)
		_exit(42);
	fd = pidfd_of(pid);
	CHECK(fd >= 0 && pidfd_reap(fd, 5000, &code) == 0);
	CHECK_INT(code, 42);
	close(fd);
}

TEST(a_pid_given_to_another_is_not_the_same_process)
{
	pid_t pid = sleeper();
	struct pid_stat st, self;
	int fd;

	CHECK(pid_stat_read(-1, pid, &st) == 0);
	CHECK(pid_stat_read(-1, getpid(), &self) == 0);
	CHECK_INT(st.ppid, getpid());
	CHECK_INT(st.pgrp, getpgrp());
	CHECK_INT(st.session, getsid(0));
	CHECK(st.start_time >= self.start_time);
	fd = pidfd_of_start(-1, pid, st.start_time);
	CHECK(fd >= 0);
	/* What state.json would hold if the pid were another's now. */
	CHECK_INT(pidfd_of_start(-1, pid, st.start_time - 1), -ESRCH);
	CHECK(kill(pid, SIGKILL) == 0 && pidfd_wait(fd, 5000) == 0);
	CHECK(pid_stat_read(-1, pid, &st) == 0 && st.state == 'Z');
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK_INT(pidfd_of_start(-1, pid, st.start_time), -ESRCH);
	CHECK_INT(pid_stat_read(-1, pid, &st), -ESRCH);
	CHECK_INT(pid_stat_read(-1, 0, &st), -ESRCH);
	close(fd);
}

TEST(a_hostile_process_name_does_not_shift_the_fields)
{
	struct pid_stat before, after;

	CHECK(pid_stat_read(-1, getpid(), &before) == 0);
	CHECK(prctl(PR_SET_NAME, "x) Z 1 1 1 (") == 0);
	CHECK(pid_stat_read(-1, getpid(), &after) == 0);
	CHECK(after.state == 'R');
	CHECK_INT(after.ppid, getppid());
	CHECK(after.start_time == before.start_time);
}
