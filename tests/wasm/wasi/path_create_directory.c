#include "check.h"

int main(int argc, char **argv)
{
	__wasi_filestat_t st;

	OK(__wasi_path_create_directory(ROOT, "new"));
	OK(__wasi_path_filestat_get(ROOT, 0, "new", &st));
	IS(st.filetype, __WASI_FILETYPE_DIRECTORY);
	OK(__wasi_path_create_directory(ROOT, "new/sub/"));
	TRUE(exists("new/sub"));
	FAILS(__wasi_path_create_directory(ROOT, "new"), EXIST);
	FAILS(__wasi_path_create_directory(ROOT, "file"), EXIST);
	FAILS(__wasi_path_create_directory(ROOT, "none/new"), NOENT);
	FAILS(__wasi_path_create_directory(ROOT, "file/new"), NOTDIR);
	FAILS(__wasi_path_create_directory(ROOT, ""), NOENT);
	FAILS(__wasi_path_create_directory(ROOT, "../new"), NOTCAPABLE);
	FAILS(__wasi_path_create_directory(ROOT, "/new"), NOTCAPABLE);
	FAILS(__wasi_path_create_directory(ROOT, "evil/new"), NOTCAPABLE);
	FAILS(__wasi_path_create_directory(ROOT, "."), EXIST);
	FAILS(__wasi_path_create_directory(ROOT, "dir/.."), EXIST);
	FAILS(__wasi_path_create_directory(0, "new"), NOTDIR);
	FAILS(__wasi_path_create_directory(99, "new"), BADF);
	return done();
}
