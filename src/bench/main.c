/* hull-bench: container runtimes and Wasm runtimes next to each other, on
 * this machine.  "hull bench" executes it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "bench/bench.h"
#include "bench/guests.h"
#include "bench/machine.h"
#include "bench/mounts.h"
#include "bench/options.h"
#include "bench/participants.h"
#include "bench/remove.h"
#include "bench/report.h"
#include "bench/scratch.h"
#include "bench/terminal.h"
#include "cli/args.h"

static const struct experiment {
	const char *name;
	int (*run)(struct bench *b, struct err *err);
} experiments[] = {
	{"size", bench_size},     {"boot", bench_boot},
	{"memory", bench_memory}, {"cpu", bench_cpu},
	{"io", bench_io},         {"surface", bench_surface},
	{"compat", bench_compat},
};

/* ---------------------------------------------------------- interrupted -- */

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

bool bench_interrupted(void)
{
	return interrupted;
}

/* Once more does not make it faster: what is running has to be removed. */
static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* -------------------------------------------------------------- the host -- */

/* 1,500 containers have some descriptors of ours each. */
static void raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

/* -------------------------------------------------------------- results -- */

static char *now_text(struct arena *a)
{
	char text[TIMESTAMP_SIZE];

	timestamp_utc(time(NULL), text);
	return arena_printf(a, "%sZ", text);
}

/* Made before anything is measured, so that it can't fail afterwards. */
static int open_out(struct bench *b, struct err *err)
{
	char *dir = (char *)b->o.out;
	int fd;

	if (!dir) {
		dir = arena_printf(b->r.arena, "hull-bench-%s", b->r.started);
		for (char *c = dir; *c; c++)
			*c = *c == ':' ? '-' : *c;
	}
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return err_set(err, -errno, "mkdir %s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	b->o.out = dir;
	return fd < 0 ? err_set(err, -errno, "open %s", dir) : fd;
}

static int save(struct bench *b, int out, struct err *err)
{
	int rc;

	b->r.finished = now_text(b->r.arena);
	b->r.machine.load_after = machine_load();
	rc = bench_results_write(&b->r, out, "results.json", err);
	return rc < 0 ? err_wrap(err, "%s", b->o.out) : 0;
}

/* ------------------------------------------------------------------ run -- */

/* What has been measured is written after each experiment. */
static int measure(struct bench *b, const struct bench_command *c, int out,
		   struct err *err)
{
	STRV_FOREACH (name, c->experiments) {
		const struct experiment *e = experiments;
		int rc;

		while (!str_eq(e->name, *name))
			e++;
		if (!e->run)
			rc = err_say(err, -ENOSYS,
				     "bench: %s can't be measured yet", *name);
		else
			rc = e->run(b, err);
		terminal_clear();
		if (rc < 0) {
			bench_problem(b, "%s: %s", *name, err->msg);
			save(b, out, &(struct err){0});
			return rc;
		}
		if (bench_interrupted())
			break;
		rc = save(b, out, err);
		if (rc < 0)
			return rc;
	}
	if (bench_interrupted())
		bench_problem(b, "interrupted; what was measured until then "
				 "is here");
	b->r.complete = !bench_interrupted();
	return save(b, out, err);
}

/* Read before anything is measured: a mistake is told at once. */
static int read_old(struct bench *b, struct bench_results *old, struct err *err)
{
	return b->o.compare ? bench_results_read(old, b->r.arena, AT_FDCWD,
						 b->o.compare, err)
			    : 0;
}

static int print_json(struct bench *b)
{
	_cleanup_buf_ struct buf text = {0};

	bench_results_text(&b->r, &text);
	return cli_print(&text);
}

static int tell(struct bench *b, const struct bench_results *old, int out,
		struct err *err)
{
	/* With --json standard output is the document. */
	FILE *text = b->o.json ? stderr : stdout;
	int rc;

	bench_table(&b->r);
	rc = save(b, out, err);
	if (rc == 0)
		rc = bench_report(&b->r, out, err);
	bench_summary(&b->r, text);
	if (b->o.compare)
		bench_compare(old, &b->r, text);
	fprintf(text, "\n%s/report.html\n", b->o.out);
	if (b->o.json)
		print_json(b);
	return rc;
}

static int measure_and_tell(struct bench *b, const struct bench_command *c,
			    struct err *err)
{
	struct bench_results old = {0};
	_cleanup_close_ int out = -1;
	int rc = read_old(b, &old, err);

	if (rc < 0)
		return rc;
	out = open_out(b, err);
	if (out < 0)
		return out;
	participants_try(b);
	rc = measure(b, c, out, err);
	return rc < 0 ? rc : tell(b, &old, out, err);
}

/* From a clean host to a clean host. */
static int run(struct bench *b, const struct bench_command *c, struct err *err)
{
	int rc = scratch_begin(b, err);

	if (rc < 0)
		return rc;
	b->script = arena_printf(b->r.arena, "%s/node.mjs", b->scratch);
	rc = scratch_write(b, b->scratch, "node.mjs", guest_node,
			   guest_node_size, 0644, err);
	if (rc == 0)
		rc = bench_make_rootfs(b, "hello", &b->hello, err);
	if (rc == 0)
		rc = participants_find(b, c, err);
	if (rc == 0) {
		scratch_leftovers(b);
		machine_describe(b);
	}
	if (rc == 0 && c->what == BENCH_LIST) {
		participants_try(b);
		terminal_clear();
		participants_print(b);
	} else if (rc == 0) {
		rc = measure_and_tell(b, c, err);
	}
	terminal_clear();
	scratch_end(b);
	return rc;
}

static int print_help(void)
{
	_cleanup_buf_ struct buf out = {0};

	cli_help(&out, cli_rows);
	return cli_print(&out);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct bench_command c = {0};
	struct err err = {0};
	int rc;

	if (bench_options_parse(argc, argv, &b.o, &c, &err) < 0)
		return cli_fail(&err, 1);
	if (c.what == BENCH_HELP)
		return print_help();
	if (c.what == BENCH_REPORT)
		return bench_report_dir(c.dir, b.o.compare, stdout, &err) < 0
			       ? cli_fail(&err, 1)
			       : 0;
	b.r.arena = arena_new(0);
	b.r.schema = BENCH_SCHEMA;
	b.r.hull_version = (char *)HULL_VERSION;
	b.r.started = now_text(b.r.arena);
	b.r.command = argv;
	b.cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	catch_signals();
	raise_limits();
	/* Orphans are containers: so we can wait for them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	rc = mounts_begin(&err);
	if (rc == 0) {
		engine_cgroups_note();
		rc = run(&b, &c, &err);
		engine_cgroups_remove();
	}
	if (rc < 0)
		return cli_fail(&err, 1);
	return bench_interrupted() ? 130 : 0;
}
