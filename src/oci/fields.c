#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "oci/spec.h"

/* The fields of config.json, in the order in which engines write them: the
 * decoder then finds each at its first guess. */

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

/* ---------------------------------------------------------------- words -- */

const struct json_words oci_namespace_words = {
	.what = "namespace type",
	.list =
		(const struct json_word[]){
			{"pid", CLONE_NEWPID},
			{"network", CLONE_NEWNET},
			{"ipc", CLONE_NEWIPC},
			{"uts", CLONE_NEWUTS},
			{"mount", CLONE_NEWNS},
			{"user", CLONE_NEWUSER},
			{"cgroup", CLONE_NEWCGROUP},
			{"time", CLONE_NEWTIME},
			{NULL},
		},
};

static const struct json_words propagation_words = {
	.what = "propagation",
	.list =
		(const struct json_word[]){
			{"private", MS_PRIVATE},
			{"rprivate", MS_PRIVATE | MS_REC},
			{"slave", MS_SLAVE},
			{"rslave", MS_SLAVE | MS_REC},
			{"shared", MS_SHARED},
			{"rshared", MS_SHARED | MS_REC},
			{"unbindable", MS_UNBINDABLE},
			{"runbindable", MS_UNBINDABLE | MS_REC},
			{NULL},
		},
};

static const struct json_words device_words = {
	.what = "device type",
	.list =
		(const struct json_word[]){
			{"c", S_IFCHR},
			{"u", S_IFCHR},
			{"b", S_IFBLK},
			{"p", S_IFIFO},
			{NULL},
		},
};

static const struct json_words cap_words = {
	.what = "capability",
	.find = cap_from_name,
	.name = cap_name,
};

/* -------------------------------------------------------------- process -- */

static const struct json_field console_size_fields[] = {
	JSON_FIELD(oci_console_size, height, "height"),
	JSON_FIELD(oci_console_size, width, "width"),
};
static const struct json_type oci_console_size_json =
	JSON_STRUCT(oci_console_size, console_size_fields);

static const struct json_field user_fields[] = {
	JSON_FIELD(oci_user, uid, "uid", .always = true),
	JSON_FIELD(oci_user, gid, "gid", .always = true),
	JSON_FIELD_AS(oci_user, umask, "umask", &json_type_opt_u32),
	JSON_FIELD_LIST_AS(oci_user, additional_gids, "additionalGids",
			   &json_type_u32),
};
static const struct json_type oci_user_json =
	JSON_STRUCT(oci_user, user_fields);

static const struct json_field caps_fields[] = {
	JSON_FIELD_NAMES(caps, bounding, "bounding", &cap_words),
	JSON_FIELD_NAMES(caps, effective, "effective", &cap_words),
	JSON_FIELD_NAMES(caps, inheritable, "inheritable", &cap_words),
	JSON_FIELD_NAMES(caps, permitted, "permitted", &cap_words),
	JSON_FIELD_NAMES(caps, ambient, "ambient", &cap_words),
};
static const struct json_type caps_json = JSON_STRUCT(caps, caps_fields);

static const struct json_field rlimit_fields[] = {
	JSON_FIELD(posix_rlimit, type, "type", .required = true),
	JSON_FIELD(posix_rlimit, hard, "hard", .required = true,
		   .always = true),
	JSON_FIELD(posix_rlimit, soft, "soft", .required = true,
		   .always = true),
};
static const struct json_type posix_rlimit_json =
	JSON_STRUCT(posix_rlimit, rlimit_fields);

static const struct json_field scheduler_fields[] = {
	JSON_FIELD(scheduler, policy, "policy", .required = true),
	JSON_FIELD(scheduler, nice, "nice"),
	JSON_FIELD(scheduler, priority, "priority"),
	JSON_FIELD(scheduler, flags, "flags"),
	JSON_FIELD(scheduler, runtime, "runtime"),
	JSON_FIELD(scheduler, deadline, "deadline"),
	JSON_FIELD(scheduler, period, "period"),
};
static const struct json_type scheduler_json =
	JSON_STRUCT(scheduler, scheduler_fields);

static const struct json_field io_priority_fields[] = {
	JSON_FIELD(io_priority, class, "class", .required = true),
	JSON_FIELD(io_priority, priority, "priority"),
};
static const struct json_type io_priority_json =
	JSON_STRUCT(io_priority, io_priority_fields);

static const struct json_field cpu_affinity_fields[] = {
	JSON_FIELD(cpu_affinity, initial, "initial"),
	JSON_FIELD(cpu_affinity, final, "final"),
};
static const struct json_type cpu_affinity_json =
	JSON_STRUCT(cpu_affinity, cpu_affinity_fields);

static const struct json_field process_fields[] = {
	JSON_FIELD(oci_process, terminal, "terminal"),
	JSON_FIELD_STRUCT(oci_process, console_size, "consoleSize",
			  oci_console_size),
	JSON_FIELD_STRUCT(oci_process, user, "user", oci_user),
	JSON_FIELD(oci_process, args, "args"),
	JSON_FIELD(oci_process, env, "env"),
	JSON_FIELD(oci_process, cwd, "cwd"),
	JSON_FIELD_POINTER(oci_process, capabilities, "capabilities", caps),
	JSON_FIELD_LIST(oci_process, rlimits, "rlimits", posix_rlimit),
	JSON_FIELD(oci_process, no_new_privileges, "noNewPrivileges"),
	JSON_FIELD(oci_process, apparmor_profile, "apparmorProfile"),
	JSON_FIELD_AS(oci_process, oom_score_adj, "oomScoreAdj",
		      &json_type_opt_i32),
	JSON_FIELD_POINTER(oci_process, scheduler, "scheduler", scheduler),
	JSON_FIELD(oci_process, selinux_label, "selinuxLabel"),
	JSON_FIELD_POINTER(oci_process, io_priority, "ioPriority", io_priority),
	JSON_FIELD_POINTER(oci_process, exec_cpu_affinity, "execCPUAffinity",
			   cpu_affinity),
};
const struct json_type oci_process_json =
	JSON_STRUCT(oci_process, process_fields);

/* ----------------------------------------------- root, mounts and hooks -- */

static const struct json_field root_fields[] = {
	JSON_FIELD(oci_root, path, "path"),
	JSON_FIELD(oci_root, readonly, "readonly"),
};
static const struct json_type oci_root_json =
	JSON_STRUCT(oci_root, root_fields);

static const struct json_field idmap_fields[] = {
	JSON_FIELD(idmap, container_id, "containerID", .always = true),
	JSON_FIELD(idmap, host_id, "hostID", .always = true),
	JSON_FIELD(idmap, size, "size", .always = true),
};
const struct json_type idmap_json = JSON_STRUCT(idmap, idmap_fields);

static const struct json_field mount_fields[] = {
	JSON_FIELD(oci_mount, destination, "destination", .required = true),
	JSON_FIELD(oci_mount, type, "type"),
	JSON_FIELD(oci_mount, source, "source"),
	JSON_FIELD(oci_mount, options, "options"),
	JSON_FIELD_LIST(oci_mount, uid_mappings, "uidMappings", idmap),
	JSON_FIELD_LIST(oci_mount, gid_mappings, "gidMappings", idmap),
};
static const struct json_type oci_mount_json =
	JSON_STRUCT(oci_mount, mount_fields);

static const struct json_field hook_fields[] = {
	JSON_FIELD(oci_hook, path, "path", .required = true),
	JSON_FIELD(oci_hook, args, "args"),
	JSON_FIELD(oci_hook, env, "env"),
	JSON_FIELD(oci_hook, timeout, "timeout"),
};
static const struct json_type oci_hook_json =
	JSON_STRUCT(oci_hook, hook_fields);

static const struct json_field hooks_fields[] = {
	JSON_FIELD_LIST(oci_hooks, prestart, "prestart", oci_hook),
	JSON_FIELD_LIST(oci_hooks, create_runtime, "createRuntime", oci_hook),
	JSON_FIELD_LIST(oci_hooks, create_container, "createContainer",
			oci_hook),
	JSON_FIELD_LIST(oci_hooks, start_container, "startContainer", oci_hook),
	JSON_FIELD_LIST(oci_hooks, poststart, "poststart", oci_hook),
	JSON_FIELD_LIST(oci_hooks, poststop, "poststop", oci_hook),
};
static const struct json_type oci_hooks_json =
	JSON_STRUCT(oci_hooks, hooks_fields);

/* ------------------------------------------------------ linux.resources -- */

static const struct json_field device_rule_fields[] = {
	JSON_FIELD(cgroup_device_rule, allow, "allow", .always = true),
	JSON_FIELD(cgroup_device_rule, type, "type"),
	JSON_FIELD(cgroup_device_rule, major, "major"),
	JSON_FIELD(cgroup_device_rule, minor, "minor"),
	JSON_FIELD(cgroup_device_rule, access, "access"),
};
static const struct json_type cgroup_device_rule_json =
	JSON_STRUCT(cgroup_device_rule, device_rule_fields);

static const struct json_field memory_fields[] = {
	JSON_FIELD(cgroup_memory, limit, "limit"),
	JSON_FIELD(cgroup_memory, reservation, "reservation"),
	JSON_FIELD(cgroup_memory, swap, "swap"),
	JSON_FIELD(cgroup_memory, kernel, "kernel"),
	JSON_FIELD(cgroup_memory, kernel_tcp, "kernelTCP"),
	JSON_FIELD(cgroup_memory, swappiness, "swappiness"),
	JSON_FIELD(cgroup_memory, disable_oom_killer, "disableOOMKiller"),
	JSON_FIELD(cgroup_memory, use_hierarchy, "useHierarchy"),
	JSON_FIELD(cgroup_memory, check_before_update, "checkBeforeUpdate"),
};
static const struct json_type cgroup_memory_json =
	JSON_STRUCT(cgroup_memory, memory_fields);

static const struct json_field cpu_fields[] = {
	JSON_FIELD(cgroup_cpu, shares, "shares"),
	JSON_FIELD(cgroup_cpu, quota, "quota"),
	JSON_FIELD(cgroup_cpu, burst, "burst"),
	JSON_FIELD(cgroup_cpu, period, "period"),
	JSON_FIELD(cgroup_cpu, realtime_runtime, "realtimeRuntime"),
	JSON_FIELD(cgroup_cpu, realtime_period, "realtimePeriod"),
	JSON_FIELD(cgroup_cpu, cpus, "cpus"),
	JSON_FIELD(cgroup_cpu, mems, "mems"),
	JSON_FIELD(cgroup_cpu, idle, "idle"),
};
static const struct json_type cgroup_cpu_json =
	JSON_STRUCT(cgroup_cpu, cpu_fields);

static const struct json_field weight_device_fields[] = {
	JSON_FIELD(cgroup_weight_device, major, "major", .always = true),
	JSON_FIELD(cgroup_weight_device, minor, "minor", .always = true),
	JSON_FIELD(cgroup_weight_device, weight, "weight"),
	JSON_FIELD(cgroup_weight_device, leaf_weight, "leafWeight"),
};
static const struct json_type cgroup_weight_device_json =
	JSON_STRUCT(cgroup_weight_device, weight_device_fields);

static const struct json_field throttle_fields[] = {
	JSON_FIELD(cgroup_throttle_device, major, "major", .always = true),
	JSON_FIELD(cgroup_throttle_device, minor, "minor", .always = true),
	JSON_FIELD(cgroup_throttle_device, rate, "rate", .always = true),
};
static const struct json_type cgroup_throttle_device_json =
	JSON_STRUCT(cgroup_throttle_device, throttle_fields);

static const struct json_field block_io_fields[] = {
	JSON_FIELD(cgroup_block_io, weight, "weight"),
	JSON_FIELD(cgroup_block_io, leaf_weight, "leafWeight"),
	JSON_FIELD_LIST(cgroup_block_io, weight_device, "weightDevice",
			cgroup_weight_device),
	JSON_FIELD_LIST(cgroup_block_io, throttle_read_bps_device,
			"throttleReadBpsDevice", cgroup_throttle_device),
	JSON_FIELD_LIST(cgroup_block_io, throttle_write_bps_device,
			"throttleWriteBpsDevice", cgroup_throttle_device),
	JSON_FIELD_LIST(cgroup_block_io, throttle_read_iops_device,
			"throttleReadIOPSDevice", cgroup_throttle_device),
	JSON_FIELD_LIST(cgroup_block_io, throttle_write_iops_device,
			"throttleWriteIOPSDevice", cgroup_throttle_device),
};
static const struct json_type cgroup_block_io_json =
	JSON_STRUCT(cgroup_block_io, block_io_fields);

static const struct json_field hugepage_fields[] = {
	JSON_FIELD(cgroup_hugepage_limit, page_size, "pageSize",
		   .required = true),
	JSON_FIELD(cgroup_hugepage_limit, limit, "limit", .required = true,
		   .always = true),
};
static const struct json_type cgroup_hugepage_limit_json =
	JSON_STRUCT(cgroup_hugepage_limit, hugepage_fields);

static const struct json_field if_priority_fields[] = {
	JSON_FIELD(cgroup_if_priority, name, "name", .required = true),
	JSON_FIELD(cgroup_if_priority, priority, "priority", .required = true,
		   .always = true),
};
static const struct json_type cgroup_if_priority_json =
	JSON_STRUCT(cgroup_if_priority, if_priority_fields);

static const struct json_field network_fields[] = {
	JSON_FIELD(cgroup_network, class_id, "classID"),
	JSON_FIELD_LIST(cgroup_network, priorities, "priorities",
			cgroup_if_priority),
};
static const struct json_type cgroup_network_json =
	JSON_STRUCT(cgroup_network, network_fields);

static const struct json_field rdma_fields[] = {
	JSON_FIELD_AS(cgroup_rdma, hca_handles, "hcaHandles",
		      &json_type_opt_u32),
	JSON_FIELD_AS(cgroup_rdma, hca_objects, "hcaObjects",
		      &json_type_opt_u32),
};
static const struct json_type cgroup_rdma_json =
	JSON_STRUCT(cgroup_rdma, rdma_fields);

/* The struct has no name: its one member begins it. */
static const struct json_field pids_fields[] = {
	{.name = "limit", .name_len = 5, .type = &json_type_i64},
};
static const struct json_type pids_json = {
	.kind = JSON_OBJECT,
	.size = sizeof(JSON_MEMBER_(cgroup_resources, pids)),
	.fields = pids_fields,
	.n_fields = 1,
};

static const struct json_field resources_fields[] = {
	JSON_FIELD_LIST(cgroup_resources, devices, "devices",
			cgroup_device_rule),
	JSON_FIELD_STRUCT(cgroup_resources, memory, "memory", cgroup_memory),
	JSON_FIELD_STRUCT(cgroup_resources, cpu, "cpu", cgroup_cpu),
	JSON_FIELD_AS(cgroup_resources, pids, "pids", &pids_json),
	JSON_FIELD_STRUCT(cgroup_resources, block_io, "blockIO",
			  cgroup_block_io),
	JSON_FIELD_LIST(cgroup_resources, hugepage_limits, "hugepageLimits",
			cgroup_hugepage_limit),
	JSON_FIELD_STRUCT(cgroup_resources, network, "network", cgroup_network),
	JSON_FIELD_KEYED(cgroup_resources, rdma, "rdma", cgroup_rdma, name),
	JSON_FIELD_MAP(cgroup_resources, unified, "unified", cgroup_unified,
		       file, value, &json_type_string),
};
const struct json_type cgroup_resources_json =
	JSON_STRUCT(cgroup_resources, resources_fields);

/* -------------------------------------------------------- linux.seccomp -- */

static const struct json_field seccomp_arg_fields[] = {
	JSON_FIELD(seccomp_arg, index, "index", .always = true),
	JSON_FIELD(seccomp_arg, value, "value", .always = true),
	JSON_FIELD(seccomp_arg, value_two, "valueTwo"),
	JSON_FIELD(seccomp_arg, op, "op", .required = true),
};
static const struct json_type seccomp_arg_json =
	JSON_STRUCT(seccomp_arg, seccomp_arg_fields);

static const struct json_field seccomp_rule_fields[] = {
	JSON_FIELD(seccomp_rule, names, "names", .required = true),
	JSON_FIELD(seccomp_rule, action, "action", .required = true),
	JSON_FIELD_AS(seccomp_rule, errno_ret, "errnoRet", &json_type_opt_u32),
	JSON_FIELD_LIST(seccomp_rule, args, "args", seccomp_arg),
};
static const struct json_type seccomp_rule_json =
	JSON_STRUCT(seccomp_rule, seccomp_rule_fields);

static const struct json_field seccomp_fields[] = {
	JSON_FIELD(seccomp_profile, default_action, "defaultAction",
		   .required = true),
	JSON_FIELD_AS(seccomp_profile, default_errno_ret, "defaultErrnoRet",
		      &json_type_opt_u32),
	JSON_FIELD(seccomp_profile, architectures, "architectures"),
	JSON_FIELD(seccomp_profile, flags, "flags"),
	JSON_FIELD(seccomp_profile, listener_path, "listenerPath"),
	JSON_FIELD(seccomp_profile, listener_metadata, "listenerMetadata"),
	JSON_FIELD_LIST(seccomp_profile, syscalls, "syscalls", seccomp_rule),
};
static const struct json_type seccomp_profile_json =
	JSON_STRUCT(seccomp_profile, seccomp_fields);

/* ---------------------------------------------------- the rest of linux -- */

static const struct json_field namespace_fields[] = {
	JSON_FIELD_NAME(oci_namespace, type, "type", &oci_namespace_words,
			.required = true),
	JSON_FIELD(oci_namespace, path, "path"),
};
static const struct json_type oci_namespace_json =
	JSON_STRUCT(oci_namespace, namespace_fields);

static const struct json_field time_offset_fields[] = {
	JSON_FIELD(oci_time_offset, secs, "secs"),
	JSON_FIELD(oci_time_offset, nanosecs, "nanosecs"),
};
static const struct json_type oci_time_offset_json =
	JSON_STRUCT(oci_time_offset, time_offset_fields);

static const struct json_field device_fields[] = {
	JSON_FIELD(oci_device, path, "path", .required = true),
	JSON_FIELD_NAME(oci_device, type, "type", &device_words,
			.required = true),
	JSON_FIELD(oci_device, major, "major"),
	JSON_FIELD(oci_device, minor, "minor"),
	JSON_FIELD_AS(oci_device, file_mode, "fileMode", &json_type_opt_u32),
	JSON_FIELD_AS(oci_device, uid, "uid", &json_type_opt_u32),
	JSON_FIELD_AS(oci_device, gid, "gid", &json_type_opt_u32),
};
static const struct json_type oci_device_json =
	JSON_STRUCT(oci_device, device_fields);

static const struct json_field net_device_fields[] = {
	JSON_FIELD(net_device, name, "name"),
};
static const struct json_type net_device_json =
	JSON_STRUCT(net_device, net_device_fields);

static const struct json_field intel_rdt_fields[] = {
	JSON_FIELD(intel_rdt, clos_id, "closID"),
	JSON_FIELD(intel_rdt, schemata, "schemata"),
	JSON_FIELD(intel_rdt, l3_cache_schema, "l3CacheSchema"),
	JSON_FIELD(intel_rdt, mem_bw_schema, "memBwSchema"),
	JSON_FIELD(intel_rdt, enable_monitoring, "enableMonitoring"),
};
const struct json_type intel_rdt_json =
	JSON_STRUCT(intel_rdt, intel_rdt_fields);

static const struct json_field memory_policy_fields[] = {
	JSON_FIELD(memory_policy, mode, "mode", .required = true),
	JSON_FIELD(memory_policy, nodes, "nodes"),
	JSON_FIELD(memory_policy, flags, "flags"),
};
static const struct json_type memory_policy_json =
	JSON_STRUCT(memory_policy, memory_policy_fields);

static const struct json_field personality_fields[] = {
	JSON_FIELD(personality_spec, domain, "domain", .required = true),
	JSON_FIELD(personality_spec, flags, "flags"),
};
static const struct json_type personality_spec_json =
	JSON_STRUCT(personality_spec, personality_fields);

static const struct json_field linux_fields[] = {
	JSON_FIELD_LIST(oci_linux, uid_mappings, "uidMappings", idmap),
	JSON_FIELD_LIST(oci_linux, gid_mappings, "gidMappings", idmap),
	JSON_FIELD_MAP(oci_linux, sysctl, "sysctl", oci_sysctl, name, value,
		       &json_type_string),
	JSON_FIELD_STRUCT(oci_linux, resources, "resources", cgroup_resources),
	JSON_FIELD(oci_linux, cgroups_path, "cgroupsPath"),
	JSON_FIELD_LIST(oci_linux, namespaces, "namespaces", oci_namespace),
	JSON_FIELD_LIST(oci_linux, devices, "devices", oci_device),
	JSON_FIELD_KEYED(oci_linux, net_devices, "netDevices", net_device,
			 host_name),
	JSON_FIELD_POINTER(oci_linux, seccomp, "seccomp", seccomp_profile),
	JSON_FIELD_NAME(oci_linux, rootfs_propagation, "rootfsPropagation",
			&propagation_words),
	JSON_FIELD(oci_linux, masked_paths, "maskedPaths"),
	JSON_FIELD(oci_linux, readonly_paths, "readonlyPaths"),
	JSON_FIELD(oci_linux, mount_label, "mountLabel"),
	JSON_FIELD_POINTER(oci_linux, intel_rdt, "intelRdt", intel_rdt),
	JSON_FIELD_POINTER(oci_linux, memory_policy, "memoryPolicy",
			   memory_policy),
	JSON_FIELD_POINTER(oci_linux, personality, "personality",
			   personality_spec),
	JSON_FIELD_KEYED(oci_linux, time_offsets, "timeOffsets",
			 oci_time_offset, clock),
};
static const struct json_type oci_linux_json =
	JSON_STRUCT(oci_linux, linux_fields);

/* ------------------------------------------------------------ documents -- */

static const struct json_field annotation_fields[] = {
	JSON_FIELD(oci_annotation, key, "key"),
	JSON_FIELD(oci_annotation, value, "value"),
};
const struct json_type oci_annotation_json =
	JSON_STRUCT(oci_annotation, annotation_fields);

static const struct json_field spec_fields[] = {
	JSON_FIELD(oci_spec, oci_version, "ociVersion", .required = true),
	JSON_FIELD_POINTER(oci_spec, process, "process", oci_process),
	JSON_FIELD_STRUCT(oci_spec, root, "root", oci_root),
	JSON_FIELD(oci_spec, hostname, "hostname"),
	JSON_FIELD(oci_spec, domainname, "domainname"),
	JSON_FIELD_LIST(oci_spec, mounts, "mounts", oci_mount),
	JSON_FIELD_STRUCT(oci_spec, hooks, "hooks", oci_hooks),
	JSON_FIELD_MAP(oci_spec, annotations, "annotations", oci_annotation,
		       key, value, &json_type_string),
	JSON_FIELD_STRUCT(oci_spec, linux, "linux", oci_linux),
};
const struct json_type oci_spec_json = JSON_STRUCT(oci_spec, spec_fields);

static const struct json_field state_fields[] = {
	JSON_FIELD(oci_state, oci_version, "ociVersion", .required = true),
	JSON_FIELD(oci_state, id, "id", .required = true),
	JSON_FIELD(oci_state, status, "status", .required = true),
	JSON_FIELD(oci_state, pid, "pid", .always = true),
	JSON_FIELD(oci_state, bundle, "bundle", .required = true),
	JSON_FIELD_MAP(oci_state, annotations, "annotations", oci_annotation,
		       key, value, &json_type_string),
};
const struct json_type oci_state_json = JSON_STRUCT(oci_state, state_fields);
