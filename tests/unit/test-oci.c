/* config.json, field by field: what is decoded, what is refused and with
 * which words, and that what we write we can read. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "test.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static struct err err;

static struct oci_spec *parse(const char *text)
{
	struct oci_spec *spec = NULL;

	err = (struct err){0};
	if (oci_spec_parse(&spec, text, strlen(text), &err) < 0)
		return NULL;
	return spec;
}

static struct oci_spec *good(const char *text)
{
	struct oci_spec *spec = parse(text);

	if (!spec)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return spec;
}

/* The smallest document, with more members for the process, for linux and for
 * the top.  The last of equal names counts. */
#define DOC(process, linux_, top)                                           \
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"args\":[\"sh\"],"         \
	"\"cwd\":\"/\"" process "},\"root\":{\"path\":\"rootfs\"},"         \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"}," \
	"{\"type\":\"ipc\"},{\"type\":\"network\"},{\"type\":\"user\"},"    \
	"{\"type\":\"time\"}]" linux_ "}" top "}"
#define PROCESS(m) DOC("," m, "", "")
#define LINUX(m)   DOC("", "," m, "")
#define TOP(m)	   DOC("", "", "," m)

static void refused(int line, const char *text, const char *why)
{
	struct oci_spec *spec = parse(text);

	if (spec)
		test_fail(__FILE__, line, "accepted, not: %s", why);
	if (!str_eq(err.msg, why))
		test_fail(__FILE__, line, "\"%s\", not \"%s\"", err.msg, why);
}

#define REFUSED(text, why) refused(__LINE__, text, why)

/* ------------------------------------------------------------- the fields -- */

TEST(process_fields)
{
	struct oci_spec *s = good(PROCESS(
		"\"terminal\":true,\"consoleSize\":{\"height\":25,"
		"\"width\":80},\"user\":{\"uid\":1,\"gid\":2,\"umask\":63,"
		"\"additionalGids\":[3,4]},\"args\":[\"a\",\"\"],"
		"\"commandLine\":\"ignored\",\"env\":[\"A=1\",\"B=\"],"
		"\"cwd\":\"/w\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
		"\"CAP_KILL\"],\"effective\":[\"CAP_CHOWN\"],"
		"\"inheritable\":[],\"permitted\":[\"CAP_KILL\"],"
		"\"ambient\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":"
		"\"RLIMIT_CORE\",\"hard\":18446744073709551615,\"soft\":0}],"
		"\"noNewPrivileges\":true,\"apparmorProfile\":\"prof\","
		"\"oomScoreAdj\":-5,\"scheduler\":{\"policy\":\"SCHED_BATCH\","
		"\"nice\":3},\"selinuxLabel\":\"label\",\"ioPriority\":"
		"{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4},"
		"\"execCPUAffinity\":{\"initial\":\"0-1\",\"final\":\"2\"}"));
	struct oci_process *p = s->process;

	CHECK(p->terminal && p->no_new_privileges);
	CHECK_INT(p->console_size.height, 25);
	CHECK_INT(p->console_size.width, 80);
	CHECK_INT(p->user.uid, 1);
	CHECK_INT(p->user.gid, 2);
	CHECK(p->user.umask.set && p->user.umask.v == 077);
	CHECK_INT(p->user.n_additional_gids, 2);
	CHECK_INT(p->user.additional_gids[1], 4);
	CHECK_STR(p->args[0], "a");
	CHECK_STR(p->args[1], "");
	CHECK(!p->args[2]);
	CHECK_STR(p->env[1], "B=");
	CHECK_STR(p->cwd, "/w");
	CHECK_INT(p->capabilities->bounding, 1 << 0 | 1 << 5);
	CHECK_INT(p->capabilities->effective, 1 << 0);
	CHECK_INT(p->capabilities->inheritable, 0);
	CHECK_INT(p->capabilities->permitted, 1 << 5);
	CHECK_INT(p->capabilities->ambient, 1 << 5);
	CHECK_INT(p->n_rlimits, 1);
	CHECK_STR(p->rlimits[0].type, "RLIMIT_CORE");
	CHECK(p->rlimits[0].hard == UINT64_MAX && p->rlimits[0].soft == 0);
	CHECK_STR(p->apparmor_profile, "prof");
	CHECK(p->oom_score_adj.set && p->oom_score_adj.v == -5);
	CHECK_STR(p->scheduler->policy, "SCHED_BATCH");
	CHECK_INT(p->scheduler->nice, 3);
	CHECK_STR(p->selinux_label, "label");
	CHECK_STR(p->io_priority->class, "IOPRIO_CLASS_BE");
	CHECK_INT(p->io_priority->priority, 4);
	CHECK_STR(p->exec_cpu_affinity->initial, "0-1");
	CHECK_STR(p->exec_cpu_affinity->final, "2");
	oci_spec_free(s);
}

TEST(absent_process_fields)
{
	struct oci_spec *s = good(PROCESS("\"rlimits\":null"));
	struct oci_process *p = s->process;

	CHECK(!p->capabilities && !p->env && !p->rlimits && !p->scheduler);
	CHECK(!p->io_priority && !p->exec_cpu_affinity && !p->terminal);
	CHECK(!p->oom_score_adj.set && !p->user.umask.set);
	CHECK(!s->hostname && !s->mounts && !s->annotations);
	CHECK(!s->linux.seccomp && !s->linux.intel_rdt);
	CHECK(!s->linux.memory_policy && !s->linux.personality);
	CHECK(s->arena);
	oci_spec_free(s);
	oci_spec_free(NULL);
}

TEST(top_level_fields)
{
	struct oci_spec *s = good(TOP(
		"\"root\":{\"path\":\"/r\",\"readonly\":true},"
		"\"hostname\":\"h\",\"domainname\":\"d\",\"mounts\":["
		"{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/s\","
		"\"options\":[\"rbind\",\"ro\"],\"uidMappings\":[{"
		"\"containerID\":0,\"hostID\":1000,\"size\":10}],"
		"\"gidMappings\":[{\"containerID\":1,\"hostID\":2000,"
		"\"size\":20}]},{\"destination\":\"y\"}],"
		"\"annotations\":{\"a.b\":\"c\",\"d\":\"\"},\"vm\":{\"x\":1}"));

	CHECK_STR(s->oci_version, "1.3.0");
	CHECK_STR(s->root.path, "/r");
	CHECK(s->root.readonly);
	CHECK_STR(s->hostname, "h");
	CHECK_STR(s->domainname, "d");
	CHECK_INT(s->n_mounts, 2);
	CHECK_STR(s->mounts[0].destination, "/x");
	CHECK_STR(s->mounts[0].type, "bind");
	CHECK_STR(s->mounts[0].source, "/s");
	CHECK_STR(s->mounts[0].options[1], "ro");
	CHECK_INT(s->mounts[0].uid_mappings[0].host_id, 1000);
	CHECK_INT(s->mounts[0].gid_mappings[0].container_id, 1);
	CHECK_INT(s->mounts[0].gid_mappings[0].size, 20);
	CHECK_STR(s->mounts[1].destination, "y");
	CHECK_STR(oci_annotation_get(s->annotations, s->n_annotations, "a.b"),
		  "c");
	CHECK_STR(oci_annotation_get(s->annotations, s->n_annotations, "d"),
		  "");
	CHECK(!oci_annotation_get(s->annotations, s->n_annotations, "e"));
	oci_spec_free(s);
}

TEST(hook_fields)
{
#define HOOK(name) "\"" name "\":[{\"path\":\"/" name "\"}]"
	struct oci_spec *s = good(TOP(
		"\"hooks\":{" HOOK("createRuntime") "," HOOK("createContainer")
		"," HOOK("startContainer") "," HOOK("poststart") ","
		HOOK("poststop") ",\"prestart\":[{\"path\":\"/p\",\"args\":"
		"[\"p\",\"x\"],\"env\":[\"K=V\"],\"timeout\":30},"
		"{\"path\":\"/q\"}]}"));
	struct oci_hooks *h = &s->hooks;

	CHECK_INT(h->n_prestart, 2);
	CHECK_STR(h->prestart[0].path, "/p");
	CHECK_STR(h->prestart[0].args[1], "x");
	CHECK_STR(h->prestart[0].env[0], "K=V");
	CHECK(h->prestart[0].timeout.set && h->prestart[0].timeout.v == 30);
	CHECK(!h->prestart[1].timeout.set);
	CHECK_STR(h->create_runtime[0].path, "/createRuntime");
	CHECK_STR(h->create_container[0].path, "/createContainer");
	CHECK_STR(h->start_container[0].path, "/startContainer");
	CHECK_STR(h->poststart[0].path, "/poststart");
	CHECK_STR(h->poststop[0].path, "/poststop");
	oci_spec_free(s);
}

TEST(linux_fields)
{
	struct oci_spec *s = good(LINUX(
		"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\","
		"\"path\":\"/proc/1/ns/net\"},{\"type\":\"ipc\"},"
		"{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"user\"},"
		"{\"type\":\"cgroup\"},{\"type\":\"time\"}],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":5,"
		"\"size\":6}],\"gidMappings\":[{\"containerID\":0,"
		"\"hostID\":7,\"size\":8}],\"timeOffsets\":{\"monotonic\":"
		"{\"secs\":-3,\"nanosecs\":4},\"boottime\":{\"secs\":5}},"
		"\"devices\":[{\"path\":\"/dev/f\",\"type\":\"c\",\"major\":10,"
		"\"minor\":229,\"fileMode\":438,\"uid\":0,\"gid\":9},"
		"{\"path\":\"/dev/p\",\"type\":\"p\"},{\"path\":\"/dev/b\","
		"\"type\":\"b\",\"major\":8,\"minor\":1}],"
		"\"netDevices\":{\"eth0\":{\"name\":\"c0\"},\"eth1\":{}},"
		"\"cgroupsPath\":\"/cg\",\"rootfsPropagation\":\"rslave\","
		"\"sysctl\":{\"net.core.somaxconn\":\"7\"},"
		"\"maskedPaths\":[\"/m\"],\"readonlyPaths\":[\"/r\"],"
		"\"mountLabel\":\"ml\",\"intelRdt\":{\"closID\":\"g\","
		"\"schemata\":[\"L3:0=f\"],\"l3CacheSchema\":\"l\","
		"\"memBwSchema\":\"m\",\"enableMonitoring\":true},"
		"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\","
		"\"flags\":[\"MPOL_F_STATIC_NODES\"]},\"personality\":"
		"{\"domain\":\"LINUX32\",\"flags\":[]}"));
	struct oci_linux *l = &s->linux;

	CHECK_INT(l->n_namespaces, 8);
	CHECK_INT(l->namespaces[0].type, CLONE_NEWPID);
	CHECK_INT(l->namespaces[6].type, CLONE_NEWCGROUP);
	CHECK_STR(oci_namespace_find(l, CLONE_NEWNET)->path, "/proc/1/ns/net");
	CHECK(oci_has_namespace(l, CLONE_NEWTIME));
	CHECK_INT(l->uid_mappings[0].host_id, 5);
	CHECK_INT(l->gid_mappings[0].size, 8);
	CHECK_INT(l->n_time_offsets, 2);
	CHECK_STR(l->time_offsets[0].clock, "monotonic");
	CHECK_INT(l->time_offsets[0].secs, -3);
	CHECK_INT(l->time_offsets[0].nanosecs, 4);
	CHECK_STR(l->time_offsets[1].clock, "boottime");
	CHECK_INT(l->n_devices, 3);
	CHECK_STR(l->devices[0].path, "/dev/f");
	CHECK_INT(l->devices[0].type, S_IFCHR);
	CHECK_INT(l->devices[0].minor, 229);
	CHECK_INT(l->devices[0].file_mode.v, 0666);
	CHECK(l->devices[0].uid.set && l->devices[0].gid.v == 9);
	CHECK_INT(l->devices[1].type, S_IFIFO);
	CHECK(!l->devices[1].file_mode.set);
	CHECK_INT(l->devices[2].type, S_IFBLK);
	CHECK_INT(l->n_net_devices, 2);
	CHECK_STR(l->net_devices[0].host_name, "eth0");
	CHECK_STR(l->net_devices[0].name, "c0");
	CHECK(!l->net_devices[1].name);
	CHECK_STR(l->cgroups_path, "/cg");
	CHECK_INT(l->rootfs_propagation, MS_SLAVE | MS_REC);
	CHECK_STR(l->sysctl[0].name, "net.core.somaxconn");
	CHECK_STR(l->sysctl[0].value, "7");
	CHECK_STR(l->masked_paths[0], "/m");
	CHECK_STR(l->readonly_paths[0], "/r");
	CHECK_STR(l->mount_label, "ml");
	CHECK_STR(l->intel_rdt->clos_id, "g");
	CHECK_STR(l->intel_rdt->schemata[0], "L3:0=f");
	CHECK_STR(l->intel_rdt->l3_cache_schema, "l");
	CHECK_STR(l->intel_rdt->mem_bw_schema, "m");
	CHECK(l->intel_rdt->enable_monitoring);
	CHECK_STR(l->memory_policy->mode, "MPOL_BIND");
	CHECK_STR(l->memory_policy->nodes, "0");
	CHECK_STR(l->memory_policy->flags[0], "MPOL_F_STATIC_NODES");
	CHECK_STR(l->personality->domain, "LINUX32");
	oci_spec_free(s);
}

static const char resources_text[] =
	"{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":0,"
	"\"access\":\"rw\"},{\"allow\":false}],"
	"\"memory\":{\"limit\":-1,\"reservation\":2,\"swap\":3,\"kernel\":4,"
	"\"kernelTCP\":5,\"swappiness\":0,\"disableOOMKiller\":true,"
	"\"useHierarchy\":true,\"checkBeforeUpdate\":true},"
	"\"cpu\":{\"shares\":1,\"quota\":-1,\"burst\":0,\"period\":3,"
	"\"realtimeRuntime\":4,\"realtimePeriod\":5,\"cpus\":\"0-1\","
	"\"mems\":\"0\",\"idle\":1},\"pids\":{\"limit\":9},"
	"\"blockIO\":{\"weight\":10,\"leafWeight\":11,\"weightDevice\":["
	"{\"major\":1,\"minor\":2,\"weight\":3,\"leafWeight\":4}],"
	"\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}],"
	"\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":2}],"
	"\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":3}],"
	"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":4}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}],"
	"\"network\":{\"classID\":7,\"priorities\":[{\"name\":\"eth0\","
	"\"priority\":8}]},\"rdma\":{\"mlx5\":{\"hcaHandles\":3,"
	"\"hcaObjects\":0}},\"unified\":{\"memory.high\":\"5\"}}";

TEST(resource_fields)
{
	struct arena *a = arena_new(0);
	struct cgroup_resources r;
	struct buf out = {0};

	CHECK_INT(json_decode(&cgroup_resources_json, &r, a, resources_text,
			      strlen(resources_text), &err),
		  0);
	CHECK_INT(r.n_devices, 2);
	CHECK(r.devices[0].allow && r.devices[0].major.v == 1);
	CHECK_STR(r.devices[0].type, "c");
	CHECK(r.devices[0].minor.set && r.devices[0].minor.v == 0);
	CHECK_STR(r.devices[0].access, "rw");
	CHECK(!r.devices[1].allow && !r.devices[1].major.set);
	CHECK(!r.devices[1].type && !r.devices[1].access);
	CHECK(r.memory.limit == -1 && r.memory.reservation == 2);
	CHECK(r.memory.swap == 3 && r.memory.kernel == 4);
	CHECK_INT(r.memory.kernel_tcp, 5);
	CHECK(r.memory.swappiness.set && r.memory.swappiness.v == 0);
	CHECK(r.memory.disable_oom_killer && r.memory.use_hierarchy);
	CHECK(r.memory.check_before_update);
	CHECK(r.cpu.shares == 1 && r.cpu.quota == -1 && r.cpu.period == 3);
	CHECK(r.cpu.burst.set && r.cpu.burst.v == 0);
	CHECK(r.cpu.realtime_runtime == 4 && r.cpu.realtime_period == 5);
	CHECK_STR(r.cpu.cpus, "0-1");
	CHECK_STR(r.cpu.mems, "0");
	CHECK(r.cpu.idle.set && r.cpu.idle.v == 1);
	CHECK_INT(r.pids.limit, 9);
	CHECK(r.block_io.weight == 10 && r.block_io.leaf_weight == 11);
	CHECK_INT(r.block_io.weight_device[0].leaf_weight, 4);
	CHECK_INT(r.block_io.throttle_read_bps_device[0].rate, 1);
	CHECK_INT(r.block_io.throttle_write_bps_device[0].rate, 2);
	CHECK_INT(r.block_io.throttle_read_iops_device[0].rate, 3);
	CHECK_INT(r.block_io.throttle_write_iops_device[0].rate, 4);
	CHECK_STR(r.hugepage_limits[0].page_size, "2MB");
	CHECK_INT(r.network.class_id, 7);
	CHECK_STR(r.network.priorities[0].name, "eth0");
	CHECK_INT(r.network.priorities[0].priority, 8);
	CHECK_STR(r.rdma[0].name, "mlx5");
	CHECK(r.rdma[0].hca_handles.v == 3 && r.rdma[0].hca_objects.set);
	CHECK_STR(r.unified[0].file, "memory.high");
	CHECK_STR(r.unified[0].value, "5");
	json_encode(&cgroup_resources_json, &r, NULL, &out);
	CHECK_STR(out.data, resources_text);
	buf_free(&out);
	arena_free(a);
}

TEST(seccomp_fields)
{
	struct oci_spec *s = good(LINUX(
		"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
		"\"defaultErrnoRet\":0,\"architectures\":[\"SCMP_ARCH_X86_64\"],"
		"\"flags\":[],\"listenerPath\":\"/run/l\","
		"\"listenerMetadata\":\"md\",\"syscalls\":[{\"names\":"
		"[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ERRNO\","
		"\"errnoRet\":38,\"args\":[{\"index\":1,\"value\":2,"
		"\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}"));
	struct seccomp_profile *p = s->linux.seccomp;

	CHECK_STR(p->default_action, "SCMP_ACT_ERRNO");
	CHECK(p->default_errno_ret.set && p->default_errno_ret.v == 0);
	CHECK_STR(p->architectures[0], "SCMP_ARCH_X86_64");
	CHECK(p->flags && !p->flags[0]);
	CHECK_STR(p->listener_path, "/run/l");
	CHECK_STR(p->listener_metadata, "md");
	CHECK_INT(p->n_syscalls, 2);
	CHECK_STR(p->syscalls[0].names[1], "write");
	CHECK_STR(p->syscalls[0].action, "SCMP_ACT_ALLOW");
	CHECK(!p->syscalls[0].errno_ret.set);
	CHECK_INT(p->syscalls[1].errno_ret.v, 38);
	CHECK_INT(p->syscalls[1].n_args, 1);
	CHECK_INT(p->syscalls[1].args[0].index, 1);
	CHECK_INT(p->syscalls[1].args[0].value, 2);
	CHECK_INT(p->syscalls[1].args[0].value_two, 3);
	CHECK_STR(p->syscalls[1].args[0].op, "SCMP_CMP_MASKED_EQ");
	oci_spec_free(s);
}

/* ---------------------------------------------------------- what is refused -- */

TEST(types_are_refused)
{
	REFUSED(PROCESS("\"capabilities\":{\"bounding\":[\"CAP_KILL\","
			"\"CAP_FOO\"]}"),
		"process.capabilities.bounding[1]: unknown capability "
		"\"CAP_FOO\"");
	REFUSED(TOP("\"mounts\":[{\"destination\":3}]"),
		"mounts[0].destination: expected a string, found a number");
	REFUSED(TOP("\"mounts\":[{\"type\":\"x\"}]"),
		"mounts[0].destination: missing");
	REFUSED(LINUX("\"namespaces\":[{\"type\":\"foo\"}]"),
		"linux.namespaces[0].type: unknown namespace type \"foo\"");
	REFUSED(LINUX("\"rootfsPropagation\":\"up\""),
		"linux.rootfsPropagation: unknown propagation \"up\"");
	REFUSED(LINUX("\"devices\":[{\"path\":\"/x\",\"type\":\"q\"}]"),
		"linux.devices[0].type: unknown device type \"q\"");
	REFUSED(PROCESS("\"user\":{\"uid\":-1}"),
		"process.user.uid: -1 is out of range (0 to 4294967295)");
	REFUSED("{}", "ociVersion: missing");
	REFUSED("{\"ociVersion\":\"1.0.0\"", "line 1, column 22: expected "
					     "',' or '}'");
}

TEST(versions)
{
	static const char *const ok[] = {"1.0.0", "1.0.2-dev", "1.3.0", "1.9"};
	static const char *const bad[] = {"2.0.0", "0.9.0", "1", "1.", "",
					  "v1.0.0", "1.x"};
	char text[256], why[128];

	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++) {
		snprintf(text, sizeof(text), TOP("\"ociVersion\":\"%s\""),
			 ok[i]);
		oci_spec_free(good(text));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), TOP("\"ociVersion\":\"%s\""),
			 bad[i]);
		snprintf(why, sizeof(why),
			 "ociVersion: \"%s\" is not supported, only 1.0.0 to "
			 "1.3.0", bad[i]);
		REFUSED(text, why);
	}
}

TEST(process_is_validated)
{
	REFUSED(TOP("\"process\":null"), "process: missing");
	REFUSED(TOP("\"root\":{}"), "root.path: missing or empty");
	REFUSED(PROCESS("\"args\":[]"), "process.args: missing or empty");
	REFUSED(PROCESS("\"cwd\":\"\""), "process.cwd: missing or empty");
	REFUSED(PROCESS("\"cwd\":\"a\""),
		"process.cwd: \"a\" is not absolute");
	REFUSED(PROCESS("\"env\":[\"A=1\",\"B\"]"),
		"process.env[1]: \"B\" is not NAME=value");
	REFUSED(PROCESS("\"env\":[\"=1\"]"),
		"process.env[0]: \"=1\" is not NAME=value");
	REFUSED(PROCESS("\"user\":{\"uid\":4294967295}"),
		"process.user.uid: 4294967295 is no user");
	REFUSED(PROCESS("\"user\":{\"gid\":4294967295}"),
		"process.user.gid: 4294967295 is no group");
	REFUSED(PROCESS("\"user\":{\"additionalGids\":[0,4294967295]}"),
		"process.user.additionalGids[1]: 4294967295 is no group");
	REFUSED(PROCESS("\"user\":{\"umask\":512}"),
		"process.user.umask: 01000 has more than permission bits");
	REFUSED(PROCESS("\"oomScoreAdj\":1001"),
		"process.oomScoreAdj: 1001 is out of range (-1000 to 1000)");
	CHECK(!parse(PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_FOO\","
			     "\"hard\":1,\"soft\":1}]")));
	CHECK(str_after(err.msg, "process.rlimits[0].type: "));
	CHECK(!parse(PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\","
			     "\"hard\":1,\"soft\":2}]")));
	CHECK(str_after(err.msg, "process.rlimits[0].soft: "));
	CHECK(!parse(PROCESS("\"scheduler\":{\"policy\":\"SCHED_FOO\"}")));
	CHECK(str_after(err.msg, "process.scheduler.policy: "));
	CHECK(!parse(PROCESS("\"ioPriority\":{\"class\":\"FOO\"}")));
	CHECK(str_after(err.msg, "process.ioPriority.class: "));
}

TEST(a_process_alone_has_short_paths)
{
	struct oci_process p = {.args = (char *[]){(char[]){"a"}, NULL}};

	CHECK_INT(oci_process_validate(&p, "", &err), -EINVAL);
	CHECK_STR(err.msg, "cwd: missing or empty");
	p.cwd = (char[]){"/"};
	CHECK_INT(oci_process_validate(&p, "", &err), 0);
	p.rlimits = &(struct posix_rlimit){.type = (char[]){"RLIMIT_FOO"}};
	p.n_rlimits = 1;
	CHECK_INT(oci_process_validate(&p, "", &err), -EINVAL);
	CHECK(str_after(err.msg, "rlimits[0].type: "));
}

TEST(namespaces_are_validated)
{
	REFUSED(LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"),
		"linux.namespaces[1].type: \"pid\" is there twice");
	REFUSED(LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"),
		"linux.namespaces[0].path: \"x\" is not absolute");
#define NONE(top, lin) DOC("", ",\"namespaces\":[]" lin, top)
	REFUSED(NONE(",\"hostname\":\"x\"", ""),
		"hostname: needs a uts namespace in linux.namespaces");
	REFUSED(NONE(",\"domainname\":\"x\"", ""),
		"domainname: needs a uts namespace in linux.namespaces");
#define MAP "[{\"containerID\":0,\"hostID\":0,\"size\":1}]"
	REFUSED(NONE("", ",\"uidMappings\":" MAP ",\"gidMappings\":" MAP),
		"linux.uidMappings: needs a user namespace in "
		"linux.namespaces");
	REFUSED(LINUX("\"uidMappings\":" MAP),
		"linux.gidMappings: missing, the other mapping is there");
	REFUSED(NONE("", ",\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
		"linux.timeOffsets: needs a time namespace in "
		"linux.namespaces");
	REFUSED(NONE("", ",\"netDevices\":{\"eth0\":{}}"),
		"linux.netDevices: needs a network namespace in "
		"linux.namespaces");
	REFUSED(NONE("", ",\"maskedPaths\":[\"/x\"]"),
		"linux.maskedPaths: needs a mount namespace in "
		"linux.namespaces");
	REFUSED(NONE("", ",\"readonlyPaths\":[\"/x\"]"),
		"linux.readonlyPaths: needs a mount namespace in "
		"linux.namespaces");
	REFUSED(LINUX("\"timeOffsets\":{\"realtime\":{}}"),
		"linux.timeOffsets: unknown clock \"realtime\"");
	REFUSED(LINUX("\"timeOffsets\":{\"boottime\":{\"nanosecs\":"
		      "1000000000}}"),
		"linux.timeOffsets.boottime.nanosecs: 1000000000 is out of "
		"range (0 to 999999999)");
	oci_spec_free(good(NONE("", ",\"maskedPaths\":[]")));
}

TEST(sysctls_need_their_namespace)
{
	static const struct {
		const char *name, *type;
	} need[] = {
		{"kernel.shm_rmid_forced", "ipc"},  {"kernel.sem", "ipc"},
		{"kernel.msgmax", "ipc"},	    {"fs.mqueue.msg_max", "ipc"},
		{"net.ipv4.ip_forward", "network"}, {"kernel.domainname", "uts"},
		{"net/ipv4/ip_forward", "network"},
		{"net.ipv4.conf.eth0/1.forwarding", "network"},
		{"kernel/shmmax", "ipc"},
	};
	static const char *const host[] = {
		"kernel.panic", "vm.swappiness", "kernel.shmmaxx", "fs.mqueuex",
		"kernel/panic", "netx.a"};
	static const char *const never[] = {
		"", "net..x", "net.", ".net", "net/../kernel/panic", "net/./x",
		"net.ipv4.//.x"};
	char text[512], why[256];

	for (size_t i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"),
			 need[i].name);
		oci_spec_free(good(text));
		snprintf(text, sizeof(text),
			 NONE("", ",\"sysctl\":{\"%s\":\"1\"}"), need[i].name);
		snprintf(why, sizeof(why),
			 "linux.sysctl[\"%s\"]: needs a %s namespace in "
			 "linux.namespaces", need[i].name, need[i].type);
		REFUSED(text, why);
	}
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"),
			 host[i]);
		snprintf(why, sizeof(why), "linux.sysctl[\"%s\"]: belongs to "
			 "the host, not to a namespace", host[i]);
		REFUSED(text, why);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"),
			 never[i]);
		snprintf(why, sizeof(why), "linux.sysctl[\"%s\"]: no such "
			 "setting", never[i]);
		REFUSED(text, why);
	}
	REFUSED(LINUX("\"sysctl\":{\"kernel.hostname\":\"x\"}"),
		"linux.sysctl[\"kernel.hostname\"]: use hostname");
}

TEST(the_rest_is_validated)
{
	REFUSED(TOP("\"mounts\":[{\"destination\":\"\"}]"),
		"mounts[0].destination: empty");
	REFUSED(TOP("\"mounts\":[{\"destination\":\"/\",\"uidMappings\":" MAP
		    "}]"),
		"mounts[0].gidMappings: missing, the mount has the other "
		"mapping");
	REFUSED(TOP("\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}"),
		"hooks.poststop[0].path: \"x\" is not absolute");
	REFUSED(TOP("\"hooks\":{\"prestart\":[{\"path\":\"/x\","
		    "\"timeout\":0}]}"),
		"hooks.prestart[0].timeout: 0 is no number of seconds above "
		"zero");
	REFUSED(TOP("\"hooks\":{\"prestart\":[{\"path\":\"/x\","
		    "\"env\":[\"a\"]}]}"),
		"hooks.prestart[0].env[0]: \"a\" is not NAME=value");
	REFUSED(TOP("\"annotations\":{\"\":\"x\"}"),
		"annotations: a key is empty");
	REFUSED(LINUX("\"devices\":[{\"path\":\"x\",\"type\":\"c\"}]"),
		"linux.devices[0].path: \"x\" is not absolute");
	REFUSED(LINUX("\"devices\":[{\"path\":\"/x\",\"type\":\"c\","
		      "\"major\":4096}]"),
		"linux.devices[0]: no device has the number 4096:0");
	REFUSED(LINUX("\"devices\":[{\"path\":\"/x\",\"type\":\"p\","
		      "\"fileMode\":65536}]"),
		"linux.devices[0].fileMode: 0200000 has more than permission "
		"bits");
	REFUSED(LINUX("\"netDevices\":{\"a\":{\"name\":\"b\"},\"b\":{}}"),
		"linux.netDevices[\"b\"]: another device is called \"b\", "
		"too");
	REFUSED(LINUX("\"intelRdt\":{\"closID\":\"..\"}"),
		"linux.intelRdt.closID: \"..\" is no name of a group");
	REFUSED(LINUX("\"resources\":{\"devices\":[{\"allow\":true,"
		      "\"type\":\"x\"}]}"),
		"linux.resources.devices[0].type: unknown device type \"x\"");
	REFUSED(LINUX("\"resources\":{\"devices\":[{\"allow\":true,"
		      "\"access\":\"rx\"}]}"),
		"linux.resources.devices[0].access: \"rx\" is not made of r, "
		"w and m");
	REFUSED(LINUX("\"resources\":{\"unified\":{\"../x\":\"1\"}}"),
		"linux.resources.unified[\"../x\"]: not a file name");
	CHECK(!parse(LINUX("\"personality\":{\"domain\":\"X\"}")));
	CHECK(str_after(err.msg, "linux.personality.domain: "));
	CHECK(!parse(LINUX("\"memoryPolicy\":{\"mode\":\"X\"}")));
	CHECK(str_after(err.msg, "linux.memoryPolicy.mode: "));
	CHECK(!parse(LINUX("\"seccomp\":{\"defaultAction\":\"X\"}")));
	CHECK(str_after(err.msg, "linux.seccomp.defaultAction: "));
}

TEST(ids)
{
	char name[300];

	CHECK(oci_id_valid("a") && oci_id_valid("A-b_c+d.e9"));
	CHECK(oci_id_valid("..."));
	CHECK(!oci_id_valid("") && !oci_id_valid(NULL));
	CHECK(!oci_id_valid(".") && !oci_id_valid(".."));
	CHECK(!oci_id_valid("a/b") && !oci_id_valid("../a"));
	CHECK(!oci_id_valid("a b") && !oci_id_valid("a\n"));
	CHECK(!oci_id_valid("\xc3\xa9"));
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	CHECK(oci_id_valid(name));
	name[255] = 'a';
	name[256] = '\0';
	CHECK(!oci_id_valid(name));
}

/* --------------------------------------------------------------- documents -- */

/* Encode, decode, encode: twice the same text. */
static void round_trip(const struct oci_spec *spec)
{
	struct buf one = {0}, two = {0};
	struct oci_spec *again;

	json_encode(&oci_spec_json, spec, NULL, &one);
	again = good(one.data);
	json_encode(&oci_spec_json, again, NULL, &two);
	CHECK_STR(two.data, one.data);
	oci_spec_free(again);
	buf_free(&one);
	buf_free(&two);
}

TEST(the_default_document_is_valid)
{
	struct buf text = {0};
	struct oci_spec *s;

	oci_spec_write_default(&text, false, 0, 0);
	s = good(text.data);
	CHECK_STR(s->oci_version, OCI_VERSION);
	CHECK_STR(s->process->args[0], "sh");
	CHECK(s->process->terminal && s->process->no_new_privileges);
	CHECK_INT(s->process->capabilities->bounding,
		  1 << 5 | 1 << 10 | 1 << 29);
	CHECK_INT(s->n_mounts, 7);
	CHECK_INT(s->linux.n_namespaces, 5);
	CHECK_INT(s->linux.resources.n_devices, 1);
	CHECK_INT(strv_len(s->linux.masked_paths), 10);
	CHECK_INT(strv_len(s->linux.readonly_paths), 5);
	round_trip(s);
	oci_spec_free(s);
	buf_free(&text);
}

TEST(the_rootless_document_is_valid)
{
	struct buf text = {0};
	struct oci_spec *s;

	oci_spec_write_default(&text, true, 1000, 100);
	s = good(text.data);
	CHECK(oci_has_namespace(&s->linux, CLONE_NEWUSER));
	CHECK(!oci_has_namespace(&s->linux, CLONE_NEWNET));
	CHECK_INT(s->linux.uid_mappings[0].host_id, 1000);
	CHECK_INT(s->linux.gid_mappings[0].host_id, 100);
	CHECK_INT(s->linux.resources.n_devices, 0);
	CHECK_STR(s->mounts[5].type, "none");
	CHECK(!strv_has(s->mounts[2].options, "gid=5"));
	round_trip(s);
	oci_spec_free(s);
	buf_free(&text);
}

TEST(dockers_document_is_valid)
{
	struct oci_spec *s = NULL;

	if (oci_spec_load(&s, AT_FDCWD, TEST_DATA "/docker-config.json",
			  &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK_INT(s->linux.seccomp->n_syscalls, 13);
	CHECK(strv_len(s->linux.seccomp->syscalls[0].names) > 300);
	CHECK_INT(s->n_mounts, 10);
	CHECK_STR(s->hooks.prestart[0].args[0], "libnetwork-setkey");
	round_trip(s);
	oci_spec_free(s);
}

TEST(files_that_are_none)
{
	struct oci_spec *s = NULL;
	const char *dir = test_tmpdir();
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file;

	CHECK_INT(oci_spec_load(&s, fd, "config.json", &err), -ENOENT);
	CHECK_STR(err.msg, "open config.json: No such file or directory");
	CHECK(mkdirat(fd, "d", 0700) == 0);
	CHECK_INT(oci_spec_load(&s, fd, "d", &err), -EINVAL);
	CHECK_STR(err.msg, "d: not a regular file");
	CHECK(mkfifoat(fd, "fifo", 0600) == 0);
	CHECK_INT(oci_spec_load(&s, fd, "fifo", &err), -EINVAL);
	file = openat(fd, "empty", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(oci_spec_load(&s, fd, "empty", &err), -EINVAL);
	CHECK_STR(err.msg, "empty: line 1, column 1: the text ends too early");
	CHECK(!s);
	close(file);
	close(fd);
}

TEST(the_state_document)
{
	static const char text[] =
		"{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"status\":"
		"\"running\",\"pid\":42,\"bundle\":\"/b\",\"annotations\":"
		"{\"k\":\"v\"}}";
	struct arena *a = arena_new(0);
	struct oci_state state;
	struct buf out = {0};

	CHECK_INT(json_decode(&oci_state_json, &state, a, text, strlen(text),
			      &err), 0);
	CHECK_STR(state.status, "running");
	CHECK_INT(state.pid, 42);
	CHECK_STR(state.annotations[0].value, "v");
	json_encode(&oci_state_json, &state, NULL, &out);
	CHECK_STR(out.data, text);
	buf_free(&out);
	arena_free(a);
}

TEST(the_features_document)
{
	struct buf out = {0};

	oci_features_write(&out);
	CHECK_INT(json_check(out.data, out.len, &err), 0);
	CHECK(strstr(out.data, "\"ociVersionMax\": \"" OCI_VERSION "\""));
	CHECK(strstr(out.data, "\"CAP_CHECKPOINT_RESTORE\""));
	CHECK(strstr(out.data, "\"systemd\": false"));
	CHECK(strstr(out.data, "\"tmpcopyup\""));
	CHECK(strstr(out.data, "\"SCMP_ACT_NOTIFY\""));
	CHECK(strstr(out.data, "\"SECCOMP_FILTER_FLAG_LOG\""));
	CHECK(strstr(out.data, "\"MPOL_INTERLEAVE\""));
	CHECK(strstr(out.data, "\"potentiallyUnsafeConfigAnnotations\""));
	buf_free(&out);
}
