/* base/log.h
 * What a person or an engine reads: one line per message.  Text goes to
 * stderr as "hull: message"; with --log FILE the same message also goes to
 * the file, as text or, for containerd, Docker and Podman, as
 *     {"level":"error","msg":"...","time":"2026-11-24T19:44:09Z"}
 * Code below cli/ and runtime/ never logs: it returns errors. */
#pragma once

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
/* LOG_SYSLOG (RFC 3164) and LOG_JOURNAL: the descriptor is a connected
 * datagram socket. */
enum log_format { LOG_TEXT, LOG_JSON, LOG_SYSLOG, LOG_JOURNAL };

/* `fd` is the log file, or -1 for stderr alone.  Takes no ownership. */
void log_setup(int fd, enum log_format format, enum log_level max);
enum log_level log_max_level(void);

void log_at(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
/* The arguments are not evaluated unless --debug was given. */
#define log_debug(...)                                  \
	do {                                            \
		if (log_max_level() >= LOG_DEBUG)       \
			log_at(LOG_DEBUG, __VA_ARGS__); \
	} while (0)
