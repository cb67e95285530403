/* runtime/notify.h
 * sd_notify(3) from inside a container.  When hull itself was started with
 * NOTIFY_SOCKET, the container gets a socket of its own in /run/notify, and
 * "READY=1" that arrives there goes on to the service manager, with the
 * container's pid as MAINPID.  Nothing else goes on: the container is not to
 * tell the service manager what to do. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct container;
struct err;

/* In "create" and "run": add the mount and the variable to c->spec, and make
 * the directory.  Nothing without NOTIFY_SOCKET. */
int notify_prepare(struct container *c, struct err *err);
/* In "start" and "run": the socket on which the container is heard, or -1
 * when it was made without one (*ret < 0 is no error then). */
int notify_listen(const struct container *c, int *ret, struct err *err);
/* A datagram is there: pass it on.  True when it was the one to wait for. */
bool notify_pass_on(int sock, pid_t pid);
/* "start": wait for that datagram, or for the container's end. */
void notify_wait(int sock, pid_t pid, int pidfd);
