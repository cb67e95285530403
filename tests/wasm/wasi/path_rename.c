#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t dir = open_dir("dir");

	OK(__wasi_path_rename(ROOT, "file", dir, "moved"));
	TRUE(!exists("file"));
	text_is("dir/moved", "hello, world");
	OK(__wasi_path_rename(dir, "moved", dir, "a"));
	text_is("dir/a", "hello, world");
	OK(__wasi_path_rename(ROOT, "many", ROOT, "more/"));
	TRUE(exists("more/f1"));
	/* The symlink moves, not what it leads to. */
	OK(__wasi_path_rename(ROOT, "evil", ROOT, "evil2"));
	FAILS(__wasi_path_rename(ROOT, "evil2/secret", ROOT, "got"),
	      NOTCAPABLE);
	FAILS(__wasi_path_rename(ROOT, "dir/a", ROOT, "evil2/got"), NOTCAPABLE);
	FAILS(__wasi_path_rename(ROOT, "../outside/secret", ROOT, "got"),
	      NOTCAPABLE);
	FAILS(__wasi_path_rename(ROOT, "dir/a", ROOT, "../got"), NOTCAPABLE);
	FAILS(__wasi_path_rename(dir, "a", dir, "../got"), NOTCAPABLE);
	FAILS(__wasi_path_rename(ROOT, "..", ROOT, "got"), BUSY);
	FAILS(__wasi_path_rename(ROOT, "dir", ROOT, "dir/sub"), INVAL);
	FAILS(__wasi_path_rename(ROOT, "none", ROOT, "got"), NOENT);
	TRUE(!exists("got"));
	return done();
}
