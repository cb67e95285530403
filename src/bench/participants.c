#include "bench/participants.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/life.h"
#include "bench/options.h"
#include "bench/spawn.h"
#include "bench/stage.h"

enum { VERSION_MS = 10000, TRY_MS = 20000 };

static const struct participant floors[] = {
	{.name = "fork+exec", .kind = BENCH_FLOOR},
	{.name = "clone+mounts+exec", .kind = BENCH_FLOOR},
};

static const struct participant rows[] = {
#define OCI(name_, program_, code_, needs_, why_, global_)                 \
	{                                                                  \
		.name = (name_),                                           \
		.kind = BENCH_OCI,                                         \
		.code = (code_),                                           \
		.program = (program_),                                     \
		.version = "--version",                                    \
		.needs = (needs_),                                         \
		.why = (why_),                                             \
		.global = "--root {root} " global_,                        \
		.create = "create --bundle {bundle} --pid-file {pidfile} " \
			  "{id}",                                          \
		.start = "start {id}",                                     \
		.run = "run --bundle {bundle} {id}",                       \
		.remove = "delete --force {id}",                           \
	},
#define PROCESS(name_, program_, version_, words_) \
	{                                          \
		.name = (name_),                   \
		.kind = BENCH_PROCESS,             \
		.code = BENCH_WASM,                \
		.program = (program_),             \
		.version = (version_),             \
		.start = (words_),                 \
	},
#define ENGINE(name_, program_, via_, version_, needs_, why_, list_, global_, \
	       prepare_, create_, start_, detached_, run_, remove_,           \
	       unprepare_, pid_)                                              \
	{                                                                     \
		.name = (name_),                                              \
		.kind = BENCH_ENGINE,                                         \
		.program = (program_),                                        \
		.via = (via_),                                                \
		.version = (version_),                                        \
		.needs = (needs_),                                            \
		.why = (why_),                                                \
		.list = (list_),                                              \
		.global = (global_),                                          \
		.prepare = (prepare_),                                        \
		.create = (create_),                                          \
		.start = (start_),                                            \
		.start_detached = (detached_),                                \
		.run = (run_),                                                \
		.remove = (remove_),                                          \
		.unprepare = (unprepare_),                                    \
		.pid = (pid_),                                                \
	},
#include "bench/participants.def"
#undef OCI
#undef PROCESS
#undef ENGINE
};

/* -------------------------------------------------------------- finding -- */

char *participants_program(const char *name)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *places =
		xasprintf("%s:/usr/local/sbin:/usr/sbin:/sbin",
			  path ? path : "/usr/local/bin:/usr/bin:/bin");
	_cleanup_strv_ char **dirs = bench_split(places, ':');

	STRV_FOREACH (dir, dirs) {
		char *file = xasprintf("%s/%s", *dir, name);

		if (**dir == '/' && access(file, X_OK) == 0)
			return file;
		free(file);
	}
	return NULL;
}

/* The program that the user gave for a participant or, failing that, for all
 * with this program. */
static char *given_program(char *const *programs, const struct participant *p)
{
	char *found = NULL;

	STRV_FOREACH (word, programs) {
		const char *eq = strchr(*word, '=');
		_cleanup_free_ char *name =
			xstrndup(*word, (size_t)(eq - *word));

		if (str_eq(name, p->name))
			return xstrdup(eq + 1);
		if (str_eq(name, p->program)) {
			free(found);
			found = xstrdup(eq + 1);
		}
	}
	return found;
}

static char *first_line(const char *text)
{
	char *line;

	text += strspn(text, " \t\n");
	/* "Client:" is a heading. */
	if (strchrnul(text, '\n') > text && strchrnul(text, '\n')[-1] == ':')
		text += strcspn(text, "\n");
	text += strspn(text, " \t\n");
	line = xstrndup(text, strcspn(text, "\n"));
	for (size_t n = strlen(line); n && isspace((unsigned char)line[n - 1]);)
		line[--n] = '\0';
	return line;
}

/* Some write their version to standard error. */
static void ask_version(struct participant *p)
{
	struct participant bare = *p;
	_cleanup_strv_ char **argv = NULL;
	struct bench_run run;
	int rc;

	bare.global = NULL;
	argv = words_expand(&bare, p->version, &(struct words){0}, NULL);
	rc = spawn_capture(argv, -1, VERSION_MS, &run);
	if (rc < 0) {
		p->reason = xasprintf("%s: %s", p->path, strerror(-rc));
		return;
	}
	p->said = first_line(*run.out ? run.out : run.err);
	if (run.timed_out)
		p->reason = xasprintf("does not tell its version within %d s",
				      VERSION_MS / 1000);
	else if (run.status)
		p->reason = xasprintf("%.200s: %s", argv[1],
				      *run.err ? first_line(run.err) : "fails");
	else if (p->needs && !strstr(run.out, p->needs))
		p->reason = xstrdup(p->why);
	bench_run_free(&run);
}

static void look_for(struct participant *p, char *const *programs)
{
	p->path = given_program(programs, p);
	if (!p->path)
		p->path = participants_program(p->program);
	if (!p->path)
		p->reason = xasprintf("%s is not installed", p->program);
	else
		ask_version(p);
}

/* ------------------------------------------------------------- engines -- */

/* What the engine knows itself or, where it takes any, what was found. */
static char **runtimes_of(const struct bench *b, const struct participant *p)
{
	_cleanup_strv_ char **argv = NULL;
	struct bench_run run;
	char **names = NULL;

	if (!p->list) {
		BENCH_FOREACH(q, b)
		if (q->kind == BENCH_OCI && q->path && q->code == BENCH_NATIVE)
			strv_add(&names, q->path);
		return names;
	}
	argv = words_expand(p, p->list, &(struct words){0}, NULL);
	if (spawn_capture(argv, -1, VERSION_MS, &run) < 0)
		return NULL;
	for (char *c = run.out; *c; c++)
		*c = isspace((unsigned char)*c) ? ' ' : *c;
	names = bench_split(run.out, ' ');
	bench_run_free(&run);
	return names;
}

static struct participant *add(struct bench *b, const struct participant *row)
{
	struct participant *p;

	b->participants = xrealloc(b->participants, b->n_participants + 1,
				   sizeof(*b->participants));
	p = &b->participants[b->n_participants++];
	*p = *row;
	return p;
}

/* One participant for each runtime. */
static void add_engine(struct bench *b, const struct participant *row,
		       char *const *programs)
{
	struct participant engine = *row;
	_cleanup_strv_ char **names = NULL;

	look_for(&engine, programs);
	if (!engine.reason)
		names = runtimes_of(b, &engine);
	if (!engine.reason && !names)
		engine.reason = xstrdup("knows no runtime");
	if (!names)
		add(b, &engine);
	STRV_FOREACH (name, names) {
		const char *slash = strrchr(*name, '/');
		struct participant *p = add(b, &engine);

		p->runtime = xstrdup(*name);
		p->name = xasprintf("%s+%s", row->name,
				    slash ? slash + 1 : *name);
	}
}

/* -------------------------------------------------------------- choosing -- */

static bool is_wanted(const struct bench *b, const struct participant *p,
		      char *const *runtimes)
{
	if (p->kind == BENCH_FLOOR)
		return true;
	if (runtimes)
		return strv_has(runtimes, p->name);
	if (p->kind == BENCH_ENGINE)
		return b->o.via == p->via;
	return b->o.via == BENCH_VIA_OCI;
}

static int check_wanted(const struct bench *b, char *const *runtimes,
			struct err *err)
{
	STRV_FOREACH (name, runtimes) {
		bool known = false;

		BENCH_FOREACH(p, b)
		known |= str_eq(p->name, *name);
		if (!known)
			return err_say(err, -EINVAL,
				       "--runtimes: there is no \"%.40s\": "
				       "see hull bench list",
				       *name);
	}
	return 0;
}

int participants_find(struct bench *b, const struct bench_command *c,
		      struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(floors); i++)
		add(b, &floors[i]);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].kind != BENCH_ENGINE)
			look_for(add(b, &rows[i]), c->programs);
		else if (c->what == BENCH_LIST || b->o.via == rows[i].via)
			add_engine(b, &rows[i], c->programs);
	}
	BENCH_FOREACH(p, b)
	{
		p->root = xasprintf("%s/state-%s", b->scratch, p->name);
		if (!p->reason && c->what != BENCH_LIST &&
		    !is_wanted(b, p, c->runtimes))
			p->reason = xstrdup("was not asked for");
	}
	return check_wanted(b, c->runtimes, err);
}

/* --------------------------------------------------------------- trying -- */

static void try_one(struct bench *b, struct participant *p)
{
	char *args[] = {
		(char *)(p->code == BENCH_WASM ? "/hello.wasm" : "/bin/hello"),
		NULL};
	unsigned int timeout = b->o.timeout_ms;
	struct life_result result = {0};
	struct stage s = {0};
	struct err err = {0};

	if (b->o.timeout_ms > TRY_MS)
		b->o.timeout_ms = TRY_MS;
	if (stage_make(&s, b, p, b->hello, args, false, &err) < 0) {
		p->reason = xstrdup(err.msg);
	} else {
		life_run(&s, "hello\n", &result);
		p->command = life_commands(&s);
		if (!result.ok && !bench_interrupted())
			p->reason = xstrdup(result.error);
	}
	stage_free(&s);
	b->o.timeout_ms = timeout;
}

void participants_try(struct bench *b)
{
	BENCH_FOREACH(p, b)
	{
		struct bench_participant *row;

		if (!p->reason && !bench_interrupted()) {
			bench_progress(b, "trying", p->name, 0, 0);
			try_one(b, p);
		}
		row = bench_add(&b->r, participants);
		row->name = (char *)p->name;
		row->kind = p->kind;
		row->version = p->said;
		row->path = p->path;
		row->takes_part = participant_ok(p);
		row->reason = p->reason;
		row->commands = p->command;
	}
}

void participants_print(const struct bench *b)
{
	_cleanup_buf_ struct buf out = {0};
	size_t width = 0;

	BENCH_FOREACH(p, b)
	width = strlen(p->name) > width ? strlen(p->name) : width;
	BENCH_FOREACH(p, b)
	{
		buf_printf(&out, "%-3s  %-*s  ", p->reason ? "no" : "yes",
			   (int)width, p->name);
		if (p->reason)
			buf_wrap(&out, p->reason, width + 7, 79);
		else if (p->kind == BENCH_FLOOR)
			buf_adds(&out, "the least that the kernel takes");
		else
			buf_printf(&out, "%s (%s)", p->said, p->path);
		buf_addc(&out, '\n');
	}
	fwrite(out.data, 1, out.len, stdout);
}
