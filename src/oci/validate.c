#include "oci/spec.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* What a document has to say to make sense, asked before anything is made.
 * Each sentence begins with the path of the field that is wrong.  What
 * belongs to one part of host/ is asked there (rlimits_check() and others),
 * what the type of a field says was asked by the decoder. */

bool oci_id_valid(const char *id)
{
	size_t n = id ? strspn(id, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_+-.")
		      : 0;

	return n > 0 && n <= NAME_MAX && !id[n] && !str_eq(id, ".") &&
	       !str_eq(id, "..");
}

static int check_version(const char *v, struct err *err)
{
	const char *rest = str_after(v, "1.");

	if (!rest || *rest < '0' || *rest > '9')
		return err_say(err, -EINVAL,
			       "ociVersion: \"%.40s\" is not supported, only "
			       "1.0.0 to %s",
			       v, OCI_VERSION);
	return 0;
}

/* -------------------------------------------------------------- process -- */

/* The name of a field of the process, which may be a document of its own. */
#define P(field) path, *path ? "." : "", field

static int check_env(char *const *env, const char *path, struct err *err)
{
	for (size_t i = 0; env && env[i]; i++) {
		const char *eq = strchr(env[i], '=');

		if (!eq || eq == env[i])
			return err_say(err, -EINVAL,
				       "%s%s%s[%zu]: \"%.60s\" is not "
				       "NAME=value",
				       P("env"), i, env[i]);
	}
	return 0;
}

static int check_user(const struct oci_user *u, const char *path,
		      struct err *err)
{
	/* (uid_t)-1 is "leave it" to the kernel. */
	if (u->uid == UINT32_MAX)
		return err_say(err, -EINVAL, "%s%s%s: %u is no user",
			       P("user.uid"), u->uid);
	if (u->gid == UINT32_MAX)
		return err_say(err, -EINVAL, "%s%s%s: %u is no group",
			       P("user.gid"), u->gid);
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (u->additional_gids[i] == UINT32_MAX)
			return err_say(err, -EINVAL,
				       "%s%s%s[%zu]: %u is no group",
				       P("user.additionalGids"), i,
				       u->additional_gids[i]);
	if (u->umask.set && u->umask.v > 0777)
		return err_say(err, -EINVAL,
			       "%s%s%s: 0%llo has more than permission bits",
			       P("user.umask"), (unsigned long long)u->umask.v);
	return 0;
}

/* host/ names the fields "process.rlimits[0]": right in config.json, one word
 * too much in a process of its own. */
static int shorten(const char *path, int rc, struct err *err)
{
	const char *rest;

	if (rc == 0 || *path || !err)
		return rc;
	rest = str_after(err->msg, "process.");
	if (rest)
		memmove(err->msg, rest, strlen(rest) + 1);
	return rc;
}

static int check_sched(const struct oci_process *p, struct err *err)
{
	int rc = rlimits_check(p->rlimits, p->n_rlimits, err);

	if (rc == 0 && p->scheduler)
		rc = scheduler_check(p->scheduler, err);
	if (rc == 0 && p->io_priority)
		rc = io_priority_check(p->io_priority, err);
	return rc;
}

int oci_process_validate(const struct oci_process *p, const char *path,
			 struct err *err)
{
	int rc;

	if (!p->args || !p->args[0])
		return err_say(err, -EINVAL, "%s%s%s: missing or empty",
			       P("args"));
	if (str_empty(p->cwd))
		return err_say(err, -EINVAL, "%s%s%s: missing or empty",
			       P("cwd"));
	if (*p->cwd != '/')
		return err_say(err, -EINVAL,
			       "%s%s%s: \"%.100s\" is not absolute", P("cwd"),
			       p->cwd);
	if (p->oom_score_adj.set &&
	    (p->oom_score_adj.v < -1000 || p->oom_score_adj.v > 1000))
		return err_say(err, -EINVAL,
			       "%s%s%s: %lld is out of range (-1000 to 1000)",
			       P("oomScoreAdj"), (long long)p->oom_score_adj.v);
	rc = check_env(p->env, path, err);
	if (rc == 0)
		rc = check_user(&p->user, path, err);
	if (rc == 0)
		rc = shorten(path, check_sched(p, err), err);
	return rc;
}

/* -------------------------------------------------------- mounts, hooks -- */

static int check_mount(const struct oci_mount *m, size_t i, struct err *err)
{
	char field[64];
	int rc;

	if (str_empty(m->destination))
		return err_say(err, -EINVAL, "mounts[%zu].destination: empty",
			       i);
	if (!m->n_uid_mappings != !m->n_gid_mappings)
		return err_say(
			err, -EINVAL,
			"mounts[%zu].%s: missing, the mount has the "
			"other mapping",
			i, m->n_uid_mappings ? "gidMappings" : "uidMappings");
	snprintf(field, sizeof(field), "mounts[%zu].uidMappings", i);
	rc = idmap_check(m->uid_mappings, m->n_uid_mappings, field, err);
	if (rc < 0)
		return rc;
	snprintf(field, sizeof(field), "mounts[%zu].gidMappings", i);
	return idmap_check(m->gid_mappings, m->n_gid_mappings, field, err);
}

static int check_hooks(const struct oci_hook *hooks, size_t n, const char *name,
		       struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (hooks[i].path[0] != '/')
			return err_say(err, -EINVAL,
				       "hooks.%s[%zu].path: \"%.100s\" is not "
				       "absolute",
				       name, i, hooks[i].path);
		if (hooks[i].timeout.set && hooks[i].timeout.v <= 0)
			return err_say(err, -EINVAL,
				       "hooks.%s[%zu].timeout: %lld is no "
				       "number of seconds above zero",
				       name, i, (long long)hooks[i].timeout.v);
		for (size_t j = 0; hooks[i].env && hooks[i].env[j]; j++)
			if (!strchr(hooks[i].env[j], '='))
				return err_say(err, -EINVAL,
					       "hooks.%s[%zu].env[%zu]: "
					       "\"%.60s\" is not NAME=value",
					       name, i, j, hooks[i].env[j]);
	}
	return 0;
}

static int check_all_hooks(const struct oci_hooks *h, struct err *err)
{
	const struct {
		const struct oci_hook *hooks;
		size_t n;
		const char *name;
	} all[] = {
		{h->prestart, h->n_prestart, "prestart"},
		{h->create_runtime, h->n_create_runtime, "createRuntime"},
		{h->create_container, h->n_create_container, "createContainer"},
		{h->start_container, h->n_start_container, "startContainer"},
		{h->poststart, h->n_poststart, "poststart"},
		{h->poststop, h->n_poststop, "poststop"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		int rc = check_hooks(all[i].hooks, all[i].n, all[i].name, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ----------------------------------------------------------- namespaces -- */

static int check_namespaces(const struct oci_linux *l, struct err *err)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct oci_namespace *ns = &l->namespaces[i];

		if (seen & ns->type)
			return err_say(
				err, -EINVAL,
				"linux.namespaces[%zu].type: \"%s\" is "
				"there twice",
				i,
				json_word_name(&oci_namespace_words, ns->type));
		seen |= ns->type;
		if (!str_empty(ns->path) && ns->path[0] != '/')
			return err_say(err, -EINVAL,
				       "linux.namespaces[%zu].path: "
				       "\"%.100s\" is not absolute",
				       i, ns->path);
	}
	return 0;
}

/* Settings that would reach the host, because the container shares the
 * namespace they belong to. */
static int check_needs(const struct oci_spec *spec, struct err *err)
{
	const struct oci_linux *l = &spec->linux;
	const struct {
		bool used;
		const char *field;
		uint32_t type;
	} needs[] = {
		{!str_empty(spec->hostname), "hostname", CLONE_NEWUTS},
		{!str_empty(spec->domainname), "domainname", CLONE_NEWUTS},
		{l->n_uid_mappings, "linux.uidMappings", CLONE_NEWUSER},
		{l->n_gid_mappings, "linux.gidMappings", CLONE_NEWUSER},
		{l->n_time_offsets, "linux.timeOffsets", CLONE_NEWTIME},
		{l->n_net_devices, "linux.netDevices", CLONE_NEWNET},
		{l->masked_paths && l->masked_paths[0], "linux.maskedPaths",
		 CLONE_NEWNS},
		{l->readonly_paths && l->readonly_paths[0],
		 "linux.readonlyPaths", CLONE_NEWNS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (needs[i].used && !oci_has_namespace(l, needs[i].type))
			return err_say(err, -EINVAL,
				       "%s: needs a %s namespace in "
				       "linux.namespaces",
				       needs[i].field,
				       json_word_name(&oci_namespace_words,
						      needs[i].type));
	return 0;
}

static int check_idmaps(const struct oci_linux *l, struct err *err)
{
	int rc = idmap_check(l->uid_mappings, l->n_uid_mappings,
			     "linux.uidMappings", err);

	if (rc == 0)
		rc = idmap_check(l->gid_mappings, l->n_gid_mappings,
				 "linux.gidMappings", err);
	if (rc == 0 && !l->n_uid_mappings != !l->n_gid_mappings)
		rc = err_say(err, -EINVAL,
			     "linux.%s: missing, the other mapping is there",
			     l->n_uid_mappings ? "gidMappings" : "uidMappings");
	return rc;
}

static int check_time_offsets(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->n_time_offsets; i++) {
		const struct oci_time_offset *t = &l->time_offsets[i];

		if (!str_eq(t->clock, "monotonic") &&
		    !str_eq(t->clock, "boottime"))
			return err_say(err, -EINVAL,
				       "linux.timeOffsets: unknown clock "
				       "\"%.40s\"",
				       t->clock);
		if (t->nanosecs > 999999999)
			return err_say(err, -EINVAL,
				       "linux.timeOffsets.%s.nanosecs: %u is "
				       "out of range (0 to 999999999)",
				       t->clock, t->nanosecs);
	}
	return 0;
}

/* -------------------------------------------------------------- sysctls -- */

/* The file below /proc/sys, "net/ipv4/ip_forward".  The first separator tells
 * which one separates; the other stands for a dot inside a name, as in
 * "net.ipv4.conf.eth0/100.forwarding" (sysctl.d(5)). */
static int sysctl_file(const char *name, char *out, size_t size)
{
	size_t n = strlen(name), first = strcspn(name, "./");
	bool dots = name[first] == '.';

	if (n == 0 || n >= size)
		return -EINVAL;
	for (size_t i = 0; i <= n; i++)
		out[i] = dots && name[i] == '.'   ? '/'
			 : dots && name[i] == '/' ? '.'
						  : name[i];
	for (const char *s = out;; s++) {
		size_t len = strcspn(s, "/");

		if (len == 0 || (len == 1 && *s == '.') ||
		    (len == 2 && s[0] == '.' && s[1] == '.'))
			return -EINVAL;
		s += len;
		if (!*s)
			return 0;
	}
}

/* Which namespace a file below /proc/sys belongs to, 0: to none. */
static uint32_t sysctl_namespace(const char *file)
{
	static const struct {
		const char *name; /* with "/" at its end: all below */
		uint32_t type;
	} known[] = {
		{"kernel/msgmax", CLONE_NEWIPC},
		{"kernel/msgmnb", CLONE_NEWIPC},
		{"kernel/msgmni", CLONE_NEWIPC},
		{"kernel/msg_next_id", CLONE_NEWIPC},
		{"kernel/sem", CLONE_NEWIPC},
		{"kernel/sem_next_id", CLONE_NEWIPC},
		{"kernel/shmall", CLONE_NEWIPC},
		{"kernel/shmmax", CLONE_NEWIPC},
		{"kernel/shmmni", CLONE_NEWIPC},
		{"kernel/shm_next_id", CLONE_NEWIPC},
		{"kernel/shm_rmid_forced", CLONE_NEWIPC},
		{"fs/mqueue/", CLONE_NEWIPC},
		{"net/", CLONE_NEWNET},
		{"kernel/domainname", CLONE_NEWUTS},
		{"user/", CLONE_NEWUSER},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *rest = str_after(file, known[i].name);

		if (rest && (!*rest || str_ends_with(known[i].name, "/")))
			return known[i].type;
	}
	return 0;
}

static int check_sysctl(const struct oci_linux *l, const char *name,
			struct err *err)
{
	char file[256];
	uint32_t type;

	if (sysctl_file(name, file, sizeof(file)) < 0)
		return err_say(err, -EINVAL,
			       "linux.sysctl[\"%.100s\"]: no such setting",
			       name);
	if (str_eq(file, "kernel/hostname"))
		return err_say(err, -EINVAL,
			       "linux.sysctl[\"%s\"]: use hostname", name);
	type = sysctl_namespace(file);
	if (!type)
		return err_say(err, -EINVAL,
			       "linux.sysctl[\"%.100s\"]: belongs to the host, "
			       "not to a namespace",
			       name);
	if (!oci_has_namespace(l, type))
		return err_say(err, -EINVAL,
			       "linux.sysctl[\"%.100s\"]: needs a %s namespace "
			       "in linux.namespaces",
			       name,
			       json_word_name(&oci_namespace_words, type));
	return 0;
}

/* ------------------------------------------------------------ resources -- */

int oci_resources_validate(const struct cgroup_resources *res, struct err *err)
{
	for (size_t i = 0; i < res->n_devices; i++) {
		const struct cgroup_device_rule *d = &res->devices[i];
		const char *access = d->access ?: "";

		if (!str_empty(d->type) &&
		    (!strchr("abc", d->type[0]) || d->type[1]))
			return err_say(err, -EINVAL,
				       "linux.resources.devices[%zu].type: "
				       "unknown device type \"%.20s\"",
				       i, d->type);
		if (access[strspn(access, "rwm")])
			return err_say(err, -EINVAL,
				       "linux.resources.devices[%zu].access: "
				       "\"%.20s\" is not made of r, w and m",
				       i, access);
	}
	for (size_t i = 0; i < res->n_unified; i++)
		if (!*res->unified[i].file || strchr(res->unified[i].file, '/'))
			return err_say(err, -EINVAL,
				       "linux.resources.unified[\"%.100s\"]: "
				       "not a file name",
				       res->unified[i].file);
	return 0;
}

/* ---------------------------------------------------------------- linux -- */

static int check_devices(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct oci_device *d = &l->devices[i];

		if (d->path[0] != '/')
			return err_say(err, -EINVAL,
				       "linux.devices[%zu].path: \"%.100s\" "
				       "is not absolute",
				       i, d->path);
		if (d->type != S_IFIFO &&
		    (d->major < 0 || d->minor < 0 || d->major > 0xfff ||
		     d->minor > 0xfffff))
			return err_say(err, -EINVAL,
				       "linux.devices[%zu]: no device has the "
				       "number %lld:%lld",
				       i, (long long)d->major,
				       (long long)d->minor);
		if (d->file_mode.set && (d->file_mode.v & ~UINT64_C(0177777)))
			return err_say(err, -EINVAL,
				       "linux.devices[%zu].fileMode: 0%llo "
				       "has more than permission bits",
				       i, (unsigned long long)d->file_mode.v);
	}
	return 0;
}

static int check_net_devices(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct net_device *d = &l->net_devices[i];
		const char *name = d->name ?: d->host_name;
		int rc = net_device_check(d, err);

		if (rc < 0)
			return rc;
		for (size_t j = 0; j < i; j++) {
			const struct net_device *o = &l->net_devices[j];

			if (str_eq(name, o->name ?: o->host_name))
				return err_say(err, -EINVAL,
					       "linux.netDevices[\"%s\"]: "
					       "another device is called "
					       "\"%s\", too",
					       d->host_name, name);
		}
	}
	return 0;
}

static int check_rdt(const struct intel_rdt *rdt, struct err *err)
{
	const char *id = rdt->clos_id;

	/* A directory of the resctrl filesystem. */
	if (id && (!*id || str_eq(id, ".") || str_eq(id, "..") ||
		   strpbrk(id, "/\n") || strlen(id) > NAME_MAX))
		return err_say(err, -EINVAL,
			       "linux.intelRdt.closID: \"%.100s\" is no name "
			       "of a group",
			       id);
	return 0;
}

static int check_linux(const struct oci_linux *l, struct err *err)
{
	int rc = check_namespaces(l, err);

	if (rc == 0)
		rc = check_idmaps(l, err);
	if (rc == 0)
		rc = check_time_offsets(l, err);
	if (rc == 0)
		rc = check_devices(l, err);
	if (rc == 0)
		rc = check_net_devices(l, err);
	if (rc == 0)
		rc = oci_resources_validate(&l->resources, err);
	if (rc == 0 && l->seccomp)
		rc = seccomp_check(l->seccomp, err);
	if (rc == 0 && l->intel_rdt)
		rc = check_rdt(l->intel_rdt, err);
	if (rc == 0 && l->memory_policy)
		rc = memory_policy_check(l->memory_policy, err);
	if (rc == 0 && l->personality)
		rc = personality_check(l->personality, err);
	for (size_t i = 0; rc == 0 && i < l->n_sysctl; i++)
		rc = check_sysctl(l, l->sysctl[i].name, err);
	return rc;
}

int oci_spec_validate(const struct oci_spec *spec, struct err *err)
{
	int rc = check_version(spec->oci_version, err);

	if (rc < 0)
		return rc;
	if (str_empty(spec->root.path))
		return err_say(err, -EINVAL, "root.path: missing or empty");
	if (!spec->process)
		return err_say(err, -EINVAL, "process: missing");
	rc = oci_process_validate(spec->process, "process", err);
	if (rc == 0)
		rc = check_linux(&spec->linux, err);
	if (rc == 0)
		rc = check_needs(spec, err);
	for (size_t i = 0; rc == 0 && i < spec->n_mounts; i++)
		rc = check_mount(&spec->mounts[i], i, err);
	if (rc == 0)
		rc = check_all_hooks(&spec->hooks, err);
	for (size_t i = 0; rc == 0 && i < spec->n_annotations; i++)
		if (!*spec->annotations[i].key)
			rc = err_say(err, -EINVAL,
				     "annotations: a key is empty");
	return rc;
}
