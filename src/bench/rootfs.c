/* bench/rootfs.c: root directories for the workloads. */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "bench/guests.h"
#include "bench/scratch.h"

int bench_make_rootfs(struct bench *b, const char *name, char **ret,
		      struct err *err)
{
	static const char *const dirs[] = {"",      "/bin", "/dev", "/etc",
					   "/proc", "/sys", "/tmp"};
	const struct {
		const char *dir, *name;
		const unsigned char *data;
		size_t size;
		mode_t mode;
	} files[] = {
		{"/bin", "hello", guest_hello, guest_hello_size, 0755},
		{"/bin", "sleep", guest_sleep, guest_sleep_size, 0755},
		{"", "hello.wasm", guest_hello_wasm, guest_hello_wasm_size,
		 0755},
		{"", "sleep.wasm", guest_sleep_wasm, guest_sleep_wasm_size,
		 0755},
	};
	char *root = arena_printf(b->r.arena, "%s/%s", b->scratch, name);

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *dir = xasprintf("%s%s", root, dirs[i]);

		if (mkdir(dir, 0755) < 0)
			return err_set(err, -errno, "mkdir %s", dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *dir =
			xasprintf("%s%s", root, files[i].dir);
		int rc = scratch_write(b, dir, files[i].name, files[i].data,
				       files[i].size, files[i].mode, err);

		if (rc < 0)
			return rc;
	}
	*ret = root;
	return 0;
}
