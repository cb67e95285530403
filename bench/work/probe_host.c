/* The program: what the process is, then what it can do. */
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a file, "" if there is none. */
static const char *line_of(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(buf, 1, size - 1, f) : 0;

	if (f)
		fclose(f);
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static void probe_kernel(void)
{
	struct utsname u;
	char buf[128];

	if (uname(&u) == 0)
		printf("kernel %s %s\n", u.release, u.version);
	printf("boot %s\n",
	       line_of("/proc/sys/kernel/random/boot_id", buf, sizeof(buf)));
}

static void probe_namespaces(void)
{
	static const char *const types[] = {"user", "pid", "net",   "mnt",
					    "ipc",  "uts", "cgroup"};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(*types); i++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", types[i]);
		if (stat(path, &st) == 0)
			printf("ns %s %llu\n", types[i],
			       (unsigned long long)st.st_ino);
	}
}

static void probe_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {0};
	uint64_t bounding = 0;

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << cap;
	printf("caps %llx %llx\n",
	       (unsigned long long)data[1].permitted << 32 | data[0].permitted,
	       (unsigned long long)bounding);
}

static void probe_status(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256], label[256];
	int mode;

	printf("no_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			printf("seccomp %d\n", mode);
	if (f)
		fclose(f);
	printf("lsm %s\n",
	       line_of("/proc/self/attr/current", label, sizeof(label)));
}

int main(int argc, char **argv)
{
	int only_ask = argc > 1 && strcmp(argv[1], "--host") == 0;

	probe_kernel();
	probe_namespaces();
	probe_capabilities();
	probe_status();
	probe_devices(only_ask);
	probe_writable(only_ask);
	fflush(stdout);
	/* Last, as the least likely to come back. */
	probe_calls();
	puts("end");
	return 0;
}
