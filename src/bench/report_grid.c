/* bench/report_grid.c: a table, for a page and for an issue. */
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/report_internal.h"

struct grid *grid_new(struct arena *a, const char *caption)
{
	struct grid *g = arena_alloc(a, 1, sizeof(*g));

	g->arena = a;
	g->caption = caption;
	return g;
}

void grid_column(struct grid *g, const char *title, enum column_kind kind)
{
	struct column *c = bench_add_(g->arena, (void **)&g->columns,
				      &g->n_columns, sizeof(*c));

	c->title = title;
	c->kind = kind;
}

struct cell *grid_cell(struct grid *g, const char *text)
{
	struct cell *c = bench_add_(g->arena, (void **)&g->cells, &g->n_cells,
				    sizeof(*c));

	c->text = text;
	return c;
}

void grid_row(struct grid *g, const char *first, const char *owner)
{
	const char **o;

	/* What a row left out is empty. */
	while (g->n_cells % g->n_columns)
		grid_cell(g, NULL);
	o = bench_add_(g->arena, (void **)&g->owners, &g->n_rows, sizeof(*o));
	*o = owner;
	grid_cell(g, first);
}

/* The same note has the same number. */
static size_t number_notes(struct grid *g, const char ***ret)
{
	const char **notes =
		arena_alloc(g->arena, g->n_cells + 1, sizeof(*notes));
	size_t n = 0;

	while (g->n_cells % g->n_columns)
		grid_cell(g, NULL);
	for (size_t i = 0; i < g->n_cells; i++) {
		size_t at = 0;

		if (str_empty(g->cells[i].note))
			continue;
		while (at < n && !str_eq(notes[at], g->cells[i].note))
			at++;
		if (at == n)
			notes[n++] = g->cells[i].note;
		g->cells[i].footnote = (unsigned int)at + 1;
	}
	*ret = notes;
	return n;
}

/* ------------------------------------------------------------------ HTML -- */

void html_text(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '&')
			buf_adds(out, "&amp;");
		else if (*s == '<')
			buf_adds(out, "&lt;");
		else if (*s == '>')
			buf_adds(out, "&gt;");
		else if (*s == '"')
			buf_adds(out, "&quot;");
		else if (*s == '\'')
			buf_adds(out, "&#39;");
		/* XML, and so an SVG's neighbours, has no control
		 * characters. */
		else if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
			buf_adds(out, "\xef\xbf\xbd");
		else
			buf_addc(out, *s);
	}
}

static const char *const tone_class[] = {
	[TONE_GOOD] = "good", [TONE_FAIR] = "fair",   [TONE_POOR] = "poor",
	[TONE_BAD] = "bad",   [TONE_MUTED] = "muted",
};

static const char *const kind_class[] = {
	[COLUMN_TEXT] = "t", [COLUMN_NUMBER] = "n", [COLUMN_FLAG] = "f"};

static void cell_text(const char *text, struct buf *out)
{
	const char *second = strchr(text, '\n');
	_cleanup_free_ char *first =
		second ? xstrndup(text, (size_t)(second - text)) : NULL;

	html_text(out, first ? first : text);
	if (!second)
		return;
	buf_adds(out, "<small>");
	html_text(out, second + 1);
	buf_adds(out, "</small>");
}

static void cell_html(const struct grid *g, const struct view *v, size_t row,
		      size_t column, struct buf *out)
{
	const struct cell *c = &g->cells[row * g->n_columns + column];
	const char *owner = column ? NULL : g->owners[row];
	const char *tone = tone_class[c->tone];

	buf_adds(out, column ? "<td class=\"" : "<th scope=\"row\" class=\"");
	buf_printf(out, "%s%s%s\">", kind_class[g->columns[column].kind],
		   tone ? " " : "", tone ? tone : "");
	if (owner)
		buf_printf(out, "<i class=\"dot s%u\"></i>",
			   view_colour(v, owner));
	cell_text(c->text ? c->text : "", out);
	if (c->footnote)
		buf_printf(out, "<sup>%u</sup>", c->footnote);
	buf_adds(out, column ? "</td>" : "</th>");
}

void grid_html(struct grid *g, const struct view *v, struct buf *out)
{
	const char **notes;
	size_t n_notes = number_notes(g, &notes);

	buf_adds(out,
		 "<div class=\"scroll\" tabindex=\"0\"><table><caption><span>");
	html_text(out, g->caption);
	buf_adds(out, "</span></caption>\n<thead><tr>");
	for (size_t i = 0; i < g->n_columns; i++) {
		buf_printf(out, "<th scope=\"col\" class=\"%s\">",
			   kind_class[g->columns[i].kind]);
		html_text(out, g->columns[i].title);
		buf_adds(out, "</th>");
	}
	buf_adds(out, "</tr></thead>\n<tbody>\n");
	for (size_t row = 0; row < g->n_rows; row++) {
		bool hull = g->owners[row] && view_is_hull(g->owners[row]);

		if (g->total && row + 1 == g->n_rows)
			buf_adds(out, "<tr class=\"total\">");
		else
			buf_adds(out, hull ? "<tr class=\"hull\">" : "<tr>");
		for (size_t i = 0; i < g->n_columns; i++)
			cell_html(g, v, row, i, out);
		buf_adds(out, "</tr>\n");
	}
	buf_adds(out, "</tbody></table></div>\n");
	if (!n_notes)
		return;
	buf_adds(out, "<ol class=\"notes\">\n");
	for (size_t i = 0; i < n_notes; i++) {
		buf_adds(out, "<li>");
		html_text(out, notes[i]);
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ol>\n");
}

/* -------------------------------------------------------------- Markdown -- */

/* A backslash before all that could be markup.  GitHub and its kin render
 * HTML in Markdown, so < and & are escaped as HTML. */
void md_text(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		if (*s == '\n')
			buf_adds(out, ", ");
		else if ((unsigned char)*s < 0x20)
			buf_addc(out, ' ');
		else if (*s == '<')
			buf_adds(out, "&lt;");
		else if (*s == '&')
			buf_adds(out, "&amp;");
		else if (strchr("\\`*_[]|~#@", *s))
			buf_printf(out, "\\%c", *s);
		else
			buf_addc(out, *s);
	}
}

void grid_md(struct grid *g, struct buf *out)
{
	const char **notes;
	size_t n_notes = number_notes(g, &notes);

	buf_adds(out, "**");
	md_text(out, g->caption);
	buf_adds(out, "**\n\n|");
	for (size_t i = 0; i < g->n_columns; i++) {
		buf_addc(out, ' ');
		md_text(out, g->columns[i].title);
		buf_adds(out, " |");
	}
	buf_adds(out, "\n|");
	for (size_t i = 0; i < g->n_columns; i++)
		buf_adds(out, g->columns[i].kind == COLUMN_NUMBER ? " --: |"
								  : " --- |");
	for (size_t i = 0; i < g->n_cells; i++) {
		const struct cell *c = &g->cells[i];

		buf_adds(out, i % g->n_columns ? " " : "\n| ");
		md_text(out, c->text ? c->text : "");
		if (c->footnote)
			buf_printf(out, " (%u)", c->footnote);
		buf_adds(out, " |");
	}
	buf_adds(out, "\n\n");
	for (size_t i = 0; i < n_notes; i++) {
		buf_printf(out, "(%zu) ", i + 1);
		md_text(out, notes[i]);
		buf_adds(out, i + 1 < n_notes ? "  \n" : "\n\n");
	}
}
