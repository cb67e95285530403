/* cli/simple.c: the verbs that have nothing to say for themselves. */
#include "base/err.h"
#include "cli/args.h"

int cmd_start(const struct args *args)
{
	struct err err = {0};

	if (container_start(&args->rt, args->rest[0], &err) < 0)
		return cli_fail(&err, 1);
	return 0;
}

int cmd_pause(const struct args *args)
{
	struct err err = {0};

	if (container_pause(&args->rt, args->rest[0], &err) < 0)
		return cli_fail(&err, 1);
	return 0;
}

int cmd_resume(const struct args *args)
{
	struct err err = {0};

	if (container_resume(&args->rt, args->rest[0], &err) < 0)
		return cli_fail(&err, 1);
	return 0;
}
