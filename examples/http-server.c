/* A web server in WebAssembly, with WasmEdge's sockets: one thread, many
 * connections, each kept open for further requests.
 *
 *	clang --target=wasm32-wasi -O2 http-server.c -o http-server.wasm
 *	hull wasm run http-server.wasm 8080
 *	curl http://127.0.0.1:8080/hello
 *
 * GET answers with the request's path, POST with its body.  /quit ends it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wasi/api.h>

#include "wasmedge_socket.h"

enum { MAX_CONNECTIONS = 512, IN_SIZE = 16384, OUT_SIZE = 20480 };

struct connection {
	int32_t fd; /* -1: the slot is free */
	size_t in_len, out_len, out_at;
	bool close; /* when everything is sent */
	char in[IN_SIZE + 1], out[OUT_SIZE];
};

static struct connection *connections[MAX_CONNECTIONS];
static int n_connections;
static bool quit;

static void die(const char *what, uint32_t error)
{
	fprintf(stderr, "%s: WASI error %u\n", what, error);
	exit(1);
}

static int32_t listen_on(uint32_t port)
{
	uint8_t any[4] = {0};
	struct sock_address addr = {any, sizeof(any)};
	int32_t fd, on = 1;
	uint32_t rc;

	if ((rc = sock_open(SOCK_INET4, SOCK_STREAMS, &fd)))
		die("open", rc);
	if ((rc = sock_setsockopt(fd, 0, SOCK_OPT_REUSEADDR, &on, sizeof(on))))
		die("reuse the address", rc);
	if ((rc = sock_bind(fd, &addr, port)))
		die("bind", rc);
	if ((rc = sock_listen(fd, 128)))
		die("listen", rc);
	if ((rc = __wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK)))
		die("do not wait", rc);
	return fd;
}

static uint32_t port_of(int32_t fd)
{
	uint8_t buf[16];
	struct sock_address addr = {buf, sizeof(buf)};
	uint32_t family, port, rc;

	if ((rc = sock_getlocaladdr_v1(fd, &addr, &family, &port)))
		die("the address", rc);
	return port;
}

static void drop(int i)
{
	close(connections[i]->fd);
	free(connections[i]);
	connections[i] = connections[--n_connections];
}

static void accept_all(int32_t listener)
{
	while (n_connections < MAX_CONNECTIONS) {
		struct connection *c;
		int32_t fd;

		if (sock_accept_v1(listener, &fd))
			return;
		if (__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK)) {
			close(fd);
			continue;
		}
		c = calloc(1, sizeof(*c));
		c->fd = fd;
		connections[n_connections++] = c;
	}
}

static const char *header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p, "\r\n")) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1 + strspn(p + n + 1, " ");
	}
	return NULL;
}

static void respond(struct connection *c, int status, const char *body,
		    size_t len)
{
	c->out_len =
		(size_t)snprintf(c->out, sizeof(c->out),
				 "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n"
				 "Content-Type: text/plain\r\n%s\r\n",
				 status, status == 200 ? "OK" : "Error", len,
				 c->close ? "Connection: close\r\n" : "");
	memcpy(c->out + c->out_len, body, len);
	c->out_len += len;
	c->out_at = 0;
}

/* The request at the beginning of c->in, if all of it is there. */
static bool answer(struct connection *c)
{
	char *end, *path, *path_end;
	const char *value;
	size_t head, body = 0;

	c->in[c->in_len] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end) {
		c->close = c->in_len == IN_SIZE;
		if (c->close)
			respond(c, 431, "", 0);
		return c->close;
	}
	head = (size_t)(end + 4 - c->in);
	*end = '\0';
	value = header(c->in, "Content-Length");
	if (value)
		body = strtoul(value, NULL, 10);
	value = header(c->in, "Connection");
	c->close = value && strncasecmp(value, "close", 5) == 0;
	if (body > IN_SIZE - head) {
		c->close = true;
		respond(c, 413, "", 0);
		return true;
	}
	if (c->in_len < head + body) {
		*end = '\r';
		return false;
	}
	path = strchr(c->in, ' ');
	path_end = path ? strchr(path + 1, ' ') : NULL;
	if (!path_end) {
		c->close = true;
		respond(c, 400, "", 0);
		return true;
	}
	path++;
	if (strncmp(path, "/quit ", 6) == 0)
		quit = true;
	if (strncmp(c->in, "POST ", 5) == 0)
		respond(c, 200, c->in + head, body);
	else
		respond(c, 200, path, (size_t)(path_end - path));
	memmove(c->in, c->in + head + body, c->in_len - head - body);
	c->in_len -= head + body;
	return true;
}

/* Returns false when the connection is over. */
static bool flush(struct connection *c)
{
	while (c->out_at < c->out_len) {
		struct sock_buf v = {c->out + c->out_at,
				     c->out_len - c->out_at};
		uint32_t n, rc = sock_send(c->fd, &v, 1, 0, &n);

		if (rc == __WASI_ERRNO_AGAIN)
			return true;
		if (rc)
			return false;
		c->out_at += n;
	}
	c->out_at = c->out_len = 0;
	return !c->close;
}

static bool serve(struct connection *c)
{
	for (;;) {
		struct sock_buf v = {c->in + c->in_len, IN_SIZE - c->in_len};
		uint32_t n, flags, rc;

		if (!flush(c))
			return false;
		if (c->out_len)
			return true; /* its reader is slow */
		if (c->in_len && answer(c))
			continue;
		rc = sock_recv(c->fd, &v, 1, 0, &n, &flags);
		if (rc == __WASI_ERRNO_AGAIN)
			return true;
		if (rc || n == 0)
			return false;
		c->in_len += n;
	}
}

/* Until something can be read, or written where something waits for that. */
static void wait_for_work(int32_t listener, bool *listener_ready,
			  bool ready[MAX_CONNECTIONS])
{
	static __wasi_subscription_t subs[MAX_CONNECTIONS + 1];
	static __wasi_event_t events[MAX_CONNECTIONS + 1];
	int first = n_connections == MAX_CONNECTIONS; /* nobody more now */
	__wasi_size_t n;
	uint32_t rc;

	for (int i = first; i <= n_connections; i++) {
		bool writes = i && connections[i - 1]->out_len;

		subs[i].userdata = (__wasi_userdata_t)i;
		subs[i].u.tag = writes ? __WASI_EVENTTYPE_FD_WRITE
				       : __WASI_EVENTTYPE_FD_READ;
		subs[i].u.u.fd_read.file_descriptor =
			i ? connections[i - 1]->fd : listener;
	}
	*listener_ready = false;
	memset(ready, 0, MAX_CONNECTIONS * sizeof(*ready));
	rc = __wasi_poll_oneoff(subs + first, events,
				(size_t)(n_connections + 1 - first), &n);
	if (rc)
		die("poll", rc);
	for (__wasi_size_t i = 0; i < n; i++)
		if (events[i].userdata == 0)
			*listener_ready = true;
		else
			ready[events[i].userdata - 1] = true;
}

int main(int argc, char **argv)
{
	int32_t listener =
		listen_on(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080);
	bool ready[MAX_CONNECTIONS], listener_ready;

	printf("port %u\n", port_of(listener));
	fflush(stdout);
	while (!quit) {
		wait_for_work(listener, &listener_ready, ready);
		/* From the end, because drop() moves the last one. */
		for (int i = n_connections - 1; i >= 0; i--)
			if (ready[i] && !serve(connections[i]))
				drop(i);
		if (listener_ready)
			accept_all(listener);
	}
	return 0;
}
