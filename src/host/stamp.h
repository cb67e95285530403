/* host/stamp.h
 * Has a file changed?  By what the kernel notes of each change, without
 * reading it: device, inode, size, and the times of its last modification and
 * of its last change, which nobody can set back.
 *
 * As with git's index, there are two traps.  A change within the clock's
 * granularity of the one before leaves the same stamp, so one that is younger
 * than two seconds proves nothing (stamp_settled()).  And a filesystem that
 * was packed elsewhere (squashfs, erofs), or that a server or a process
 * answers for (NFS, FUSE), has whatever times it was given: two different
 * files with the same stamp are then no accident (stamp_of()). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct stamp {
	/* 0 for overlayfs, which has another number in each mount of the same
	 * layers; the inode and the times stay. */
	uint64_t dev;
	uint64_t ino, size;
	int64_t mtime, ctime; /* nanoseconds */
};

/* 1; 0 when no stamp of this file could be relied on; a negative errno.
 * Fills *ret unless it fails. */
int stamp_of(int fd, struct stamp *ret);
bool stamp_equal(const struct stamp *a, const struct stamp *b);
/* Was the last change long enough ago that a later one shows? */
bool stamp_settled(const struct stamp *s);
