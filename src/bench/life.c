#include "bench/life.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/floor.h"
#include "bench/spawn.h"
#include "bench/stage.h"
#include "host/pidfd.h"

/* Wakes a wait now and then, to see whether we were interrupted. */
enum { TICK_MS = 200, REMOVE_MS = 10000 };

/* What is waited for. */
enum { OUTPUT, COMMAND, INIT, N_EVENTS };

struct life {
	struct stage *s;
	struct life_result *r;
	char id[64], pidfile[256];
	char **create, **start;
	int err;          /* a memfd: what they say on standard error */
	int out_r, out_w; /* -1: nobody writes any more */
	struct spawned command;
	pid_t init;
	int init_fd;
	int64_t at[N_EVENTS]; /* when it was seen; 0: not yet */
	int64_t deadline;
	bool removing; /* which nothing interrupts */
	char said[64]; /* the first of the output */
	size_t n_said;
};

/* -------------------------------------------------------------- failing -- */

/* The end of the last line of standard error: what is at fault stands last. */
static void last_words(const struct life *l, char *ret, size_t size)
{
	enum { MOST = 140 };
	char text[4096], *line;
	off_t end = lseek(l->err, 0, SEEK_END);
	off_t from =
		end > (off_t)sizeof(text) ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = pread(l->err, text, sizeof(text) - 1, from);
	size_t len;

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n < 0 ? 0 : n] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	len = strlen(line);
	snprintf(ret, size, "%s%.140s", len > MOST ? "..." : "",
		 len > MOST ? line + len - MOST : line);
}

static int fail(struct life *l, const char *what, int rc)
{
	char words[160] = "";

	if (*l->r->error)
		return -EIO;
	last_words(l, words, sizeof(words));
	if (rc == -EINTR)
		snprintf(l->r->error, sizeof(l->r->error), "interrupted");
	else if (rc == -ETIMEDOUT)
		snprintf(l->r->error, sizeof(l->r->error),
			 "%s: not done after %u ms", what,
			 l->s->b->o.timeout_ms);
	else if (rc < 0)
		snprintf(l->r->error, sizeof(l->r->error), "%s: %s", what,
			 strerror(-rc));
	else
		snprintf(l->r->error, sizeof(l->r->error),
			 "%s: exit status %d%s%s", what, rc, *words ? ": " : "",
			 words);
	l->r->timed_out = rc == -ETIMEDOUT;
	return -EIO;
}

/* -------------------------------------------------------------- waiting -- */

static void take_output(struct life *l, int64_t when)
{
	char scrap[4096];
	ssize_t n = read(l->out_r, scrap, sizeof(scrap));
	size_t room = sizeof(l->said) - 1 - l->n_said;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(steal_fd(&l->out_r));
		return;
	}
	if (!l->at[OUTPUT])
		l->at[OUTPUT] = when;
	room = room < (size_t)n ? room : (size_t)n;
	memcpy(l->said + l->n_said, scrap, room);
	l->n_said += room;
}

/* Until all events of `mask` have been seen. */
static int wait_for(struct life *l, unsigned int mask)
{
	for (;;) {
		struct pollfd p[N_EVENTS] = {
			[OUTPUT] = {l->out_r, POLLIN, 0},
			[COMMAND] = {l->at[COMMAND] ? -1 : l->command.pidfd,
				     POLLIN, 0},
			[INIT] = {l->at[INIT] ? -1 : l->init_fd, POLLIN, 0},
		};
		unsigned int seen = 0;
		int64_t now, left;

		for (int i = 0; i < N_EVENTS; i++)
			seen |= (l->at[i] != 0) << i;
		if ((seen & mask) == mask)
			return 0;
		left = (l->deadline - now_ns()) / 1000000;
		if (left < 0)
			return -ETIMEDOUT;
		if (poll(p, N_EVENTS,
			 left < TICK_MS ? (int)left + 1 : TICK_MS) <= 0) {
			if (bench_interrupted() && !l->removing)
				return -EINTR;
			continue;
		}
		now = now_ns();
		if (p[OUTPUT].revents)
			take_output(l, now);
		for (int i = COMMAND; i < N_EVENTS; i++)
			if (p[i].revents)
				l->at[i] = now;
	}
}

/* ------------------------------------------------------------- commands -- */

static int begin_command(struct life *l, char **argv, int out)
{
	l->at[COMMAND] = 0;
	return spawn_start(argv, (int[]){-1, out, l->err}, &l->command);
}

/* Its exit status, or a negative errno. */
static int end_command(struct life *l, int64_t *took, int64_t began)
{
	int rc = wait_for(l, 1 << COMMAND);

	if (rc < 0) {
		spawn_kill(&l->command);
		return rc;
	}
	*took = l->at[COMMAND] - began;
	return spawn_reap(&l->command, &l->r->cpu);
}

static int command(struct life *l, const char *what, char **argv, int out,
		   int64_t *took)
{
	int64_t began = now_ns();
	int rc = begin_command(l, argv, out);

	if (rc == 0)
		rc = end_command(l, took, began);
	return rc ? fail(l, what, rc) : 0;
}

/* The init that the runtime wrote down. */
static int find_init(struct life *l)
{
	_cleanup_close_ int fd = open(l->pidfile, O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	uint64_t pid;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n <= 0 || parse_u64(text, INT32_MAX, &pid) < 0)
		return fail(l, "create wrote no pid file", -ENOENT);
	l->init = (pid_t)pid;
	l->init_fd = pidfd_of(l->init);
	return l->init_fd < 0 ? fail(l, "the container's init", l->init_fd) : 0;
}

/* Its parent has ended, so it is ours when we adopt orphans. */
static void reap_init(struct life *l)
{
	struct rusage usage;

	if (l->init > 0 && wait4(l->init, NULL, WNOHANG, &usage) == l->init)
		l->r->cpu += rusage_ns(&usage);
	l->init = 0;
}

static void reap_orphans(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* --------------------------------------------------------------- kinds -- */

static int begin_floor(struct life *l, int out)
{
	_cleanup_free_ char *path =
		xasprintf("%s%s", l->s->rootfs, l->s->args[0]);
	int rc;

	if (str_eq(l->s->p->name, "fork+exec"))
		return begin_command(l, (char *[]){path, NULL}, out);
	l->at[COMMAND] = 0;
	rc = floor_start(l->s->rootfs, l->s->args, out, &l->command.pid);
	if (rc == 0) {
		l->command.pidfd = pidfd_of(l->command.pid);
		rc = l->command.pidfd < 0 ? l->command.pidfd : 0;
	}
	return rc;
}

static int live_floor(struct life *l)
{
	int rc = begin_floor(l, l->out_w);

	close(steal_fd(&l->out_w));
	if (rc == 0)
		rc = end_command(l, &l->r->exit, l->r->begin);
	return rc ? fail(l, l->s->p->name, rc) : 0;
}

static int live_process(struct life *l)
{
	int rc = begin_command(l, l->start, l->out_w);

	close(steal_fd(&l->out_w));
	if (rc == 0)
		rc = end_command(l, &l->r->exit, l->r->begin);
	return rc ? fail(l, "run", rc) : 0;
}

static int live_oci(struct life *l)
{
	int64_t began;
	int rc = command(l, "create", l->create, l->out_w, &l->r->create);

	/* What the container has is its own. */
	close(steal_fd(&l->out_w));
	if (rc == 0)
		rc = find_init(l);
	if (rc < 0)
		return rc;
	began = now_ns();
	rc = begin_command(l, l->start, -1);
	if (rc == 0)
		rc = end_command(l, &l->r->start, began);
	if (rc)
		return fail(l, "start", rc);
	rc = wait_for(l, 1 << INIT);
	if (rc)
		return fail(l, "the workload", rc);
	l->r->exit = l->at[INIT] - l->r->begin;
	reap_init(l);
	return 0;
}

static int live_engine(struct life *l)
{
	int rc = 0;

	if (l->create)
		rc = command(l, "create", l->create, -1, &l->r->create);
	if (rc == 0)
		rc = command(l, "start", l->start, l->out_w, &l->r->start);
	l->r->exit = l->at[COMMAND] - l->r->begin;
	close(steal_fd(&l->out_w));
	return rc;
}

/* -------------------------------------------------------------- removing -- */

/* One command of several; what follows it. */
static const char *remove_step(struct life *l, const char *text, int *rc)
{
	const char *more;
	_cleanup_strv_ char **argv =
		words_expand(l->s->p, text, &l->s->w, &more);
	int64_t took;

	*rc = begin_command(l, argv, -1);
	if (*rc == 0)
		*rc = end_command(l, &took, now_ns());
	return more;
}

/* Also what failed halfway; then there may be nothing to remove. */
static void remove_it(struct life *l)
{
	const char *text = l->s->p->remove;
	bool failed = *l->r->error;
	int64_t began = now_ns();
	int rc = 0;

	/* A start that is all there is removes what ended by itself. */
	if (!failed && !l->s->p->create && l->at[COMMAND])
		text = NULL;
	l->removing = true;
	l->deadline = began + REMOVE_MS * INT64_C(1000000);
	/* The last command of several says whether it is gone. */
	while (text && rc >= 0)
		text = remove_step(l, text, &rc);
	if (l->r->remove < 0 && l->s->p->remove && l->s->p->create)
		l->r->remove = now_ns() - began;
	if (rc && !failed)
		fail(l, "delete", rc);
	if (l->init > 0) {
		pidfd_signal(l->init_fd, SIGKILL);
		pidfd_wait(l->init_fd, 1000);
		reap_init(l);
	}
	if (l->init_fd >= 0)
		close(steal_fd(&l->init_fd));
}

/* An engine's containers are in a place of its own: a later run could not
 * know them. */
static void write_down(struct life *l)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	if (l->s->p->kind != BENCH_ENGINE)
		return;
	path = xasprintf("%s/ids-%s", l->s->b->scratch, l->s->p->name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0)
		dprintf(fd, "%s\n", l->id);
}

/* ---------------------------------------------------------------- a life -- */

static int set_up(struct life *l, struct stage *s, struct life_result *ret)
{
	int p[2];

	*ret = (struct life_result){.create = -1,
				    .start = -1,
				    .first = -1,
				    .exit = -1,
				    .remove = -1};
	*l = (struct life){.s = s,
			   .r = ret,
			   .out_r = -1,
			   .out_w = -1,
			   .init_fd = -1,
			   .command = {-1, -1}};
	l->err = memfd_create("stderr", MFD_CLOEXEC);
	if (l->err < 0 || pipe2(p, O_CLOEXEC) < 0)
		return fail(l, "pipe", -errno);
	l->out_r = p[0], l->out_w = p[1];
	fcntl(l->out_r, F_SETFL, O_NONBLOCK);
	stage_next_id(s, l->id, sizeof(l->id));
	snprintf(l->pidfile, sizeof(l->pidfile), "%s/%s.pid", s->b->scratch,
		 l->id);
	s->w.id = l->id;
	s->w.pidfile = l->pidfile;
	write_down(l);
	l->create = words_expand(s->p, s->p->create, &s->w, NULL);
	l->start = words_expand(s->p, s->p->start, &s->w, NULL);
	return 0;
}

static void free_life(struct life *l)
{
	strv_free(l->create);
	strv_free(l->start);
	close_keep_errno(l->err);
	close_keep_errno(l->out_r);
	close_keep_errno(l->out_w);
	close_keep_errno(l->init_fd);
}

static void check_output(struct life *l, const char *expect)
{
	while (l->out_r >= 0 && l->n_said == 0) {
		struct pollfd p = {l->out_r, POLLIN, 0};

		/* What an ended process wrote is there. */
		if (poll(&p, 1, 0) <= 0)
			break;
		take_output(l, now_ns());
	}
	if (!expect || *l->r->error ||
	    (l->n_said == strlen(expect) &&
	     memcmp(l->said, expect, l->n_said) == 0))
		return;
	snprintf(l->r->error, sizeof(l->r->error),
		 l->n_said ? "printed something else: %.100s"
			   : "ran, and printed nothing%.0s",
		 l->said);
}

void life_run(struct stage *s, const char *expect, struct life_result *ret)
{
	static int (*const kinds[])(struct life *) = {
		[BENCH_FLOOR] = live_floor,
		[BENCH_OCI] = live_oci,
		[BENCH_PROCESS] = live_process,
		[BENCH_ENGINE] = live_engine,
	};
	struct life l;
	int rc = set_up(&l, s, ret);

	ret->begin = now_ns();
	l.deadline = ret->begin + s->b->o.timeout_ms * INT64_C(1000000);
	if (rc == 0) {
		rc = kinds[s->p->kind](&l);
		check_output(&l, expect);
		remove_it(&l);
	}
	ret->total = now_ns() - ret->begin;
	ret->ok = rc == 0 && !*ret->error;
	if (l.at[OUTPUT])
		ret->first = l.at[OUTPUT] - ret->begin;
	reap_orphans();
	unlink(l.pidfile);
	free_life(&l);
}

/* ---------------------------------------------------------- one that stays */

static int start_detached(struct life *l, int out)
{
	_cleanup_strv_ char **argv =
		words_expand(l->s->p, l->s->p->start_detached, &l->s->w, NULL);
	bool oci = l->s->p->kind == BENCH_OCI;
	int rc = 0;

	if (l->create)
		rc = command(l, "create", l->create, oci ? out : -1,
			     &l->r->create);
	if (rc == 0 && oci)
		rc = find_init(l);
	if (rc == 0)
		rc = command(l, "start", argv ? argv : l->start, -1,
			     &l->r->start);
	return rc;
}

int life_start(struct stage *s, int out, char *id, int *pid, char error[200])
{
	struct life_result r = {0};
	struct life l;
	int rc = set_up(&l, s, &r);

	*pid = 0;
	l.deadline = now_ns() + s->b->o.timeout_ms * INT64_C(1000000);
	if (rc == 0 &&
	    (s->p->kind == BENCH_PROCESS || s->p->kind == BENCH_FLOOR)) {
		rc = s->p->kind == BENCH_FLOOR
			     ? begin_floor(&l, out)
			     : begin_command(&l, l.start, out);
		if (rc == 0) {
			*pid = l.command.pid;
			close(l.command.pidfd);
		} else {
			rc = fail(&l, "run", rc);
		}
	} else if (rc == 0) {
		rc = start_detached(&l, out);
		*pid = l.init;
	}
	if (rc < 0 && s->p->remove) {
		/* Its error is the first one's. */
		remove_it(&l);
		*pid = 0;
	}
	snprintf(id, 64, "%s", l.id);
	snprintf(error, 200, "%s", r.error);
	unlink(l.pidfile);
	free_life(&l);
	return rc;
}

char **life_commands(struct stage *s)
{
	const char *const texts[] = {s->p->create, s->p->start, s->p->remove};
	struct words w = s->w;
	char **lines = NULL;

	w.id = "ID";
	w.pidfile = "PIDFILE";
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (const char *text = texts[i]; text;) {
			_cleanup_strv_ char **argv =
				words_expand(s->p, text, &w, &text);
			_cleanup_free_ char *line = words_typed(argv);

			strv_add(&lines, line);
		}
	return lines;
}
