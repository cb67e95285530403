/* host/pidfd.h
 * Processes by descriptor, which cannot come to mean another process, and
 * the start time that tells whether a pid on disk still means the same one. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All return a negative errno; the caller knows what the process is.
 * -ESRCH: there is no such process. */
int pidfd_of(pid_t pid);
int pidfd_signal(int pidfd, int sig);
/* False once the process has ended, reaped or not. */
bool pidfd_alive(int pidfd);
/* Wait for the end; -ETIMEDOUT after `timeout_ms`, negative means for ever.
 * Does not reap. */
int pidfd_wait(int pidfd, int timeout_ms);
/* Reap a child: *ret is its exit code, or 128 + signal.  -ETIMEDOUT. */
int pidfd_reap(int pidfd, int timeout_ms, int *ret);

/* What /proc/<pid>/stat says. */
struct pid_stat {
	char state; /* R S D T t Z X … */
	pid_t ppid;
	pid_t pgrp;
	pid_t session;
	uint64_t start_time; /* clock ticks since boot */
};

/* `proc_fd` is a procfs, or -1 for /proc.  -ESRCH. */
int pid_stat_read(int proc_fd, pid_t pid, struct pid_stat *ret);
/* A descriptor of the process `pid` that was started at `start_time`;
 * -ESRCH when there is none or the pid was given to another since. */
int pidfd_of_start(int proc_fd, pid_t pid, uint64_t start_time);

/* "KILL", "SIGKILL", "sigkill", "9", "RTMIN+1", "RTMAX-2"; 0 only as a
 * digit.  -EINVAL. */
int signal_parse(const char *text);
/* "SIGKILL", "SIGRTMIN+3"; NULL for what is no signal. */
const char *signal_name(int sig);
