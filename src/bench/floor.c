#include "bench/floor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct plan {
	const char *rootfs;
	char *const *argv;
	int out;
	int failed; /* errno, written by the child: memory is shared */
};

/* The mounts of "hull spec", below the working directory.  Its cgroup mount
 * is one of many with cgroup v1: here it is the tmpfs that holds them. */
static int make_mounts(void)
{
	const unsigned long quiet = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	if (mount("proc", "proc", "proc", 0, NULL) < 0 ||
	    mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME,
		  "mode=755,size=65536k") < 0 ||
	    mkdir("dev/pts", 0755) < 0 || mkdir("dev/shm", 0755) < 0 ||
	    mkdir("dev/mqueue", 0755) < 0 ||
	    mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5") < 0 ||
	    mount("tmpfs", "dev/shm", "tmpfs", quiet, "mode=1777,size=65536k") <
		    0 ||
	    mount("mqueue", "dev/mqueue", "mqueue", quiet, NULL) < 0 ||
	    mount("sysfs", "sys", "sysfs", quiet | MS_RDONLY, NULL) < 0 ||
	    mount("tmpfs", "sys/fs/cgroup", "tmpfs", quiet, "mode=755") < 0)
		return -1;
	return 0;
}

static int enter(const char *rootfs)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 ||
	    chdir(rootfs) < 0 || make_mounts() < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -1;
	return 0;
}

static int become(void *arg)
{
	static char *const env[] = {(char *)"PATH=/bin", NULL};
	struct plan *p = arg;

	if ((p->out < 0 || dup2(p->out, 1) >= 0) && enter(p->rootfs) == 0)
		execve(p->argv[0], p->argv, env);
	p->failed = errno;
	_exit(1);
}

/* As vfork() does: neither page tables are copied, nor does the parent run
 * until the program does. */
int floor_start(const char *rootfs, char *const argv[], int out, pid_t *pid)
{
	static char stack[32768] __attribute__((aligned(16)));
	struct plan p = {.rootfs = rootfs, .argv = argv, .out = out};

	*pid = clone(become, stack + sizeof(stack),
		     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			     CLONE_NEWNS | CLONE_VM | CLONE_VFORK | SIGCHLD,
		     &p);
	if (*pid < 0)
		return -errno;
	if (!p.failed)
		return 0;
	waitpid(*pid, NULL, 0);
	return -p.failed;
}
