#include "host/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* One request with room for its attributes, and one answer. */
struct request {
	struct nlmsghdr h;
	char body[512];
};

static void begin(struct request *r, uint16_t type, uint16_t flags,
		  const void *header, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->h.nlmsg_type = type;
	r->h.nlmsg_flags = NLM_F_REQUEST | flags;
	r->h.nlmsg_len = (uint32_t)(NLMSG_LENGTH(len));
	memcpy(NLMSG_DATA(&r->h), header, len);
}

static void add_attr(struct request *r, uint16_t type, const void *data,
		     size_t len)
{
	size_t at = NLMSG_ALIGN(r->h.nlmsg_len);
	struct rtattr a = {.rta_type = type,
			   .rta_len = (uint16_t)RTA_LENGTH(len)};

	memcpy((char *)r + at, &a, sizeof(a));
	memcpy((char *)r + at + RTA_LENGTH(0), data, len);
	r->h.nlmsg_len = (uint32_t)(at + RTA_ALIGN(a.rta_len));
}

static int open_socket(struct err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? err_set(err, -errno, "open a netlink socket") : fd;
}

/* Send, and wait for the acknowledgement.  -errno of the kernel. */
static int transact(int sock, struct request *r)
{
	char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = (struct nlmsghdr *)answer;
	struct nlmsgerr *e;
	ssize_t n;

	r->h.nlmsg_flags |= NLM_F_ACK;
	if (send(sock, r, r->h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(sock, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(h, (size_t)n) || h->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	e = NLMSG_DATA(h);
	return e->error;
}

static int set_up(int sock, int index)
{
	struct ifinfomsg link = {
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	struct request r;

	begin(&r, RTM_NEWLINK, 0, &link, sizeof(link));
	return transact(sock, &r);
}

int netlink_loopback_up(struct err *err)
{
	/* In a new namespace it is the first device, and an ioctl on any
	 * socket is less work than a netlink exchange. */
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {.ifr_name = "lo"};

	if (fd < 0)
		return err_set(err, -errno, "open a socket for lo");
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return err_set(err, -errno, "set the device lo up");
	return 0;
}

int net_device_check(const struct net_device *dev, struct err *err)
{
	const char *names[] = {dev->host_name, dev->name};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i];

		if (i == 1 && !name)
			continue;
		if (str_empty(name) || strlen(name) >= IFNAMSIZ ||
		    strpbrk(name, "/: \t\n") || str_eq(name, ".") ||
		    str_eq(name, ".."))
			return err_say(err, -EINVAL,
				       "linux.netDevices: \"%.40s\" is not a "
				       "name for a network device",
				       name ? name : "");
	}
	return 0;
}

/* ----------------------------------------------------------- addresses -- */

struct address {
	struct ifaddrmsg header;
	unsigned char local[16], address[16], broadcast[16];
	size_t local_len, address_len, broadcast_len;
};

struct addresses {
	struct address *v;
	size_t n;
};

/* Only what a person or a DHCP client set for good: addresses that the kernel
 * made itself (link scope) come again by themselves. */
static void take_address(struct nlmsghdr *h, int index, struct addresses *list)
{
	struct ifaddrmsg *a = NLMSG_DATA(h);
	struct address keep = {.header = *a};
	size_t len = IFA_PAYLOAD(h);

	if ((int)a->ifa_index != index || a->ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(a->ifa_flags & IFA_F_PERMANENT))
		return;
	for (struct rtattr *r = IFA_RTA(a); RTA_OK(r, len);
	     r = RTA_NEXT(r, len)) {
		size_t n = RTA_PAYLOAD(r);

		if (n > sizeof(keep.local))
			continue;
		if (r->rta_type == IFA_LOCAL) {
			memcpy(keep.local, RTA_DATA(r), n);
			keep.local_len = n;
		} else if (r->rta_type == IFA_ADDRESS) {
			memcpy(keep.address, RTA_DATA(r), n);
			keep.address_len = n;
		} else if (r->rta_type == IFA_BROADCAST) {
			memcpy(keep.broadcast, RTA_DATA(r), n);
			keep.broadcast_len = n;
		}
	}
	list->v = xrealloc(list->v, list->n + 1, sizeof(keep));
	list->v[list->n++] = keep;
}

static int read_addresses(int sock, int index, struct addresses *list)
{
	struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
	char data[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct request r;

	begin(&r, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
	if (send(sock, &r, r.h.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(sock, data, sizeof(data), 0);
		size_t left = (size_t)n;

		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		for (struct nlmsghdr *h = (struct nlmsghdr *)data;
		     NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return -EIO;
			if (h->nlmsg_type == RTM_NEWADDR)
				take_address(h, index, list);
		}
	}
}

static int add_address(int sock, int index, const struct address *a)
{
	struct ifaddrmsg header = a->header;
	struct request r;

	header.ifa_index = (unsigned int)index;
	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header,
	      sizeof(header));
	/* As they came: IPv6 has only IFA_ADDRESS, and on a point-to-point IPv4
	 * link that is the peer's. */
	if (a->local_len)
		add_attr(&r, IFA_LOCAL, a->local, a->local_len);
	if (a->address_len)
		add_attr(&r, IFA_ADDRESS, a->address, a->address_len);
	if (a->broadcast_len)
		add_attr(&r, IFA_BROADCAST, a->broadcast, a->broadcast_len);
	return transact(sock, &r);
}

/* -------------------------------------------------------------- moving -- */

/* A netlink socket of another network namespace; sockets stay in the one in
 * which they were made. */
static int socket_in(int netns_fd, struct err *err)
{
	_cleanup_close_ int own =
		open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int sock, rc;

	if (own < 0)
		return err_set(err, -errno, "open /proc/self/ns/net");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_set(err, -errno,
			       "enter the container's network namespace");
	sock = open_socket(err);
	if (setns(own, CLONE_NEWNET) < 0) {
		rc = err_set(err, -errno,
			     "return from the container's "
			     "network namespace");
		close_keep_errno(sock);
		return rc;
	}
	return sock;
}

static int finish_move(int sock, const char *name, const struct addresses *list,
		       int index)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = add_address(sock, index, &list->v[i]);
	if (rc == 0)
		rc = set_up(sock, index);
	return rc;
}

/* The device's number may change when it moves. */
static int index_in(int sock, const char *name)
{
	struct ifinfomsg link = {0};
	char answer[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *h = (struct nlmsghdr *)answer;
	struct request r;
	ssize_t n;

	begin(&r, RTM_GETLINK, 0, &link, sizeof(link));
	add_attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (send(sock, &r, r.h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(sock, answer, sizeof(answer), 0);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(h, (size_t)n) || h->nlmsg_type != RTM_NEWLINK)
		return -ENODEV;
	return ((struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
}

int netlink_move_device(const struct net_device *dev, int netns_fd,
			struct err *err)
{
	const char *name = dev->name ? dev->name : dev->host_name;
	_cleanup_close_ int here = -1, there = -1;
	struct addresses list = {0};
	struct ifinfomsg link = {0};
	struct request r;
	int rc, index;

	link.ifi_index = (int)if_nametoindex(dev->host_name);
	if (link.ifi_index == 0)
		return err_set(err, -errno,
			       "linux.netDevices.%s: no such device on the "
			       "host",
			       dev->host_name);
	here = open_socket(err);
	if (here < 0)
		return here;
	there = socket_in(netns_fd, err);
	if (there < 0)
		return there;
	rc = read_addresses(here, link.ifi_index, &list);
	if (rc == 0) {
		/* A device that is up cannot be renamed. */
		link.ifi_change = IFF_UP;
		begin(&r, RTM_NEWLINK, 0, &link, sizeof(link));
		add_attr(&r, IFLA_NET_NS_FD, &netns_fd, sizeof(netns_fd));
		add_attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
		rc = transact(here, &r);
	}
	if (rc == 0) {
		index = index_in(there, name);
		rc = index < 0 ? index : finish_move(there, name, &list, index);
	}
	free(list.v);
	return rc < 0 ? err_set(err, rc,
				"linux.netDevices.%s: move it into the "
				"container as %s",
				dev->host_name, name)
		      : 0;
}
