/* cli/bench.c: bench, which is a program of its own. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"

static int own_path(char *ret, size_t size, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);

	if (n < 0)
		return err_set(err, -errno, "/proc/self/exe");
	ret[n] = '\0';
	return 0;
}

/* The words we were given, as hull-bench takes them: parsing has put them
 * into another order. */
static char **words_of(const struct args *args, const char *program,
		       const char *hull)
{
	const struct cli_row *row = args->command + 1;
	char **words = NULL;

	strv_add(&words, program);
	/* First, so that the user's own --program hull= counts. */
	strv_add(&words, "--program");
	strv_add(&words, hull);
	for (size_t i = 0; row + i < cli_rows + cli_n_rows; i++) {
		if (row[i].is_command)
			break;
		STRV_FOREACH (value, args->values[i]) {
			_cleanup_free_ char *word =
				row[i].arg ? xasprintf("--%s=%s", row[i].name,
						       *value)
					   : xasprintf("--%s", row[i].name);

			strv_add(&words, word);
		}
	}
	strv_add(&words, "--");
	for (int i = 0; i < args->n_rest; i++)
		strv_add(&words, args->rest[i]);
	return words;
}

int cmd_bench(const struct args *args)
{
	/* Where it was built, moved to, installed. */
	static const struct {
		bool beside;
		const char *path;
	} places[] = {
		{true, "/hull-bench"},
		{true, "/../libexec/hull/hull-bench"},
		{false, HULL_LIBEXECDIR "/hull-bench"},
	};
	char dir[PATH_MAX]; /* of our own file */
	_cleanup_free_ char *hull = NULL;
	struct err err = {0};

	if (own_path(dir, sizeof(dir), &err) < 0)
		return cli_fail(&err, 1);
	hull = xasprintf("hull=%s", dir);
	*strrchr(dir, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_cleanup_free_ char *path = xasprintf(
			"%s%s", places[i].beside ? dir : "", places[i].path);

		if (access(path, X_OK) < 0)
			continue;
		execv(path, words_of(args, path, hull));
		err_set(&err, -errno, "execute %s", path);
		return cli_fail(&err, 1);
	}
	err_say(&err, -ENOENT,
		"bench: hull-bench is neither in %s nor in " HULL_LIBEXECDIR
		": is it installed?",
		dir);
	return cli_fail(&err, 1);
}
