/* cli/wasm_cache.c: what the cache of compiled modules holds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "cli/args.h"
#include "sandbox/aot_cache.h"
#include "wasm/aot.h"

enum { WIDTH = 79 };

/* A name in its parts: <module>-<engine>-<cpu>-<flags>. */
struct parts {
	char module[65], engine[17], cpu[32];
	unsigned int flags;
};

static void split_name(const char *name, struct parts *p)
{
	const char *last = strrchr(name, '-');
	uint64_t flags = 0;

	snprintf(p->module, sizeof(p->module), "%.64s", name);
	snprintf(p->engine, sizeof(p->engine), "%.16s", name + 65);
	snprintf(p->cpu, sizeof(p->cpu), "%.*s", (int)(last - name - 82),
		 name + 82);
	parse_u64(last + 1, UINT32_MAX, &flags);
	p->flags = (unsigned int)flags;
}

static const char *flag_words(unsigned int flags)
{
	static const char *const words[] = {"", "strict", "fuel",
					    "strict,fuel"};

	return words[flags & (AOT_STRICT | AOT_FUEL)];
}

static const char *state_word(const struct aot_cache_row *row)
{
	if (row->failed)
		return "failed";
	return row->other_engine ? "other hull" : "ok";
}

/* "1.2 MiB", at most 9 characters. */
static const char *size_text(uint64_t size, char text[16])
{
	if (size < 1 << 20)
		snprintf(text, 16, "%llu KiB",
			 (unsigned long long)(size + 1023) >> 10);
	else if (size < 1ull << 30)
		snprintf(text, 16, "%.1f MiB", (double)size / (1 << 20));
	else
		snprintf(text, 16, "%.1f GiB", (double)size / (1 << 30));
	return text;
}

struct rows {
	struct aot_cache_row *v;
	size_t n;
};

static void rows_free(struct rows *r)
{
	aot_cache_rows_free(r->v, r->n);
}

/* --- list ---------------------------------------------------------------- */

static void list_json(const struct rows *rows, struct buf *out)
{
	struct json_writer w = {.out = out, .indent = "  "};

	json_begin_array(&w, NULL);
	for (size_t i = 0; i < rows->n; i++) {
		const struct aot_cache_row *row = &rows->v[i];
		char used[TIMESTAMP_SIZE + 1];
		struct parts p;

		split_name(row->name, &p);
		timestamp_utc(row->used, used);
		strcat(used, "Z");
		json_begin_object(&w, NULL);
		json_string(&w, "module", p.module);
		json_string(&w, "engine", p.engine);
		json_string(&w, "cpu", p.cpu);
		json_bool(&w, "strict", p.flags & AOT_STRICT);
		json_bool(&w, "fuel", p.flags & AOT_FUEL);
		json_string(&w, "state", state_word(row));
		if (row->failed)
			json_string(&w, "reason", row->failed);
		json_uint(&w, "size", row->size);
		json_string(&w, "used", used);
		json_end_object(&w);
	}
	json_end_array(&w);
}

static void list_table(const struct aot_cache *c, const struct rows *rows,
		       struct buf *out)
{
	char text[16], max[16];
	uint64_t total = 0;
	size_t images = 0;

	if (rows->n)
		buf_printf(out, "%-16s %-10s %-11s %9s  %-16s  %s\n", "MODULE",
			   "CPU", "FLAGS", "SIZE", "LAST USED", "STATE");
	for (size_t i = 0; i < rows->n; i++) {
		const struct aot_cache_row *row = &rows->v[i];
		char used[TIMESTAMP_SIZE];
		struct parts p;

		split_name(row->name, &p);
		timestamp_utc(row->used, used);
		used[10] = ' ';
		buf_printf(out, "%.16s %-10s %-11s %9s  %.16s  %s\n", p.module,
			   p.cpu, flag_words(p.flags),
			   row->failed ? "" : size_text(row->size, text), used,
			   state_word(row));
		if (row->failed) {
			buf_adds(out, "  so it is interpreted: ");
			buf_wrap(out, row->failed, 24, WIDTH);
			buf_addc(out, '\n');
		} else {
			images++;
			total += row->size;
		}
	}
	buf_printf(out, "%zu image%s, %s of at most %s, in %s\n", images,
		   images == 1 ? "" : "s", size_text(total, text),
		   size_text(c->max_size, max), c->path);
}

static int list(const struct args *args, const struct aot_cache *c)
{
	_cleanup_(rows_free) struct rows rows = {0};
	_cleanup_buf_ struct buf out = {0};
	struct err err = {0};

	if (aot_cache_list(c, &rows.v, &rows.n, &err) < 0)
		return cli_fail(&err, 1);
	if (args_has(args, "json"))
		list_json(&rows, &out);
	else
		list_table(c, &rows, &out);
	return cli_print(&out);
}

/* --- prune, verify, path -------------------------------------------------- */

static int prune(const struct args *args, const struct aot_cache *c)
{
	_cleanup_buf_ struct buf out = {0};
	uint64_t freed = aot_cache_prune(
		c, args_has(args, "all") ? 0 : c->max_size, true);
	struct json_writer w = {.out = &out};
	char text[16];

	if (args_has(args, "json")) {
		json_begin_object(&w, NULL);
		json_uint(&w, "freed", freed);
		json_end_object(&w);
	} else {
		buf_printf(&out, "%s freed in %s\n", size_text(freed, text),
			   c->path);
	}
	return cli_print(&out);
}

static int verify(const struct args *args, const struct aot_cache *c)
{
	_cleanup_(rows_free) struct rows rows = {0};
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out, .indent = "  "};
	size_t whole = 0, damaged = 0, skipped = 0;
	struct err err = {0};

	if (aot_cache_list(c, &rows.v, &rows.n, &err) < 0)
		return cli_fail(&err, 1);
	for (size_t i = 0; i < rows.n; i++) {
		const struct aot_cache_row *row = &rows.v[i];
		int rc;

		if (row->failed)
			continue;
		rc = row->other_engine ? -ESTALE
				       : aot_cache_verify(c, row, &err);
		whole += rc == 0;
		damaged += rc < 0 && rc != -ESTALE;
		skipped += rc == -ESTALE;
		if (rc < 0 && rc != -ESTALE && !args_has(args, "json"))
			buf_printf(&out, "%.16s: removed: %s\n", row->name,
				   err.msg);
	}
	if (args_has(args, "json")) {
		json_begin_object(&w, NULL);
		json_uint(&w, "whole", whole);
		json_uint(&w, "damaged", damaged);
		json_uint(&w, "skipped", skipped);
		json_end_object(&w);
	} else {
		buf_printf(&out,
			   "%zu whole, %zu damaged and removed, %zu of "
			   "another hull or processor\n",
			   whole, damaged, skipped);
	}
	cli_print(&out);
	return damaged ? 1 : 0;
}

static int print_path(const struct args *args, const struct aot_cache *c)
{
	_cleanup_buf_ struct buf out = {0};
	struct json_writer w = {.out = &out};

	if (args_has(args, "json")) {
		json_begin_object(&w, NULL);
		json_string(&w, "path", c->path);
		json_end_object(&w);
	} else {
		buf_printf(&out, "%s\n", c->path);
	}
	return cli_print(&out);
}

int cmd_wasm_cache(const struct args *args)
{
	static const struct {
		const char *word;
		int (*run)(const struct args *args, const struct aot_cache *c);
	} verbs[] = {
		{"list", list},
		{"prune", prune},
		{"verify", verify},
		{"path", print_path},
	};
	const char *word = args->n_rest ? args->rest[0] : "list";
	struct aot_cache cache;
	struct err err = {0};
	int status = 1;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!str_eq(verbs[i].word, word))
			continue;
		if (aot_cache_open(&cache, &err) < 0)
			status = cli_fail(&err, 1);
		else
			status = verbs[i].run(args, &cache);
		aot_cache_close(&cache);
		return status;
	}
	err_say(&err, -EINVAL,
		"wasm cache: \"%s\" is not one of list, prune, verify, path",
		word);
	return cli_fail(&err, 1);
}
