#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "host/path.h"
#include "oci/spec.h"
#include "sandbox/program.h"

#define HOST_CONFIG "/etc/hull/config.json"

static const struct sandbox *const sandboxes[] = {
	&sandbox_namespaces,
	&sandbox_wasm,
};

const struct sandbox *sandbox_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sandboxes); i++)
		if (str_eq(sandboxes[i]->name, name))
			return sandboxes[i];
	return NULL;
}

/* The names that crun's handler annotation and Kata's users know. */
static const char *handler_name(const char *handler, const char *program)
{
	bool is_wasm = program && (str_ends_with(program, ".wasm") ||
				   str_ends_with(program, ".wat") ||
				   strstr(program, ".wasm#"));

	if (str_eq(handler, "wasm") || str_eq(handler, "wasmedge") ||
	    str_eq(handler, "wasmtime") || str_eq(handler, "wasmer"))
		return "wasm";
	/* The smart form leaves a native sidecar in the same pod alone. */
	if (str_eq(handler, "wasm-smart"))
		return is_wasm ? "wasm" : NULL;
	if (str_eq(handler, "krun"))
		return "microvm";
	return NULL;
}

static const char *variant_name(const char *variant, const char *program)
{
	if (str_eq(variant, "compat"))
		return handler_name("wasm", program);
	if (str_eq(variant, "compat-smart"))
		return handler_name("wasm-smart", program);
	return NULL;
}

/* The first four bytes of the entrypoint say what it is, whatever
 * annotations did or did not arrive. */
static bool entrypoint_is_wasm(const struct sandbox_wish *wish)
{
	_cleanup_free_ char *path = NULL, *func = NULL;
	const struct oci_process *process = wish->spec->process;
	struct program_root root = {.fd = wish->rootfs_fd};
	_cleanup_close_ int fd = -1;

	if (!process || !process->args || !process->args[0])
		return false;
	if (program_find_module(&root, process->args[0], process->env,
				process->cwd, &path, &func, NULL, NULL) < 0)
		return false;
	fd = path_open_in_root(wish->rootfs_fd, path, O_RDONLY | O_NONBLOCK);
	return fd >= 0 && program_is_wasm(fd);
}

struct host_config {
	char *sandbox;
};

static const struct json_field host_config_fields[] = {
	JSON_FIELD(host_config, sandbox, "sandbox"),
};
static const struct json_type host_config_json =
	JSON_STRUCT(host_config, host_config_fields);

/* The sandbox that the administrator prefers; NULL when there is no file. */
static int host_default(struct arena *arena, const char **ret, struct err *err)
{
	struct host_config config = {0};
	_cleanup_close_ int fd = -1;
	int rc;

	fd = open(HOST_CONFIG, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : err_set(err, -errno, "open %s", HOST_CONFIG);
	rc = json_decode_fd(&host_config_json, &config, arena, fd, err);
	if (rc < 0)
		return err_wrap(err, "%s", HOST_CONFIG);
	*ret = config.sandbox;
	return 0;
}

static const char *annotation(const struct oci_spec *spec, const char *key)
{
	return oci_annotation_get(spec->annotations, spec->n_annotations, key);
}

/* The name, and who gave it.  Both NULL: nobody asked. */
static int wished_name(const struct sandbox_wish *wish, struct arena *arena,
		       const char **name, const char **said_by, struct err *err)
{
	const struct oci_spec *spec = wish->spec;
	const char *program = spec->process && spec->process->args
				      ? spec->process->args[0]
				      : NULL;
	const char *value;
	int rc;

	*name = wish->option;
	*said_by = "--sandbox";
	if (*name)
		return 0;
	*said_by = "annotation dev.hull.sandbox";
	*name = annotation(spec, "dev.hull.sandbox");
	if (*name)
		return 0;
	*said_by = "annotation run.oci.handler";
	value = annotation(spec, "run.oci.handler");
	*name = value ? handler_name(value, program) : NULL;
	if (*name)
		return 0;
	*said_by = "annotation module.wasm.image/variant";
	value = annotation(spec, "module.wasm.image/variant");
	*name = value ? variant_name(value, program) : NULL;
	if (*name)
		return 0;
	*said_by = "the name this program was called by";
	*name = wish->called_as ? str_after(wish->called_as, "hull-") : NULL;
	if (*name)
		return 0;
	*said_by = "the entrypoint, a WebAssembly module";
	*name = entrypoint_is_wasm(wish) ? "wasm" : NULL;
	if (*name)
		return 0;
	*said_by = HOST_CONFIG;
	rc = host_default(arena, name, err);
	if (rc < 0 || *name)
		return rc;
	*name = sandbox_namespaces.name;
	return 0;
}

int sandbox_choose(const struct sandbox_wish *wish, const struct sandbox **ret,
		   struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	const struct sandbox *sandbox;
	const char *name, *said_by;
	int rc;

	rc = wished_name(wish, arena, &name, &said_by, err);
	if (rc < 0)
		return rc;
	sandbox = sandbox_find(name);
	if (!sandbox)
		return err_say(err, -ENOTSUP,
			       "%s asks for the sandbox \"%s\", which this "
			       "hull does not have",
			       said_by, name);
	rc = sandbox->probe(err);
	if (rc < 0)
		return err_wrap(err, "sandbox %s", name);
	*ret = sandbox;
	return 0;
}
