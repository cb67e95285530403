#include "check.h"

int main(int argc, char **argv)
{
	__wasi_filestat_t a, b;

	OK(__wasi_path_link(ROOT, 0, "file", ROOT, "dir/new"));
	OK(__wasi_path_filestat_get(ROOT, 0, "file", &a));
	OK(__wasi_path_filestat_get(ROOT, 0, "dir/new", &b));
	IS(a.ino, (long long)b.ino);
	IS(a.nlink, 2);
	/* A link to a symlink is a symlink. */
	OK(__wasi_path_link(ROOT, 0, "link", open_dir("dir"), "lnk"));
	OK(__wasi_path_filestat_get(ROOT, 0, "dir/lnk", &b));
	IS(b.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
	OK(__wasi_path_link(ROOT, 0, "evil", ROOT, "evil2"));
	FAILS(__wasi_path_link(ROOT, FOLLOW, "evil", ROOT, "got"), NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "evil/secret", ROOT, "got"),
	      NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "evil/", ROOT, "got"), NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "../outside/secret", ROOT, "got"),
	      NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "file", ROOT, "../outside/got"),
	      NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "file", ROOT, "evil/got"), NOTCAPABLE);
	FAILS(__wasi_path_link(ROOT, 0, "file", ROOT, "link"), EXIST);
	FAILS(__wasi_path_link(ROOT, 0, "dir", ROOT, "got"), PERM);
	FAILS(__wasi_path_link(ROOT, 0, "dir/..", ROOT, "got"), PERM);
	FAILS(__wasi_path_link(ROOT, 0, "..", ROOT, "got"), PERM);
	FAILS(__wasi_path_link(ROOT, 0, "none", ROOT, "got"), NOENT);
	TRUE(!exists("got"));
	return done();
}
