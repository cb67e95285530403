/* bench/plot_draw.c
 * Runs gnuplot and makes its SVG fit for a page.
 *
 * A script names colours by number (see plot_colour()); for a PNG they are
 * the light ones.  In an SVG they become CSS variables, so that one drawing
 * serves light and dark pages.  gnuplot gives the same ids to every drawing,
 * so each gets its own prefix here. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "bench/plot_internal.h"

extern char **environ;

/* No plot is larger. */
enum { DRAWING_MAX_SIZE = 4 << 20 };
/* Seconds that gnuplot may calculate. */
enum { DRAWING_TIMEOUT = 30 };

bool plot_have_gnuplot(void)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *copy = NULL;
	char *rest, *folder;

	if (str_empty(path))
		return false;
	copy = strdup(path);
	rest = copy;
	while (rest && (folder = strsep(&rest, ":"))) {
		_cleanup_buf_ struct buf file = {0};

		buf_printf(&file, "%s/gnuplot", folder);
		if (access(file.data, X_OK) == 0)
			return true;
	}
	return false;
}

/* --------------------------------------------------------------- running -- */

static int spawn_gnuplot(int in, int out, int complaint, pid_t *pid)
{
	/* -d: without the user's own settings. */
	char *argv[] = {(char *)"gnuplot", (char *)"-d", NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, complaint, 2);
	rc = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* Its complaint is a line of the script, a mark below it, and the sentence;
 * the last line is what a person needs. */
static int gnuplot_failed(int says, int status, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};
	char *last;

	lseek(says, 0, SEEK_SET);
	buf_read_fd(&text, says, 1 << 16);
	while (text.len && strchr(" \n", text.data[text.len - 1]))
		text.data[--text.len] = '\0';
	last = text.len ? strrchr(text.data, '\n') : NULL;
	last = last ? last + 1 : text.data;
	if (WIFSIGNALED(status))
		return err_say(err, -EIO, "gnuplot was ended by signal %d",
			       WTERMSIG(status));
	return err_say(err, -EIO, "gnuplot failed with status %d%s%s",
		       WEXITSTATUS(status), last ? ": " : "",
		       last ? last + strspn(last, " ") : "");
}

static int run_gnuplot(const struct buf *script, struct buf *out,
		       struct err *err)
{
	_cleanup_close_ int in = memfd_create("script", MFD_CLOEXEC);
	_cleanup_close_ int drawn = memfd_create("drawing", MFD_CLOEXEC);
	_cleanup_close_ int says = memfd_create("complaint", MFD_CLOEXEC);
	int rc, status, waited = 0;
	pid_t pid;

	/* With files at both ends nobody waits for anybody. */
	if (in < 0 || drawn < 0 || says < 0)
		return err_set(err, -errno, "memory for a plot");
	if (write(in, script->data, script->len) != (ssize_t)script->len)
		return err_set(err, -EIO, "write a plot's script");
	lseek(in, 0, SEEK_SET);
	rc = spawn_gnuplot(in, drawn, says, &pid);
	if (rc < 0)
		return err_set(err, rc, "run gnuplot");
	while ((rc = waitpid(pid, &status, WNOHANG)) == 0) {
		if (waited++ > DRAWING_TIMEOUT * 200)
			kill(pid, SIGKILL);
		usleep(5000);
	}
	if (rc < 0)
		return err_set(err, -errno, "wait for gnuplot");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return gnuplot_failed(says, status, err);
	lseek(drawn, 0, SEEK_SET);
	rc = buf_read_fd(out, drawn, DRAWING_MAX_SIZE);
	return rc < 0 ? err_set(err, rc, "read gnuplot's drawing") : 0;
}

/* ------------------------------------------------------------------- SVG -- */

/* The variable of a colour number; false for a colour that is one. */
static bool variable_name(unsigned int r, unsigned int g, unsigned int b,
			  char *out, size_t size)
{
	static const char *const chrome[] = {
		[INK] = "ink",   [SOFT] = "soft",   [AXIS] = "axis",
		[GRID] = "grid", [PAPER] = "paper",
	};

	if (g != 0)
		return false;
	if (r == 1 && b < ARRAY_SIZE(chrome) && chrome[b])
		snprintf(out, size, "--%s", chrome[b]);
	else if (r == 2)
		snprintf(out, size, "--s%u", b);
	else if (r == 3)
		snprintf(out, size, "--p%u", b);
	else
		return false;
	return true;
}

/* `s` stands at "rgb(": append what it means, return how long it was. */
static size_t add_colour(const char *s, struct buf *out)
{
	unsigned int r, g, b;
	char name[16];
	int len = 0;

	if (sscanf(s, "rgb(%u,%u,%u)%n", &r, &g, &b, &len) != 3 || !len)
		return 0;
	if (!variable_name(r, g, b, name, sizeof(name)))
		return 0;
	buf_printf(out, "var(%s)", name);
	return (size_t)len;
}

/* Groups that gnuplot opened for a pen it then did not use. */
static const char *after_empty_group(const char *s)
{
	const char *p = str_after(s, "<g fill=\"none\" color=");

	if (!p || !(p = strchr(p, '>')))
		return NULL;
	for (p++; *p == '\n' || *p == ' ' || *p == '\t'; p++)
		;
	p = str_after(p, "</g>");
	return p && *p == '\n' ? p + 1 : p;
}

struct rewrite {
	const char *from, *to; /* %s: the drawing's own prefix */
};

static const struct rewrite rewrites[] = {
	{" xmlns=\"http://www.w3.org/2000/svg\"\n", ""},
	{" xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n", ""},
	{"id='gp", "id='%s-gp"},
	{"xlink:href='#gp", "href='#%s-gp"},
	{"id=\"gnuplot_", "id=\"%s-"},
	{"id='textbox'", "id='%s-textbox'"},
	{"id='greybox'", "id='%s-greybox'"},
	{" font-family=\"sans-serif\"", ""},
	{" stroke-linecap=\"butt\" stroke-linejoin=\"miter\"", ""},
	{"<title>Gnuplot</title>\n", ""},
};

static size_t apply(const char *s, const char *prefix, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(rewrites); i++) {
		const char *to = rewrites[i].to, *hole = strstr(to, "%s");

		if (!str_after(s, rewrites[i].from))
			continue;
		if (hole) {
			buf_add(out, to, (size_t)(hole - to));
			buf_adds(out, prefix);
			to = hole + 2;
		}
		buf_adds(out, to);
		return strlen(rewrites[i].from);
	}
	return 0;
}

/* From <svg on; its attributes get a class and what a screen reader says. */
static int fit_svg(const struct plot *p, enum canvas canvas, const char *prefix,
		   const struct buf *svg, struct buf *out, struct err *err)
{
	const char *s = svg->data ? strstr(svg->data, "<svg") : NULL;
	const char *defs_end;

	if (!s)
		return err_say(err, -EPROTO, "gnuplot drew no SVG");
	buf_printf(out, "<svg class=\"%s\" role=\"img\" aria-label=\"",
		   canvas == CANVAS_WIDE ? "wide" : "narrow");
	html_text(out, p->title);
	buf_addc(out, '"');
	s += strlen("<svg");
	/* Title and description are the program's, not the reader's. */
	while (*s && *s != '>') {
		size_t n = apply(s, prefix, out);

		if (!n)
			buf_addc(out, *s), n = 1;
		s += n;
	}
	defs_end = strstr(s, "<g id=\"gnuplot_canvas\"");
	if (!defs_end)
		return err_say(err, -EPROTO, "gnuplot's SVG has no canvas");
	buf_adds(out, ">\n");
	for (s = defs_end; *s;) {
		const char *next = after_empty_group(s);
		size_t n;

		if (next) {
			s = next;
			continue;
		}
		n = apply(s, prefix, out);
		if (!n && str_after(s, "rgb("))
			n = add_colour(s, out);
		if (!n)
			buf_addc(out, *s), n = 1;
		s += n;
	}
	return 0;
}

int plot_draw(const struct plot *p, const struct view *v, enum canvas canvas,
	      struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf script = {0}, svg = {0};
	char prefix[64];
	int rc;

	plot_begin(p, canvas, &script);
	if (!p->script(v, canvas, &script))
		return -ENODATA;
	if (canvas == CANVAS_PNG)
		return run_gnuplot(&script, out, err);
	rc = run_gnuplot(&script, &svg, err);
	if (rc < 0)
		return rc;
	snprintf(prefix, sizeof(prefix), "%s-%s", p->name,
		 canvas == CANVAS_WIDE ? "w" : "n");
	return fit_svg(p, canvas, prefix, &svg, out, err);
}
