/* cli/doctor.c: what this host can do, and what follows from what it can't. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json_write.h"
#include "cli/args.h"
#include "host/probe.h"

enum { WIDTH = 79 };

static void print_json(const struct probe_row *rows, size_t n, struct buf *out)
{
	struct json_writer w = {.out = out, .indent = "  "};

	json_begin_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		json_begin_object(&w, NULL);
		json_string(&w, "id", rows[i].id);
		json_string(&w, "label", rows[i].label);
		json_string(&w, "status", probe_status_name(rows[i].status));
		json_string(&w, "detail", rows[i].detail);
		if (rows[i].consequence)
			json_string(&w, "consequence", rows[i].consequence);
		if (rows[i].remedy)
			json_string(&w, "remedy", rows[i].remedy);
		json_end_object(&w);
	}
	json_end_array(&w);
}

static void print_note(struct buf *out, size_t column, const char *word,
		       const char *text)
{
	if (!text)
		return;
	buf_printf(out, "%*s%s: ", (int)column, "", word);
	buf_wrap(out, text, column + strlen(word) + 2, WIDTH);
	buf_addc(out, '\n');
}

static void print_table(const struct probe_row *rows, size_t n, struct buf *out)
{
	size_t label = 0, counts[3] = {0};

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(rows[i].label);

		label = len > label ? len : label;
		counts[rows[i].status]++;
	}
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%-8s %-*s  ",
			   probe_status_name(rows[i].status), (int)label,
			   rows[i].label);
		buf_wrap(out, rows[i].detail, 8 + 1 + label + 2, WIDTH);
		buf_addc(out, '\n');
		print_note(out, 9, "so", rows[i].consequence);
		print_note(out, 9, "remedy", rows[i].remedy);
	}
	buf_printf(out, "\n%zu ok, %zu limited, %zu missing\n",
		   counts[PROBE_OK], counts[PROBE_LIMITED],
		   counts[PROBE_MISSING]);
}

int cmd_doctor(const struct args *args)
{
	_cleanup_buf_ struct buf out = {0};
	struct probe_row *rows;
	size_t n;

	probe_host(&rows, &n);
	if (args_has(args, "json"))
		print_json(rows, n, &out);
	else
		print_table(rows, n, &out);
	free(rows);
	return cli_print(&out);
}
