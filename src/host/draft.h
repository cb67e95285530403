/* host/draft.h
 * A file that appears whole or not at all: written without a name, and named
 * when it is done.  Whatever dies meanwhile leaves nothing; where the
 * filesystem has no O_TMPFILE, it leaves a file ".<16 digits>". */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct draft {
	int fd;        /* open for reading and writing */
	int dir;       /* of our own */
	char name[20]; /* "": it has none yet */
};

/* In the directory `path` below `dir` (AT_FDCWD).  -errno. */
int draft_open(int dir, const char *path, mode_t mode, struct draft *ret);
/* Give it this name in its directory, in the place of what has it.  fsync()
 * is the caller's: what has a checksum does not need it.  -errno. */
int draft_keep(struct draft *d, const char *name);
/* Close it, kept or not. */
void draft_close(struct draft *d);

#define _cleanup_draft_ __attribute__((__cleanup__(draft_close)))
