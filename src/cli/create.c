#include <errno.h>

#include "base/err.h"
#include "cli/args.h"
#include "cli/create.h"

int cli_create_opts(const struct args *args, struct create_opts *ret,
		    struct err *err)
{
	uint64_t fds;
	int rc;

	rc = args_u64(args, "preserve-fds", 1024, &fds, err);
	if (rc < 0)
		return rc;
	*ret = (struct create_opts){
		.id = args->rest[0],
		.bundle = args_get(args, "bundle"),
		.config = args_get(args, "config"),
		.console_socket = args_get(args, "console-socket"),
		.pid_file = args_get(args, "pid-file"),
		.pidfd_socket = args_get(args, "pidfd-socket"),
		.no_pivot = args_has(args, "no-pivot"),
		.no_new_keyring = args_has(args, "no-new-keyring"),
		.no_subreaper = args_has(args, "no-subreaper"),
		.preserve_fds = (unsigned int)fds,
	};
	return 0;
}

int cmd_create(const struct args *args)
{
	struct create_opts opts;
	struct err err = {0};
	int status = 1;

	if (cli_create_opts(args, &opts, &err) < 0 ||
	    container_create(&args->rt, &opts, &status, &err) < 0)
		return cli_fail(&err, status);
	return 0;
}
