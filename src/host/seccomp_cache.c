/* host/seccomp_cache.c
 * Compiled filters on disk.  One file for each, named by the SHA-256 of all
 * that went into it, mapped and not copied:
 *
 *	offset	bytes
 *	0	8	"HULLBPF" and the version of this format, 2
 *	8	4	instructions
 *	12	4	SECCOMP_FILTER_FLAG_* bits
 *	16	4	1: the program has a NOTIFY action
 *	20	4	0
 *	24	8	checksum of 8 to 20 and of the instructions
 *	32	...	struct sock_filter, 8 bytes each
 *
 * Who could write here could choose a container's filter.  So the directory
 * must be its owner's alone, and the file too; the checksum is against a
 * disk that was full, not against an attacker. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "host/seccomp.h"
#include "host/seccomp_internal.h"

enum { CACHE_MAX_FILES = 256 };

static const char magic[8] = "HULLBPF\2";

struct header {
	char magic[8];
	uint32_t len;
	uint32_t flags;
	uint32_t notify;
	uint32_t zero;
	uint64_t checksum;
};
_Static_assert(sizeof(struct header) == 32, "the file format is fixed");

/* FNV-1a over the numbers of the header and the 64-bit instructions. */
static uint64_t checksum(const struct header *h,
			 const struct sock_filter *filter)
{
	const uint64_t prime = 0x100000001b3;
	uint64_t sum = 0xcbf29ce484222325;

	sum = (sum ^ ((uint64_t)h->len << 32 | h->flags)) * prime;
	sum = (sum ^ h->notify) * prime;
	for (size_t i = 0; i < h->len; i++) {
		uint64_t word;

		memcpy(&word, filter + i, sizeof(word));
		sum = (sum ^ word) * prime;
	}
	return sum;
}

int seccomp_cache_open(int parent_fd, const char *name, struct err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (mkdirat(parent_fd, name, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "create the cache of filters");
	fd = openat(parent_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "open the cache of filters");
	if (st.st_uid != geteuid() || (st.st_mode & 0077))
		return err_say(err, -EPERM,
			       "the cache of filters is not ours alone: it "
			       "must have our owner and mode 0700");
	return steal_fd(&fd);
}

static bool usable(const struct header *h, size_t size)
{
	const struct sock_filter *filter = (const void *)(h + 1);

	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->len > 0 &&
	       h->len <= BPF_MAXINSNS && h->notify <= 1 && h->zero == 0 &&
	       size == sizeof(*h) + h->len * sizeof(*filter) &&
	       h->checksum == checksum(h, filter);
}

int seccomp_cache_get(int dir, const char *key, struct seccomp_prog *ret)
{
	_cleanup_close_ int fd =
		openat(dir, key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const struct header *h;
	struct stat st;
	size_t size;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size < (off_t)sizeof(*h) || st.st_size > 1 << 20)
		return -ENOENT;
	size = (size_t)st.st_size;
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -ENOENT;
	h = map;
	if (!usable(h, size)) {
		munmap(map, size);
		return -ENOENT;
	}
	*ret = (struct seccomp_prog){
		.filter = (struct sock_filter *)(h + 1),
		.len = (unsigned short)h->len,
		.flags = h->flags,
		.notify = h->notify,
		.map = map,
		.map_len = size,
	};
	return 0;
}

/* When there are too many, the oldest goes: profiles change with engines,
 * not with containers. */
static void make_room(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = copy < 0 ? NULL : fdopendir(copy);
	char oldest[NAME_MAX + 1] = "";
	struct timespec when = {0};
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		struct stat st;

		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		n++;
		if (!*oldest || st.st_mtim.tv_sec < when.tv_sec) {
			when = st.st_mtim;
			strcpy(oldest, e->d_name);
		}
	}
	if (n > CACHE_MAX_FILES)
		unlinkat(dir, oldest, 0);
}

void seccomp_cache_put(int dir, const char *key,
		       const struct seccomp_prog *prog)
{
	struct header h = {
		.len = prog->len,
		.flags = prog->flags,
		.notify = prog->notify,
	};
	size_t size = prog->len * sizeof(*prog->filter);
	_cleanup_close_ int fd = -1;
	uint64_t random;
	char tmp[32];

	/* A pid would not do: a hull in another pid namespace may have it. */
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return;
	snprintf(tmp, sizeof(tmp), ".%016llx", (unsigned long long)random);
	memcpy(h.magic, magic, sizeof(magic));
	h.checksum = checksum(&h, prog->filter);
	fd = openat(dir, tmp,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, &h, sizeof(h)) != sizeof(h) ||
	    write(fd, prog->filter, size) != (ssize_t)size ||
	    renameat(dir, tmp, dir, key) < 0) {
		unlinkat(dir, tmp, 0);
		return;
	}
	make_room(dir);
}
