#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "host/netlink.h"
#include "test.h"

static int here(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void new_netns(void)
{
	SKIP_UNLESS("namespaces", unshare(CLONE_NEWNET) == 0,
		    "cannot unshare the network");
}

static void sh(const char *command)
{
	if (system(command) != 0)
		test_fail(__FILE__, __LINE__, "failed: %s", command);
}

static bool is_up(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct ifreq req = {0};

	strcpy(req.ifr_name, name);
	CHECK(ioctl(fd, SIOCGIFFLAGS, &req) == 0);
	close(fd);
	return req.ifr_flags & IFF_UP;
}

TEST(loopback_comes_up)
{
	new_netns();
	CHECK(!is_up("lo"));
	CHECK(netlink_loopback_up(NULL) == 0);
	CHECK(is_up("lo"));
}

TEST(names_are_checked)
{
	struct err err = {0};
	struct net_device dev = {"eth0", NULL};

	CHECK(net_device_check(&dev, NULL) == 0);
	dev.name = "eth1";
	CHECK(net_device_check(&dev, NULL) == 0);
	dev.name = "a/b";
	CHECK(net_device_check(&dev, &err) == -EINVAL);
	CHECK(strstr(err.msg, "\"a/b\""));
	dev.name = "sixteen-bytes-xx";
	CHECK(net_device_check(&dev, NULL) == -EINVAL);
	dev.name = "";
	CHECK(net_device_check(&dev, NULL) == -EINVAL);
	dev = (struct net_device){"..", NULL};
	CHECK(net_device_check(&dev, NULL) == -EINVAL);
}

TEST(a_device_moves_with_its_addresses)
{
	struct net_device dev = {"v0", "inside"};
	int host, guest;

	SKIP_UNLESS("iproute2", system("ip -V >/dev/null 2>&1") == 0, "no ip");
	new_netns();
	guest = here();
	CHECK(unshare(CLONE_NEWNET) == 0);
	host = here();
	sh("ip link add v0 type veth peer name v1 && ip link set v1 up && "
	   "ip link set v0 up && ip addr add 10.9.8.7/24 brd + dev v0 && "
	   "ip addr add 10.1.2.3 peer 10.1.2.4 dev v0 && "
	   "ip addr add 10.3.3.3/24 scope link dev v0 && "
	   "ip -6 addr add fd00::7/64 dev v0 nodad");
	CHECK(netlink_move_device(&dev, guest, NULL) == 0);
	CHECK(if_nametoindex("v0") == 0);
	CHECK(if_nametoindex("v1") != 0);

	CHECK(setns(guest, CLONE_NEWNET) == 0);
	CHECK(if_nametoindex("v0") == 0);
	CHECK(is_up("inside"));
	sh("ip -o addr show dev inside | "
	   "grep -q 'inet 10.9.8.7/24 brd 10.9.8.255 scope global'");
	sh("ip -o addr show dev inside | "
	   "grep -q 'inet 10.1.2.3 peer 10.1.2.4/32 scope global'");
	sh("ip -o addr show dev inside | grep -q 'inet6 fd00::7/64'");
	sh("! ip -o addr show dev inside | grep -q 10.3.3.3");
	CHECK(setns(host, CLONE_NEWNET) == 0);
}

TEST(we_stay_in_our_own_namespace)
{
	struct net_device dev = {"lo", NULL};
	char before[64] = "", after[64] = "";
	int guest;

	new_netns();
	guest = here();
	CHECK(unshare(CLONE_NEWNET) == 0);
	CHECK(readlink("/proc/self/ns/net", before, 63) > 0);
	/* lo belongs to its namespace. */
	CHECK(netlink_move_device(&dev, guest, NULL) < 0);
	CHECK(readlink("/proc/self/ns/net", after, 63) > 0);
	CHECK_STR(after, before);
}

TEST(a_missing_device_is_named)
{
	struct net_device dev = {"nosuch0", NULL};
	struct err err = {0};

	new_netns();
	CHECK_INT(netlink_move_device(&dev, here(), &err), -ENODEV);
	CHECK(strstr(err.msg, "linux.netDevices.nosuch0: no such device"));
}
