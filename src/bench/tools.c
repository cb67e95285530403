#include "bench/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/bench.h"
#include "bench/participants.h"
#include "bench/spawn.h"

enum { MAX_WORDS = 48 };

char *tool_find(struct bench *b, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? arena_strdup(b->r.arena, name)
					       : NULL;
	path = participants_program(name);
	return path ? arena_strdup(b->r.arena, path) : NULL;
}

int tool_run(char *const argv[], unsigned int timeout_ms, struct bench_run *ret,
	     struct err *err)
{
	_cleanup_strv_ char **copy = strv_copy(argv);
	int rc;

	if (!strchr(copy[0], '/')) {
		char *path = participants_program(copy[0]);

		if (!path)
			return err_say(err, -ENOENT, "%s is not installed",
				       copy[0]);
		free(copy[0]);
		copy[0] = path;
	}
	rc = spawn_capture(copy, -1, timeout_ms, ret);
	return rc < 0 ? err_set(err, rc, "%s", copy[0]) : 0;
}

/* The last line that isn't empty, which is where the reason stands in most
 * programs' output; without its \n. */
static const char *last_line(char *text)
{
	char *line;

	for (;;) {
		size_t n = strlen(text);

		while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
			text[--n] = '\0';
		line = strrchr(text, '\n');
		line = line ? line + 1 : text;
		return line;
	}
}

int tool_must(char *const argv[], unsigned int timeout_ms, struct err *err)
{
	const char *name = strrchr(argv[0], '/');
	struct bench_run run;
	int rc = tool_run(argv, timeout_ms, &run, err);

	if (rc < 0)
		return rc;
	name = name ? name + 1 : argv[0];
	if (bench_interrupted())
		rc = err_say(err, -EINTR, "interrupted");
	else if (run.timed_out)
		rc = err_say(err, -ETIMEDOUT, "%s: still running after %u s",
			     name, timeout_ms / 1000);
	else if (run.status != 0)
		rc = err_say(err, -EIO, "%s: %s", name,
			     *run.err ? last_line(run.err) : "failed");
	bench_run_free(&run);
	return rc;
}

/* --- what we ship ------------------------------------------------------ */

const char *tool_own_folder(struct bench *b)
{
	char path[PATH_MAX];
	ssize_t n;

	if (b->exe_dir)
		return b->exe_dir;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	*(strrchr(path, '/') ?: path) = '\0';
	b->exe_dir = arena_strdup(b->r.arena, path);
	return b->exe_dir;
}

char *tool_shipped(struct bench *b, const char *name, struct err *err)
{
	/* In the build folder, and where meson installs it. */
	static const char *const places[] = {"../bench", "bench"};
	char *path = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		path = arena_printf(b->r.arena, "%s/%s/%s", tool_own_folder(b),
				    places[i], name);
		if (access(path, R_OK) == 0)
			return path;
	}
	err_say(err, -ENOENT, "%s: not installed with hull-bench", path);
	return NULL;
}

/* --- compilers --------------------------------------------------------- */

struct candidate {
	enum compiler compiler;
	/* "@name" is the path of that program. */
	const char *words;
};

static const struct candidate candidates[] = {
	{COMPILE_C, "cc -O2"},
	{COMPILE_C, "gcc -O2"},
	{COMPILE_C, "clang -O2"},
	/* The linker's version goes with the compiler's. */
	{COMPILE_C_WASM,
	 "clang-21 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-21"},
	{COMPILE_C_WASM,
	 "clang-20 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-20"},
	{COMPILE_C_WASM,
	 "clang-19 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-19"},
	{COMPILE_C_WASM,
	 "clang-18 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-18"},
	{COMPILE_C_WASM,
	 "clang-17 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-17"},
	{COMPILE_C_WASM,
	 "clang-16 --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld-16"},
	{COMPILE_C_WASM, "clang --target=wasm32-wasi -O2 -fuse-ld=@wasm-ld"},
	{COMPILE_C_WASM, "/opt/wasi-sdk/bin/clang -O2"},
	{COMPILE_RUST, "rustc -O"},
	{COMPILE_RUST, "/usr/bin/rustc -O"},
	{COMPILE_RUST_WASM, "rustc -O --target wasm32-wasip1"},
	{COMPILE_RUST_WASM, "rustc -O --target wasm32-wasi"},
	/* Debian's has the target, but no linker of its own. */
	{COMPILE_RUST_WASM, "/usr/bin/rustc -O --target wasm32-wasip1 "
			    "-Clinker=@wasm-ld-19"},
	{COMPILE_RUST_WASM, "/usr/bin/rustc -O --target wasm32-wasi "
			    "-Clinker=@wasm-ld-19 "
			    "-Clink-arg=--no-fatal-warnings"},
	{COMPILE_RUST_WASM, "/usr/bin/rustc -O --target wasm32-wasi "
			    "-Clinker=@wasm-ld -Clink-arg=--no-fatal-warnings"},
	{COMPILE_GO, "go build"},
};

static const struct {
	const char *name; /* for the sentence when there is none */
	const char *file; /* an empty program */
	const char *text;
	const char *version;
} languages[N_COMPILERS] = {
	[COMPILE_C] = {"C compiler", "empty.c", "int main(void){return 0;}\n",
		       "--version"},
	[COMPILE_C_WASM] = {"clang for wasm32-wasi with wasi-libc", "empty.c",
			    "int main(void){return 0;}\n", "--version"},
	[COMPILE_C_SAME] = {"C compiler", "empty.c",
			    "int main(void){return 0;}\n", "--version"},
	[COMPILE_RUST] = {"rustc", "empty.rs", "fn main() {}\n", "--version"},
	[COMPILE_RUST_WASM] = {"rustc with wasm32-wasip1", "empty.rs",
			       "fn main() {}\n", "--version"},
	[COMPILE_GO] = {"go", "empty.go", "package main\nfunc main() {}\n",
			"version"},
};

/* One run at most, so one set of what was found. */
static struct compiler_found found[N_COMPILERS];

/* NULL: a program that it names isn't there. */
static char **expand(struct bench *b, const char *words)
{
	char *copy = arena_strdup(b->r.arena, words), *save = NULL;
	char **v = arena_alloc(b->r.arena, MAX_WORDS, sizeof(*v));
	size_t n = 0;

	for (char *w = strtok_r(copy, " ", &save); w && n < MAX_WORDS - 1;
	     w = strtok_r(NULL, " ", &save)) {
		char *at = strchr(w, '@'), *path;

		if (!at && n > 0) {
			v[n++] = w;
			continue;
		}
		path = tool_find(b, at ? at + 1 : w);
		if (!path)
			return NULL;
		v[n++] = at ? arena_printf(b->r.arena, "%.*s%s", (int)(at - w),
					   w, path)
			    : path;
	}
	return v;
}

/* words, flags, -o out, sources. */
static int run_compiler(struct bench *b, char *const *words,
			char *const *sources, char *const *flags,
			const char *out, struct err *err)
{
	_cleanup_strv_ char **argv = NULL;

	STRV_FOREACH (w, words)
		strv_add(&argv, *w);
	STRV_FOREACH (f, flags)
		if (**f != '-' || strncmp(*f, "-l", 2) != 0)
			strv_add(&argv, *f);
	strv_add(&argv, "-o");
	strv_add(&argv, out);
	STRV_FOREACH (s, sources)
		strv_add(&argv, *s);
	/* Libraries stand behind what needs them. */
	STRV_FOREACH (f, flags)
		if (strncmp(*f, "-l", 2) == 0)
			strv_add(&argv, *f);
	return tool_must(argv, 120000, err);
}

static char *folder(struct bench *b, const char *file)
{
	char *dir = arena_printf(b->r.arena, "%s/compiled", b->scratch);

	mkdir(dir, 0755);
	return arena_printf(b->r.arena, "%s/%s", dir, file);
}

static int write_text(const char *path, const char *text, struct err *err)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return err_set(err, fd < 0 ? -errno : -EIO, "write %s", path);
	return 0;
}

char *tool_version(struct bench *b, char *const argv[])
{
	struct bench_run run;
	char *line;

	if (tool_run(argv, 10000, &run, NULL) < 0)
		return NULL;
	run.out[strcspn(run.out, "\n")] = '\0';
	line = arena_strdup(b->r.arena, run.out);
	bench_run_free(&run);
	return line;
}

static char **strv_in(struct bench *b, char *const *v)
{
	return arena_memdup(b->r.arena, v, (strv_len(v) + 1) * sizeof(*v));
}

const struct compiler_found *tool_compiler(struct bench *b, enum compiler c)
{
	struct compiler_found *f = &found[c];
	char *source = folder(b, languages[c].file);
	struct err err = {0};

	if (f->looked)
		return f;
	f->looked = true;
	if (c == COMPILE_C_SAME) {
		*f = *tool_compiler(b, COMPILE_C_WASM);
		if (!f->words)
			*f = *tool_compiler(b, COMPILE_C);
		else
			f->words =
				strv_in(b, WORDS(f->words[0], (char *)"-O2"));
		return f;
	}
	if (write_text(source, languages[c].text, &err) < 0) {
		f->reason = arena_strdup(b->r.arena, err.msg);
		return f;
	}
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		char **words;

		if (candidates[i].compiler != c)
			continue;
		words = expand(b, candidates[i].words);
		if (!words || run_compiler(b, words, WORDS(source), WORDS(),
					   folder(b, "empty"), &err) < 0)
			continue;
		f->words = words;
		f->version = tool_version(
			b, WORDS(words[0], (char *)languages[c].version));
		return f;
	}
	/* The last one that was there and could not says why. */
	f->reason = arena_printf(b->r.arena, "no %s%s%s", languages[c].name,
				 err.code ? ": " : "", err.msg);
	return f;
}

char *tool_compile(struct bench *b, enum compiler c, const char *name,
		   char *const *sources, char *const *flags, struct err *err)
{
	const struct compiler_found *f = tool_compiler(b, c);
	_cleanup_strv_ char **paths = NULL;
	char *out = folder(b, name);

	if (access(out, R_OK) == 0)
		return out;
	if (!f->words) {
		err_say(err, -ENOENT, "%s", f->reason);
		return NULL;
	}
	STRV_FOREACH (s, sources) {
		char *path = tool_shipped(b, *s, err);

		if (!path)
			return NULL;
		strv_add(&paths, path);
	}
	if (run_compiler(b, f->words, paths, flags, out, err) < 0)
		return NULL;
	return out;
}
