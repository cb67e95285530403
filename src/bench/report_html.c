/* bench/report_html.c
 * report.html: one file that asks nobody for anything.  It has no script, and
 * its policy forbids any, whatever a runtime calls itself in its version.
 * The text is XML as well, so that a test can be strict about it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* ----------------------------------------------------------------- style -- */

static const char light[] =
	"--ink:#1b1f24;--soft:#5b6470;--axis:#aab2bb;--grid:#e6e9ec;"
	"--paper:#ffffff;--card:#f5f6f8;--hull:#c2410c;--hull-bg:#fdf4ee;"
	"--link:#1d4f91;--good:#1d6b3c;--poor:#8a5a00;--bad:#b42318;"
	"--warn-bg:#fff6dd;";
static const char dark[] =
	"--ink:#e8eaed;--soft:#9ea7b3;--axis:#5a6470;--grid:#2b313a;"
	"--paper:#14171c;--card:#1d2229;--hull:#ff9152;--hull-bg:#241c18;"
	"--link:#8ab8ff;--good:#6fcb94;--poor:#e3b04b;--bad:#ff8f85;"
	"--warn-bg:#33290f;";

static void colours(struct buf *out, bool in_dark)
{
	for (unsigned int i = 0; i < COLOURS; i++)
		buf_printf(out, "--s%u:%s;", i,
			   in_dark ? colour_series[i].dark
				   : colour_series[i].light);
	for (unsigned int i = 0; i < PARTS; i++)
		buf_printf(out, "--p%u:%s;", i,
			   in_dark ? colour_part[i].dark
				   : colour_part[i].light);
}

static void style(struct buf *out)
{
	buf_adds(out, "<style>\n:root{color-scheme:light dark;");
	buf_adds(out, light);
	colours(out, false);
	buf_adds(out, "}\n@media (prefers-color-scheme:dark){:root{");
	buf_adds(out, dark);
	colours(out, true);
	buf_adds(out, "}}\n@media print{:root{");
	buf_adds(out, light);
	colours(out, false);
	buf_adds(out, "}}\n");
	for (unsigned int i = 0; i < COLOURS; i++)
		buf_printf(out, ".s%u{color:var(--s%u)}", i, i);
	for (unsigned int i = 0; i < PARTS; i++)
		buf_printf(out, ".p%u{color:var(--p%u)}", i, i);
	buf_addc(out, '\n');
	buf_adds(out, report_css);
	buf_adds(out, "</style>\n");
}

/* ------------------------------------------------------------------ head -- */

static void headline_html(const struct view *v, struct buf *out)
{
	_cleanup_buf_ struct buf text = {0};
	char *rest, *line;

	bench_headline(v->r, &text);
	rest = text.data;
	buf_adds(out, "<h1>");
	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		buf_adds(out, "<span>");
		html_text(out, line);
		buf_adds(out, "</span>");
	}
	buf_adds(out, "</h1>\n");
}

static void machine_line(const struct view *v, struct buf *out)
{
	const struct bench_machine *m = &v->r->machine;

	buf_adds(out, "<p class=\"lede\">Measured on ");
	html_text(out, m->cpu ? m->cpu : "an unknown processor");
	if (m->cpus)
		buf_printf(out, ", %u CPU%s", m->cpus, m->cpus > 1 ? "s" : "");
	if (m->memory) {
		buf_adds(out, ", ");
		html_text(out, say_bytes(v->arena, (double)m->memory));
	}
	if (m->kernel) {
		buf_adds(out, ", ");
		html_text(out, m->kernel);
	}
	if (m->distribution) {
		buf_adds(out, ", ");
		html_text(out, m->distribution);
	}
	buf_adds(out, ".</p>\n");
}

static void tiles(const struct view *v, struct buf *out)
{
	struct tile t[4];
	size_t n = headline_tiles(v, t);

	if (!n)
		return;
	buf_adds(out, "<ul class=\"tiles\">\n");
	for (size_t i = 0; i < n; i++) {
		if (t[i].owner)
			buf_printf(out, "<li style=\"--tile:var(--s%u)\"><b>",
				   view_colour(v, t[i].owner));
		else
			buf_adds(out, "<li><b>");
		html_text(out, t[i].big);
		buf_adds(out, "</b><span>");
		html_text(out, t[i].label);
		buf_adds(out, "</span><small>");
		html_text(out, t[i].detail);
		buf_adds(out, "</small></li>\n");
	}
	buf_adds(out, "</ul>\n");
}

static void doubts(const struct view *v, struct buf *out)
{
	char **list = report_doubts(v);

	if (!list[0])
		return;
	buf_adds(out, "<aside><b>Read with care</b><ul>\n");
	STRV_FOREACH (d, list) {
		buf_adds(out, "<li>");
		html_text(out, *d);
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ul></aside>\n");
}

static void head(const struct view *v, struct buf *out)
{
	buf_adds(out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		 "<meta charset=\"utf-8\"/>\n"
		 "<meta name=\"viewport\" content=\"width=device-width,"
		 "initial-scale=1\"/>\n"
		 "<meta http-equiv=\"Content-Security-Policy\" "
		 "content=\"default-src 'none'; style-src 'unsafe-inline'; "
		 "img-src data:\"/>\n"
		 "<link rel=\"icon\" href=\"data:,\"/>\n"
		 "<title>hull bench</title>\n");
	style(out);
	buf_adds(out, "</head>\n<body>\n<header>\n<p class=\"kicker\">"
		      "<b>hull bench</b>");
	if (v->r->hull_version) {
		buf_adds(out, " · hull ");
		html_text(out, v->r->hull_version);
	}
	if (v->r->started) {
		buf_adds(out, " · ");
		html_text(out, v->r->started);
	}
	buf_adds(out, "</p>\n");
	headline_html(v, out);
	machine_line(v, out);
	tiles(v, out);
	doubts(v, out);
	buf_adds(out, "</header>\n");
}

/* -------------------------------------------------------------- sections -- */

static void parts_key(struct buf *out)
{
	buf_adds(out, "<ul class=\"key\">");
	for (unsigned int i = 0; i < PARTS; i++) {
		buf_printf(out, "<li><i class=\"dot p%u\"></i>", i);
		html_text(out, part_names[i]);
		buf_adds(out, "</li>");
	}
	buf_adds(out, "</ul>\n");
}

static void figure(const struct plot *p, const struct view *v, struct buf *out)
{
	_cleanup_buf_ struct buf wide = {0}, narrow = {0};
	struct err err = {0};
	int rc = plot_draw(p, v, CANVAS_WIDE, &wide, &err);

	/* Nothing to plot; the table below says what there is. */
	if (rc == -ENODATA)
		return;
	if (rc == 0)
		rc = plot_draw(p, v, CANVAS_NARROW, &narrow, &err);
	buf_adds(out, "<h3>");
	html_text(out, p->title);
	buf_adds(out, "</h3>\n<p class=\"says\">");
	html_text(out, rc < 0 ? err.msg : p->says);
	buf_adds(out, "</p>\n");
	if (rc < 0)
		return;
	buf_printf(out, "<figure id=\"plot-%s\">\n", p->name);
	if (p->parts)
		parts_key(out);
	buf_add(out, wide.data, wide.len);
	buf_add(out, narrow.data, narrow.len);
	buf_adds(out, "</figure>\n");
}

static bool section_html(const struct section *s, const struct view *v,
			 bool plots, struct buf *out)
{
	struct grid *grids[SECTION_GRIDS];
	size_t n = s->grids(v, grids), done = 0;

	if (!n)
		return false;
	buf_printf(out, "<section id=\"%s\">\n<h2>%s</h2>\n<p class=\"lead\">",
		   s->id, s->title);
	html_text(out, s->lead);
	buf_adds(out, "</p>\n");
	for (size_t i = 0; i < SECTION_PLOTS && s->plots[i].name; i++) {
		const struct plot *p = &s->plots[i];

		if (plots)
			figure(p, v, out);
		for (; done < p->table && done < n; done++)
			grid_html(grids[done], v, out);
	}
	for (; done < n; done++)
		grid_html(grids[done], v, out);
	buf_adds(out, "</section>\n");
	return true;
}

static void navigation(const struct view *v, struct buf *out)
{
	struct grid *grids[SECTION_GRIDS];

	buf_adds(out, "<nav><ul>");
	for (size_t i = 0; i < n_sections; i++)
		if (sections[i].grids(v, grids))
			buf_printf(out, "<li><a href=\"#%s\">%s</a></li>",
				   sections[i].id, sections[i].title);
	buf_adds(out, "<li><a href=\"#how\">How it was measured</a></li>"
		      "</ul></nav>\n");
}

static void not_measured(const struct view *v, struct buf *out)
{
	struct grid *grids[SECTION_GRIDS];
	_cleanup_buf_ struct buf names = {0};

	for (size_t i = 0; i < n_sections; i++)
		if (!sections[i].grids(v, grids))
			buf_printf(&names, "%s%s", names.len ? ", " : "",
				   sections[i].title);
	if (!names.len)
		return;
	buf_adds(out, "<p>Not measured in this run: ");
	html_text(out, names.data);
	buf_adds(out, ".</p>\n");
}

/* ------------------------------------------------------------------- how -- */

static void commands(const struct view *v, struct buf *out)
{
	buf_adds(out, "<h3>Commands</h3>\n<pre>");
	STRV_FOREACH (word, v->r->command) {
		html_text(out, word == v->r->command ? "" : " ");
		html_text(out, *word);
	}
	buf_adds(out, "</pre>\n");
	for (size_t i = 0; i < v->r->n_participants; i++) {
		const struct bench_participant *p = &v->r->participants[i];

		if (!p->commands || !p->commands[0])
			continue;
		buf_adds(out, "<details><summary>");
		html_text(out, p->name);
		buf_adds(out, ": one start</summary><pre>");
		STRV_FOREACH (c, p->commands) {
			html_text(out, *c);
			buf_addc(out, '\n');
		}
		buf_adds(out, "</pre></details>\n");
	}
}

/* What a URI may have is left alone; the rest is percent-encoded. */
static void data_uri(const struct bench_results *r, struct buf *out)
{
	static const char safe[] = "-_.~:,[]{}/+*()!";
	_cleanup_buf_ struct buf text = {0};

	bench_results_text(r, &text);
	buf_adds(out, "data:application/json;charset=utf-8,");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		/* Indentation is for the file beside the page. */
		if (c == '\t' || c == '\n')
			continue;
		if ((c >= '0' && c <= '9') ||
		    ((c | 32) >= 'a' && (c | 32) <= 'z') ||
		    (c && strchr(safe, c)))
			buf_addc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void how(const struct view *v, bool plots, struct buf *out)
{
	buf_adds(out, "<section id=\"how\">\n<h2>How it was measured</h2>\n");
	not_measured(v, out);
	if (!plots)
		buf_adds(out, "<p>gnuplot is not installed, so there are no "
			      "plots. On Debian and its kin the package "
			      "<code>gnuplot-nox</code> has it; <code>hull "
			      "bench report DIR</code> draws again.</p>\n");
	grid_html(grid_machine(v), v, out);
	grid_html(grid_participants(v), v, out);
	commands(v, out);
	buf_adds(out, "<h3>Raw data</h3>\n<p>All of the above was made from "
		      "one file, which this page carries.</p>\n"
		      "<p><a class=\"button\" download=\"results.json\" "
		      "href=\"");
	data_uri(v->r, out);
	buf_adds(out, "\">Download results.json</a></p>\n</section>\n");
}

void report_html(const struct view *v, struct buf *out)
{
	bool plots = plot_have_gnuplot();

	head(v, out);
	navigation(v, out);
	buf_adds(out, "<main>\n");
	for (size_t i = 0; i < n_sections; i++)
		section_html(&sections[i], v, plots, out);
	how(v, plots, out);
	buf_adds(out, "</main>\n<footer>Made by <code>hull bench</code> from "
		      "results.json.</footer>\n</body>\n</html>\n");
}
