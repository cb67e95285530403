#include "oci/spec.h"

#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/caps.h"

/* The document that "hull spec" writes: the one that runc's users start from,
 * so that a tutorial for runc works here, too.  Ambient capabilities are left
 * out: without inheritable ones the kernel refuses them. */

/* The structs are made for a decoder, so their strings are not const. */
#define STR(s)    ((char *)(s))
#define STRV(...) ((char **)(const char *const[]){__VA_ARGS__, NULL})
#define MOUNT(dest, fs, src, ...)         \
	{                                 \
		.destination = STR(dest), \
		.type = STR(fs),          \
		.source = STR(src),       \
		.options = (__VA_ARGS__), \
	}

static const char *const cap_names[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
};

static struct caps default_caps(void)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++)
		set |= UINT64_C(1) << cap_from_name(cap_names[i]);
	return (struct caps){
		.bounding = set, .effective = set, .permitted = set};
}

enum { MOUNT_PTS = 2, MOUNT_SYS = 5 };

static const struct oci_mount mounts[] = {
	MOUNT("/proc", "proc", "proc", NULL),
	MOUNT("/dev", "tmpfs", "tmpfs",
	      STRV("nosuid", "strictatime", "mode=755", "size=65536k")),
	[MOUNT_PTS] = MOUNT("/dev/pts", "devpts", "devpts",
			    STRV("nosuid", "noexec", "newinstance",
				 "ptmxmode=0666", "mode=0620", "gid=5")),
	MOUNT("/dev/shm", "tmpfs", "shm",
	      STRV("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")),
	MOUNT("/dev/mqueue", "mqueue", "mqueue",
	      STRV("nosuid", "noexec", "nodev")),
	[MOUNT_SYS] = MOUNT("/sys", "sysfs", "sysfs",
			    STRV("nosuid", "noexec", "nodev", "ro")),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup",
	      STRV("nosuid", "noexec", "nodev", "relatime", "ro")),
};

static struct oci_namespace namespaces[] = {
	{CLONE_NEWPID}, {CLONE_NEWNET}, {CLONE_NEWIPC},
	{CLONE_NEWUTS}, {CLONE_NEWNS},
};

/* An ordinary user has no network to configure, one id of each kind, and a
 * sysfs that only the host's own can be. */
static struct oci_namespace rootless_namespaces[] = {
	{CLONE_NEWPID}, {CLONE_NEWIPC},  {CLONE_NEWUTS},
	{CLONE_NEWNS},  {CLONE_NEWUSER},
};

static const struct oci_mount rootless_pts = MOUNT(
	"/dev/pts", "devpts", "devpts",
	STRV("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
static const struct oci_mount rootless_sys =
	MOUNT("/sys", "none", "/sys",
	      STRV("rbind", "nosuid", "noexec", "nodev", "ro"));

static void make_rootless(struct oci_spec *spec, struct idmap *uid,
			  struct idmap *gid)
{
	struct oci_linux *l = &spec->linux;

	spec->mounts[MOUNT_PTS] = rootless_pts;
	spec->mounts[MOUNT_SYS] = rootless_sys;
	l->namespaces = rootless_namespaces;
	l->n_namespaces = ARRAY_SIZE(rootless_namespaces);
	l->uid_mappings = uid;
	l->gid_mappings = gid;
	l->n_uid_mappings = l->n_gid_mappings = 1;
	l->resources = (struct cgroup_resources){0};
}

void oci_spec_write_default(struct buf *out, bool rootless, uint32_t uid,
			    uint32_t gid)
{
	struct caps caps = default_caps();
	struct posix_rlimit nofile = {STR("RLIMIT_NOFILE"), 1024, 1024};
	struct cgroup_device_rule no_devices = {.access = "rwm"};
	struct oci_mount own_mounts[ARRAY_SIZE(mounts)];
	struct idmap own_uid = {0, uid, 1}, own_gid = {0, gid, 1};
	struct oci_process process = {
		.terminal = true,
		.args = STRV("sh"),
		.env = STRV("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			    "/usr/bin:/sbin:/bin",
			    "TERM=xterm"),
		.cwd = STR("/"),
		.capabilities = &caps,
		.rlimits = &nofile,
		.n_rlimits = 1,
		.no_new_privileges = true,
	};
	struct oci_spec spec = {
		.oci_version = STR(OCI_VERSION),
		.process = &process,
		.root = {.path = STR("rootfs"), .readonly = true},
		.hostname = STR("hull"),
		.mounts = own_mounts,
		.n_mounts = ARRAY_SIZE(own_mounts),
		.linux =
			{
				.resources = {.devices = &no_devices,
					      .n_devices = 1},
				.namespaces = namespaces,
				.n_namespaces = ARRAY_SIZE(namespaces),
				.masked_paths = STRV(
					"/proc/acpi", "/proc/asound",
					"/proc/kcore", "/proc/keys",
					"/proc/latency_stats",
					"/proc/timer_list", "/proc/timer_stats",
					"/proc/sched_debug", "/sys/firmware",
					"/proc/scsi"),
				.readonly_paths = STRV("/proc/bus", "/proc/fs",
						       "/proc/irq", "/proc/sys",
						       "/proc/sysrq-trigger"),
			},
	};

	memcpy(own_mounts, mounts, sizeof(mounts));
	if (rootless)
		make_rootless(&spec, &own_uid, &own_gid);
	json_encode(&oci_spec_json, &spec, "\t", out);
	buf_addc(out, '\n');
}
