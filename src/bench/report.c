/* bench/report.c: the files of a report. */
#include "bench/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* -------------------------------------------------------------- Markdown -- */

void report_md(const struct view *v, struct buf *out)
{
	_cleanup_buf_ struct buf text = {0};
	struct grid *grids[SECTION_GRIDS];
	char *rest, *line;

	buf_adds(out, "## hull bench\n\n");
	bench_headline(v->r, &text);
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line) {
			buf_adds(out, "- ");
			md_text(out, line);
			buf_addc(out, '\n');
		}
	buf_addc(out, '\n');
	STRV_FOREACH (d, report_doubts(v)) {
		buf_adds(out, "> ");
		md_text(out, *d);
		buf_adds(out, "\n\n");
	}
	for (size_t i = 0; i < n_sections; i++) {
		size_t n = sections[i].grids(v, grids);

		if (!n)
			continue;
		buf_printf(out, "### %s\n\n", sections[i].title);
		for (size_t k = 0; k < n; k++)
			grid_md(grids[k], out);
	}
	buf_adds(out, "### How it was measured\n\n");
	grid_md(grid_machine(v), out);
	grid_md(grid_participants(v), out);
}

/* ----------------------------------------------------------------- files -- */

/* A plot of an earlier run must not stand beside this one's. */
static int write_png(const struct plot *p, const struct view *v, int dirfd,
		     bool plots, struct err *err)
{
	_cleanup_buf_ struct buf png = {0};
	char name[64];
	int rc = -ENODATA;

	snprintf(name, sizeof(name), "plot-%s.png", p->name);
	if (plots)
		rc = plot_draw(p, v, CANVAS_PNG, &png, err);
	if (rc == -ENODATA) {
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return err_set(err, -errno, "remove %s", name);
		return 0;
	}
	if (rc < 0)
		return err_wrap(err, "%s", name);
	return bench_write_file(dirfd, name, png.data, png.len, err);
}

int bench_report(const struct bench_results *r, int dirfd, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	_cleanup_buf_ struct buf html = {0}, md = {0};
	struct bench_results own = *r;
	bool plots = plot_have_gnuplot();
	struct view v;
	int rc;

	/* The table is made from the facts of today. */
	own.arena = arena;
	bench_table(&own);
	view_init(&v, &own, arena);
	report_html(&v, &html);
	report_md(&v, &md);
	rc = bench_write_file(dirfd, "report.html", html.data, html.len, err);
	if (rc == 0)
		rc = bench_write_file(dirfd, "report.md", md.data, md.len, err);
	for (size_t i = 0; rc == 0 && i < n_sections; i++)
		for (size_t k = 0; k < SECTION_PLOTS && rc == 0; k++)
			if (sections[i].plots[k].name)
				rc = write_png(&sections[i].plots[k], &v, dirfd,
					       plots, err);
	return rc;
}

int bench_report_dir(const char *dir, const char *compare, FILE *out,
		     struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	struct bench_results r = {0}, old = {0};
	_cleanup_close_ int fd = -1;
	int rc;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "open %s", dir);
	rc = bench_results_read(&r, arena, fd, "results.json", err);
	if (rc < 0)
		return err_wrap(err, "%s", dir);
	if (compare)
		rc = bench_results_read(&old, arena, AT_FDCWD, compare, err);
	if (rc == 0)
		rc = bench_report(&r, fd, err);
	if (rc < 0)
		return rc;
	bench_summary(&r, out);
	if (compare) {
		fputc('\n', out);
		rc = bench_compare(&old, &r, out);
	}
	if (!plot_have_gnuplot())
		fputs("\nThe report has no plots: gnuplot is not installed "
		      "(package gnuplot-nox).\n",
		      out);
	fprintf(out, "\n%s/report.html\n", dir);
	return rc;
}
