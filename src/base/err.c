#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* What does not fit is cut, and shown to be cut. */
static void store(struct err *err, int rc, const char *text, int full_len)
{
	size_t room = sizeof(err->msg) - 1;

	err->code = rc < 0 ? -rc : rc;
	memcpy(err->msg, text, strnlen(text, room) + 1);
	err->msg[room] = '\0';
	if (full_len > (int)room)
		memcpy(err->msg + room - 3, "...", 4);
}

int err_set(struct err *err, int rc, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	if (!err)
		return rc;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, ": %s",
			      strerror(rc < 0 ? -rc : rc));
	store(err, rc, text, n);
	return rc;
}

int err_say(struct err *err, int rc, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	if (!err)
		return rc;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	store(err, rc, text, n);
	return rc;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	if (!err)
		return -1;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) / 2, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) / 2 - 1)
		n = (int)sizeof(text) / 2 - 1;
	n += snprintf(text + n, sizeof(text) - (size_t)n, ": %s", err->msg);
	store(err, -err->code, text, n);
	return -err->code;
}
