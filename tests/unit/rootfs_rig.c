#include "rootfs_rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "test.h"

/* LeakSanitizer looks into /proc when the test ends, which by then is the
 * container's, or none. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

void rig_setup(struct rig *g)
{
	static const char *const dirs[] = {
		"rootfs",     "rootfs/dev", "rootfs/etc", "rootfs/proc",
		"rootfs/sys", "rootfs/tmp", "rootfs/mnt",
	};

	umask(022);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		CHECK(mkdir(dirs[i], 0755) == 0);
	*g = (struct rig){0};
	g->image = open("rootfs", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(g->image >= 0);
	g->spec.mounts = g->mounts;
	g->spec.linux.devices = g->devices;
	g->plan.spec = &g->spec;
	g->plan.bundle = test_tmpdir();
	g->plan.rootfs = xasprintf("%s/rootfs", test_tmpdir());
}

void rig_mount(struct rig *g, const char *type, const char *source,
	       const char *destination, char **options)
{
	CHECK(g->spec.n_mounts < RIG_MAX);
	g->mounts[g->spec.n_mounts++] = (struct oci_mount){
		.type = (char *)type,
		.source = (char *)source,
		.destination = (char *)destination,
		.options = options,
	};
}

void rig_bind(struct rig *g, const char *source, const char *destination)
{
	static const char *options[] = {"rbind", NULL};

	rig_mount(g, "bind", source, destination, (char **)options);
}

void rig_add_defaults(struct rig *g)
{
	static const char *dev[] = {"nosuid", "strictatime", "mode=755",
				    "size=65536k", NULL};
	static const char *pts[] = {"nosuid",        "noexec",    "newinstance",
				    "ptmxmode=0666", "mode=0620", NULL};
	static const char *shm[] = {"nosuid",    "noexec",      "nodev",
				    "mode=1777", "size=65536k", NULL};
	static const char *mqueue[] = {"nosuid", "noexec", "nodev", NULL};
	static const char *sys[] = {"nosuid", "noexec", "nodev", "ro", NULL};
	static const char *masked[] = {"/proc/acpi",
				       "/proc/asound",
				       "/proc/kcore",
				       "/proc/keys",
				       "/proc/latency_stats",
				       "/proc/timer_list",
				       "/proc/timer_stats",
				       "/proc/sched_debug",
				       "/sys/firmware",
				       "/proc/scsi",
				       NULL};
	static const char *readonly[] = {"/proc/bus",           "/proc/fs",
					 "/proc/irq",           "/proc/sys",
					 "/proc/sysrq-trigger", NULL};

	rig_mount(g, "proc", "proc", "/proc", NULL);
	rig_mount(g, "tmpfs", "tmpfs", "/dev", (char **)dev);
	rig_mount(g, "devpts", "devpts", "/dev/pts", (char **)pts);
	rig_mount(g, "tmpfs", "shm", "/dev/shm", (char **)shm);
	rig_mount(g, "mqueue", "mqueue", "/dev/mqueue", (char **)mqueue);
	rig_mount(g, "sysfs", "sysfs", "/sys", (char **)sys);
	g->spec.linux.masked_paths = (char **)masked;
	g->spec.linux.readonly_paths = (char **)readonly;
}

int rig_build(struct rig *g)
{
	int rc = rootfs_open(&g->plan, &g->r, &g->err);

	return rc < 0 ? rc : rootfs_mount(g->r, &g->err);
}

void rig_ok(struct rig *g, int rc, const char *file, int line)
{
	if (rc < 0)
		test_fail(file, line, "%s", g->err.msg);
}

void rig_enter(struct rig *g)
{
	RIG_OK(g, rig_build(g));
	RIG_OK(g, rootfs_seal(g->r, &g->err));
	RIG_OK(g, rootfs_enter(g->r, &g->err));
}

void rig_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

const char *rig_read(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return NULL;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return text;
}
