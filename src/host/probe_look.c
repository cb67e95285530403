/* Probes that look.  See host/probe.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "host/caps.h"
#include "host/cgroup.h"
#include "host/lsm.h"
#include "host/pidfd.h"
#include "host/probe_internal.h"
#include "host/rdt.h"
#include "host/seccomp.h"
#include "host/user.h"
#include "host/userns.h"

enum { FILE_MAX = 1 << 20 };

/* The whole of a small file, "" when it cannot be read. */
static const char *slurp(const char *path, struct buf *b)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || buf_read_fd(b, fd, FILE_MAX) < 0 || !b->data)
		return "";
	return b->data;
}

/* Is `word` one of the words of `text`? */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strstr(p, word)); p += n)
		if ((p == text || strchr(" \t\n", p[-1])) &&
		    strchr(" \t\n", p[n])) /* or the end */
			return true;
	return false;
}

/* ---------------------------------------------------------- the kernel -- */

void probe_kernel(struct probe_row *row)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;
	enum probe_status status = PROBE_OK;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	if (major < 5 || (major == 5 && minor < 6))
		status = PROBE_MISSING;
	else if (major == 5 && minor < 12)
		status = PROBE_LIMITED;
	probe_found(row, status, "%.60s %.20s", u.release, u.machine);
}

void probe_openat2(struct probe_row *row)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd < 0) {
		probe_found(row, PROBE_MISSING, "%s", strerror(errno));
		return;
	}
	close(fd);
	probe_found(row, PROBE_OK, "available");
}

/* A descriptor that is none: the kernel looks at it only when it knows the
 * flag. */
void probe_clone3(struct probe_row *row)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = 1 << 30,
	};

	if (syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS)
		probe_found(row, PROBE_MISSING, "no clone3");
	else if (syscall(SYS_clone3, &args, sizeof(args)) < 0 && errno == EBADF)
		probe_found(row, PROBE_OK, "available%s",
			    cgroup_mode() == CGROUP_V2
				    ? ""
				    : ", used with cgroup version 2");
	else
		probe_found(row, PROBE_LIMITED, "no CLONE_INTO_CGROUP");
}

void probe_pidfd(struct probe_row *row)
{
	_cleanup_close_ int fd = pidfd_of(getpid());
	int rc = fd < 0 ? fd : pidfd_signal(fd, 0);

	if (rc < 0)
		probe_found(row, PROBE_MISSING, "%s", strerror(-rc));
	else
		probe_found(row, PROBE_OK, "available");
}

/* -------------------------------------------------------------- cgroups -- */

void probe_cgroup_mode(struct probe_row *row)
{
	switch (cgroup_mode()) {
	case CGROUP_V2:
		probe_found(row, PROBE_OK, "version 2");
		break;
	case CGROUP_V1:
		probe_found(row, PROBE_LIMITED, "version 1");
		break;
	case CGROUP_HYBRID:
		probe_found(row, PROBE_LIMITED,
			    "hybrid: controllers of "
			    "version 1 beside version 2");
		break;
	case CGROUP_NONE:
		probe_found(row, PROBE_MISSING, "not mounted");
		row->consequence = "containers run without limits, and only "
				   "with --cgroup-manager disabled";
		row->remedy = "mount -t cgroup2 cgroup2 /sys/fs/cgroup";
		break;
	}
}

/* /proc/self/cgroup has a line for each hierarchy that is in use: on v1 the
 * controllers stand in it. */
static bool v1_has(const char *self, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = self; (p = strstr(p, name)); p += n)
		if (p > self && (p[-1] == ':' || p[-1] == ',') &&
		    (p[n] == ':' || p[n] == ','))
			return true;
	return false;
}

void probe_cgroup_controllers(struct probe_row *row)
{
	static const char *const v2[] = {"cpu", "cpuset", "io", "memory",
					 "pids"};
	static const char *const v1[] = {"cpu",  "cpuset",  "blkio",  "memory",
					 "pids", "devices", "freezer"};
	bool is_v2 = cgroup_mode() == CGROUP_V2;
	const char *const *want = is_v2 ? v2 : v1;
	size_t n = is_v2 ? ARRAY_SIZE(v2) : ARRAY_SIZE(v1), missing = 0;
	_cleanup_buf_ struct buf text = {0}, absent = {0};
	const char *have = slurp(is_v2 ? "/sys/fs/cgroup/cgroup.controllers"
				       : "/proc/self/cgroup",
				 &text);

	for (size_t i = 0; i < n; i++) {
		if (is_v2 ? has_word(have, want[i]) : v1_has(have, want[i]))
			continue;
		buf_printf(&absent, " %s", want[i]);
		missing++;
	}
	if (missing == 0)
		probe_found(row, PROBE_OK, "all that hull uses");
	else
		probe_found(row, missing == n ? PROBE_MISSING : PROBE_LIMITED,
			    "missing:%.80s", absent.data);
}

void probe_cgroup_delegation(struct probe_row *row)
{
	_cleanup_buf_ struct buf text = {0}, dir = {0};
	const char *own;

	if (geteuid() == 0) {
		probe_found(row, PROBE_OK, "root needs none");
		return;
	}
	own = strstr(slurp("/proc/self/cgroup", &text), "0::");
	if (cgroup_mode() != CGROUP_V2 || !own) {
		probe_found(row, PROBE_MISSING, "needs cgroup version 2");
		return;
	}
	buf_printf(&dir, "/sys/fs/cgroup%.*s", (int)strcspn(own + 3, "\n"),
		   own + 3);
	if (access(dir.data, W_OK) < 0)
		probe_found(row, PROBE_MISSING, "%.80s is not ours", dir.data);
	else
		probe_found(row, PROBE_OK, "%.90s", dir.data);
}

/* ---------------------------------------------------------- privileges -- */

void probe_capabilities(struct probe_row *row)
{
	char text[80];
	struct caps c;
	uint64_t missing;

	if (caps_get(&c, NULL) < 0) {
		probe_found(row, PROBE_MISSING, "cannot be read");
		return;
	}
	missing = caps_all() & ~c.bounding;
	if (missing)
		probe_found(row, PROBE_LIMITED, "without %s",
			    caps_text(missing, text, sizeof(text)));
	else
		probe_found(row, PROBE_OK, "all %d can be given",
			    cap_last() + 1);
}

void probe_id_helpers(struct probe_row *row)
{
	const char *uid = userns_helper(false), *gid = userns_helper(true);

	if (uid && gid)
		probe_found(row, PROBE_OK, "%.90s", uid);
	else
		probe_found(row, PROBE_MISSING, "%s not found",
			    uid ? "newgidmap" : "newuidmap");
}

static uint64_t count_ids(const char *file, const char *name)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ struct idmap *map = NULL;
	uint64_t ids = 0;
	size_t n = 0;

	userns_read_subids(fd, getuid(), name, &map, &n);
	for (size_t i = 0; i < n; i++)
		ids += map[i].size;
	return ids;
}

void probe_subids(struct probe_row *row)
{
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(passwd_line_free) struct passwd_line me = {0};
	uint64_t uids, gids;

	if (geteuid() == 0) {
		probe_found(row, PROBE_OK, "root needs none");
		return;
	}
	user_lookup(root, getuid(), &me);
	uids = count_ids("/etc/subuid", me.name);
	gids = count_ids("/etc/subgid", me.name);
	probe_found(row, uids && gids ? PROBE_OK : PROBE_MISSING,
		    "%llu user ids, %llu group ids", (unsigned long long)uids,
		    (unsigned long long)gids);
}

void probe_seccomp(struct probe_row *row)
{
	_cleanup_buf_ struct buf absent = {0};
	int have = 0;

	for (size_t i = 0; seccomp_action_names[i]; i++) {
		if (seccomp_action_supported(seccomp_action_names[i]))
			have++;
		else
			buf_printf(&absent, " %s", seccomp_action_names[i]);
	}
	if (!absent.len)
		probe_found(row, PROBE_OK, "all actions");
	else
		probe_found(row, have ? PROBE_LIMITED : PROBE_MISSING,
			    "without%.80s", absent.data);
}

void probe_seccomp_notify(struct probe_row *row)
{
	if (!seccomp_action_supported("SCMP_ACT_NOTIFY"))
		probe_found(row, PROBE_MISSING, "not in this kernel");
	else if (!seccomp_flag_supported(
			 "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
		probe_found(row, PROBE_LIMITED, "without WAIT_KILLABLE_RECV");
	else
		probe_found(row, PROBE_OK, "with WAIT_KILLABLE_RECV");
}

void probe_lsm(struct probe_row *row)
{
	bool apparmor = lsm_apparmor_enabled(), selinux = lsm_selinux_enabled();

	if (!apparmor && !selinux)
		probe_found(row, PROBE_MISSING, "neither is active");
	else
		probe_found(row, PROBE_OK, "%s%s%s", apparmor ? "AppArmor" : "",
			    apparmor && selinux ? ", " : "",
			    selinux ? "SELinux" : "");
}

void probe_rdt(struct probe_row *row)
{
	const char *root = rdt_root();

	probe_found(row, root ? PROBE_OK : PROBE_MISSING, "%s",
		    root ?: "resctrl is not mounted");
}

/* ------------------------------------------------------ virtualization -- */

#define KVM_GET_API_VERSION _IO(0xAE, 0x00)

/* It exists, and it opens.  That it boots a guest, only a boot tells. */
void probe_kvm(struct probe_row *row)
{
	_cleanup_close_ int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0) {
		probe_found(row, PROBE_MISSING, "%s",
			    errno == EACCES ? "exists, and is not ours to open"
					    : strerror(errno));
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	if (version != 12)
		probe_found(row, PROBE_MISSING, "speaks version %d, not 12",
			    version);
	else
		probe_found(row, PROBE_OK,
			    "opens; if it boots a guest, only a "
			    "boot tells");
}

void probe_cpu(struct probe_row *row)
{
	_cleanup_buf_ struct buf text = {0};
	const char *info = slurp("/proc/cpuinfo", &text);

	if (has_word(info, "vmx"))
		probe_found(row, PROBE_OK, "Intel VT-x");
	else if (has_word(info, "svm"))
		probe_found(row, PROBE_OK, "AMD-V");
	else if (strstr(info, "CPU implementer"))
		probe_found(row, PROBE_LIMITED,
			    "Arm: the CPU's flags do not tell");
	else
		probe_found(row, PROBE_MISSING, "neither vmx nor svm");
}

void probe_criu(struct probe_row *row)
{
	static const char *const dirs[] = {"/usr/local/sbin", "/usr/sbin",
					   "/usr/local/bin", "/usr/bin"};
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/criu", dirs[i]);
		if (access(path, X_OK) == 0) {
			probe_found(row, PROBE_OK, "%s", path);
			return;
		}
	}
	probe_found(row, PROBE_MISSING, "not installed");
}
