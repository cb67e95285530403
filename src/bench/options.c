#include "bench/options.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"

/* The table that cli/args.c parses by. */
const struct cli_row cli_rows[] = {
#define COMMAND(name_, run_, args_, min_, max_, flags_, help_) \
	{.name = (name_),                                      \
	 .arg = (args_),                                       \
	 .min = (min_),                                        \
	 .max = (max_),                                        \
	 .flags = (flags_),                                    \
	 .help = (help_),                                      \
	 .is_command = true},
#define OPTION(name_, letter_, arg_, flags_, help_) \
	{.name = (name_),                           \
	 .letter = (letter_),                       \
	 .arg = (arg_),                             \
	 .flags = (flags_),                         \
	 .help = (help_)},
#include "cli/bench.def"
#undef COMMAND
#undef OPTION
};
const unsigned int cli_n_rows = ARRAY_SIZE(cli_rows);

enum { MAX_COUNT = 100000, MAX_PARALLEL = 1024, MAX_RUNS = 1000 };

static const char *const all[] = {"size", "boot",    "memory", "cpu",
				  "io",   "surface", "compat", NULL};

char **bench_split(const char *list, char separator)
{
	char **v = NULL;

	while (list && *list) {
		const char *end = strchrnul(list, separator);
		_cleanup_free_ char *word =
			xstrndup(list, (size_t)(end - list));

		if (*word)
			strv_add(&v, word);
		list = *end ? end + 1 : end;
	}
	return v;
}

static int parse_counts(const char *list, struct bench_options *o,
			struct err *err)
{
	_cleanup_strv_ char **words = bench_split(list, ',');

	o->n_counts = 0;
	STRV_FOREACH (w, words) {
		uint64_t n;

		if (o->n_counts == BENCH_MAX_COUNTS ||
		    parse_u64(*w, MAX_COUNT, &n) < 0 || n == 0 ||
		    (o->n_counts && n <= o->counts[o->n_counts - 1]))
			return err_say(err, -EINVAL,
				       "--counts %s: must be up to %d rising "
				       "numbers between 1 and %d",
				       list, BENCH_MAX_COUNTS, MAX_COUNT);
		o->counts[o->n_counts++] = (uint32_t)n;
	}
	return o->n_counts ? 0 : err_say(err, -EINVAL, "--counts: no number");
}

static int parse_number(const struct args *args, const char *name, uint64_t max,
			uint32_t *ret, struct err *err)
{
	uint64_t n;
	int rc = args_u64(args, name, max, &n, err);

	if (rc == 0 && args_has(args, name) && n == 0)
		rc = err_say(err, -EINVAL, "--%s 0: must be at least 1", name);
	if (rc == 0)
		*ret = (uint32_t)n;
	return rc;
}

static int parse_time(const struct args *args, const char *name,
		      unsigned int otherwise, unsigned int *ret,
		      struct err *err)
{
	int ms, rc = args_ms(args, name, &ms, err);

	*ret = ms ? (unsigned int)ms : otherwise;
	return rc;
}

static enum bench_via parse_via(const char *word)
{
	if (!word || str_eq(word, "oci"))
		return BENCH_VIA_OCI;
	if (str_eq(word, "ctr"))
		return BENCH_VIA_CTR;
	return str_eq(word, "docker") ? BENCH_VIA_DOCKER : BENCH_VIA_PODMAN;
}

static int parse_options(const struct args *args, struct bench_options *o,
			 struct err *err)
{
	const char *counts = args_get(args, "counts");
	int rc;

	o->quick = args_has(args, "quick");
	o->json = args_has(args, "json");
	o->out = args_get(args, "out");
	o->compare = args_get(args, "compare");
	o->via = parse_via(args_get(args, "via"));
	if (!counts)
		counts = o->quick ? "1,10,50" : "1,10,100,500,1000,1500";
	rc = parse_counts(counts, o, err);
	if (rc == 0)
		rc = parse_number(args, "parallel", MAX_PARALLEL, &o->parallel,
				  err);
	if (rc == 0)
		rc = parse_number(args, "runs", MAX_RUNS, &o->runs, err);
	if (o->runs == 0)
		o->runs = 1;
	if (rc == 0)
		rc = parse_time(args, "timeout", 30000, &o->timeout_ms, err);
	if (rc == 0)
		rc = parse_time(args, "budget", o->quick ? 10000 : 300000,
				&o->budget_ms, err);
	return rc;
}

static int check_programs(char *const *programs, struct err *err)
{
	STRV_FOREACH (p, programs) {
		const char *eq = strchr(*p, '=');

		if (!eq || eq == *p || eq[1] != '/')
			return err_say(err, -EINVAL,
				       "--program %s: must be NAME=/PATH", *p);
	}
	return 0;
}

/* What the positionals ask for. */
static int parse_words(const struct args *args, struct bench_command *c,
		       struct err *err)
{
	char **v = NULL;

	c->what = BENCH_MEASURE;
	if (args->n_rest && str_eq(args->rest[0], "list")) {
		c->what = BENCH_LIST;
		return args->n_rest == 1 ? 0
					 : err_say(err, -EINVAL,
						   "bench list: takes no word");
	}
	if (args->n_rest && str_eq(args->rest[0], "report")) {
		c->what = BENCH_REPORT;
		if (args->n_rest != 2)
			return err_say(err, -EINVAL,
				       "bench report: takes the folder of "
				       "the results");
		c->dir = args->rest[1];
		return 0;
	}
	for (int i = 0; i < args->n_rest; i++) {
		const char *word = args->rest[i];

		if (!str_eq(word, "all") && !strv_has((char *const *)all, word))
			return err_say(err, -EINVAL,
				       "bench: \"%.40s\" is no experiment: "
				       "must be size, boot, memory, cpu, io, "
				       "surface, compat or all",
				       word);
		if (!str_eq(word, "all") && !strv_has(v, word))
			strv_add(&v, word);
	}
	if (!args->n_rest || strv_has(args->rest, "all"))
		for (size_t i = 0; all[i]; i++)
			if (!strv_has(v, all[i]))
				strv_add(&v, all[i]);
	c->experiments = v;
	return 0;
}

int bench_options_parse(int argc, char **argv, struct bench_options *o,
			struct bench_command *c, struct err *err)
{
	static struct args args;
	int rc;

	args.command = cli_rows;
	rc = cli_parse(cli_rows, argc - 1, argv + 1, &args, err);
	if (rc < 0)
		return rc;
	if (args.help) {
		c->what = BENCH_HELP;
		return 0;
	}
	rc = parse_options(&args, o, err);
	if (rc == 0)
		rc = parse_words(&args, c, err);
	c->programs = args_list(&args, "program");
	c->runtimes = bench_split(args_get(&args, "runtimes"), ',');
	return rc ? rc : check_programs(c->programs, err);
}
