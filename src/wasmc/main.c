/* hull-wasmc: WebAssembly to an image (wasm/aot.h).
 *
 *	hull-wasmc [OPTIONS] -o OUT MODULE
 *	hull-wasmc [OPTIONS] --fd IN:OUT
 *
 * Run by "hull wasm compile" and by the cache, in a jail in which it has the
 * two descriptors and nothing else.  Exits with 0; 1 after an error; 2 if the
 * module is too much for the compiler, though it may run interpreted. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "wasmc/compile.h"

enum emit { EMIT_IMAGE, EMIT_LLVM, EMIT_ASM };

struct options {
	struct compile_job job;
	enum emit emit;
	const char *out, *module, *cpu;
	bool arm;
	int in_fd, out_fd;
};

static const char help[] =
	"Usage: hull-wasmc [OPTIONS] -o OUT MODULE\n"
	"       hull-wasmc [OPTIONS] --fd IN:OUT\n"
	"\n"
	"  -O0 .. -O3         how hard to try (default -O2); -O3 also inlines, so\n"
	"                     that traces lack frames\n"
	"  --target ARCH      x86_64 or aarch64 (default: this machine's)\n"
	"  --cpu NAME         native (default), baseline, x86-64-v2, x86-64-v3,\n"
	"                     x86-64-v4, armv8-a, armv8.1-a\n"
	"  --strict           keep loads that nobody uses, since they may trap\n"
	"  --fuel             count fuel\n"
	"  --emit WHAT        image (default), llvm or asm\n"
	"  --jobs N           processes (default: one per processor)\n"
	"  --progress         tell how far it is\n";

static int parse_target(struct options *o, struct err *err)
{
	int cpu;

	if (!o->cpu || strcmp(o->cpu, "native") == 0) {
		enum aot_cpu native = aot_cpu_native();

		if (native && (native >= AOT_ARM64_V8) == o->arm) {
			o->job.gen.cpu = native;
			return 0;
		}
		if (o->cpu)
			return err_say(err, -EINVAL,
				       "--cpu native: the target is another "
				       "architecture");
		o->cpu = "baseline";
	}
	if (strcmp(o->cpu, "baseline") == 0) {
		o->job.gen.cpu = o->arm ? AOT_ARM64_V8 : AOT_X86_64_V2;
		return 0;
	}
	cpu = aot_cpu_find(o->cpu);
	if (cpu <= 0 || (cpu >= AOT_ARM64_V8) != o->arm)
		return err_say(err, -EINVAL,
			       "--cpu %s: unknown for this target", o->cpu);
	o->job.gen.cpu = (enum aot_cpu)cpu;
	return 0;
}

static int parse_emit(struct options *o, const char *word, struct err *err)
{
	if (strcmp(word, "image") == 0)
		o->emit = EMIT_IMAGE;
	else if (strcmp(word, "llvm") == 0)
		o->emit = EMIT_LLVM;
	else if (strcmp(word, "asm") == 0)
		o->emit = EMIT_ASM;
	else
		return err_say(err, -EINVAL,
			       "--emit %s: neither image, llvm nor asm", word);
	return 0;
}

static int parse_options(struct options *o, int argc, char **argv,
			 struct err *err)
{
	enum { CPU = 256, TARGET, STRICT, FUEL, EMIT, JOBS, PROGRESS, FD };
	static const struct option names[] = {
		{"cpu", required_argument, NULL, CPU},
		{"target", required_argument, NULL, TARGET},
		{"strict", no_argument, NULL, STRICT},
		{"fuel", no_argument, NULL, FUEL},
		{"emit", required_argument, NULL, EMIT},
		{"jobs", required_argument, NULL, JOBS},
		{"progress", no_argument, NULL, PROGRESS},
		{"fd", required_argument, NULL, FD},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, rc = 0;

	while (rc == 0 &&
	       (c = getopt_long(argc, argv, "O:o:h", names, NULL)) != -1) {
		switch (c) {
		case 'O':
			if (optarg[0] < '0' || optarg[0] > '3' || optarg[1])
				rc = err_say(err, -EINVAL, "-O%s: only 0 to 3",
					     optarg);
			o->job.level = (unsigned int)(optarg[0] - '0');
			o->job.gen.inlines = o->job.level == 3;
			break;
		case 'o':
			o->out = optarg;
			break;
		case CPU:
			o->cpu = optarg;
			break;
		case TARGET:
			o->arm = strcmp(optarg, "aarch64") == 0 ||
				 strcmp(optarg, "arm64") == 0;
			if (!o->arm && strcmp(optarg, "x86_64") != 0 &&
			    strcmp(optarg, "amd64") != 0)
				rc = err_say(err, -EINVAL,
					     "--target %s: neither x86_64 nor "
					     "aarch64",
					     optarg);
			break;
		case STRICT:
			o->job.gen.strict = true;
			break;
		case FUEL:
			o->job.gen.fuel = true;
			break;
		case EMIT:
			rc = parse_emit(o, optarg, err);
			break;
		case JOBS:
			o->job.jobs = (unsigned int)strtoul(optarg, NULL, 10);
			if (!o->job.jobs || o->job.jobs > 64)
				rc = err_say(err, -EINVAL, "--jobs %s: 1 to 64",
					     optarg);
			break;
		case PROGRESS:
			o->job.progress = true;
			break;
		case FD:
			if (sscanf(optarg, "%d:%d", &o->in_fd, &o->out_fd) != 2)
				rc = err_say(err, -EINVAL,
					     "--fd %s: not IN:OUT", optarg);
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			fputs(help, stderr);
			exit(1);
		}
	}
	if (rc < 0)
		return rc;
	if (o->in_fd < 0 && (argc != optind + 1 || !o->out))
		return err_say(err, -EINVAL,
			       "needs -o OUT and MODULE: see --help");
	o->module = o->in_fd < 0 ? argv[optind] : "module";
	return parse_target(o, err);
}

static int map_module(const struct options *o, const uint8_t **bytes,
		      size_t *len, struct err *err)
{
	int fd = o->in_fd >= 0 ? o->in_fd
			       : open(o->module, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, -errno, "%s", o->module);
	if (st.st_size <= 0)
		return err_say(err, -ENOEXEC, "%s is empty", o->module);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_set(err, -errno, "map %s", o->module);
	*bytes = p;
	*len = (size_t)st.st_size;
	return 0;
}

/* For the symbol table. */
static const char *func_name(void *ctx, uint32_t func, char *buf)
{
	struct wasm_str s = module_func_name(ctx, func);

	if (s.len)
		snprintf(buf, 256, "%.*s", (int)(s.len < 255 ? s.len : 255),
			 s.data);
	else
		snprintf(buf, 256, "wasm-function[%u]", func);
	return buf;
}

static int make_image(const struct options *o, const struct wasm_module *m,
		      int fd, struct err *err)
{
	struct compile_objects objects = {0};
	int rc = compile_objects(&o->job, &objects, err);
	struct link_job link = {
		.module = m->bytes,
		.module_len = m->len,
		.objects = objects.objects,
		.n_objects = objects.n,
		.n_funcs = m->n_funcs,
		.n_imported = m->n_imported_funcs,
		.n_types = m->n_types,
		.cpu = o->job.gen.cpu,
		.flags = (o->job.gen.strict ? AOT_STRICT : 0) |
			 (o->job.gen.fuel ? AOT_FUEL : 0),
		.func_name = func_name,
		.ctx = (void *)(uintptr_t)m,
	};

	uint8_t *memory;

	compile_memory(m, &memory, &link.memory_len);
	link.memory = memory;
	if (rc == 0)
		rc = link_image(&link, fd, err);
	free(memory);
	free(objects.objects);
	return rc;
}

static int run(struct options *o, struct err *err)
{
	struct wasm_store *store = NULL;
	struct wasm_module *m = NULL;
	const uint8_t *bytes = NULL;
	size_t len = 0;
	int fd = o->out_fd, rc = map_module(o, &bytes, &len, err);

	if (rc == 0)
		rc = wasm_store_new(NULL, &store, err);
	if (rc == 0)
		rc = wasm_module_load(store, bytes, len, &m, err);
	if (rc < 0)
		return rc;
	o->job.module = m;
	o->job.gen.convention = gen_convention(m);
	if (o->in_fd < 0)
		fd = open(o->out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, -errno, "%s", o->out);
	if (o->emit == EMIT_IMAGE)
		rc = make_image(o, m, fd, err);
	else
		rc = compile_text(&o->job,
				  o->emit == EMIT_LLVM ? COMPILE_LLVM
						       : COMPILE_ASM,
				  fd, err);
	/* Half a file is worse than none. */
	if (rc < 0 && o->in_fd < 0)
		unlink(o->out);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.job = {.level = 2}, .in_fd = -1, .out_fd = -1};
	struct err err = {0};
	cpu_set_t cpus;
	int rc;

#ifdef __aarch64__
	o.arm = true;
#endif
	o.job.jobs = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
			     ? (unsigned int)CPU_COUNT(&cpus)
			     : 1;
	rc = parse_options(&o, argc, argv, &err);
	if (rc == 0)
		rc = run(&o, &err);
	if (rc == 0)
		return 0;
	fprintf(stderr, "hull-wasmc: %s\n", err.msg);
	return rc == -E2BIG ? 2 : 1;
}
