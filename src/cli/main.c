/* hull: an OCI container runtime. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/global.h"
#include "host/exe.h"
#include "oci/spec.h"

static int print_version(void)
{
	printf("hull version " HULL_VERSION "\nspec: " OCI_VERSION
	       "\nlibseccomp: %d.%d.%d\n",
	       SCMP_VER_MAJOR, SCMP_VER_MINOR, SCMP_VER_MICRO);
	return 0;
}

static int print_help(const struct cli_row *command)
{
	_cleanup_buf_ struct buf out = {0};

	cli_help(&out, command);
	return cli_print(&out);
}

/* No command at all: the same text, but not as an answer. */
static int no_command(void)
{
	_cleanup_buf_ struct buf out = {0};

	cli_help(&out, NULL);
	fputs(out.data, stderr);
	return 1;
}

static int unknown_command(int n, char **words)
{
	_cleanup_free_ char *name =
		n > 1 && cli_is_group(words[0])
			? xasprintf("%s %s", words[0], words[1])
			: xstrdup(words[0]);
	const char *like = cli_nearest_command(name);

	if (like)
		log_error("unknown command \"%.40s\": did you mean %s?", name,
			  like);
	else
		log_error("unknown command \"%.40s\": see hull --help", name);
	return 1;
}

/* The n-th word of a command's positionals: "CONTAINER". */
static int missing(const struct cli_row *c, int n, struct err *err)
{
	const char *word = c->arg;

	/* "[--]" is not one. */
	word += str_after(word, "[--] ") ? strlen("[--] ") : 0;
	while (n-- > 0 && strchr(word, ' '))
		word = strchr(word, ' ') + 1;
	return err_say(err, -EINVAL, "%s: %.*s is missing", c->name,
		       (int)strcspn(word, " ."), word);
}

static int check_positionals(const struct args *args, struct err *err)
{
	const struct cli_row *c = args->command;

	if (args->n_rest < c->min)
		return missing(c, args->n_rest, err);
	if (c->max >= 0 && args->n_rest > c->max)
		return err_say(err, -EINVAL,
			       "%s: \"%s\" is one argument too many", c->name,
			       args->rest[c->max]);
	return 0;
}

int main(int argc, char **argv)
{
	/* In use to the end, so static: nothing of them is freed. */
	static struct args global, args;
	char **whole = argv;
	struct err err = {0};
	int n, taken;

	/* Descriptors 0, 1 and 2 that an engine closed would be taken by our
	 * own files, and the container would get those. */
	global_open_stdio();

	n = cli_parse(NULL, argc - 1, argv + 1, &global, &err);
	if (n < 0)
		return cli_fail(&err, 1);
	if (args_has(&global, "version"))
		return print_version();
	if (args_has(&global, "help"))
		return print_help(NULL);
	if (n == argc - 1)
		return no_command();
	argc -= n + 1;
	argv += n + 1;
	args.root_given = args_has(&global, "root");
	args.command = cli_find_command(argc, argv, &taken);
	if (!args.command)
		return unknown_command(argc, argv);
	/* Before parsing, which puts the words of argv into another order. */
	if ((args.command->flags & SPAWNS) && exe_protect(whole, &err) < 0)
		return cli_fail(&err, 1);
	if (global_apply(&global, argv[-n - 1], &args.rt, &err) < 0 ||
	    cli_parse(args.command, argc - taken, argv + taken, &args, &err) <
		    0)
		return cli_fail(&err, 1);
	if (args.help)
		return print_help(args.command);
	if (check_positionals(&args, &err) < 0)
		return cli_fail(&err, 1);
	return args.command->run(&args);
}
