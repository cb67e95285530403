/* cli/spec.c: spec and features. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/args.h"
#include "oci/spec.h"

int cmd_spec(const struct args *args)
{
	const char *dir = args_get(args, "bundle");
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf text = {0};
	_cleanup_close_ int fd = -1;
	struct err err = {0};
	ssize_t n;

	path = xasprintf("%s%sconfig.json", dir ? dir : "", dir ? "/" : "");
	oci_spec_write_default(&text,
			       args_has(args, "rootless") || args->rt.rootless,
			       geteuid(), getegid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST) {
		err_say(&err, -EEXIST,
			"%s exists already; it is not overwritten", path);
		return cli_fail(&err, 1);
	}
	if (fd < 0) {
		err_set(&err, -errno, "create %s", path);
		return cli_fail(&err, 1);
	}
	n = write(fd, text.data, text.len);
	if (n == (ssize_t)text.len)
		return 0;
	err_set(&err, n < 0 ? -errno : -ENOSPC, "write %s", path);
	unlink(path);
	return cli_fail(&err, 1);
}

int cmd_features(const struct args *args)
{
	_cleanup_buf_ struct buf out = {0};

	oci_features_write(&out);
	return cli_print(&out);
}
