/* cli/do.c: a program in a container at once, over this system's root.
 * It is "run" with a configuration that is made up here. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/do_root.h"
#include "host/path.h"
#include "oci/spec.h"

extern char **environ;

struct do_plan {
	bool host_net;
	char **writable; /* --rw, as absolute paths without symlinks */
	int64_t memory;
	int64_t cpu_quota; /* microseconds of each CPU_PERIOD */
	char *cwd;
};

enum { CPU_PERIOD = 100000 };

/* ----------------------------------------------------------- arguments -- */

/* "1.5" CPUs as microseconds of CPU_PERIOD. */
static int parse_cpus(const char *text, int64_t *ret)
{
	_cleanup_free_ char *whole = xstrndup(text, strcspn(text, "."));
	const char *part = text + strlen(whole);
	uint64_t n, total, unit = CPU_PERIOD;

	if (parse_u64(whole, 100000, &n) < 0 || str_eq(part, "."))
		return -EINVAL;
	total = n * CPU_PERIOD;
	for (part += *part == '.'; *part; part++) {
		if (*part < '0' || *part > '9')
			return -EINVAL;
		unit /= 10;
		total += unit * (uint64_t)(*part - '0');
	}
	*ret = (int64_t)total;
	/* The kernel's least quota. */
	return total < 1000 ? -ERANGE : 0;
}

static int parse_limits(const struct args *args, struct do_plan *p,
			struct err *err)
{
	const char *memory = args_get(args, "memory");
	const char *cpus = args_get(args, "cpus");
	uint64_t bytes = 0;

	if (memory &&
	    (parse_size(memory, &bytes) < 0 || bytes == 0 || bytes > INT64_MAX))
		return err_say(err, -EINVAL, "--memory %s: not a valid size",
			       memory);
	p->memory = (int64_t)bytes;
	if (cpus && parse_cpus(cpus, &p->cpu_quota) < 0)
		return err_say(err, -EINVAL,
			       "--cpus %s: not a number such as 1.5, of at "
			       "least 0.01",
			       cpus);
	return 0;
}

static int parse_args(const struct args *args, struct do_plan *p,
		      struct err *err)
{
	const char *net = args_get(args, "net");

	p->host_net = net && str_eq(net, "host");
	STRV_FOREACH (dir, args_list(args, "rw")) {
		_cleanup_free_ char *path = realpath(*dir, NULL);

		if (!path)
			return err_set(err, -errno, "--rw %s", *dir);
		strv_add(&p->writable, path);
	}
	/* The program begins at the root where that is gone or not shown. */
	p->cwd = getcwd(NULL, 0);
	return parse_limits(args, p, err);
}

static void plan_free(struct do_plan *p)
{
	strv_free(p->writable);
	free(p->cwd);
}

/* ------------------------------------------------------- configuration -- */

/* With what is mounted below it; "rro" or "rw". */
static void add_bind(struct oci_spec *spec, const char *path,
		     const char *access)
{
	struct oci_mount *list =
		arena_alloc(spec->arena, spec->n_mounts + 1, sizeof(*list));
	char **options = arena_alloc(spec->arena, 5, sizeof(*options));

	memcpy(list, spec->mounts, spec->n_mounts * sizeof(*list));
	options[0] = arena_strdup(spec->arena, "rbind");
	options[1] = arena_strdup(spec->arena, access);
	options[2] = arena_strdup(spec->arena, "rnosuid");
	options[3] = arena_strdup(spec->arena, "rnodev");
	list[spec->n_mounts++] = (struct oci_mount){
		.destination = arena_strdup(spec->arena, path),
		.source = arena_strdup(spec->arena, path),
		.options = options,
	};
	spec->mounts = list;
}

static void set_namespaces(struct oci_spec *spec, bool host_net)
{
	static const uint32_t types[] = {CLONE_NEWPID, CLONE_NEWIPC,
					 CLONE_NEWUTS, CLONE_NEWNS,
					 CLONE_NEWNET};
	struct oci_linux *l = &spec->linux;

	l->n_namespaces = ARRAY_SIZE(types) - host_net;
	l->namespaces = arena_alloc(spec->arena, l->n_namespaces,
				    sizeof(*l->namespaces));
	for (size_t i = 0; i < l->n_namespaces; i++)
		l->namespaces[i].type = types[i];
	l->uid_mappings = l->gid_mappings = NULL;
	l->n_uid_mappings = l->n_gid_mappings = 0;
}

/* What root needs to be root inside, short of the host's devices, network,
 * clock and kernel. */
static void set_capabilities(struct oci_spec *spec)
{
	static const char *const names[] = {
		"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",
		"CAP_FSETID", "CAP_KILL",         "CAP_NET_BIND_SERVICE",
		"CAP_SETGID", "CAP_SETUID",       "CAP_SYS_CHROOT",
	};
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		set |= UINT64_C(1) << cap_from_name(names[i]);
	*spec->process->capabilities = (struct caps){
		.bounding = set, .effective = set, .permitted = set};
}

/* The resolver's file is often a symlink into /run, which is the host's own
 * business but for this. */
static void add_resolver(struct oci_spec *spec)
{
	static const char dir[] = "/run/systemd/resolve";
	struct stat st;

	if (stat(dir, &st) == 0)
		add_bind(spec, dir, "rro");
}

static bool can_enter(const struct do_plan *plan, const char *dir)
{
	bool shown = do_root_shows(dir);
	struct stat st;

	STRV_FOREACH (w, plan->writable)
		shown |= path_below(dir, *w) != NULL;
	return shown && stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

static void fill_spec(struct oci_spec *spec, const struct args *args,
		      const struct do_plan *plan, const struct do_root *root)
{
	struct oci_process *p = spec->process;

	spec->root.path = arena_strdup(spec->arena, root->rootfs);
	/* It can be written to, and is thrown away. */
	spec->root.readonly = false;
	set_namespaces(spec, plan->host_net);
	set_capabilities(spec);
	STRV_FOREACH (m, root->mounts)
		add_bind(spec, *m, "rro");
	if (plan->host_net)
		add_resolver(spec);
	STRV_FOREACH (w, plan->writable)
		add_bind(spec, *w, "rw");
	if (plan->memory)
		spec->linux.resources.memory.limit = plan->memory;
	if (plan->cpu_quota) {
		spec->linux.resources.cpu.period = CPU_PERIOD;
		spec->linux.resources.cpu.quota = plan->cpu_quota;
	}
	p->args = args->rest;
	p->env = environ;
	p->n_rlimits = 0;
	p->terminal = isatty(0) && isatty(1);
	if (plan->cwd && can_enter(plan, plan->cwd))
		p->cwd = plan->cwd;
}

static int write_config(const struct args *args, const struct do_plan *plan,
			const struct do_root *root, bool user_namespace,
			struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/config.json", root->dir);
	_cleanup_oci_spec_ struct oci_spec *spec = NULL;
	_cleanup_buf_ struct buf text = {0}, config = {0};
	_cleanup_close_ int fd = -1;
	int rc;

	/* sysfs shows the network namespace that it was mounted in, and only
	 * who owns that may mount it. */
	oci_spec_write_default(&text, user_namespace || plan->host_net, 0, 0);
	rc = oci_spec_parse(&spec, text.data, text.len, err);
	if (rc < 0)
		return rc;
	fill_spec(spec, args, plan, root);
	json_encode(&oci_spec_json, spec, NULL, &config);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, config.data, config.len) != (ssize_t)config.len)
		return err_set(err, -errno, "write %s", path);
	return 0;
}

/* ----------------------------------------------------------------- run -- */

/* An ordinary user without a session has no directory for the state; then
 * it is kept where it is gone with us. */
static void choose_state(struct runtime *rt, const struct args *args,
			 const struct do_root *root, char **ret)
{
	_cleanup_free_ char *parent = xstrdup(rt->root);
	char *slash = strrchr(parent, '/');

	if (!rt->rootless || args->root_given)
		return;
	*slash = '\0';
	if (access(parent, W_OK | X_OK) < 0)
		rt->root = *ret = xasprintf("%s/state", root->dir);
}

static int run(const struct args *args, const struct do_plan *plan, int *status,
	       struct err *err)
{
	bool user_namespace = geteuid() != 0;
	_cleanup_free_ char *state = NULL;
	struct runtime rt = args->rt;
	struct do_root root;
	char id[32];
	int rc;
	struct create_opts opts = {.id = id};

	if (args_has(args, "sandbox"))
		rt.sandbox = args_get(args, "sandbox");
	rc = do_root_enter(&root, plan->writable, err);
	if (rc < 0)
		return rc;
	snprintf(id, sizeof(id), "do-%d", (int)getpid());
	choose_state(&rt, args, &root, &state);
	opts.bundle = root.dir;
	rc = write_config(args, plan, &root, user_namespace, err);
	if (rc == 0)
		rc = container_run(&rt, &opts, status, err);
	do_root_free(&root);
	return rc;
}

int cmd_do(const struct args *args)
{
	struct do_plan plan = {0};
	struct err err = {0};
	int status = 1, rc;

	rc = parse_args(args, &plan, &err);
	if (rc == 0)
		rc = run(args, &plan, &status, &err);
	plan_free(&plan);
	return rc < 0 ? cli_fail(&err, status ? status : 1) : status;
}
