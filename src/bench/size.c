/* bench/size.c
 * How large the same hello is: as a file, and as the one layer of an image
 * that runs it, with the libraries that it needs.
 *
 * A layer is a tar of regular files in the ustar format, as engines write it,
 * and its compressed form what `gzip` makes of it by default, as they do for
 * registries. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/tools.h"
#include "bench/workload.h"

struct form {
	const char *language, *form;
	enum compiler compiler;
	const char *source;
	const char *flags; /* words */
};

static const struct form forms[] = {
	{"C", "native, dynamic", COMPILE_C, "wasm/hello.c", ""},
	{"C", "native, static", COMPILE_C, "wasm/hello.c", "-static"},
	{"C", "native, static, stripped", COMPILE_C, "wasm/hello.c",
	 "-static -s"},
	{"C", "wasm", COMPILE_C_WASM, "wasm/hello.c", ""},
	{"C", "wasm, stripped", COMPILE_C_WASM, "wasm/hello.c", "-Wl,-s"},
	{"Rust", "native, dynamic", COMPILE_RUST, "work/hello.rs", ""},
	{"Rust", "native, static", COMPILE_RUST, "work/hello.rs",
	 "-Ctarget-feature=+crt-static"},
	{"Rust", "native, static, stripped", COMPILE_RUST, "work/hello.rs",
	 "-Ctarget-feature=+crt-static -Cstrip=symbols"},
	{"Rust", "wasm", COMPILE_RUST_WASM, "work/hello.rs", ""},
	{"Rust", "wasm, stripped", COMPILE_RUST_WASM, "work/hello.rs",
	 "-Cstrip=symbols"},
};

/* What compiles a module ahead of time: the program, the words before the
 * module and those before the image. */
static const struct {
	const char *name, *words;
} aot[] = {
	{"hull", "wasm compile -o {out} {in}"},
	{"wasmtime", "compile -o {out} {in}"},
	{"wasmedge", "compile {in} {out}"},
	{"wasmer", "compile -o {out} {in}"},
};

static const struct {
	const char *language, *form;
	uint64_t file, layer, layer_gzip;
	const char *source;
} references[] = {
#define REFERENCE(language, form, file, layer, gz, source) \
	{language, form, file, layer, gz, source},
#include "bench/size.def"
#undef REFERENCE
};

/* --- a layer ----------------------------------------------------------- */

enum { TAR_BLOCK = 512 };

struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12],
		checksum[8], type, link[100], magic[6], version[2], uname[32],
		gname[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "ustar, POSIX.1");

static int write_header(FILE *to, const char *name, uint64_t size)
{
	struct tar_header h = {0};
	const unsigned char *bytes = (const unsigned char *)&h;
	unsigned int sum = 0;

	/* Without a NUL when it just fits. */
	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	snprintf(h.mode, sizeof(h.mode), "%07o", 0755);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)size);
	snprintf(h.mtime, sizeof(h.mtime), "%011o", 0);
	h.type = '0';
	memcpy(h.magic, "ustar", 6);
	memcpy(h.version, "00", 2);
	/* Its own field counts as spaces. */
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += bytes[i];
	snprintf(h.checksum, sizeof(h.checksum), "%06o", sum);
	return fwrite(&h, sizeof(h), 1, to) == 1 ? 0 : -EIO;
}

static int add_file(FILE *to, const char *path, const char *name,
		    struct err *err)
{
	_cleanup_fclose_ FILE *from = fopen(path, "re");
	char block[TAR_BLOCK];
	struct stat st;
	size_t n;

	if (!from || fstat(fileno(from), &st) < 0)
		return err_set(err, -errno, "open %s", path);
	if (write_header(to, name, (uint64_t)st.st_size) < 0)
		return err_set(err, -EIO, "write the layer");
	while ((n = fread(block, 1, sizeof(block), from)) > 0) {
		memset(block + n, 0, sizeof(block) - n);
		if (fwrite(block, sizeof(block), 1, to) != 1)
			return err_set(err, -EIO, "write the layer");
	}
	return 0;
}

/* The program as /hello, and its libraries, which stand below `libraries`
 * under their own paths. */
static int write_layer(const char *path, const char *program,
		       char *const *libraries, struct err *err)
{
	static const char end[2 * TAR_BLOCK];
	FILE *to = fopen(path, "we");
	int rc;

	if (!to)
		return err_set(err, -errno, "make %s", path);
	rc = add_file(to, program, "hello", err);
	STRV_FOREACH (lib, libraries)
		if (rc == 0)
			rc = add_file(to, *lib, *lib + 1, err);
	if (rc == 0 && fwrite(end, sizeof(end), 1, to) != 1)
		rc = err_set(err, -EIO, "write %s", path);
	if (fclose(to) != 0 && rc == 0)
		rc = err_set(err, -errno, "write %s", path);
	return rc;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* 0 where there is no gzip. */
static uint64_t compressed_size(struct bench *b, const char *path)
{
	char *gz = arena_printf(b->r.arena, "%s.gz", path);
	struct err err = {0};

	/* Without name and time, so that the same file is the same size. */
	if (tool_must(WORDS((char *)"gzip", (char *)"-nf", (char *)path), 60000,
		      &err) < 0) {
		bench_problem(b, "size: %s", err.msg);
		return 0;
	}
	return size_of(gz);
}

/* --- rows -------------------------------------------------------------- */

static int measure(struct bench *b, const char *language, const char *form,
		   const char *file, const char *source, struct err *err)
{
	_cleanup_strv_ char **libraries = NULL;
	char *layer = arena_printf(b->r.arena, "%s/layer.tar", b->scratch);
	struct bench_size *row;
	int rc = workload_libraries(file, &libraries, err);

	if (rc == 0)
		rc = write_layer(layer, file, libraries, err);
	if (rc < 0)
		return rc;
	row = bench_add(&b->r, size);
	row->language = arena_strdup(b->r.arena, language);
	row->form = arena_strdup(b->r.arena, form);
	row->file = size_of(file);
	row->layer = size_of(layer);
	row->layer_gzip = compressed_size(b, layer);
	row->measured = true;
	row->source = arena_strdup(b->r.arena, source ? source : "");
	return 0;
}

/* What is known from elsewhere; without it the form is left out, by name. */
static void add_reference(struct bench *b, const char *language,
			  const char *form, const char *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		struct bench_size *row;

		if (!str_eq(references[i].language, language) ||
		    !str_eq(references[i].form, form))
			continue;
		row = bench_add(&b->r, size);
		row->language = arena_strdup(b->r.arena, language);
		row->form = arena_strdup(b->r.arena, form);
		row->file = references[i].file;
		row->layer = references[i].layer;
		row->layer_gzip = references[i].layer_gzip;
		row->source = arena_printf(b->r.arena, "%s; not here: %s",
					   references[i].source, why);
		return;
	}
	bench_problem(b, "size: %s, %s: %s", language, form, why);
}

static char *compile(struct bench *b, const struct form *f, size_t i,
		     struct err *err)
{
	_cleanup_strv_ char **flags = NULL;
	char *copy = arena_strdup(b->r.arena, f->flags), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		strv_add(&flags, w);
	return tool_compile(b, f->compiler,
			    arena_printf(b->r.arena, "size-%zu", i),
			    WORDS((char *)f->source), flags, err);
}

/* hull's is the one that takes part. */
static char *find(struct bench *b, const char *name)
{
	BENCH_FOREACH(p, b)
	if (p->program && str_eq(p->program, name) && p->path)
		return p->path;
	return tool_find(b, name);
}

/* The module ahead of time, by every compiler that is there. */
static void measure_aot(struct bench *b, const char *language, char *module)
{
	for (size_t i = 0; i < ARRAY_SIZE(aot); i++) {
		char *words = arena_strdup(b->r.arena, aot[i].words);
		char *form = arena_printf(b->r.arena, "wasm, AOT image (%s)",
					  aot[i].name);
		char *out = arena_printf(b->r.arena, "%s/image", b->scratch);
		char *program, *save = NULL;
		_cleanup_strv_ char **argv = NULL;
		struct err err = {0};

		program = find(b, aot[i].name);
		if (!program)
			continue;
		strv_add(&argv, program);
		for (char *w = strtok_r(words, " ", &save); w;
		     w = strtok_r(NULL, " ", &save))
			strv_add(&argv, str_eq(w, "{in}")    ? module
					: str_eq(w, "{out}") ? out
							     : w);
		unlink(out);
		if (tool_must(argv, 60000, &err) < 0 ||
		    measure(b, language, form, out,
			    tool_version(b,
					 WORDS(program, (char *)"--version")),
			    &err) < 0)
			add_reference(b, language, form, err.msg);
	}
}

/* What is compiled further. */
static bool is_last_module(const struct form *f)
{
	return str_eq(f->form, "wasm, stripped");
}

int bench_size(struct bench *b, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		struct err why = {0};
		char *file;

		if (bench_interrupted())
			return 0;
		bench_progress(b, "size", f->form, (double)i,
			       (double)ARRAY_SIZE(forms));
		file = compile(b, f, i, &why);
		if (!file ||
		    measure(b, f->language, f->form, file,
			    tool_compiler(b, f->compiler)->version, &why) < 0) {
			if (bench_interrupted())
				return 0;
			add_reference(b, f->language, f->form, why.msg);
			if (is_last_module(f))
				bench_problem(b, "size: %s, AOT images: %s",
					      f->language, why.msg);
			continue;
		}
		if (is_last_module(f))
			measure_aot(b, f->language, file);
	}
	return 0;
}
