/* A seccomp filter that was read out of the kernel: what it would say. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "bench/filter.h"
#include "sandbox/wasm_filter.h"
#include "test.h"

#define NR                   offsetof(struct seccomp_data, nr)
#define ARCH                 offsetof(struct seccomp_data, arch)
#define ARG0                 offsetof(struct seccomp_data, args)
#define LOAD(at)             BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define JUMP(op, k, yes, no) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, yes, no)
#define RETURN(action)       BPF_STMT(BPF_RET | BPF_K, action)
#define REFUSE               (SECCOMP_RET_ERRNO | EPERM)

/* One filter of these instructions, asked about one number. */
#define ASK(number, ...)                                                \
	({                                                              \
		struct sock_filter code_[] = {__VA_ARGS__};             \
		struct filter one_ = {code_, ARRAY_SIZE(code_)};        \
		filters_may_allow(&(struct filters){&one_, 1}, number); \
	})

TEST(no_filter_allows_everything)
{
	CHECK(filters_may_allow(&(struct filters){0}, 0));
}

TEST(a_number_is_compared)
{
	CHECK(!ASK(5, LOAD(NR), JUMP(BPF_JEQ, 5, 0, 1), RETURN(REFUSE),
		   RETURN(SECCOMP_RET_ALLOW)));
	CHECK(ASK(6, LOAD(NR), JUMP(BPF_JEQ, 5, 0, 1), RETURN(REFUSE),
		  RETURN(SECCOMP_RET_ALLOW)));
	/* libseccomp's binary tree. */
	CHECK(ASK(9, LOAD(NR), JUMP(BPF_JGE, 10, 0, 1), RETURN(REFUSE),
		  RETURN(SECCOMP_RET_ALLOW)));
	CHECK(!ASK(10, LOAD(NR), JUMP(BPF_JGE, 10, 0, 1), RETURN(REFUSE),
		   RETURN(SECCOMP_RET_ALLOW)));
	CHECK(!ASK(11, LOAD(NR), JUMP(BPF_JGT, 10, 0, 1), RETURN(REFUSE),
		   RETURN(SECCOMP_RET_ALLOW)));
	/* x32 has a bit of its own. */
	CHECK(ASK(11, LOAD(NR), JUMP(BPF_JSET, 0x40000000, 0, 1),
		  RETURN(REFUSE), RETURN(SECCOMP_RET_ALLOW)));
}

TEST(what_depends_on_an_argument_may_be_allowed)
{
	/* Either branch will do; neither does when both refuse. */
	CHECK(ASK(5, LOAD(ARG0), JUMP(BPF_JEQ, 2, 0, 1),
		  RETURN(SECCOMP_RET_ALLOW), RETURN(REFUSE)));
	CHECK(ASK(5, LOAD(ARG0), JUMP(BPF_JEQ, 2, 0, 1), RETURN(REFUSE),
		  RETURN(SECCOMP_RET_ALLOW)));
	CHECK(!ASK(5, LOAD(ARG0), JUMP(BPF_JEQ, 2, 0, 1), RETURN(REFUSE),
		   RETURN(SECCOMP_RET_KILL_PROCESS)));
	/* Nor is it known what is computed from one. */
	CHECK(ASK(5, LOAD(ARG0), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 4),
		  JUMP(BPF_JEQ, 2, 0, 1), RETURN(SECCOMP_RET_ALLOW),
		  RETURN(REFUSE)));
	/* But a number is, again. */
	CHECK(!ASK(5, LOAD(ARG0), JUMP(BPF_JEQ, 2, 0, 0), LOAD(NR),
		   JUMP(BPF_JEQ, 5, 0, 1), RETURN(REFUSE),
		   RETURN(SECCOMP_RET_ALLOW)));
}

TEST(the_architecture_is_this_one)
{
	CHECK(!ASK(5, LOAD(ARCH), JUMP(BPF_JEQ, AUDIT_ARCH_I386, 0, 1),
		   RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_TRAP)));
}

TEST(actions)
{
	CHECK(ASK(1, RETURN(SECCOMP_RET_LOG)));
	CHECK(ASK(1, RETURN(SECCOMP_RET_USER_NOTIF)));
	CHECK(!ASK(1, RETURN(SECCOMP_RET_TRAP)));
	CHECK(!ASK(1, RETURN(SECCOMP_RET_KILL_THREAD)));
	CHECK(!ASK(1, RETURN(SECCOMP_RET_ERRNO | ENOSYS)));
}

TEST(the_strictest_of_several_decides)
{
	struct sock_filter yes[] = {RETURN(SECCOMP_RET_ALLOW)};
	struct sock_filter no[] = {RETURN(REFUSE)};
	struct filter v[] = {{yes, 1}, {no, 1}};

	CHECK(filters_may_allow(&(struct filters){v, 1}, 1));
	CHECK(!filters_may_allow(&(struct filters){v, 2}, 1));
}

/* A child with the filter of hull's own engine, and nothing else to do. */
static pid_t filtered_child(void)
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(ready[0]);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    wasm_filter_install(NULL) < 0 ||
		    write(ready[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			syscall(SYS_ppoll, NULL, 0, NULL, NULL, 8);
	}
	close(ready[1]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

TEST(filters_are_read_out_of_a_running_process)
{
	struct filters f = {0};
	struct err err = {0};
	pid_t pid;
	int status;

	SKIP_UNLESS("root", geteuid() == 0, "needs root");
	pid = filtered_child();
	if (filters_read(pid, &f, &err) < 0) {
		kill(pid, SIGKILL);
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	}
	CHECK_INT(f.n, 1);
	CHECK(filters_may_allow(&f, SYS_write));
	/* Of the internet's families only, so for some arguments. */
	CHECK(filters_may_allow(&f, SYS_socket));
	CHECK(!filters_may_allow(&f, SYS_execve));
	CHECK(!filters_may_allow(&f, SYS_ptrace));
	filters_free(&f);
	/* It goes on as before. */
	CHECK(kill(pid, 0) == 0);
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(a_process_that_is_gone_is_an_error)
{
	struct filters f = {0};
	struct err err = {0};
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK_INT(filters_read(pid, &f, &err), -ESRCH);
	CHECK(strlen(err.msg) > 0);
}
