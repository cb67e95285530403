/* host/exe.h
 * hull's own program file, out of reach of containers.
 *
 * execve("/proc/self/exe") inside a container, or a script whose #! line says
 * so, starts the host's hull there: an image decides what is executed.  After
 * that any process of the container may open /proc/PID/exe, keep it, and
 * write to it once hull does not run (CVE-2019-5736).  No check of the name
 * can rule this out, since it is the kernel that resolves it, links and #!
 * lines included.  So what /proc/PID/exe leads to must not be writable, by
 * way of whatever mount or file hull itself was started from. */
#pragma once

struct err;

/* Once, before anything else was opened: when the file that we run from could
 * be written to, start again from a read-only mount of it, or from a sealed
 * copy when this process may not mount.  Returns 0 when there is nothing to
 * do; otherwise it only returns when it failed. */
int exe_protect(char *const *argv, struct err *err);

/* Where hull's program file is installed, to find what belongs to it; NULL if
 * nobody knows.  Free it. */
char *exe_path(void);
