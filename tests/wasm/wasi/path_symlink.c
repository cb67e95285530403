#include "check.h"

int main(int argc, char **argv)
{
	OK(__wasi_path_symlink("file", ROOT, "new"));
	text_is("new", "hello, world");
	OK(__wasi_path_symlink("none", ROOT, "dangling"));
	OK(__wasi_path_symlink("../file", open_dir("dir"), "up"));
	text_is("dir/up", "hello, world");
	/* Text that leads out can be written, and followed by nobody here. */
	OK(__wasi_path_symlink("../outside/secret", ROOT, "out"));
	__wasi_fd_t fd;
	FAILS(try_open("out", 0, R_READ, &fd), NOTCAPABLE);
	FAILS(__wasi_path_symlink("/etc/passwd", ROOT, "abs2"), NOTCAPABLE);
	FAILS(__wasi_path_symlink("file", ROOT, "new"), EXIST);
	FAILS(__wasi_path_symlink("file", ROOT, "../got"), NOTCAPABLE);
	FAILS(__wasi_path_symlink("file", ROOT, "evil/got"), NOTCAPABLE);
	FAILS(__wasi_path_symlink("file", ROOT, "none/"), NOENT);
	return done();
}
