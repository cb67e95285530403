/* The least that a container costs on this kernel: floor ROOTFS PROGRAM.
 *
 * clone3 with the namespaces of the default config.json, its mounts,
 * pivot_root, execve, wait; and nothing else: no cgroup, no device nodes, no
 * masked paths, no capabilities, no state, no configuration to read.  What a
 * runtime needs above this is its own. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int rc, const char *what)
{
	if (rc < 0) {
		fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
		_exit(1);
	}
}

static void mount_at(const char *type, const char *target, unsigned long flags,
		     const char *data)
{
	must(mount(type, target, type, flags, data), target);
}

/* The mounts of "hull spec", below the working directory.  Its cgroup mount
 * is one of many with cgroup v1: here it is the tmpfs that holds them. */
static void make_mounts(void)
{
	const unsigned long quiet = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	mount_at("proc", "proc", 0, NULL);
	mount_at("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME,
		 "mode=755,size=65536k");
	must(mkdir("dev/pts", 0755), "dev/pts");
	must(mkdir("dev/shm", 0755), "dev/shm");
	must(mkdir("dev/mqueue", 0755), "dev/mqueue");
	mount_at("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
		 "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_at("tmpfs", "dev/shm", quiet, "mode=1777,size=65536k");
	mount_at("mqueue", "dev/mqueue", quiet, NULL);
	mount_at("sysfs", "sys", quiet | MS_RDONLY, NULL);
	mount_at("tmpfs", "sys/fs/cgroup", quiet, "mode=755");
}

static void become(const char *rootfs, char **argv)
{
	static char *const env[] = {"PATH=/bin", NULL};

	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "propagation");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), rootfs);
	must(chdir(rootfs), rootfs);
	make_mounts();
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "detach the old root");
	must(chdir("/"), "/");
	execve(argv[0], argv, env);
	must(-1, argv[0]);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
			 CLONE_NEWUTS | CLONE_NEWNS,
		.exit_signal = SIGCHLD,
	};
	int status;
	pid_t pid;

	if (argc < 3) {
		fprintf(stderr, "usage: floor ROOTFS PROGRAM [ARG...]\n");
		return 2;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(pid, "clone3");
	if (pid == 0)
		become(argv[1], argv + 2);
	must(waitpid(pid, &status, 0), "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
