#include "check.h"

/* Every function of WASI with arguments that make no sense, argv[1] times,
 * from seed argv[2].  Nothing is expected but that the host survives, which
 * the sanitizers' build of hull judges best.  Addresses are those of a scratch
 * buffer, of the end of memory, or beyond, so that this program survives. */

#define IMPORT(name)                                            \
	__attribute__((import_module("wasi_snapshot_preview1"), \
		       import_name(#name)))

typedef uint32_t i;
typedef uint64_t I;

static char scratch[65536] __attribute__((aligned(16)));
static uint64_t state;

static uint32_t random32(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static i a(void)
{
	uint32_t end = (uint32_t)__builtin_wasm_memory_size(0) << 16;

	switch (random32() % 8) {
	case 0:
		return end - random32() % 64;
	case 1:
		return end + random32() % 64;
	case 2:
		return 0u - random32() % 64;
	default:
		/* Not the end of it: what is written there may be long. */
		return (uint32_t)(uintptr_t)scratch + random32() % 32768;
	}
}

static i n(void)
{
	static const i odd[] = {0,          1,          2,         3,    4,
				5,          7,          8,         16,   24,
				28,         128,        1024,      1025, 4096,
				0x7fffffff, 0x80000000, 0xffffffff};

	return random32() % 4 ? odd[random32() % (sizeof(odd) / sizeof(*odd))]
			      : random32();
}

/* A length that fits the scratch buffer, or none that is possible. */
static i len(void)
{
	return random32() % 4 ? random32() % 64 : 0xffffff00u | random32();
}

static I big(void)
{
	return random32() % 2 ? n() : (I)random32() << 32 | random32();
}

/* Seldom a standard stream: those are whatever the caller has. */
static i fd(void)
{
	return random32() % 2 ? 3 : random32() % 16 ? 4 + random32() % 10 : n();
}

/* What fill() has made, most of the time. */
static i path_at, path_len, iov_at;

static i pa(void)
{
	return random32() % 4 ? path_at : a();
}

static i pl(void)
{
	return random32() % 4 ? path_len : len();
}

static i va(void)
{
	return random32() % 4 ? iov_at : a();
}

static i vn(void)
{
	return random32() % 4 ? random32() % 4 : n();
}

/* Paths, structures and iovecs are whatever lies in the buffer. */
static void fill(void)
{
	static const char *const paths[] = {"file",   "dir/a", "../x", "/",
					    "evil/y", "new",   "dir",  "link"};

	const char *path = paths[random32() % 8];
	char *p = scratch + random32() % 32768;
	uint32_t *words = (uint32_t *)(scratch + random32() % 8192 * 4);

	strcpy(p, path);
	path_at = (i)(uintptr_t)p;
	path_len = strlen(path);
	iov_at = (i)(uintptr_t)words;
	for (int k = 0; k < 16; k += 2) {
		words[k] = a();
		words[k + 1] = len();
	}
}

#define F0(name)                   IMPORT(name) i x_##name(void);
#define F1(name, A)                IMPORT(name) i x_##name(A);
#define F2(name, A, B)             IMPORT(name) i x_##name(A, B);
#define F3(name, A, B, C)          IMPORT(name) i x_##name(A, B, C);
#define F4(name, A, B, C, D)       IMPORT(name) i x_##name(A, B, C, D);
#define F5(name, A, B, C, D, E)    IMPORT(name) i x_##name(A, B, C, D, E);
#define F6(name, A, B, C, D, E, G) IMPORT(name) i x_##name(A, B, C, D, E, G);
#define F7(name, A, B, C, D, E, G, H) \
	IMPORT(name) i x_##name(A, B, C, D, E, G, H);
#define F8(name, A, B, C, D, E, G, H, K) \
	IMPORT(name) i x_##name(A, B, C, D, E, G, H, K);
#define F9(name, A, B, C, D, E, G, H, K, L) \
	IMPORT(name) i x_##name(A, B, C, D, E, G, H, K, L);

F2(args_get, i, i)
F2(args_sizes_get, i, i)
F2(environ_get, i, i)
F2(environ_sizes_get, i, i)
F2(clock_res_get, i, i)
F3(clock_time_get, i, I, i)
F4(fd_advise, i, I, I, i)
F3(fd_allocate, i, I, I)
F1(fd_close, i)
F1(fd_datasync, i)
F2(fd_fdstat_get, i, i)
F2(fd_fdstat_set_flags, i, i)
F3(fd_fdstat_set_rights, i, I, I)
F2(fd_filestat_get, i, i)
F2(fd_filestat_set_size, i, I)
F4(fd_filestat_set_times, i, I, I, i)
F5(fd_pread, i, i, i, I, i)
F2(fd_prestat_get, i, i)
F3(fd_prestat_dir_name, i, i, i)
F5(fd_pwrite, i, i, i, I, i)
F4(fd_read, i, i, i, i)
F5(fd_readdir, i, i, i, I, i)
F2(fd_renumber, i, i)
F4(fd_seek, i, I, i, i)
F1(fd_sync, i)
F2(fd_tell, i, i)
F4(fd_write, i, i, i, i)
F3(path_create_directory, i, i, i)
F5(path_filestat_get, i, i, i, i, i)
F7(path_filestat_set_times, i, i, i, i, I, I, i)
F7(path_link, i, i, i, i, i, i, i)
F9(path_open, i, i, i, i, i, I, I, i, i)
F6(path_readlink, i, i, i, i, i, i)
F3(path_remove_directory, i, i, i)
F6(path_rename, i, i, i, i, i, i)
F5(path_symlink, i, i, i, i, i)
F3(path_unlink_file, i, i, i)
F2(random_get, i, i)
F6(sock_recv, i, i, i, i, i, i)
F5(sock_send, i, i, i, i, i)
F2(sock_shutdown, i, i)
F3(sock_open, i, i, i)
F3(sock_bind, i, i, i)
F2(sock_listen, i, i)
F7(sock_send_to, i, i, i, i, i, i, i)
F4(sock_getlocaladdr, i, i, i, i)
F3(sock_getpeeraddr_v2, i, i, i)
F5(sock_getsockopt, i, i, i, i, i)
F5(sock_setsockopt, i, i, i, i, i)

static uint32_t rights(void)
{
	return random32() % 2 ? (1u << 30) - 1 : random32();
}

/* One that never waits. */
static void open_socket(i at)
{
	if (x_sock_open(n(), n(), at) == 0)
		OK(x_fd_fdstat_set_flags(*(i *)(uintptr_t)at, 4));
}

static void call(unsigned int which)
{
	switch (which) {
	case 0:
		x_args_get(a(), a());
		break;
	case 1:
		x_args_sizes_get(a(), a());
		break;
	case 2:
		x_environ_get(a(), a());
		break;
	case 3:
		x_environ_sizes_get(a(), a());
		break;
	case 4:
		x_clock_res_get(n(), a());
		break;
	case 5:
		x_clock_time_get(n(), big(), a());
		break;
	case 6:
		x_fd_advise(fd(), big(), big(), n());
		break;
	/* A file of a sane size: it is real. */
	case 7:
		x_fd_allocate(fd(), random32() % 99999, len());
		break;
	case 8:
		x_fd_close(fd() | 4);
		break;
	case 9:
		x_fd_datasync(fd());
		break;
	case 10:
		x_fd_fdstat_get(fd(), a());
		break;
	case 11:
		x_fd_fdstat_set_flags(fd(), n() | 4);
		break;
	case 12:
		x_fd_fdstat_set_rights(fd() | 4, rights(), rights());
		break;
	case 13:
		x_fd_filestat_get(fd(), a());
		break;
	case 14:
		x_fd_filestat_set_size(fd(), random32() % 99999);
		break;
	case 15:
		x_fd_filestat_set_times(fd(), big(), big(), n());
		break;
	case 16:
		x_fd_pread(fd(), va(), vn(), big(), a());
		break;
	case 17:
		x_fd_prestat_get(fd(), a());
		break;
	case 18:
		x_fd_prestat_dir_name(fd(), a(), len());
		break;
	case 19:
		x_fd_pwrite(fd() | 4, va(), vn(), random32() % 99999, a());
		break;
	case 20:
		x_fd_read(fd() | 4, va(), vn(), a());
		break;
	case 21:
		x_fd_readdir(fd(), a(), len(), big(), a());
		break;
	case 22:
		x_fd_renumber(fd() | 4, fd() | 4);
		break;
	case 23:
		x_fd_seek(fd(), big(), n(), a());
		break;
	case 24:
		x_fd_sync(fd());
		break;
	case 25:
		x_fd_tell(fd(), a());
		break;
	case 26:
		x_fd_write(fd() | 4, va(), vn(), a());
		break;
	case 27:
		x_path_create_directory(fd(), pa(), pl());
		break;
	case 28:
		x_path_filestat_get(fd(), n(), pa(), pl(), a());
		break;
	case 29:
		x_path_filestat_set_times(fd(), n(), pa(), pl(), big(), big(),
					  n());
		break;
	case 30:
		x_path_link(fd(), n(), pa(), pl(), fd(), pa(), pl());
		break;
	case 31:
		x_path_open(fd(), n(), pa(), pl(), n(), rights(), rights(),
			    n() | 4, a());
		break;
	case 32:
		x_path_readlink(fd(), pa(), pl(), a(), len(), a());
		break;
	case 33:
		x_path_remove_directory(fd(), pa(), pl());
		break;
	case 34:
		x_path_rename(fd(), pa(), pl(), fd(), pa(), pl());
		break;
	case 35:
		x_path_symlink(pa(), pl(), fd(), pa(), pl());
		break;
	case 36:
		x_path_unlink_file(fd(), pa(), pl());
		break;
	case 37:
		x_random_get(a(), len());
		break;
	case 38:
		x_sock_recv(fd(), va(), vn(), n(), a(), a());
		break;
	case 39:
		x_sock_send(fd(), va(), vn(), 0, a());
		break;
	case 40:
		x_sock_shutdown(fd(), n());
		break;
	case 41:
		open_socket(a());
		break;
	case 42:
		x_sock_bind(fd(), a(), n());
		break;
	case 43:
		x_sock_listen(fd(), n());
		break;
	case 44:
		x_sock_send_to(fd(), va(), vn(), a(), n(), 0, a());
		break;
	case 45:
		x_sock_getlocaladdr(fd(), a(), a(), a());
		break;
	case 46:
		x_sock_getpeeraddr_v2(fd(), a(), a());
		break;
	case 47:
		x_sock_getsockopt(fd(), 0, n(), a(), a());
		break;
	case 48:
		x_sock_setsockopt(fd(), 0, n(), a(), len());
		break;
	}
}

int main(int argc, char **argv)
{
	int rounds = atoi(argv[1]);

	state = strtoul(argv[2], NULL, 10) * 2 + 1;
	OK(__wasi_fd_fdstat_set_flags(0, __WASI_FDFLAGS_NONBLOCK));
	for (int round = 0; round < rounds; round++) {
		fill();
		call(random32() % 49);
	}
	return done();
}
