#include "check.h"

int main(int argc, char **argv)
{
	__wasi_prestat_t st;
	uint8_t name[8] = "xxxxxxx";

	OK(__wasi_fd_prestat_get(ROOT, &st));
	IS(st.tag, __WASI_PREOPENTYPE_DIR);
	IS(st.u.dir.pr_name_len, 1);
	OK(__wasi_fd_prestat_dir_name(ROOT, name, 1));
	IS(memcmp(name, "/xx", 3), 0);
	FAILS(__wasi_fd_prestat_dir_name(ROOT, name, 0), NAMETOOLONG);
	FAILS(__wasi_fd_prestat_dir_name(ROOT, FAR, 1), FAULT);
	FAILS(__wasi_fd_prestat_get(0, &st), BADF);
	FAILS(__wasi_fd_prestat_get(4, &st), BADF);
	FAILS(__wasi_fd_prestat_dir_name(4, name, 1), BADF);
	FAILS(__wasi_fd_prestat_get(ROOT, FAR + 9), FAULT);
	/* A directory that is opened is none of those given. */
	FAILS(__wasi_fd_prestat_get(open_dir("dir"), &st), BADF);
	return done();
}
