#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t fd, dir, sub;
	__wasi_fdstat_t st;

	/* Flags. */
	FAILS(try_open("new", 0, R_READ, &fd), NOENT);
	OK(try_open("new", __WASI_OFLAGS_CREAT, R_WRITE, &fd));
	FAILS(try_open("new", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, R_WRITE,
		       &fd),
	      EXIST);
	OK(try_open("file", __WASI_OFLAGS_TRUNC, R_WRITE, &fd));
	text_is("file", "");
	FAILS(try_open("file", __WASI_OFLAGS_DIRECTORY, R_READ, &fd), NOTDIR);
	FAILS(try_open("dir", 0, R_WRITE, &fd), ISDIR);
	FAILS(try_open("new2", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_DIRECTORY,
		       R_READ, &fd),
	      INVAL);
	FAILS(try_open("file", 16, R_READ, &fd), INVAL);
	FAILS(__wasi_path_open(ROOT, 0, "link", 0, R_READ, 0, 0, &fd), LOOP);
	OK(try_open("link", 0, R_READ, &fd));
	FAILS(try_open("loop", 0, R_READ, &fd), LOOP);
	FAILS(try_open("file/", 0, R_READ, &fd), NOTDIR);
	FAILS(try_open("", 0, R_READ, &fd), NOENT);

	/* Rights go down from directory to child, never up. */
	OK(__wasi_path_open(ROOT, 0, "dir", __WASI_OFLAGS_DIRECTORY,
			    __WASI_RIGHTS_PATH_OPEN, __WASI_RIGHTS_FD_READ, 0,
			    &dir));
	OK(__wasi_path_open(dir, 0, "a", 0, __WASI_RIGHTS_FD_READ, 0, 0, &sub));
	OK(__wasi_fd_fdstat_get(sub, &st));
	IS(st.fs_rights_base, __WASI_RIGHTS_FD_READ);
	FAILS(__wasi_path_open(dir, 0, "a", 0, __WASI_RIGHTS_FD_WRITE, 0, 0,
			       &sub),
	      NOTCAPABLE);
	FAILS(__wasi_path_open(dir, 0, "n", __WASI_OFLAGS_CREAT,
			       __WASI_RIGHTS_FD_READ, 0, 0, &sub),
	      NOTCAPABLE);
	FAILS(__wasi_path_open(dir, 0, "../file", 0, __WASI_RIGHTS_FD_READ, 0,
			       0, &sub),
	      NOTCAPABLE);
	FAILS(__wasi_path_open(fd, 0, "a", 0, 0, 0, 0, &sub), NOTDIR);
	FAILS(try_open("file", 0, R_READ, FAR + 13), FAULT);
	return done();
}
