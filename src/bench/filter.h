/* bench/filter.h
 * The seccomp filters of a running process, read out of the kernel, and what
 * they would say. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct sock_filter;

struct filters {
	struct filter {
		struct sock_filter *code;
		size_t len;
	} *v;
	size_t n;
};

/* Of another process, which is stopped for a moment.  Needs CAP_SYS_ADMIN and
 * a kernel with CONFIG_CHECKPOINT_RESTORE; -errno else. */
int filters_read(pid_t pid, struct filters *ret, struct err *err);
void filters_free(struct filters *f);
/* Whether there are arguments with which a system call of this machine's own
 * architecture gets past all of them.  What a filter computes from arguments
 * counts as unknown, so this may say yes too often but never no. */
bool filters_may_allow(const struct filters *f, int number);
