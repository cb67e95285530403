/* wasm/wasi_resolve.c
 * Host names, without the C library's resolver: that one loads plugins, which
 * a static program cannot.  As musl's does, it knows addresses, etc/hosts,
 * and the name servers of etc/resolv.conf (A and AAAA over UDP, RFC 1035).
 *
 * An answer counts if it comes from the server that was asked (the socket is
 * connected), has the query's random id, and repeats the question.  Waiting
 * is bounded: two rounds over at most three servers, two seconds each. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "wasm/wasi_dns.h"
#include "wasm/wasi_internal.h"

enum {
	MAX_SERVERS = 3,
	ROUNDS = 2,
	TIMEOUT_MS = 2000,
	ETC_MAX = 1 << 20,
};

char *wasi_read_etc(int etc_root, const char *path)
{
	struct wasi_dir dir = {.fd = etc_root, .is_root = true};
	_cleanup_close_ int fd = -1;
	_cleanup_buf_ struct buf b = {0};
	struct stat st;

	if (etc_root < 0)
		return NULL;
	fd = wasi_open_beneath(&dir, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    buf_read_fd(&b, fd, ETC_MAX) < 0)
		return NULL;
	return buf_steal(&b);
}

/* --- text -------------------------------------------------------------- */

/* The next line of *text, without its comment; NULL at the end. */
static char *next_line(char **text)
{
	char *line = strsep(text, "\n");

	if (line)
		line[strcspn(line, "#;")] = '\0';
	return line;
}

static char *next_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t\r");
	while (word && !*word);
	return word;
}

static bool parse_address(const char *s, struct wasi_resolved *ret)
{
	*ret = (struct wasi_resolved){0};
	if (inet_pton(AF_INET, s, ret->addr) == 1)
		ret->family = AF_INET;
	else if (inet_pton(AF_INET6, s, ret->addr) == 1)
		ret->family = AF_INET6;
	return ret->family != 0;
}

static bool wanted(const struct wasi_resolved *r, int family)
{
	return family == AF_UNSPEC || family == r->family;
}

static int from_hosts(int etc_root, const char *name, int family,
		      struct wasi_resolved *ret, size_t max)
{
	_cleanup_free_ char *text = wasi_read_etc(etc_root, "etc/hosts");
	char *rest = text, *line, *word;
	size_t n = 0;

	while (text && n < max && (line = next_line(&rest))) {
		struct wasi_resolved r;

		word = next_word(&line);
		if (!word || !parse_address(word, &r) || !wanted(&r, family))
			continue;
		while ((word = next_word(&line)) && strcasecmp(word, name))
			;
		if (word)
			ret[n++] = r;
	}
	return (int)n;
}

int wasi_resolve_service(int etc_root, const char *name, const char *proto,
			 bool numeric_only)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	uint64_t port;

	if (parse_u64(name, UINT16_MAX, &port) == 0)
		return (int)port;
	text = numeric_only ? NULL : wasi_read_etc(etc_root, "etc/services");
	rest = text;
	while (text && (line = next_line(&rest))) {
		char *first = next_word(&line), *number = next_word(&line);
		char *slash = number ? strchr(number, '/') : NULL, *word;

		if (!slash)
			continue;
		*slash = '\0';
		if (parse_u64(number, UINT16_MAX, &port) < 0 ||
		    (proto && !str_eq(slash + 1, proto)))
			continue;
		/* The name, or an alias behind the port. */
		for (word = first; word; word = next_word(&line))
			if (str_eq(word, name))
				return (int)port;
	}
	return -1;
}

/* --- name servers ------------------------------------------------------ */

struct servers {
	struct sockaddr_storage addr[MAX_SERVERS];
	socklen_t len[MAX_SERVERS];
	size_t n;
};

static void add_server(struct servers *s, const char *text)
{
	struct wasi_resolved r;
	struct sockaddr_in *in = (void *)&s->addr[s->n];
	struct sockaddr_in6 *in6 = (void *)&s->addr[s->n];

	if (s->n == MAX_SERVERS || !parse_address(text, &r))
		return;
	if (r.family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(53);
		memcpy(&in->sin_addr, r.addr, 4);
		s->len[s->n++] = sizeof(*in);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(53);
		memcpy(&in6->sin6_addr, r.addr, 16);
		s->len[s->n++] = sizeof(*in6);
	}
}

static void read_servers(int etc_root, struct servers *s)
{
	_cleanup_free_ char *text = wasi_read_etc(etc_root, "etc/resolv.conf");
	char *rest = text, *line;

	s->n = 0;
	while (text && (line = next_line(&rest))) {
		char *key = next_word(&line), *value = next_word(&line);

		if (key && value && str_eq(key, "nameserver"))
			add_server(s, value);
	}
	/* man 5 resolv.conf: without one, the machine's own. */
	if (!s->n)
		add_server(s, "127.0.0.1");
}

/* One question to one server.  Returns how many addresses, or a negative
 * enum wasi_errno; EAI_AGAIN asks for the next server. */
static int ask(const struct servers *s, size_t i, const char *name,
	       uint16_t type, struct wasi_resolved *ret, size_t max)
{
	_cleanup_close_ int fd =
		socket(s->addr[i].ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t query[DNS_QUERY_MAX], answer[DNS_ANSWER_MAX];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint16_t id;
	int len, n;

	if (fd < 0 || getrandom(&id, sizeof(id), 0) != sizeof(id))
		return -WASI_EAI_SYSTEM;
	len = dns_query(query, id, name, type);
	if (len < 0)
		return -WASI_EAI_NONAME;
	if (connect(fd, (const struct sockaddr *)&s->addr[i], s->len[i]) < 0 ||
	    send(fd, query, (size_t)len, 0) != len)
		return -WASI_EAI_AGAIN;
	/* Strays are skipped, but not for ever. */
	for (int tries = 0; tries < 8; tries++) {
		ssize_t got;

		if (poll(&p, 1, TIMEOUT_MS) <= 0)
			return -WASI_EAI_AGAIN;
		got = recv(fd, answer, sizeof(answer), 0);
		if (got < 0)
			return -WASI_EAI_AGAIN;
		n = dns_answer(answer, (size_t)got, query, (size_t)len, type,
			       ret, max);
		if (n != DNS_STRAY)
			return n;
	}
	return -WASI_EAI_AGAIN;
}

static int ask_all(const struct servers *s, const char *name, uint16_t type,
		   struct wasi_resolved *ret, size_t max)
{
	int n = -WASI_EAI_AGAIN;

	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < s->n; i++) {
			n = ask(s, i, name, type, ret, max);
			if (n != -WASI_EAI_AGAIN)
				return n;
		}
	return n;
}

int wasi_resolve(int etc_root, const char *name, int family, bool numeric_only,
		 struct wasi_resolved *ret, size_t max)
{
	struct servers servers = {0};
	int n4 = 0, n6 = 0;

	if (max && parse_address(name, ret))
		return wanted(ret, family) ? 1 : -WASI_EAI_ADDRFAMILY;
	if (numeric_only || etc_root < 0)
		return -WASI_EAI_NONAME;
	n4 = from_hosts(etc_root, name, family, ret, max);
	if (n4)
		return n4;
	read_servers(etc_root, &servers);
	if (family != AF_INET6)
		n4 = ask_all(&servers, name, DNS_TYPE_A, ret, max);
	if (n4 < 0 && n4 != -WASI_EAI_NODATA)
		return n4;
	if (n4 < 0)
		n4 = 0;
	if (family != AF_INET)
		n6 = ask_all(&servers, name, DNS_TYPE_AAAA, ret + n4,
			     max - (size_t)n4);
	if (n4 + (n6 > 0 ? n6 : 0) > 0)
		return n4 + (n6 > 0 ? n6 : 0);
	return n6 < 0 ? n6 : -WASI_EAI_NODATA;
}
