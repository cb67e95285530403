/* Which system calls reach the kernel's own code.
 *
 * A filter that says EPERM looks like a kernel that says EPERM, and only the
 * second is attack surface.  So each number is tried twice, each time in a
 * child of its own:
 *
 * 1. behind a filter of ours, stacked on the sandbox's, that answers
 *    everything with SECCOMP_RET_TRACE.  The kernel takes the strictest of
 *    all filters' answers, and this one is milder than any refusal: where the
 *    sandbox refuses, its own answer comes back; where it allows, ours does,
 *    which without a tracer is ENOSYS, and the call is never made.  So it can
 *    be asked with any arguments, which matters as filters look at them.
 *
 * 2. what came back as ENOSYS is made for real, with arguments that no kernel
 *    accepts.  ENOSYS again: the kernel does not have it, or the filter says
 *    so.  Anything else: the call was reached.
 *
 * Where we may not have a filter, there is only the second step, and EPERM
 * counts as refused; "how" says so. */
#include "probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Above the newest of any architecture's common table. */
enum { MAX_CALL = 512 };

/* Of one child, for a call that blocks. */
enum { EAGER = 100, PATIENCE_MS = 300 };

/* Seen by parent and child. */
struct cell {
	volatile int started, done;
	volatile int error; /* errno of the call, 0 */
};

static struct cell *cell;

struct special {
	int number;
	long args[6];
	int unmade;  /* step 2 would hurt, and every kernel has it */
	int unasked; /* no filter is asked, so step 1 says nothing */
};

/* Where -1 for each argument isn't the right one. */
static const struct special specials[] = {
	/* These answer ENOSYS to an operation that they do not know. */
	{SYS_futex, {0, 1}, 0, 0},
#ifdef SYS_modify_ldt
	{SYS_modify_ldt, {0}, 0, 0},
#endif
/* Its child would run on our stack. */
#ifdef SYS_vfork
	{SYS_vfork, {0}, 1, 0},
#endif
	/* To nobody, for a kernel that looks at the signal last. */
	{SYS_kill, {0x7fffffff, 0}, 0, 0},
	/* A queue would be made, and stay; a module would be looked for. */
	{SYS_msgget, {1, 0}, 0, 0},
	{SYS_init_module, {0, 0}, 0, 0},
#ifdef __x86_64__
	/* uretprobe and uprobe: the kernel itself puts them into programs. */
	{335, {0}, 0, 1},
	{336, {0}, 0, 1},
#endif
	/* They take no argument that could be wrong. */
	{SYS_sync, {0}, 1, 0},
	{SYS_vhangup, {0}, 1, 0},
};

static const struct special *special_of(int number)
{
	for (unsigned int i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (specials[i].number == number)
			return &specials[i];
	return NULL;
}

static void call(int number, const long *a)
{
	pid_t me = getpid();
	long rc;

	cell->started = 1;
	errno = 0;
	rc = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	/* It was fork or its like. */
	if (syscall(SYS_getpid) != me && number != SYS_getpid)
		_exit(0);
	cell->error = rc == -1 ? errno : 0;
	cell->done = 1;
}

/* For this number only: what the child does besides goes on as before. */
static int stack_filter(int number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* Its wait status; a child that blocks is ended. */
static int wait_for(pid_t pid)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	int status = 0;

	for (int tries = 0; waitpid(pid, &status, WNOHANG) == 0; tries++) {
		/* Most are through at once. */
		if (tries < EAGER) {
			sched_yield();
			continue;
		}
		nanosleep(&ms, NULL);
		if (tries > EAGER + PATIENCE_MS && cell->started) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
	}
	return status;
}

/* How the child ended: 0 and *error, when the call came back. */
enum end { CAME_BACK, DIED_OF_FILTER, DIED, NO_FILTER };

static enum end try_call(int number, const long *args, int filtered, int *error)
{
	int status;
	pid_t pid;

	*cell = (struct cell){0};
	pid = fork();
	if (pid < 0) {
		perror("probe: fork");
		exit(1);
	}
	if (pid == 0) {
		if (filtered && stack_filter(number) < 0)
			_exit(1);
		call(number, args);
		_exit(0);
	}
	status = wait_for(pid);
	*error = cell->error;
	if (cell->done)
		return CAME_BACK;
	if (!cell->started)
		return NO_FILTER;
	/* Every way in which a filter kills a process of one thread looks so
	 * from outside.  Other ends are the call's own: exit, a rt_sigreturn
	 * to nowhere, or ours for one that blocks. */
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
		       ? DIED_OF_FILTER
		       : DIED;
}

/* Step 1, with a few sets of arguments, as a filter that allows some of them
 * (clone without new namespaces, socket of the internet's family) allows the
 * call.  NULL: not refused. */
static const char *refusal(int number, int *have_filter)
{
	enum { SETS = 4 };
	static const long args[SETS][6] = {
		{0},
		{-1, -1, -1, -1, -1, -1},
		{1, 1, 1, 1, 1, 1},
		{2, 2, 2, 2, 2, 2},
	};
	const char *said = NULL;

	for (int i = 0; i < SETS; i++) {
		int error;
		enum end end = try_call(number, args[i], 1, &error);

		if (end == NO_FILTER)
			*have_filter = 0;
		/* 0: a supervisor has answered for the kernel. */
		if (end == NO_FILTER || end == DIED ||
		    (end == CAME_BACK && (error == ENOSYS || error == 0)))
			return NULL;
		said = end == CAME_BACK ? "refused" : "killed";
	}
	return said;
}

static const char *answer_of(int number, int *have_filter)
{
	static const long wrong[6] = {-1, -1, -1, -1, -1, -1};
	const struct special *s = special_of(number);
	const char *said = NULL;
	int error;

	if (*have_filter && !(s && s->unasked))
		said = refusal(number, have_filter);
	if (said)
		return said;
	if (s && s->unmade)
		return *have_filter ? "reached" : "untried";
	switch (try_call(number, s ? s->args : wrong, 0, &error)) {
	case CAME_BACK:
		if (error == ENOSYS)
			return "absent";
		return error == EPERM && !*have_filter ? "refused" : "reached";
	case DIED_OF_FILTER:
		return "killed";
	default:
		return "reached";
	}
}

void probe_calls(void)
{
	int have_filter = 1;

	cell = mmap(NULL, sizeof(*cell), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (cell == MAP_FAILED) {
		perror("probe: mmap");
		exit(1);
	}
	/* A filter that we may have now we may have always. */
	refusal(SYS_getpid, &have_filter);
	printf("how %s\n", have_filter ? "filter" : "errno");
	for (int number = 0; number < MAX_CALL; number++) {
		const char *answer = answer_of(number, &have_filter);

		printf("call %d %s\n", number, answer);
		/* Or each child would have it in its buffer. */
		fflush(stdout);
	}
}
