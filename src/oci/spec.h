/* oci/spec.h
 * config.json of the OCI runtime-spec 1.3 for Linux, as structs.  Members
 * have the specification's names in snake case; what host/ acts upon is
 * decoded straight into host/'s own structs.
 *
 * Absent is NULL, 0 or !set.  Every vector of structs has its count behind
 * it; every char ** ends with NULL.
 *
 * A spec, and all that it points at, lives in the arena that it carries:
 * who wants to change it allocates there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/opt.h"
#include "host/caps.h"
#include "host/cgroup.h"
#include "host/netlink.h"
#include "host/rdt.h"
#include "host/sched.h"
#include "host/seccomp.h"
#include "host/userns.h"

struct err;

/* What we write into documents of our own. */
#define OCI_VERSION "1.3.0"

struct oci_annotation {
	char *key;
	char *value;
};

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct opt_u64 umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct oci_console_size {
	uint16_t height; /* in characters, 0 for unknown */
	uint16_t width;
};

struct oci_process {
	bool terminal;
	struct oci_console_size console_size;
	struct oci_user user;
	char **args;
	char **env;
	char *cwd;
	struct caps *capabilities; /* NULL: none in create, the
				    * container's in exec */
	struct posix_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	struct opt_i64 oom_score_adj;
	struct scheduler *scheduler;
	char *selinux_label;
	struct io_priority *io_priority;
	struct cpu_affinity *exec_cpu_affinity;
};

struct oci_root {
	char *path; /* absolute, or relative to the bundle */
	bool readonly;
};

struct oci_mount {
	char *destination;
	char *type;
	char *source;
	char **options;
	struct idmap *uid_mappings;
	size_t n_uid_mappings;
	struct idmap *gid_mappings;
	size_t n_gid_mappings;
};

struct oci_hook {
	char *path;
	char **args;
	char **env;
	struct opt_i64 timeout; /* seconds */
};

struct oci_hooks {
	struct oci_hook *prestart; /* deprecated, and used by Docker */
	size_t n_prestart;
	struct oci_hook *create_runtime;
	size_t n_create_runtime;
	struct oci_hook *create_container;
	size_t n_create_container;
	struct oci_hook *start_container;
	size_t n_start_container;
	struct oci_hook *poststart;
	size_t n_poststart;
	struct oci_hook *poststop;
	size_t n_poststop;
};

struct oci_namespace {
	uint32_t type; /* CLONE_NEWPID … */
	char *path;    /* join this one; NULL: make one */
};

/* One member of linux.timeOffsets. */
struct oci_time_offset {
	char *clock; /* "monotonic" or "boottime" */
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_device {
	char *path;
	uint32_t type; /* S_IFCHR, S_IFBLK or S_IFIFO */
	int64_t major;
	int64_t minor;
	struct opt_u64 file_mode;
	struct opt_u64 uid;
	struct opt_u64 gid;
};

struct oci_sysctl {
	char *name;
	char *value;
};

struct oci_linux {
	struct idmap *uid_mappings;
	size_t n_uid_mappings;
	struct idmap *gid_mappings;
	size_t n_gid_mappings;
	struct oci_sysctl *sysctl;
	size_t n_sysctl;
	struct cgroup_resources resources;
	char *cgroups_path;
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_device *devices;
	size_t n_devices;
	struct net_device *net_devices;
	size_t n_net_devices;
	struct seccomp_profile *seccomp;
	uint32_t rootfs_propagation; /* MS_SHARED …, perhaps with MS_REC; 0 */
	char **masked_paths;
	char **readonly_paths;
	char *mount_label;
	struct intel_rdt *intel_rdt;
	struct memory_policy *memory_policy;
	struct personality_spec *personality;
	struct oci_time_offset *time_offsets;
	size_t n_time_offsets;
};

struct oci_spec {
	char *oci_version;
	struct oci_process *process; /* never NULL in a valid spec */
	struct oci_root root;
	char *hostname;
	char *domainname;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_hooks hooks;
	struct oci_annotation *annotations;
	size_t n_annotations;
	struct oci_linux linux;
	/* Not part of the document. */
	struct arena *arena;
};

/* The container as hooks, "state" and the seccomp listener see it. */
struct oci_state {
	char *oci_version;
	char *id;
	char *status; /* "creating", "created", "running", "stopped" */
	int32_t pid;  /* 0: none */
	char *bundle;
	struct oci_annotation *annotations;
	size_t n_annotations;
};

extern const struct json_type oci_spec_json;
extern const struct json_type oci_process_json;
extern const struct json_type oci_state_json;
extern const struct json_type oci_annotation_json;
/* linux.resources, as "update" takes it. */
extern const struct json_type cgroup_resources_json;
extern const struct json_type intel_rdt_json;
extern const struct json_type idmap_json;
/* "pid", "network" … and CLONE_NEW*. */
extern const struct json_words oci_namespace_words;

/* -------------------------------------------------------------- reading -- */

/* Decode and validate.  Errors are sentences about the document that begin
 * with the field's path; who knows the file's name puts it before them. */
int oci_spec_parse(struct oci_spec **ret, const char *text, size_t len,
		   struct err *err);
/* The file `path` below `dir` (AT_FDCWD: our own); errors name it. */
int oci_spec_load(struct oci_spec **ret, int dir, const char *path,
		  struct err *err);
/* Takes NULL. */
void oci_spec_free(struct oci_spec *spec);

static inline void cleanup_oci_spec(struct oci_spec **spec)
{
	oci_spec_free(*spec);
}

#define _cleanup_oci_spec_ __attribute__((__cleanup__(cleanup_oci_spec)))

/* Does the document make sense, on any host?  What only a look at this host
 * can tell (is there a time namespace, may we set this limit) is not asked
 * here.  Called by oci_spec_parse(). */
int oci_spec_validate(const struct oci_spec *spec, struct err *err);
/* One process alone, as for exec --process; `path` is "process" or "". */
int oci_process_validate(const struct oci_process *p, const char *path,
			 struct err *err);
/* Resources alone, as for update; paths begin with "linux.resources". */
int oci_resources_validate(const struct cgroup_resources *res, struct err *err);
/* Letters, digits and "_+-.", at least one, no more than NAME_MAX, and
 * neither "." nor "..". */
bool oci_id_valid(const char *id);

const char *oci_annotation_get(const struct oci_annotation *a, size_t n,
			       const char *key);
/* The entry for a CLONE_NEW* flag, or NULL. */
const struct oci_namespace *oci_namespace_find(const struct oci_linux *l,
					       uint32_t type);
/* Does the container get a namespace of its own, made or joined? */
static inline bool oci_has_namespace(const struct oci_linux *l, uint32_t type)
{
	return oci_namespace_find(l, type) != NULL;
}

/* -------------------------------------------------------------- writing -- */

/* What "hull spec" prints: a shell, in namespaces of its own, with few
 * capabilities.  `rootless`: for an ordinary user, whose ids are given. */
void oci_spec_write_default(struct buf *out, bool rootless, uint32_t uid,
			    uint32_t gid);
/* The features document: what this hull, on this kernel, can do. */
void oci_features_write(struct buf *out);
