#include "bench/lanes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "bench/stage.h"

/* What the lanes share. */
struct board {
	atomic_uint next; /* of the batch */
	atomic_uint hangs;
	unsigned int stage, count, max_hangs;
	struct life_result results[LANES_MAX_BATCH];
};

struct lanes {
	struct bench *b;
	struct stage *stages;
	struct board *board;
	unsigned int n;
	pid_t *pids;
	int *orders; /* a byte: there is a batch */
	int done[2]; /* a byte: a lane has found nothing more to do */
};

/* ------------------------------------------------------------ in a lane -- */

static void work(struct lanes *l)
{
	struct board *board = l->board;
	unsigned int i;

	while (!bench_interrupted() &&
	       atomic_load(&board->hangs) < board->max_hangs &&
	       (i = atomic_fetch_add(&board->next, 1)) < board->count) {
		life_run(&l->stages[board->stage], "hello\n",
			 &board->results[i]);
		if (board->results[i].timed_out)
			atomic_fetch_add(&board->hangs, 1);
	}
}

static void lane(struct lanes *l, unsigned int number, int orders, pid_t parent)
{
	char c;

	/* A group of its own, so that Ctrl-C is not for us; when the main
	 * process is killed we end what we are at and go. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	l->b->lane = number + 1;
	l->b->next_id = 0;
	for (;;) {
		ssize_t n = read(orders, &c, 1);

		if (n < 0 && errno == EINTR && !bench_interrupted())
			continue;
		if (n != 1)
			break;
		work(l);
		if (write(l->done[1], &c, 1) != 1)
			break;
	}
	_exit(0);
}

/* -------------------------------------------------------------- outside -- */

static int start_lane(struct lanes *l, struct err *err)
{
	pid_t parent = getpid(), pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe");
	pid = fork();
	if (pid < 0)
		return err_set(err, -errno, "fork");
	if (pid == 0) {
		/* Else no lane would see the end of another's orders. */
		for (unsigned int i = 0; i < l->n; i++)
			close(l->orders[i]);
		close(p[1]);
		close(l->done[0]);
		lane(l, l->n, p[0], parent);
	}
	close(p[0]);
	l->pids[l->n] = pid;
	l->orders[l->n++] = p[1];
	return 0;
}

int lanes_begin(struct lanes **ret, struct bench *b, struct stage *stages,
		unsigned int n, struct err *err)
{
	struct lanes *l = xcalloc(1, sizeof(*l));
	int rc = 0;

	l->b = b;
	l->stages = stages;
	l->pids = xcalloc(n, sizeof(*l->pids));
	l->orders = xcalloc(n, sizeof(*l->orders));
	l->board = mmap(NULL, sizeof(*l->board), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->board == MAP_FAILED || pipe2(l->done, O_CLOEXEC) < 0)
		rc = err_set(err, -errno, "lanes");
	while (rc == 0 && l->n < n)
		rc = start_lane(l, err);
	if (rc < 0) {
		lanes_end(l);
		return rc;
	}
	*ret = l;
	return 0;
}

static void tell_all(struct lanes *l, int sig)
{
	for (unsigned int i = 0; i < l->n; i++)
		kill(l->pids[i], sig);
}

static bool one_died(struct lanes *l)
{
	for (unsigned int i = 0; i < l->n; i++)
		if (waitpid(l->pids[i], NULL, WNOHANG) == l->pids[i])
			return true;
	return false;
}

/* Until `parallel` lanes have said so.  They are told once that we were
 * interrupted; cleaning up takes them a moment. */
static int wait_done(struct lanes *l, unsigned int parallel)
{
	bool told = false;

	while (parallel) {
		struct pollfd p = {l->done[0], POLLIN, 0};
		int n = poll(&p, 1, 1000);
		char c;

		if (bench_interrupted() && !told) {
			tell_all(l, SIGTERM);
			told = true;
		}
		if (n > 0 && read(l->done[0], &c, 1) == 1)
			parallel--;
		else if (n == 0 && one_died(l))
			return -EPIPE;
	}
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct life_result *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

int lanes_run(struct lanes *l, unsigned int stage, unsigned int count,
	      unsigned int parallel, unsigned int max_hangs,
	      const struct life_result **results)
{
	struct board *board = l->board;
	unsigned int n;
	int rc;

	parallel = parallel < l->n ? parallel : l->n;
	parallel = parallel < count ? parallel : count;
	board->stage = stage;
	board->count = count;
	board->max_hangs = max_hangs;
	atomic_store(&board->hangs, 0);
	atomic_store(&board->next, 0);
	for (unsigned int i = 0; i < parallel; i++)
		if (write(l->orders[i], "", 1) != 1)
			return -EPIPE;
	rc = wait_done(l, parallel);
	if (rc < 0)
		return rc;
	n = atomic_load(&board->next);
	n = n < count ? n : count;
	if (parallel > 1)
		qsort(board->results, n, sizeof(*board->results), by_begin);
	*results = board->results;
	return (int)n;
}

void lanes_end(struct lanes *l)
{
	if (!l)
		return;
	for (unsigned int i = 0; i < l->n; i++)
		close(l->orders[i]);
	for (unsigned int i = 0; i < l->n; i++)
		waitpid(l->pids[i], NULL, 0);
	if (l->board != MAP_FAILED)
		munmap(l->board, sizeof(*l->board));
	close(l->done[0]);
	close(l->done[1]);
	free(l->pids);
	free(l->orders);
	free(l);
}
