#include "check.h"

/* The functions whose structures or numbers were others. */
#define OLD(name) \
	__attribute__((import_module("wasi_unstable"), import_name(#name)))

struct filestat {
	uint64_t dev, ino;
	uint8_t filetype;
	uint32_t nlink;
	uint64_t size, atim, mtim, ctim;
};
_Static_assert(sizeof(struct filestat) == 56, "wasi_unstable");

struct subscription {
	uint64_t userdata;
	uint8_t type;
	union {
		struct {
			uint64_t identifier;
			uint32_t id;
			uint64_t timeout, precision;
			uint16_t flags;
		} clock;
		uint32_t fd;
	};
};
_Static_assert(sizeof(struct subscription) == 56, "wasi_unstable");

OLD(fd_seek) int old_seek(int fd, int64_t offset, int whence, uint64_t *at);
OLD(fd_filestat_get) int old_stat(int fd, struct filestat *st);
OLD(path_filestat_get)
int old_path_stat(int fd, int flags, const char *path, size_t len,
		  struct filestat *st);
OLD(poll_oneoff)
int old_poll(const struct subscription *in, __wasi_event_t *out, int n,
	     __wasi_size_t *done);
OLD(fd_write)
int old_write(int fd, const __wasi_ciovec_t *v, int n, __wasi_size_t *done);

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ);
	struct subscription s[2] = {{.userdata = 5}, {.userdata = 6}};
	struct filestat st = {0};
	__wasi_event_t e[2];
	__wasi_timestamp_t t0, t1;
	__wasi_size_t n;
	uint64_t at;

	OK(old_seek(fd, 7, 2, &at)); /* set */
	IS(at, 7);
	OK(old_seek(fd, 1, 0, &at)); /* cur */
	IS(at, 8);
	OK(old_seek(fd, 0, 1, &at)); /* end */
	IS(at, 12);
	OK(old_stat(fd, &st));
	IS(st.size, 12);
	IS(st.nlink, 1);
	IS(st.mtim, 1500000000987654321);
	memset(&st, 0, sizeof(st));
	OK(old_path_stat(ROOT, 0, "link", 4, &st));
	IS(st.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
	IS(st.size, 4);

	s[0].type = __WASI_EVENTTYPE_CLOCK;
	s[0].clock.identifier = 99;
	s[0].clock.id = __WASI_CLOCKID_MONOTONIC;
	s[0].clock.timeout = 20000000;
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t0));
	OK(old_poll(s, e, 1, &n));
	OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &t1));
	IS(n, 1);
	IS(e[0].userdata, 5);
	TRUE(t1 - t0 >= 20000000);
	s[1].type = __WASI_EVENTTYPE_FD_READ;
	s[1].fd = fd;
	OK(old_poll(s, e, 2, &n));
	IS(n, 1);
	IS(e[0].userdata, 6);

	__wasi_ciovec_t v = {(const uint8_t *)"ok\n", 3};
	OK(old_write(1, &v, 1, &n));
	return 0;
}
