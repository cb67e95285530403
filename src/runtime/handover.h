/* runtime/handover.h
 * What the engine that called us gets: the terminal's other end, the pid, a
 * pidfd.  Each is asked for by an option; NULL asks for nothing. */
#pragma once

#include <sys/types.h>

struct err;

/* A terminal arrived: give it to the --console-socket, or keep it. */
int container_take_console(int master, const char *console_socket, int *keep,
			   struct err *err);
int container_write_pid_file(const char *path, pid_t pid, struct err *err);
int container_send_pidfd(const char *path, int pidfd, struct err *err);
