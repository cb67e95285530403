#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json_write.h"
#include "base/timestamp.h"

static struct {
	int fd;
	enum log_format format;
	enum log_level max;
} log_state = {.fd = -1, .format = LOG_TEXT, .max = LOG_WARNING};

void log_setup(int fd, enum log_format format, enum log_level max)
{
	log_state.fd = fd;
	log_state.format = format;
	log_state.max = max;
}

enum log_level log_max_level(void)
{
	return log_state.max;
}

static void emit(int fd, const struct buf *line)
{
	/* One write per line, so that lines of several processes do not mix.
	 * A log that cannot be written must not fail the container. */
	if (write(fd, line->data, line->len) < 0)
		return;
}

/* Names from an image or a command line may hold anything: a line stays one
 * line, and a terminal is not talked to. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info",
					    "debug"};
	static const int priority[] = {3, 4, 6, 7}; /* man 3 syslog */
	_cleanup_buf_ struct buf line = {0};
	char text[1024], when[TIMESTAMP_SIZE];
	va_list ap;

	if (level > log_state.max)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_printable(text);

	if (level == LOG_ERROR)
		buf_printf(&line, "hull: %s\n", text);
	else
		buf_printf(&line, "hull: %s: %s\n", names[level], text);
	if (log_state.fd != STDERR_FILENO)
		emit(STDERR_FILENO, &line);
	if (log_state.fd < 0)
		return;

	line.len = 0;
	timestamp_utc(time(NULL), when);
	if (log_state.format == LOG_JSON) {
		buf_printf(&line, "{\"level\":\"%s\",\"msg\":", names[level]);
		json_write_string(&line, text);
		buf_printf(&line, ",\"time\":\"%sZ\"}\n", when);
	} else if (log_state.format == LOG_SYSLOG) {
		/* Facility 3, daemon. */
		buf_printf(&line, "<%d>hull[%d]: %s", 3 << 3 | priority[level],
			   (int)getpid(), text);
	} else if (log_state.format == LOG_JOURNAL) {
		buf_printf(&line,
			   "PRIORITY=%d\nSYSLOG_IDENTIFIER=hull\nMESSAGE=%s\n",
			   priority[level], text);
	} else {
		buf_printf(&line, "%sZ %s: %s\n", when, names[level], text);
	}
	emit(log_state.fd, &line);
}
