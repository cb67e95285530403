/* runtime/foreground.h
 * Standing in for a process that a person or a script waits for: signals go
 * to it, its terminal is copied to ours, its end is ours. */
#pragma once

#include <signal.h>
#include <sys/types.h>

struct err;

struct foreground {
	sigset_t old;
	int signals; /* signalfd */
};

/* Hold signals back from now on; before the process is made.  Its own mask
 * is reset by process_enter(). */
int foreground_begin(struct foreground *fg, struct err *err);
/* Until the process has ended; *exit_status is its code or 128 + signal.
 * `master` is its terminal's other end, `notify` the socket of
 * runtime/notify.h; -1 if there is none. */
int foreground_wait(struct foreground *fg, pid_t pid, int pidfd, int master,
		    int notify, int *exit_status, struct err *err);
/* Takes back foreground_begin(). */
void foreground_end(struct foreground *fg);
