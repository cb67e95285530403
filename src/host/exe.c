#include "host/exe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "host/mount.h"
#include "host/path.h"

#define OWN_EXE "/proc/self/exe"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* A read-only mount is so for whoever comes by way of it, root as well. */
static bool is_protected(void)
{
	_cleanup_close_ int fd = -1;
	struct statvfs fs;
	int seals;

	if (statvfs(OWN_EXE, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	fd = open(OWN_EXE, O_RDONLY | O_CLOEXEC);
	seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* Attached nowhere, so nobody can find it to make it writable again. */
static int read_only_mount(void)
{
	_cleanup_close_ int mnt = mount_clone(AT_FDCWD, OWN_EXE, 0);
	int rc = mnt < 0 ? mnt : mount_set(mnt, MOUNT_ATTR_RDONLY, 0, false);

	return rc < 0 ? rc : steal_fd(&mnt);
}

static int sealed_copy(void)
{
	_cleanup_close_ int from = open(OWN_EXE, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int to =
		memfd_create("hull", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	ssize_t n;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -errno;
	for (off_t left = st.st_size; left > 0; left -= n) {
		n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	if (fchmod(to, 0500) < 0 || fcntl(to, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return steal_fd(&to);
}

/* Neither a mount that is attached nowhere nor a copy has a path. */
#define PATH_VARIABLE "HULL_EXE"

static void remember_path(void)
{
	_cleanup_free_ char *path = NULL;

	if (path_readlink_at(AT_FDCWD, OWN_EXE, &path) == 0)
		setenv(PATH_VARIABLE, path, 1);
}

char *exe_path(void)
{
	_cleanup_free_ char *path = NULL;
	struct stat own, there;
	const char *said;

	if (path_readlink_at(AT_FDCWD, OWN_EXE, &path) == 0 &&
	    stat(OWN_EXE, &own) == 0 && stat(path, &there) == 0 &&
	    own.st_dev == there.st_dev && own.st_ino == there.st_ino)
		return steal_ptr(&path);
	said = getenv(PATH_VARIABLE);
	return said && *said == '/' ? xstrdup(said) : NULL;
}

int exe_protect(char *const *argv, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (is_protected()) {
		/* Older kernels call us by the number of a descriptor. */
		prctl(PR_SET_NAME, "hull", 0, 0, 0);
		return 0;
	}
	fd = read_only_mount();
	if (fd < 0) {
		/* An ordinary user: it matters only if hull is theirs. */
		if (access(OWN_EXE, W_OK) < 0 && errno == EACCES)
			return 0;
		fd = sealed_copy();
	}
	if (fd < 0)
		return err_set(err, fd, "protect hull's program file");
	remember_path();
	execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return err_set(err, -errno, "start again from a protected file");
}
