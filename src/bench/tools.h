/* bench/tools.h
 * The host's own programs: finding them, running them for a bounded time,
 * and compiling what an experiment compares with whatever compilers there
 * are.  All strings that are returned live as long as the run. */
#pragma once

#include <stdbool.h>

struct bench;
struct bench_run;
struct err;

/* In PATH and the sbin folders; a path stays as it is.  NULL: not there. */
char *tool_find(struct bench *b, const char *name);
/* Run it on the host with its output captured.  0 when it ran, whatever it
 * answered; else a negative errno.  `ret` as bench_run_workload() gives it. */
int tool_run(char *const argv[], unsigned int timeout_ms, struct bench_run *ret,
	     struct err *err);
/* The same, for a program whose success is all that matters: the last line
 * that it said becomes the sentence. */
int tool_must(char *const argv[], unsigned int timeout_ms, struct err *err);

/* The first line that a command says, or NULL: "gcc --version". */
char *tool_version(struct bench *b, char *const argv[]);

enum compiler {
	COMPILE_C,
	COMPILE_C_WASM,
	COMPILE_C_SAME, /* natively, with that of C_WASM where there is one */
	COMPILE_RUST,
	COMPILE_RUST_WASM,
	COMPILE_GO,
	N_COMPILERS,
};

struct compiler_found {
	bool looked;
	char **words;  /* the command, without files; NULL: there is none */
	char *version; /* the first line that it says */
	char *reason;  /* why there is none */
};

/* The first of its candidates that could compile an empty program. */
const struct compiler_found *tool_compiler(struct bench *b, enum compiler c);
/* Sources (names below the folder of the workloads, "wasm/hello.c") and flags
 * to a file of that name in the scratch folder, made once.  NULL with a
 * sentence, which names what is missing. */
char *tool_compile(struct bench *b, enum compiler c, const char *name,
		   char *const *sources, char *const *flags, struct err *err);

/* Where hull-bench is. */
const char *tool_own_folder(struct bench *b);
/* What was built and installed with hull-bench: "work/bench-io",
 * "wasm/sieve.c".  NULL with a sentence when it isn't there. */
char *tool_shipped(struct bench *b, const char *name, struct err *err);
/* A list of words: WORDS("a", "b"). */
#define WORDS(...) ((char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
