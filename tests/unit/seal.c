#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

void unseal(const char *path)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};

	CHECK(mount_setattr(AT_FDCWD, path, 0, &attr, sizeof(attr)) == 0);
}

static void make_everything_read_only(void)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	CHECK(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) == 0);
	CHECK(mount_setattr(AT_FDCWD, "/", 0x8000 /* AT_RECURSIVE */, &attr,
			    sizeof(attr)) == 0);
	unseal("/proc");
	CHECK(mount("tmpfs", test_tmpdir(), "tmpfs", 0, "mode=755") == 0);
	CHECK(access("/dev", W_OK) < 0 && access("/", W_OK) < 0);
	CHECK(chdir(test_tmpdir()) == 0);
}

void seal(void)
{
	SKIP_UNLESS("namespaces", unshare(CLONE_NEWNS) == 0,
		    "no mount namespace: %s", strerror(errno));
	make_everything_read_only();
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void write_maps(pid_t pid)
{
	char path[64], one[32];
	bool root = geteuid() == 0;

	snprintf(one, sizeof(one), "0 %d 1", (int)geteuid());
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	write_file(path, root ? "0 100000 1000" : one);
	if (!root) {
		snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
		write_file(path, "deny");
	}
	snprintf(one, sizeof(one), "0 %d 1", (int)getegid());
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	write_file(path, root ? "0 100000 1000" : one);
}

/* The parent ends as the child did. */
static void __attribute__((noreturn)) follow(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		test_fail(__FILE__, __LINE__, "killed by signal %d",
			  WTERMSIG(status));
	_exit(WEXITSTATUS(status));
}

void seal_in_userns(void)
{
	int unshared[2], mapped[2];
	char c = 0;
	pid_t pid;

	CHECK(pipe2(unshared, O_CLOEXEC) == 0);
	CHECK(pipe2(mapped, O_CLOEXEC) == 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid > 0) {
		close(unshared[1]);
		if (read(unshared[0], &c, 1) == 1) {
			write_maps(pid);
			/* What the tmpfs is mounted on. */
			CHECK(chmod(test_tmpdir(), 0755) == 0);
		}
		close(mapped[1]);
		follow(pid);
	}
	SKIP_UNLESS("userns", unshare(CLONE_NEWUSER) == 0,
		    "no user namespace: %s", strerror(errno));
	CHECK(write(unshared[1], &c, 1) == 1);
	close(mapped[1]);
	CHECK(read(mapped[0], &c, 1) == 0);
	CHECK(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
	CHECK(unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid > 0)
		follow(pid);
	make_everything_read_only();
}

unsigned int mounts_below(const char *path)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], at[2048];
	size_t len = strlen(path);
	unsigned int n = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %*s %*s %*s %2047s", at) == 1 &&
		    strncmp(at, path, len) == 0 &&
		    (at[len] == '/' || at[len] == '\0'))
			n++;
	fclose(f);
	return n;
}

int in_child(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(fn());
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
