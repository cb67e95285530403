/* bench/mounts.h
 * The mount namespace in which all participants are called. */
#pragma once

struct err;

/* crun refuses a v1 host with an empty v2 hierarchy beside it.  All get the
 * same view: /sys/fs/cgroup as it is, without that one.  Only as root and on
 * such a host; else nothing happens. */
int mounts_begin(struct err *err);
