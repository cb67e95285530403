#include "bench/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "bench/bench.h"

static char *read_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text = {0};

	if (fd >= 0)
		buf_read_fd(&text, fd, 1 << 22);
	return buf_steal(&text);
}

/* What stands behind `key` and one of `skip` in the first line that begins so;
 * "" when there is none. */
static char *value_of(struct arena *a, const char *path, const char *key,
		      const char *skip)
{
	_cleanup_free_ char *text = read_file(path);

	for (const char *line = text; line && *line;) {
		const char *value = str_after(line, key);

		if (value) {
			size_t n;

			value += strspn(value, skip);
			n = strcspn(value, "\n");
			while (n && strchr(skip, value[n - 1]))
				n--;
			return arena_strndup(a, value, n);
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return arena_strdup(a, "");
}

static char *cgroup_mode(void)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

	if (v2)
		return (char *)"v2";
	return (char *)(access("/sys/fs/cgroup/unified", F_OK) == 0 ? "hybrid"
								    : "v1");
}

/* The type of the file system that `fd` is in. */
static char *storage_of(struct arena *a, int fd)
{
	_cleanup_free_ char *text = read_file("/proc/self/mountinfo");
	struct stat st;
	char device[32];
	char *found = NULL;

	if (fstat(fd, &st) < 0)
		return arena_strdup(a, "");
	snprintf(device, sizeof(device), " %u:%u ", major(st.st_dev),
		 minor(st.st_dev));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *type = strstr(line, " - ");

		if (!type || !strstr(line, device))
			continue;
		type += 3;
		found = arena_strndup(a, type, strcspn(type, " "));
	}
	return found ? found : arena_strdup(a, "");
}

/* A guest sees "hypervisor" among the flags of its CPU on x86, and what the
 * machine is called everywhere. */
static char *virtualisation(struct arena *a)
{
	char *flags = value_of(a, "/proc/cpuinfo", "flags", "\t :");
	char *product = value_of(a, "/sys/class/dmi/id/product_name", "", " ");

	if (strstr(flags, "hypervisor"))
		return *product ? arena_printf(a, "virtual machine (%s)",
					       product)
				: arena_strdup(a, "virtual machine");
	return product;
}

double machine_load(void)
{
	double load;

	return getloadavg(&load, 1) == 1 ? load : 0;
}

void machine_describe(struct bench *b)
{
	struct bench_machine *m = &b->r.machine;
	struct arena *a = b->r.arena;
	struct utsname u;

	uname(&u);
	m->cpu = value_of(a, "/proc/cpuinfo", "model name", "\t :");
	m->kernel = arena_printf(a, "%s %s", u.sysname, u.release);
	m->arch = arena_strdup(a, u.machine);
	m->distribution = value_of(a, "/etc/os-release", "PRETTY_NAME=", "\"");
	m->cgroup = cgroup_mode();
	m->virtualisation = virtualisation(a);
	m->storage = storage_of(a, b->scratch_fd);
	m->cpus = b->cpus;
	m->memory = machine_meminfo("MemTotal:");
	m->load_before = machine_load();
}

uint64_t machine_meminfo(const char *key)
{
	_cleanup_free_ char *text = read_file("/proc/meminfo");
	char *line = strstr(text, key);

	return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}
