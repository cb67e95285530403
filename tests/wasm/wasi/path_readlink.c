#include "check.h"

int main(int argc, char **argv)
{
	uint8_t buf[8] = "xxxxxxx";
	__wasi_size_t n;

	OK(__wasi_path_readlink(ROOT, "link", buf, sizeof(buf), &n));
	IS(n, 4);
	IS(memcmp(buf, "filexxx", 7), 0);
	OK(__wasi_path_readlink(ROOT, "link", buf, 2, &n));
	IS(n, 2);
	OK(__wasi_path_readlink(ROOT, "evil", buf, sizeof(buf), &n));
	IS(n, 8);
	FAILS(__wasi_path_readlink(ROOT, "file", buf, sizeof(buf), &n), INVAL);
	FAILS(__wasi_path_readlink(ROOT, "dir", buf, sizeof(buf), &n), INVAL);
	FAILS(__wasi_path_readlink(ROOT, "none", buf, sizeof(buf), &n), NOENT);
	FAILS(__wasi_path_readlink(ROOT, "evil/secret", buf, 8, &n),
	      NOTCAPABLE);
	FAILS(__wasi_path_readlink(ROOT, "evil/", buf, 8, &n), NOTCAPABLE);
	FAILS(__wasi_path_readlink(ROOT, "link", FAR + 15, 4, &n), FAULT);
	return done();
}
