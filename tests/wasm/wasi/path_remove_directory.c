#include "check.h"

int main(int argc, char **argv)
{
	OK(__wasi_path_create_directory(ROOT, "new"));
	OK(__wasi_path_remove_directory(ROOT, "new"));
	TRUE(!exists("new"));
	OK(__wasi_path_create_directory(ROOT, "new"));
	OK(__wasi_path_remove_directory(ROOT, "new/"));
	FAILS(__wasi_path_remove_directory(ROOT, "dir"), NOTEMPTY);
	FAILS(__wasi_path_remove_directory(ROOT, "file"), NOTDIR);
	FAILS(__wasi_path_remove_directory(ROOT, "link"), NOTDIR);
	FAILS(__wasi_path_remove_directory(ROOT, "evil"), NOTDIR);
	FAILS(__wasi_path_remove_directory(ROOT, "evil/"), NOTDIR);
	FAILS(__wasi_path_remove_directory(ROOT, "none"), NOENT);
	FAILS(__wasi_path_remove_directory(ROOT, "../outside"), NOTCAPABLE);
	FAILS(__wasi_path_remove_directory(ROOT, "evil/empty"), NOTCAPABLE);
	FAILS(__wasi_path_remove_directory(ROOT, "."), INVAL);
	FAILS(__wasi_path_remove_directory(ROOT, ".."), NOTEMPTY);
	return done();
}
