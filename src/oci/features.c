#include "oci/spec.h"

#include <seccomp.h>

#include "base/cleanup.h"
#include "host/mount.h"
#include "host/seccomp.h"

/* The features document (features.md and features-linux.md of the
 * runtime-spec): what this build can do, whatever the host has.  Only
 * supportedFlags asks the kernel. */

struct feature {
	struct opt_bool enabled;
};

struct cgroup_feature {
	struct opt_bool v1, v2, systemd, systemd_user, rdma;
};

struct seccomp_feature {
	struct opt_bool enabled;
	char **actions, **operators, **archs;
	char **known_flags, **supported_flags;
};

struct rdt_feature {
	struct opt_bool enabled, schemata, monitoring;
};

struct memory_policy_feature {
	char **modes, **flags;
};

struct mount_extensions {
	struct feature idmap;
};

struct linux_features {
	char **namespaces, **capabilities;
	struct cgroup_feature cgroup;
	struct seccomp_feature seccomp;
	struct feature apparmor, selinux;
	struct rdt_feature intel_rdt;
	struct memory_policy_feature memory_policy;
	struct mount_extensions mount_extensions;
	struct feature net_devices;
};

struct features {
	const char *oci_version_min, *oci_version_max;
	char **hooks, **mount_options;
	struct linux_features linux;
	struct oci_annotation *annotations;
	size_t n_annotations;
	char **unsafe_annotations;
};

static const struct json_field feature_fields[] = {
	JSON_FIELD(feature, enabled, "enabled"),
};
static const struct json_type feature_json =
	JSON_STRUCT(feature, feature_fields);

static const struct json_field cgroup_feature_fields[] = {
	JSON_FIELD(cgroup_feature, v1, "v1"),
	JSON_FIELD(cgroup_feature, v2, "v2"),
	JSON_FIELD(cgroup_feature, systemd, "systemd"),
	JSON_FIELD(cgroup_feature, systemd_user, "systemdUser"),
	JSON_FIELD(cgroup_feature, rdma, "rdma"),
};
static const struct json_type cgroup_feature_json =
	JSON_STRUCT(cgroup_feature, cgroup_feature_fields);

static const struct json_field seccomp_feature_fields[] = {
	JSON_FIELD(seccomp_feature, enabled, "enabled"),
	JSON_FIELD(seccomp_feature, actions, "actions"),
	JSON_FIELD(seccomp_feature, operators, "operators"),
	JSON_FIELD(seccomp_feature, archs, "archs"),
	JSON_FIELD(seccomp_feature, known_flags, "knownFlags"),
	JSON_FIELD(seccomp_feature, supported_flags, "supportedFlags"),
};
static const struct json_type seccomp_feature_json =
	JSON_STRUCT(seccomp_feature, seccomp_feature_fields);

static const struct json_field rdt_feature_fields[] = {
	JSON_FIELD(rdt_feature, enabled, "enabled"),
	JSON_FIELD(rdt_feature, schemata, "schemata"),
	JSON_FIELD(rdt_feature, monitoring, "monitoring"),
};
static const struct json_type rdt_feature_json =
	JSON_STRUCT(rdt_feature, rdt_feature_fields);

static const struct json_field memory_policy_feature_fields[] = {
	JSON_FIELD(memory_policy_feature, modes, "modes"),
	JSON_FIELD(memory_policy_feature, flags, "flags"),
};
static const struct json_type memory_policy_feature_json =
	JSON_STRUCT(memory_policy_feature, memory_policy_feature_fields);

static const struct json_field mount_extensions_fields[] = {
	JSON_FIELD_STRUCT(mount_extensions, idmap, "idmap", feature),
};
static const struct json_type mount_extensions_json =
	JSON_STRUCT(mount_extensions, mount_extensions_fields);

static const struct json_field linux_features_fields[] = {
	JSON_FIELD(linux_features, namespaces, "namespaces"),
	JSON_FIELD(linux_features, capabilities, "capabilities"),
	JSON_FIELD_STRUCT(linux_features, cgroup, "cgroup", cgroup_feature),
	JSON_FIELD_STRUCT(linux_features, seccomp, "seccomp", seccomp_feature),
	JSON_FIELD_STRUCT(linux_features, apparmor, "apparmor", feature),
	JSON_FIELD_STRUCT(linux_features, selinux, "selinux", feature),
	JSON_FIELD_STRUCT(linux_features, intel_rdt, "intelRdt", rdt_feature),
	JSON_FIELD_STRUCT(linux_features, memory_policy, "memoryPolicy",
			  memory_policy_feature),
	JSON_FIELD_STRUCT(linux_features, mount_extensions, "mountExtensions",
			  mount_extensions),
	JSON_FIELD_STRUCT(linux_features, net_devices, "netDevices", feature),
};
static const struct json_type linux_features_json =
	JSON_STRUCT(linux_features, linux_features_fields);

static const struct json_field features_fields[] = {
	JSON_FIELD(features, oci_version_min, "ociVersionMin"),
	JSON_FIELD(features, oci_version_max, "ociVersionMax"),
	JSON_FIELD(features, hooks, "hooks"),
	JSON_FIELD(features, mount_options, "mountOptions"),
	JSON_FIELD_STRUCT(features, linux, "linux", linux_features),
	JSON_FIELD_MAP(features, annotations, "annotations", oci_annotation,
		       key, value, &json_type_string),
	JSON_FIELD(features, unsafe_annotations,
		   "potentiallyUnsafeConfigAnnotations"),
};
static const struct json_type features_json =
	JSON_STRUCT(features, features_fields);

#define STRV(...) ((char **)(const char *const[]){__VA_ARGS__, NULL})
#define YES       ((struct opt_bool){.v = true, .set = true})
#define NO        ((struct opt_bool){.v = false, .set = true})

/* The table knows char ** alone; the encoder only reads. */
static char **words(const char *const *v)
{
	return (char **)v;
}

static char **capabilities(struct arena *a)
{
	char **v = arena_alloc(a, CAPS_MAX + 1, sizeof(*v));
	size_t n = 0;

	for (int i = 0; i < CAPS_MAX; i++)
		if (cap_name(i))
			v[n++] = arena_strdup(a, cap_name(i));
	return v;
}

static char **supported_flags(struct arena *a)
{
	size_t n = 0, max = 0;
	char **v;

	while (seccomp_flag_names[max])
		max++;
	v = arena_alloc(a, max + 1, sizeof(*v));
	for (size_t i = 0; i < max; i++)
		if (seccomp_flag_supported(seccomp_flag_names[i]))
			v[n++] = arena_strdup(a, seccomp_flag_names[i]);
	return v;
}

static void describe_linux(struct linux_features *l, struct arena *a)
{
	static const char *const namespaces[] = {
		"cgroup", "ipc",  "mount", "network", "pid",
		"time",   "user", "uts",   NULL,
	};

	l->namespaces = words(namespaces);
	l->capabilities = capabilities(a);
	l->cgroup = (struct cgroup_feature){
		.v1 = YES,
		.v2 = YES,
		.systemd = NO,
		.systemd_user = NO,
		.rdma = YES,
	};
	l->seccomp = (struct seccomp_feature){
		.enabled = YES,
		.actions = words(seccomp_action_names),
		.operators = words(seccomp_op_names),
		.archs = words(seccomp_arch_names),
		.known_flags = words(seccomp_flag_names),
		.supported_flags = supported_flags(a),
	};
	l->apparmor.enabled = l->selinux.enabled = YES;
	l->intel_rdt = (struct rdt_feature){YES, YES, YES};
	l->memory_policy.modes = words(memory_policy_modes);
	l->memory_policy.flags = words(memory_policy_flags);
	l->mount_extensions.idmap.enabled = YES;
	l->net_devices.enabled = YES;
}

void oci_features_write(struct buf *out)
{
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct scmp_version *v = seccomp_version();
	struct oci_annotation annotations[] = {
		{arena_strdup(a, "dev.hull.version"),
		 arena_strdup(a, HULL_VERSION)},
		{arena_strdup(a, "io.github.seccomp.libseccomp.version"),
		 arena_printf(a, "%u.%u.%u", v->major, v->minor, v->micro)},
	};
	struct features f = {
		.oci_version_min = "1.0.0",
		.oci_version_max = OCI_VERSION,
		.hooks = STRV("prestart", "createRuntime", "createContainer",
			      "startContainer", "poststart", "poststop"),
		.mount_options = words(mount_option_names()),
		.annotations = annotations,
		.n_annotations = ARRAY_SIZE(annotations),
		/* A name that ends with a dot stands for all that begin with
		 * it. */
		.unsafe_annotations = STRV(
			"dev.hull.", "module.wasm.image/variant", "run.oci."),
	};

	describe_linux(&f.linux, a);
	json_encode(&features_json, &f, "    ", out);
	buf_addc(out, '\n');
}
