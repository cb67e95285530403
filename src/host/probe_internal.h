/* host/probe_internal.h
 * probe.c has the table of rows; probe_look.c finds things by looking,
 * probe_try.c by trying them in a child. */
#pragma once

#include "host/probe.h"

/* What every probe ends with. */
void probe_found(struct probe_row *row, enum probe_status status,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

typedef void probe_fn(struct probe_row *row);

probe_fn probe_kernel, probe_openat2, probe_clone3, probe_pidfd;
probe_fn probe_cgroup_mode, probe_cgroup_controllers, probe_cgroup_delegation;
probe_fn probe_capabilities, probe_id_helpers, probe_subids;
probe_fn probe_seccomp, probe_seccomp_notify, probe_lsm, probe_rdt;
probe_fn probe_kvm, probe_cpu, probe_criu;

probe_fn probe_ns_mount, probe_ns_pid, probe_ns_network, probe_ns_ipc,
	probe_ns_uts, probe_ns_cgroup, probe_ns_time, probe_ns_user;
probe_fn probe_userns_unprivileged, probe_userns_overlay;
probe_fn probe_mount_api, probe_idmapped_mounts;
