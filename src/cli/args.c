#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

static const struct cli_row *end_of_table(void)
{
	return cli_rows + cli_n_rows;
}

/* The first option of a section; the section ends at a command. */
static const struct cli_row *options_of(const struct cli_row *section)
{
	return section ? section + 1 : cli_rows;
}

static bool is_option(const struct cli_row *row)
{
	return row < end_of_table() && !row->is_command;
}

const struct cli_row *cli_find_command(int n, char *const *words, int *taken)
{
	for (const struct cli_row *r = cli_rows; r < end_of_table(); r++) {
		const char *rest;

		rest = r->is_command ? str_after(r->name, words[0]) : NULL;
		if (!rest || (*rest && *rest != ' '))
			continue;
		if (*rest && (n < 2 || !str_eq(rest + 1, words[1])))
			continue;
		if (taken)
			*taken = *rest ? 2 : 1;
		return r;
	}
	return NULL;
}

bool cli_is_group(const char *word)
{
	for (const struct cli_row *r = cli_rows; r < end_of_table(); r++) {
		const char *rest;

		rest = r->is_command ? str_after(r->name, word) : NULL;
		if (rest && *rest == ' ')
			return true;
	}
	return false;
}

static const struct cli_row *find_long(const struct cli_row *section,
				       const char *name, size_t len)
{
	for (const struct cli_row *r = options_of(section); is_option(r); r++)
		if (strlen(r->name) == len && memcmp(r->name, name, len) == 0)
			return r;
	return NULL;
}

static const struct cli_row *find_letter(const struct cli_row *section,
					 char letter)
{
	for (const struct cli_row *r = options_of(section); is_option(r); r++)
		if (r->letter && r->letter == letter)
			return r;
	return NULL;
}

/* How many letters differ, insertions and deletions counted (Levenshtein);
 * only for names, so a small table is enough. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[32];
	size_t n = strlen(b);

	if (n >= ARRAY_SIZE(row))
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			if (row[j] + 1 < change)
				change = row[j] + 1;
			row[j] = change;
		}
	}
	return row[n];
}

static const char *nearest(const struct cli_row *section, bool commands,
			   const char *name)
{
	const struct cli_row *r = commands ? cli_rows : options_of(section);
	const char *best = NULL;
	unsigned int least = 3;

	for (; r < end_of_table() && (commands || is_option(r)); r++) {
		unsigned int d;

		if (r->is_command != commands || (r->flags & HIDDEN))
			continue;
		d = distance(name, r->name);
		if (d < least) {
			least = d;
			best = r->name;
		}
	}
	return best;
}

const char *cli_nearest_command(const char *name)
{
	return nearest(NULL, true, name);
}

static int unknown(const struct cli_row *section, const char *name,
		   struct err *err)
{
	const char *like = nearest(section, false, name);
	const char *of = section ? section->name : "";

	if (like)
		return err_say(err, -EINVAL,
			       "unknown option --%.40s: did you mean --%s?",
			       name, like);
	return err_say(err, -EINVAL,
		       "unknown option --%.40s: see hull %s%s--help", name, of,
		       *of ? " " : "");
}

/* "a|b|c" has the word? */
static bool is_choice(const char *choices, const char *word)
{
	size_t n = strlen(word);

	for (const char *c = choices; *c; c += c[0] == '|') {
		size_t len = strcspn(c, "|");

		if (len == n && memcmp(c, word, n) == 0)
			return true;
		c += len;
	}
	return false;
}

/* "a|b|c" as "a, b or c". */
static void spell_choices(struct buf *out, const char *choices)
{
	for (const char *c = choices; *c; c++)
		if (*c == '|')
			buf_adds(out, strchr(c + 1, '|') ? ", " : " or ");
		else
			buf_addc(out, *c);
}

static int check_choice(const struct cli_row *row, const char *value,
			struct err *err)
{
	_cleanup_buf_ struct buf words = {0};

	if (!row->arg || !strchr(row->arg, '|') || (row->flags & LENIENT) ||
	    is_choice(row->arg, value))
		return 0;
	spell_choices(&words, row->arg);
	return err_say(err, -EINVAL, "--%s %.40s: must be %s", row->name, value,
		       words.data);
}

static int add_value(struct args *args, const struct cli_row *section,
		     const struct cli_row *row, const char *value,
		     struct err *err)
{
	char ***slot = &args->values[row - options_of(section)];
	int rc = check_choice(row, value, err);

	if (rc < 0)
		return rc;

	/* The last one counts, unless all do. */
	if (!(row->flags & REPEAT)) {
		strv_free(*slot);
		*slot = NULL;
	}
	strv_add(slot, value);
	return 0;
}

/* --name, --name=value, --name value.  Returns the words taken. */
static int parse_long(const struct cli_row *section, int n, char **argv,
		      struct args *args, struct err *err)
{
	const char *name = argv[0] + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] ? name + len + 1 : NULL;
	const struct cli_row *row = find_long(section, name, len);
	int rc;

	if (!row && section && str_eq(name, "help")) {
		args->help = true;
		return 1;
	}
	if (!row)
		return unknown(section, name, err);
	if (!row->arg && value && !str_eq(value, "true") &&
	    !str_eq(value, "false"))
		return err_say(err, -EINVAL, "--%s takes no value", row->name);
	/* runc's own parser takes --switch=false, and engines write it. */
	if (!row->arg && value && str_eq(value, "false"))
		return 1;
	if (!row->arg)
		value = "";
	if (!value && n < 2)
		return err_say(err, -EINVAL, "--%s needs a value: %s",
			       row->name, row->arg);
	rc = add_value(args, section, row, value ? value : argv[1], err);
	return rc < 0 ? rc : value ? 1 : 2;
}

/* -x, -xyz, -xvalue, -x value. */
static int parse_short(const struct cli_row *section, int n, char **argv,
		       struct args *args, struct err *err)
{
	for (const char *c = argv[0] + 1; *c; c++) {
		const struct cli_row *row = find_letter(section, *c);
		int rc;

		if (!row && section && *c == 'h') {
			args->help = true;
			continue;
		}
		if (!row)
			return err_say(err, -EINVAL, "unknown option -%c", *c);
		if (!row->arg) {
			rc = add_value(args, section, row, "", err);
			if (rc < 0)
				return rc;
			continue;
		}
		if (c[1]) {
			const char *value = c + 1 + (c[1] == '=');

			rc = add_value(args, section, row, value, err);
			return rc < 0 ? rc : 1;
		}
		if (n < 2)
			return err_say(err, -EINVAL, "-%c needs a value: %s",
				       *c, row->arg);
		rc = add_value(args, section, row, argv[1], err);
		return rc < 0 ? rc : 2;
	}
	return 1;
}

int cli_parse(const struct cli_row *section, int n, char **argv,
	      struct args *args, struct err *err)
{
	bool stop_at_word = !section || (section->flags & STOP);
	int i = 0;

	/* Positionals gather at the front, in their order. */
	args->rest = argv;
	args->n_rest = 0;
	while (i < n) {
		int taken;

		if (str_eq(argv[i], "--")) {
			i++;
			break;
		}
		if (argv[i][0] != '-' || str_eq(argv[i], "-")) {
			if (!section)
				return i;
			/* "exec ID prog -x": the first word is the id, and
			 * what follows the second is the program's.  */
			args->rest[args->n_rest++] = argv[i++];
			if (stop_at_word && args->n_rest >= section->min)
				break;
			continue;
		}
		if (argv[i][1] == '-')
			taken = parse_long(section, n - i, argv + i, args, err);
		else
			taken = parse_short(section, n - i, argv + i, args,
					    err);
		if (taken < 0)
			return taken;
		i += taken;
	}
	if (section && (section->flags & STOP) && i < n &&
	    str_eq(argv[i], "--"))
		i++;
	while (section && i < n)
		args->rest[args->n_rest++] = argv[i++];
	if (section)
		args->rest[args->n_rest] = NULL;
	return i;
}

static char **values_of(const struct args *args, const char *name)
{
	const struct cli_row *row =
		find_long(args->command, name, strlen(name));

	if (!row)
		abort();
	return args->values[row - options_of(args->command)];
}

const char *args_get(const struct args *args, const char *name)
{
	char **v = values_of(args, name);

	return v ? v[0] : NULL;
}

char **args_list(const struct args *args, const char *name)
{
	return values_of(args, name);
}

int args_u64(const struct args *args, const char *name, uint64_t max,
	     uint64_t *ret, struct err *err)
{
	const char *text = args_get(args, name);

	*ret = 0;
	if (!text || parse_u64(text, max, ret) == 0)
		return 0;
	return err_say(err, -EINVAL, "--%s %s: not a number between 0 and %llu",
		       name, text, (unsigned long long)max);
}

/* Go's durations, whole numbers of each unit. */
int args_ms(const struct args *args, const char *name, int *ret,
	    struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	const char *text = args_get(args, name), *p = text;
	uint64_t total = 0;

	*ret = 0;
	while (p && *p) {
		size_t n = strspn(p, "0123456789"), u;
		_cleanup_free_ char *digits = xstrndup(p, n);
		uint64_t number;

		p += n;
		for (u = 0; u < ARRAY_SIZE(units); u++)
			if (str_after(p, units[u].unit))
				break;
		if (u == ARRAY_SIZE(units) ||
		    parse_u64(digits, 1000000, &number) < 0)
			break;
		p += strlen(units[u].unit);
		total += number * units[u].ms;
	}
	if (text && (*p || total < 1 || total > INT32_MAX))
		return err_say(err, -EINVAL,
			       "--%s %s: not a time such as 5s or 500ms", name,
			       text);
	*ret = (int)total;
	return 0;
}

int cli_fail(const struct err *err, int status)
{
	log_error("%s", err->msg);
	return status;
}

int cli_print(struct buf *out)
{
	struct err err = {0};

	if (out->len == 0 || out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
	if (fwrite(out->data, 1, out->len, stdout) == out->len &&
	    fflush(stdout) == 0)
		return 0;
	err_set(&err, -errno, "write to standard output");
	return cli_fail(&err, 1);
}

/* ---------------------------------------------------------------- help -- */

enum { HELP_COLUMN = 26, HELP_WIDTH = 79 };

static void help_row(struct buf *out, const char *left, const char *help)
{
	size_t n = strlen(left) + 2;

	buf_printf(out, "  %s", left);
	if (n > HELP_COLUMN - 2) {
		buf_addc(out, '\n');
		n = 0;
	}
	buf_printf(out, "%*s", (int)(HELP_COLUMN - n), "");
	buf_wrap(out, help, HELP_COLUMN, HELP_WIDTH);
	buf_addc(out, '\n');
}

static void help_options(struct buf *out, const struct cli_row *section)
{
	for (const struct cli_row *r = options_of(section); is_option(r); r++) {
		char left[80];

		if (r->flags & HIDDEN)
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
			 r->letter ? '-' : ' ', r->letter ? r->letter : ' ',
			 r->letter ? "," : " ", r->name, r->arg ? " " : "",
			 r->arg ? r->arg : "");
		help_row(out, left, r->help);
	}
}

static void help_command(struct buf *out, const struct cli_row *command)
{
	bool has_options = is_option(command + 1);

	buf_printf(out, "Usage: hull [GLOBAL OPTIONS] %s%s %s\n\n",
		   command->name, has_options ? " [OPTIONS]" : "",
		   command->arg);
	buf_wrap(out, command->help, 0, HELP_WIDTH);
	buf_addc(out, '\n');
	if (has_options)
		buf_adds(out, "\nOptions:\n");
	help_options(out, command);
}

void cli_help(struct buf *out, const struct cli_row *command)
{
	if (command) {
		help_command(out, command);
		return;
	}
	buf_adds(out, "Usage: hull [OPTIONS] COMMAND [ARGUMENTS]\n\n"
		      "hull runs containers: OCI bundles, in the sandbox of "
		      "your choice.\n\nCommands:\n");
	for (const struct cli_row *r = cli_rows; r < end_of_table(); r++)
		if (r->is_command && !(r->flags & HIDDEN))
			help_row(out, r->name, r->help);
	buf_adds(out, "\nOptions:\n");
	help_options(out, NULL);
	buf_adds(out, "\nhull COMMAND --help tells more of a command, man "
		      "hull of all.\n");
}
