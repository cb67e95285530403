/* Runs generated modules (tools/wasm-gen.py) and prints what they compute,
 * word for word as diff-node.js does.
 *
 *	diff-runner [--checked] [--torture] [--compiled|--strict] FILE.wasm...
 *
 * --checked does without guard pages, --torture collects before each
 * allocation; --compiled and --strict run code of LLVM's. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "compiled.h"
#include "wasm/wasm.h"

static struct wasm_config config;
static int compiled;

static const struct {
	uint32_t a;
	uint64_t b;
} args[] = {
	{0, 0},
	{1, UINT64_MAX},
	{0x80000000, UINT64_C(1) << 63},
	{12345, UINT64_C(0x123456789abcdef)},
};

/* The kinds of trap that both engines tell apart. */
static const char *trap_kind(int trap)
{
	switch (trap) {
	case WASM_TRAP_UNREACHABLE:
		return "unreachable";
	case WASM_TRAP_DIV_ZERO:
		return "zero";
	case WASM_TRAP_INT_OVERFLOW:
	case WASM_TRAP_CONVERSION:
		return "range";
	case WASM_TRAP_MEMORY_BOUNDS:
		return "memory";
	case WASM_TRAP_UNDEFINED_ELEMENT:
	case WASM_TRAP_TABLE_BOUNDS:
		return "table";
	case WASM_TRAP_UNINIT_ELEMENT:
	case WASM_TRAP_CALL_TYPE:
		return "call";
	case WASM_TRAP_STACK:
		return "stack";
	case WASM_TRAP_NULL_REF:
	case WASM_TRAP_NULL_STRUCT:
	case WASM_TRAP_NULL_ARRAY:
	case WASM_TRAP_NULL_I31:
		return "null";
	case WASM_TRAP_CAST:
		return "cast";
	case WASM_TRAP_ARRAY_BOUNDS:
		return "array";
	case WASM_TRAP_EXCEPTION:
		return "exception";
	default:
		return wasm_trap_text((enum wasm_trap)trap);
	}
}

static uint32_t hash(struct wasm_instance *inst)
{
	struct wasm_extern mem;
	uint32_t h = 2166136261, word;
	uint64_t len;
	const uint8_t *p;

	if (!wasm_instance_export(inst, wasm_str("mem"), &mem))
		return 0;
	p = wasm_memory_data(mem.memory, &len);
	for (uint64_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		h = (h ^ word) * 16777619;
	}
	return h;
}

static void run_calls(const char *name, struct wasm_instance *inst)
{
	for (unsigned int f = 0;; f++) {
		char export[16];
		struct wasm_extern ext;

		snprintf(export, sizeof(export), "f%u", f);
		if (!wasm_instance_export(inst, wasm_str(export), &ext))
			break;
		for (size_t i = 0; i < ARRAY_SIZE(args); i++) {
			union wasm_value v[2] = {0};
			struct err err = {0};
			bool is32;
			int rc;

			v[0].i32 = args[i].a;
			v[1].i64 = args[i].b;
			is32 = wasm_func_type(ext.func)->results[0] == WASM_I32;
			rc = wasm_call(ext.func, v, &err);
			printf("%s %s %zu ", name, export, i);
			if (rc > 0)
				printf("trap %s\n", trap_kind(rc));
			else if (rc < 0)
				printf("error %s\n", err.msg);
			else
				printf("%" PRIx64 "\n",
				       is32 ? v[0].i32 : v[0].i64);
		}
	}
	printf("%s memory %08" PRIx32 "\n", name, hash(inst));
}

static int run_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct wasm_instance *inst = NULL;
	struct wasm_linker *linker = NULL;
	struct wasm_module *module = NULL;
	struct wasm_store *store = NULL;
	struct err err = {0};
	struct stat st;
	void *bytes;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return 1;
	rc = wasm_store_new(&config, &store, &err);
	if (rc == 0)
		rc = wasm_linker_new(store, &linker, &err);
	if (rc == 0)
		rc = compiled ? compiled_load(compiled, store, bytes,
					      (size_t)st.st_size, &module, &err)
			      : wasm_module_load(store, bytes,
						 (size_t)st.st_size, &module,
						 &err);
	if (rc == 0)
		rc = wasm_instantiate(store, module, linker, &inst, &err);
	if (rc == 0)
		run_calls(name, inst);
	else
		printf("%s refused: %s\n", name, err.msg);
	wasm_store_free(store);
	munmap(bytes, (size_t)st.st_size);
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--checked") == 0)
			config.checked = true;
		else if (strcmp(argv[i], "--torture") == 0)
			config.gc_torture = true;
		else if (strcmp(argv[i], "--compiled") == 0)
			compiled = COMPILED;
		else if (strcmp(argv[i], "--strict") == 0)
			compiled = COMPILED_STRICT;
		else
			bad |= run_file(argv[i]);
		/* A crash must not take the finished lines with it. */
		fflush(stdout);
	}
	return bad;
}
