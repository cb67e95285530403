/* host/allow.h
 * A seccomp filter that is a list of what is allowed, for processes of ours
 * that run a stranger's code and are known to need little.  Built in
 * microseconds, by hand, where libseccomp takes milliseconds.
 *
 *	allow_begin(&p);
 *	allow_calls(&p, numbers, n);
 *	allow_values(&p, __NR_ioctl, 1, &tcgets, 1);
 *	allow_install(&p, err);
 *
 * What no rule allows is EPERM; a call of another architecture kills. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { ALLOW_MAX = 320 };

struct allow {
	struct sock_filter code[ALLOW_MAX];
	unsigned short len;
};

void allow_begin(struct allow *p);
/* At most 250 numbers. */
void allow_calls(struct allow *p, const uint16_t *numbers, size_t n);
/* `nr` only with one of these values in argument `arg` (its lower half). */
void allow_values(struct allow *p, uint32_t nr, unsigned int arg,
		  const uint32_t *values, uint8_t n);
/* `nr` only with all bits of `with` and none of `without` in it. */
void allow_bits(struct allow *p, uint32_t nr, unsigned int arg, uint32_t with,
		uint32_t without);
/* `nr` fails with this errno: what a library can do without. */
void allow_errno(struct allow *p, uint32_t nr, uint16_t code);
/* For the calling process and what comes of it, from now on. */
int allow_install(struct allow *p, struct err *err);
