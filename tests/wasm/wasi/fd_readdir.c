#include "check.h"

int main(int argc, char **argv)
{
	__wasi_fd_t dir = open_dir("many");
	uint8_t buf[300];
	static uint8_t seen[200];
	__wasi_dircookie_t cookie = 0;
	__wasi_size_t used;
	int names = 0, dots = 0;

	/* 150 files, a few at a time; some disappear and some come while we
	 * read.  Those that stay are seen once. */
	for (int round = 0;; round++) {
		__wasi_size_t at = 0;
		char path[32];

		OK(__wasi_fd_readdir(dir, buf, sizeof(buf), cookie, &used));
		while (used - at >= sizeof(__wasi_dirent_t)) {
			__wasi_dirent_t d;
			char name[16] = "";

			memcpy(&d, buf + at, sizeof(d));
			if (used - at - sizeof(d) < d.d_namlen)
				break;
			memcpy(name, buf + at + sizeof(d), d.d_namlen);
			at += sizeof(d) + d.d_namlen;
			cookie = d.d_next;
			if (name[0] == '.') {
				IS(d.d_type, __WASI_FILETYPE_DIRECTORY);
				dots++;
				continue;
			}
			IS(d.d_type, __WASI_FILETYPE_REGULAR_FILE);
			TRUE(d.d_ino != 0);
			if (name[0] != 'f')
				continue;
			IS(seen[atoi(name + 1)]++, 0);
			names++;
		}
		if (used < sizeof(buf))
			break;
		TRUE(at > 0);
		if (round >= 20)
			continue;
		snprintf(path, sizeof(path), "many/x%d", round);
		OK(__wasi_path_unlink_file(ROOT, path));
		snprintf(path, sizeof(path), "many/new%d", round);
		open_as(path, __WASI_OFLAGS_CREAT, R_WRITE);
	}
	IS(names, 150);
	IS(dots, 2);
	/* From the beginning again. */
	OK(__wasi_fd_readdir(dir, buf, sizeof(buf), 0, &used));
	IS(used, sizeof(buf));
	FAILS(__wasi_fd_readdir(open_as("file", 0, R_READ), buf, 300, 0, &used),
	      NOTDIR);
	FAILS(__wasi_fd_readdir(dir, FAR, 300, 0, &used), FAULT);
	OK(__wasi_fd_readdir(dir, buf, 0, 0, &used));
	IS(used, 0);
	return done();
}
