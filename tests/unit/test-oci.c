/* config.json, field by field: what is decoded, and that what we write we
 * can read. */
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
#include "oci_doc.h"
#include "test.h"

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
		"\"hooks\":{" HOOK("createRuntime") "," HOOK("createContainer") "," HOOK("startContainer") "," HOOK(
			"poststart") "," HOOK("poststop") ",\"prestart\":[{\"path\":\"/p\",\"args\":"
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

/* ------------------------------------------------------------ documents -- */

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

	if (oci_spec_load(&s, AT_FDCWD, TEST_DATA "/docker-config.json", &err) <
	    0)
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
			      &err),
		  0);
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
