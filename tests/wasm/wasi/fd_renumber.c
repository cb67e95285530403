#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t a = open_as("file", 0, R_READ), b = open_dir("dir");
	__wasi_filestat_t st;

	OK(__wasi_fd_renumber(a, b));
	FAILS(__wasi_fd_close(a), BADF);
	OK(__wasi_fd_filestat_get(b, &st));
	IS(st.filetype, __WASI_FILETYPE_REGULAR_FILE);
	IS(strcmp(read_some(b), "hello, world"), 0);
	OK(__wasi_fd_renumber(b, b));
	FAILS(__wasi_fd_renumber(b, 99), BADF);
	FAILS(__wasi_fd_renumber(99, b), BADF);
	OK(__wasi_fd_close(b));
	return done();
}
