#include "host/probe.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host/probe_internal.h"

/* One row of the table.  Consequence and remedy are for a row that is not
 * ok; a probe that knows better sets its own. */
static const struct {
	const char *id;
	const char *label;
	probe_fn *run;
	const char *consequence;
	const char *remedy;
} probes[] = {
	{"kernel", "kernel", probe_kernel,
	 "hull needs Linux 5.6, and 5.12 for all mount options",
	 "install a newer kernel"},
	{"openat2", "openat2", probe_openat2,
	 "no container can be made: paths in a rootfs cannot be resolved safely",
	 "use Linux 5.6 or later; an outer seccomp filter may forbid it, too"},
	{"mount-api", "mounts by descriptor", probe_mount_api,
	 "no container can be made: mounts cannot be attached safely",
	 "use Linux 5.12 or later, and run with CAP_SYS_ADMIN or with user "
	 "namespaces"},
	{"clone3", "clone3 and CLONE_INTO_CGROUP", probe_clone3,
	 "a process is moved into its cgroup after it was started, which takes "
	 "some milliseconds",
	 "use Linux 5.7 or later"},
	{"pidfd", "pidfds", probe_pidfd,
	 "no container can be made: processes cannot be told apart safely",
	 "use Linux 5.4 or later"},
	{"capabilities", "capabilities", probe_capabilities,
	 "containers cannot have these capabilities; without CAP_SYS_RESOURCE "
	 "no rlimit can be raised and no oomScoreAdj lowered",
	 "grant them to whatever starts hull"},

	{"ns-user", "user namespace", probe_ns_user,
	 "no rootless containers, no uidMappings",
	 "raise sysctl user.max_user_namespaces"},
	{"ns-mount", "mount namespace", probe_ns_mount,
	 "no container can be made", "run as root, or allow user namespaces"},
	{"ns-pid", "pid namespace", probe_ns_pid,
	 "containers see the host's processes",
	 "run as root, or allow user namespaces"},
	{"ns-network", "network namespace", probe_ns_network,
	 "containers share the host's network",
	 "run as root, or allow user namespaces"},
	{"ns-ipc", "ipc namespace", probe_ns_ipc,
	 "containers share the host's System V and POSIX queues",
	 "run as root, or allow user namespaces"},
	{"ns-uts", "uts namespace", probe_ns_uts,
	 "containers have the host's name",
	 "run as root, or allow user namespaces"},
	{"ns-cgroup", "cgroup namespace", probe_ns_cgroup,
	 "containers see the host's cgroup paths",
	 "run as root, or allow user namespaces"},
	{"ns-time", "time namespace", probe_ns_time,
	 "linux.timeOffsets is refused", "use Linux 5.6 or later"},
	{"userns-unprivileged", "user namespaces for users",
	 probe_userns_unprivileged, "ordinary users cannot run containers",
	 "sysctl kernel.unprivileged_userns_clone=1 (Debian), "
	 "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)"},
	{"newuidmap", "newuidmap and newgidmap", probe_id_helpers,
	 "rootless containers have one user id only",
	 "install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)"},
	{"subids", "subordinate ids", probe_subids,
	 "rootless containers have one user id only",
	 "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"},
	{"userns-overlay", "overlay for users", probe_userns_overlay,
	 "rootless images are copied, not stacked", "use Linux 5.11 or later"},
	{"idmapped-mounts", "idmapped mounts", probe_idmapped_mounts,
	 "uidMappings of a mount and the options idmap and ridmap are refused",
	 "use Linux 5.12 or later; tmpfs needs 6.3"},

	{"cgroup-mode", "cgroups", probe_cgroup_mode,
	 "version 1 has no memory.high, no pressure files, and cannot be given "
	 "to users",
	 "boot with systemd.unified_cgroup_hierarchy=1"},
	{"cgroup-controllers", "cgroup controllers", probe_cgroup_controllers,
	 "limits of the missing controllers are refused",
	 "enable them in the kernel command line or in the parent cgroup"},
	{"cgroup-delegation", "a cgroup of our own", probe_cgroup_delegation,
	 "rootless containers run without limits",
	 "run in a systemd user session with Delegate=yes"},

	{"seccomp", "seccomp filters", probe_seccomp,
	 "profiles with the missing actions are refused",
	 "use a kernel with CONFIG_SECCOMP_FILTER"},
	{"seccomp-notify", "seccomp user notification", probe_seccomp_notify,
	 "SCMP_ACT_NOTIFY or SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is refused",
	 "use Linux 5.19 or later"},
	{"lsm", "AppArmor or SELinux", probe_lsm,
	 "apparmorProfile and selinuxLabel are refused",
	 "boot with apparmor=1 or selinux=1, where the kernel has them"},
	{"rdt", "cache and bandwidth allocation", probe_rdt,
	 "linux.intelRdt is refused",
	 "mount -t resctrl resctrl /sys/fs/resctrl, where the CPU can"},

	{"kvm", "/dev/kvm", probe_kvm, "the sandbox microvm cannot be used",
	 "load kvm_intel or kvm_amd, and join the group kvm"},
	{"cpu-virtualization", "CPU virtualization", probe_cpu,
	 "a /dev/kvm, if any, is nested or emulated, and may not boot",
	 "switch it on in the firmware, or allow nested virtualization"},
	{"criu", "CRIU", probe_criu, "no checkpoint and restore",
	 "install the package criu"},
};

const char *probe_status_name(enum probe_status status)
{
	static const char *const names[] = {
		[PROBE_OK] = "ok",
		[PROBE_LIMITED] = "limited",
		[PROBE_MISSING] = "missing",
	};

	return names[status];
}

void probe_found(struct probe_row *row, enum probe_status status,
		 const char *fmt, ...)
{
	va_list ap;

	row->status = status;
	va_start(ap, fmt);
	vsnprintf(row->detail, sizeof(row->detail), fmt, ap);
	va_end(ap);
}

void probe_host(struct probe_row **ret, size_t *n)
{
	struct probe_row *rows = xcalloc(ARRAY_SIZE(probes), sizeof(*rows));

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		struct probe_row *row = &rows[i];

		row->id = probes[i].id;
		row->label = probes[i].label;
		row->consequence = probes[i].consequence;
		row->remedy = probes[i].remedy;
		probes[i].run(row);
		if (row->status == PROBE_OK)
			row->consequence = row->remedy = NULL;
	}
	*ret = rows;
	*n = ARRAY_SIZE(probes);
}
