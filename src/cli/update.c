#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "oci/spec.h"

static int read_resources(const char *path, struct arena *arena,
			  struct cgroup_resources *ret, struct err *err)
{
	bool standard_input = str_eq(path, "-");
	_cleanup_close_ int fd = -1;
	int rc;

	if (!standard_input) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(err, -errno, "--resources %s", path);
	}
	rc = json_decode_fd(&cgroup_resources_json, ret, arena,
			    standard_input ? STDIN_FILENO : fd, err);
	return rc < 0 ? err_wrap(err, "--resources %s", path) : 0;
}

enum kind { SIZE, SIGNED, UNSIGNED, OPT_U, OPT_I, SMALL };

#define ROW(name_, kind_, member) \
	{(name_), (kind_), offsetof(struct cgroup_resources, member)}

/* Which number of the resources an option sets. */
static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
} rows[] = {
	ROW("memory", SIZE, memory.limit),
	ROW("memory-reservation", SIZE, memory.reservation),
	ROW("memory-swap", SIZE, memory.swap),
	ROW("kernel-memory-tcp", SIZE, memory.kernel_tcp),
	ROW("cpu-share", UNSIGNED, cpu.shares),
	ROW("cpu-period", UNSIGNED, cpu.period),
	ROW("cpu-quota", SIGNED, cpu.quota),
	ROW("cpu-burst", OPT_U, cpu.burst),
	ROW("cpu-idle", OPT_I, cpu.idle),
	ROW("cpu-rt-period", UNSIGNED, cpu.realtime_period),
	ROW("cpu-rt-runtime", SIGNED, cpu.realtime_runtime),
	ROW("pids-limit", SIGNED, pids.limit),
	ROW("blkio-weight", SMALL, block_io.weight),
};

static int parse_one(const char *text, enum kind kind, void *at)
{
	uint64_t u = 0;
	int64_t i = 0;
	int rc;

	if (kind == SIZE && !str_eq(text, "-1")) {
		rc = parse_size(text, &u);
		if (rc == 0 && u > INT64_MAX)
			rc = -ERANGE;
		i = (int64_t)u;
	} else if (kind == SIZE || kind == SIGNED || kind == OPT_I) {
		rc = parse_i64(text, kind == OPT_I ? INT64_MIN : -1, INT64_MAX,
			       &i);
	} else {
		rc = parse_u64(text, kind == SMALL ? UINT32_MAX : UINT64_MAX,
			       &u);
	}
	if (rc < 0)
		return rc;
	switch (kind) {
	case SIZE:
	case SIGNED:
		*(int64_t *)at = i;
		break;
	case UNSIGNED:
		*(uint64_t *)at = u;
		break;
	case OPT_U:
		*(struct opt_u64 *)at = (struct opt_u64){.v = u, .set = true};
		break;
	case OPT_I:
		*(struct opt_i64 *)at = (struct opt_i64){.v = i, .set = true};
		break;
	case SMALL:
		*(uint32_t *)at = (uint32_t)u;
		break;
	}
	return 0;
}

static int parse_options(const struct args *args, struct cgroup_resources *res,
			 struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = args_get(args, rows[i].name);
		int rc;

		if (!text)
			continue;
		rc = parse_one(text, rows[i].kind,
			       (char *)res + rows[i].offset);
		if (rc < 0)
			return err_say(err, rc, "--%s %s: not a valid %s",
				       rows[i].name, text,
				       rows[i].kind == SIZE ? "size"
							    : "number");
	}
	if (args_has(args, "cpuset-cpus"))
		res->cpu.cpus = args_get(args, "cpuset-cpus");
	if (args_has(args, "cpuset-mems"))
		res->cpu.mems = args_get(args, "cpuset-mems");
	return 0;
}

int cmd_update(const struct args *args)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	const char *file = args_get(args, "resources");
	struct rdt_change rdt = {
		.l3_cache_schema = args_get(args, "l3-cache-schema"),
		.mem_bw_schema = args_get(args, "mem-bw-schema"),
	};
	struct cgroup_resources res = {0};
	struct err err = {0};
	int rc = 0;

	if (file)
		rc = read_resources(file, arena, &res, &err);
	if (rc == 0)
		rc = parse_options(args, &res, &err);
	if (rc == 0)
		rc = container_update(&args->rt, args->rest[0], &res, &rdt,
				      &err);
	return rc < 0 ? cli_fail(&err, 1) : 0;
}
