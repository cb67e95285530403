/* cli/wasm_compile.c: a module compiled ahead of time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "host/draft.h"
#include "sandbox/aot_compile.h"
#include "sandbox/program.h"
#include "wasm/aot.h"

/* MODULE.aot, in the place of its ".wasm". */
static char *default_output(const char *module, const char *emit)
{
	size_t n = strlen(module);

	if (str_ends_with(module, ".wasm"))
		n -= 5;
	return xasprintf("%.*s.%s", (int)n, module,
			 !emit || str_eq(emit, "image") ? "aot"
			 : str_eq(emit, "asm")          ? "s"
							: "ll");
}

static char **compiler_options(const struct args *args)
{
	static const char *const with_value[] = {"cpu", "target", "emit"};
	static const char *const switches[] = {"strict", "fuel"};
	const char *level = args_get(args, "optimize");
	char **options = NULL;

	if (level) {
		_cleanup_free_ char *o = xasprintf("-O%s", level);

		strv_add(&options, o);
	}
	for (size_t i = 0; i < ARRAY_SIZE(with_value); i++) {
		const char *value = args_get(args, with_value[i]);
		_cleanup_free_ char *name = xasprintf("--%s", with_value[i]);

		if (value) {
			strv_add(&options, name);
			strv_add(&options, value);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		_cleanup_free_ char *name = xasprintf("--%s", switches[i]);

		if (args_has(args, switches[i]))
			strv_add(&options, name);
	}
	if (isatty(STDERR_FILENO))
		strv_add(&options, "--progress");
	return options;
}

static int open_draft(const char *out, struct draft *d, const char **name,
		      struct err *err)
{
	const char *slash = strrchr(out, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(out, (size_t)(slash - out) + 1) : xstrdup(".");
	int rc = draft_open(AT_FDCWD, dir, 0600, d);

	*name = slash ? slash + 1 : out;
	return rc < 0 ? err_set(err, rc, "create %s", out) : 0;
}

/* What comes out of the jail is a stranger's file until it was looked at.  An
 * image for another processor can only be looked at there. */
static int check(int fd, int module, struct err *err)
{
	uint8_t sum[SHA256_SIZE];
	struct aot_image *image;
	struct stamp stamp;
	int rc = aot_hash_module(module, sum, &stamp, err);
	bool same;

	if (rc < 0)
		return rc;
	rc = aot_image_open(fd, AOT_CHECK_ALL, &image, err);
	if (rc < 0)
		return rc == -ESTALE ? 0 : rc;
	same = aot_image_is_of(image, sum);
	aot_image_close(image);
	return same ? 0
		    : err_say(err, -ENOEXEC,
			      "what was compiled is another module");
}

static int compile_to_file(const struct args *args, int module, const char *out,
			   struct err *err)
{
	_cleanup_strv_ char **options = compiler_options(args);
	const char *emit = args_get(args, "emit"), *name;
	_cleanup_draft_ struct draft d;
	mode_t mask = umask(0);
	uint64_t jobs = 0;
	int rc;

	umask(mask);
	if (args_u64(args, "jobs", 64, &jobs, err) < 0)
		return -EINVAL;
	rc = open_draft(out, &d, &name, err);
	if (rc < 0)
		return rc;
	rc = aot_compile(module, d.fd, options, (unsigned int)jobs, false,
			 STDERR_FILENO, err);
	if (rc == 0 && (!emit || str_eq(emit, "image")))
		rc = check(d.fd, module, err);
	if (rc < 0)
		return err_wrap(err, "%s", args->rest[0]);
	if (fchmod(d.fd, 0644 & ~mask) < 0 || fsync(d.fd) < 0)
		rc = -errno;
	if (rc == 0)
		rc = draft_keep(&d, name);
	return rc < 0 ? err_set(err, rc, "write %s", out) : 0;
}

static int compile(const struct args *args, struct err *err)
{
	const char *path = args->rest[0], *out = args_get(args, "output");
	_cleanup_close_ int module = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *made = NULL;

	if (module < 0)
		return err_set(err, -errno, "open %s", path);
	if (!program_is_wasm(module))
		return err_say(err, -ENOEXEC,
			       "%s is not a WebAssembly module: it does not "
			       "begin with \\0asm",
			       path);
	made = out ? xstrdup(out)
		   : default_output(path, args_get(args, "emit"));
	return compile_to_file(args, module, made, err);
}

int cmd_wasm_compile(const struct args *args)
{
	struct err err = {0};

	return compile(args, &err) < 0 ? cli_fail(&err, 1) : 0;
}
