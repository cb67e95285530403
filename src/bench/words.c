#include "bench/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "bench/bench.h"

static const char *value_of(const struct participant *p, const struct words *w,
			    const char *name, size_t n)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{"root", w->root},     {"id", w->id},
		{"bundle", w->bundle}, {"pidfile", w->pidfile},
		{"rootfs", w->rootfs}, {"image", w->image},
		{"script", w->script}, {"runtime", p->runtime},
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strlen(known[i].name) == n &&
		    memcmp(known[i].name, name, n) == 0)
			return known[i].value;
	return NULL;
}

/* Append `word` with what its placeholders stand for.  What looks like one
 * and is none, as in Docker's templates, stays. */
static void add_replaced(char ***argv, const struct participant *p,
			 const struct words *w, const char *word)
{
	_cleanup_buf_ struct buf out = {0};

	buf_adds(&out, "");
	while (*word) {
		const char *end = *word == '{' ? strchr(word, '}') : NULL;
		const char *value =
			end ? value_of(p, w, word + 1, (size_t)(end - word - 1))
			    : NULL;

		if (value) {
			buf_adds(&out, value);
			word = end + 1;
		} else {
			buf_addc(&out, *word++);
		}
	}
	strv_add(argv, out.data ? out.data : "");
}

static void add_word(char ***argv, const struct participant *p,
		     const struct words *w, const char *word)
{
	if (str_eq(word, "{args}")) {
		STRV_FOREACH (a, w->args)
			strv_add(argv, *a);
	} else if (str_eq(word, "{rest}")) {
		STRV_FOREACH (a, w->args ? w->args + 1 : NULL)
			strv_add(argv, *a);
	} else if (str_eq(word, "{module}")) {
		_cleanup_free_ char *path =
			xasprintf("%s/%s", w->rootfs,
				  w->args[0] + (w->args[0][0] == '/'));

		strv_add(argv, path);
	} else {
		add_replaced(argv, p, w, word);
	}
}

/* The next word of *text, or NULL at its end. */
static char *next_word(const char **text)
{
	const char *s = *text + strspn(*text, " "), *end;
	bool quoted = *s == '\'';

	if (!*s)
		return NULL;
	s += quoted;
	end = strchrnul(s, quoted ? '\'' : ' ');
	*text = quoted && *end ? end + 1 : end;
	return xstrndup(s, (size_t)(end - s));
}

static const char *add_words(char ***argv, const struct participant *p,
			     const struct words *w, const char *text)
{
	for (;;) {
		_cleanup_free_ char *word = next_word(&text);

		if (!word)
			return NULL;
		if (str_eq(word, ";"))
			return text;
		add_word(argv, p, w, word);
	}
}

char **words_expand(const struct participant *p, const char *text,
		    const struct words *w, const char **more)
{
	const char *next = NULL;
	char **argv = NULL;

	if (!str_empty(text)) {
		strv_add(&argv, p->path ? p->path : p->program);
		if (p->global)
			add_words(&argv, p, w, p->global);
		next = add_words(&argv, p, w, text);
	}
	if (more)
		*more = next;
	return argv;
}

char *words_typed(char *const *argv)
{
	struct buf out = {0};

	STRV_FOREACH (a, argv) {
		bool plain = **a && !strpbrk(*a, " '\"$\\{}*?;&|<>()`");

		buf_printf(&out, plain ? "%s%s" : "%s'%s'",
			   a == argv ? "" : " ", *a);
	}
	return buf_steal(&out);
}
