/* Without the right to sockets. */
#include "v2.h"

int main(int argc, char **argv)
{
	struct sock_addrinfo hints = {0}, *list = &hints;
	uint32_t n;
	int32_t fd;

	FAILS(sock_open(SOCK_INET4, SOCK_STREAMS, &fd), NOTCAPABLE);
	FAILS(sock_open_v2(SOCK_UNIX, SOCK_STREAMS, &fd), NOTCAPABLE);
	FAILS(sock_getaddrinfo("localhost", 9, "80", 2, &hints, &list, 1, &n),
	      NOTCAPABLE);
	return done();
}
