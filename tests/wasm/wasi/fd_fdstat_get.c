#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd = open_as("file", 0, R_READ), dir = open_dir("dir"), ap;
	__wasi_fdstat_t st;

	OK(__wasi_fd_fdstat_get(fd, &st));
	IS(st.fs_filetype, __WASI_FILETYPE_REGULAR_FILE);
	IS(st.fs_flags, 0);
	TRUE(st.fs_rights_base & __WASI_RIGHTS_FD_READ);
	IS(st.fs_rights_base & __WASI_RIGHTS_FD_WRITE, 0);
	IS(st.fs_rights_base & __WASI_RIGHTS_FD_READDIR, 0);
	OK(__wasi_fd_fdstat_get(dir, &st));
	IS(st.fs_filetype, __WASI_FILETYPE_DIRECTORY);
	IS(st.fs_rights_base & __WASI_RIGHTS_FD_READ, 0);
	TRUE(st.fs_rights_inheriting & __WASI_RIGHTS_FD_READ);
	OK(__wasi_fd_fdstat_get(ROOT, &st));
	TRUE(st.fs_rights_base & __WASI_RIGHTS_PATH_OPEN);
	/* Standard output is a pipe here. */
	OK(__wasi_fd_fdstat_get(1, &st));
	IS(st.fs_filetype, __WASI_FILETYPE_UNKNOWN);
	OK(__wasi_path_open(ROOT, 0, "file", 0, R_WRITE, 0,
			    __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_SYNC |
				    __WASI_FDFLAGS_NONBLOCK,
			    &ap));
	OK(__wasi_fd_fdstat_get(ap, &st));
	IS(st.fs_flags, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK |
				__WASI_FDFLAGS_SYNC | __WASI_FDFLAGS_RSYNC |
				__WASI_FDFLAGS_DSYNC);
	FAILS(__wasi_fd_fdstat_get(99, &st), BADF);
	FAILS(__wasi_fd_fdstat_get(fd, FAR), FAULT);
	return done();
}
