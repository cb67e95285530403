#include <errno.h>
#include <regex.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "host/pidfd.h"
#include "runtime/store.h"

/* The container that is named, or with --regex all that match. */
static int for_each(const struct args *args,
		    int (*one)(const struct args *args, const char *id,
			       struct err *err))
{
	_cleanup_strv_ char **ids = NULL;
	struct err err = {0};
	int status = 0;
	regex_t re;

	if (!args_has(args, "regex"))
		return one(args, args->rest[0], &err) < 0 ? cli_fail(&err, 1)
							  : 0;
	if (regcomp(&re, args->rest[0], REG_EXTENDED | REG_NOSUB) != 0) {
		err_say(&err, -EINVAL,
			"--regex: %s is not a regular "
			"expression",
			args->rest[0]);
		return cli_fail(&err, 1);
	}
	if (store_ids(&args->rt, &ids, &err) < 0)
		status = cli_fail(&err, 1);
	STRV_FOREACH (id, ids)
		if (regexec(&re, *id, 0, NULL, 0) == 0 &&
		    one(args, *id, &err) < 0)
			status = cli_fail(&err, 1);
	regfree(&re);
	return status;
}

static int kill_one(const struct args *args, const char *id, struct err *err)
{
	const char *text = args->n_rest > 1 ? args->rest[1] : "TERM";
	int sig = signal_parse(text);

	if (sig < 0)
		return err_say(err, -EINVAL, "kill: unknown signal \"%.20s\"",
			       text);
	return container_kill(&args->rt, id, sig, args_has(args, "all"), err);
}

int cmd_kill(const struct args *args)
{
	return for_each(args, kill_one);
}

static int delete_one(const struct args *args, const char *id, struct err *err)
{
	return container_delete(&args->rt, id, args_has(args, "force"), err);
}

int cmd_delete(const struct args *args)
{
	return for_each(args, delete_one);
}
