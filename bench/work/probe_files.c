/* Devices and files of the kernel, by trying to open them. */
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A host with containers has tens of thousands of files below /sys; past the
 * first ones it is only their number that says something. */
enum { MAX_DEPTH = 16, MAX_NAMED = 1000 };

static unsigned int found;

struct walk {
	const char *what; /* "device", "writable" */
	int flags;
	int want_device;
	int only_ask;
};

/* Opening these has an effect of its own: the machine reboots unless somebody
 * goes on to write to a watchdog, a tape is rewound, and tracefs and debugfs
 * do what each driver's author found useful. */
static int is_left_alone(const char *path)
{
	static const char *const begins[] = {
		"/dev/watchdog",
		"/dev/st",
		"/dev/nst",
		"/sys/kernel/debug",
		"/sys/kernel/tracing",
		NULL,
	};

	for (int i = 0; begins[i]; i++) {
		size_t n = strlen(begins[i]);

		/* "/dev/st" is a tape's with a digit, and not /dev/stdin. */
		if (strncmp(path, begins[i], n) == 0 &&
		    (path[n] == '\0' || path[n] == '/' ||
		     (path[n] >= '0' && path[n] <= '9')))
			return 1;
	}
	return 0;
}

/* /proc/PID and /proc/self: what a process may change about itself and its
 * like is not the host's. */
static int is_process(const char *path)
{
	if (strncmp(path, "/proc/", 6) != 0)
		return 0;
	path += 6;
	return (*path >= '0' && *path <= '9') || strcmp(path, "self") == 0 ||
	       strcmp(path, "thread-self") == 0;
}

/* Modes count for root, too: it may open a file of sysfs that nobody can
 * write to, and nothing comes of it. */
static int may_open(const struct walk *w, const char *path,
		    const struct stat *st)
{
	return w->want_device ? access(path, R_OK) == 0
			      : st->st_mode & 0222 && access(path, W_OK) == 0;
}

static void look(const struct walk *w, const char *path, const struct stat *st)
{
	if (w->only_ask) {
		if (!may_open(w, path, st))
			return;
	} else {
		int fd = open(path, w->flags | O_NONBLOCK);

		if (fd < 0)
			return;
		close(fd);
	}
	if (found++ < MAX_NAMED)
		printf("%s %s\n", w->what, path);
}

static void walk_folder(const struct walk *w, const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		char path[1024];
		struct stat st;
		int n = snprintf(path, sizeof(path), "%s/%s", folder,
				 e->d_name);

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 || n >= (int)sizeof(path) ||
		    strchr(e->d_name, '\n') || is_left_alone(path) ||
		    is_process(path) || lstat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			if (depth < MAX_DEPTH)
				walk_folder(w, path, depth + 1);
		} else if (w->want_device
				   ? S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)
				   : S_ISREG(st.st_mode)) {
			look(w, path, &st);
		}
	}
	closedir(dir);
}

static void walk(const struct walk *w, const char *folder)
{
	found = 0;
	walk_folder(w, folder, 0);
	if (found > MAX_NAMED)
		printf("more %s %u\n", folder, found - MAX_NAMED);
}

void probe_devices(int only_ask)
{
	const struct walk w = {"device", O_RDONLY | O_NOCTTY, 1, only_ask};

	walk(&w, "/dev");
}

/* A runtime hides a file of /proc by a /dev/null over it, which isn't regular
 * and so isn't counted. */
void probe_writable(int only_ask)
{
	const struct walk w = {"writable", O_WRONLY | O_NOCTTY, 0, only_ask};

	walk(&w, "/proc");
	walk(&w, "/sys");
}
