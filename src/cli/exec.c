#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"

/* runc wants -g once for each group, crun takes a list. */
static char **split_gids(char **values)
{
	char **gids = NULL;

	STRV_FOREACH (v, values) {
		char *rest = *v, *gid;

		while ((gid = strsep(&rest, ",")))
			strv_add(&gids, gid);
	}
	return gids;
}

int cmd_exec(const struct args *args)
{
	struct exec_opts opts = {
		.id = args->rest[0],
		.process_file = args_get(args, "process"),
		.args = args->rest + 1,
		.cwd = args_get(args, "cwd"),
		.env = args_list(args, "env"),
		.user = args_get(args, "user"),
		.additional_gids =
			split_gids(args_list(args, "additional-gids")),
		.caps = args_list(args, "cap"),
		.tty = args_has(args, "tty"),
		.no_new_privs = args_has(args, "no-new-privs"),
		.apparmor = args_get(args, "apparmor"),
		.process_label = args_get(args, "process-label"),
		.cgroup = args_get(args, "cgroup"),
		.console_socket = args_get(args, "console-socket"),
		.pid_file = args_get(args, "pid-file"),
		.pidfd_socket = args_get(args, "pidfd-socket"),
		.detach = args_has(args, "detach"),
		.ignore_paused = args_has(args, "ignore-paused"),
		.no_subreaper = args_has(args, "no-subreaper"),
	};
	struct err err = {0};
	int status = 1;
	uint64_t fds;

	if (args_u64(args, "preserve-fds", 1024, &fds, &err) < 0)
		return cli_fail(&err, 1);
	opts.preserve_fds = (unsigned int)fds;
	if (container_exec(&args->rt, &opts, &status, &err) < 0)
		return cli_fail(&err, status ? status : 1);
	return status;
}
