#include "base/err.h"
#include "cli/args.h"
#include "cli/create.h"

int cmd_run(const struct args *args)
{
	struct create_opts opts;
	struct err err = {0};
	int status = 1;

	if (cli_create_opts(args, &opts, &err) < 0)
		return cli_fail(&err, status);
	opts.detach = args_has(args, "detach");
	opts.keep = args_has(args, "keep");
	if (container_run(&args->rt, &opts, &status, &err) < 0)
		return cli_fail(&err, status ? status : 1);
	return status;
}
