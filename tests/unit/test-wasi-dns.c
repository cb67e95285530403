/* tests/unit/test-wasi-dns.c
 * Host names: the resolver's files, and messages that servers might send. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "test.h"
#include "wasm/wasi_dns.h"
#include "wasm/wasi_internal.h"

static uint8_t query[DNS_QUERY_MAX];
static int query_len;
static struct wasi_resolved got[4];

/* An answer to "query": the same question, and `records`. */
static int answer(uint8_t rcode, uint16_t count, const uint8_t *records,
		  size_t len)
{
	uint8_t msg[DNS_ANSWER_MAX];

	memcpy(msg, query, (size_t)query_len);
	msg[2] |= 0x80;
	msg[3] = rcode;
	msg[6] = (uint8_t)(count >> 8);
	msg[7] = (uint8_t)count;
	memcpy(msg + query_len, records, len);
	return dns_answer(msg, (size_t)query_len + len, query,
			  (size_t)query_len, DNS_TYPE_A, got, 4);
}

static void ask_example(void)
{
	query_len = dns_query(query, 0x1234, "www.example.org.", DNS_TYPE_A);
	CHECK(query_len > 0);
}

TEST(a_question_has_labels)
{
	static const uint8_t want[] = "\3www\7example\3org\0\0\1\0\1";
	char name[256];

	ask_example();
	CHECK_INT(query_len, 12 + sizeof(want) - 1);
	CHECK(memcmp(query + 12, want, sizeof(want) - 1) == 0);
	CHECK(query[0] == 0x12 && query[1] == 0x34);

	CHECK_INT(dns_query(query, 1, "", DNS_TYPE_A), -1);
	CHECK_INT(dns_query(query, 1, ".", DNS_TYPE_A), -1);
	CHECK_INT(dns_query(query, 1, "a..b", DNS_TYPE_A), -1);
	memset(name, 'a', sizeof(name));
	name[64] = '\0';
	CHECK_INT(dns_query(query, 1, name, DNS_TYPE_A), -1);
	for (int i = 0; i < 253; i++)
		name[i] = i % 4 == 3 ? '.' : 'a';
	name[253] = '\0';
	CHECK_INT(dns_query(query, 1, name, DNS_TYPE_A), 12 + 255 + 4);
	memset(name, 'a', sizeof(name));
	name[254] = '\0';
	CHECK_INT(dns_query(query, 1, name, DNS_TYPE_A), -1);
}

TEST(answers)
{
	/* A CNAME with a pointer for a name, then an address. */
	static const uint8_t records[] =
		"\300\14\0\5\0\1\0\0\0\1\0\4\1x\300\20"
		"\1x\300\20\0\1\0\1\0\0\0\1\0\4\300\0\2\7";

	ask_example();
	CHECK_INT(answer(0, 2, records, sizeof(records) - 1), 1);
	CHECK(got[0].family == AF_INET);
	CHECK(memcmp(got[0].addr, "\300\0\2\7", 4) == 0);
	/* More records are promised than there are. */
	CHECK_INT(answer(0, 65535, records, sizeof(records) - 1), 1);
	/* Cut off anywhere. */
	for (size_t i = 0; i < sizeof(records) - 1; i++)
		CHECK_INT(answer(0, 2, records, i), -WASI_EAI_NODATA);
	CHECK_INT(answer(3, 0, records, 0), -WASI_EAI_NONAME);
	CHECK_INT(answer(2, 0, records, 0), -WASI_EAI_AGAIN);
	CHECK_INT(answer(0, 0, records, 0), -WASI_EAI_NODATA);
}

TEST(strays_are_told_apart)
{
	uint8_t msg[DNS_QUERY_MAX];
	size_t len;

	ask_example();
	len = (size_t)query_len;
	memcpy(msg, query, len);
	msg[2] |= 0x80;
	CHECK_INT(dns_answer(msg, len, query, len, DNS_TYPE_A, got, 4),
		  -WASI_EAI_NODATA);
	msg[14] ^= 0x20; /* "wWw" is the same name */
	CHECK_INT(dns_answer(msg, len, query, len, DNS_TYPE_A, got, 4),
		  -WASI_EAI_NODATA);
	msg[14] ^= 0x01; /* "wVw" is not */
	CHECK_INT(dns_answer(msg, len, query, len, DNS_TYPE_A, got, 4),
		  DNS_STRAY);
	msg[14] ^= 0x21;
	msg[1] ^= 1; /* another id */
	CHECK_INT(dns_answer(msg, len, query, len, DNS_TYPE_A, got, 4),
		  DNS_STRAY);
	CHECK_INT(dns_answer(query, len, query, len, DNS_TYPE_A, got, 4),
		  DNS_STRAY); /* our own question */
	CHECK_INT(dns_answer(msg, 5, query, len, DNS_TYPE_A, got, 4),
		  DNS_STRAY);
}

/* A root with etc/NAME; returns its descriptor. */
static int make_etc(const char *name, const char *text)
{
	char path[64];
	int root = open(test_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	CHECK(root >= 0);
	mkdirat(root, "etc", 0755);
	snprintf(path, sizeof(path), "etc/%s", name);
	fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return root;
}

TEST(numeric_addresses_need_no_file)
{
	CHECK_INT(wasi_resolve(-1, "192.0.2.1", AF_UNSPEC, false, got, 4), 1);
	CHECK(got[0].family == AF_INET);
	CHECK_INT(wasi_resolve(-1, "::1", AF_INET6, true, got, 4), 1);
	CHECK(got[0].family == AF_INET6 && got[0].addr[15] == 1);
	CHECK_INT(wasi_resolve(-1, "::1", AF_INET, true, got, 4),
		  -WASI_EAI_ADDRFAMILY);
	CHECK_INT(wasi_resolve(-1, "example.org", AF_UNSPEC, false, got, 4),
		  -WASI_EAI_NONAME);
}

TEST(hosts_and_services)
{
	int root = make_etc("hosts", "# comment\n"
				     "127.0.0.1 localhost lo # db\n"
				     "::1\tlocalhost\n"
				     "10.0.0.7 db.internal db\n"
				     "nonsense db\n");

	make_etc("services", "http 80/tcp www # web\ndomain 53/udp\n"
			     "broken\ndomain 53/tcp\n");
	CHECK_INT(wasi_resolve(root, "LOCALHOST", AF_UNSPEC, false, got, 4), 2);
	CHECK_INT(wasi_resolve(root, "localhost", AF_INET6, false, got, 4), 1);
	CHECK(got[0].family == AF_INET6);
	CHECK_INT(wasi_resolve(root, "db", AF_UNSPEC, false, got, 4), 1);
	CHECK(memcmp(got[0].addr, "\12\0\0\7", 4) == 0);
	CHECK_INT(wasi_resolve_service(root, "www", "tcp", false), 80);
	CHECK_INT(wasi_resolve_service(root, "www", "udp", false), -1);
	CHECK_INT(wasi_resolve_service(root, "8080", "tcp", false), 8080);
	CHECK_INT(wasi_resolve_service(root, "65536", "tcp", false), -1);
	CHECK_INT(wasi_resolve_service(root, "http", "tcp", true), -1);
}
