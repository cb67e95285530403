/* host/caps.h
 * Capabilities, by the kernel's own calls.  Sets are bits: bit 0 is
 * CAP_CHOWN.
 *
 * A process that becomes another user goes through these steps:
 *
 *	caps_limit()		what can we give at all?
 *	caps_drop_bounding()	needs CAP_SETPCAP, so before the others go
 *	caps_keep(true)		or setuid() clears permitted
 *	setgroups, setgid, setuid
 *	caps_keep(false)
 *	caps_apply()		permitted, effective, inheritable, ambient
 *
 * Inheritable and ambient are empty unless they were asked for, so a program
 * with file capabilities gains nothing behind our back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct err;

struct caps {
	uint64_t bounding;
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
	uint64_t ambient;
};

enum { CAPS_MAX = 64 };

/* "CAP_CHOWN" (only in this spelling) to its number, or -EINVAL. */
int cap_from_name(const char *name);
/* NULL for a number that has no name here. */
const char *cap_name(int cap);
/* The highest capability that this kernel has. */
int cap_last(void);
/* All bits that this kernel has. */
uint64_t caps_all(void);

/* The calling process' own five sets. */
int caps_get(struct caps *ret, struct err *err);
/* Reduce `want` to what the calling process could have, so that nothing
 * later fails half-way.  `missing`, when not NULL, has the bits that were
 * asked for and cannot be had: the caller warns of them. */
int caps_limit(struct caps *want, struct caps *missing, struct err *err);
/* Remove from the bounding set all but `keep`. */
int caps_drop_bounding(uint64_t keep, struct err *err);
/* Keep the permitted set across the next setuid() (PR_SET_KEEPCAPS). */
int caps_keep(bool on, struct err *err);
int caps_apply(const struct caps *want, struct err *err);

/* "CAP_CHOWN, CAP_KILL" for warnings; cut to `size`. */
const char *caps_text(uint64_t set, char *buf, unsigned long size);
