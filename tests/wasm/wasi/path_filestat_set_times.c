#include "check.h"

int main(int argc, char **argv)
{
	const __wasi_timestamp_t t = 1234567890123456789;
	const __wasi_fstflags_t both =
		__WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM;
	__wasi_filestat_t st;

	OK(__wasi_path_filestat_set_times(ROOT, 0, "link", 1, t, both));
	OK(__wasi_path_filestat_get(ROOT, 0, "link", &st));
	IS(st.mtim, t);
	IS(st.atim, 1);
	OK(__wasi_path_filestat_get(ROOT, 0, "file", &st));
	IS(st.mtim, 1500000000987654321);
	OK(__wasi_path_filestat_set_times(ROOT, FOLLOW, "link", 1, t, both));
	OK(__wasi_path_filestat_get(ROOT, 0, "file", &st));
	IS(st.mtim, t);
	FAILS(__wasi_path_filestat_set_times(ROOT, FOLLOW, "evil", 1, t, both),
	      NOTCAPABLE);
	FAILS(__wasi_path_filestat_set_times(ROOT, 0, "file", 1, t,
					     both | __WASI_FSTFLAGS_MTIM_NOW),
	      INVAL);
	FAILS(__wasi_path_filestat_set_times(ROOT, 0, "none", 1, t, both),
	      NOENT);
	return done();
}
