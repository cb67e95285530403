/* wasm/wasi_abi.h
 * Numbers and layouts of WASI preview 1 (its witx files), as they lie in guest
 * memory: little-endian, and so are the hosts we build for. */
#pragma once

#include <stddef.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "guest structures are copied as they are");

enum wasi_errno {
	WASI_SUCCESS = 0,
	WASI_E2BIG,
	WASI_EACCES,
	WASI_EADDRINUSE,
	WASI_EADDRNOTAVAIL,
	WASI_EAFNOSUPPORT,
	WASI_EAGAIN,
	WASI_EALREADY,
	WASI_EBADF,
	WASI_EBADMSG,
	WASI_EBUSY, /* 10 */
	WASI_ECANCELED,
	WASI_ECHILD,
	WASI_ECONNABORTED,
	WASI_ECONNREFUSED,
	WASI_ECONNRESET,
	WASI_EDEADLK,
	WASI_EDESTADDRREQ,
	WASI_EDOM,
	WASI_EDQUOT,
	WASI_EEXIST, /* 20 */
	WASI_EFAULT,
	WASI_EFBIG,
	WASI_EHOSTUNREACH,
	WASI_EIDRM,
	WASI_EILSEQ,
	WASI_EINPROGRESS,
	WASI_EINTR,
	WASI_EINVAL,
	WASI_EIO,
	WASI_EISCONN, /* 30 */
	WASI_EISDIR,
	WASI_ELOOP,
	WASI_EMFILE,
	WASI_EMLINK,
	WASI_EMSGSIZE,
	WASI_EMULTIHOP,
	WASI_ENAMETOOLONG,
	WASI_ENETDOWN,
	WASI_ENETRESET,
	WASI_ENETUNREACH, /* 40 */
	WASI_ENFILE,
	WASI_ENOBUFS,
	WASI_ENODEV,
	WASI_ENOENT,
	WASI_ENOEXEC,
	WASI_ENOLCK,
	WASI_ENOLINK,
	WASI_ENOMEM,
	WASI_ENOMSG,
	WASI_ENOPROTOOPT, /* 50 */
	WASI_ENOSPC,
	WASI_ENOSYS,
	WASI_ENOTCONN,
	WASI_ENOTDIR,
	WASI_ENOTEMPTY,
	WASI_ENOTRECOVERABLE,
	WASI_ENOTSOCK,
	WASI_ENOTSUP,
	WASI_ENOTTY,
	WASI_ENXIO, /* 60 */
	WASI_EOVERFLOW,
	WASI_EOWNERDEAD,
	WASI_EPERM,
	WASI_EPIPE,
	WASI_EPROTO,
	WASI_EPROTONOSUPPORT,
	WASI_EPROTOTYPE,
	WASI_ERANGE,
	WASI_EROFS,
	WASI_ESPIPE, /* 70 */
	WASI_ESRCH,
	WASI_ESTALE,
	WASI_ETIMEDOUT,
	WASI_ETXTBSY,
	WASI_EXDEV,
	WASI_ENOTCAPABLE, /* 76, the last of preview 1 */
	/* WasmEdge's, from sock_getaddrinfo. */
	WASI_EAI_ADDRFAMILY,
	WASI_EAI_AGAIN,
	WASI_EAI_BADFLAG,
	WASI_EAI_FAIL,
	WASI_EAI_FAMILY,
	WASI_EAI_MEMORY,
	WASI_EAI_NODATA,
	WASI_EAI_NONAME,
	WASI_EAI_SERVICE,
	WASI_EAI_SOCKTYPE,
	WASI_EAI_SYSTEM,
};

#define WASI_RIGHT_FD_DATASYNC             (UINT64_C(1) << 0)
#define WASI_RIGHT_FD_READ                 (UINT64_C(1) << 1)
#define WASI_RIGHT_FD_SEEK                 (UINT64_C(1) << 2)
#define WASI_RIGHT_FD_FDSTAT_SET_FLAGS     (UINT64_C(1) << 3)
#define WASI_RIGHT_FD_SYNC                 (UINT64_C(1) << 4)
#define WASI_RIGHT_FD_TELL                 (UINT64_C(1) << 5)
#define WASI_RIGHT_FD_WRITE                (UINT64_C(1) << 6)
#define WASI_RIGHT_FD_ADVISE               (UINT64_C(1) << 7)
#define WASI_RIGHT_FD_ALLOCATE             (UINT64_C(1) << 8)
#define WASI_RIGHT_PATH_CREATE_DIRECTORY   (UINT64_C(1) << 9)
#define WASI_RIGHT_PATH_CREATE_FILE        (UINT64_C(1) << 10)
#define WASI_RIGHT_PATH_LINK_SOURCE        (UINT64_C(1) << 11)
#define WASI_RIGHT_PATH_LINK_TARGET        (UINT64_C(1) << 12)
#define WASI_RIGHT_PATH_OPEN               (UINT64_C(1) << 13)
#define WASI_RIGHT_FD_READDIR              (UINT64_C(1) << 14)
#define WASI_RIGHT_PATH_READLINK           (UINT64_C(1) << 15)
#define WASI_RIGHT_PATH_RENAME_SOURCE      (UINT64_C(1) << 16)
#define WASI_RIGHT_PATH_RENAME_TARGET      (UINT64_C(1) << 17)
#define WASI_RIGHT_PATH_FILESTAT_GET       (UINT64_C(1) << 18)
#define WASI_RIGHT_PATH_FILESTAT_SET_SIZE  (UINT64_C(1) << 19)
#define WASI_RIGHT_PATH_FILESTAT_SET_TIMES (UINT64_C(1) << 20)
#define WASI_RIGHT_FD_FILESTAT_GET         (UINT64_C(1) << 21)
#define WASI_RIGHT_FD_FILESTAT_SET_SIZE    (UINT64_C(1) << 22)
#define WASI_RIGHT_FD_FILESTAT_SET_TIMES   (UINT64_C(1) << 23)
#define WASI_RIGHT_PATH_SYMLINK            (UINT64_C(1) << 24)
#define WASI_RIGHT_PATH_REMOVE_DIRECTORY   (UINT64_C(1) << 25)
#define WASI_RIGHT_PATH_UNLINK_FILE        (UINT64_C(1) << 26)
#define WASI_RIGHT_POLL_FD_READWRITE       (UINT64_C(1) << 27)
#define WASI_RIGHT_SOCK_SHUTDOWN           (UINT64_C(1) << 28)
#define WASI_RIGHT_SOCK_ACCEPT             (UINT64_C(1) << 29)

#define WASI_RIGHTS_ALL ((UINT64_C(1) << 30) - 1)

#define WASI_RIGHTS_DIRECTORY                                               \
	(WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_SYNC |              \
	 WASI_RIGHT_FD_DATASYNC | WASI_RIGHT_PATH_CREATE_DIRECTORY |        \
	 WASI_RIGHT_PATH_CREATE_FILE | WASI_RIGHT_PATH_LINK_SOURCE |        \
	 WASI_RIGHT_PATH_LINK_TARGET | WASI_RIGHT_PATH_OPEN |               \
	 WASI_RIGHT_FD_READDIR | WASI_RIGHT_PATH_READLINK |                 \
	 WASI_RIGHT_PATH_RENAME_SOURCE | WASI_RIGHT_PATH_RENAME_TARGET |    \
	 WASI_RIGHT_PATH_FILESTAT_GET | WASI_RIGHT_PATH_FILESTAT_SET_SIZE | \
	 WASI_RIGHT_PATH_FILESTAT_SET_TIMES | WASI_RIGHT_FD_FILESTAT_GET |  \
	 WASI_RIGHT_FD_FILESTAT_SET_TIMES | WASI_RIGHT_PATH_SYMLINK |       \
	 WASI_RIGHT_PATH_REMOVE_DIRECTORY | WASI_RIGHT_PATH_UNLINK_FILE |   \
	 WASI_RIGHT_POLL_FD_READWRITE)

#define WASI_RIGHTS_FILE                                                      \
	(WASI_RIGHT_FD_DATASYNC | WASI_RIGHT_FD_READ | WASI_RIGHT_FD_SEEK |   \
	 WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_SYNC |                \
	 WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_ADVISE |    \
	 WASI_RIGHT_FD_ALLOCATE | WASI_RIGHT_FD_FILESTAT_GET |                \
	 WASI_RIGHT_FD_FILESTAT_SET_SIZE | WASI_RIGHT_FD_FILESTAT_SET_TIMES | \
	 WASI_RIGHT_POLL_FD_READWRITE)

/* Terminals have no position; that is how wasi-libc's isatty() knows one. */
#define WASI_RIGHTS_STREAM                                                  \
	(WASI_RIGHTS_FILE &                                                 \
	 ~(WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_ADVISE | \
	   WASI_RIGHT_FD_ALLOCATE | WASI_RIGHT_FD_FILESTAT_SET_SIZE))

#define WASI_RIGHTS_SOCKET                                             \
	(WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE |                    \
	 WASI_RIGHT_FD_FDSTAT_SET_FLAGS | WASI_RIGHT_FD_FILESTAT_GET | \
	 WASI_RIGHT_POLL_FD_READWRITE | WASI_RIGHT_SOCK_SHUTDOWN |     \
	 WASI_RIGHT_SOCK_ACCEPT)

enum wasi_filetype {
	WASI_FILETYPE_UNKNOWN,
	WASI_FILETYPE_BLOCK_DEVICE,
	WASI_FILETYPE_CHARACTER_DEVICE,
	WASI_FILETYPE_DIRECTORY,
	WASI_FILETYPE_REGULAR_FILE,
	WASI_FILETYPE_SOCKET_DGRAM,
	WASI_FILETYPE_SOCKET_STREAM,
	WASI_FILETYPE_SYMBOLIC_LINK,
};

enum {
	WASI_FDFLAG_APPEND = 1,
	WASI_FDFLAG_DSYNC = 2,
	WASI_FDFLAG_NONBLOCK = 4,
	WASI_FDFLAG_RSYNC = 8,
	WASI_FDFLAG_SYNC = 16,

	WASI_OFLAG_CREAT = 1,
	WASI_OFLAG_DIRECTORY = 2,
	WASI_OFLAG_EXCL = 4,
	WASI_OFLAG_TRUNC = 8,

	WASI_LOOKUP_FOLLOW = 1,

	WASI_FST_ATIM = 1,
	WASI_FST_ATIM_NOW = 2,
	WASI_FST_MTIM = 4,
	WASI_FST_MTIM_NOW = 8,

	WASI_WHENCE_SET = 0,
	WASI_WHENCE_CUR,
	WASI_WHENCE_END,

	WASI_EVENT_CLOCK = 0,
	WASI_EVENT_FD_READ,
	WASI_EVENT_FD_WRITE,
	WASI_EVENT_HANGUP = 1,
	WASI_CLOCK_ABSTIME = 1,

	WASI_RECV_PEEK = 1,
	WASI_RECV_WAITALL = 2,
	WASI_RECV_TRUNCATED = 1,
	WASI_SHUT_RD = 1,
	WASI_SHUT_WR = 2,

	WASI_PREOPEN_DIR = 0,
};

/* A uint64_t of these is aligned as in the guest; padding is zero. */
struct wasi_iovec {
	uint32_t buf, len;
};

struct wasi_fdstat {
	uint8_t filetype;
	uint8_t pad0;
	uint16_t flags;
	uint32_t pad1;
	uint64_t rights_base, rights_inheriting;
};

struct wasi_filestat {
	uint64_t dev, ino;
	uint8_t filetype;
	uint8_t pad[7];
	uint64_t nlink, size, atim, mtim, ctim;
};

/* wasi_unstable's: the number of links had 32 bits. */
struct wasi_filestat0 {
	uint64_t dev, ino;
	uint8_t filetype;
	uint8_t pad[3];
	uint32_t nlink;
	uint64_t size, atim, mtim, ctim;
};

struct wasi_dirent {
	uint64_t next, ino;
	uint32_t namlen;
	uint8_t type;
	uint8_t pad[3];
};

struct wasi_prestat {
	uint8_t type;
	uint8_t pad[3];
	uint32_t name_len;
};

struct wasi_subscription {
	uint64_t userdata;
	uint8_t type;
	uint8_t pad0[7];
	union {
		struct {
			uint32_t id;
			uint32_t pad1;
			uint64_t timeout, precision;
			uint16_t flags;
		} clock;
		uint32_t fd;
	};
};

/* wasi_unstable's: the clock had an identifier of its own. */
struct wasi_subscription0 {
	uint64_t userdata;
	uint8_t type;
	uint8_t pad0[7];
	union {
		struct {
			uint64_t identifier;
			uint32_t id;
			uint32_t pad1;
			uint64_t timeout, precision;
			uint16_t flags;
		} clock;
		uint32_t fd;
	};
};

struct wasi_event {
	uint64_t userdata;
	uint16_t error;
	uint8_t type;
	uint8_t pad[5];
	uint64_t nbytes;
	uint16_t flags;
	uint8_t pad1[6];
};

_Static_assert(sizeof(struct wasi_fdstat) == 24, "witx");
_Static_assert(sizeof(struct wasi_filestat) == 64, "witx");
_Static_assert(sizeof(struct wasi_filestat0) == 56, "witx");
_Static_assert(sizeof(struct wasi_dirent) == 24, "witx");
_Static_assert(sizeof(struct wasi_subscription) == 48, "witx");
_Static_assert(offsetof(struct wasi_subscription, clock.flags) == 40, "witx");
_Static_assert(sizeof(struct wasi_subscription0) == 56, "witx");
_Static_assert(sizeof(struct wasi_event) == 32, "witx");
