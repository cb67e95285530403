/* What config.json may not say, and with which words it is refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "oci_doc.h"
#include "test.h"

static void refused(int line, const char *text, const char *why)
{
	struct oci_spec *spec = parse(text);

	if (spec)
		test_fail(__FILE__, line, "accepted, not: %s", why);
	if (!str_eq(err.msg, why))
		test_fail(__FILE__, line, "\"%s\", not \"%s\"", err.msg, why);
}

#define REFUSED(text, why) refused(__LINE__, text, why)

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
	static const char *const bad[] = {"2.0.0", "0.9.0",  "1",  "1.",
					  "",      "v1.0.0", "1.x"};
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
			 "1.3.0",
			 bad[i]);
		REFUSED(text, why);
	}
}

TEST(process_is_validated)
{
	REFUSED(TOP("\"process\":null"), "process: missing");
	REFUSED(TOP("\"root\":{}"), "root.path: missing or empty");
	REFUSED(PROCESS("\"args\":[]"), "process.args: missing or empty");
	REFUSED(PROCESS("\"cwd\":\"\""), "process.cwd: missing or empty");
	REFUSED(PROCESS("\"cwd\":\"a\""), "process.cwd: \"a\" is not absolute");
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
		{"kernel.shm_rmid_forced", "ipc"},
		{"kernel.sem", "ipc"},
		{"kernel.msgmax", "ipc"},
		{"fs.mqueue.msg_max", "ipc"},
		{"net.ipv4.ip_forward", "network"},
		{"kernel.domainname", "uts"},
		{"net/ipv4/ip_forward", "network"},
		{"net.ipv4.conf.eth0/1.forwarding", "network"},
		{"kernel/shmmax", "ipc"},
	};
	static const char *const host[] = {"kernel.panic",   "vm.swappiness",
					   "kernel.shmmaxx", "fs.mqueuex",
					   "kernel/panic",   "netx.a"};
	static const char *const never[] = {"",
					    "net..x",
					    "net.",
					    ".net",
					    "net/../kernel/panic",
					    "net/./x",
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
			 "linux.namespaces",
			 need[i].name, need[i].type);
		REFUSED(text, why);
	}
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"),
			 host[i]);
		snprintf(why, sizeof(why),
			 "linux.sysctl[\"%s\"]: belongs to "
			 "the host, not to a namespace",
			 host[i]);
		REFUSED(text, why);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":\"1\"}"),
			 never[i]);
		snprintf(why, sizeof(why),
			 "linux.sysctl[\"%s\"]: no such "
			 "setting",
			 never[i]);
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
