/* host/netlink.h
 * The two things a runtime does to a network: bring the loopback up, and
 * move devices of the host into the container (linux.netDevices). */
#pragma once

struct err;

/* One entry of linux.netDevices, a map from the host's device. */
struct net_device {
	char *host_name;
	char *name; /* in the container; NULL: the same */
};

/* In the calling process' network namespace. */
int netlink_loopback_up(struct err *err);

/* Is `name` one that the kernel accepts for a device? */
int net_device_check(const struct net_device *dev, struct err *err);

/* Move a device of the caller's network namespace into `netns_fd`, rename
 * it, give it back the permanent addresses of global scope that it had, and
 * set it up.  The caller is single-threaded: to reach the other namespace it
 * enters it for the time of one socket(2). */
int netlink_move_device(const struct net_device *dev, int netns_fd,
			struct err *err);
