/* cli/table.c: options.def as rows.  Apart from the parser, which hull-bench
 * uses with rows of its own. */
#include "base/cleanup.h"
#include "cli/args.h"

const struct cli_row cli_rows[] = {
#define COMMAND(name_, run_, args_, min_, max_, flags_, help_) \
	{.name = (name_),                                      \
	 .run = (run_),                                        \
	 .arg = (args_),                                       \
	 .min = (min_),                                        \
	 .max = (max_),                                        \
	 .flags = (flags_),                                    \
	 .help = (help_),                                      \
	 .is_command = true},
#define OPTION(name_, letter_, arg_, flags_, help_) \
	{.name = (name_),                           \
	 .letter = (letter_),                       \
	 .arg = (arg_),                             \
	 .flags = (flags_),                         \
	 .help = (help_)},
#include "cli/options.def"
#undef COMMAND
#undef OPTION
};
const unsigned int cli_n_rows = ARRAY_SIZE(cli_rows);
