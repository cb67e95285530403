/* tests/wasm/fake-wasmc.c: stands in for hull-wasmc, and does what the module
 * asks for: a custom section "fake" names it.  Most of it is what a compiler
 * would try that a module took over.  An attempt that should fail and does
 * ends with the line "refused"; one that succeeds with "BREACH". */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_image.h"

enum { MODULE_MAX = 1 << 20 };

static uint8_t module[MODULE_MAX];
static size_t len;

static void __attribute__((noreturn)) breach(const char *what)
{
	fprintf(stderr, "BREACH: %s\n", what);
	exit(1);
}

static void must_fail(bool done, const char *what)
{
	if (done)
		breach(what);
}

static void read_files(void)
{
	static const char *const paths[] = {
		"/etc/passwd",  "/etc/shadow",   "/proc/self/status",
		"/proc/1/root", "/dev/null",     "/home",
		"/root",        "/usr/bin",      "/usr/bin/env",
		"/bin/sh",      "/etc/hostname", "/sys",
		"/tmp",         "/var/cache",    "/run",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		must_fail(open(paths[i], O_RDONLY) >= 0 ||
				  open(paths[i], O_PATH) >= 0,
			  paths[i]);
}

static void write_files(void)
{
	static const char *const paths[] = {"/x", "/usr/x", "/usr/lib/x",
					    "/etc/x", "/lib/x"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		must_fail(open(paths[i], O_WRONLY | O_CREAT, 0600) >= 0 ||
				  mkdir(paths[i], 0700) == 0,
			  paths[i]);
	must_fail(open("/", O_TMPFILE | O_RDWR, 0600) >= 0, "a file without a "
							    "name");
	must_fail(open("/etc/ld.so.cache", O_RDWR) >= 0, "the loader's cache");
	/* The module is there to be read. */
	must_fail(write(0, "x", 1) == 1, "the module's file");
	must_fail(ftruncate(0, 0) == 0, "the module's length");
	must_fail(fchmod(1, 06777) == 0, "the image's mode");
	must_fail(fchown(1, 0, 0) == 0, "the image's owner");
}

static void connect_out(void)
{
	static const int families[] = {AF_INET,    AF_INET6,  AF_UNIX,
				       AF_NETLINK, AF_PACKET, AF_VSOCK};
	int pair[2];

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		must_fail(socket(families[i], SOCK_DGRAM, 0) >= 0, "a socket");
	must_fail(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "a pair");
}

static void take_rights(void)
{
	must_fail(unshare(CLONE_NEWUSER) == 0, "a user namespace");
	must_fail(setuid(0) == 0 && geteuid() == 0, "root");
	must_fail(mount("none", "/usr", "tmpfs", 0, NULL) == 0, "a mount");
	must_fail(chroot("/usr") == 0, "chroot");
	must_fail(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "ptrace");
	must_fail(kill(-1, 0) == 0, "other processes");
	must_fail(setpriority(PRIO_PROCESS, 0, -5) == 0, "priority");
	must_fail(syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != EPERM, "bpf");
	must_fail(syscall(SYS_io_uring_setup, 4, NULL) >= 0 || errno != EPERM,
		  "io_uring");
	must_fail(syscall(SYS_keyctl, 0, 0, 0) >= 0 || errno != EPERM,
		  "keyrings");
	must_fail(mprotect(module, 4096, PROT_READ | PROT_EXEC) == 0,
		  "executable memory");
}

static void execute(void)
{
	char *args[] = {(char *)"sh", NULL};

	execve("/bin/sh", args, args);
	execve("/usr/bin/env", args, args);
	execve("/proc/self/exe", args, args);
}

static void fork_bomb(void)
{
	int made = 0;

	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		made += pid > 0;
	}
	must_fail(made > 64, "more than 64 processes");
}

static int thread(void *arg)
{
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return 0;
}

static void thread_bomb(void)
{
	static char stacks[2000][4096] __attribute__((aligned(16)));
	int made = 0;

	for (int i = 0; i < 2000; i++)
		if (clone(thread, stacks[i] + sizeof(stacks[i]),
			  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
				  CLONE_THREAD | CLONE_SYSVSEM,
			  NULL) > 0)
			made++;
	must_fail(made > 64, "more than 64 threads");
}

static void eat_memory(void)
{
	size_t got = 0;

	for (;; got += 64 << 20) {
		char *p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		must_fail(got > 8ull << 30, "8 GiB");
		/* Not touched: the machine's other users have no limit. */
	}
}

static void fill_disk(void)
{
	int fd = memfd_create("x", 0), n = 0;

	must_fail(pwrite(1, "x", 1, 1ll << 30) == 1, "an image of 1 GiB");
	must_fail(fd < 0 || pwrite(fd, "x", 1, 1ll << 30) == 1,
		  "a file in memory of 1 GiB");
	while (memfd_create("x", 0) >= 0)
		n++;
	must_fail(n > 80, "files in memory without end");
}

static void look_at_descriptors(void)
{
	for (int fd = 3; fd < 1024; fd++)
		must_fail(fcntl(fd, F_GETFD) >= 0, "a descriptor");
	must_fail(getuid() == 0 || geteuid() == 0, "root");
	must_fail(getpid() != 1, "a pid namespace of others");
}

static void __attribute__((noreturn)) run_forever(void)
{
	for (;;)
		;
}

static void speak(void)
{
	fputs("\033]0;title\007\033[2J\033[31mred\a\x9b"
	      "5n\n",
	      stderr);
	fputs("\r 50%\033[K", stderr);
	fputs("\rdone\033[K\n", stderr);
}

static int image_of(const uint8_t *bytes, size_t n)
{
	return fake_image(1, bytes, n, aot_cpu_native(), 0) == 0 ? 0 : 1;
}

static int act(const char *mode)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} attempts[] = {
		{"read", read_files},     {"write", write_files},
		{"connect", connect_out}, {"rights", take_rights},
		{"execute", execute},     {"fork", fork_bomb},
		{"threads", thread_bomb}, {"memory", eat_memory},
		{"disk", fill_disk},      {"descriptors", look_at_descriptors},
	};

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
		if (strcmp(mode, attempts[i].name) == 0) {
			attempts[i].run();
			fprintf(stderr, "%s: refused\n", mode);
			return 1;
		}
	if (strcmp(mode, "good") == 0)
		return image_of(module, len);
	if (strcmp(mode, "slow") == 0) {
		sleep(2);
		return image_of(module, len);
	}
	if (strcmp(mode, "other") == 0)
		return image_of((const uint8_t *)"\0asm\1\0\0\0", 8);
	if (strcmp(mode, "garbage") == 0)
		return write(1, module, len) < 0;
	if (strcmp(mode, "nothing") == 0)
		return 0;
	if (strcmp(mode, "crash") == 0)
		abort();
	if (strcmp(mode, "hard") == 0) {
		fputs("function 7 has too many blocks\n", stderr);
		return 2;
	}
	if (strcmp(mode, "speak") == 0) {
		speak();
		return image_of(module, len);
	}
	if (strcmp(mode, "forever") == 0)
		run_forever();
	fprintf(stderr, "no such mode: %s\n", mode);
	return 1;
}

int main(int argc, char **argv)
{
	static const char tag[] = "\4fake";
	char mode[32] = "good";
	const uint8_t *p;
	ssize_t n;

	while ((n = read(0, module + len, sizeof(module) - len)) > 0)
		len += (size_t)n;
	p = memmem(module, len, tag, 5);
	if (p)
		snprintf(mode, sizeof(mode), "%.*s",
			 (int)(module + len - p - 5), p + 5);
	return act(mode);
}
