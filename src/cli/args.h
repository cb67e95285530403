/* cli/args.h
 * The command line, parsed by the rows of options.def. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/container.h"

struct buf;
struct err;

enum cli_flag {
	REPEAT = 1 << 0,
	HIDDEN = 1 << 1,
	STOP = 1 << 2,
	LENIENT = 1 << 3,
	SPAWNS = 1 << 4,
};

struct args;

/* One row of options.def: a command when `run` is set. */
struct cli_row {
	const char *name;
	int (*run)(const struct args *args);
	/* A command's positionals and summary; an option's argument and
	 * help. */
	const char *arg;
	const char *help;
	int min, max;
	unsigned int flags;
	char letter;
	bool is_command;
};

enum { CLI_MAX_OPTIONS = 40 };

struct args {
	const struct cli_row *command;
	struct runtime rt;
	bool root_given; /* rt.root is the user's own wish */
	char **rest;     /* the positionals, NULL-terminated */
	int n_rest;
	bool help; /* --help was given */
	/* One entry for each option of the command, in the table's order. */
	char **values[CLI_MAX_OPTIONS];
};

/* The table.  A section runs up to the next command. */
extern const struct cli_row cli_rows[];
extern const unsigned int cli_n_rows;

/* A command of one word, or of two ("wasm run") when more words follow;
 * *taken (may be NULL) says which. */
const struct cli_row *cli_find_command(int n, char *const *words, int *taken);
/* The word that several commands begin with. */
bool cli_is_group(const char *word);
/* A command with nearly that name, or NULL. */
const char *cli_nearest_command(const char *name);
/* Parse argv[0..n) by the options that follow `section` (NULL: the global
 * ones).  Returns how many words were taken, -EINVAL with a sentence. */
int cli_parse(const struct cli_row *section, int n, char **argv,
	      struct args *args, struct err *err);

/* The value of an option of the command, or NULL; a switch that was given
 * is "".  A name that the table lacks ends the program. */
const char *args_get(const struct args *args, const char *name);
static inline bool args_has(const struct args *args, const char *name)
{
	return args_get(args, name) != NULL;
}
/* All values of a REPEAT option, NULL-terminated; NULL if there is none. */
char **args_list(const struct args *args, const char *name);
/* A number; 0 when the option was not given. */
int args_u64(const struct args *args, const char *name, uint64_t max,
	     uint64_t *ret, struct err *err);

/* The help of a command, or of hull as a whole for NULL. */
void cli_help(struct buf *out, const struct cli_row *command);

/* A time such as 5s, 500ms or 1m30s, in ms; 0 when the option was not given. */
int args_ms(const struct args *args, const char *name, int *ret,
	    struct err *err);

/* "hull: <message>" on stderr and in the log; returns `status`. */
int cli_fail(const struct err *err, int status);

/* Print to standard output, with a last \n; the exit status. */
int cli_print(struct buf *out);

/* One file each, or nearly. */
#define COMMAND(name, run, ...) int run(const struct args *args);
#define OPTION(...)
#include "cli/options.def"
#undef COMMAND
#undef OPTION
