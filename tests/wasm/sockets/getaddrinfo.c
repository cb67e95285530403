/* Prints what sock_getaddrinfo finds for argv[1], family argv[2] ("0", "1" or
 * "2") and service argv[3]: an address and port a line, or "error N". */
#include "v2.h"

enum { MAX = 8 };

int main(int argc, char **argv)
{
	static struct sock_addrinfo list[MAX];
	static struct sock_sockaddr addr[MAX];
	static uint8_t data[MAX][26];
	static char names[MAX][64];
	struct sock_addrinfo hints = {
		.family = (uint8_t)atoi(argv[2]),
		.type = SOCK_STREAMS,
		.protocol = 1,
	};
	struct sock_addrinfo *first = list;
	uint32_t n = 99, rc;

	for (int i = 0; i < MAX; i++) {
		addr[i] = (struct sock_sockaddr){.size = 14, .data = data[i]};
		list[i].addr = &addr[i];
		list[i].canonname = names[i];
		list[i].next = i + 1 < MAX ? &list[i + 1] : NULL;
	}
	/* The lengths count a NUL, as Rust's callers do. */
	rc = sock_getaddrinfo(argv[1], strlen(argv[1]) + 1, argv[3],
			      strlen(argv[3]) + 1, &hints, &first, MAX, &n);
	if (rc) {
		printf("error %u\n", rc);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *d = addr[i].data;
		int skip = addr[i].family == SOCK_INET4 ? 2 : 6;

		IS(list[i].family, addr[i].family);
		IS(addr[i].size, skip == 2 ? 14 : 26);
		for (int j = 0; j < (skip == 2 ? 4 : 16); j++)
			printf("%02x", d[skip + j]);
		printf(" %u\n", d[0] << 8 | d[1]);
	}
	return 0;
}
