/* An OCI runtime whose costs are known: fake-runtime [OPTIONS] create|start|
 * run|delete …, as far as hull bench calls one.  What it does otherwise stands
 * in the environment:
 *
 *	FAKE_CREATE_MS, FAKE_START_MS, FAKE_WORK_MS, FAKE_DELETE_MS
 *	FAKE_KB       private memory of each container
 *	FAKE_HANG     the verb that does not return every second time
 *	FAKE_FAIL     the verb that fails every second time
 *
 * A container is a child that waits for a byte in a FIFO, prints what the
 * shipped guest does, works, and ends, or sleeps when its bundle's guest is
 * "sleep". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *root, *bundle, *pidfile, *id;

static long env(const char *name)
{
	const char *text = getenv(name);

	return text ? atol(text) : 0;
}

static void wait_ms(const char *name)
{
	long ms = env(name);
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static void die(const char *what)
{
	fprintf(stderr, "fake-runtime: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void path_of(char *ret, size_t size, const char *name)
{
	snprintf(ret, size, "%s/%s%s%s", root, id, *name ? "/" : "", name);
}

/* Of all processes: a byte more in a file each time. */
static int second_time(const char *name, const char *verb)
{
	const char *wanted = getenv(name);
	struct stat st;
	char path[512];
	int fd;

	if (!wanted || strcmp(wanted, verb) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s.count", root);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fstat(fd, &st) < 0)
		die(path);
	close(fd);
	return st.st_size % 2 == 0;
}

static void misbehave(const char *verb)
{
	if (second_time("FAKE_HANG", verb))
		for (;;)
			pause();
	if (second_time("FAKE_FAIL", verb)) {
		fprintf(stderr, "fake-runtime: %s fails this time\n", verb);
		exit(3);
	}
}

static int wants_sleep(void)
{
	char path[512], text[65536] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/config.json", bundle);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return strstr(text, "/bin/sleep") != NULL;
}

static void container(int sleeps)
{
	size_t size = (size_t)env("FAKE_KB") * 1024;
	char path[512], c;
	int fifo;

	if (size) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			die("mmap");
		memset(p, 1, size);
	}
	path_of(path, sizeof(path), "fifo");
	fifo = open(path, O_RDONLY);
	if (fifo < 0 || read(fifo, &c, 1) != 1)
		_exit(1);
	if (sleeps) {
		if (write(1, "s", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	wait_ms("FAKE_WORK_MS");
	_exit(write(1, "hello\n", 6) == 6 ? 0 : 1);
}

static void create(void)
{
	int sleeps = wants_sleep();
	char path[512];
	FILE *f;
	pid_t pid;

	wait_ms("FAKE_CREATE_MS");
	path_of(path, sizeof(path), "");
	mkdir(root, 0700);
	if (mkdir(path, 0700) < 0)
		die(path);
	path_of(path, sizeof(path), "fifo");
	if (mkfifo(path, 0600) < 0)
		die(path);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		container(sleeps);
	path_of(path, sizeof(path), "pid");
	for (int i = 0; i < 2; i++) {
		f = fopen(i ? pidfile : path, "w");
		if (!f || fprintf(f, "%d", pid) < 0 || fclose(f) != 0)
			die(path);
	}
}

static void start(void)
{
	char path[512];
	int fifo;

	wait_ms("FAKE_START_MS");
	path_of(path, sizeof(path), "fifo");
	fifo = open(path, O_WRONLY);
	if (fifo < 0 || write(fifo, "x", 1) != 1)
		die(path);
}

static void delete(void)
{
	static const char *const files[] = {"fifo", "pid", ""};
	char path[512], text[32] = "";
	int fd;

	wait_ms("FAKE_DELETE_MS");
	path_of(path, sizeof(path), "pid");
	fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		kill(atoi(text), SIGKILL);
	for (int i = 0; i < 3; i++) {
		path_of(path, sizeof(path), files[i]);
		remove(path);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *verb;
		void (*run)(void);
	} verbs[] = {{"create", create}, {"start", start}, {"delete", delete}};
	const char *verb = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--version") == 0) {
			puts("fake-runtime version 1");
			return 0;
		} else if (strcmp(argv[i], "--root") == 0) {
			root = argv[++i];
		} else if (strcmp(argv[i], "--bundle") == 0) {
			bundle = argv[++i];
		} else if (strcmp(argv[i], "--pid-file") == 0) {
			pidfile = argv[++i];
		} else if (argv[i][0] == '-') {
			continue;
		} else if (!verb) {
			verb = argv[i];
		} else {
			id = argv[i];
		}
	}
	if (!verb || !id || !root)
		die("a word is missing");
	misbehave(verb);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].verb, verb) == 0) {
			verbs[i].run();
			return 0;
		}
	fprintf(stderr, "fake-runtime: no verb \"%s\"\n", verb);
	return 1;
}
