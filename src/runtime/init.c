#include "runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "host/netlink.h"
#include "host/path.h"
#include "host/procfs.h"
#include "oci/spec.h"
#include "runtime/store.h"
#include "runtime/sync.h"
#include "sandbox/sandbox.h"

int init_before(void *data, struct err *err)
{
	const struct init_args *args = data;

	return process_set_oom_score(args->setup.process, err);
}

static int set_names(const struct oci_spec *spec, struct err *err)
{
	if (!str_empty(spec->hostname) &&
	    sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_set(err, -errno, "hostname: %s", spec->hostname);
	if (!str_empty(spec->domainname) &&
	    setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return err_set(err, -errno, "domainname: %s", spec->domainname);
	return 0;
}

/* Our pid as the host sees it: /proc is still the host's. */
pid_t init_host_pid(void)
{
	char link[24];
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);
	uint64_t pid;

	if (n <= 0)
		return 0;
	link[n] = '\0';
	return parse_u64(link, INT32_MAX, &pid) == 0 ? (pid_t)pid : 0;
}

static int run_hooks(const struct init_args *args, const char *kind,
		     const struct oci_hook *hooks, size_t n, pid_t pid,
		     enum container_status status, struct err *err)
{
	_cleanup_buf_ struct buf state = {0};
	struct container copy = *args->container;
	struct hook_call call = {
		.kind = kind,
		.hooks = hooks,
		.n = n,
	};

	if (n == 0)
		return 0;
	copy.state.pid = pid;
	container_state_json(&copy, status, &state);
	call.state_json = state.data;
	return hooks_run(&call, err);
}

/* Descriptors that hull opened in our place, until it says that is all. */
static int receive_sources(struct init_args *args,
			   struct rootfs_sources *sources, struct err *err)
{
	size_t n = args->setup.spec->n_mounts + 1;
	int rc;

	/* A hull without privileges may look into our mount namespace only
	 * while we are dumpable; nothing of the container is there yet. */
	if (args->container->state.rootless)
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	rc = sync_send(args->setup.sync, SYNC_SOURCES, -1);
	if (rc < 0)
		return err_set(err, rc, "ask for the sources of mounts");
	sources->fd = xcalloc(n, sizeof(int));
	sources->n = n;
	for (size_t i = 0; i < n; i++)
		sources->fd[i] = -1;
	for (;;) {
		int fd, index = 0, type;

		type = sync_recv(args->setup.sync, &fd, &index, err);
		if (type == SYNC_SOURCES_END)
			break;
		if (type < 0)
			return type;
		if (type != SYNC_SOURCE || fd < 0 || index < 0 ||
		    (size_t)index >= n)
			return err_say(err, -EPROTO,
				       "mount sources: unexpected message");
		sources->fd[index] = fd;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	args->rootfs.sources = sources;
	return 0;
}

/* process.cwd is made when the image lacks it, as long as the root can be
 * written to. */
static int make_cwd(int root, const char *cwd, struct err *err)
{
	_cleanup_close_ int fd = path_open_in_root(root, cwd, O_PATH);

	if (fd >= 0)
		return 0;
	fd = path_mkdir_p_in_root(root, cwd, 0755);
	/* On a read-only filesystem chdir() will say what is missing. */
	if (fd < 0 && fd != -EROFS && fd != -EACCES)
		return err_set(err, fd, "process.cwd: create %s", cwd);
	return 0;
}

static int meet_hull(const struct init_args *args, struct err *err)
{
	int rc;

	if (!args->wait_for_hooks)
		return 0;
	rc = sync_send(args->setup.sync, SYNC_NAMESPACES, -1);
	if (rc < 0)
		return err_set(err, rc, "report the namespaces");
	return sync_expect(args->setup.sync, SYNC_HOOKS_DONE, NULL, NULL, err);
}

/* Somebody else has built the root that we came into. */
static int take_root(struct init_args *args, struct err *err)
{
	_cleanup_close_ int root = -1, pty = -1;
	int rc;

	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(err, -errno, "open the joined root");
	rc = meet_hull(args, err);
	if (rc == 0)
		rc = process_terminal(&args->setup, root, &pty, err);
	return rc;
}

/* The root and the terminal; afterwards "/" is the container's. */
static int build_root(struct init_args *args, pid_t pid, struct err *err)
{
	const struct oci_hooks *hooks = &args->setup.spec->hooks;
	struct rootfs_sources sources = {0};
	struct rootfs *r = NULL;
	int pty = -1, rc = 0;

	if (args->sources_by_message)
		rc = receive_sources(args, &sources, err);
	if (rc == 0)
		rc = rootfs_open(&args->rootfs, &r, err);
	if (rc == 0)
		rc = rootfs_mount(r, err);
	if (rc == 0)
		rc = meet_hull(args, err);
	if (rc == 0)
		rc = run_hooks(args, "createContainer", hooks->create_container,
			       hooks->n_create_container, pid,
			       CONTAINER_CREATING, err);
	if (rc == 0)
		rc = make_cwd(rootfs_fd(r), args->setup.process->cwd, err);
	if (rc == 0)
		rc = process_terminal(&args->setup, rootfs_fd(r), &pty, err);
	if (rc == 0 && pty >= 0)
		rc = rootfs_console(r, pty, err);
	if (rc == 0)
		rc = rootfs_seal(r, err);
	if (rc == 0)
		rc = rootfs_enter(r, err);
	close_keep_errno(pty);
	rootfs_free(r);
	return rc;
}

static int write_sysctls(const struct init_args *args, struct err *err)
{
	const struct oci_linux *l = &args->setup.spec->linux;

	for (size_t i = 0; i < l->n_sysctl; i++) {
		int rc = procfs_write_sysctl(args->setup.proc_fd,
					     l->sysctl[i].name,
					     l->sysctl[i].value, err);

		if (rc < 0)
			return err_wrap(err, "linux.sysctl");
	}
	return 0;
}

static bool needs_procfs(const struct init_args *args)
{
	const struct oci_process *p = args->setup.process;

	return args->setup.spec->linux.n_sysctl > 0 ||
	       !str_empty(p->apparmor_profile) || !str_empty(p->selinux_label);
}

static int build_shell(struct init_args *args, pid_t pid,
		       struct sandbox_task *task, int *exit_status,
		       struct err *err)
{
	int rc = 0;

	umask(0);
	if (setsid() < 0)
		return err_set(err, -errno, "setsid");
	if (args->new_network)
		rc = netlink_loopback_up(err);
	if (rc == 0)
		rc = set_names(args->setup.spec, err);
	if (rc == 0 && needs_procfs(args)) {
		args->setup.proc_fd = procfs_new(err);
		rc = args->setup.proc_fd < 0 ? args->setup.proc_fd : 0;
	}
	if (rc == 0)
		rc = args->joined_mounts ? take_root(args, err)
					 : build_root(args, pid, err);
	if (rc == 0)
		rc = write_sysctls(args, err);
	if (rc == 0)
		rc = process_prepare(&args->setup, task, exit_status, err);
	return rc;
}

/* Parts of hull's program that can be read again from its file. */
struct segments {
	struct {
		void *at;
		size_t size;
	} v[8];
	size_t n;
};

static int find_segments(struct dl_phdr_info *info, size_t size, void *data)
{
	struct segments *s = data;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + p->p_vaddr;
		uintptr_t first = at & ~(uintptr_t)0xfff;

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W) ||
		    s->n == ARRAY_SIZE(s->v))
			continue;
		s->v[s->n].at = (void *)first;
		s->v[s->n++].size = at + p->p_memsz - first;
	}
	return 1;
}

/* A created container may wait for long, and there may be many.  What hull
 * has read of its own program to get here is in the page cache, and comes
 * back when it is needed: all but the pages of this function, which does no
 * more than it must between letting go and waiting. */
static int __attribute__((noinline)) wait_light(int socket)
{
	struct segments s = {0};
	long fd;

	dl_iterate_phdr(find_segments, &s);
	for (size_t i = 0; i < s.n; i++)
		syscall(SYS_madvise, s.v[i].at, s.v[i].size, MADV_DONTNEED);
	fd = syscall(SYS_accept4, socket, NULL, NULL, SOCK_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

/* Wait for "start"; what comes back is who to tell when it fails.  A visitor
 * that says nothing (hull asks so whether we still wait) is let go. */
static int wait_for_start(const struct init_args *args)
{
	if (args->start_socket < 0)
		return sync_expect(args->setup.sync, SYNC_START, NULL, NULL,
				   NULL) < 0
			       ? -1
			       : args->setup.sync;
	/* Nobody reads it any more, and hull waits for its end. */
	close(args->setup.sync);
	for (;;) {
		int fd = wait_light(args->start_socket);

		if (fd == -EINTR || fd == -ECONNABORTED)
			continue;
		if (fd < 0)
			return -1;
		if (sync_recv(fd, NULL, NULL, NULL) == SYNC_START)
			return fd;
		close(fd);
	}
}

/* Only for what is told to others; asking takes a walk through /proc. */
static bool needs_host_pid(const struct init_args *args)
{
	const struct oci_hooks *h = &args->setup.spec->hooks;

	return h->n_create_container || h->n_start_container ||
	       args->setup.listener_socket >= 0;
}

void init_run(void *data)
{
	struct init_args *args = data;
	const struct oci_hooks *hooks = &args->setup.spec->hooks;
	pid_t pid = needs_host_pid(args) ? init_host_pid() : 0;
	struct sandbox_task task = {0};
	struct err err = {0};
	int status = 1, rc;

	/* The state directory's lock is hull's, and ends with hull. */
	close(args->container->dir_fd);
	close(args->container->root_fd);
	args->setup.host_pid = pid;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

	rc = build_shell(args, pid, &task, &status, &err);
	if (rc == 0) {
		/* From here on the container is its own master.  Not after
		 * the message: hull ends when it has read that. */
		prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
		rc = sync_send(args->setup.sync, SYNC_CREATED, -1);
	}
	if (rc == 0) {
		args->setup.sync = wait_for_start(args);
		if (args->setup.sync < 0)
			_exit(1);
		status = 1;
		rc = run_hooks(args, "startContainer", hooks->start_container,
			       hooks->n_start_container, pid, CONTAINER_CREATED,
			       &err);
	}
	if (rc == 0)
		process_enter(&args->setup, &task, &status, &err);
	sync_fail(args->setup.sync, status, &err);
	_exit(status);
}
