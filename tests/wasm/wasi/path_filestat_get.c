#include "check.h"

int main(int argc, char **argv)
{
	__wasi_filestat_t st;

	OK(__wasi_path_filestat_get(ROOT, 0, "file", &st));
	IS(st.filetype, __WASI_FILETYPE_REGULAR_FILE);
	IS(st.size, 12);
	OK(__wasi_path_filestat_get(ROOT, 0, "link", &st));
	IS(st.filetype, __WASI_FILETYPE_SYMBOLIC_LINK);
	OK(__wasi_path_filestat_get(ROOT, FOLLOW, "link", &st));
	IS(st.filetype, __WASI_FILETYPE_REGULAR_FILE);
	OK(__wasi_path_filestat_get(ROOT, 0, ".", &st));
	IS(st.filetype, __WASI_FILETYPE_DIRECTORY);
	/* The symlink itself is ours, where it leads is not. */
	OK(__wasi_path_filestat_get(ROOT, 0, "evil", &st));
	FAILS(__wasi_path_filestat_get(ROOT, FOLLOW, "evil", &st), NOTCAPABLE);
	FAILS(__wasi_path_filestat_get(ROOT, 0, "evil/", &st), NOTCAPABLE);
	FAILS(__wasi_path_filestat_get(ROOT, 0, "file/", &st), NOTDIR);
	FAILS(__wasi_path_filestat_get(ROOT, 0, "none", &st), NOENT);
	FAILS(__wasi_path_filestat_get(ROOT, 0, "..", &st), NOTCAPABLE);
	FAILS(__wasi_path_filestat_get(ROOT, FOLLOW, "loop", &st), LOOP);
	FAILS(__wasi_path_filestat_get(ROOT, 0, "file", FAR), FAULT);
	return done();
}
