/* bench/words.h
 * Commands out of the templates of participants.def. */
#pragma once

struct participant;

/* What the placeholders stand for; NULL for those that do not occur. */
struct words {
	const char *root, *id, *bundle, *pidfile, *rootfs, *image, *script;
	char *const *args;
};

/* One command, its program first; NULL when the template is NULL or empty.
 * *more is what follows a ";", or NULL.  Free with strv_free(). */
char **words_expand(const struct participant *p, const char *text,
		    const struct words *w, const char **more);
/* The command as one would type it. */
char *words_typed(char *const *argv);
