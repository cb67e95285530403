#include "check.h"

int main(int argc, char **argv)
{
	OK(__wasi_path_unlink_file(ROOT, "file"));
	TRUE(!exists("file"));
	OK(__wasi_path_unlink_file(ROOT, "dir/a"));
	FAILS(__wasi_path_unlink_file(ROOT, "dir"), ISDIR);
	FAILS(__wasi_path_unlink_file(ROOT, "none"), NOENT);
	FAILS(__wasi_path_unlink_file(ROOT, "dir/b/"), NOTDIR);
	FAILS(__wasi_path_unlink_file(ROOT, "../outside/secret"), NOTCAPABLE);
	FAILS(__wasi_path_unlink_file(ROOT, "evil/secret"), NOTCAPABLE);
	/* The symlink goes, what it leads to stays. */
	OK(__wasi_path_unlink_file(ROOT, "evil"));
	TRUE(!exists("evil"));
	return done();
}
