/* Against trees of plain files: what is written where, on layouts that this
 * host may not have.  test-cgroup-host.c asks the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/cgroup_internal.h"
#include "test.h"

static struct err err;

/* ------------------------------------------------------ a tree of files -- */

static const char *at(const char *path)
{
	static char full[4][512];
	static unsigned int next;
	char *p = full[next++ % 4];

	snprintf(p, sizeof(full[0]), "%s/%s", test_tmpdir(), path);
	return p;
}

static void make_dir(const char *path)
{
	CHECK(mkdir(at(path), 0755) == 0 || errno == EEXIST);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(at(path), "w");

	CHECK(f);
	fputs(text, f);
	fclose(f);
}

static const char *get(const char *path)
{
	static char text[2][4096];
	static unsigned int next;
	char *to = text[next++ % 2];
	FILE *f = fopen(at(path), "r");
	size_t n;

	if (!f)
		return NULL;
	n = fread(to, 1, sizeof(text[0]) - 1, f);
	to[n] = '\0';
	fclose(f);
	return to;
}

/* Empty files below `dir`, so that what is written is all they hold. */
static void put_empty(const char *dir, const char *files)
{
	_cleanup_free_ char *copy = xstrdup(files);
	char *rest = copy, *file;

	while ((file = strsep(&rest, " "))) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, file);

		put(path, "");
	}
}

static struct cgroup_view view;

static void look(enum cgroup_mode mode, const char *proc, const char *mounts)
{
	static char paths[3][512];

	snprintf(paths[0], sizeof(paths[0]), "%s/fs", test_tmpdir());
	snprintf(paths[1], sizeof(paths[1]), "%s/proc_cgroup", test_tmpdir());
	snprintf(paths[2], sizeof(paths[2]), "%s/mountinfo", test_tmpdir());
	put("proc_cgroup", proc);
	put("mountinfo", mounts);
	view = (struct cgroup_view){
		.root = paths[0],
		.proc_cgroup = paths[1],
		.mountinfo = paths[2],
		.mode = mode,
	};
	make_dir("fs");
	cgroup_look_at(&view);
}

#define V2_FILES                                                              \
	"cgroup.procs cpu.weight cpu.max cpu.max.burst cpu.idle cpuset.cpus " \
	"cpuset.mems memory.max memory.swap.max memory.low pids.max io.max "  \
	"io.weight hugetlb.2MB.max hugetlb.2MB.rsvd.max rdma.max misc.max "   \
	"memory.high"
#define ALL_V2 "cpuset cpu io memory hugetlb pids rdma misc"

static struct cgroup *v2_cgroup(void)
{
	const struct cgroup_request req = {.path = "/c", .id = "id"};
	struct cgroup *cg;

	look(CGROUP_V2, "0::/\n", "");
	make_dir("fs/c");
	put("fs/cgroup.controllers", ALL_V2 "\n");
	put("fs/cgroup.subtree_control", ALL_V2 "\n");
	put("fs/c/cgroup.controllers", ALL_V2 "\n");
	put("fs/c/cgroup.freeze", "0\n");
	put_empty("fs/c", V2_FILES);
	if (cgroup_create(&cg, &req, &err) < 0)
		test_fail(__FILE__, __LINE__, "create: %s", err.msg);
	return cg;
}

static const char *const v1_hierarchies[] = {
	"cpu,cpuacct", "memory",  "cpuset",  "pids",    "blkio",
	"devices",     "freezer", "hugetlb", "net_cls", "net_prio"};
#define V1_PROC                                               \
	"9:cpu,cpuacct:/\n8:memory:/\n7:cpuset:/\n6:pids:/\n" \
	"5:blkio:/\n4:devices:/\n3:freezer:/\n2:hugetlb:/\n"  \
	"11:net_cls:/\n10:net_prio:/\n0::/\n"

static struct cgroup *v1_cgroup(void)
{
	const struct cgroup_request req = {.path = "/c", .id = "id"};
	struct cgroup *cg;

	look(CGROUP_V1, V1_PROC, "");
	for (size_t i = 0; i < ARRAY_SIZE(v1_hierarchies); i++) {
		_cleanup_free_ char *top =
			xasprintf("fs/%s", v1_hierarchies[i]);
		_cleanup_free_ char *dir = xasprintf("%s/c", top);

		make_dir(top);
		make_dir(dir);
		put_empty(dir, "tasks cgroup.procs");
	}
	put("fs/cpuset/cpuset.cpus", "0-7\n");
	put("fs/cpuset/cpuset.mems", "0\n");
	put("fs/freezer/c/freezer.state", "THAWED\n");
	put_empty("fs/cpuset/c", "cpuset.cpus cpuset.mems");
	put_empty("fs/cpu,cpuacct/c",
		  "cpu.shares cpu.cfs_quota_us cpu.cfs_period_us "
		  "cpu.cfs_burst_us cpu.rt_runtime_us cpu.rt_period_us "
		  "cpu.idle");
	put_empty("fs/memory/c",
		  "memory.limit_in_bytes memory.memsw.limit_in_bytes "
		  "memory.soft_limit_in_bytes memory.kmem.tcp.limit_in_bytes "
		  "memory.swappiness memory.oom_control memory.use_hierarchy "
		  "memory.kmem.limit_in_bytes");
	put_empty("fs/pids/c", "pids.max");
	put_empty("fs/blkio/c",
		  "blkio.bfq.weight blkio.bfq.weight_device "
		  "blkio.leaf_weight blkio.throttle.read_bps_device "
		  "blkio.throttle.write_bps_device "
		  "blkio.throttle.read_iops_device "
		  "blkio.throttle.write_iops_device");
	put_empty("fs/hugetlb/c", "hugetlb.2MB.limit_in_bytes");
	put_empty("fs/net_cls/c", "net_cls.classid");
	put_empty("fs/net_prio/c", "net_prio.ifpriomap");
	if (cgroup_create(&cg, &req, &err) < 0)
		test_fail(__FILE__, __LINE__, "create: %s", err.msg);
	return cg;
}

#define APPLY(cg, ...)                                                       \
	do {                                                                 \
		const struct cgroup_resources res_ = {__VA_ARGS__};          \
		if (cgroup_apply(cg, &res_, &err) < 0)                       \
			test_fail(__FILE__, __LINE__, "apply: %s", err.msg); \
	} while (0)

#define REFUSED(cg, errno_, text, ...)                                      \
	do {                                                                \
		const struct cgroup_resources res_ = {__VA_ARGS__};         \
		CHECK_INT(cgroup_apply(cg, &res_, &err), -(errno_));        \
		if (!strstr(err.msg, text))                                 \
			test_fail(__FILE__, __LINE__, "says: %s", err.msg); \
	} while (0)

static struct cgroup_throttle_device disk = {8, 16, 1048576};
static struct cgroup_throttle_device unthrottled = {8, 16, 0};

/* ------------------------------------------------------------------- v2 -- */

TEST(v2_limits_go_to_their_files)
{
	struct cgroup_hugepage_limit huge = {"2MB", 4194304};
	struct cgroup_rdma rdma = {"mlx5_0", {3, true}, {10000, true}};
	struct cgroup_unified uni[] = {{"memory.high", "5000"},
				       {"misc.max", "res_a 1\nres_b 2"}};
	struct cgroup *cg = v2_cgroup();

	APPLY(cg,
	      .memory = {.limit = 1 << 30,
			 .swap = 3ll << 29,
			 .reservation = 1 << 20,
			 .kernel = 77},
	      .cpu = {.shares = 1024,
		      .quota = 50000,
		      .period = 200000,
		      .burst = {1000, true},
		      .cpus = "0-1",
		      .mems = "0"},
	      .pids = {100}, .hugepage_limits = &huge, .n_hugepage_limits = 1,
	      .rdma = &rdma, .n_rdma = 1, .unified = uni, .n_unified = 2);
	CHECK_STR(get("fs/c/memory.max"), "1073741824");
	CHECK_STR(get("fs/c/memory.swap.max"), "536870912");
	CHECK_STR(get("fs/c/memory.low"), "1048576");
	CHECK_STR(get("fs/c/cpu.weight"), "100");
	CHECK_STR(get("fs/c/cpu.max"), "50000 200000");
	CHECK_STR(get("fs/c/cpu.max.burst"), "1000");
	CHECK_STR(get("fs/c/cpu.idle"), "");
	CHECK_STR(get("fs/c/cpuset.cpus"), "0-1");
	CHECK_STR(get("fs/c/cpuset.mems"), "0");
	CHECK_STR(get("fs/c/pids.max"), "100");
	CHECK_STR(get("fs/c/hugetlb.2MB.max"), "4194304");
	CHECK_STR(get("fs/c/hugetlb.2MB.rsvd.max"), "4194304");
	CHECK_STR(get("fs/c/rdma.max"), "mlx5_0 hca_handle=3 hca_object=10000");
	CHECK_STR(get("fs/c/memory.high"), "5000");
	/* One write for each line; a plain file keeps the last. */
	CHECK_STR(get("fs/c/misc.max"), "res_b 2");
	cgroup_free(cg);
}

TEST(v2_io_limits)
{
	struct cgroup_weight_device weight = {.major = 8, .weight = 1000};
	struct cgroup *cg = v2_cgroup();

	APPLY(cg, .block_io = {.weight = 500});
	CHECK_STR(get("fs/c/io.weight"), "4950");
	put("fs/c/io.weight", "");
	APPLY(cg, .block_io = {.weight_device = &weight, .n_weight_device = 1});
	CHECK_STR(get("fs/c/io.weight"), "8:0 10000");
	APPLY(cg, .block_io = {.throttle_read_bps_device = &disk,
			       .n_throttle_read_bps_device = 1});
	CHECK_STR(get("fs/c/io.max"), "8:16 rbps=1048576");
	put("fs/c/io.max", "");
	APPLY(cg, .block_io = {.throttle_write_bps_device = &disk,
			       .n_throttle_write_bps_device = 1});
	CHECK_STR(get("fs/c/io.max"), "8:16 wbps=1048576");
	put("fs/c/io.max", "");
	APPLY(cg, .block_io = {.throttle_read_iops_device = &disk,
			       .n_throttle_read_iops_device = 1});
	CHECK_STR(get("fs/c/io.max"), "8:16 riops=1048576");
	put("fs/c/io.max", "");
	APPLY(cg, .block_io = {.throttle_write_iops_device = &unthrottled,
			       .n_throttle_write_iops_device = 1});
	CHECK_STR(get("fs/c/io.max"), "8:16 wiops=max");
	/* BFQ's file takes the number as it is. */
	put("fs/c/io.bfq.weight", "");
	APPLY(cg, .block_io = {.weight = 500});
	CHECK_STR(get("fs/c/io.bfq.weight"), "500");
	cgroup_free(cg);
}

TEST(v2_no_limit_is_max)
{
	struct cgroup *cg = v2_cgroup();

	APPLY(cg, .memory = {.limit = -1}, .pids = {-1},
	      .cpu = {.quota = -1, .period = 100000, .idle = {1, true}});
	CHECK_STR(get("fs/c/memory.max"), "max");
	CHECK_STR(get("fs/c/memory.swap.max"), "max");
	CHECK_STR(get("fs/c/pids.max"), "max");
	CHECK_STR(get("fs/c/cpu.max"), "max 100000");
	CHECK_STR(get("fs/c/cpu.idle"), "1");
	cgroup_free(cg);
}

TEST(v2_partial_update_keeps_the_rest)
{
	struct cgroup *cg = v2_cgroup();

	put("fs/c/cpu.max", "30000 100000\n");
	APPLY(cg, .cpu = {.period = 2000000});
	CHECK_STR(get("fs/c/cpu.max"), "30000 2000000");
	put("fs/c/cpu.max", "");
	APPLY(cg, .cpu = {.quota = 20000});
	CHECK_STR(get("fs/c/cpu.max"), "20000");
	CHECK_STR(get("fs/c/memory.max"), "");
	cgroup_free(cg);
}

TEST(zeros_mean_unset)
{
	struct cgroup *cg = v2_cgroup();

	APPLY(cg, .cpu = {.cpus = "", .mems = ""});
	CHECK_STR(get("fs/c/memory.max"), "");
	CHECK_STR(get("fs/c/pids.max"), "");
	CHECK_STR(get("fs/c/cpu.max"), "");
	CHECK_STR(get("fs/c/cpu.weight"), "");
	CHECK_STR(get("fs/c/cpuset.cpus"), "");
	cgroup_free(cg);
}

TEST(v2_refuses_what_it_cannot_honour)
{
	struct cgroup_hugepage_limit huge = {"../x", 1};
	struct cgroup_unified evil = {"../memory.max", "1"};
	struct cgroup *cg = v2_cgroup();

	REFUSED(cg, ENOTSUP, "memory.swappiness",
		.memory.swappiness.set = true);
	REFUSED(cg, ENOTSUP, "memory.kernelTCP", .memory.kernel_tcp = 1);
	REFUSED(cg, ENOTSUP, "disableOOMKiller",
		.memory.disable_oom_killer = true);
	REFUSED(cg, ENOTSUP, "realtime", .cpu.realtime_runtime = 1);
	REFUSED(cg, ENOTSUP, "network", .network.class_id = 1);
	REFUSED(cg, ENOTSUP, "leafWeight", .block_io.leaf_weight = 10);
	REFUSED(cg, EINVAL, "memory.limit must be given", .memory.swap = 4096);
	REFUSED(cg, EINVAL, "cannot be below memory.limit",
		.memory = {.limit = 8192, .swap = 4096});
	REFUSED(cg, EINVAL, "\"../x\"", .hugepage_limits = &huge,
		.n_hugepage_limits = 1);
	REFUSED(cg, EINVAL, "unified[\"../memory.max\"]", .unified = &evil,
		.n_unified = 1);
	unlink(at("fs/c/pids.max"));
	REFUSED(cg, ENOTSUP, "/c/pids.max", .pids = {1});
	cgroup_free(cg);
}

TEST(v2_check_before_update)
{
	struct cgroup *cg = v2_cgroup();

	put("fs/c/memory.current", "1258291\n");
	REFUSED(cg, EINVAL,
		"memory.limit: 4096 is below the current usage of "
		"1.2 MiB",
		.memory = {.limit = 4096, .check_before_update = true});
	CHECK_STR(get("fs/c/memory.max"), "");
	APPLY(cg, .memory = {.limit = 4096});
	CHECK_STR(get("fs/c/memory.max"), "4096");
	cgroup_free(cg);
}

TEST(v2_swap_that_is_not_accounted_needs_no_limit)
{
	struct cgroup *cg = v2_cgroup();

	unlink(at("fs/c/memory.swap.max"));
	APPLY(cg, .memory = {.limit = 4096, .swap = 4096});
	APPLY(cg, .memory = {.limit = 4096, .swap = -1});
	REFUSED(cg, ENOTSUP, "memory.swap.max",
		.memory = {.limit = 4096, .swap = 8192});
	cgroup_free(cg);
}

TEST(v2_controllers_are_handed_down)
{
	const struct cgroup_resources res = {.memory.limit = 1};
	struct cgroup_request req = {.path = "/p/c", .id = "id"};
	struct cgroup *cg;

	look(CGROUP_V2, "0::/\n", "");
	make_dir("fs/p");
	make_dir("fs/p/c");
	put("fs/cgroup.controllers", "cpu memory pids perf_event\n");
	put("fs/cgroup.subtree_control", "cpu\n");
	put("fs/p/cgroup.subtree_control", "\n");
	put("fs/p/c/cgroup.procs", "");
	put("fs/p/c/cgroup.controllers", "\n");
	CHECK(cgroup_create(&cg, &req, &err) == 0);
	/* Plain files: "+memory +pids" over "cpu\n". */
	CHECK_STR(get("fs/cgroup.subtree_control"), "+memory +pids");
	CHECK_STR(get("fs/p/cgroup.subtree_control"), "+cpu +memory +pids");
	cgroup_free(cg);

	/* The same, but the limit needs what does not arrive. */
	req.res = &res;
	unlink(at("fs/p/cgroup.subtree_control"));
	make_dir("fs/p/cgroup.subtree_control");
	CHECK(cgroup_create(&cg, &req, &err) < 0);
	CHECK(strstr(err.msg, "memory"));
	put("fs/cgroup.controllers", "cpu pids\n");
	CHECK_INT(cgroup_create(&cg, &req, &err), -ENOTSUP);
	CHECK(strstr(err.msg, "needs the controller memory"));
	CHECK(strstr(err.msg, "fs/cgroup.controllers"));
}

/* ------------------------------------------------------------------- v1 -- */

TEST(v1_limits_go_to_their_files)
{
	struct cgroup_hugepage_limit huge = {"2MB", 0};
	struct cgroup_if_priority prio = {"eth0", 5};
	struct cgroup *cg = v1_cgroup();

	APPLY(cg,
	      .memory = {.limit = 1 << 30,
			 .swap = 3ll << 29,
			 .reservation = 1 << 20,
			 .kernel = 77,
			 .kernel_tcp = 4096,
			 .swappiness = {0, true},
			 .disable_oom_killer = true,
			 .use_hierarchy = true},
	      .cpu = {.shares = 512,
		      .quota = 50000,
		      .period = 200000,
		      .burst = {1000, true},
		      .realtime_runtime = 10,
		      .realtime_period = 20,
		      .idle = {1, true}},
	      .pids = {-1}, .hugepage_limits = &huge, .n_hugepage_limits = 1,
	      .network = {0x100001, &prio, 1});
	CHECK_STR(get("fs/memory/c/memory.limit_in_bytes"), "1073741824");
	CHECK_STR(get("fs/memory/c/memory.memsw.limit_in_bytes"), "1610612736");
	CHECK_STR(get("fs/memory/c/memory.soft_limit_in_bytes"), "1048576");
	CHECK_STR(get("fs/memory/c/memory.kmem.tcp.limit_in_bytes"), "4096");
	CHECK_STR(get("fs/memory/c/memory.kmem.limit_in_bytes"), "");
	CHECK_STR(get("fs/memory/c/memory.swappiness"), "0");
	CHECK_STR(get("fs/memory/c/memory.oom_control"), "1");
	CHECK_STR(get("fs/memory/c/memory.use_hierarchy"), "1");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.shares"), "512");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.cfs_quota_us"), "50000");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.cfs_period_us"), "200000");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.cfs_burst_us"), "1000");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.rt_runtime_us"), "10");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.rt_period_us"), "20");
	CHECK_STR(get("fs/cpu,cpuacct/c/cpu.idle"), "1");
	CHECK_STR(get("fs/pids/c/pids.max"), "max");
	/* Kubernetes forbids huge pages with a limit of 0. */
	CHECK_STR(get("fs/hugetlb/c/hugetlb.2MB.limit_in_bytes"), "0");
	CHECK_STR(get("fs/net_cls/c/net_cls.classid"), "1048577");
	CHECK_STR(get("fs/net_prio/c/net_prio.ifpriomap"), "eth0 5");
	cgroup_free(cg);
}

TEST(v1_blkio_limits)
{
	struct cgroup_weight_device weight = {8, 16, 300, 0};
	struct cgroup *cg = v1_cgroup();

	APPLY(cg, .block_io = {.weight = 500,
			       .leaf_weight = 20,
			       .weight_device = &weight,
			       .n_weight_device = 1,
			       .throttle_read_bps_device = &disk,
			       .n_throttle_read_bps_device = 1,
			       .throttle_write_bps_device = &unthrottled,
			       .n_throttle_write_bps_device = 1,
			       .throttle_read_iops_device = &disk,
			       .n_throttle_read_iops_device = 1,
			       .throttle_write_iops_device = &disk,
			       .n_throttle_write_iops_device = 1});
	CHECK_STR(get("fs/blkio/c/blkio.bfq.weight"), "500");
	CHECK_STR(get("fs/blkio/c/blkio.leaf_weight"), "20");
	CHECK_STR(get("fs/blkio/c/blkio.bfq.weight_device"), "8:16 300");
	CHECK_STR(get("fs/blkio/c/blkio.throttle.read_bps_device"),
		  "8:16 1048576");
	CHECK_STR(get("fs/blkio/c/blkio.throttle.write_bps_device"), "8:16 0");
	CHECK_STR(get("fs/blkio/c/blkio.throttle.read_iops_device"),
		  "8:16 1048576");
	CHECK_STR(get("fs/blkio/c/blkio.throttle.write_iops_device"),
		  "8:16 1048576");
	/* The older scheduler's file wins where it exists. */
	put("fs/blkio/c/blkio.weight", "");
	APPLY(cg, .block_io = {.weight = 600});
	CHECK_STR(get("fs/blkio/c/blkio.weight"), "600");
	cgroup_free(cg);
}

TEST(v1_refuses_what_it_cannot_honour)
{
	struct cgroup_unified uni = {"memory.high", "1"};
	struct cgroup_rdma rdma = {"mlx", {1, true}, {0}};
	struct cgroup *cg = v1_cgroup();

	REFUSED(cg, ENOTSUP, "memory.high", .unified = &uni, .n_unified = 1);
	REFUSED(cg, ENOTSUP, "limits rdma", .rdma = &rdma, .n_rdma = 1);
	unlink(at("fs/memory/c/memory.memsw.limit_in_bytes"));
	APPLY(cg, .memory = {.limit = -1});
	APPLY(cg, .memory = {.limit = 4096, .swap = 4096});
	REFUSED(cg, ENOTSUP, "memory.swap",
		.memory = {.limit = 4096, .swap = 8192});
	cgroup_free(cg);
}

TEST(v1_cpuset_takes_after_its_parent)
{
	struct cgroup *cg = v1_cgroup();

	CHECK_STR(get("fs/cpuset/c/cpuset.cpus"), "0-7");
	CHECK_STR(get("fs/cpuset/c/cpuset.mems"), "0");
	cgroup_free(cg);
}

TEST(v1_devices_are_denied_then_allowed)
{
	const struct cgroup_device_rule rules[] = {
		{.allow = false, .access = "rwm"},
		{.allow = true,
		 .type = "c",
		 .major = {10, true},
		 .minor = {200, true},
		 .access = "rw"},
	};
	struct cgroup *cg = v1_cgroup();

	put_empty("fs/devices/c", "devices.allow devices.deny");
	CHECK(cgroup_apply_devices(cg, rules, 2, &err) == 0);
	/* "a" once, though the rules begin with it as well. */
	CHECK_STR(get("fs/devices/c/devices.deny"), "a");
	CHECK_STR(get("fs/devices/c/devices.allow"),
		  "c 10:200 rwc *:* mb *:* mc 1:3 rwmc 1:5 rwmc 1:7 rwm"
		  "c 1:8 rwmc 1:9 rwmc 5:0 rwmc 5:1 rwmc 5:2 rwmc 136:* rwm");
	cgroup_free(cg);
}

/* ---------------------------------------------------------------- paths -- */

TEST(paths_cannot_climb)
{
	static const char *const cases[][2] = {
		{"/a/b", "/a/b"},
		{"a//b/", "/a/b"},
		{"../../x", "/x"},
		{"/a/../../b", "/b"},
		{"a/./b/..", "/a"},
		{"/..", ""},
		{"a/..b/...", "/a/..b/..."},
		{"slice:prefix:name", "/slice:prefix:name"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = cgroup_path_clean(cases[i][0]);

		CHECK_STR(got, cases[i][1]);
	}
}

static const char *path_for(const char *path)
{
	const struct cgroup_request req = {.path = path, .id = "id"};
	const struct cgroup_layout *l;
	static char *dir;

	free(dir);
	dir = NULL;
	CHECK(cgroup_layout(&l, &err) == 0);
	if (cgroup_path_for(l, &l->v[0], &req, &dir, &err) < 0)
		return err.msg;
	return dir + strlen(test_tmpdir());
}

TEST(relative_paths_start_at_our_own_cgroup)
{
	look(CGROUP_V1, "1:memory:/user/shell\n", "");
	CHECK_STR(path_for("/abs"), "/fs/memory/abs");
	CHECK_STR(path_for("rel"), "/fs/memory/user/shell/rel");
	CHECK_STR(path_for(NULL), "/fs/memory/user/shell/id");
	CHECK_STR(path_for(""), "/fs/memory/user/shell/id");
	CHECK(strstr(path_for("/"), "root of the hierarchy"));
	look(CGROUP_V2, "0::/user/shell\n", "");
	CHECK_STR(path_for("/abs"), "/fs/abs");
	CHECK_STR(path_for("rel"), "/fs/user/rel");
	look(CGROUP_V2, "0::/\n", "");
	CHECK_STR(path_for("rel"), "/fs/rel");
	look(CGROUP_V2, "0::/../outside\n", "");
	CHECK(strstr(path_for("rel"), "outside of our cgroup namespace"));
}

TEST(mounts_in_unusual_places_are_found)
{
	const struct cgroup_layout *l;
	char mounts[2048];

	snprintf(mounts, sizeof(mounts),
		 "22 27 0:21 / /proc rw - proc proc rw\n"
		 "32 31 0:29 /docker/abc %s/fs/a\\040b rw,nosuid shared:9 "
		 "- cgroup cgroup rw,cpuacct,cpu\n"
		 "33 31 0:30 / %s/second rw - cgroup cgroup rw,cpuacct,cpu\n"
		 "34 31 0:31 / %s/fs/sd rw - cgroup cgroup "
		 "rw,xattr,name=systemd\n",
		 test_tmpdir(), test_tmpdir(), test_tmpdir());
	look(CGROUP_V1,
	     "4:cpu,cpuacct:/docker/abc/sub\n3:memory:/\n1:name=systemd:/\n",
	     mounts);
	CHECK(cgroup_layout(&l, &err) == 0);
	CHECK_INT(l->n, 3);
	CHECK(cgroup_layout_exact(&err) == 0);
	/* memory is mounted nowhere. */
	CHECK_INT(l->n, 2);
	CHECK_STR(l->v[0].name, "cpu,cpuacct");
	CHECK_STR(l->v[0].dir + strlen(test_tmpdir()), "/fs/a b");
	CHECK_STR(l->v[1].dir + strlen(test_tmpdir()), "/fs/sd");
	/* The mount shows /docker/abc, so we are at its "sub". */
	CHECK_STR(path_for("rel"), "/fs/a b/sub/rel");
	CHECK_STR(path_for("/abs"), "/fs/a b/abs");
}

TEST(no_cgroup_filesystem_is_said_so)
{
	struct cgroup_request req = {.id = "id"};
	const struct cgroup_resources res = {.pids.limit = 1};
	struct cgroup *cg;

	/* Neither tmpfs nor cgroup2 at the usual place, and no mount. */
	look(CGROUP_NONE, "1:memory:/\n0::/\n", "");
	view.root = "/proc";
	cgroup_look_at(&view);
	CHECK_INT(cgroup_mode(), CGROUP_NONE);
	CHECK_INT(cgroup_create(&cg, &req, &err), -ENOENT);
	CHECK(strstr(err.msg, "no cgroup filesystem is mounted"));
	req.best_effort = true;
	CHECK(cgroup_create(&cg, &req, &err) == 0);
	CHECK(cgroup_is_none(cg));
	CHECK_INT(cgroup_apply(cg, &res, &err), -ENOTSUP);
	CHECK(strstr(err.msg, "limits pids"));
	cgroup_free(cg);
}

TEST(managers)
{
	struct cgroup_request req = {.manager = CGROUP_SYSTEMD, .id = "id"};
	const struct cgroup_resources none = {0};
	const struct cgroup_device_rule deny = {.allow = false};
	struct cgroup *cg;
	char **saved;
	pid_t *pids;
	size_t n;

	CHECK_INT(cgroup_create(&cg, &req, &err), -ENOTSUP);
	CHECK_STR(err.msg, "--systemd-cgroup: not supported yet; use "
			   "--cgroup-manager cgroupfs");
	req.manager = CGROUP_DISABLED;
	CHECK(cgroup_create(&cg, &req, &err) == 0);
	CHECK(cgroup_is_none(cg));
	CHECK_INT(cgroup_clone_fd(cg), -1);
	CHECK(cgroup_enter(cg, false, &err) == 0);
	CHECK(cgroup_apply(cg, &none, &err) == 0);
	CHECK(cgroup_apply_devices(cg, &deny, 1, &err) == 0);
	CHECK(cgroup_procs(cg, &pids, &n, &err) == 0 && n == 0);
	CHECK(cgroup_kill(cg, 9, &err) == 0);
	CHECK(cgroup_destroy(cg, &err) == 0);
	CHECK_INT(cgroup_freeze(cg, &err), -ENOTSUP);
	saved = cgroup_save(cg);
	CHECK_INT(strv_len(saved), 0);
	strv_free(saved);
	cgroup_free(cg);
	cgroup_free(NULL);
}

/* ------------------------------------------------- life of a directory -- */

TEST(saved_paths_open_again)
{
	struct cgroup *cg = v1_cgroup(), *again;
	_cleanup_strv_ char **saved = cgroup_save(cg);
	char *bad[] = {(char *)"memory", NULL};
	char *climbs[] = {(char *)"memory=/sys/../etc", NULL};
	const char *named[] = {"name=systemd=/x/y", "unified=/u", NULL};
	const char *root[] = {"pids=/sys/fs/cgroup/pids", NULL};
	const char *root2[] = {"unified=/sys/fs/cgroup", NULL};
	const char *name, *dir;

	cgroup_free(cg);
	CHECK_INT(strv_len(saved), ARRAY_SIZE(v1_hierarchies));
	CHECK(cgroup_open(&again, saved, &err) == 0);
	CHECK_STR(cgroup_dir(again, "cpuacct"), at("fs/cpu,cpuacct/c"));
	CHECK(cgroup_dir(again, NULL) == NULL);
	cgroup_free(again);
	CHECK_INT(cgroup_open(&again, bad, &err), -EINVAL);
	CHECK_INT(cgroup_open(&again, climbs, &err), -EINVAL);
	CHECK_INT(cgroup_open(&again, (char **)root, &err), -EINVAL);
	CHECK_INT(cgroup_open(&again, (char **)root2, &err), -EINVAL);
	CHECK(strstr(err.msg, "/sys/fs/cgroup is the root of a hierarchy"));
	CHECK(cgroup_open(&again, (char **)named, &err) == 0);
	CHECK(cgroup_hierarchy(again, 0, &name, &dir));
	CHECK_STR(name, "name=systemd");
	CHECK_STR(dir, "/x/y");
	CHECK_STR(cgroup_dir(again, NULL), "/u");
	CHECK(!cgroup_hierarchy(again, 2, &name, &dir));
	cgroup_free(again);
}

TEST(a_cgroup_in_use_is_refused)
{
	const struct cgroup_request req = {.path = "/c", .id = "id"};
	struct cgroup *cg = v2_cgroup(), *second;

	/* The first has not been entered yet, so it is still locked. */
	CHECK_INT(cgroup_create(&second, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "being set up"));
	cgroup_entered(cg);
	put("fs/c/cgroup.procs", "4711\n4712\n");
	CHECK_INT(cgroup_create(&second, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "has 2 processes already (the first is 4711)"));
	put("fs/c/cgroup.procs", "");
	put("fs/c/cgroup.freeze", "1\n");
	CHECK_INT(cgroup_create(&second, &req, &err), -EBUSY);
	CHECK(strstr(err.msg, "is frozen"));
	/* And what others made was not removed on the way. */
	CHECK(access(at("fs/c"), F_OK) == 0);
	cgroup_free(cg);
}

/* A plain directory with files in it cannot be removed, as a cgroup with
 * processes cannot. */
TEST(destroy_gives_up_after_a_second)
{
	struct cgroup *cg = v2_cgroup();
	struct timespec a, b;
	double s;

	put("fs/c/cgroup.procs", "4711\n");
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK_INT(cgroup_destroy(cg, &err), -EBUSY);
	clock_gettime(CLOCK_MONOTONIC, &b);
	s = (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	CHECK(s > 0.4 && s < 3);
	CHECK(strstr(err.msg, "fs/c: 1 processes still live there, the first "
			      "is 4711"));
	cgroup_free(cg);
}

TEST(missing_directories_are_no_error_when_destroying)
{
	const char *saved[] = {"unified=/nonexistent/hull/c", NULL};
	struct cgroup_stats st;
	struct cgroup *cg;
	bool populated = true, frozen = true;
	pid_t *pids;
	size_t n;

	CHECK(cgroup_open(&cg, (char **)saved, &err) == 0);
	CHECK(cgroup_procs(cg, &pids, &n, &err) == 0 && n == 0);
	CHECK(cgroup_is_populated(cg, &populated, &err) == 0 && !populated);
	CHECK(cgroup_is_frozen(cg, &frozen, &err) == 0 && !frozen);
	CHECK(cgroup_kill(cg, 9, &err) == 0);
	CHECK(cgroup_stats(cg, &st, &err) == 0);
	CHECK(cgroup_destroy(cg, &err) == 0);
	cgroup_free(cg);
}

TEST(deep_trees_are_walked)
{
	static char deep[] = "/a-directory-with-a-long-name";
	_cleanup_buf_ struct buf b = {0};
	const char *saved[] = {NULL, NULL};
	struct cgroup *cg;
	int fd;

	make_dir("deep");
	fd = open(at("deep"), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 600; i++) {
		int next;

		CHECK(mkdirat(fd, deep + 1, 0755) == 0);
		CHECK(mkdirat(fd, "x", 0755) == 0);
		next = openat(fd, deep + 1, O_RDONLY | O_DIRECTORY);
		CHECK(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	buf_printf(&b, "unified=%s", at("deep"));
	saved[0] = b.data;
	CHECK(cgroup_open(&cg, (char **)saved, &err) == 0);
	if (cgroup_destroy(cg, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	CHECK(access(at("deep"), F_OK) < 0);
	cgroup_free(cg);
}

/* ---------------------------------------------------------- conversions -- */

TEST(shares_become_weights)
{
	static const uint64_t known[][2] = {
		{0, 0},          {1, 1},      {2, 1},      {4, 2},
		{8, 3},          {16, 5},     {100, 17},   {512, 59},
		{1024, 100},     {2048, 174}, {4096, 303}, {262144, 10000},
		{999999, 10000},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		CHECK_INT(cgroup_weight_from_shares(known[i][0]), known[i][1]);
	CHECK_INT(cgroup_io_weight(10), 1);
	CHECK_INT(cgroup_io_weight(100), 910);
	CHECK_INT(cgroup_io_weight(1000), 10000);
}

TEST(memory_plus_swap_becomes_swap)
{
	int64_t max;

	CHECK(cgroup_swap_max(100, 0, &max, &err) == 0 && max == INT64_MIN);
	CHECK(cgroup_swap_max(-1, 0, &max, &err) == 0 && max == -1);
	CHECK(cgroup_swap_max(100, 100, &max, &err) == 0 && max == 0);
	CHECK(cgroup_swap_max(100, 150, &max, &err) == 0 && max == 50);
	CHECK(cgroup_swap_max(100, -1, &max, &err) == 0 && max == -1);
	CHECK(cgroup_swap_max(-1, 70, &max, &err) == 0 && max == 70);
	CHECK(cgroup_swap_max(0, 70, &max, &err) == -EINVAL);
	CHECK(cgroup_swap_max(100, 99, &max, &err) == -EINVAL);
}

/* ----------------------------------------------------------- statistics -- */

TEST(v2_statistics)
{
	struct cgroup *cg = v2_cgroup();
	struct cgroup_stats st;

	put("fs/c/cpu.stat", "usage_usec 3000\nuser_usec 2000\n"
			     "system_usec 1000\nnr_periods 7\nnr_throttled 5\n"
			     "throttled_usec 4\nnr_bursts 0\nburst_usec 9\n");
	put("fs/c/memory.stat", "anon 100\nfile 200\nkernel 50\n");
	put("fs/c/memory.current", "4096\n");
	put("fs/c/memory.max", "8192\n");
	put("fs/c/memory.peak", "5000\n");
	put("fs/c/memory.events", "low 0\nmax 3\noom 1\noom_kill 2\n");
	put("fs/c/memory.swap.current", "10\n");
	put("fs/c/memory.swap.max", "20\n");
	put("fs/c/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 "
			    "dios=6\n");
	put("fs/c/pids.current", "3\n");
	put("fs/c/pids.max", "max\n");
	put("fs/c/hugetlb.2MB.current", "2097152\n");
	put("fs/c/cpu.pressure",
	    "some avg10=1.50 avg60=0.25 avg300=0.00 total=12\n"
	    "full avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
	CHECK(cgroup_stats(cg, &st, &err) == 0);
	CHECK_INT(st.cpu.usage, 3000000);
	CHECK_INT(st.cpu.user, 2000000);
	CHECK_INT(st.cpu.kernel, 1000000);
	CHECK_INT(st.cpu.throttled_time, 4000);
	CHECK_INT(st.cpu.burst_time, 9000);
	CHECK_INT(st.memory.cache, 200);
	CHECK_INT(st.memory.n_raw, 3);
	CHECK_STR(st.memory.raw[0].name, "anon");
	CHECK_INT(st.memory.usage.limit, 8192);
	CHECK_INT(st.memory.usage.max, 5000);
	CHECK_INT(st.memory.usage.failcnt, 3);
	CHECK_INT(st.memory.oom_kills, 2);
	CHECK_INT(st.memory.swap.usage, 4106);
	CHECK_INT(st.memory.swap.limit, 8212);
	CHECK_INT(st.blkio.service_bytes.n, 3);
	CHECK_STR(st.blkio.service_bytes.v[1].op, "Write");
	CHECK_INT(st.blkio.serviced.v[0].value, 3);
	CHECK_INT(st.pids.current, 3);
	CHECK_INT(st.pids.limit, 0);
	CHECK_INT(st.n_hugetlb, 1);
	CHECK_STR(st.hugetlb[0].page_size, "2MB");
	CHECK(st.cpu.psi.present && !st.memory.psi.present);
	CHECK(st.cpu.psi.some.avg10 == 1.5 && st.cpu.psi.full.total == 3);
	cgroup_stats_free(&st);
	cgroup_free(cg);
}

TEST(v1_statistics)
{
	struct cgroup *cg = v1_cgroup();
	struct cgroup_stats st;

	put("fs/cpu,cpuacct/c/cpuacct.usage", "77\n");
	put("fs/cpu,cpuacct/c/cpuacct.stat", "user 3\nsystem 2\n");
	put("fs/cpu,cpuacct/c/cpuacct.usage_all",
	    "cpu user system\n0 10 20\n1 30 40\n");
	put("fs/memory/c/memory.stat", "cache 9\nrss 8\n");
	put("fs/memory/c/memory.usage_in_bytes", "4096\n");
	put("fs/memory/c/memory.limit_in_bytes", "9223372036854771712\n");
	put("fs/memory/c/memory.oom_control",
	    "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
	put("fs/blkio/c/blkio.throttle.io_service_bytes_recursive",
	    "254:0 Read 512\n254:0 Write 1024\nTotal 1536\n");
	put("fs/blkio/c/blkio.time_recursive", "8:0 12\n");
	put("fs/pids/c/pids.max", "10\n");
	CHECK(cgroup_stats(cg, &st, &err) == 0);
	CHECK_INT(st.cpu.usage, 77);
	CHECK_INT(st.cpu.user, 3 * (1000000000 / sysconf(_SC_CLK_TCK)));
	CHECK_INT(st.cpu.n_percpu, 2);
	CHECK_INT(st.cpu.percpu[1], 70);
	CHECK_INT(st.cpu.percpu_user[1], 30);
	CHECK_INT(st.memory.cache, 9);
	CHECK(st.memory.usage.limit == UINT64_MAX);
	CHECK_INT(st.memory.oom_kills, 4);
	CHECK_INT(st.blkio.service_bytes.n, 2);
	CHECK_INT(st.blkio.service_bytes.v[1].value, 1024);
	CHECK_INT(st.blkio.time.n, 1);
	CHECK_STR(st.blkio.time.v[0].op, "");
	CHECK_INT(st.pids.limit, 10);
	cgroup_stats_free(&st);
	cgroup_free(cg);
}
