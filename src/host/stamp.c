#include "host/stamp.h"

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/cleanup.h"

/* Not in every <linux/magic.h>. */
#define MAGIC_ZFS      0x2fc12fc1
#define MAGIC_BCACHEFS 0xca451a4e

enum { NSEC = 1000000000 };

/* Filesystems whose ctime is this kernel's own. */
static bool has_own_times(uint32_t type)
{
	static const uint32_t types[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,
		TMPFS_MAGIC,      F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
		MAGIC_ZFS,        MAGIC_BCACHEFS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * NSEC + t.tv_nsec;
}

int stamp_of(int fd, struct stamp *ret)
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	*ret = (struct stamp){
		.dev = fs.f_type == OVERLAYFS_SUPER_MAGIC ? 0 : st.st_dev,
		.ino = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime = nanoseconds(st.st_mtim),
		.ctime = nanoseconds(st.st_ctim),
	};
	/* Overlayfs may have a packed filesystem as its lower layer.  Packers
	 * know whole seconds, and the kernel's clock hardly ever has one. */
	return has_own_times((uint32_t)fs.f_type) && st.st_ctim.tv_nsec != 0;
}

bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool stamp_settled(const struct stamp *s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return nanoseconds(now) - s->ctime > 2 * (int64_t)NSEC;
}
