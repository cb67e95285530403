/* Functions are dealt out in pieces of some 48 KB to as many processes as
 * there are processors.  Processes, not threads: what LLVM leaks or holds is
 * gone with each, and a module that is too much for it kills only one.
 *
 *	parent	fork, wait, map what was written
 *	worker	take the next piece, compile it, append the object to a memfd
 *		of its own (struct piece_head)
 *
 * Some of LLVM's algorithms take time that grows with the square of a
 * function, and a stranger can write such functions.  So a piece has a limit
 * of processor time.  A worker that dies, of that or of anything else, is
 * replaced, and the piece compiled without optimisation, which takes time in
 * proportion; only if that fails too is the module too much. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "wasmc/compile.h"

enum {
	PIECE_BYTES = 48 << 10,
	MAX_JOBS = 64,
	/* Seconds for a piece, of which a usual one takes about 1. */
	LIMIT = 10,
	LIMIT_PLAIN = 60,
};

/* Between processes. */
struct shared {
	uint32_t next, done;
	uint32_t at[MAX_JOBS]; /* the piece that a worker is busy with */
};

struct workers {
	const struct compile_job *job;
	struct piece *pieces;
	uint32_t n;
	struct shared *shared;
	pid_t pids[MAX_JOBS];
	unsigned int n_slots;
	int *fds; /* one for each process there ever was */
	uint32_t n_fds;
};

static void make_plan(struct workers *w)
{
	const struct wasm_module *m = w->job->module;
	uint32_t first = m->n_imported_funcs, size = 0;

	w->pieces = xcalloc(m->n_funcs - first + 1, sizeof(*w->pieces));
	for (uint32_t i = first; i < m->n_funcs; i++) {
		const struct body *b = &m->bodies[i - first];
		uint32_t len = b->end - b->start;

		/* A big one is alone, so that it alone suffers if it must. */
		if (w->n == 0 || size >= PIECE_BYTES || len >= PIECE_BYTES) {
			w->pieces[w->n++].from = i;
			size = 0;
		}
		w->pieces[w->n - 1].to = i + 1;
		size += len;
	}
	if (!w->n) /* thunks alone */
		w->pieces[w->n++] = (struct piece){.from = first, .to = first};
	w->pieces[0].thunks = true;
	for (uint32_t i = 0; i < w->n; i++) {
		w->pieces[i].index = i;
		w->pieces[i].level = w->job->level;
	}
}

/* --- a worker ------------------------------------------------------------------ */

static int do_piece(const struct workers *w, unsigned int slot, uint32_t i,
		    int fd, struct err *err)
{
	const struct piece *p = &w->pieces[i];
	struct itimerval limit = {.it_value.tv_sec =
					  p->level ? LIMIT : LIMIT_PLAIN};
	int rc;

	__atomic_store_n(&w->shared->at[slot], i, __ATOMIC_SEQ_CST);
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
	rc = compile_piece(w->job, p, fd, err);
	__atomic_fetch_add(&w->shared->done, 1, __ATOMIC_RELAXED);
	return rc;
}

/* `first` comes before what is next; UINT32_MAX for none. */
static void __attribute__((noreturn))
work(const struct workers *w, unsigned int slot, uint32_t first, int fd)
{
	struct err err = {0};
	uint32_t i = first;
	int rc = 0;

	signal(SIGVTALRM, SIG_DFL);
	if (first != UINT32_MAX)
		rc = do_piece(w, slot, first, fd, &err);
	while (rc == 0) {
		i = __atomic_fetch_add(&w->shared->next, 1, __ATOMIC_RELAXED);
		if (i >= w->n)
			_exit(0);
		rc = do_piece(w, slot, i, fd, &err);
	}
	fprintf(stderr, "hull-wasmc: %s\n", err.msg);
	_exit(1);
}

static int start(struct workers *w, unsigned int slot, uint32_t first,
		 struct err *err)
{
	int fd = memfd_create("objects", MFD_CLOEXEC);

	if (fd < 0)
		return err_set(err, -errno, "memory for objects");
	w->fds = xrealloc(w->fds, w->n_fds + 1, sizeof(*w->fds));
	w->fds[w->n_fds++] = fd;
	fflush(NULL);
	w->pids[slot] = fork();
	if (w->pids[slot] < 0)
		return err_set(err, -errno, "start a process");
	if (w->pids[slot] == 0)
		work(w, slot, first, fd);
	return 0;
}

/* --- the parent ------------------------------------------------------------------ */

static void show_progress(const struct workers *w)
{
	fprintf(stderr, "\rcompiling: %3u%%",
		__atomic_load_n(&w->shared->done, __ATOMIC_RELAXED) * 100 /
			w->n);
	fflush(stderr);
}

/* The piece once more, plainly, by another worker. */
static int replace(struct workers *w, unsigned int slot, int sig,
		   struct err *err)
{
	struct piece *p = &w->pieces[w->shared->at[slot]];

	if (p->level == 0)
		return err_say(err, -E2BIG,
			       "functions %u to %u are too much for the "
			       "compiler, even without optimisation: %s",
			       p->from, p->to - 1, strsignal(sig));
	p->level = 0;
	fprintf(stderr,
		"%shull-wasmc: functions %u to %u: compiled without "
		"optimisation, which was too much: %s\n",
		w->job->progress ? "\r" : "", p->from, p->to - 1,
		strsignal(sig));
	return start(w, slot, p->index, err);
}

static void kill_all(struct workers *w)
{
	for (unsigned int i = 0; i < w->n_slots; i++)
		if (w->pids[i] > 0)
			kill(w->pids[i], SIGKILL);
}

static unsigned int slot_for(const struct workers *w, pid_t pid)
{
	unsigned int slot = 0;

	while (slot < w->n_slots && w->pids[slot] != pid)
		slot++;
	return slot;
}

/* The first failure counts; all are waited for. */
static int wait_for_all(struct workers *w, struct err *err)
{
	int rc = 0, left = (int)w->n_slots;

	while (left) {
		int status = 0, failed = 0;
		pid_t pid =
			waitpid(-1, &status, w->job->progress ? WNOHANG : 0);
		unsigned int slot;

		if (pid == 0) {
			show_progress(w);
			usleep(50000);
			continue;
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		slot = slot_for(w, pid);
		if (slot == w->n_slots)
			continue;
		w->pids[slot] = 0;
		if (status && !rc && WIFSIGNALED(status)) {
			failed = replace(w, slot, WTERMSIG(status), err);
			if (failed == 0)
				continue;
		} else if (status && !rc) {
			failed = err_say(err, -EINVAL, "the compiler failed");
		}
		left--;
		if (failed) {
			rc = failed;
			kill_all(w);
		}
	}
	if (w->job->progress)
		fprintf(stderr, "\r                 \r");
	return rc;
}

/* The last object of a worker that was killed may be incomplete. */
static int collect(int fd, struct compile_objects *ret, struct err *err)
{
	off_t size = lseek(fd, 0, SEEK_END);
	const uint8_t *p;
	size_t pos = 0, end = (size_t)size;

	if (size <= 0)
		return 0;
	p = mmap(NULL, end, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "map the objects");
	while (end - pos >= sizeof(struct piece_head)) {
		struct piece_head head;

		memcpy(&head, p + pos, sizeof(head));
		pos += sizeof(head);
		if (head.len > end - pos || head.piece >= ret->n)
			break;
		ret->objects[head.piece] =
			(struct link_object){p + pos, head.len};
		pos += head.len;
	}
	return 0;
}

int compile_objects(const struct compile_job *job, struct compile_objects *ret,
		    struct err *err)
{
	struct workers w = {.job = job};
	int rc = 0;

	make_plan(&w);
	ret->objects = xcalloc(w.n, sizeof(*ret->objects));
	ret->n = w.n;
	w.shared = mmap(NULL, sizeof(*w.shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w.shared == MAP_FAILED) {
		free(w.pieces);
		return err_set(err, -errno, "memory to share");
	}
	while (rc == 0 && w.n_slots < job->jobs && w.n_slots < w.n &&
	       w.n_slots < MAX_JOBS)
		rc = start(&w, w.n_slots++, UINT32_MAX, err);
	if (rc < 0)
		kill_all(&w);
	if (wait_for_all(&w, rc ? NULL : err) < 0 && rc == 0)
		rc = err->code ? -err->code : -EINVAL;
	for (uint32_t i = 0; i < w.n_fds; i++) {
		if (rc == 0)
			rc = collect(w.fds[i], ret, err);
		close(w.fds[i]);
	}
	munmap(w.shared, sizeof(*w.shared));
	free(w.fds);
	free(w.pieces);
	return rc;
}
