/* What the WASI test programs share.  Each runs with one directory, "/" as
 * descriptor 3, that test_wasi.py fills (see there), prints "ok" and ends
 * with 0; or says what was not as it should be. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define ROOT   3
#define FOLLOW __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW
#define FAR    ((void *)(uintptr_t)0xfffffff0)

static void fail(const char *file, int line, const char *what, long long got,
		 long long want)
{
	printf("%s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
	exit(1);
}

#define IS(got, want)                                                \
	do {                                                         \
		long long got_ = (long long)(got), want_ = (want);   \
		if (got_ != want_)                                   \
			fail(__FILE__, __LINE__, #got, got_, want_); \
	} while (0)
#define OK(call)          IS(call, 0)
#define FAILS(call, name) IS(call, __WASI_ERRNO_##name)
#define TRUE(cond)        IS(!!(cond), 1)

/* The rights that wasi-libc asks for. */
#define R_READ                                                         \
	(__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_READDIR |            \
	 __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL |               \
	 __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_FILESTAT_GET |     \
	 __WASI_RIGHTS_FD_FILESTAT_SET_TIMES | __WASI_RIGHTS_FD_SYNC | \
	 __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_POLL_FD_READWRITE)
#define R_WRITE                                                        \
	(R_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_DATASYNC | \
	 __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE)
#define R_DIR ((1u << 27) - 1)

static inline __wasi_errno_t try_open(const char *path, __wasi_oflags_t oflags,
				      __wasi_rights_t rights, __wasi_fd_t *fd)
{
	return __wasi_path_open(ROOT, FOLLOW, path, oflags, rights, rights, 0,
				fd);
}

static inline __wasi_fd_t open_as(const char *path, __wasi_oflags_t oflags,
				  __wasi_rights_t rights)
{
	__wasi_fd_t fd = 0;

	OK(try_open(path, oflags, rights, &fd));
	return fd;
}

static inline __wasi_fd_t open_dir(const char *path)
{
	return open_as(path, __WASI_OFLAGS_DIRECTORY, R_DIR);
}

static inline void write_all(__wasi_fd_t fd, const char *text)
{
	__wasi_ciovec_t v = {(const uint8_t *)text, strlen(text)};
	__wasi_size_t n = 0;

	OK(__wasi_fd_write(fd, &v, 1, &n));
	IS(n, (long long)strlen(text));
}

/* What is there from the descriptor's position on. */
static inline const char *read_some(__wasi_fd_t fd)
{
	static char buf[256];
	__wasi_iovec_t v = {(uint8_t *)buf, sizeof(buf) - 1};
	__wasi_size_t n = 0;

	OK(__wasi_fd_read(fd, &v, 1, &n));
	buf[n] = '\0';
	return buf;
}

static inline bool exists(const char *path)
{
	__wasi_filestat_t st;

	return __wasi_path_filestat_get(ROOT, 0, path, &st) == 0;
}

static inline void text_is(const char *path, const char *want)
{
	__wasi_fd_t fd = open_as(path, 0, R_READ);
	const char *got = read_some(fd);

	if (strcmp(got, want) != 0) {
		printf("%s has \"%s\", not \"%s\"\n", path, got, want);
		exit(1);
	}
	OK(__wasi_fd_close(fd));
}

static inline int done(void)
{
	puts("ok");
	return 0;
}
